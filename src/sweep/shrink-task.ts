// One attempt of a shrinker: does the candidate still fail in the same way, with any of these seeds? Pure work for a worker.

import { signatureOf } from "../explore/signature.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A smaller scenario to try. Plain data. */
export interface ShrinkTask {
  readonly scenario: Scenario;
  /** Tried in this order, up to the first with which it fails. */
  readonly seeds: readonly string[];
  /** What must be the same: the whole signature, or where it ends in a colon the property before it. */
  readonly keep: string;
  /** A run that goes on for longer is given up. */
  readonly eventsMax: number;
  /** The end of the time for it, by `process.hrtime.bigint()`, which is one clock for all threads. */
  readonly endNanos: bigint;
}

/** What came of it. */
export interface ShrinkTrial {
  /** Null: with none of the seeds. */
  readonly result: RunResult | null;
  readonly runs: number;
  readonly events: number;
}

/** Events between two looks at the clock. */
const SLICE_EVENTS = 20_000;

/** Tries the seeds, until one of them fails or the time is up. */
export function evaluate(task: ShrinkTask): ShrinkTrial {
  let runs = 0;
  let events = 0;
  for (const seed of task.seeds) {
    if (isOver(task)) break;
    const result = attempt(task, seed);
    runs++;
    events += result === null ? task.eventsMax : result.events;
    if (result !== null && isKept(task.keep, signatureOf(result))) return { result, runs, events };
  }
  return { result: null, runs, events };
}

function isOver(task: ShrinkTask): boolean {
  return process.hrtime.bigint() > task.endNanos;
}

/** One run; null where it was given up. */
function attempt(task: ShrinkTask, seed: string): RunResult | null {
  const { scenario } = task;
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    for (let left = task.eventsMax; !run.advance(Math.min(SLICE_EVENTS, left)); ) {
      left -= SLICE_EVENTS;
      if (left <= 0 || isOver(task)) return null;
    }
    return run.result();
  } catch (error) {
    return brokenResult(scenario, seed, run, error);
  }
}

/** Whether a run with this signature (null: it held) fails in the way that is to be kept. */
export function isKept(keep: string, signature: string | null): boolean {
  if (signature === null) return false;
  return keep.endsWith(":") ? signature.startsWith(keep) : signature === keep;
}
