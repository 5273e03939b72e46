/** A correct cluster breaks no property, whatever is done to it: random faults of every kind, every option on and off. */

import { describe, expect, test } from "vitest";
import { createGhost } from "../../src/checker/ghost.ts";
import { checkFact } from "../../src/checker/lock-checks.ts";
import type { Findings } from "../../src/checker/violation.ts";
import type { Client, ProgramPlan } from "../../src/client/client.ts";
import { executeScenario } from "../../src/run/execute.ts";
import type { RunResult } from "../../src/run/result.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { randomStory } from "./random-story.ts";

/** Where the numbers begin, and how many; `LOCKSTEP_SWEEP=from..to` runs others. */
const RANGE = /^(\d+)\.\.(\d+)$/.exec(process.env.LOCKSTEP_SWEEP ?? "");
const FROM = RANGE === null ? 1 : Number(RANGE[1]);
const TO = RANGE === null ? 60 : Number(RANGE[2]);

describe("random worlds", () => {
  const results: RunResult[] = [];

  test(`of numbers ${FROM} to ${TO} raise no alarm`, { timeout: 600_000 }, () => {
    for (let number = FROM; number <= TO; number++) {
      const result = executeScenario(randomStory(number), `${number}`);
      results.push(result);
      const alarm = result.violation === null ? "" : `${result.violation.property}: ${result.violation.text}`;
      expect({ number, verdict: result.verdict, alarm }).toEqual({ number, verdict: "held", alarm: "" });
    }
  });

  test("reach what the properties are about", () => {
    const reached = new Map<string, number>();
    for (const { coverage } of results) {
      for (const [name, count] of Object.entries(coverage)) reached.set(name, (reached.get(name) ?? 0) + count);
    }
    for (const name of [
      "election",
      "leader-change",
      "step-down",
      "snapshot-installed",
      "compaction",
      "config-change",
      "crash",
      "restart",
      "message-lost",
      "operation-ok",
      "operation-unknown",
      "stale-read",
      "uncommitted-overwritten",
      "watch-event",
      "lease-expired",
    ]) {
      expect({ name, reached: (reached.get(name) ?? 0) > 0 }).toEqual({ name, reached: true });
    }
    const kinds = new Set(
      results.flatMap((result) => result.faults.filter((one) => one.status !== "ineffective").map((one) => one.kind)),
    );
    expect(kinds.size).toBeGreaterThan(20);
  });
});

