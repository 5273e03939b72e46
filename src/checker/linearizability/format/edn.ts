// Reads Clojure's data notation as Jepsen writes it: maps with `:process :type :f :value`, one after another or inside one
// vector or list. Keywords become strings without the colon. Tags are skipped, `;` begins a comment, commas are blanks,
// `#_` drops the next form. Format: github.com/edn-format/edn.

import type { Value } from "../value.ts";
import type { EventType, HistoryEvent } from "./event.ts";
import { FormatError } from "./event.ts";

/** A map form; only the records of a history are maps. */
type EdnMap = Map<string, Edn>;
type Edn = Value | EdnMap | readonly Edn[];

/** A cursor in the text. Plain data. */
interface Reader {
  readonly text: string;
  at: number;
  line: number;
  /** Nesting, bounded so that a hostile file cannot exhaust the stack. */
  depth: number;
}

const DEPTH_MAX = 200;
const DELIMITERS = new Set([...'()[]{}";,\t\n\r \f']);

function skipBlanks(r: Reader): void {
  const { text } = r;
  for (;;) {
    const c = text.charCodeAt(r.at);
    if (c === 10) {
      r.line++;
      r.at++;
    } else if (c === 32 || c === 44 || c === 9 || c === 13 || c === 12) {
      r.at++;
    } else if (c === 59) {
      while (r.at < text.length && text.charCodeAt(r.at) !== 10) r.at++;
    } else if (c === 35 && text.charCodeAt(r.at + 1) === 95) {
      r.at += 2;
      readForm(r);
    } else {
      return;
    }
  }
}

function readList(r: Reader, close: string): Edn[] {
  const opened = r.line;
  const items: Edn[] = [];
  r.at++;
  if (++r.depth > DEPTH_MAX) throw new FormatError(r.line, `forms are nested deeper than ${DEPTH_MAX}`);
  for (;;) {
    skipBlanks(r);
    if (r.at >= r.text.length)
      throw new FormatError(opened, `the file ends inside a form that began here (no “${close}”)`);
    if (r.text[r.at] === close) break;
    // Keywords lose their colon, so that only here a client with a name can be told from a nemesis.
    if (r.depth === 1 && r.text[r.at] === '"' && items.length % 2 === 1 && items[items.length - 1] === "process")
      throw new FormatError(r.line, "the process of an event is a whole number or a keyword, not a string");
    items.push(readForm(r));
  }
  r.at++;
  r.depth--;
  return items;
}

function readMap(r: Reader): EdnMap {
  const opened = r.line;
  const items = readList(r, "}");
  if (items.length % 2 !== 0) throw new FormatError(opened, "a map has a key without a value");
  const map: EdnMap = new Map();
  for (let i = 0; i < items.length; i += 2) map.set(String(items[i]), items[i + 1]!);
  return map;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\", b: "\b", f: "\f" };

function readString(r: Reader): string {
  const opened = r.line;
  const { text } = r;
  const from = r.at + 1;
  let end = from;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  if (end >= text.length) throw new FormatError(opened, "the file ends inside a string that began here");
  const raw = text.slice(from, end);
  r.at = end + 1;
  for (let i = raw.indexOf("\n"); i >= 0; i = raw.indexOf("\n", i + 1)) r.line++;
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_whole, code: string) =>
    code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}

