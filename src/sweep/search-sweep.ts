// A sweep by a strategy that learns: generation after generation, each shared out among hands.

import { beginSearch, GENERATION, type Lesson, learn, nextGeneration } from "../explore/search.ts";
import type { Probe } from "../explore/strategy.ts";
import { inOrder } from "./in-order.ts";
import type { Pool } from "./pool.ts";
import type { ProbeReply } from "./probe-task.ts";
import type { OnSwept, SweepPlan } from "./sweep.ts";
import { sweptOf } from "./task.ts";

/**
 * Makes the runs of the plan. The first `skip` are made again and not handed on: what they taught is needed. Ends early where
 * `onSwept` or `stopped` says so.
 */
export async function searchSweep(
  plan: SweepPlan,
  pool: Pool,
  skip: number,
  onSwept: OnSwept,
  stopped: () => boolean,
): Promise<void> {
  const { counts = [] } = plan;
  const base = plan.bases[0] as SweepPlan["bases"][number];
  const strategy = plan.strategy === "targeted" ? "targeted" : "guided";
  const search = beginSearch(strategy, base, plan.firstSeed);
  for (let made = 0; made < plan.seeds; made += GENERATION) {
    const probes = nextGeneration(search, plan.seeds - made);
    const lessons: Lesson[] = [];
    const take = ({ result, landmarks, behind, wallMicros, counted }: ProbeReply): boolean => {
      const { scenario, drawn } = probes[lessons.length] as Probe;
      lessons.push({ landmarks, behind, result });
      if (made + lessons.length <= skip) return false;
      return onSwept(sweptOf(plan.strategy, scenario, drawn, result, wallMicros, counted));
    };
    const work = ({ scenario, seed }: Probe): Promise<ProbeReply> => pool.probe({ scenario, seed, counts });
    if (!(await inOrder(probes[Symbol.iterator](), pool.jobs, work, take, stopped))) return;
    learn(search, probes, lessons);
  }
}
