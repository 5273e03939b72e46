/** Scenarios of all kinds for laws about runs: random etcd clusters under every kind of fault, programs on etcd, pairs. */

import { parseScenarioValue } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { randomStory } from "../checker/random-story.ts";

/** How many kinds of story there are before they repeat with other numbers. */
const KINDS = 6;

/** The scenario of a number: one in six is a primary with its backup, one in six runs programs, the others are random. */
export function storyOf(number: number): Scenario {
  if (number % KINDS === 0) return primaryAndBackup(number / KINDS);
  if (number % KINDS === 1) return programs((number - 1) / KINDS);
  for (let next = number; ; next += 1) {
    // Some draws are refused because they contradict themselves: the next one is taken.
    try {
      return randomStory(next);
    } catch {}
  }
}

const PROGRAMS = ["watch", "lease", "lock", "election", "auth", "stm", "informer"];

/** Two kinds of program side by side, so that watches, leases and sessions are met, with a crash, a cut and a pause. */
function programs(number: number): Scenario {
  const kinds = [PROGRAMS[number % 7], PROGRAMS[(number + 1 + (Math.floor(number / 7) % 6)) % 7]];
  const { scenario, problems } = parseScenarioValue({
    apiVersion: "lockstep/v1",
    name: `programs-${number}`,
    duration: "12s",
    cluster: { members: 3, snapshot: { every: "60 entries", keep: 2, catchUp: "10 entries" } },
    workload: [
      { name: "kv", clients: 2, closed: "40ms", ops: { put: 2, get: 1, delete: 1 }, keys: 3 },
      ...kinds.map((kind, at) => ({ name: `${kind}-${at}`, kind, clients: 2 })),
    ],
    faults: [
      { at: "1500ms", crash: "leader", for: "1s" },
      { at: "2200ms", partition: { isolate: "any(1)" }, for: "900ms" },
      { at: "3s", pause: "n2", for: "400ms" },
    ],
    expect: [{ always: "no-split-brain" }],
  });
  if (scenario === null) throw new Error(problems.map((one) => one.message).join("\n"));
  return scenario;
}

function primaryAndBackup(number: number): Scenario {
  const faults: unknown[] = [
    { at: `${1 + (number % 3)}s`, partition: { groups: ["n1", "rest"] }, for: "1500ms" },
    { at: "5s", crash: "n2", for: "700ms" },
    { at: "6s", pause: "n1", for: "400ms" },
    { at: "8s", drop: { p: "30%" }, for: "1s" },
  ];
  const { scenario, problems } = parseScenarioValue({
    apiVersion: "lockstep/v1",
    name: `pair-${number}`,
    protocol: "primary-backup",
    duration: "10s",
    cluster: { members: 2 + (number % 2) },
    workload: [{ name: "kv", clients: 3, closed: "20ms", ops: { put: 2, get: 2, cas: 1 }, keys: 3 }],
    faults: faults.slice(0, 1 + (number % 4)),
    expect: [{ always: "linearizability" }],
  });
  if (scenario === null) throw new Error(problems.map((one) => one.message).join("\n"));
  return scenario;
}
