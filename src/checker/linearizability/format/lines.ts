// The formats that are read line by line: Jepsen's log, kv-text, history/1 (JSON lines) and bundles of tiny histories.

import { type Initial, modelOf } from "../models.ts";
import type { Value } from "../value.ts";
import { readEdnLine } from "./edn.ts";
import type { EventType, FailCas, HistoryEvent } from "./event.ts";
import { FormatError } from "./event.ts";

const LOG_LINE = /^INFO\s+jepsen\.util\s+-\s+(\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(.*?)\s*$/;

function logValue(text: string, line: number): Value {
  if (text === "nil" || text === "" || text.startsWith(":")) return null;
  if (/^-?\d+$/.test(text)) {
    const number = Number.parseInt(text, 10);
    if (!Number.isSafeInteger(number)) throw new FormatError(line, `${text} is too large to be kept exactly`);
    return number;
  }
  const pair = /^\[\s*(\S+?)[\s,]+(\S+?)\s*\]$/.exec(text);
  if (pair !== null) return [logValue(pair[1]!, line), logValue(pair[2]!, line)];
  throw new FormatError(line, `cannot read the value “${text.slice(0, 40)}”`);
}

/** The event on one line of a Jepsen log; undefined where the line is something else (logs are full of noise). */
export function readLogLine(text: string, line: number): HistoryEvent | undefined {
  const match = LOG_LINE.exec(text);
  if (match === null || !/^-?\d+$/.test(match[1]!)) return undefined;
  const type = match[2] as EventType;
  // What a lost or timed-out operation prints in the place of its value says nothing.
  const value = match[4]!;
  return { process: Number(match[1]), type, f: match[3]!, key: "", value: logValue(value, line), line };
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

function parsed(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError(line, "not a JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(line, "not a JSON object");
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

function jsonValue(value: unknown, line: number): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new FormatError(line, `${value} is too large to be kept exactly`);
    }
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => jsonValue(item, line));
  throw new FormatError(line, "an object where a value is expected");
}

function failCasFrom(value: unknown, line: number): FailCas {
  if (value === undefined || value === "observed") return "observed";
  if (value === "discarded") return "discarded";
  throw new FormatError(line, `failCas is observed or discarded, not ${JSON.stringify(value)}`);
}

/** The header of history/1. Throws `FormatError` where the line is none. */
export function readJsonHeader(text: string, line: number): JsonHeader {
  const header = parsed(text, line);
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
  throw new FormatError(line, `type is invoke, ok, fail or info, not ${JSON.stringify(value)}`);
}

function processFrom(value: unknown, line: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new FormatError(line, `process is a whole number, not ${JSON.stringify(value)}`);
}

function textFrom(value: unknown, what: string, line: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new FormatError(line, `${what} is a string, not ${JSON.stringify(value)}`);
}

/** The event on one line of history/1; undefined for a blank line. */
export function readJsonLine(text: string, line: number): HistoryEvent | undefined {
  if (text.trim() === "") return undefined;
  const event = parsed(text, line);
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
  if (modelOf(model, initial) === undefined) throw new FormatError(line, `there is no model “${model}”`);
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
    verdict: verdict === "ok" || verdict === "illegal" ? verdict : undefined,
  };
}
