import { expect, test } from "vitest";
import {
  forgetLeader,
  hasReady,
  Message,
  MessageType,
  NO_ENTRIES,
  propose,
  Role,
  ready,
  StepError,
  step,
  transferLeader,
} from "../../src/raft/raft.ts";
import { Command, createCluster, elect, leaders, partition, raftOf, settle, ticks, write } from "./cluster.ts";

test("leadership goes to an up-to-date member without a timeout", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  ticks(cluster, 2);
  transferLeader(raftOf(cluster, 1), 3, cluster.env);
  settle(cluster);
  expect(leaders(cluster)).toEqual([3]);
});

test("a follower passes the request for a transfer on", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  transferLeader(raftOf(cluster, 2), 2, cluster.env);
  settle(cluster);
  expect(leaders(cluster)).toEqual([2]);
});

test("a member that lags is brought up to date first", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  for (let k = 0; k < 5; k++) write(cluster, 1, k);
  cluster.cut.clear();
  transferLeader(raftOf(cluster, 1), 3, cluster.env);
  settle(cluster);
  ticks(cluster, 1);
  expect(leaders(cluster)).toEqual([3]);
});

test("during a transfer proposals are dropped, and after an election timeout they are taken again", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  partition(cluster, [3], [1, 2]);
  transferLeader(raftOf(cluster, 1), 3, cluster.env);
  settle(cluster);
  expect(propose(raftOf(cluster, 1), new Command(1), cluster.env)).toBe(StepError.ProposalDropped);
  ticks(cluster, 10);
  expect(propose(raftOf(cluster, 1), new Command(1), cluster.env)).toBe(null);
});

test("a learner is no target", () => {
  const cluster = createCluster(3, { voters: [1, 2], learners: [3] });
  elect(cluster, 1);
  transferLeader(raftOf(cluster, 1), 3, cluster.env);
  settle(cluster);
  expect(raftOf(cluster, 1).leadTransferee).toBe(0);
  expect(leaders(cluster)).toEqual([1]);
});

test("a follower that forgets its leader votes at once", () => {
  const cluster = createCluster(3);
  elect(cluster, 1);
  ticks(cluster, 2);
  elect(cluster, 2);
  expect(leaders(cluster)).toEqual([1]);
  forgetLeader(raftOf(cluster, 3), cluster.env);
  settle(cluster);
  elect(cluster, 2);
  expect(raftOf(cluster, 2).role).toBe(Role.Leader);
});

test("local messages of others, responses of strangers and proposals without a leader are refused", () => {
  const cluster = createCluster(3);
  const message = (type: number, from: number): Message =>
    new Message(type, 1, from, 0, 0, 0, 0, 0, false, 0, NO_ENTRIES, null, 0, []);
  expect(step(raftOf(cluster, 1), message(MessageType.MsgHup, 2), cluster.env)).toBe(StepError.LocalMessage);
  expect(step(raftOf(cluster, 1), message(MessageType.MsgAppResp, 9), cluster.env)).toBe(StepError.PeerNotFound);
  expect(propose(raftOf(cluster, 1), new Command(1), cluster.env)).toBe(StepError.ProposalDropped);
});

test("with forwarding off a follower drops proposals", () => {
  const cluster = createCluster(3, { disableProposalForwarding: true });
  elect(cluster, 1);
  expect(write(cluster, 2, 1)).toBe(StepError.ProposalDropped);
  expect(write(cluster, 1, 1)).toBe(null);
});

test("with asynchronous storage an entry is committed only after the append thread has answered", () => {
  const cluster = createCluster(1, { asyncStorageWrites: true });
  const raft = raftOf(cluster, 1);
  const pump = (): Message[] => {
    const messages: Message[] = [];
    while (hasReady(raft)) messages.push(...ready(raft).messages);
    return messages;
  };
  const answer = (messages: readonly Message[]): void => {
    for (const one of messages) for (const response of one.responses) step(raft, response, cluster.env);
  };
  step(raft, new Message(MessageType.MsgHup, 1, -1, 0, 0, 0, 0, 0, false, 0, NO_ENTRIES, null, 0, []), cluster.env);
  // A pre-vote, then a vote, each on its way through the disk.
  for (let k = 0; k < 4; k++) answer(pump());
  expect(raft.role).toBe(Role.Leader);
  expect(raft.log.committed).toBe(2);
  propose(raft, new Command(1), cluster.env);
  const writes = pump();
  expect(writes.map((one) => one.type)).toEqual([MessageType.MsgStorageAppend]);
  expect(raft.log.committed).toBe(2);
  answer(writes);
  expect(raft.log.committed).toBe(3);
  const applies = pump();
  expect(applies.map((one) => one.type).at(-1)).toBe(MessageType.MsgStorageApply);
  expect(raft.log.applied).toBe(2);
  answer(applies);
  expect(raft.log.applied).toBe(3);
});