function readAtom(r: Reader): Value {
  const { text } = r;
  const from = r.at;
  while (r.at < text.length && !DELIMITERS.has(text[r.at]!)) r.at++;
  const word = text.slice(from, r.at);
  if (word === "") throw new FormatError(r.line, `“${text[r.at]}” closes nothing`);
  if (word[0] === ":") return word.slice(1);
  if (word === "nil") return null;
  if (word === "true") return true;
  if (word === "false") return false;
  if (word[0] === "\\") return word.slice(1);
  if (/^[+-]?\d+N?$/.test(word)) {
    const number = Number.parseInt(word, 10);
    if (!Number.isSafeInteger(number))
      throw new FormatError(r.line, `${word.slice(0, 40)} is too large to be kept exactly`);
    return number;
  }
  if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?M?$/.test(word)) {
    const number = Number.parseFloat(word);
    if (!Number.isFinite(number)) throw new FormatError(r.line, `${word.slice(0, 40)} is too large to be kept exactly`);
    return number;
  }
  if (/^[^\d"#'\\`@~^][^"\\`@^]*$/.test(word)) return word;
  throw new FormatError(r.line, `cannot read “${word.slice(0, 40)}”`);
}

function readForm(r: Reader): Edn {
  skipBlanks(r);
  if (r.at >= r.text.length) throw new FormatError(r.line, "the file ends where a form is expected");
  switch (r.text[r.at]) {
    case "[":
      return readList(r, "]");
    case "(":
      return readList(r, ")");
    case "{":
      return readMap(r);
    case '"':
      return readString(r);
    case "#":
      if (r.text[r.at + 1] === "{") {
        r.at++;
        // Equal sets are equal values, in whatever order they are written.
        return readList(r, "}")
          .map((item): readonly [string, Edn] => [JSON.stringify(item), item])
          .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
          .map((pair) => pair[1]);
      }
      r.at++;
      readAtom(r);
      return readForm(r);
    default:
      return readAtom(r);
  }
}

function plain(form: Edn | undefined, line: number): Value {
  if (form === undefined) return null;
  if (form instanceof Map) throw new FormatError(line, "a map where a value is expected");
  if (typeof form === "object" && form !== null) return form.map((item) => plain(item as Edn, line));
  return form;
}

function eventOf(map: EdnMap, line: number): HistoryEvent | undefined {
  const process = map.get("process") ?? 0;
  if (typeof process === "string") return undefined;
  if (!Number.isInteger(process)) throw new FormatError(line, "the process of an event is a whole number or a keyword");
  const type = map.get("type");
  if (type !== "invoke" && type !== "ok" && type !== "fail" && type !== "info") {
    throw new FormatError(
      line,
      `an event has the type ${type === undefined ? "nil" : String(type)} (not :invoke, :ok, :fail or :info)`,
    );
  }
  const f = map.get("f");
  const key = map.get("key");
  const keyText =
    key === undefined || key === null ? "" : typeof key === "string" ? key : JSON.stringify(plain(key, line));
  const value = map.get("value");
  // What a failed or lost operation carries besides is its own affair (`:timed-out`, error maps).
  const carried = value instanceof Map && type !== "invoke" && type !== "ok" ? null : plain(value, line);
  return {
    process: process as number,
    type: type as EventType,
    f: typeof f === "string" ? f : "txn",
    key: keyText,
    value: carried,
    line,
  };
}

/**
 * Calls `take` with each event of a client in `text`, in the order of the file. Returns how many events there are of others,
 * such as a nemesis. Throws `FormatError`.
 */
export function readEdn(text: string, take: (event: HistoryEvent) => void): number {
  let others = 0;
  const r: Reader = { text, at: 0, line: 1, depth: 0 };
  if (text.charCodeAt(0) === 0xfeff) r.at++;
  let close = "";
  for (;;) {
    skipBlanks(r);
    if (r.at >= text.length) break;
    const c = text[r.at]!;
    if (close !== "" && c === close) {
      close = "";
      r.at++;
    } else if (close === "" && (c === "[" || c === "(")) {
      close = c === "[" ? "]" : ")";
      r.at++;
    } else {
      const line = r.line;
      const form = readForm(r);
      if (!(form instanceof Map))
        throw new FormatError(line, "an event of a history is a map like {:process 0, :type :invoke, …}");
      const event = eventOf(form, line);
      if (event === undefined) others++;
      else take(event);
    }
  }
  if (close !== "") throw new FormatError(r.line, `the file ends before its “${close}”`);
  return others;
}

/** One line of kv-text, which is one map. Returns undefined for a blank line. Throws `FormatError`. */
export function readEdnLine(line: string, number: number): HistoryEvent | undefined {
  const r: Reader = { text: line, at: 0, line: number, depth: 0 };
  skipBlanks(r);
  if (r.at >= line.length) return undefined;
  const form = readForm(r);
  skipBlanks(r);
  if (!(form instanceof Map) || r.at < line.length)
    throw new FormatError(number, "a line is one map like {:process 0, :type :invoke, …}");
  return eventOf(form, number);
}
