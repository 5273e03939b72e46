// Shrinking with hands and a clock: the passes of `explore/shrink.ts`, their candidates tried in parallel, until nothing gets
// smaller, the time is up, or somebody stops it. The best so far is there at any moment.

import { beginShrinking, type Candidate, type Failing, shrink, type Tried } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import { unlessStopped } from "./in-order.ts";
import type { Pool } from "./pool.ts";
import { evaluate, type ShrinkTrial } from "./shrink-task.ts";

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
  const signature = signatureOf(failing.result) ?? "";
  return keep === "property" ? signature.slice(0, signature.indexOf(":") + 1) : signature;
}

/** Shrinks. Precondition: `failing` failed. */
export async function runShrinker(failing: Failing, pool: Pool, options: ShrinkOptions): Promise<Shrunk> {
  const began = process.hrtime.bigint();
  const endNanos = began + BigInt(Math.ceil(options.millis * 1e6));
  const spent = (): number => Number((process.hrtime.bigint() - began) / 1000n);
  const over = (): boolean => options.stopped() || process.hrtime.bigint() > endNanos;
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
    if (over()) break;
    const tried = await unlessStopped(tryInOrder(step.value, keep, endNanos, pool), options.stopped);
    if (tried === null) break;
    const trials = tried.value;
    outcomes = trials.map(({ result }) => (result === null ? null : { seed: result.seed, result }));
    for (const trial of trials) runs += trial.runs;
    options.onBatch({ runs, best: state.best, spentMicros: spent() });
  }
  const { best } = state;
  const confirmed = best === failing || failsAgain(best, keep);
  return { best, runs: best === failing ? runs : runs + 1, spentMicros: spent(), done, confirmed };
}

/** Tries candidates, as many at a time as there are hands. None is begun any more once one before it has failed: it is taken. */
async function tryInOrder(
  candidates: readonly Candidate[],
  keep: string,
  endNanos: bigint,
  pool: Pool,
): Promise<ShrinkTrial[]> {
  const trials: ShrinkTrial[] = candidates.map(() => ({ result: null, runs: 0, events: 0 }));
  let next = 0;
  let first = candidates.length;
  const hand = async (): Promise<void> => {
    while (next < first) {
      const at = next++;
      const trial = await pool.attempt({ ...(candidates[at] as Candidate), keep, endNanos });
      trials[at] = trial;
      if (trial.result !== null) first = Math.min(first, at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(pool.jobs, candidates.length) }, hand));
  return trials;
}

/** The run made again in this process: it must fail in the same way, with the same digest. */
function failsAgain({ scenario, seed, result }: Failing, keep: string): boolean {
  const whole = { scenario, seeds: [seed], keep, eventsMax: Number.POSITIVE_INFINITY, endNanos: FOR_EVER };
  const again = evaluate(whole);
  return again.result !== null && again.result.digest === result.digest;
}

const FOR_EVER = 1n << 63n;
