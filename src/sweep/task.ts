// One task of a sweep: one run of a scenario.

import { signatureOf } from "../explore/signature.ts";
import { probeOf, type StrategyId } from "../explore/strategy.ts";
import { type RunDocument, runDocument } from "../report/run-document.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A scenario to run. Plain data. */
export interface SweepTask {
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

/** What became of one seed. */
export interface Swept {
  readonly document: SweptDocument;
  /** Real time it took. */
  readonly wallMicros: number;
  /** Where it did not hold: all that is needed to keep it. */
  readonly failure: { readonly scenario: Scenario; readonly result: RunResult } | null;
}

/** Makes the run. */
export function runTask({ base, strategy, seed }: SweepTask): Swept {
  const began = process.hrtime.bigint();
  const { scenario, drawn } = probeOf(strategy, base, seed);
  const result = runWhole(scenario, seed);
  return sweptOf(strategy, scenario, drawn, result, Number((process.hrtime.bigint() - began) / 1000n));
}

/** A run of which nothing is known but what ended the thread that made it. */
export function lostTask({ base, strategy, seed }: SweepTask, error: unknown): Swept {
  const { scenario, drawn } = probeOf(strategy, base, seed);
  return sweptOf(strategy, scenario, drawn, brokenResult(scenario, seed, null, error), 0);
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
  return { document, wallMicros, failure: result.verdict === "held" ? null : { scenario, result } };
}
