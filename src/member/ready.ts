// The life of a Ready: persist, send, apply, acknowledge, in etcd's order (`server/etcdserver/raft.go`). A leader sends before
// its write is durable (thesis §10.2.1); everybody else sends after it.

import { endOf } from "../kernel/chunked.ts";
import { CounterAt } from "../kernel/counter.ts";
import { RequestError } from "../kernel/request.ts";
import {
  advance,
  hasReady,
  isConfChangeEntry,
  Message,
  MessageType,
  type Raft,
  type Ready,
  Role,
  ready,
  type SoftState,
} from "../raft/raft.ts";
import { applyQueued, currentSnapshot, installSnapshot } from "./apply.ts";
import type { EtcdMember } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { confirmRound, failRounds } from "./reads.ts";
import { proposeStalled } from "./requests.ts";
import { SnapshotMark, SnapshotRecord, StateRecord, snapshotName } from "./wal.ts";

const LEADER_CHANGED: RequestError = new RequestError(14, "etcdserver: leader changed", true);

/** Takes and handles Readys until none is left or a write is under way. */
export function drive(member: EtcdMember, env: MemberEnv): void {
  const raft = member.raft;
  if (member.unadvanced !== null && !advanced(member, env)) return;
  while (member.persisting === null && hasReady(raft)) {
    const taken = ready(raft);
    if (taken.softState !== null) noteSoftState(member, env, taken.softState);
    const leads = raft.role === Role.Leader;
    if (leads) sendAll(member, env, taken.messages);
    const entries = taken.entries;
    if (entries.length > 0 || taken.mustSync || taken.snapshot !== null) {
      if (!write(member, env, taken)) {
        env.context.die("cannot write the write-ahead log: no space left on device, or an input/output error");
        return;
      }
      const early = !leads && sendsEarly(member, taken);
      if (early) sendAll(member, env, taken.messages);
      if (!env.context.sync()) {
        member.persisting = taken;
        member.sentEarly = leads || early;
        enqueue(member, taken);
        if (member.applyQueue.length > 0 && taken.snapshot === null) applyQueued(member, env);
        return;
      }
      durable(member, env, taken);
      if (!leads && !early) sendAll(member, env, taken.messages);
    } else if (!leads) sendAll(member, env, taken.messages);
    enqueue(member, taken);
    settle(member, env, taken);
    if (member.unadvanced !== null) return;
  }
}

function enqueue(member: EtcdMember, { committedEntries }: Ready): void {
  for (let i = 0; i < committedEntries.length; i++) {
    const entry = committedEntries[i]!;
    if (isConfChangeEntry(entry)) member.queuedChanges++;
    member.applyQueue.push(entry);
  }
}

/**
 * Goes on after a Ready whose changes of membership had to wait, once they are applied. As in etcd's `raft.go`, which waits
 * for them before it sends anything: a member that counts votes by a membership that is over could elect itself.
 */
function advanced(member: EtcdMember, env: MemberEnv): boolean {
  if (member.applyQueue.length > 0 && member.persisting === null) applyQueued(member, env);
  if (member.queuedChanges > 0) return false;
  const taken = member.unadvanced as Ready;
  member.unadvanced = null;
  advance(member.raft, taken, env);
  return true;
}

/** The write under way is durable. */
export function persisted(member: EtcdMember, env: MemberEnv): void {
  const taken = member.persisting as Ready;
  member.persisting = null;
  durable(member, env, taken);
  if (!member.sentEarly) sendAll(member, env, taken.messages);
  settle(member, env, taken);
  if (member.unadvanced === null) drive(member, env);
}

function settle(member: EtcdMember, env: MemberEnv, taken: Ready): void {
  if (member.applyQueue.length > 0) applyQueued(member, env);
  const reads = taken.readStates;
  for (let i = 0; i < reads.length; i++) confirmRound(member, env, reads[i]!.context, reads[i]!.index);
  if (member.queuedChanges > 0) member.unadvanced = taken;
  else advance(member.raft, taken, env);
}

/** Planted bugs: messages leave although the write they depend on is not durable. */
function sendsEarly(member: EtcdMember, taken: Ready): boolean {
  const mutations = member.config.mutations;
  if (mutations.ackBeforeFsync && taken.entries.length > 0) return true;
  return mutations.voteNotPersisted && taken.hardState !== null && taken.entries.length === 0;
}

