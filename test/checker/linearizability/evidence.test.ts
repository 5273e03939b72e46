// Evidence: the very event, a case that proves itself, a sentence; and the pictures of it.

import { describe, expect, it } from "vitest";
import { judge, judgePart } from "../../../src/checker/linearizability/check.ts";
import { findEvidence } from "../../../src/checker/linearizability/evidence.ts";
import { layOut } from "../../../src/checker/linearizability/export/layout.ts";
import { porcupineData } from "../../../src/checker/linearizability/export/porcupine.ts";
import { htmlPage, svgPicture } from "../../../src/checker/linearizability/export/svg.ts";
import { foldedPicture, textPicture } from "../../../src/checker/linearizability/export/text.ts";
import { NOTHING_TOLD, readHistory } from "../../../src/checker/linearizability/format/read.ts";
import type { Operation } from "../../../src/checker/linearizability/history.ts";
import { partsOf, prefixOf } from "../../../src/checker/linearizability/history.ts";
import { MODEL_NAMES } from "../../../src/checker/linearizability/models.ts";
import { createOnline, observe } from "../../../src/checker/linearizability/online.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainable } from "./brute-force.ts";

function jsonl(model: string, lines: readonly (readonly [number, string, string, unknown, string?])[]): string {
  const header = JSON.stringify({ format: "history/1", model, initial: null, failCas: "observed" });
  return [
    header,
    ...lines.map(([process, type, f, value, key]) => JSON.stringify({ process, type, f, value, key })),
  ].join("\n");
}

const STALE = jsonl("kv-cas", [
  [0, "invoke", "put", "a", "x"],
  [3, "invoke", "get", null, "y"],
  [0, "ok", "put", "a", "x"],
  [1, "invoke", "put", "b", "x"],
  [3, "ok", "get", null, "y"],
  [1, "ok", "put", "b", "x"],
  [2, "invoke", "get", null, "x"],
  [4, "invoke", "get", null, "x"],
  [2, "ok", "get", "a", "x"],
  [4, "ok", "get", "b", "x"],
]);