/** Each of these raised an alarm once. */
const MENDED: Readonly<Record<string, string>> = {
  "entries go one by one where messages have no room for more": `
duration: 12s
cluster: { members: 3, raft: { maxSizePerMsg: 0B } }
workload: { clients: 2, rate: 10/s, ops: { put: 1, get: 1 } }
expect: [{ sometimes: write-ok >= 40 }]`,
  "what was delayed stands before what follows when the delay is over": `
duration: 12s
cluster: { members: 3, raft: { heartbeat: 10ms, election: 100ms } }
faults: [{ at: 3s, delay: { add: 4s, p: 30% }, for: 500ms }]`,
  "a client that was content with its lease for half a minute asks for a write": `
seed: 2
seeds: own
duration: 36s
cluster: { members: 3 }
workload:
  - { name: nodes, kind: lease, clients: 1, closed: 4.096s, ops: { get: 1 }, keys: { count: 1 }, ttl: 8s, hold: 34s }
faults:
  - { at: 9s, partition: { isolate: n3 }, for: 5s }
  - { at: 9s, disk: { on: n2, stall: true } }`,
  "a leader that stands still as soon as it is elected counts leases from when it goes on": `
seed: 7
seeds: own
duration: 36s
cluster: { members: 3 }
network: { clientLatency: 1ms }
workload:
  - { name: nodes, kind: lease, clients: 1, closed: 4.096s, ops: { get: 1 }, keys: { count: 1 }, from: 2.192s, until: 2.337s, ttl: 10s, hold: 35s }
faults:
  - { at: 3s, partition: { isolate: n3 }, for: 3s }
  - { at: 2.2s, client: { pause: clients } }
  - { at: 11.9s, partition: { isolate: n2 }, for: 4s }
  - { at: 11s, partition: { isolate: n2 }, for: 3s }
  - { at: 12s, pause: n3 }
  - { at: 12s, delay: { to: leader, types: [MsgAppResp, MsgHeartbeatResp], add: 800ms }, for: 16s }
  - { at: 18s, pause: n1, for: 10s }`,
  "a cluster restored from a backup keeps the users and roles of the backup": `
seed: 39
seeds: own
duration: 6s
cluster: { members: 2, leaseCheckpoint: 1s }
network: { latency: 40ms }
workload:
  - { name: users, kind: auth, clients: 2, closed: 100ms, ops: { get: 1 }, keys: { count: 1 }, from: 1.373s, ttl: 20s, hold: 500ms }
faults:
  - { at: 3.3s, crash: n1 }
  - { at: 3.3s, backup: { as: b11 } }
  - { at: 4s, restore: { snapshot: b11, members: [n1, n2], bumpRevision: 1000000000, markCompacted: true } }`,
  "a client that slept as it was granted a lock says so when others have had it since": `
seed: 14
seeds: own
duration: 11s
cluster: { members: 4, raft: { heartbeat: 50ms, election: 500ms } }
workload:
  - { name: kv, clients: 3, closed: 10.24s, ops: { txnAt: 1 }, keys: { count: 1 }, until: 158ms }
  - { name: nodes, kind: lease, clients: 2, closed: 4.096s, ops: { get: 1 }, keys: { count: 1 }, until: 158ms, ttl: 3s, hold: 6s }
  - { name: turns, kind: lock, clients: 3, closed: 4.096s, ops: { get: 1 }, keys: { count: 1 }, until: 158ms, ttl: 3s }
faults:
  - { at: 2.173s, client: { pause: c8 }, for: 8s }
expect: [{ always: fencing-monotonic }]`,
  "leases are renewed through any member, however often is noted what is left of them": `
duration: 20s
cluster: { members: 3, leaseCheckpoint: 500ms }
workload: { name: nodes, kind: lease, clients: 3, ttl: 6s, hold: 20s }
expect: [{ never: operation-failed >= 1 }, { sometimes: operation-ok >= 30 }]`,
  "an election timeout of two heartbeats meets lost messages where each of two is needed for a quorum": `
seed: 15
seeds: own
duration: 14s
cluster: { members: 3, raft: { election: 200ms }, quota: 28KiB, leaseCheckpoint: 16s }
network: { clientLatency: 1ms, loss: 10% }
faults: [{ at: 5s, partition: { isolate: n3 } }]`,
  "a member that starts again grants no lease by the number of one that it granted before": `
seed: 1000040
seeds: own
duration: 12s
cluster: { members: 1 }
network: { clientLatency: 1ms }
workload: { name: turns, kind: lock, clients: 2, closed: 4.096s, ops: { get: 1 }, keys: { count: 1 }, until: 10.014s, ttl: 3s, hold: 8s }
faults:
  - { at: 1s, clock: { on: n1, drift: 100% } }
  - { at: 8s, delay: { from: c2, types: request, add: 1.5s }, for: 1s }
  - { at: 7.4s, disk: { on: n1, error: fsync, p: 37% }, for: 1.5s }
  - { at: 9s, restart: n1 }`,
  "one of two makes itself a learner, and word of it is lost": `
seed: 55543955911822
duration: 28s
cluster:
  members: 1
  raft: { heartbeat: 20ms, election: 200ms, checkQuorum: false, maxInflight: 7 }
  snapshot: { every: 2 entries, keep: 2, catchUp: 1 entries }
  leaseCheckpoint: 16s
network: { loss: 5% }
workload: { clients: 4, closed: 10ms, ops: { put: 4, getSerializable: 3, cas: 1, txn: 2 }, keys: { count: 1, dist: zipf }, until: 6953ms, timeout: 500ms }
faults:
  - { at: 2207ms, crash: { on: leader, unsynced: keep }, for: 14ms }
  - { at: 3323ms, member: { add: n2 } }
  - { at: 3333ms, crash: { on: leader, unsynced: tear }, for: 446ms }
  - { at: 3482ms, slow: { on: followers, apply: 320ms }, for: 16s }
  - { at: 5107ms, crash: n1, for: 302ms }
  - { at: 6017ms, slow: { on: leader, apply: 80ms }, for: 31ms }
  - { at: 6312ms, member: { demote: n1 } }`,
  "an old leader wakes up slowly and has yet to see how late it is": `
seed: 1
duration: 8s
cluster: { members: 3, raft: { readOnly: lease } }
workload: { clients: 3, rate: 60/s, ops: { put: 1 }, until: 7s, timeout: 500ms }
faults:
  - { at: 1s, transferLeader: n1 }
  - { at: 3s, pause: n1, for: 3s }
  - { at: 3s, slow: { on: n1, cpu: 20ms }, for: 4s }
expect: [{ sometimes: two-leaders }]`,
  "an operator takes a member for removed because one far behind does not know it": `
duration: 14s
cluster: { members: 3, raft: { heartbeat: 20ms, election: 200ms } }
faults:
  - { at: 10ms, campaign: n2 }
  - { at: 6s, partition: { isolate: n1 }, for: 3s }
  - { at: 6s, member: { add: n4 } }
  - { at: 7s, crash: [n2, n3], for: 2s }
  - { at: 7s, member: { remove: n4 } }
  - { at: 9500ms, transferLeader: n2 }
  - { at: 10s, client: { op: maintenance/transfer-leadership, via: n2, with: { targetID: n4 }, expect: ok } }`,
  "an election timeout of two heartbeats meets lost messages and nobody asks before it stands": `
duration: 14s
cluster: { members: 3, raft: { heartbeat: 100ms, election: 200ms, preVote: false } }
network: { loss: 15% }
expect: [{ sometimes: leader-change >= 4 }]`,
  "a deposed leader that waits for its disk has noted what was left of a lease": `
seed: 1
duration: 26s
cluster: { members: 3, leaseCheckpoint: 2s }
faults:
  - { at: 1s, transferLeader: n1 }
  - { at: 2s, client: { op: lease/grant, via: n1, with: { ID: 7, TTL: 20 }, expect: ok } }
  - { at: 4s, disk: { on: n1, stall: true }, for: 12s }
  - { at: 4s, client: { op: put, key: a, value: b, via: n1 } }
  - { at: 10s, transferLeader: n2 }
  - { at: 15s, client: { op: lease/keepalive, via: n2, with: { ID: 7 }, expect: ok } }
  - { at: 16500ms, transferLeader: n3 }`,
  "leases are renewed at a leader that nobody hears any more": `
duration: 29s
cluster: { members: 3, leaseCheckpoint: 2s }
faults:
  - { at: 1s, transferLeader: n1 }
  - { at: 2s, client: { op: lease/grant, via: n1, with: { ID: 7, TTL: 20 }, expect: ok } }
  - { at: 2s, client: { op: lease/grant, via: n1, with: { ID: 8, TTL: 20 }, expect: ok } }
  - { at: 14s, partition: { isolate: n1, oneWay: out }, for: 3s }
  - { at: 14s, client: { op: lease/keepalive, via: n1, with: { ID: 7 } } }
  - { at: 14s, client: { op: lease/keepalive, via: n2, with: { ID: 8 } } }
  - { at: 14050ms, crash: n2, for: 100ms }`,
  "a path that is held up for half a minute carries a heartbeat each millisecond": `
seed: 1
duration: 24s
cluster: { members: 2, raft: { heartbeat: 1ms, election: 100ms, checkQuorum: false } }
faults:
  - { at: 1s, transferLeader: n1 }
  - { at: 2s, delay: { from: n1, to: n2, add: 30s } }`,
};

