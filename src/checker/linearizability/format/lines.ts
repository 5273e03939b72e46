// The formats that are read line by line: Jepsen's log, kv-text, history/1 (JSON lines) and bundles of tiny histories.

import { type Initial, modelOf } from "../models.ts";
import type { Value } from "../value.ts";
import { readEdnLine } from "./edn.ts";
import type { EventType, FailCas, HistoryEvent } from "./event.ts";
import { FormatError } from "./event.ts";

/** What Jepsen's logger puts before an operation, and what follows it on the line. */
const LOG_LINE = /^INFO\s+jepsen\.util\s+-\s+(.*)$/;
const LOG_HEAD = "INFO jepsen.util - ";
const TYPE = /^:(invoke|ok|fail|info)$/;

function logNumber(text: string, line: number): number {
  const number = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(number)) throw new FormatError(line, `${shown(text)} is too large to be kept exactly`);
  return number;
}

function logValue(text: string, line: number): Value {
  if (text === "nil") return null;
  if (/^-?\d+$/.test(text)) return logNumber(text, line);
  const pair = /^\[\s*(nil|-?\d+)[\s,]+(nil|-?\d+)\s*\]$/.exec(text);
  if (pair !== null) return [logValue(pair[1]!, line), logValue(pair[2]!, line)];
  throw new FormatError(line, `cannot read the value ${shown(text)} (it is nil, an integer, or [expected new])`);
}

/**
 * The event on one line of a Jepsen log; undefined where the line is something else: logs are full of what other loggers
 * write, and of what a nemesis does. A line that is meant to be an event of a client and is none is a mistake. Throws `FormatError`.
 */
export function readLogLine(text: string, line: number): HistoryEvent | undefined {
  const match = LOG_LINE.exec(text);
  if (match === null) return undefined;
  const [process = "", type = "", f = "", ...rest] = match[1]!.trim().split(/\s+/);
  const numbered = /^-?\d+$/.test(process);
  // Messages of the same logger begin with a word and go on with another; a nemesis is a keyword.
  const worded = !process.startsWith(":") && TYPE.test(type.toLowerCase()) && f.startsWith(":");
  if (!numbered && !worded) return undefined;
  if (!numbered) throw new FormatError(line, `the process ${shown(process)} is no number`);
  if (type === "" || (type.startsWith(":") && f === ""))
    throw new FormatError(line, "the line breaks off before the value");
  if (!type.startsWith(":")) return undefined;
  const known = TYPE.exec(type);
  if (known === null) throw new FormatError(line, `${shown(type)} is no event (:invoke, :ok, :fail or :info)`);
  if (!f.startsWith(":")) throw new FormatError(line, `${shown(f)} is no operation (such as :read)`);
  const event = { process: logNumber(process, line), type: known[1] as EventType, f: f.slice(1), key: "", line };
  const value = rest.join(" ");
  if (value === "") throw new FormatError(line, "the line breaks off before the value");
  return { ...event, value: type === ":invoke" || type === ":ok" ? logValue(value, line) : carried(value, line) };
}

/** What a failed or lost operation prints in the place of its value is its own affair (`:timed-out`, errors). */
function carried(text: string, line: number): Value {
  const own = /^(\[\s*(nil|-?\d+)[\s,]+(nil|-?\d+)\s*\]|-?\d{1,15})(\s|$)/.exec(text);
  return own === null ? null : logValue(own[1]!, line);
}

/** Whether `text`, the last line of a log and without an end of line, is the beginning of an event. */
export function isCutLogLine(text: string): boolean {
  const plain = text.replace(/\s+/g, " ");
  return plain.length >= 4 && plain.length < LOG_HEAD.length && LOG_HEAD.startsWith(plain);
}

/** The event on one line of kv-text. */
export function readKvLine(text: string, line: number): HistoryEvent | undefined {
  return readEdnLine(text, line);
}

/** The first line of a history/1 file. */
export interface JsonHeader {
  readonly model: string | undefined;
  readonly initial: Initial;
  readonly failCas: FailCas;
}

/** Lists within lists; no history needs more, and a hostile line has thousands. */
const DEPTH_MAX = 200;

/** `value` from a file as an error message can show it. */
function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = typeof value === "string" ? value : String(value);
  return `“${text.length > 40 ? `${text.slice(0, 39)}…` : text}”`;
}

function parsed(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError(line, "not a JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(line, `a line is one JSON object, not ${shown(value)}`);
  return value as Record<string, unknown>;
}

/** A first value from JSON: an object becomes a map of keys. */
export function initialFrom(value: unknown, line: number): Initial {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const map = new Map<string, Value>();
    for (const [key, item] of Object.entries(value)) map.set(key, jsonValue(item, line));
    return map;
  }
  return jsonValue(value, line);
}

