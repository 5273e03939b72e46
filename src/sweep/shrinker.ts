// Shrinking with hands and a clock: the passes of `explore/shrink.ts`, their candidates tried in parallel, until nothing gets
// smaller, the time is up, or somebody stops it. The best so far is there at any moment.

import { beginShrinking, type Failing, shrink, type Tried } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import type { Pool } from "./pool.ts";
import { evaluate, isKept } from "./shrink-task.ts";

/** How to shrink. */
export interface ShrinkOptions {
  readonly millis: number;
  /** Seeds that are tried where a part is taken away. */
  readonly reseed: number;
  readonly keep: "property" | "signature";
  readonly stopped: () => boolean;
  /** Called after each batch. */
  readonly onBatch: (state: { runs: number; best: Failing; spentMicros: number }) => void;
}

/** What shrinking came to. */
export interface Shrunk {
  readonly best: Failing;
  readonly runs: number;
  readonly spentMicros: number;
  /** It came to its end: nothing gets smaller. */
  readonly done: boolean;
  /** The best fails again, with the same digest. */
  readonly confirmed: boolean;
}

/** What is to be kept of a failure. */
export function keepOf(failing: Failing, keep: "property" | "signature"): string {
  if (keep === "property") return `${failing.result.violation?.property ?? "error"}:`;
  return signatureOf(failing.result) ?? "";
}

/** Shrinks. Precondition: `failing` failed. */
export async function runShrinker(failing: Failing, pool: Pool, options: ShrinkOptions): Promise<Shrunk> {
  const began = process.hrtime.bigint();
  const spent = (): number => Number((process.hrtime.bigint() - began) / 1000n);
  const keep = keepOf(failing, options.keep);
  const state = beginShrinking(failing, options.reseed);
  const passes = shrink(state);
  let runs = 0;
  let done = false;
  let outcomes: readonly Tried[] = [];
  for (;;) {
    const step = passes.next(outcomes);
    if (step.done === true) {
      done = true;
      break;
    }
    if (options.stopped() || spent() > options.millis * 1000) break;
    const trials = await Promise.all(
      step.value.map(({ scenario, seeds }) =>
        pool.attempt({ scenario, seeds, keep, untilMillis: options.millis - spent() / 1000 }),
      ),
    );
    outcomes = trials.map(({ result }) => (result === null ? null : { seed: result.seed, result }));
    for (const trial of trials) runs += trial.runs;
    options.onBatch({ runs, best: state.best, spentMicros: spent() });
  }
  const { scenario, seed, result } = state.best;
  const again = evaluate({ scenario, seeds: [seed], keep, untilMillis: Number.POSITIVE_INFINITY });
  const confirmed =
    again.result !== null && again.result.digest === result.digest && isKept(keep, signatureOf(again.result));
  return { best: state.best, runs: runs + 1, spentMicros: spent(), done, confirmed };
}
