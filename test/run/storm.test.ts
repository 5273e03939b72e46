/** Messages that beget more messages end a run without a verdict, and it is said which ones. */

import { expect, test } from "vitest";
import { executeScenario } from "../../src/run/execute.ts";
import { scenarioOf } from "../world/story.ts";

test("a storm of messages ends undecided and named; without the planted bug nothing piles up", () => {
  const scenario = scenarioOf(`
duration: 12s
workload: { clients: 4, rate: 40/s, ops: { put: 1 }, timeout: 1s, until: 10s }
faults:
  - { at: 2s, duplicate: { p: 50% } }
  - { at: 2s, reorder: { p: 50%, window: 50ms } }`);
  expect(executeScenario(scenario, "2").verdict).toBe("held");
  const broken = scenarioOf(`
duration: 60s
mutate: truncate-on-any-append
workload: { clients: 4, rate: 40/s, ops: { put: 1 }, timeout: 1s, until: 50s }
faults:
  - { at: 2s, duplicate: { p: 50% } }
  - { at: 2s, reorder: { p: 50%, window: 50ms } }
expect:
  - violates: linearizability`);
  const result = executeScenario(broken, "2");
  expect(result.verdict).toBe("undecided");
  expect(result.note).toMatch(/^more than 250000 events waited at \S+: messages multiply, most of them Msg\w+$/);
  expect(result.virtualMicros).toBeLessThan(12_000_000);
});

test("a link that is crowded with messages between members is a finding, and nothing is without the planted bug", () => {
  const story = `
duration: 12s
cluster:
  members: 3
  raft: { preVote: false, checkQuorum: false, heartbeat: 20ms, election: 200ms }
  snapshot: { every: 10 entries, keep: 1, catchUp: 8 entries }
  disk: instant
network: { latency: 1ms, clientLatency: 1ms, duplicate: 20% }
workload:
  - { name: old, clients: 3, rate: 100/s, ops: { put: 1 }, timeout: 300ms, from: 1s, until: 5s, endpoints: n1, failover: false }
  - { name: new, clients: 1, rate: 10/s, ops: { put: 1 }, timeout: 1s, from: 4s, until: 8s, endpoints: [n2, n3] }
faults:
  - { at: 10ms, campaign: n1 }
  - { at: 3s, id: cut, partition: { isolate: n1 }, for: 4s }`;
  expect(executeScenario(scenarioOf(story), "1").verdict).toBe("held");
  const broken = executeScenario(scenarioOf(`${story}\nmutate: snapshot-keeps-conflicting-tail`), "1");
  expect(broken.violation?.property).toBe("bounded-resources");
  expect(broken.violation?.text).toMatch(
    /^more than 100000 messages of n\d to n1 are under way, the last of them MsgApp$/,
  );
});
