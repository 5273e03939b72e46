import { expect, test } from "vitest";
import {
  addInflight,
  createProgress,
  freeInflights,
  isInflightFull,
  maybeDecreaseTo,
  ProgressState,
} from "../../src/raft/progress.ts";
import {
  advance,
  campaign,
  hasReady,
  type Message,
  MessageType,
  propose,
  ready,
  StepError,
  step,
  tick,
} from "../../src/raft/raft.ts";
import { progressOf } from "../../src/raft/tracker.ts";
import {
  type Cluster,
  Command,
  createCluster,
  elect,
  heal,
  partition,
  raftOf,
  settle,
  snapshotAt,
  ticks,
  values,
  work,
  write,
} from "./cluster.ts";

function appends(cluster: Cluster, to: number): Message[] {
  return cluster.queue.filter((message) => message.type === MessageType.MsgApp && message.to === to);
}

test("no more appends are on the way to a follower than the window allows", () => {
  const cluster = createCluster(3, { maxInflightMsgs: 4 });
  elect(cluster, 1);
  for (let k = 0; k < 20; k++) {
    propose(raftOf(cluster, 1), new Command(k), cluster.env);
    work(cluster, 1);
  }
  expect(appends(cluster, 2)).toHaveLength(4);
  settle(cluster);
  expect(values(cluster, 3)).toHaveLength(20);
});

test("no more payload bytes are on the way than the window allows, but for one append", () => {
  const cluster = createCluster(3, { maxSizePerMsg: 100, maxInflightBytes: 100 });
  elect(cluster, 1);
  for (let k = 0; k < 20; k++) {
    propose(raftOf(cluster, 1), new Command(k, 60), cluster.env);
    work(cluster, 1);
  }
  expect(appends(cluster, 2)).toHaveLength(2);
  settle(cluster);
  expect(values(cluster, 2)).toHaveLength(20);
});

test("an append carries entries up to its byte limit", () => {
  const cluster = createCluster(3, { maxSizePerMsg: 64 });
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  for (let k = 0; k < 30; k++) write(cluster, 1, k);
  heal(cluster);
  const sizes: number[] = [];
  cluster.filter = (message) => {
    if (message.type === MessageType.MsgApp && message.to === 3)
      sizes.push(message.entries.reduce((sum, entry) => sum + entry.size, 0));
    return true;
  };
  ticks(cluster, 2);
  expect(values(cluster, 3)).toHaveLength(30);
  expect(Math.max(...sizes)).toBeGreaterThan(30);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
});

test("a leader refuses proposals beyond its limit of uncommitted bytes, and takes them again once some are applied", () => {
  const cluster = createCluster(3, { maxUncommittedEntriesSize: 25 });
  elect(cluster, 1);
  partition(cluster, [1], [2, 3]);
  const errors = [1, 2, 3, 4].map((value) => propose(raftOf(cluster, 1), new Command(value, 10), cluster.env));
  expect(errors).toEqual([null, null, StepError.ProposalDropped, StepError.ProposalDropped]);
  heal(cluster);
  settle(cluster);
  ticks(cluster, 2);
  expect(propose(raftOf(cluster, 1), new Command(5, 10), cluster.env)).toBe(null);
});

test("a single proposal larger than the limit of uncommitted bytes is taken when nothing is waiting", () => {
  const cluster = createCluster(1, { maxUncommittedEntriesSize: 25 });
  elect(cluster, 1);
  expect(propose(raftOf(cluster, 1), new Command(1, 1000), cluster.env)).toBe(null);
});

test("committed entries are handed out in pages, and the next one after the last is applied", () => {
  const cluster = createCluster(1, { maxCommittedSizePerReady: 40 });
  elect(cluster, 1);
  const raft = raftOf(cluster, 1);
  for (let k = 0; k < 9; k++) propose(raft, new Command(k), cluster.env);
  const pages: number[] = [];
  for (let rounds = 0; hasReady(raft) && rounds < 50; rounds++) {
    const taken = ready(raft);
    if (taken.committedEntries.length > 0) pages.push(taken.committedEntries.length);
    // Until the page is applied nothing more is handed out.
    expect(hasReady(raft)).toBe(false);
    advance(raft, cluster.env);
  }
  // An entry of 8 payload bytes takes 14, so two of them fit.
  expect(pages).toEqual([2, 2, 2, 2, 1]);
});