function jsonValue(value: unknown, line: number, depth: number = 0): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw new FormatError(line, "a number is too large to be kept exactly");
    }
    return value;
  }
  if (Array.isArray(value)) {
    if (depth >= DEPTH_MAX) throw new FormatError(line, `lists are nested deeper than ${DEPTH_MAX}`);
    return value.map((item) => jsonValue(item, line, depth + 1));
  }
  throw new FormatError(line, "an object where a value is expected");
}

function failCasFrom(value: unknown, line: number): FailCas {
  if (value === undefined || value === "observed") return "observed";
  if (value === "discarded") return "discarded";
  throw new FormatError(line, `failCas is observed or discarded, not ${shown(value)}`);
}

/** The header of history/1. Throws `FormatError` where the line is none. */
export function readJsonHeader(text: string, line: number): JsonHeader {
  const header = parsed(text, line);
  if (header.format === "lockstep-run/1") {
    throw new FormatError(0, "this is a recorded run: `lockstep export <run> --to jsonl` writes its history");
  }
  if (header.format !== "history/1") {
    throw new FormatError(line, 'the first line of a JSONL history is {"format":"history/1","model":…}');
  }
  if (header.model !== undefined && typeof header.model !== "string") throw new FormatError(line, "model is a name");
  return {
    model: header.model as string | undefined,
    initial: initialFrom(header.initial, line),
    failCas: failCasFrom(header.failCas, line),
  };
}

function typeFrom(value: unknown, line: number): EventType {
  if (value === "invoke" || value === "ok" || value === "fail" || value === "info") return value;
  if (value === undefined) throw new FormatError(line, "type is missing (invoke, ok, fail or info)");
  throw new FormatError(line, `type is invoke, ok, fail or info, not ${shown(value)}`);
}

function processFrom(value: unknown, line: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (value === undefined) throw new FormatError(line, "process is missing");
  throw new FormatError(line, `process is a whole number, not ${shown(value)}`);
}

function textFrom(value: unknown, what: string, line: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new FormatError(line, `${what} is a string, not ${shown(value)}`);
}

/** Calls whose `ok` is an answer. */
const ANSWERING: readonly string[] = ["read", "get", "contains", "add", "remove", "dequeue", "pop", "txn", "range"];

/** The event on one line of history/1; undefined for a blank line. */
export function readJsonLine(text: string, line: number): HistoryEvent | undefined {
  if (text.trim() === "") return undefined;
  const event = parsed(text, line);
  if (event.type === "ok" && !("value" in event) && ANSWERING.includes(String(event.f))) {
    throw new FormatError(
      line,
      `${shown(event.f)} ended ok without saying what it answered (null, where nothing was there)`,
    );
  }
  return {
    process: processFrom(event.process, line),
    type: typeFrom(event.type, line),
    f: textFrom(event.f, "f", line),
    key: typeof event.key === "number" ? String(event.key) : textFrom(event.key, "key", line),
    value: jsonValue(event.value, line),
    line,
  };
}

/** One tiny history of a bundle. */
export interface BundleEntry {
  readonly id: string;
  readonly model: string;
  readonly initial: Initial;
  readonly failCas: FailCas;
  readonly events: readonly HistoryEvent[];
  /** What the bundle says it is, where it says so. */
  readonly verdict: "ok" | "illegal" | undefined;
}

/** The history on one line of a bundle; undefined for a blank line. */
export function readBundleLine(text: string, line: number): BundleEntry | undefined {
  if (text.trim() === "") return undefined;
  const entry = parsed(text, line);
  const { id, model, events, verdict } = entry;
  if (typeof model !== "string" || !Array.isArray(events)) {
    throw new FormatError(line, 'a line of a bundle is {"id":…,"model":…,"events":[[process,type,f,key,value],…]}');
  }
  const initial = initialFrom(entry.initial, line);
  if (modelOf(model, initial) === undefined) throw new FormatError(line, `there is no model ${shown(model)}`);
  if (events.length === 0 && verdict === undefined)
    throw new FormatError(line, "the history is empty: it has no events");
  if (verdict !== undefined && verdict !== "ok" && verdict !== "illegal") {
    throw new FormatError(line, `verdict is ok or illegal, not ${shown(verdict)}`);
  }
  return {
    id: typeof id === "string" ? id : `line ${line}`,
    model,
    initial,
    failCas: failCasFrom(entry.failCas, line),
    events: events.map((event: unknown): HistoryEvent => {
      if (!Array.isArray(event)) throw new FormatError(line, "an event of a bundle is [process, type, f, key, value]");
      return {
        process: processFrom(event[0], line),
        type: typeFrom(event[1], line),
        f: textFrom(event[2], "f", line),
        key: textFrom(event[3], "key", line),
        value: jsonValue(event[4], line),
        line,
      };
    }),
    verdict,
  };
}
