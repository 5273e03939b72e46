import { expect, test } from "vitest";
import { type Message, MessageType, propose, Role, readIndex, tick } from "../../src/raft/raft.ts";
import {
  type Cluster,
  Command,
  crash,
  createCluster,
  elect,
  heal,
  member,
  partition,
  raftOf,
  restart,
  settle,
  ticks,
  work,
  write,
} from "./cluster.ts";

function reads(cluster: Cluster, id: number): [number, number][] {
  return member(cluster, id).reads.map((state) => [state.context, state.index]);
}

test("a leader answers a read with its commit index after a quorum confirmed that it leads", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  write(cluster, 1, 1);
  readIndex(raftOf(cluster, 1), 77, cluster.env);
  work(cluster, 1);
  expect(reads(cluster, 1)).toEqual([]);
  settle(cluster);
  expect(reads(cluster, 1)).toEqual([[77, 3]]);
});

test("a follower's read goes through the leader", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  write(cluster, 1, 1);
  readIndex(raftOf(cluster, 3), 78, cluster.env);
  settle(cluster);
  expect(reads(cluster, 3)).toEqual([[78, 3]]);
});

test("a leader that is cut off confirms no read", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  partition(cluster, [1], [2, 3]);
  readIndex(raftOf(cluster, 1), 5, cluster.env);
  ticks(cluster, 5, [1]);
  expect(raftOf(cluster, 1).role).toBe(Role.Leader);
  expect(reads(cluster, 1)).toEqual([]);
});

test("a read on a new leader waits for the first commit of its term", () => {
  const cluster = createCluster(3, { preVote: false, checkQuorum: false });
  elect(cluster, 1);
  write(cluster, 1, 1);
  cluster.filter = (message) => message.type !== MessageType.MsgApp;
  elect(cluster, 2);
  readIndex(raftOf(cluster, 2), 9, cluster.env);
  settle(cluster);
  expect(raftOf(cluster, 2).role).toBe(Role.Leader);
  expect(reads(cluster, 2)).toEqual([]);
  cluster.filter = null;
  ticks(cluster, 2);
  expect(reads(cluster, 2)).toEqual([[9, 4]]);
});

test("without a leader a read is dropped", () => {
  const cluster = createCluster(3);
  readIndex(raftOf(cluster, 1), 1, cluster.env);
  settle(cluster);
  expect(cluster.queue).toEqual([]);
  expect(reads(cluster, 1)).toEqual([]);
});

test("a periodic heartbeat repeats the confirmation of a read whose first round was lost", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  cluster.filter = (message) => message.type !== MessageType.MsgHeartbeat;
  readIndex(raftOf(cluster, 1), 6, cluster.env);
  settle(cluster);
  cluster.filter = null;
  expect(reads(cluster, 1)).toEqual([]);
  ticks(cluster, 1);
  expect(reads(cluster, 1)).toEqual([[6, 2]]);
});

test("confirming one read confirms all that came before it", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  for (const context of [1, 2, 3]) readIndex(raftOf(cluster, 1), context, cluster.env);
  work(cluster, 1);
  // Only the last round arrives.
  cluster.queue = cluster.queue.filter((message) => message.context === raftOf(cluster, 1).readRound);
  settle(cluster);
  expect(reads(cluster, 1).map(([context]) => context)).toEqual([1, 2, 3]);
});

test("an acknowledgement counts for no read that came after its round, even with the same request id", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  const leader = raftOf(cluster, 1);
  readIndex(leader, 1, cluster.env);
  work(cluster, 1);
  const old: Message[] = cluster.queue;
  cluster.queue = [];
  readIndex(leader, 2, cluster.env);
  readIndex(leader, 1, cluster.env);
  work(cluster, 1);
  cluster.queue = old;
  settle(cluster);
  expect(reads(cluster, 1).map(([context]) => context)).toEqual([1]);
});

test("a lone voter answers reads by itself, but not before it has committed in its term", () => {
  const cluster = createCluster(1);
  elect(cluster, 1);
  write(cluster, 1, 1);
  readIndex(raftOf(cluster, 1), 3, cluster.env);
  settle(cluster);
  expect(reads(cluster, 1)).toEqual([[3, 3]]);
});

const lease = { readOnly: "lease-based", electionTicks: 10, leaseMarginTicks: 2 } as const;

test("with a lease a leader answers reads at once", () => {
  const cluster = createCluster(3, lease);
  elect(cluster, 1);
  ticks(cluster, 2);
  readIndex(raftOf(cluster, 1), 4, cluster.env);
  work(cluster, 1);
  expect(reads(cluster, 1)).toEqual([[4, 2]]);
  expect(cluster.queue).toEqual([]);
});

test("without acknowledgements the lease ends before anyone else can be elected", () => {
  const cluster = createCluster(3, { ...lease, timeout: (id, electionTicks) => electionTicks + id - 2 });
  elect(cluster, 1);
  ticks(cluster, 3);
  partition(cluster, [1], [2, 3]);
  let answered = 0;
  let other = false;
  for (let k = 0; k < 20; k++) {
    ticks(cluster, 1);
    other ||= raftOf(cluster, 2).role === Role.Leader || raftOf(cluster, 3).role === Role.Leader;
    const before = member(cluster, 1).reads.length;
    readIndex(raftOf(cluster, 1), 100 + k, cluster.env);
    work(cluster, 1);
    if (member(cluster, 1).reads.length > before) {
      answered++;
      expect(other).toBe(false);
    }
  }
  expect(answered).toBeGreaterThan(0);
  expect(other).toBe(true);
});

test("a restarted voter with lease reads gives no vote for an election timeout", () => {
  const cluster = createCluster(3, { ...lease, preVote: false });
  elect(cluster, 1);
  crash(cluster, 2);
  restart(cluster, 2);
  partition(cluster, [1], [2, 3]);
  elect(cluster, 3);
  expect(raftOf(cluster, 2).vote).toBe(1);
  for (let k = 0; k < 10; k++) tick(raftOf(cluster, 2), cluster.env);
  heal(cluster);
  partition(cluster, [1], [2, 3]);
  elect(cluster, 3);
  expect(raftOf(cluster, 3).role).toBe(Role.Leader);
  expect(propose(raftOf(cluster, 3), new Command(1), cluster.env)).toBe(null);
});
