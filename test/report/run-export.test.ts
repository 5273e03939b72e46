// Runs written as histories: whoever reads them again comes to the same verdict, in every form that can be read.

import { describe, expect, it } from "vitest";
import { judge } from "../../src/checker/linearizability/check.ts";
import type { PorcupineData } from "../../src/checker/linearizability/export/porcupine.ts";
import { initialFrom } from "../../src/checker/linearizability/format/lines.ts";
import { NOTHING_TOLD, readHistory, type Told } from "../../src/checker/linearizability/format/read.ts";
import { partsOf } from "../../src/checker/linearizability/history.ts";
import { CompactionRequest } from "../../src/etcd/api.ts";
import { type Exported, readRun, runHistoryText } from "../../src/report/run-export.ts";
import { fitsKvCas, historyOfRun, type RunModel } from "../../src/report/run-history.ts";
import type { HistoryEvent } from "../../src/run/collector.ts";
import { startRun } from "../../src/run/execute.ts";
import type { RunResult } from "../../src/run/result.ts";
import { fileRuns } from "../run/files.ts";

interface Ended {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
  readonly result: RunResult;
}

const FILES = new Set([
  "broken/primary-backup-split-brain",
  "partition/minority-leader",
  "election/leader-crash",
  "history/read-from-stale-leader",
  "history/retry-without-dedup",
  "network/lossy-slow",
  "random/everything",
  "recovery/restart-all-unsynced",
]);

/** Some scenarios with their own seeds and another, to at most this many events. */
const EVENTS_MAX = 20_000;

const RUNS: readonly Ended[] = fileRuns()
  .filter(({ name }) => FILES.has(name.split("#")[0]!))
  .flatMap(({ name, scenario, seed }) =>
    [seed, "7"].map((one): Ended => {
      const run = startRun(scenario, one, { history: true });
      while (run.progress.steps < EVENTS_MAX && !run.advance(EVENTS_MAX - run.progress.steps)) {
        // Goes on to its end.
      }
      return { name: `${name} ${one}`, events: run.collector.history!, result: run.result(true) };
    }),
  );

function textOf(exported: Exported): string {
  if ("problem" in exported) throw new Error(exported.problem);
  return exported.text;
}

/** What the comment of an EDN file says about judging it. */
function toldBy(edn: string): Told {
  const words = /--model (\S+) --initial '(.*?)'( --fail-cas observed)?\n/.exec(edn)!;
  const failCas = words[3] === undefined ? undefined : "observed";
  return { ...NOTHING_TOLD, model: words[1]!, initial: initialFrom(JSON.parse(words[2]!), 1), failCas };
}

function modelsOf(events: readonly HistoryEvent[]): readonly RunModel[] {
  const models: RunModel[] = fitsKvCas(events) ? ["kv-cas"] : [];
  if (typeof historyOfRun(events, "etcd") !== "string") models.push("etcd");
  return models;
}