describe("a world in which", () => {
  test.each(Object.entries(MENDED))("%s raises no alarm", (_title, text) => {
    const { scenario, problems } = parseScenario(`name: mended\n${text}\n`);
    expect(problems).toEqual([]);
    const own = scenario?.seed ?? null;
    for (const seed of own === null ? ["1", "2", "3"] : [own]) {
      const result = executeScenario(scenario as Scenario, seed);
      expect({ seed, verdict: result.verdict, alarm: result.violation?.text ?? "" }).toEqual({
        seed,
        verdict: "held",
        alarm: "",
      });
    }
  });
});

test("a grant is judged by what the client was told of its lock, whatever it heard beside it", () => {
  const plan = { kind: "lock", fenced: false } as ProgramPlan;
  /** What comes of a first grant with token 5, heard of at revision 18, and then one with token 3. */
  const orderOf = (told: number): string[] => {
    const ghost = createGhost();
    ghost.modelPruned = 100;
    const properties: string[] = [];
    const out: Findings = { report: (property) => void properties.push(property) };
    const grant = (id: number, token: number, revision: number): void =>
      checkFact(
        ghost,
        out,
        { id, revision: 30 } as Client,
        plan,
        { kind: "acquired", name: "l", token, revision, key: `l/${token}`, lease: "1" },
        0,
      );
    grant(1, 5, 18);
    grant(2, 3, told);
    return properties.filter((property) => property === "fencing-monotonic");
  };
  expect(orderOf(19)).toEqual(["fencing-monotonic"]);
  expect(orderOf(12)).toEqual([]);
});
