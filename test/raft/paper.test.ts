/** The sentences of the Raft paper (extended version), in its order, as tests. */

import { describe, expect, test } from "vitest";
import { termAt } from "../../src/raft/log.ts";
import { campaign, Message, MessageType, NO_ENTRIES, propose, Role, ready, step, tick } from "../../src/raft/raft.ts";
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
  partition,
  raftOf,
  restart,
  settle,
  ticks,
  values,
  work,
  write,
} from "./cluster.ts";

const plain = { preVote: false, checkQuorum: false };

function sent(cluster: Cluster, type: number): Message[] {
  return cluster.queue.filter((message) => message.type === type);
}

function acknowledgement(from: number, to: number, term: number, index: number): Message {
  return new Message(MessageType.MsgAppResp, to, from, term, 0, index, 0, 0, false, 0, NO_ENTRIES, null, 0, []);
}

describe("§5.1 Raft basics", () => {
  test("if one server's current term is smaller than the other's, it updates its term to the larger value", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    partition(cluster, [3], [1, 2]);
    for (let k = 0; k < 4; k++) elect(cluster, 3);
    heal(cluster);
    elect(cluster, 3);
    expect(cluster.members.map((one) => one.raft.term)).toEqual([6, 6, 6]);
  });

  test("a candidate or leader that discovers that its term is out of date becomes a follower", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    expect(raftOf(cluster, 1).role).toBe(Role.Leader);
    partition(cluster, [3], [1, 2]);
    elect(cluster, 3);
    heal(cluster);
    elect(cluster, 3);
    expect(raftOf(cluster, 1).role).toBe(Role.Follower);
    expect(raftOf(cluster, 1).term).toBe(3);
  });

  test("a server rejects a request with a stale term number", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    const old = raftOf(cluster, 1);
    propose(old, new Command(1), cluster.env);
    work(cluster, 1);
    const stale = sent(cluster, MessageType.MsgApp).find((message) => message.to === 3)!;
    cluster.queue = [];
    elect(cluster, 2);
    const last = raftOf(cluster, 3).log.last;
    step(raftOf(cluster, 3), stale, cluster.env);
    expect(raftOf(cluster, 3).log.last).toBe(last);
    expect(termAt(raftOf(cluster, 3).log, last)).toBe(2);
  });
});

describe("§5.2 Leader election", () => {
  test("when servers start up, they begin as followers", () => {
    const cluster = createCluster(5);
    expect(cluster.members.map((one) => one.raft.role)).toEqual([0, 0, 0, 0, 0]);
  });

  test("a leader sends periodic heartbeats to all followers", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    tick(raftOf(cluster, 1), cluster.env);
    work(cluster, 1);
    expect(sent(cluster, MessageType.MsgHeartbeat).map((message) => message.to)).toEqual([2, 3]);
  });

  test("a follower that receives no communication over an election timeout begins an election", () => {
    const cluster = createCluster(3, { ...plain, timeout: () => 13 });
    const raft = raftOf(cluster, 2);
    for (let k = 0; k < 12; k++) tick(raft, cluster.env);
    expect(raft.role).toBe(Role.Follower);
    tick(raft, cluster.env);
    expect(raft.role).toBe(Role.Candidate);
    expect(raft.term).toBe(1);
    expect(raft.vote).toBe(2);
  });

  test("a follower that hears its leader remains a follower", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    ticks(cluster, 1000);
    expect(cluster.members.map((one) => one.raft.term)).toEqual([1, 1, 1]);
    expect(leaders(cluster)).toEqual([1]);
  });

  test.each([
    [1, [], true],
    [3, [2], true],
    [3, [], false],
    [5, [2, 3], true],
    [5, [2], false],
    [4, [2], false],
  ])("of %i servers a candidate with votes of itself and %j wins: %s", (n, others, wins) => {
    const cluster = createCluster(n, plain);
    const deaf = cluster.members.map((one) => one.config.id).filter((id) => id !== 1 && !others.includes(id));
    partition(cluster, deaf, [1]);
    elect(cluster, 1);
    expect(raftOf(cluster, 1).role).toBe(wins ? Role.Leader : Role.Candidate);
  });

  test("each server votes for at most one candidate in a term, first come first served", () => {
    const cluster = createCluster(4, plain);
    for (const id of [1, 2]) {
      campaign(raftOf(cluster, id), cluster.env);
      work(cluster, id);
    }
    const requests = sent(cluster, MessageType.MsgVote).filter((message) => message.to === 3);
    cluster.queue = [];
    for (const request of [requests[1]!, requests[0]!]) step(raftOf(cluster, 3), request, cluster.env);
    expect(raftOf(cluster, 3).vote).toBe(2);
    const answers = ready(raftOf(cluster, 3)).messages;
    expect(answers.map((message) => [message.to, message.reject])).toEqual([
      [2, false],
      [1, true],
    ]);
  });

  test("a vote survives a crash", () => {
    const cluster = createCluster(3, plain);
    campaign(raftOf(cluster, 1), cluster.env);
    work(cluster, 1);
    settle(cluster);
    crash(cluster, 2);
    restart(cluster, 2);
    expect(raftOf(cluster, 2).vote).toBe(1);
    expect(raftOf(cluster, 2).term).toBe(1);
  });

  test("a candidate that hears of a leader of its own term returns to follower", () => {
    const cluster = createCluster(3, plain);
    for (const id of [1, 3]) {
      campaign(raftOf(cluster, id), cluster.env);
      work(cluster, id);
    }
    settle(cluster);
    expect(leaders(cluster)).toEqual([1]);
    expect(raftOf(cluster, 3).role).toBe(Role.Follower);
    expect(raftOf(cluster, 3).lead).toBe(1);
    expect(raftOf(cluster, 3).term).toBe(1);
  });

  test("election timeouts are asked for again at the start of each election", () => {
    let asked = 0;
    const cluster = createCluster(2, {
      ...plain,
      timeout: (_id, electionTicks) => {
        asked++;
        return electionTicks + (asked % electionTicks);
      },
    });
    crash(cluster, 2);
    const before = asked;
    for (let k = 0; k < 3; k++) elect(cluster, 1);
    expect(asked).toBe(before + 3);
  });
});

