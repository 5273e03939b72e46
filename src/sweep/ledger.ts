// The ledger of a sweep: one line a run, in the order of the sweep, so that one that was interrupted goes on where it was. A last
// line that was cut off is made again.

import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { hashString } from "../kernel/hash.ts";
import { baseName, type SweepPlan } from "./sweep.ts";
import type { SweptDocument } from "./task.ts";

const FORMAT = "lockstep-sweep/1";

/** A ledger that is open for writing. */
export interface Ledger {
  readonly folder: string;
  readonly file: number;
}

/** What identifies a sweep: the same plan by the same engine. Its end may be put off: more seeds continue it. */
export function identityOf(plan: SweepPlan): string {
  const { bases, strategy, firstSeed, shard } = plan;
  const text = JSON.stringify([ENGINE_VERSION, strategy, firstSeed, shard, bases]);
  const hex = (salt: number): string => (hashString(text, salt) >>> 0).toString(16).padStart(8, "0");
  return `${bases.length === 1 ? baseName(bases[0] as SweepPlan["bases"][number]).replace("/", ".") : "many"}-${hex(5)}${hex(6)}`;
}

/** What is wrong with a ledger. */
export class LedgerTrouble extends Error {}

/** Begins a ledger anew in the folder. Throws what the system throws. */
export function beginLedger(folder: string, plan: SweepPlan): Ledger {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, "ledger.ndjson"), "w");
  writeSync(file, `${JSON.stringify({ format: FORMAT, engine: ENGINE_VERSION, sweep: identityOf(plan) })}\n`);
  return { folder, file };
}

/** Reads a ledger that there is, calling `onLine` for each whole run in it, and leaves it open to be continued. */
export function continueLedger(folder: string, plan: SweepPlan, onLine: (document: SweptDocument) => void): Ledger {
  const path = join(folder, "ledger.ndjson");
  const file = openSync(path, "r+");
  let whole = 0;
  let lines = 0;
  for (const { text, end } of linesOf(file)) {
    const value = parsed(text);
    if (lines === 0) {
      const head = value as { format?: unknown; engine?: unknown; sweep?: unknown } | null;
      if (head === null || head.format !== FORMAT) throw new LedgerTrouble(`${path} is no ledger of a sweep`);
      if (head.sweep !== identityOf(plan)) throw new LedgerTrouble(`${path} is the ledger of another sweep`);
    } else if (value === null) {
      throw new LedgerTrouble(`${path}:${lines + 1}: the line is damaged`);
    } else onLine(value as SweptDocument);
    lines++;
    whole = end;
  }
  if (lines === 0) throw new LedgerTrouble(`${path} is empty`);
  if (fstatSync(file).size > whole) ftruncateSync(file, whole);
  return { folder, file: reopened(file, path) };
}

/** For appending from the end on. */
function reopened(file: number, path: string): number {
  closeSync(file);
  return openSync(path, "a");
}

/** Adds runs. Throws what the system throws when the disk refuses. */
export function appendRuns(ledger: Ledger, documents: readonly SweptDocument[]): void {
  let text = "";
  for (const document of documents) text += `${JSON.stringify(document)}\n`;
  writeSync(ledger.file, text);
}

export function closeLedger(ledger: Ledger): void {
  closeSync(ledger.file);
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

const BLOCK_BYTES = 1 << 20;

/** Whole lines of a file with the position behind each. What follows the last newline is left out. */
function* linesOf(file: number): Generator<{ text: string; end: number }> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  let end = 0;
  for (;;) {
    const read = readSync(file, block, 0, BLOCK_BYTES, position);
    if (read === 0) return;
    position += read;
    rest = Buffer.concat([rest, block.subarray(0, read)]);
    let from = 0;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
      end += at + 1 - from;
      yield { text: rest.toString("utf8", from, at), end };
      from = at + 1;
    }
    rest = Buffer.from(rest.subarray(from));
  }
}