describe("evidence", () => {
  it("tells a stale read in one sentence, with the state before", () => {
    const { model, history } = readHistory(STALE, NOTHING_TOLD);
    const operations = partsOf(model, history.operations)[0]!.indexes.map((i) => history.operations[i]!);
    const evidence = findEvidence(model, operations, "x", undefined, -1);
    expect(evidence.sentence).toBe("get x → a began after put x=b had finished (with put x=a); no order explains it");
    expect(operations[evidence.operation]!.line).toBe(10);
    expect(evidence.statesBefore).toEqual(["b"]);
  });

  it("begins at a quiet moment where the history is long, and says the state then", () => {
    const lines: (readonly [number, string, string, unknown])[] = [];
    for (let i = 1; i <= 40; i++) lines.push([0, "invoke", "write", i], [0, "ok", "write", i]);
    lines.push([1, "invoke", "read", null], [1, "ok", "read", 99]);
    const { model, history } = readHistory(jsonl("register", lines), NOTHING_TOLD);
    const evidence = findEvidence(model, history.operations, "", undefined, -1);
    expect(evidence.sentence).toMatch(
      /^read → 99 cannot be: nothing in the history leads to that answer \(it was \d+ when/,
    );
    expect(evidence.quietState).toBe("16");
    expect(evidence.statesBefore).toEqual(["40"]);
  });

  it("names the write that had finished, where something was open all along", () => {
    const text = jsonl("register", [
      [9, "invoke", "write", 5],
      [0, "invoke", "write", 1],
      [0, "ok", "write", 1],
      [1, "invoke", "write", 2],
      [1, "ok", "write", 2],
      [2, "invoke", "read", null],
      [2, "ok", "read", 1],
    ]);
    const { model, history } = readHistory(text, NOTHING_TOLD);
    const evidence = findEvidence(model, history.operations, "", undefined, -1);
    expect(evidence.sentence).toBe("read → 1 began after write 2 had finished (with write 1); no order explains it");
    expect(evidence.core.map((i) => history.operations[i]!.line)).toEqual([4, 6, 8]);
  });

  for (const name of MODEL_NAMES) {
    it(`of a ${name} is at the first impossible event, and its core is impossible by itself`, () => {
      const model = modelNamed(name);
      let illegal = 0;
      fc.assert(
        fc.property(histories(name, 7), (history) => {
          for (const part of partsOf(model, history.operations)) {
            const operations = part.indexes.map((i) => history.operations[i]!);
            const judgement = judgePart(model, operations, part.name);
            if (judgement.verdict !== "illegal") continue;
            illegal++;
            const evidence = findEvidence(model, operations, part.name, judgement.refutation, judgement.brokeAt);
            const { eventAt, core, quietState } = evidence;
            expect(
              explainable(model, prefixOf({ operations, events: history.events }, eventAt).operations, part.name),
            ).toBe(true);
            expect(
              explainable(model, prefixOf({ operations, events: history.events }, eventAt + 1).operations, part.name),
            ).toBe(false);
            expect(core.length).toBeGreaterThan(0);
            if (quietState !== undefined && evidence.quietAt > 0) continue;
            const weak = operations
              .filter((operation) => operation.invokedAt < eventAt)
              .map((operation): Operation => {
                const kept = core.includes(operations.indexOf(operation));
                return kept ? operation : { ...operation, output: undefined };
              });
            expect(explainable(model, weak, part.name)).toBe(false);
          }
        }),
        { numRuns: 150 },
      );
      expect(illegal).toBeGreaterThan(3);
    });
  }
});

describe("a falsified history", () => {
  it("is caught online at the very line of the swapped answer", () => {
    const lines = STALE.split("\n");
    const { dialect, model } = readHistory(STALE, NOTHING_TOLD);
    const online = createOnline(dialect, model);
    const verdicts = lines.slice(1).map((line, i) => {
      const { process, type, f, key, value } = JSON.parse(line);
      return observe(online, { process, type, f, key: key ?? "", value: value ?? null, line: i + 2 });
    });
    expect(verdicts).toEqual(["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "illegal", "illegal"]);
    expect(online.violation).toEqual({
      line: 10,
      part: "x",
      operation: "get x → a",
      invokedAtLine: 8,
      statesBefore: ["b"],
      noticedAtLine: 10,
    });
  });
});

describe("pictures", () => {
  const { model, history } = readHistory(STALE, NOTHING_TOLD);
  const operations = history.operations.filter((operation) => operation.input.key === "x");
  const layout = layOut(model, operations, {
    operations: operations.map((_, i) => i),
    impossible: 2,
    core: [0, 1, 2],
    order: [0, 1],
  });

  it("stand in a terminal, a lane a client", () => {
    expect(textPicture(layout)).toEqual([
      "c0  ├─ put x=a #1 ─┤",
      "c1                  ├─ put x=b #2 ─┤",
      "c2                                  ├─ ✗ get x → a ─┤",
      "c4                                   ├─ get x → b ───┤",
    ]);
    expect(textPicture(layout, true).join("")).toMatch(/^[\u0020-\u007e→]*$/);
  });

  it("stand in bands where the terminal is too narrow, so that none is out of sight", () => {
    expect(foldedPicture(layout, false, 80)).toEqual(textPicture(layout));
    expect(foldedPicture(layout, false, 40)).toEqual([
      "c0  ├─ put x=a #1 ─┤",
      "c1                  ├─ put x=b #2 ─┤",
      "",
      "c2  ├─ ✗ get x → a ─┤",
      "c4   ├─ get x → b ───┤",
    ]);
  });

  it("are SVG and HTML that ask for nothing else", () => {
    const page = htmlPage(layout, "a <title>", ["one & two"]);
    expect(page).toContain("a &lt;title&gt;");
    expect(page).toContain("one &amp; two");
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
    expect(svgPicture(layout, "t").match(/<rect /g)?.length).toBe(operations.length);
  });

  it("leave room for the names of clients", () => {
    const named = layOut(
      model,
      operations,
      { operations: [0], impossible: -1, core: [], order: [0] },
      28,
      () => "c1234567",
    );
    const x = Number(/<rect [^>]* x="(\d+)"/.exec(svgPicture(named, "t"))![1]);
    expect(x).toBeGreaterThan(8 + 8 * "c1234567".length);
  });

  it("go to Porcupine's viewer with ranks of events times 100 and indexes into each partition", () => {
    const data = porcupineData(model, history);
    expect(data.Partitions.length).toBe(2);
    const [x] = data.Partitions;
    expect(x!.History[0]).toEqual({
      ClientId: 0,
      Start: 0,
      OriginalStart: "0",
      End: 200,
      OriginalEnd: "2",
      Description: "put x=a",
      Metadata: "part x",
    });
    for (const { History, PartialLinearizations, Largest } of data.Partitions) {
      for (const path of PartialLinearizations)
        for (const { Index } of path) expect(History[Index]).not.toBe(undefined);
      for (const [index, which] of Object.entries(Largest)) {
        expect(PartialLinearizations[which]!.some(({ Index }) => Index === Number(index))).toBe(true);
      }
    }
    expect(judge(model, history).verdict).toBe("illegal");
  });
});

describe("transactions on lists", () => {
  const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
  const lines: (readonly [number, string, string, unknown])[] = [];
  const txn = (call: unknown, answer: unknown = call): void => {
    lines.push([0, "invoke", "txn", call], [0, "ok", "txn", answer]);
  };
  for (const n of numbers)
    txn([
      ["append", "x", 2 * n - 1],
      ["append", "x", 2 * n],
    ]);
  txn([["r", "x", null]], [["r", "x", Array.from({ length: 23 }, (_, i) => i + 1)]]);

  it("are told with what they contradict, long lists by their ends", () => {
    const { model, history } = readHistory(jsonl("list-append", lines), NOTHING_TOLD);
    const judged = judge(model, history);
    expect([judged.verdict, judged.method]).toEqual(["illegal", "list-versions"]);
    const refutation = judged.partJudgement?.refutation;
    const { sentence, operation } = findEvidence(model, history.operations, "", refutation, -1);
    expect(operation).toBe(12);
    expect(sentence).toBe(
      "txn {x→[1 … 19 20 21 22 23]} read x with a part of what txn {x+=23, x+=24} appended at once",
    );
  });
});
