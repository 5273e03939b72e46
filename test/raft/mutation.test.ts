/** Each planted bug, by the smallest story in which it changes what happens. */

import { expect, test } from "vitest";
import { createEntry } from "../../src/raft/entry.ts";
import { termAt } from "../../src/raft/log.ts";
import {
  applyConfChange,
  type ConfChange,
  ConfChangeType,
  campaign,
  compactLog,
  confChangeV1,
  confChangeV2,
  confStateOf,
  type Entry,
  Message,
  MessageType,
  NO_ENTRIES,
  NO_RAFT_MUTATIONS,
  propose,
  proposeConfChange,
  type RaftMutations,
  Role,
  readIndex,
  ready,
  Snapshot,
  step,
  tick,
  transferLeader,
} from "../../src/raft/raft.ts";
import {
  type Cluster,
  Command,
  crash,
  createCluster,
  elect,
  heal,
  leaders,
  member,
  mutated,
  type Options,
  partition,
  raftOf,
  restart,
  settle,
  ticks,
  values,
  work,
  write,
} from "./cluster.ts";

type Story = (cluster: (n: number, options?: Options) => Cluster) => unknown;

/** `[options-free story, what correct Raft gives, what the mutation gives]` */
const stories: { readonly [K in keyof RaftMutations]: readonly [Story, unknown, unknown] } = {
  voteClearedInSameTerm: [
    (make) => {
      const cluster = make(4, plain);
      const one = raftOf(cluster, 1);
      campaign(one, cluster.env);
      work(cluster, 1);
      step(one, append(2, 1, 1, 1, 1, []), cluster.env);
      return one.vote;
    },
    1,
    0,
  ],
  duplicateVoteCounted: [
    (make) => {
      const cluster = make(5, plain);
      campaign(raftOf(cluster, 1), cluster.env);
      work(cluster, 1);
      for (let k = 0; k < 2; k++) step(raftOf(cluster, 1), plainOf(MessageType.MsgVoteResp, 2, 1, 1), cluster.env);
      return raftOf(cluster, 1).role;
    },
    Role.Candidate,
    Role.Leader,
  ],
  voteComparesLengthOnly: [
    (make) => {
      const cluster = make(3, plain);
      elect(cluster, 1);
      partition(cluster, [1], [2, 3]);
      for (let k = 0; k < 5; k++) write(cluster, 1, k);
      elect(cluster, 2);
      heal(cluster);
      crash(cluster, 1);
      restart(cluster, 1);
      elect(cluster, 1);
      elect(cluster, 1);
      return leaders(cluster).includes(1);
    },
    false,
    true,
  ],
  quorumOfReachable: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      partition(cluster, [1], [2, 3]);
      ticks(cluster, 80);
      return [leaders(cluster).length, write(cluster, 1, 7), values(cluster, 1)];
    },
    [1, "raft proposal dropped", []],
    [2, null, [7]],
  ],
  fixedElectionTimeouts: [(make) => raftOf(make(3, { timeout: () => 17 }), 3).randomizedElectionTimeout, 17, 10],
  commitPriorTermByCount: [
    (make) => {
      const cluster = make(3, plain);
      elect(cluster, 1);
      const before = raftOf(cluster, 1).log.last;
      partition(cluster, [1], [2, 3]);
      write(cluster, 1, 5);
      heal(cluster);
      crash(cluster, 1);
      restart(cluster, 1);
      cluster.filter = (message) => message.type !== MessageType.MsgApp;
      elect(cluster, 1);
      step(raftOf(cluster, 1), appendResponse(2, 1, 2, before + 1), cluster.env);
      return raftOf(cluster, 1).log.committed >= before + 1;
    },
    false,
    true,
  ],
  truncateOnAnyAppend: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      const [a, b, c] = chain(1, 3);
      step(raft, append(1, 2, 1, 1, 1, [a!, b!, c!]), cluster.env);
      step(raft, append(1, 2, 1, 1, 1, [a!]), cluster.env);
      return raft.log.last;
    },
    4,
    2,
  ],
  conflictingTailKept: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      step(raft, append(1, 2, 1, 1, 1, chain(1, 3)), cluster.env);
      step(raft, append(3, 2, 2, 1, 1, chain(2, 1)), cluster.env);
      return [raft.log.last, termAt(raft.log, 2), termAt(raft.log, 4)];
    },
    [2, 2, 0],
    [4, 2, 1],
  ],
  commitBeyondVerifiedPrefix: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      step(raft, append(1, 2, 1, 1, 1, chain(1, 3)), cluster.env);
      step(raft, append(3, 2, 2, 1, 1, [], 4), cluster.env);
      return raft.log.committed;
    },
    1,
    4,
  ],
  staleSnapshotRollsBack: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      step(raft, append(1, 2, 1, 1, 1, chain(1, 4), 5), cluster.env);
      work(cluster, 2);
      step(raft, snapshotMessage(1, 2, 1, 3, 1), cluster.env);
      return [raft.log.last, raft.log.committed];
    },
    [5, 5],
    [3, 3],
  ],
  snapshotKeepsConflictingTail: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      step(raft, append(1, 2, 1, 1, 1, chain(1, 6)), cluster.env);
      step(raft, snapshotMessage(3, 2, 2, 5, 2), cluster.env);
      return [raft.log.last, termAt(raft.log, 5)];
    },
    [5, 2],
    [7, 1],
  ],
  purgedPrefixTreatedAsConflict: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      const entries = chain(1, 8);
      step(raft, append(1, 2, 1, 1, 1, entries, 5), cluster.env);
      work(cluster, 2);
      compactLog(raft.log, 5);
      step(raft, append(1, 2, 1, 3, 1, entries.slice(2, 3)), cluster.env);
      return raft.log.last;
    },
    9,
    5,
  ],
  singleServerChangeUnsafe: [
    (make) => {
      const cluster = make(4, plain);
      cluster.filter = (message) => message.type !== MessageType.MsgApp;
      elect(cluster, 1);
      proposeConfChange(raftOf(cluster, 1), confChangeV1(ConfChangeType.RemoveNode, 4), cluster.env);
      return raftOf(cluster, 1).tracker.membership.voters;
    },
    [1, 2, 3, 4],
    [1, 2, 3],
  ],
  overlappingConfigChanges: [
    (make) => {
      const cluster = make(5, { checkQuorum: false });
      elect(cluster, 1);
      partition(cluster, [1, 2], [3, 4, 5]);
      for (const id of [3, 4, 5]) {
        proposeConfChange(raftOf(cluster, 1), confChangeV1(ConfChangeType.RemoveNode, id), cluster.env);
        settle(cluster);
      }
      write(cluster, 1, 9);
      return values(cluster, 1);
    },
    [],
    [9],
  ],
  campaignWithUnappliedConfig: [
    (make) => {
      const cluster = make(3, plain);
      const raft = raftOf(cluster, 2);
      const change = createEntry(2, 1, 1, confChangeV1(ConfChangeType.AddNode, 4), 0);
      step(raft, append(1, 2, 1, 1, 1, [change], 2), cluster.env);
      ready(raft);
      campaign(raft, cluster.env);
      return raft.role;
    },
    Role.Follower,
    Role.Candidate,
  ],
  jointUnionMajority: [
    (make) => {
      const cluster = make(5, { voters: [1, 2, 3], checkQuorum: false });
      elect(cluster, 1);
      const change: ConfChange = confChangeV2(
        [
          { type: ConfChangeType.AddNode, nodeId: 4 },
          { type: ConfChangeType.AddNode, nodeId: 5 },
          { type: ConfChangeType.RemoveNode, nodeId: 2 },
          { type: ConfChangeType.RemoveNode, nodeId: 3 },
        ],
        2,
      );
      const leader = raftOf(cluster, 1);
      applyConfChange(leader, change, cluster.env);
      settle(cluster);
      ticks(cluster, 3);
      partition(cluster, [1, 4, 5], [2, 3]);
      const before = leader.log.committed;
      write(cluster, 1, 3);
      return leader.log.committed > before;
    },
    false,
    true,
  ],
  removedServerDisrupts: [disruption, 1, 6],
  noPrevotePartialPartition: [disruption, 1, 6],
  readFromStaleLeader: [readAlone, 0, 1],
  readindexBeforeTermCommit: [
    (make) => {
      const cluster = make(3, plain);
      // Twice, because the log starts with an entry of term 1.
      elect(cluster, 2);
      cluster.filter = (message) => message.type !== MessageType.MsgApp;
      elect(cluster, 1);
      readIndex(raftOf(cluster, 1), 4, cluster.env);
      settle(cluster);
      return member(cluster, 1).reads.length;
    },
    0,
    1,
  ],
  readindexStaleAcks: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      const leader = raftOf(cluster, 1);
      readIndex(leader, 1, cluster.env);
      work(cluster, 1);
      const old = cluster.queue;
      cluster.queue = [];
      readIndex(leader, 2, cluster.env);
      readIndex(leader, 1, cluster.env);
      work(cluster, 1);
      cluster.queue = old;
      settle(cluster);
      return member(cluster, 1).reads.map((state) => state.context);
    },
    [1],
    [2, 1],
  ],
  leaseReadClockDrift: [
    (make) => {
      const cluster = make(3, { readOnly: "lease-based" });
      elect(cluster, 1);
      ticks(cluster, 2);
      partition(cluster, [1], [2, 3]);
      ticks(cluster, 9, [1]);
      readIndex(raftOf(cluster, 1), 4, cluster.env);
      work(cluster, 1);
      return [raftOf(cluster, 1).role, member(cluster, 1).reads.length];
    },
    [Role.Leader, 0],
    [Role.Leader, 1],
  ],
  leaseReadAfterTransfer: [
    (make) => {
      const cluster = make(3, { readOnly: "lease-based" });
      elect(cluster, 1);
      ticks(cluster, 2);
      cluster.filter = (message) => message.type !== MessageType.MsgTimeoutNow;
      transferLeader(raftOf(cluster, 1), 2, cluster.env);
      settle(cluster);
      ticks(cluster, 12);
      const before = member(cluster, 1).reads.length;
      readIndex(raftOf(cluster, 1), 4, cluster.env);
      work(cluster, 1);
      return member(cluster, 1).reads.length - before;
    },
    0,
    1,
  ],
  transferBlocksProposals: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      partition(cluster, [3], [1, 2]);
      transferLeader(raftOf(cluster, 1), 3, cluster.env);
      settle(cluster);
      ticks(cluster, 30);
      return write(cluster, 1, 1);
    },
    null,
    "raft proposal dropped",
  ],
  prevoteWithoutStickiness: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      ticks(cluster, 2);
      campaign(raftOf(cluster, 3), cluster.env);
      work(cluster, 3);
      step(raftOf(cluster, 2), cluster.queue.find((message) => message.to === 2)!, cluster.env);
      return ready(raftOf(cluster, 2)).messages.length;
    },
    0,
    1,
  ],
  halfOpenLeader: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      cluster.cut.add("2>1");
      cluster.cut.add("3>1");
      ticks(cluster, 40);
      return raftOf(cluster, 1).role === Role.Leader;
    },
    false,
    true,
  ],
  prevoteResponseLocalTerm: [
    (make) => {
      const cluster = make(3, { checkQuorum: false });
      elect(cluster, 1);
      step(raftOf(cluster, 2), voteRequest(MessageType.MsgPreVote, 3, 2, 9), cluster.env);
      return ready(raftOf(cluster, 2)).messages.at(-1)!.term;
    },
    9,
    1,
  ],
  prevoteMixedRollout: [
    (make) => {
      const cluster = make(3);
      elect(cluster, 1);
      step(raftOf(cluster, 2), append(3, 2, 0.5, 1, 1, []), cluster.env);
      return ready(raftOf(cluster, 2)).messages.length;
    },
    1,
    0,
  ],
};

