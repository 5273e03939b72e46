// Text in, history out: which format a text is in, which model it is judged by where nobody says, and the whole way from
// text to operations. Pure: unpacking and reading files is the host's.

import type { History } from "../history.ts";
import type { CallModel } from "../model/register.ts";
import { beginsWith, type Initial, MODEL_NAMES, modelOf } from "../models.ts";
import { addEvent, builtHistory, createBuilder } from "./build.ts";
import { readEdn } from "./edn.ts";
import type { Dialect, FailCas, HistoryEvent } from "./event.ts";
import { FormatError } from "./event.ts";
import type { BundleEntry } from "./lines.ts";
import { isCutLogLine, readBundleLine, readJsonHeader, readJsonLine, readKvLine, readLogLine } from "./lines.ts";

/** How a history is written down. */
export type Format = "jepsen-log" | "kv-text" | "edn" | "jsonl" | "bundle";

/** All formats, in the order they are listed to people. */
export const FORMATS: readonly Format[] = ["jepsen-log", "kv-text", "edn", "jsonl", "bundle"];

/** A longer line is refused: no history has such lines, but a wrong file may. */
export const LINE_MAX: number = 64 * 1024 * 1024;

/** What is said about a history besides its text, by a manifest or by flags; undefined where nothing is. */
export interface Told {
  readonly format: Format | undefined;
  readonly model: string | undefined;
  readonly initial: Initial | undefined;
  readonly failCas: FailCas | undefined;
}

/** Nothing said. */
export const NOTHING_TOLD: Told = { format: undefined, model: undefined, initial: undefined, failCas: undefined };

/** A history that was read, with what it is to be judged by. */
export interface ReadHistory {
  readonly format: Format;
  readonly model: CallModel;
  readonly dialect: Dialect;
  readonly history: History;
  /** Operations invoked, also those that say nothing; of them without a known outcome. */
  readonly invoked: number;
  readonly unknown: number;
}

