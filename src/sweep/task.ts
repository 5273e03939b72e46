// One task of a sweep: one run of a scenario.

import type { Failing } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import { probeOf, type StrategyId } from "../explore/strategy.ts";
import { type RunDocument, runDocument } from "../report/run-document.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A scenario to run. Plain data. */
export interface SweepTask extends Counting {
  readonly base: Scenario;
  readonly strategy: StrategyId;
  readonly seed: string;
}

/** One run of a sweep, as JSON: the run, and how it came to be made. */
export interface SweptDocument extends RunDocument {
  readonly strategy: StrategyId;
  /** What the strategy drew besides the seed. */
  readonly drawn?: readonly string[];
  /** Failures with the same signature are one group. */
  readonly signature?: string;
}

/** Of a hunt: the properties that count, the first being the one that the bug is listed for. */
export interface Counting {
  readonly counts?: readonly string[];
}

/** What became of one seed. */
export interface Swept {
  readonly document: SweptDocument;
  /** Real time it took. */
  readonly wallMicros: number;
  /** Where it did not hold: all that is needed to keep it. */
  readonly failure: { readonly scenario: Scenario; readonly result: RunResult } | null;
  /** Of a hunt: the run again, up to where a property fires that counts; null where none does. */
  readonly counted: Failing | null;
}

/** Makes the run. */
export function runTask({ base, strategy, seed, counts = [] }: SweepTask): Swept {
  const began = process.hrtime.bigint();
  const { scenario, drawn } = probeOf(strategy, base, seed);
  const result = runWhole(scenario, seed);
  const wallMicros = Number((process.hrtime.bigint() - began) / 1000n);
  return sweptOf(strategy, scenario, drawn, result, wallMicros, countedIn(counts, scenario, result));
}

/** A run of which nothing is known but what ended the thread that made it. */
export function lostTask({ base, strategy, seed }: SweepTask, error: unknown): Swept {
  const { scenario, drawn } = probeOf(strategy, base, seed);
  return sweptOf(strategy, scenario, drawn, lostResult(scenario, seed, error), 0, null);
}

/** The result of a run whose thread was lost to it. That there was no memory left is no fault of the simulator's. */
export function lostResult(scenario: Scenario, seed: string, error: unknown): RunResult {
  const result = brokenResult(scenario, seed, null, error);
  if ((error as { readonly code?: unknown }).code !== "ERR_WORKER_OUT_OF_MEMORY") return result;
  return { ...result, note: `the run takes more memory than a thread has (seed ${seed})` };
}

/** Runs one scenario to its end. */
export function runWhole(scenario: Scenario, seed: string): RunResult {
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    while (!run.advance(1 << 20)) {
      // Goes on until it is over.
    }
    return run.result();
  } catch (error) {
    return brokenResult(scenario, seed, run, error);
  }
}

/** The run as it goes into the results. */
export function sweptOf(
  strategy: StrategyId,
  scenario: Scenario,
  drawn: readonly string[],
  result: RunResult,
  wallMicros: number,
  counted: Failing | null,
): Swept {
  // What was broken on purpose, and was to be found out, is no failure.
  const signature = result.verdict === "held" ? null : signatureOf(result);
  const run = { scenario, result, file: null, artifact: null, wallMicros: null, overrides: null };
  const document: SweptDocument = {
    ...runDocument(run),
    strategy,
    ...(drawn.length === 0 ? {} : { drawn }),
    ...(signature === null ? {} : { signature }),
  };
  return { document, wallMicros, failure: result.verdict === "held" ? null : { scenario, result }, counted };
}

/**
 * Past what fired first a run need not come to an end: one whose messages beget messages is given up after so many events, or as
 * many as it took until then.
 */
const EVENTS_MAX = 1_000_000;

/**
 * A run that failed, made again until a property that counts fires: the one that fired first where it does count, for that is the
 * shortest story; else the run goes on past it. Null where none does.
 */
export function countedIn(
  counts: readonly string[],
  scenario: Scenario,
  { seed, violation, events }: RunResult,
): Failing | null {
  if (violation === null) return null;
  const eventsMax = Math.max(EVENTS_MAX, events + 1);
  for (const property of counts.includes(violation.property) ? [violation.property] : counts) {
    const waiting: Scenario = { ...scenario, expect: [{ kind: "violates", property }] };
    const run = startRun(waiting, seed);
    if (!run.advance(eventsMax)) continue;
    const result = run.result();
    if (result.violation?.property === property) return { scenario: waiting, seed, result };
  }
  return null;
}