const plain: Options = { preVote: false, checkQuorum: false };

/** A member is cut off for a while and comes back: the term afterwards. */
function disruption(make: (n: number, options?: Options) => Cluster): number {
  const cluster = make(3);
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  ticks(cluster, 60);
  heal(cluster);
  ticks(cluster, 25);
  return Math.min(6, raftOf(cluster, 1).term);
}

/** Answers that a leader gives itself while it is cut off. */
function readAlone(make: (n: number, options?: Options) => Cluster): number {
  const cluster = make(3);
  elect(cluster, 1);
  partition(cluster, [1], [2, 3]);
  readIndex(raftOf(cluster, 1), 4, cluster.env);
  settle(cluster);
  tick(raftOf(cluster, 1), cluster.env);
  return member(cluster, 1).reads.length;
}

/** Entries from index 2 on, all of one term. */
function chain(term: number, count: number): Entry[] {
  const entries: Entry[] = [];
  for (let k = 0; k < count; k++) entries.push(createEntry(2 + k, term, 0, new Command(k), entries.at(-1)?.chain ?? 0));
  return entries;
}

function append(
  from: number,
  to: number,
  term: number,
  index: number,
  logTerm: number,
  entries: readonly Entry[],
  commit = 0,
): Message {
  return new Message(MessageType.MsgApp, to, from, term, logTerm, index, commit, 0, false, 0, entries, null, 0, []);
}

