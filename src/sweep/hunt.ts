// A hunt: one bug is planted, and runs are made until a property that the bug breaks fires. Nothing in it knows what the bug does.

import { type Bug, countedProperties } from "../explore/bugs.ts";
import { huntingGround } from "../explore/ground.ts";
import type { Failing } from "../explore/shrink.ts";
import type { Strategy } from "../explore/strategy.ts";
import type { Pool } from "./pool.ts";
import { searchSweep } from "./search-sweep.ts";
import { WHOLE } from "./shard.ts";
import { type SweepPlan, sweep } from "./sweep.ts";
import type { Swept } from "./task.ts";

/** What was hunted with what. */
export interface HuntPlan {
  readonly bug: Bug;
  readonly strategy: Strategy;
  readonly firstSeed: string;
  readonly seeds: number;
}

/** What a hunt came to. */
export interface Hunted {
  readonly found: boolean;
  /** Seeds that were run, the one that found it included. */
  readonly seeds: number;
  readonly events: number;
  readonly virtualMicros: number;
  /** The run that found it, ending in the property that counts; null: none did. */
  readonly failing: Failing | null;
  /** The property that fired first in it, which need not be one that counts. */
  readonly firstProperty: string | null;
  /** Seeds in which something fired and nothing that counts. */
  readonly uncounted: number;
}

/** Hunts until the bug is found, the seeds are used up, or `stopped` says so. `onRun` is called after each run. */
export async function hunt(
  plan: HuntPlan,
  pool: Pool,
  stopped: () => boolean,
  onRun: (seeds: number, virtualMicros: number) => void,
): Promise<Hunted> {
  const { bug, strategy } = plan;
  const base = huntingGround([bug.id]);
  const sweepPlan: SweepPlan = {
    bases: [base],
    strategy: strategy.id,
    firstSeed: plan.firstSeed,
    seeds: plan.seeds,
    shard: WHOLE,
    counts: countedProperties(bug),
  };
  let seeds = 0;
  let events = 0;
  let virtualMicros = 0;
  let uncounted = 0;
  let failing: Failing | null = null;
  let firstProperty: string | null = null;
  const onSwept = ({ document, failure, counted }: Swept): boolean => {
    seeds++;
    events += document.events;
    virtualMicros += document.virtualMicros;
    onRun(seeds, virtualMicros);
    if (failure === null || failure.result.violation === null) return false;
    failing = counted;
    if (failing === null) uncounted++;
    else firstProperty = failure.result.violation.property;
    return failing !== null;
  };
  if (strategy.learns) await searchSweep(sweepPlan, pool, 0, onSwept, stopped);
  else await sweep(sweepPlan, pool, 0, onSwept, stopped);
  return { found: failing !== null, seeds, events, virtualMicros, failing, firstProperty, uncounted };
}
