// Histories on disk: unpacked text, events as a stream for what is larger than memory, and the manifest that may lie beside.

import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { createGunzip, gunzipSync } from "node:zlib";
import type { HistoryEvent } from "../checker/linearizability/format/event.ts";
import { FormatError } from "../checker/linearizability/format/event.ts";
import { readJsonHeader } from "../checker/linearizability/format/lines.ts";
import { type ManifestEntry, readManifest } from "../checker/linearizability/format/manifest.ts";
import type { Format, Told } from "../checker/linearizability/format/read.ts";
import { detectFormat, judgeOf, LINE_MAX, lineReader } from "../checker/linearizability/format/read.ts";
import { createOnline, type Online, observe } from "../checker/linearizability/online.ts";

/** Longest text that is read in one piece; V8 holds no string much longer. */
const WHOLE_MAX_BYTES = 400 * 1024 * 1024;

/** Whether `file` has to be judged as it is read, because it cannot be held. A gzip counts as twenty times its size. */
export function isTooLarge(file: string): boolean {
  if (file === "-" || !existsSync(file)) return false;
  const { size } = statSync(file);
  return (file.endsWith(".gz") ? size * 20 : size) > WHOLE_MAX_BYTES;
}

function gzipTrouble(error: unknown): FormatError {
  const code = (error as { code?: string }).code ?? "";
  if (code === "Z_BUF_ERROR") return new FormatError(0, "the gzip is cut off: it ends before its end");
  if (code === "ERR_BUFFER_TOO_LARGE")
    return new FormatError(0, "unpacked it is too large to be read whole: use --online");
  return new FormatError(0, `the gzip is damaged (${code === "" ? "it cannot be unpacked" : code})`);
}

/** The text of `file` (`-`: standard input), unpacked where it is a gzip. Throws `FormatError` or the system's error. */
export function readText(file: string): string {
  const bytes = readFileSync(file === "-" ? 0 : file);
  let plain: Uint8Array = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      plain = gunzipSync(bytes, { maxOutputLength: WHOLE_MAX_BYTES });
    } catch (error) {
      throw gzipTrouble(error);
    }
  }
  if (plain.length > WHOLE_MAX_BYTES) throw new FormatError(0, "it is too large to be read whole: use --online");
  return new TextDecoder().decode(plain);
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

async function* pieces(file: string): AsyncGenerator<string> {
  const source = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 });
  const decoder = new StringDecoder("utf8");
  let first: Buffer | undefined;
  const chunks = source[Symbol.asyncIterator]();
  const next = await chunks.next();
  if (next.done !== true) first = Buffer.from(next.value as Uint8Array);
  const rest = async function* (): AsyncGenerator<Buffer> {
    if (first !== undefined) yield first;
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next()) yield chunk.value as Buffer;
  };
  if (first !== undefined && first[0] === 0x1f && first[1] === 0x8b) {
    const { Readable } = await import("node:stream");
    const unpacked = Readable.from(rest()).on("error", (error) => gunzip.destroy(error));
    const gunzip = createGunzip();
    unpacked.pipe(gunzip);
    try {
      for await (const chunk of gunzip) yield decoder.write(chunk as Buffer);
    } catch (error) {
      throw gzipTrouble(error);
    }
  } else {
    for await (const chunk of rest()) yield decoder.write(chunk);
  }
  yield decoder.end();
}

/** Takes the microseconds that one event cost. */
export type CostTaker = (micros: number) => void;

/** Judges `file` event by event as it is read, never holding more than a line of it. Throws `FormatError`. */
export async function judgeStream(
  file: string,
  told: Told,
  cost: CostTaker,
): Promise<{ online: Online; format: Format }> {
  let online: Online | undefined;
  let format: Format | undefined = told.format;
  let read: ((line: string, number: number) => HistoryEvent | undefined) | undefined;
  let rest = "";
  let number = 0;
  let edn: string[] | undefined;
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
      online = createOnline(dialect, model);
      return;
    }
    const event = read!(text, number);
    if (event !== undefined) take(event);
  };
  for await (const piece of pieces(file)) {
    rest += piece;
    if (rest.length > LINE_MAX && !rest.includes("\n")) {
      throw new FormatError(number + 1, `the line is longer than ${LINE_MAX / 1024 / 1024} MiB`);
    }
    if (read === undefined && edn === undefined) {
      if (rest.trim() === "") continue;
      format ??= detectFormat(rest.slice(0, 65_536));
      if (format === undefined) throw new FormatError(1, "the format is not known: name it with --input");
      if (format === "bundle") throw new FormatError(0, "a bundle holds many histories and is not judged online");
      if (format === "edn") edn = [];
      else read = lineReader(format);
      if (format !== "jsonl") {
        const { dialect, model } = judgeOf(format, told);
        online = createOnline(dialect, model);
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
    readEdn(edn.join(""), take);
  } else if (rest !== "") {
    line(rest);
  }
  if (online === undefined) throw new FormatError(0, "the file is empty");
  if (online.events === 0 && format !== "edn" && format !== "jsonl") {
    throw new FormatError(1, `no line of the file is an event in the format ${format}`);
  }
  return { online, format: format! };
}
