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

/** Events between two looks at whether to stop. */
const SLICE_EVENTS = 20_000;

/** Tries the seeds, until one of them fails, the time is up, or `stopped` says so. */
export async function evaluate(task: ShrinkTask, stopped: () => boolean): Promise<ShrinkTrial> {
  let runs = 0;
  let events = 0;
  const over = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve));
    return stopped() || process.hrtime.bigint() > task.endNanos;
  };
  for (const seed of task.seeds) {
    if (await over()) break;
    const result = await attempt(task, seed, over);
    runs++;
    events += result === null ? task.eventsMax : result.events;
    if (result !== null && isKept(task.keep, signatureOf(result))) return { result, runs, events };
  }
  return { result: null, runs, events };
}

/** One run; null where it was given up. */
async function attempt(
  { scenario, eventsMax }: ShrinkTask,
  seed: string,
  over: () => Promise<boolean>,
): Promise<RunResult | null> {
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    for (let left = eventsMax; !run.advance(Math.min(SLICE_EVENTS, left)); ) {
      left -= SLICE_EVENTS;
      if (left <= 0 || (await over())) return null;
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
