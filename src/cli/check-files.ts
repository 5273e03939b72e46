// Histories on disk: unpacked text, events as a stream for what is larger than memory, and the manifest that may lie beside.

import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { CheckBudget } from "../checker/linearizability/check.ts";
import type { HistoryEvent } from "../checker/linearizability/format/event.ts";
import { FormatError } from "../checker/linearizability/format/event.ts";
import { isCutLogLine, readJsonHeader } from "../checker/linearizability/format/lines.ts";
import { type ManifestEntry, readManifest } from "../checker/linearizability/format/manifest.ts";
import type { Format, Told } from "../checker/linearizability/format/read.ts";
import {
  detectFormat,
  eachLine,
  emptyHistory,
  formatOf,
  judgeOf,
  LINE_MAX,
  lineReader,
  NOTHING_TOLD,
} from "../checker/linearizability/format/read.ts";
import type { FrontierBudget } from "../checker/linearizability/frontier.ts";
import { createOnline, finish, type Online, observe } from "../checker/linearizability/online.ts";

/** Longest text that is read in one piece; V8 holds no string much longer. */
const WHOLE_MAX = 400 * 1024 * 1024;

/** Whether `file` has to be judged as it is read, because it cannot be held. A gzip counts as twenty times its size. */
export function isTooLarge(file: string): boolean {
  if (file === "-" || !existsSync(file)) return false;
  const { size } = statSync(file);
  return (file.endsWith(".gz") ? size * 20 : size) > WHOLE_MAX;
}

function gzipTrouble(error: unknown): FormatError {
  const code = (error as { code?: string }).code ?? "";
  if (code === "Z_BUF_ERROR") return new FormatError(0, "the gzip is cut off: it ends before its end");
  return new FormatError(0, `the gzip is damaged (${code === "" ? "it cannot be unpacked" : code})`);
}

/** Bytes of `file` as they come, unpacked where it is a gzip. Throws `FormatError` or the system's error. */
async function* unpacked(file: string): AsyncGenerator<Buffer> {
  const source = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 });
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const first = await chunks.next();
  if (first.done === true) return;
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(first.value);
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next())
      yield Buffer.from(chunk.value);
  };
  if (!isGzip(first.value)) {
    yield* rest();
    return;
  }
  const packed = Readable.from(rest()).on("error", (error) => gunzip.destroy(error));
  const gunzip = createGunzip();
  packed.pipe(gunzip);
  let begun = false;
  try {
    for await (const chunk of gunzip) {
      if (!begun && isGzip(chunk as Buffer)) throw new FormatError(0, "a gzip within a gzip: unpack it once before");
      begun = true;
      yield chunk as Buffer;
    }
  } catch (error) {
    throw error instanceof FormatError || "syscall" in (error as Error) ? error : gzipTrouble(error);
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Pieces of the text of `file`. What is not UTF-8 is refused, but for logs, whose noise may be anything. */
async function* pieces(file: string, told: Told): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let lines = 1;
  for await (const bytes of unpacked(file)) {
    if (decoder === undefined) {
      if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
        throw new FormatError(1, "the file is UTF-16; a history is UTF-8");
      }
      const format = told.format ?? detectFormat(bytes.subarray(0, 65_536).toString("latin1"));
      decoder = new TextDecoder("utf-8", { fatal: format !== "jepsen-log" });
    }
    let text: string;
    try {
      text = decoder.decode(bytes, { stream: true });
    } catch {
      throw new FormatError(lines + linesBefore(bytes), "the file is not UTF-8 here");
    }
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
    yield text;
  }
  try {
    yield decoder?.decode() ?? "";
  } catch {
    throw new FormatError(lines, "the file breaks off within a character");
  }
}

/** Line ends in `bytes` before the first byte that is not UTF-8. */
function linesBefore(bytes: Buffer): number {
  let ends = 0;
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (line.toString("utf8").includes("\uFFFD")) break;
    if (end < 0) break;
    ends++;
    from = end + 1;
  }
  return ends;
}

