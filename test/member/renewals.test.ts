/** Leases that clients of a follower renew: the leader does it, and whoever asked is told. */

import { expect, test } from "vitest";
import { LeaseGrantRequest } from "../../src/etcd/api.ts";
import type { Call } from "../../src/etcd/call.ts";
import { ClientRequest } from "../../src/kernel/request.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { startProcess, stopProcess } from "../../src/world/life.ts";
import { advanceTo, begin, leaderIn, memberIn, processIn } from "../world/story.ts";

const SECOND = 1_000_000;
const LEASE = "77";

/** Asks a member; the answers come into `told` by the number of the client. */
function ask(run: ScenarioRun, client: number, member: number, body: Call): void {
  run.run.context.sendRequest(member, new ClientRequest(client, 1, 1, body));
}

/** A cluster in which a lease is granted and a checkpoint of it has been taken, a follower, and what clients are told. */
function leased(): { run: ScenarioRun; follower: number; told: Map<number, number> } {
  const run = begin(`
duration: 30s
cluster: { members: 3, leaseCheckpoint: 2s }
network: { latency: 1ms, clientLatency: 1ms }`);
  const told = new Map<number, number>();
  run.run.context.reply = (request) => told.set(request.client, run.run.world.atMicros);
  advanceTo(run, 4 * SECOND);
  ask(run, 1000, leaderIn(run), { call: "request", request: new LeaseGrantRequest(LEASE, 60) });
  while (!run.advance(1) && remaining(run) === 0) {
    // Until the checkpoint is applied by the leader.
  }
  const at = run.run.world.atMicros;
  advanceTo(run, at + SECOND / 10);
  expect(told.has(1000)).toBe(true);
  return { run, follower: [1, 2, 3].find((id) => id !== leaderIn(run)) as number, told };
}

function remaining(run: ScenarioRun): number {
  const { store } = processIn(run, leaderIn(run)).disk.backend as {
    store: { leases: Map<string, { remainingSeconds: number }> };
  };
  return store.leases.get(LEASE)?.remainingSeconds ?? 0;
}

test("all who renew one lease through a follower are told as soon as its checkpoint is taken back, once", () => {
  const { run, follower, told } = leased();
  const { log } = memberIn(run, leaderIn(run)).raft;
  const [before, at] = [log.last, run.run.world.atMicros];
  for (const client of [1001, 1002, 1003]) ask(run, client, follower, { call: "lease-keep-alive", id: LEASE });
  advanceTo(run, at + SECOND / 5);
  expect([1001, 1002, 1003].map((client) => told.has(client))).toEqual([true, true, true]);
  expect(log.last).toBe(before + 1);
  expect(remaining(run)).toBe(0);
});

test("what a leader proposed in an earlier term is not waited for", () => {
  const run = begin(`
duration: 40s
cluster: { members: 3, leaseCheckpoint: 2s }
network: { latency: 1ms, clientLatency: 1ms }
faults:
  - { at: 100ms, campaign: n1 }
  - { at: 8900ms, partition: { isolate: n1 }, for: 4s }
  - { at: 15s, transferLeader: n1 }`);
  const told = new Map<number, number>();
  run.run.context.reply = (request) => told.set(request.client, run.run.world.atMicros);
  advanceTo(run, 4 * SECOND);
  expect(leaderIn(run)).toBe(1);
  ask(run, 1000, 1, { call: "request", request: new LeaseGrantRequest(LEASE, 600) });
  advanceTo(run, 9 * SECOND);
  // Nobody hears it: a long tail, and a checkpoint that is to be taken back at its end.
  for (let n = 0; n < 40; n++)
    ask(run, 2000 + n, 1, { call: "request", request: new LeaseGrantRequest(`${n + 1}`, 60) });
  advanceTo(run, 9 * SECOND + 100_000);
  ask(run, 1001, 1, { call: "lease-keep-alive", id: LEASE });
  advanceTo(run, 9 * SECOND + 200_000);
  expect(memberIn(run, 1).takenBack).toHaveLength(1);
  advanceTo(run, 21 * SECOND);
  expect(leaderIn(run)).toBe(1);
  expect(remaining(run)).toBeGreaterThan(0);
  ask(run, 1002, 1, { call: "lease-keep-alive", id: LEASE });
  advanceTo(run, 21 * SECOND + 100_000);
  expect(told.has(1002)).toBe(true);
});

test("a member asks by numbers that no boot of it asked by before: a late answer is nobody's", () => {
  const { run, follower } = leased();
  const numbers: number[] = [];
  for (const boot of [1, 2]) {
    expect(processIn(run, follower).boot).toBe(boot);
    const at = run.run.world.atMicros;
    ask(run, 1000 + boot, follower, { call: "lease-keep-alive", id: LEASE });
    while (memberIn(run, follower).pendingCalls.every(({ asked }) => asked === 0) && !run.advance(1)) {
      expect(run.run.world.atMicros).toBeLessThan(at + 3 * SECOND);
    }
    numbers.push(memberIn(run, follower).pendingCalls[0]?.asked as number);
    if (boot === 1) {
      stopProcess(run.run.world, run.run.context, follower, "lose");
      startProcess(run.run.world, run.run.context, follower);
      advanceTo(run, run.run.world.atMicros + SECOND);
    }
  }
  expect(new Set(numbers).size).toBe(2);
});
