// A sweep: many runs, shared out among hands, handed on in one order whoever made them. What it came to depends on nothing but
// the plan.

import type { StrategyId } from "../explore/strategy.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Pool } from "./pool.ts";
import { isInShard, type Shard } from "./shard.ts";
import type { SweepTask, Swept } from "./task.ts";

/** Which runs to make. */
export interface SweepPlan {
  /** Scenarios, each a variant or without variants. */
  readonly bases: readonly Scenario[];
  readonly strategy: StrategyId;
  readonly firstSeed: string;
  /** Seeds of each scenario; Infinity: until somebody stops it. */
  readonly seeds: number;
  readonly shard: Shard;
}

/** Seeds of one task: long enough to be worth sending, short enough to wait for. */
const TASK_SEEDS = 8;

/** Tasks under way for each hand, so that none waits for the next. */
const TASKS_AHEAD = 2;

/** What a scenario goes by in shards and results. */
export function baseName(base: Scenario): string {
  return base.variant === null ? base.name : `${base.name}/${base.variant}`;
}

/** The tasks of a plan in their order: a few seeds of each scenario, then a few more of each. */
export function* tasksOf(plan: SweepPlan): Generator<SweepTask> {
  const first = BigInt(plan.firstSeed);
  for (let offset = 0; offset < plan.seeds; offset += TASK_SEEDS) {
    const end = Math.min(plan.seeds, offset + TASK_SEEDS);
    for (const base of plan.bases) {
      const name = baseName(base);
      const seeds: string[] = [];
      for (let at = offset; at < end; at++) {
        const seed = (first + BigInt(at)).toString();
        if (isInShard(plan.shard, name, seed)) seeds.push(seed);
      }
      if (seeds.length > 0) yield { base, strategy: plan.strategy, seeds };
    }
  }
}

/** How many runs a finite plan has. */
export function countRuns(plan: SweepPlan): number {
  if (plan.seeds === Number.POSITIVE_INFINITY) return plan.seeds;
  if (plan.shard.count === 1) return plan.seeds * plan.bases.length;
  let runs = 0;
  for (const task of tasksOf(plan)) runs += task.seeds.length;
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
  const tasks = skipped(tasksOf(plan), skip);
  const underWay: Promise<Swept[]>[] = [];
  const ahead = pool.jobs * TASKS_AHEAD;
  for (;;) {
    while (underWay.length < ahead) {
      const next = tasks.next();
      if (next.done === true) break;
      const promise = pool.sweep(next.value);
      // Its failure is met when its turn comes; until then it must not end the process.
      promise.catch(() => {});
      underWay.push(promise);
    }
    const head = underWay.shift();
    if (head === undefined) return;
    const done = await orStopped(head, stopped);
    if (done === null) return;
    for (const swept of done) if (onSwept(swept)) return;
    if (stopped()) return;
  }
}

/** The tasks without their first `skip` runs. */
function* skipped(tasks: Generator<SweepTask>, skip: number): Generator<SweepTask> {
  let left = skip;
  for (const task of tasks) {
    if (left >= task.seeds.length) {
      left -= task.seeds.length;
      continue;
    }
    yield left === 0 ? task : { ...task, seeds: task.seeds.slice(left) };
    left = 0;
  }
}

/** How often somebody who waits for a thread looks up. */
const LOOK_MILLIS = 50;

/** What the promise gives, or null as soon as `stopped` says so: a thread is not waited for. */
async function orStopped<T>(promise: Promise<T>, stopped: () => boolean): Promise<T | null> {
  let timer: NodeJS.Timeout | null = null;
  const stop = new Promise<null>((resolve) => {
    timer = setInterval(() => {
      if (stopped()) resolve(null);
    }, LOOK_MILLIS);
  });
  try {
    return await Promise.race([promise, stop]);
  } finally {
    if (timer !== null) clearInterval(timer);
  }
}
