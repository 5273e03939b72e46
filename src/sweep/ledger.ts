// The ledger of a sweep: one line a run, in the order of the sweep, so that one that was interrupted goes on where it was. A last
// line that was cut off is made again.

import { closeSync, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { STRATEGIES } from "../explore/strategy.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { hashString } from "../kernel/hash.ts";
import { baseName, type SweepPlan, tasksOf } from "./sweep.ts";
import type { SweepTask, SweptDocument } from "./task.ts";

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

/** The file of a ledger. */
export function pathIn(folder: string): string {
  return join(folder, "ledger.ndjson");
}

/** What is wrong with a ledger. */
export class LedgerTrouble extends Error {}

/** Begins a ledger anew in the folder. Throws what the system throws. */
export function beginLedger(folder: string, plan: SweepPlan): Ledger {
  mkdirSync(folder, { recursive: true });
  const file = openSync(pathIn(folder), "w");
  writeSync(file, `${JSON.stringify({ format: FORMAT, engine: ENGINE_VERSION, sweep: identityOf(plan) })}\n`);
  return { folder, file };
}

/** Whether there is a ledger in the folder. Throws a trouble where it is none of this plan, or damaged. */
export function hasLedger(folder: string, plan: SweepPlan): boolean {
  const path = pathIn(folder);
  if (!existsSync(path)) return false;
  const file = openSync(path, "r");
  try {
    for (const _run of runsIn(file, path, plan)) {
      // Each is looked at.
    }
    return true;
  } finally {
    closeSync(file);
  }
}

/** Reads a ledger that there is, calling `onRun` for each whole run in it, and leaves it open to be continued. */
export function continueLedger(folder: string, plan: SweepPlan, onRun: (document: SweptDocument) => void): Ledger {
  const path = pathIn(folder);
  const file = openSync(path, "r+");
  let whole = 0;
  for (const { document, end } of runsIn(file, path, plan)) {
    if (document !== null) onRun(document);
    whole = end;
  }
  if (fstatSync(file).size > whole) ftruncateSync(file, whole);
  return { folder, file: reopened(file, path) };
}

/** What the whole lines of a ledger say, each with the position behind it: null for the first, then a run each. */
function* runsIn(
  file: number,
  path: string,
  plan: SweepPlan,
): Generator<{ document: SweptDocument | null; end: number }> {
  let lines = 0;
  // What a strategy that learns comes to next is known only by making its runs.
  const learns = STRATEGIES.some(({ id, learns }) => id === plan.strategy && learns);
  const tasks = tasksOf({ ...plan, seeds: Number.POSITIVE_INFINITY });
  for (const { text, end } of linesOf(file)) {
    if (++lines === 1) {
      const head = parsed(text) as { format?: unknown; sweep?: unknown } | null;
      if (head === null || head.format !== FORMAT) throw new LedgerTrouble(`${path} is no ledger of a sweep`);
      if (head.sweep !== identityOf(plan)) throw new LedgerTrouble(`${path} is the ledger of another sweep`);
      yield { document: null, end };
      continue;
    }
    const document = runOf(text);
    if (document === null) throw new LedgerTrouble(`${path}:${lines}: the line is damaged`);
    const next = tasks.next();
    if (!learns && (next.done === true || !isOf(document, next.value)))
      throw new LedgerTrouble(`${path}:${lines}: another run comes here: lines are missing, or are there twice`);
    yield { document, end };
  }
  if (lines === 0) throw new LedgerTrouble(`${path} is empty`);
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
  const bytes = Buffer.from(text);
  // A disk that has hardly any room left takes a part.
  for (let at = 0; at < bytes.length; ) at += writeSync(ledger.file, bytes, at);
}

export function closeLedger(ledger: Ledger): void {
  closeSync(ledger.file);
}

/** The run of a line; null: it is none. */
function runOf(text: string): SweptDocument | null {
  const value = parsed(text) as Partial<SweptDocument> | null;
  const whole =
    value !== null &&
    typeof value.seed === "string" &&
    typeof value.verdict === "string" &&
    typeof value.events === "number" &&
    typeof value.virtualMicros === "number" &&
    typeof value.coverage === "object" &&
    value.coverage !== null &&
    Object.values(value.coverage).every((count) => typeof count === "number") &&
    (value.signature === undefined || typeof value.signature === "string");
  return whole ? (value as SweptDocument) : null;
}

function isOf({ scenario, variant, seed }: SweptDocument, { base, ...task }: SweepTask): boolean {
  return scenario === base.name && (variant ?? null) === base.variant && seed === task.seed;
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