describe("§5.3 Log replication", () => {
  test("the leader appends a command and sends it in parallel to the others", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    propose(raftOf(cluster, 1), new Command(7), cluster.env);
    work(cluster, 1);
    const appends = sent(cluster, MessageType.MsgApp);
    expect(appends.map((message) => message.to)).toEqual([2, 3]);
    expect(appends.every((message) => message.index === 2 && message.logTerm === 1)).toBe(true);
    expect(appends[0]!.entries[0]).toBe(appends[1]!.entries[0]);
  });

  test.each([
    [1, 0, true],
    [3, 0, false],
    [3, 1, true],
    [5, 1, false],
    [5, 2, true],
  ])("of %i servers, an entry on the leader and %i others is committed: %s", (n, acks, committed) => {
    const cluster = createCluster(n);
    elect(cluster, 1);
    const deaf = cluster.members.map((one) => one.config.id).filter((id) => id > 1 + acks);
    partition(cluster, deaf, [1]);
    write(cluster, 1, 7);
    expect(values(cluster, 1)).toEqual(committed ? [7] : []);
  });

  test("committing an entry commits all entries before it, those of former leaders too", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    partition(cluster, [1, 2], [3]);
    partition(cluster, [2], [1]);
    propose(raftOf(cluster, 1), new Command(1), cluster.env);
    settle(cluster);
    heal(cluster);
    crash(cluster, 1);
    restart(cluster, 1);
    elect(cluster, 1);
    expect(raftOf(cluster, 1).term).toBe(2);
    expect(values(cluster, 2)).toEqual([1]);
    expect(values(cluster, 3)).toEqual([1]);
  });

  test("a follower applies an entry once it learns that it is committed", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    write(cluster, 1, 4);
    for (const id of [1, 2, 3]) expect(values(cluster, id)).toEqual([4]);
  });

  test("a follower that does not find the preceding entry refuses the new entries", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    partition(cluster, [3], [1, 2]);
    write(cluster, 1, 1);
    heal(cluster);
    propose(raftOf(cluster, 1), new Command(2), cluster.env);
    work(cluster, 1);
    const append = sent(cluster, MessageType.MsgApp).find((message) => message.to === 3)!;
    cluster.queue = [];
    step(raftOf(cluster, 3), append, cluster.env);
    expect(raftOf(cluster, 3).log.last).toBe(2);
    const answer = ready(raftOf(cluster, 3)).messages[0]!;
    expect([answer.reject, answer.rejectHint]).toEqual([true, 2]);
  });

  test("conflicting entries in followers' logs are overwritten with entries of the leader's", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    partition(cluster, [1], [2, 3]);
    for (const value of [11, 12, 13]) write(cluster, 1, value);
    elect(cluster, 2);
    write(cluster, 2, 21);
    expect(raftOf(cluster, 1).log.last).toBeGreaterThan(raftOf(cluster, 2).log.last);
    heal(cluster);
    ticks(cluster, 3);
    for (const id of [1, 2, 3]) expect(values(cluster, id)).toEqual([21]);
    expect(raftOf(cluster, 1).log.last).toBe(raftOf(cluster, 2).log.last);
  });

  test("a follower that lags far behind is brought up to date", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    crash(cluster, 3);
    for (let k = 0; k < 300; k++) write(cluster, 1, k);
    restart(cluster, 3);
    ticks(cluster, 3);
    expect(values(cluster, 3)).toEqual(values(cluster, 1));
  });
});