describe("the history of a run", () => {
  for (const { name, events, result } of RUNS) {
    it(`of ${name} is judged alike wherever it is read again`, () => {
      const models = modelsOf(events);
      expect(models.length).toBeGreaterThan(0);
      for (const model of models) {
        const run = readRun(events, model, undefined);
        if (typeof run === "string") throw new Error(run);
        const { verdict } = judge(run.read.model, run.read.history);
        expect(verdict).not.toBe("undecided");
        const broken = [result.violation?.property ?? "", ...(result.violation?.also ?? [])];
        if (!broken.includes("linearizability")) expect(verdict).toBe("ok");
        const wanted = { model, key: undefined };
        const again = readHistory(textOf(runHistoryText(events, result, { ...wanted, form: "jsonl" })), NOTHING_TOLD);
        expect([again.model.name, again.invoked]).toEqual([model, run.read.history.operations.length]);
        expect(judge(again.model, again.history).verdict).toBe(verdict);
        const edn = textOf(runHistoryText(events, result, { ...wanted, form: "edn" }));
        const third = readHistory(edn, toldBy(edn));
        expect(judge(third.model, third.history).verdict).toBe(verdict);
        const viewer: PorcupineData = JSON.parse(
          textOf(runHistoryText(events, result, { ...wanted, form: "porcupine" })),
        );
        expect(viewer.Partitions.length).toBe(partsOf(run.read.model, run.read.history.operations).length);
        const shown = viewer.Partitions.reduce((sum, part) => sum + part.History.length, 0);
        expect(shown).toBe(run.read.history.operations.length);
      }
    });
  }

  it("that nobody asked anything, or nothing that is judged, cannot be written, and says so", () => {
    const { events, result } = RUNS.find((run) => run.name.startsWith("network/lossy-slow"))!;
    const invoke = events.find((event) => event.type === "invoke")!;
    const compaction = { ...invoke, body: new CompactionRequest(1) };
    for (const none of [[], [compaction]])
      for (const form of ["jsonl", "edn", "porcupine", "text", "svg", "html"])
        expect(runHistoryText(none, result, { form, model: undefined, key: undefined })).toEqual({
          problem: "the run has no operations of clients that could be written",
          hint: null,
        });
  });

  it("comes out illegal where a broken world gave impossible answers", () => {
    const illegal = RUNS.filter(({ events }) => {
      const [model] = modelsOf(events);
      const run = readRun(events, model!, undefined);
      return typeof run !== "string" && judge(run.read.model, run.read.history).verdict === "illegal";
    });
    expect(illegal.some((run) => run.name.startsWith("broken/primary-backup-split-brain"))).toBe(true);
  });

  it("is judged alike key by key, and as a Jepsen log of one", () => {
    let logs = 0;
    for (const { events, result } of RUNS) {
      if (!fitsKvCas(events)) continue;
      const run = readRun(events, "kv-cas", undefined);
      if (typeof run === "string") throw new Error(run);
      for (const { name } of partsOf(run.read.model, run.read.history.operations)) {
        const one = readRun(events, "kv-cas", name);
        if (typeof one === "string") throw new Error(one);
        const { verdict } = judge(one.read.model, one.read.history);
        const log = runHistoryText(events, result, { form: "jepsen-log", model: undefined, key: name });
        if ("problem" in log) {
          expect(log.problem).toBe("a Jepsen log has no word for “delete”");
          continue;
        }
        logs++;
        const again = readHistory(log.text, NOTHING_TOLD);
        expect(judge(again.model, again.history).verdict).toBe(verdict);
      }
    }
    expect(logs).toBeGreaterThan(3);
  });

  it("numbers processes as Jepsen does: whoever lost an operation goes on under a new one", () => {
    for (const { events } of RUNS) {
      const history = historyOfRun(events, modelsOf(events)[0]!);
      if (typeof history === "string") throw new Error(history);
      const lost = new Set<number>();
      const open = new Set<number>();
      for (const { process, type } of history.events) {
        expect(lost.has(process)).toBe(false);
        expect(open.has(process)).toBe(type !== "invoke");
        if (type === "invoke") open.add(process);
        else open.delete(process);
        if (type === "info") lost.add(process);
      }
    }
    expect(RUNS.some(({ events }) => events.some(({ type }) => type === "info"))).toBe(true);
  });

  it("has pictures, and says what a form or a model cannot hold", () => {
    const { events, result } = RUNS.find(({ name }) => name.startsWith("partition/minority-leader"))!;
    const wanted = { model: undefined, key: undefined };
    expect(textOf(runHistoryText(events, result, { ...wanted, form: "svg" }))).toMatch(/^<svg /);
    expect(textOf(runHistoryText(events, result, { ...wanted, form: "html" }))).toMatch(/^<!doctype html>/);
    expect(textOf(runHistoryText(events, result, { ...wanted, form: "text" }))).toContain("├─ ");
    expect(runHistoryText(events, result, { ...wanted, form: "jepsen-log" })).toHaveProperty("hint");
    expect(runHistoryText(events, result, { ...wanted, form: "jsonl", key: "none" })).toHaveProperty("problem");
  });

  it("shows faults beside the operations in Porcupine's viewer", () => {
    const { events, result } = RUNS.find(({ name }) => name.startsWith("partition/minority-leader"))!;
    const text = textOf(runHistoryText(events, result, { form: "porcupine", model: undefined, key: undefined }));
    const { Annotations, Partitions } = JSON.parse(text) as PorcupineData;
    expect(Annotations.map(({ Tag, Annotation }) => [Tag, Annotation])).toContainEqual(["faults", true]);
    expect(Annotations.some(({ Description }) => Description.startsWith("partition"))).toBe(true);
    expect(Partitions[0]!.History[0]!.OriginalStart).toMatch(/^[\d.]+m?s$/);
  });
});