/** Writes what a Ready says must be on disk; false when the disk refuses. */
function write(member: EtcdMember, env: MemberEnv, taken: Ready): boolean {
  const raft = member.raft;
  const hard = taken.hardState;
  const term = hard === null ? raft.term : hard.term;
  const vote = hard === null ? raft.vote : hard.vote;
  const snapshot = taken.snapshot;
  const context = env.context;
  const entries = taken.entries;
  if (entries.length > 0) {
    const first = entries[0]!.index;
    if (first <= member.durableIndex) {
      member.durableIndex = first - 1;
      context.count(CounterAt["uncommitted-overwritten"]);
    }
  }
  if (snapshot !== null) {
    const { index, chain, confState, data } = snapshot;
    if (!context.writeFile(snapshotName(index), new SnapshotRecord(index, snapshot.term, chain, confState, data))) {
      return false;
    }
    forgetName(member, env);
    if (!context.append(new SnapshotMark(index))) return false;
  }
  if (term !== member.walTerm || vote !== member.walVote) {
    member.walTerm = term;
    member.walVote = vote;
    if (!context.append(new StateRecord(term, vote, raft.log.committed))) return false;
  }
  if (member.config.mutations.hardstateBeforeEntries && entries.length > 0) {
    // Planted bug: the hard state goes to the disk by a sync of its own, before the entries that it speaks of.
    if (!context.append(new StateRecord(term, vote, hard === null ? raft.log.committed : hard.commit))) return false;
    context.disk.durableEnd = endOf(context.disk.log);
  }
  for (let i = 0; i < entries.length; i++) if (!context.append(entries[i]!)) return false;
  return true;
}

/** Planted bug: the folder is never synced, so the name of the file just written does not survive a power failure. */
export function forgetName(member: EtcdMember, env: MemberEnv): void {
  if (!member.config.mutations.renameWithoutDirSync) return;
  const { files } = env.context.disk;
  (files[files.length - 1] as (typeof files)[number]).named = false;
}

/** What a Ready had to write is on disk. */
function durable(member: EtcdMember, env: MemberEnv, taken: Ready): void {
  const entries = taken.entries;
  const snapshot = taken.snapshot;
  const observer = env.observer;
  if (snapshot !== null) {
    member.durableIndex = Math.max(member.durableIndex, snapshot.index);
    installSnapshot(member, env, snapshot);
  }
  const last = entries.length - 1;
  if (last >= 0) {
    const to = entries[last]!.index;
    member.durableIndex = to;
    if (observer !== null) observer.durable(env.context.self, entries);
  }
  const hard = taken.hardState;
  if (observer !== null && hard !== null && hard.vote === env.context.self) {
    observer.votes(env.context.self, hard.term, hard.vote);
  }
}

function noteSoftState(member: EtcdMember, env: MemberEnv, soft: SoftState): void {
  if (soft.lead === 0) member.leaderLostMicros = env.context.localMicros();
  else {
    if (member.config.service === "etcd") failRounds(member, env, LEADER_CHANGED);
    if (member.stalled.length > 0) proposeStalled(member, env);
  }
}

function sendAll(member: EtcdMember, env: MemberEnv, messages: readonly Message[]): void {
  const context = env.context;
  const observer = env.observer;
  for (let i = 0; i < messages.length; i++) {
    let message = messages[i]!;
    if (message.type === MessageType.MsgAppResp) {
      if (observer !== null && !message.reject) observer.acknowledges(context.self, message.term, message.index);
    } else if (message.type === MessageType.MsgVoteResp) {
      if (observer !== null && !message.reject) observer.votes(context.self, message.term, message.to);
    } else if (message.type === MessageType.MsgSnap) message = sendSnapshot(member, env, message);
    context.send(message.to, message);
  }
}

/** A snapshot is made at the moment it is sent, from the newest applied state, as etcd does. */
function sendSnapshot(member: EtcdMember, env: MemberEnv, message: Message): Message {
  env.context.count(CounterAt["snapshot-sent"]);
  member.snapshotsSent.push({ to: message.to, atMicros: env.context.localMicros() });
  return new Message(
    message.type,
    message.to,
    message.from,
    message.term,
    message.logTerm,
    message.index,
    message.commit,
    message.vote,
    message.reject,
    message.rejectHint,
    message.entries,
    currentSnapshot(env),
    message.context,
    message.responses,
  );
}

/** Planted bug: heartbeats leave although the leader's write does not end. */
export function beatWhileStalled(member: EtcdMember, env: MemberEnv): void {
  const { raft } = member;
  if (member.persisting === null || raft.role !== Role.Leader) return;
  const beats = raft.messages.filter((message) => message.type === MessageType.MsgHeartbeat);
  raft.messages = raft.messages.filter((message) => message.type !== MessageType.MsgHeartbeat);
  sendAll(member, env, beats);
}

/** True while this member leads. */
export function leads(raft: Raft): boolean {
  return raft.role === Role.Leader;
}