/** The format of a text that begins with `head` (some thousand characters of it), or undefined. */
export function detectFormat(head: string): Format | undefined {
  if (/^INFO\s+jepsen\.util\s+-\s+\S+\s+:(invoke|ok|fail|info)\b/m.test(head)) return "jepsen-log";
  const start = head.replace(/^\uFEFF/, "").replace(/^(\s|,|;[^\n]*(\n|$))+/, "");
  if (start.startsWith('{"') || /^\{\s*"/.test(start)) {
    const line = start.slice(0, 4000).split("\n", 1)[0]!;
    return /"events"\s*:/.test(line) ? "bundle" : "jsonl";
  }
  if (/^\{\s*:/.test(start)) {
    return /:f\s+:(get|put|append)\b/.test(start) && /:key\s/.test(start) ? "kv-text" : "edn";
  }
  if (/^\[\s*\{\s*"/.test(start)) return undefined;
  if (/^[[(]/.test(start) || start.startsWith("#")) return "edn";
  return undefined;
}

/** How events of a history are read and judged. Throws `FormatError` where the model is missing or unknown. */
export function judgeOf(
  format: Format,
  told: Told,
  header: Told = NOTHING_TOLD,
): { dialect: Dialect; model: CallModel } {
  const fallback = format === "jepsen-log" ? "cas-register" : format === "kv-text" ? "kv" : undefined;
  const name = told.model ?? header.model ?? fallback;
  if (name === undefined)
    throw new FormatError(0, `a history in the format ${format} does not say its model: name it with --model`);
  const initial = told.initial ?? header.initial ?? firstValue(format, name);
  const model = modelOf(name, initial);
  if (model === undefined)
    throw new FormatError(
      header.model === name ? 1 : 0,
      `there is no model “${name}” (there is ${MODEL_NAMES.join(", ")})`,
    );
  if (!beginsWith(name, initial))
    throw new FormatError(
      0,
      `the model ${name} does not begin with ${initial instanceof Map ? "a value for each key" : "one value"}`,
    );
  const failCas = told.failCas ?? header.failCas ?? (format === "edn" ? "discarded" : "observed");
  return { dialect: { model: name, failCas, nilSaysNothing: format === "edn" }, model };
}

function firstValue(format: Format, model: string): Initial {
  if (model === "kv") return "";
  if (model === "mutex") return false;
  return format === "edn" && model === "multi-register" ? new Map() : null;
}

/** `text` without the mark that some editors put before UTF-8. */
function unmarked(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Calls `take` with every line of `text` and its number, from 1. Throws `FormatError` for a line beyond `LINE_MAX`. */
export function eachLine(text: string, take: (line: string, number: number) => void): void {
  let number = 1;
  for (let from = 0; from < text.length; number++) {
    let end = text.indexOf("\n", from);
    if (end < 0) end = text.length;
    if (end - from > LINE_MAX) throw new FormatError(number, `the line is longer than ${LINE_MAX / 1024 / 1024} MiB`);
    take(text.slice(from, end > from && text.charCodeAt(end - 1) === 13 ? end - 1 : end), number);
    from = end + 1;
  }
}

/** The event on a line of a line-by-line format. */
export function lineReader(format: Format): (line: string, number: number) => HistoryEvent | undefined {
  if (format === "jepsen-log") return readLogLine;
  return format === "kv-text" ? readKvLine : readJsonLine;
}

/** The format of a text that begins with `head`, by name or by its looks. Throws `FormatError` where it has none. */
export function formatOf(head: string, told: Told): Format {
  const format = told.format ?? detectFormat(head);
  if (format !== undefined) return format;
  const start = head.trimStart();
  if (start === "") throw new FormatError(0, "the file is empty");
  if (head.includes("\0")) throw new FormatError(1, "this is no text (or text in UTF-16; a history is UTF-8)");
  if (/^\[\s*[\]{["\d]/.test(start))
    throw new FormatError(1, "a JSON array is no history: one JSON object a line (jsonl) is");
  throw new FormatError(1, "the format is not known: name it with --input");
}

/** Reads a whole history (not a bundle). Throws `FormatError`. */
export function readHistory(marked: string, told: Told): ReadHistory {
  const text = unmarked(marked);
  const format = formatOf(text.slice(0, 65_536), told);
  if (format === "bundle") throw new FormatError(0, "a bundle holds many histories");
  if (format === "edn") {
    const { dialect, model } = judgeOf(format, told);
    const builder = createBuilder(dialect, model);
    eachLine(text, () => {});
    const others = readEdn(text, (event) => addEvent(builder, event));
    return finished(format, builder, others > 0);
  }
  const read = lineReader(format);
  let judge = format === "jsonl" ? undefined : judgeOf(format, told);
  let builder = judge === undefined ? undefined : createBuilder(judge.dialect, judge.model);
  eachLine(text, (line, number) => {
    if (builder === undefined) {
      if (line.trim() === "") return;
      const header = readJsonHeader(line, number);
      judge = judgeOf(format, told, { format, ...header });
      builder = createBuilder(judge.dialect, judge.model);
      return;
    }
    const event = read(line, number);
    if (event !== undefined) addEvent(builder, event);
  });
  if (builder === undefined) throw new FormatError(0, "the file is empty");
  if (format === "jepsen-log" && isCutLogLine(text.slice(text.lastIndexOf("\n") + 1))) {
    throw new FormatError(text.split("\n").length, "the file breaks off in the middle of this line");
  }
  return finished(format, builder);
}

/** What is wrong with a file of `format` without a single event of a client. */
export function emptyHistory(format: Format): FormatError {
  return format === "jepsen-log" || format === "kv-text"
    ? new FormatError(1, `no line of the file is an event in the format ${format}`)
    : new FormatError(0, "the history is empty: it has no event of a client");
}

/** `idle`: that no client did anything is what was recorded, and no sign of a wrong file. */
function finished(format: Format, builder: ReturnType<typeof createBuilder>, idle: boolean = false): ReadHistory {
  if (builder.events === 0 && !idle) throw emptyHistory(format);
  const { dialect, model, invoked, unknown, open } = builder;
  return { format, model, dialect, history: builtHistory(builder), invoked, unknown: unknown + open.size };
}

/** A history of a bundle, ready to be judged. */
export function bundleHistory(entry: BundleEntry): ReadHistory {
  const told: Told = { format: "bundle", model: entry.model, initial: entry.initial, failCas: entry.failCas };
  const { model } = judgeOf("bundle", told);
  const nil = entry.model === "multi-register" || entry.model === "mutex";
  const dialect: Dialect = { model: entry.model, failCas: entry.failCas, nilSaysNothing: nil };
  const builder = createBuilder(dialect, model);
  for (const event of entry.events) addEvent(builder, event);
  return finished("bundle", builder, entry.verdict !== undefined);
}

/**
 * A history from events at hand, judged by `model` from absent values on. Here a cas that was refused is `ok` with `false`, and one
 * that failed did not happen; a file that is written from it says so as an observed failure. Throws `FormatError`.
 */
export function eventsHistory(model: string, events: readonly HistoryEvent[]): ReadHistory {
  const judge = judgeOf("jsonl", { ...NOTHING_TOLD, model, failCas: "discarded" });
  const builder = createBuilder(judge.dialect, judge.model);
  for (const event of events) addEvent(builder, event);
  return { ...finished("jsonl", builder), dialect: { ...judge.dialect, failCas: "observed" } };
}

/** All histories of a bundle. Throws `FormatError`. */
export function readBundle(text: string): readonly BundleEntry[] {
  const entries: BundleEntry[] = [];
  eachLine(text, (line, number) => {
    const entry = readBundleLine(line, number);
    if (entry !== undefined) entries.push(entry);
  });
  if (entries.length === 0) throw new FormatError(0, "the file is empty");
  return entries;
}
