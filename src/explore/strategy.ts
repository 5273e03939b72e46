// Strategies: which runs to make of a scenario, by name. Those here need nothing but the seed; those that learn from runs go by
// generations (`search.ts`).

import { expandScenario } from "../run/execute.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { withPriorities } from "./priorities.ts";
import { swarmOf } from "./swarm.ts";

/** A strategy. */
export interface Strategy {
  readonly id: StrategyId;
  /** What it does, to end "which runs to make: …". */
  readonly about: string;
  /** It learns from the runs before: its runs follow one another and cannot be shared out. */
  readonly learns: boolean;
}

export type StrategyId = "random" | "swarm" | "pct" | "guided" | "targeted";

/** All strategies, the default first. */
export const STRATEGIES: readonly Strategy[] = [
  { id: "swarm", about: "each seed draws the cluster, its options, and which faults there are", learns: false },
  { id: "random", about: "the scenario as it stands, with each seed", learns: false },
  { id: "pct", about: "the swarm, and a few links that fall behind all others at drawn moments", learns: false },
  { id: "guided", about: "runs that reached new states are changed a little and run again", learns: true },
  {
    id: "targeted",
    about: "runs that came near to breaking a property are changed a little and run again",
    learns: true,
  },
];

/** The strategy where none is named. */
export const DEFAULT_STRATEGY: StrategyId = "swarm";

/** One run to make. */
export interface Probe {
  /** Without chance in its faults. */
  readonly scenario: Scenario;
  readonly seed: string;
  /** What was drawn besides the seed, in words. */
  readonly drawn: readonly string[];
}

/** The run of a seed. Precondition: the strategy does not learn. */
export function probeOf(strategy: StrategyId, base: Scenario, seed: string): Probe {
  if (strategy === "random") return { scenario: expandScenario(base, seed), seed, drawn: [] };
  const swarm = swarmOf(base, seed);
  if (strategy !== "pct") return { ...swarm, seed };
  return { ...withPriorities(swarm, seed), seed };
}
