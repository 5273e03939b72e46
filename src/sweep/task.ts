// One task of a sweep: a handful of seeds of one scenario, made one after the other.

import { signatureOf } from "../explore/signature.ts";
import { probeOf, type StrategyId } from "../explore/strategy.ts";
import { type RunDocument, runDocument } from "../report/run-document.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Seeds of a scenario to run. Plain data. */
export interface SweepTask {
  readonly base: Scenario;
  readonly strategy: StrategyId;
  readonly seeds: readonly string[];
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

/** Events between two looks at whether to stop. */
const SLICE_EVENTS = 50_000;

/** Runs all seeds of the task. */
export async function runTask(task: SweepTask): Promise<Swept[]> {
  const done: Swept[] = [];
  for (const seed of task.seeds) {
    const began = process.hrtime.bigint();
    const probe = probeOf(task.strategy, task.base, seed);
    const result = await runProbe(probe.scenario, seed, () => false);
    if (result === null) break;
    const wallMicros = Number((process.hrtime.bigint() - began) / 1000n);
    done.push(sweptOf(task.strategy, probe.scenario, probe.drawn, result, wallMicros));
  }
  return done;
}

/** Runs one scenario to its end; null where it was stopped before. */
export async function runProbe(scenario: Scenario, seed: string, stopped: () => boolean): Promise<RunResult | null> {
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    // Signals are heard of only between turns, and a short run has no slice but its first.
    do {
      await new Promise((resolve) => setImmediate(resolve));
      if (stopped()) return null;
    } while (!run.advance(SLICE_EVENTS));
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
  const signature = signatureOf(result);
  const run = { scenario, result, file: null, artifact: null, wallMicros: null, overrides: null };
  const document: SweptDocument = {
    ...runDocument(run),
    strategy,
    ...(drawn.length === 0 ? {} : { drawn }),
    ...(signature === null ? {} : { signature }),
  };
  return { document, wallMicros, failure: result.verdict === "held" ? null : { scenario, result } };
}
