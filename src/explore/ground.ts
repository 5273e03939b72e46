// The ground on which bugs are hunted when no scenario is named: one load on one small cluster. The swarm varies all of it, and
// nothing in it knows of any bug.

import type { MutationId } from "../fault/mutation.ts";
import { assert } from "../kernel/assert.ts";
import { parseScenarioValue, type ScenarioFile } from "../scenario/parse.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Virtual time of one seed of a hunt. */
export const HUNT_DURATION = "60s";

const GROUND: ScenarioFile = {
  apiVersion: "lockstep/v1",
  name: "ground",
  title: "One load on one small cluster",
  duration: HUNT_DURATION,
  cluster: { members: 3 },
  workload: { name: "kv", clients: 3, closed: "50ms", ops: { put: 2, get: 2, delete: 1 }, keys: 4, timeout: "1s" },
};

/** The hunting ground with these bugs planted. */
export function huntingGround(mutate: readonly MutationId[]): Scenario {
  const { scenario, problems } = parseScenarioValue({
    ...GROUND,
    name: mutate[0] ?? "ground",
    ...(mutate.length === 0 ? {} : { mutate: [...mutate] }),
  });
  assert(scenario !== null, `the hunting ground is no scenario: ${problems[0]?.message ?? ""}`);
  return scenario;
}
