// The ground on which bugs are hunted when no scenario is named: one small cluster, requests, and the programs that people
// run on etcd. The swarm varies all of it and draws which programs there are, and
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
  title: "Requests and programs on one small cluster",
  duration: HUNT_DURATION,
  cluster: { members: 3 },
  workload: [
    { name: "kv", clients: 3, closed: "50ms", ops: { put: 2, get: 2, delete: 1 }, keys: 4, timeout: "1s" },
    { name: "watchers", kind: "watch", clients: 3, closed: "300ms", keys: 4 },
    { name: "copies", kind: "informer", clients: 2, keys: 4 },
    { name: "nodes", kind: "lease", clients: 2, ttl: "3s", hold: "6s" },
    { name: "turns", kind: "lock", clients: 3, ttl: "3s", hold: "2s", fencing: true },
    { name: "users", kind: "auth", clients: 3, closed: "100ms" },
  ],
  expect: [{ always: "fencing-monotonic" }],
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