/** The text of `file` (`-`: standard input), unpacked where it is a gzip. Throws `FormatError` or the system's error. */
export async function readText(file: string, told: Told = NOTHING_TOLD): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const piece of pieces(file, told)) {
    length += piece.length;
    if (length > WHOLE_MAX) throw new FormatError(0, "it is too large to be read whole: use --online");
    parts.push(piece);
  }
  return parts.join("");
}

/** What the nearest MANIFEST.json above `file` says of it, if it lists it. */
export function toldNearby(file: string): Told | undefined {
  if (file === "-") return undefined;
  const path = resolve(file);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, "MANIFEST.json");
    if (existsSync(manifest)) {
      const name = relative(folder, path).split(sep).join("/");
      let entries: readonly ManifestEntry[] = [];
      try {
        entries = readManifest(readFileSync(manifest, "utf8"));
      } catch {
        // A file of that name that is no manifest of histories says nothing about this one.
      }
      return entries.find((entry) => entry.file === name)?.told;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** What judging online may cost: the frontier of a part, and one look at a part that is judged late. */
export interface OnlineBudget {
  readonly frontier: FrontierBudget;
  readonly look: CheckBudget;
}

/** Takes the microseconds that one event cost. */
export type CostTaker = (micros: number) => void;

/** Judges `file` event by event as it is read, never holding more than a line of it. Throws `FormatError`. */
export async function judgeStream(
  file: string,
  told: Told,
  budget: OnlineBudget,
  cost: CostTaker,
): Promise<{ online: Online; format: Format }> {
  let online: Online | undefined;
  let format: Format | undefined = told.format;
  let read: ((line: string, number: number) => HistoryEvent | undefined) | undefined;
  let rest = "";
  let number = 0;
  let edn: string[] | undefined;
  let idle = false;
  const take = (event: HistoryEvent): void => {
    const from = performance.now();
    observe(online!, event);
    cost((performance.now() - from) * 1000);
  };
  const line = (text: string): void => {
    number++;
    if (online === undefined) {
      if (text.trim() === "") return;
      const header = readJsonHeader(text, number);
      const { dialect, model } = judgeOf(format!, told, { format, ...header });
      online = createOnline(dialect, model, budget.frontier, budget.look);
      return;
    }
    const event = read!(text, number);
    if (event !== undefined) take(event);
  };
  for await (const piece of pieces(file, told)) {
    rest += piece;
    if (rest.length > LINE_MAX && !rest.includes("\n")) {
      throw new FormatError(number + 1, `the line is longer than ${LINE_MAX / 1024 / 1024} MiB`);
    }
    if (read === undefined && edn === undefined) {
      if (rest.trim() === "") continue;
      format = formatOf(rest.slice(0, 65_536), told);
      if (format === "bundle") throw new FormatError(0, "a bundle holds many histories and is not judged online");
      if (format === "edn") edn = [];
      else read = lineReader(format);
      if (format !== "jsonl") {
        const { dialect, model } = judgeOf(format, told);
        online = createOnline(dialect, model, budget.frontier, budget.look);
      }
    }
    if (edn !== undefined) {
      edn.push(rest);
      rest = "";
      continue;
    }
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const text of lines) line(text.endsWith("\r") ? text.slice(0, -1) : text);
  }
  if (edn !== undefined) {
    const { readEdn } = await import("../checker/linearizability/format/edn.ts");
    const text = edn.join("");
    eachLine(text, () => {});
    idle = readEdn(text, take) > 0;
  } else if (rest !== "") {
    if (format === "jepsen-log" && isCutLogLine(rest))
      throw new FormatError(number + 1, "the file breaks off in the middle of this line");
    line(rest);
  }
  if (online === undefined) throw new FormatError(0, "the file is empty");
  if (online.events === 0 && !idle) throw emptyHistory(format!);
  const from = performance.now();
  finish(online);
  if (online.late > 0) cost((performance.now() - from) * 1000);
  return { online, format: format! };
}
