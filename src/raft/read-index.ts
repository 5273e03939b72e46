/**
 * Linearizable reads without writing to the log: by a quorum's confirmation, or by the leader's lease.
 *
 * What is unknown here: what is read. A leader notes its commit index, makes sure that it still led after the request
 * came, and gives the index back; the reader waits until it has applied so far. After etcd-io/raft `read_only.go`; Raft §8,
 * thesis §6.4.
 *
 * Two things differ from etcd-io/raft, both for safety. Heartbeats that confirm reads carry a number that rises with
 * each round instead of the reader's request id, so that an acknowledgement can never count for a later request (etcd
 * #20418). And a lease counts from the sending of a round that a quorum answered, is shorter than the election
 * timeout by a margin, and ends when a MsgTimeoutNow leaves; without a valid lease a read takes the safe way.
 */

import { createList, dropFirst } from "../kernel/list.ts";
import type { RaftEnv } from "./config.ts";
import { hasQuorum } from "./decision.ts";
import { describeId } from "./describe.ts";
import { Message, MessageType, NO_ENTRIES, NO_MESSAGES, NONE } from "./message.ts";
import { plainMessage, send } from "./outbox.ts";
import type { LeaseRound, PendingRead } from "./read-queue.ts";
import { broadcastHeartbeat, hasCommittedInTerm } from "./replication.ts";
import { type Raft, ReadState } from "./state.ts";
import { isSingleton } from "./tracker.ts";

/** Leader: takes a read of the member `from` (0: of this one) with its request id. */
export function handleReadRequest(raft: Raft, from: number, context: number): void {
  const mutations = raft.mutations;
  if (mutations?.readFromStaleLeader) {
    answerRead(raft, from, context, raft.log.committed);
    return;
  }
  // A new leader has all committed entries, but does not yet know how far they reach.
  if (!hasCommittedInTerm(raft) && !mutations?.readindexBeforeTermCommit) {
    raft.pendingReads.push({ from, context });
    return;
  }
  confirmRead(raft, from, context);
}

function confirmRead(raft: Raft, from: number, context: number): void {
  if (isSingleton(raft.tracker) && raft.tracker.membership.voters[0] === raft.id) {
    answerRead(raft, from, context, raft.log.committed);
    return;
  }
  if (raft.leaseReads && raft.checkQuorum && hasLease(raft)) {
    answerRead(raft, from, context, raft.log.committed);
    return;
  }
  const round = raft.mutations?.readindexStaleAcks ? reuseRound(raft, context) : ++raft.readRound;
  raft.readQueue.push({ round, index: raft.log.committed, context, from, acks: [raft.id] });
  broadcastHeartbeat(raft, round);
}

/** Mutation `readindexStaleAcks`: the round is the request id; a retry takes the place at the end of the queue. */
function reuseRound(raft: Raft, context: number): number {
  raft.readQueue = raft.readQueue.filter((request) => request.round !== context);
  return context;
}

/** Returns the round that periodic heartbeats carry: the newest unconfirmed one, so that lost rounds are repeated. */
export function heartbeatRound(raft: Raft): number {
  if (raft.leaseReads && !raft.mutations?.leaseReadClockDrift) return startLeaseRound(raft);
  return raft.readQueue.length === 0 ? 0 : raft.readQueue[raft.readQueue.length - 1]!.round;
}

/** Reads in the queue are confirmed by any later round too, so one number serves both. */
function startLeaseRound(raft: Raft): number {
  const rounds = raft.leaseRounds;
  const oldest = raft.ticks - raft.config.electionTicks;
  const kept: LeaseRound[] = rounds.filter((round) => round.sentAtTick > oldest);
  raft.readRound++;
  kept.push({ round: raft.readRound, sentAtTick: raft.ticks, acks: [raft.id] });
  raft.leaseRounds = kept;
  return raft.readRound;
}

/**
 * True while no other member can have been elected: voters that heard the confirmed round refuse all others for an
 * election timeout. One tick is lost because the round may have left just before a tick here, another because it may
 * have arrived just before a tick there; the margin is for clocks that drift. `ticks`: as many as are over by now.
 */
export function hasLease(raft: Raft, ticks: number = raft.ticks): boolean {
  const mutations = raft.config.mutations;
  if (!mutations.leaseReadAfterTransfer && (raft.timeoutNowSent || raft.leadTransferee !== NONE)) return false;
  if (mutations.leaseReadClockDrift) return true;
  if (raft.leaseStart < 0) return false;
  return ticks - raft.leaseStart < raft.config.electionTicks - 1 - raft.config.leaseMarginTicks;
}

/** Leader: a member answered a heartbeat that carried a round. */
export function handleReadAck(raft: Raft, from: number, round: number): void {
  if (raft.leaseRounds.length > 0) acknowledgeLease(raft, from, round);
  const queue = raft.readQueue;
  const byRequest = raft.mutations?.readindexStaleAcks === true;
  let at = -1;
  // Rounds rise along the queue. An answer to a round confirms every read that came before that round left.
  for (let k = 0; k < queue.length; k++) {
    if (byRequest) {
      if (queue[k]!.round === round) at = k;
    } else if (queue[k]!.round <= round) at = k;
    else break;
  }
  if (at < 0) return;
  const request = queue[at]!;
  if (!request.acks.includes(from)) request.acks.push(from);
  if (!hasQuorum(raft, request.acks)) return;
  for (let k = 0; k <= at; k++) answerRead(raft, queue[k]!.from, queue[k]!.context, queue[k]!.index);
  dropFirst(queue, at + 1);
}

function acknowledgeLease(raft: Raft, from: number, round: number): void {
  const rounds = raft.leaseRounds;
  for (let k = 0; k < rounds.length; k++) {
    const one = rounds[k]!;
    if (one.round !== round) continue;
    if (!one.acks.includes(from)) one.acks.push(from);
    if (!hasQuorum(raft, one.acks)) return;
    if (one.sentAtTick > raft.leaseStart) raft.leaseStart = one.sentAtTick;
    raft.leaseRounds = rounds.slice(k + 1);
    return;
  }
}

function answerRead(raft: Raft, from: number, context: number, index: number): void {
  if (from === NONE || from === raft.id) {
    raft.readStates.push(new ReadState(index, context));
    return;
  }
  send(raft, plainMessage(raft, MessageType.MsgReadIndexResp, from, index, 0, context));
}

/** Leader: its first entry of the term is committed; reads that waited for that may go on. */
export function releasePendingReads(raft: Raft, env: RaftEnv): void {
  if (raft.pendingReads.length === 0) return;
  if (!hasCommittedInTerm(raft)) {
    env.logger?.error("pending MsgReadIndex should be released only after first commit in current term");
    return;
  }
  const reads = raft.pendingReads;
  raft.pendingReads = createList<PendingRead>();
  for (const read of reads) confirmRead(raft, read.from, read.context);
}

/** Follower: passes a read on to the leader. Without a leader it is dropped, and the reader asks again. */
export function forwardRead(raft: Raft, from: number, context: number, env: RaftEnv): void {
  if (raft.lead === NONE) {
    if (env.logger !== null) {
      env.logger.info(`${describeId(raft.id)} no leader at term ${raft.term}; dropping index reading msg`);
    }
    return;
  }
  const type = MessageType.MsgReadIndex;
  const sender = from === NONE ? raft.id : from;
  send(raft, new Message(type, raft.lead, sender, 0, 0, 0, 0, 0, false, 0, NO_ENTRIES, null, context, NO_MESSAGES));
}
