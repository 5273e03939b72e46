// Files that are no histories, or not quite: each is refused with its line, none is judged in part.

import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/checker/linearizability/format/event.ts";
import { readManifest } from "../../../src/checker/linearizability/format/manifest.ts";
import { NOTHING_TOLD, readBundle, readHistory, type Told } from "../../../src/checker/linearizability/format/read.ts";

const AS_REGISTER: Told = { ...NOTHING_TOLD, model: "cas-register" };

/** `line  what` of the mistake in `text`; empty where it is read. */
function mistake(text: string, told: Told = AS_REGISTER): string {
  try {
    readHistory(text, told);
    return "";
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return `${error.line}  ${error.message}`;
  }
}

function log(...lines: readonly string[]): string {
  return `INFO  jepsen.util - 0\t:invoke\t:write\t1\n${lines.map((line) => `INFO  jepsen.util - ${line}`).join("\n")}`;
}

function jsonl(...lines: readonly object[]): string {
  return [{ format: "history/1", model: "cas-register" }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

const WRITE = { process: 1, type: "invoke", f: "write", value: 1 };

describe("a Jepsen log", () => {
  it("refuses lines that are meant to be events and are none", () => {
    expect(mistake(log("0\t:OK\t:write\t1"))).toContain("2  “:OK” is no event");
    expect(mistake(log("0\t:explode\t:write\t1"))).toContain("2  “:explode” is no event");
    expect(mistake(log("x2\t:ok\t:write\t1"))).toBe("2  the process “x2” is no number");
    expect(mistake(log("0\t:ok\twrite\t1"))).toContain("2  “write” is no operation");
    expect(mistake(log("0\t:ok\t:write\t:banana"))).toContain("2  cannot read the value “:banana”");
    expect(mistake(log("0\t:ok\t:write\t1 2"))).toContain("2  cannot read the value “1 2”");
  });

  it("refuses a last line that breaks off", () => {
    for (const cut of ["0", "0\t:ok", "0\t:ok\t:write"]) expect(mistake(log(cut))).toContain("2  the line breaks off");
    expect(mistake(log("0\t:inv"))).not.toBe("");
    expect(mistake(`${log("0\t:ok\t:write\t1")}\nINFO  jepsen.u`)).toBe(
      "3  the file breaks off in the middle of this line",
    );
  });

  it("tells apart processes and values only where it can", () => {
    expect(mistake(log("9007199254740993\t:invoke\t:read\tnil"))).toContain("2  “9007199254740993” is too large");
    expect(mistake(log("0\t:ok\t:write\t9007199254740993"))).toContain("is too large to be kept exactly");
  });

  it("passes over what other loggers and a nemesis say", () => {
    const noise = [":nemesis\t:info\t:start\tnil", "5 nodes are up", "Retrying the connection", "waiting :ok then"];
    const text = `${log(...noise)}\nWARN  jepsen.core - Worker 0 :ok :write 9\n\nINFO  jepsen.core - 0 :ok :write 9\n`;
    const { invoked, unknown } = readHistory(text, NOTHING_TOLD);
    expect([invoked, unknown]).toEqual([1, 1]);
  });

  it("takes whatever a failed or lost operation prints in the place of its value", () => {
    for (const said of [
      ":timed-out",
      "[:not-found 1]",
      "[1 2] :did-not-match",
      "java.net.SocketTimeoutException: timeout",
    ]) {
      expect(mistake(log("0\t:ok\t:write\t1", "0\t:invoke\t:cas\t[1 2]", `0\t:fail\t:cas\t${said}`))).toBe("");
      expect(mistake(log(`0\t:info\t:write\t${said}`))).toBe("");
    }
  });
});

describe("a completion", () => {
  it("that contradicts its call is refused", () => {
    expect(mistake(jsonl(WRITE, { ...WRITE, type: "ok", value: 2 }))).toBe(
      "3  process 1 ends write 2, but it called write 1",
    );
    const cas = { process: 1, type: "invoke", f: "cas", value: [1, 2] };
    expect(mistake(jsonl(cas, { ...cas, type: "ok", value: [1, 3] }))).toContain("3  process 1 ends cas [1 3]");
    expect(mistake(jsonl(cas, { ...cas, type: "fail", value: [0, 3] }))).toContain("3  process 1 ends cas [0 3]");
    expect(mistake(jsonl(cas, { ...cas, type: "ok", value: true }))).toBe("");
    expect(mistake(jsonl(WRITE, { process: 1, type: "ok", f: "write" }))).toBe("");
  });

  it("of a transaction repeats its micro-operations", () => {
    const lists: Told = { ...NOTHING_TOLD, model: "list-append" };
    const txn = (type: string, value: string): string => `{:process 0, :type ${type}, :f :txn, :value ${value}}\n`;
    const call = txn(":invoke", "[[:append 1 5] [:r 2 nil]]");
    expect(mistake(call + txn(":ok", "[[:append 1 5] [:r 2 [7]]]"), lists)).toBe("");
    expect(mistake(call + txn(":ok", "[[:append 1 6] [:r 2 [7]]]"), lists)).toContain("another micro-operation");
    expect(mistake(call + txn(":ok", "[[:append 1 5] [:r 3 [7]]]"), lists)).toContain("another micro-operation");
    expect(mistake(call + txn(":ok", "[[:append 1 5] [:r 2 7]]"), lists)).toContain("which is no list");
  });

  it("that ends ok has to say what it read", () => {
    const read = { process: 1, type: "invoke", f: "read" };
    expect(mistake(jsonl(read, { ...read, type: "ok" }))).toContain(
      "3  “read” ended ok without saying what it answered",
    );
    expect(mistake(jsonl(read, { ...read, type: "ok", value: null }))).toBe("");
  });
});

describe("an empty history", () => {
  it("is an error, and not linearizable", () => {
    for (const text of [jsonl(), "[]", "; nothing\n()", "{}"]) expect(mistake(text), text).not.toBe("");
    expect(mistake(jsonl())).toBe("0  the history is empty: it has no event of a client");
    expect(mistake(" \n\n", NOTHING_TOLD)).toBe("0  the file is empty");
    expect(() => readBundle('{"id":"a","model":"register","events":[]}')).toThrow("the history is empty");
  });

  it("is what was recorded where only a nemesis did anything, or where a bundle says its verdict", () => {
    expect(mistake("[{:process :nemesis, :type :info, :f :kill}]")).toBe("");
    expect(readBundle('{"id":"a","model":"register","events":[],"verdict":"ok"}')[0]!.verdict).toBe("ok");
  });
});

describe("a value", () => {
  it("is there, is finite and is not nested without end", () => {
    expect(mistake(jsonl({ process: 1, type: "invoke", f: "write" }))).toBe("2  write without a value");
    expect(mistake(jsonl({ process: 1, type: "invoke", f: "cas", value: [1, null] }))).toBe(
      "2  a cas without a new value",
    );
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const line = `{"process":1,"type":"invoke","f":"write","value":${deep}}`;
    expect(mistake(jsonl() + line)).toBe("2  lists are nested deeper than 200");
    expect(mistake(`{"format":"history/1","model":"register","initial":${deep}}\n`)).toContain("1  lists are nested");
    expect(mistake(deep)).toContain("1  forms are nested deeper than 200");
    expect(mistake(jsonl() + '{"process":1,"type":"invoke","f":"write","value":1e999}')).toContain(
      "2  a number is too large",
    );
    expect(mistake(jsonl() + '{"process":1,"type":"invoke","f":"write","value":9007199254740993}')).toContain(
      "too large",
    );
    expect(mistake(jsonl() + '{"process":[[1]],"type":"invoke","f":"write","value":1}')).toBe(
      "2  process is a whole number, not a list",
    );
  });

  it("that is a set is equal to the same set in another order", () => {
    const text = "{:process 0 :type :invoke :f :write :value #{1 2}}{:process 0 :type :ok :f :write :value #{2 1}}";
    expect(mistake(text)).toBe("");
  });
});

describe("what would be passed over in silence", () => {
  it("is refused: a keyed model's call without a key, a put of nothing, a client with a name", () => {
    const keyed: Told = { ...NOTHING_TOLD, model: "kv-cas" };
    expect(mistake(jsonl({ process: 1, type: "invoke", f: "get" }), keyed)).toBe(
      "2  get without a key: the model kv-cas has one object a key",
    );
    expect(mistake(jsonl({ process: 1, type: "invoke", f: "put", key: "x" }), keyed)).toBe("2  put without a value");
    const named = '[{:process :nemesis :type :info}\n{:process "a" :type :invoke :f :read :value nil}]';
    expect(mistake(named)).toBe("2  the process of an event is a whole number or a keyword, not a string");
  });

  it("is refused: a first value that the model cannot begin with", () => {
    const text = jsonl(WRITE);
    const begun = (model: string, initial: Told["initial"]): string =>
      mistake(text, { ...NOTHING_TOLD, model, initial });
    expect(begun("register", new Map([["a", 1]]))).toBe(
      "0  the model register does not begin with a value for each key",
    );
    expect(begun("multi-register", 5)).toBe("0  the model multi-register does not begin with one value");
    expect(begun("register", new Map())).toBe("");
  });

  it("is named: a field that is not there, a model that is not there", () => {
    expect(mistake(jsonl({ type: "invoke", f: "read" }))).toBe("2  process is missing");
    expect(mistake(jsonl({ process: 1, f: "read" }))).toContain("2  type is missing");
    const header = `${JSON.stringify({ format: "history/1", model: "regster" })}\n`;
    expect(mistake(header + JSON.stringify(WRITE), NOTHING_TOLD)).toContain(
      "1  there is no model “regster” (there is register,",
    );
  });
});

describe("a file of another kind", () => {
  it("is named as such, where it can be told", () => {
    expect(mistake('[{"process":0}]')).toContain("1  a JSON array is no history");
    expect(mistake('{"a":1}')).toContain('1  the first line of a JSONL history is {"format":"history/1"');
    expect(mistake('{"format":"lockstep-run/1"}')).toContain("0  this is a recorded run: `lockstep export");
    expect(mistake("\u0000{\u0000")).toContain("UTF-16");
    expect(mistake("name: x\n")).toBe("1  the format is not known: name it with --input");
  });

  it("is read in spite of a byte order mark and of line ends from elsewhere", () => {
    const text = jsonl(WRITE, { ...WRITE, type: "ok" });
    expect(mistake(`\uFEFF${text}`)).toBe("");
    expect(mistake(text.replaceAll("\n", "\r\n"))).toBe("");
  });

  it("has a verdict that is one, in a bundle as in a manifest", () => {
    const line = '{"id":"a","model":"register","events":[[0,"invoke","read",null,null]],"verdict":"maybe"}';
    expect(() => readBundle(line)).toThrow("verdict is ok or illegal, not “maybe”");
    expect(() => readManifest('{"histories":[{"file":"x","verdict":"perhaps"}]}')).toThrow("verdict is ok or illegal");
  });
});
