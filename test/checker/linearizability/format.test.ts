// Reading histories: what the formats mean, and that nothing broken is judged in silence.

import { describe, expect, it } from "vitest";
import { judge } from "../../../src/checker/linearizability/check.ts";
import { jepsenEdn, jepsenLog, jsonLines } from "../../../src/checker/linearizability/export/jepsen.ts";
import { FormatError } from "../../../src/checker/linearizability/format/event.ts";
import { readManifest } from "../../../src/checker/linearizability/format/manifest.ts";
import {
  detectFormat,
  NOTHING_TOLD,
  readBundle,
  readHistory,
  type Told,
} from "../../../src/checker/linearizability/format/read.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";

function told(more: Partial<Told>): Told {
  return { ...NOTHING_TOLD, ...more };
}

function trouble(text: string, more: Partial<Told> = {}): { line: number; message: string } {
  try {
    readHistory(text, told(more));
  } catch (error) {
    if (error instanceof FormatError) return { line: error.line, message: error.message };
    throw error;
  }
  return { line: -1, message: "it was read" };
}

const log = (lines: readonly string[]): string =>
  lines.map((line) => `INFO  jepsen.util - ${line.replaceAll(" ", "\t")}\n`).join("");

describe("reading a history", () => {
  it("tells the formats apart", () => {
    expect(detectFormat(log(["0 :invoke :read nil"]))).toBe("jepsen-log");
    expect(detectFormat('{:process 1, :type :invoke, :f :put, :key "x", :value "a"}')).toBe("kv-text");
    expect(detectFormat("; a comment\n[{:process 1, :type :invoke, :f :read}]")).toBe("edn");
    expect(detectFormat('{"format": "history/1", "model": "queue"}')).toBe("jsonl");
    expect(detectFormat('{"id":"a","model":"set","events":[]}')).toBe("bundle");
    expect(detectFormat("root:x:0:0")).toBe(undefined);
  });

  it("skips the noise of a log and takes a timed-out read for nothing", () => {
    const text = `a line of something else\n${log(["0 :invoke :read nil", "0 :fail :read :timed-out", "1 :invoke :write 3", "1 :ok :write 3"])}`;
    const { history, invoked, unknown } = readHistory(text, NOTHING_TOLD);
    expect(history.operations.map((operation) => operation.input.f)).toEqual(["write"]);
    expect([invoked, unknown]).toEqual([2, 1]);
  });

  it("takes a failed cas for an observation or for nothing, as it is told", () => {
    const text = log(["0 :invoke :write 1", "0 :ok :write 1", "0 :invoke :cas [1 2]", "0 :fail :cas [1 2]"]);
    const verdict = (failCas: "observed" | "discarded"): string => {
      const { model, history } = readHistory(text, told({ failCas }));
      return judge(model, history).verdict;
    };
    expect([verdict("observed"), verdict("discarded")]).toEqual(["illegal", "ok"]);
  });

  it("reads EDN with tags, comments, commas, dropped forms and a nemesis", () => {
    const text = `#jepsen.history [ ; begins
      {:process :nemesis, :type :info, :f :start, :value {:a #{1 2}}}
      {:process 0 :type :invoke :f :cas :value [1 2]} #_ {:never "read"}
      {:process 0, :type :ok, :f :cas, :value [1 2], :error nil, :time 1.5}]`;
    const { history } = readHistory(
      text.replace("#jepsen.history ", ""),
      told({ format: "edn", model: "cas-register", initial: 1 }),
    );
    expect(history.operations.length).toBe(1);
    expect(history.operations[0]!.line).toBe(4);
  });

  it("names the line of a completion without its call", () => {
    expect(trouble(log(["0 :invoke :read nil", "1 :ok :read 3"]))).toEqual({
      line: 2,
      message: "process 1 ends “read” without having invoked anything",
    });
  });

  it("refuses two open calls of one process", () => {
    const { line, message } = trouble(log(["0 :invoke :read nil", "0 :invoke :write 1"]));
    expect(line).toBe(2);
    expect(message).toContain("still open");
  });

  it("refuses what the model does not know", () => {
    const header = '{"format":"history/1","model":"queue"}\n';
    expect(trouble(`${header}{"process":0,"type":"invoke","f":"push","value":1}`).message).toContain(
      "does not know “push”",
    );
    expect(trouble(`${header}{"process":0,"type":"begin","f":"dequeue"}`).line).toBe(2);
    expect(trouble(`${header}{"process":0,"type":"invoke","f":"enqueue","value":{"a":1}}`).message).toContain(
      "an object",
    );
    expect(trouble(`${header}{"process":0.5,"type":"invoke","f":"dequeue"}`).message).toContain("whole number");
    expect(trouble(`${header}not json`)).toEqual({ line: 2, message: "not a JSON object" });
    expect(
      trouble(`${header}{"process":0,"type":"invoke","f":"enqueue","value":12345678901234567890}`).message,
    ).toContain("too large");
    expect(trouble(log(["0 :invoke :cas 3"])).message).toContain("[expected new]");
    const set = '{"format":"history/1","model":"set"}\n{"process":0,"type":"invoke","f":"add","value":1}\n';
    expect(trouble(`${set}{"process":0,"type":"ok","f":"add","value":7}`).message).toContain("true or false");
  });

  it("refuses a missing model, an unknown one, an empty file and a foreign one", () => {
    expect(trouble("[{:process 0 :type :invoke :f :read}]").message).toContain("--model");
    expect(trouble('{"format":"history/1","model":"tree"}').message).toContain("no model “tree”");
    expect(trouble("").message).toBe("the file is empty");
    expect(trouble("root:x:0:0").message).toContain("format is not known");
    expect(trouble('{"a":1}').message).toContain("history/1");
    expect(trouble("nothing of a log", { format: "jepsen-log" }).message).toContain("no line of the file");
  });

  it("says where an EDN file breaks off", () => {
    expect(trouble("[\n{:process 0 :type :invoke", { model: "register" })).toEqual({
      line: 2,
      message: "the file ends inside a form that began here (no “}”)",
    });
    expect(trouble("[{:process 0 :type :invoke :f :read}", { model: "register" }).message).toContain(
      "ends before its “]”",
    );
    expect(trouble(`${"[".repeat(300)}`, { model: "register" }).message).toContain("nested");
  });

  it("refuses manifests and bundles that are none", () => {
    expect(() => readManifest("{}")).toThrow(FormatError);
    expect(() => readManifest('{"histories":[{"file":"a","model":"tree"}]}')).toThrow("no model");
    expect(() => readBundle('{"id":"a"}')).toThrow("a line of a bundle");
    expect(() => readBundle("\n")).toThrow("empty");
  });
});