function appendResponse(from: number, to: number, term: number, index: number): Message {
  return new Message(MessageType.MsgAppResp, to, from, term, 0, index, 0, 0, false, 0, NO_ENTRIES, null, 0, []);
}

function plainOf(type: number, from: number, to: number, term: number): Message {
  return new Message(type, to, from, term, 0, 0, 0, 0, false, 0, NO_ENTRIES, null, 0, []);
}

function voteRequest(type: number, from: number, to: number, term: number): Message {
  return new Message(type, to, from, term, 9, 99, 0, 0, false, 0, NO_ENTRIES, null, 0, []);
}

function snapshotMessage(from: number, to: number, term: number, index: number, snapshotTerm: number): Message {
  const snapshot = new Snapshot(index, snapshotTerm, confStateOf([1, 2, 3]), 0, [], 0);
  return new Message(MessageType.MsgSnap, to, from, term, 0, 0, 0, 0, false, 0, NO_ENTRIES, snapshot, 0, []);
}

const names = Object.keys(NO_RAFT_MUTATIONS) as (keyof RaftMutations)[];

test.each(names)("%s changes what happens, and is off by default", (name) => {
  const [story, correct, wrong] = stories[name];
  const make = (mutations: RaftMutations) => (n: number, options?: Options) =>
    createCluster(n, { ...options, mutations });
  expect(NO_RAFT_MUTATIONS[name]).toBe(false);
  expect(story(make(NO_RAFT_MUTATIONS))).toEqual(correct);
  expect(story(make(mutated(name)))).toEqual(wrong);
});

test("a proposal without any mutation goes through", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  expect(propose(raftOf(cluster, 1), new Command(1), cluster.env)).toBe(null);
});
