// A sweep: many runs, shared out among hands, handed on in one order whoever made them. What it came to depends on nothing but
// the plan.

import type { StrategyId } from "../explore/strategy.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { SEEDS_END } from "../scenario/seed.ts";
import { inOrder } from "./in-order.ts";
import type { Pool } from "./pool.ts";
import { isInShard, type Shard } from "./shard.ts";
import type { Counting, SweepTask, Swept } from "./task.ts";

/** Which runs to make. */
export interface SweepPlan extends Counting {
  /** Scenarios, each a variant or without variants. */
  readonly bases: readonly Scenario[];
  readonly strategy: StrategyId;
  readonly firstSeed: string;
  /** Seeds of each scenario; Infinity: until somebody stops it. */
  readonly seeds: number;
  readonly shard: Shard;
}

/** What a scenario goes by in shards and results. */
export function baseName(base: Scenario): string {
  return base.variant === null ? base.name : `${base.name}/${base.variant}`;
}

/** The tasks of a plan in their order: the first seed of each scenario, then the next of each. More seeds come behind all others. */
export function* tasksOf(plan: SweepPlan): Generator<SweepTask> {
  const { bases, strategy, shard, counts = [] } = plan;
  for (let offset = 0, seed = BigInt(plan.firstSeed); offset < plan.seeds && seed < SEEDS_END; offset++, seed++) {
    for (const base of bases) {
      if (isInShard(shard, baseName(base), seed.toString())) yield { base, strategy, seed: seed.toString(), counts };
    }
  }
}

/** How many runs a finite plan has. */
export function countRuns(plan: SweepPlan): number {
  if (plan.seeds === Number.POSITIVE_INFINITY) return plan.seeds;
  if (plan.shard.count === 1) return plan.seeds * plan.bases.length;
  let runs = 0;
  for (const _task of tasksOf(plan)) runs++;
  return runs;
}

/** Takes the runs as they come, in order; true: enough. */
export type OnSwept = (swept: Swept) => boolean;

/** Makes the runs of the plan but for the first `skip`. Ends early where `onSwept` or `stopped` says so. */
export async function sweep(
  plan: SweepPlan,
  pool: Pool,
  skip: number,
  onSwept: OnSwept,
  stopped: () => boolean,
): Promise<void> {
  const tasks = tasksOf(plan);
  for (let n = 0; n < skip; n++) tasks.next();
  await inOrder(tasks, pool.jobs, (task) => pool.sweep(task), onSwept, stopped);
}
