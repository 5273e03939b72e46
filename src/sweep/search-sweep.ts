// A sweep by a strategy that learns: generation after generation, each shared out among hands.

import { beginSearch, GENERATION, type Lesson, learn, nextGeneration } from "../explore/search.ts";
import type { RunResult } from "../run/result.ts";
import type { Pool } from "./pool.ts";
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
  const base = plan.bases[0] as SweepPlan["bases"][number];
  const strategy = plan.strategy === "targeted" ? "targeted" : "guided";
  const search = beginSearch(strategy, base, plan.firstSeed);
  for (let made = 0; made < plan.seeds; made += GENERATION) {
    const probes = nextGeneration(search, plan.seeds - made);
    const replies = await Promise.all(probes.map(({ scenario, seed }) => pool.probe({ scenario, seed })));
    if (stopped()) return;
    const lessons: Lesson[] = replies.map(({ landmarks, behind, result }) => ({
      landmarks,
      behind,
      result: result as RunResult,
    }));
    for (const [at, { result, wallMicros }] of replies.entries()) {
      if (made + at < skip) continue;
      const probe = probes[at] as (typeof probes)[number];
      if (onSwept(sweptOf(plan.strategy, probe.scenario, probe.drawn, result, wallMicros))) return;
    }
    learn(search, probes, lessons);
  }
}
