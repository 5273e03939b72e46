// One attempt of a shrinker: does the candidate still fail in the same way, with any of these seeds? Pure work for a worker.

import { signatureOf } from "../explore/signature.ts";
import { brokenResult } from "../run/broken-result.ts";
import { executeScenario } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A smaller scenario to try. Plain data. */
export interface ShrinkTask {
  readonly scenario: Scenario;
  /** Tried in this order, up to the first with which it fails. */
  readonly seeds: readonly string[];
  /** What must be the same: the whole signature, or where it ends in a colon the property before it. */
  readonly keep: string;
  /** No further seed is tried after so much real time. */
  readonly untilMillis: number;
}

/** What came of it. */
export interface ShrinkTrial {
  /** Null: with none of the seeds. */
  readonly result: RunResult | null;
  readonly runs: number;
  readonly events: number;
}

/** Tries the seeds. */
export function evaluate(task: ShrinkTask): ShrinkTrial {
  let runs = 0;
  let events = 0;
  const end = process.hrtime.bigint() + BigInt(Math.floor(Math.min(task.untilMillis, 1e9) * 1e6));
  for (const seed of task.seeds) {
    if (runs > 0 && process.hrtime.bigint() > end) break;
    const result = attempt(task.scenario, seed);
    runs++;
    events += result.events;
    if (isKept(task.keep, signatureOf(result))) return { result, runs, events };
  }
  return { result: null, runs, events };
}

function attempt(scenario: Scenario, seed: string): RunResult {
  try {
    return executeScenario(scenario, seed);
  } catch (error) {
    return brokenResult(scenario, seed, null, error);
  }
}

/** Whether a run with this signature (null: it held) fails in the way that is to be kept. */
export function isKept(keep: string, signature: string | null): boolean {
  if (signature === null) return false;
  return keep.endsWith(":") ? signature.startsWith(keep) : signature === keep;
}