describe("§5.4 Safety", () => {
  test.each([
    ["a longer log of the same term is more up-to-date", 1, 3, 1, 2, false],
    ["an equal log is up-to-date enough", 1, 2, 1, 2, true],
    ["a later last term beats a longer log", 1, 9, 2, 2, true],
    ["an earlier last term loses in spite of its length", 2, 2, 1, 9, false],
  ])("§5.4.1 %s", (_, voterTerm, voterLast, term, last, granted) => {
    const cluster = createCluster(3, plain);
    const voter = raftOf(cluster, 3);
    elect(cluster, 1);
    voter.log.last = 1;
    voter.log.chunks = [];
    voter.log.snapshotIndex = voterLast;
    voter.log.last = voterLast;
    voter.log.snapshotTerm = voterTerm;
    voter.log.lastTerm = voterTerm;
    campaign(raftOf(cluster, 2), cluster.env);
    work(cluster, 2);
    const request = sent(cluster, MessageType.MsgVote).find((message) => message.to === 3)!;
    step(voter, Object.assign(Object.create(request), { term: 9, logTerm: term, index: last }) as Message, cluster.env);
    expect(voter.vote).toBe(granted ? 2 : 0);
  });

  test("§5.4.2 an entry of an earlier term is not committed by counting copies (Figure 8)", () => {
    const cluster = createCluster(3, plain);
    elect(cluster, 1);
    partition(cluster, [1], [2, 3]);
    write(cluster, 1, 5);
    heal(cluster);
    crash(cluster, 1);
    restart(cluster, 1);
    // 1 wins again. Its old entry at 3 reaches a majority, the entry of its new term at 4 does not.
    cluster.filter = (message) => message.type !== MessageType.MsgApp;
    elect(cluster, 1);
    const leader = raftOf(cluster, 1);
    expect([leader.role, termAt(leader.log, 3), termAt(leader.log, 4)]).toEqual([Role.Leader, 1, 2]);
    step(leader, acknowledgement(2, 1, leader.term, 3), cluster.env);
    expect(leader.log.committed).toBe(2);
    // With an entry of the new term everything before it is committed as well.
    step(leader, acknowledgement(2, 1, leader.term, 4), cluster.env);
    expect(leader.log.committed).toBe(4);
  });

  test("§5.4.3 a new leader has every committed entry", () => {
    const cluster = createCluster(5, plain);
    elect(cluster, 1);
    partition(cluster, [4, 5], [1, 2, 3]);
    write(cluster, 1, 1);
    crash(cluster, 1);
    heal(cluster);
    elect(cluster, 4);
    expect(leaders(cluster)).toEqual([]);
    elect(cluster, 2);
    expect(leaders(cluster)).toEqual([2]);
    expect(values(cluster, 5)).toEqual([1]);
  });
});

describe("§6 and §8", () => {
  test("§6 servers ignore vote requests while they hear a leader", () => {
    const cluster = createCluster(3, { preVote: false });
    elect(cluster, 1);
    ticks(cluster, 3);
    campaign(raftOf(cluster, 3), cluster.env);
    work(cluster, 3);
    const request = sent(cluster, MessageType.MsgVote).find((message) => message.to === 2)!;
    cluster.queue = [];
    step(raftOf(cluster, 2), request, cluster.env);
    expect(raftOf(cluster, 2).term).toBe(1);
  });

  test("§8 a new leader commits an empty entry of its term", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    const entry = member(cluster, 3).applied.at(-1)!;
    expect([entry.term, entry.index, entry.data]).toEqual([1, 2, null]);
  });

  test("thesis §9.6 with PreVote a member that was cut off does not raise the term", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    partition(cluster, [3], [1, 2]);
    ticks(cluster, 200);
    heal(cluster);
    ticks(cluster, 40);
    expect(cluster.members.map((one) => one.raft.term)).toEqual([1, 1, 1]);
    expect(mutated().noPrevotePartialPartition).toBe(false);
  });

  test("thesis §6.2 a leader that hears no majority for an election timeout steps down", () => {
    const cluster = createCluster(3);
    elect(cluster, 1);
    partition(cluster, [1], [2, 3]);
    ticks(cluster, 21, [1]);
    expect(raftOf(cluster, 1).role).not.toBe(Role.Leader);
  });
});