test("a heartbeat response lets a paused probe try again", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  const progress = progressOf(raftOf(cluster, 1).tracker, 2)!;
  partition(cluster, [2], [1]);
  progress.state = ProgressState.Probe;
  write(cluster, 1, 1);
  expect(progress.flowPaused).toBe(true);
  heal(cluster);
  ticks(cluster, 1);
  expect(progress.state).toBe(ProgressState.Replicate);
  expect(values(cluster, 2)).toEqual([1]);
});

test("a follower whose entries are compacted gets a snapshot and then entries again", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  for (let k = 0; k < 300; k++) write(cluster, 1, k);
  snapshotAt(cluster, 1);
  let snapshots = 0;
  cluster.filter = (message) => {
    if (message.type === MessageType.MsgSnap) snapshots++;
    return true;
  };
  ticks(cluster, 12);
  heal(cluster);
  ticks(cluster, 4);
  write(cluster, 1, -1);
  expect(snapshots).toBe(1);
  expect(values(cluster, 3)).toEqual(values(cluster, 1));
  expect(raftOf(cluster, 3).log.snapshotIndex).toBeGreaterThan(300);
});

test("a snapshot is not sent to a member that does not answer", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  for (let k = 0; k < 5; k++) write(cluster, 1, k);
  snapshotAt(cluster, 1);
  ticks(cluster, 25);
  const progress = progressOf(raftOf(cluster, 1).tracker, 3)!;
  progress.state = ProgressState.Probe;
  progress.flowPaused = false;
  progress.next = 2;
  propose(raftOf(cluster, 1), new Command(9), cluster.env);
  expect(progress.state).toBe(ProgressState.Probe);
});

test("an old rejection does not rewind what is known to match", () => {
  const progress = createProgress(2, 10, false);
  progress.state = ProgressState.Replicate;
  progress.match = 5;
  expect(maybeDecreaseTo(progress, 5, 3)).toBe(false);
  expect(maybeDecreaseTo(progress, 7, 3)).toBe(true);
  expect(progress.next).toBe(6);
  progress.state = ProgressState.Probe;
  progress.next = 9;
  expect(maybeDecreaseTo(progress, 4, 2)).toBe(false);
  expect(maybeDecreaseTo(progress, 8, 6)).toBe(true);
  expect(progress.next).toBe(7);
});

test("the window is a ring that frees from its start and grows when it must", () => {
  const progress = createProgress(2, 1, false);
  let index = 0;
  let freed = 0;
  const live: number[] = [];
  for (let k = 0; k < 500; k++) {
    const count = (k * 7) % 11;
    for (let j = 0; j < count; j++) {
      addInflight(progress, ++index, 2);
      live.push(index);
    }
    freed = Math.min(index, freed + ((k * 5) % 12));
    freeInflights(progress, freed);
    while (live.length > 0 && live[0]! <= freed) live.shift();
    expect([progress.inflightCount, progress.inflightBytes]).toEqual([live.length, live.length * 2]);
  }
  expect(isInflightFull(progress, live.length, 0)).toBe(true);
  expect(isInflightFull(progress, live.length + 1, 0)).toBe(false);
  expect(isInflightFull(progress, live.length + 1, live.length * 2)).toBe(live.length > 0);
});

test("steps and ticks between a Ready and its advance are taken, as while a disk write is under way", () => {
  const cluster = createCluster(3);
  const raft = raftOf(cluster, 1);
  campaign(raft, cluster.env);
  const taken = ready(raft);
  for (let k = 0; k < 3; k++) tick(raft, cluster.env);
  expect(taken.messages.map((message) => message.to)).toEqual([2, 3]);
  step(raft, taken.messages[0]!, cluster.env);
  expect(raft.role).toBe(3);
});