describe("writing a history", () => {
  const plain = (name: string) => histories(name, 6).map((history) => ({ history, model: modelNamed(name) }));

  it("gives the same verdict when it is read again, as history/1", () => {
    for (const name of ["register", "cas-register", "kv-cas", "kv", "set", "queue", "stack", "mutex", "list-append"]) {
      fc.assert(
        fc.property(plain(name), ({ history, model }) => {
          fc.pre(history.events > 0);
          const initial = name === "cas-register" ? 0 : name === "mutex" ? false : null;
          const again = readHistory(jsonLines(history, name, initial, "observed"), NOTHING_TOLD);
          expect(judge(again.model, again.history).verdict).toBe(judge(model, history).verdict);
        }),
        { numRuns: 150 },
      );
    }
  });

  it("gives the same verdict when it is read again, as a Jepsen log", () => {
    fc.assert(
      fc.property(plain("cas-register"), ({ history, model }) => {
        const text = jepsenLog(history);
        if (history.operations.length === 0) return;
        const again = readHistory(text!, told({ initial: 0 }));
        expect(judge(again.model, again.history).verdict).toBe(judge(model, history).verdict);
      }),
      { numRuns: 300 },
    );
  });

  it("writes EDN with dense indexes that Jepsen's readers take", () => {
    const { history } = readHistory(
      log(["0 :invoke :write 1", "1 :invoke :read nil", "1 :ok :read 1", "0 :info :write 1"]),
      NOTHING_TOLD,
    );
    expect(jepsenEdn(history).split("\n").slice(0, 3)).toEqual([
      "{:index 0, :type :invoke, :process 0, :f :write, :value 1}",
      "{:index 1, :type :invoke, :process 1, :f :read, :value nil}",
      "{:index 2, :type :ok, :process 1, :f :read, :value 1}",
    ]);
  });

  it("does not write a Jepsen log of what such a log cannot hold", () => {
    fc.assert(
      fc.property(histories("queue", 5), (history) => {
        if (history.operations.length > 0) expect(jepsenLog(history)).toBe(undefined);
      }),
      { numRuns: 50 },
    );
  });
});
