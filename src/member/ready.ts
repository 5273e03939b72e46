// The life of a Ready: persist, send, apply, acknowledge, in etcd's order (`server/etcdserver/raft.go`). A leader sends before
// its write is durable (thesis §10.2.1); everybody else sends after it.

import { endOf } from "../kernel/chunked.ts";
import { CounterAt } from "../kernel/counter.ts";
import { clearList } from "../kernel/list.ts";
import {
  advance,
  type Entry,
  EntryType,
  entriesBetween,
  entryAt,
  HardState,
  Message,
  MessageType,
  NO_MESSAGES,
  plainEntries,
  plainReads,
  type ReadState,
  Ready,
  Role,
  readyOf,
  type Snapshot,
  takeMessages,
  takePlain,
  takeWork,
  type Work,
  WorkKind,
  workKind,
} from "../raft/raft.ts";
import { proposeStalledChanges } from "./administer.ts";
import { applyQueued, applyRange, currentSnapshot, enqueue, installSnapshot } from "./apply.ts";
import { beginSync, believe } from "./believed.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { demoteLeases } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { confirmRound, failRounds } from "./reads.ts";
import { LEADER_CHANGED, proposeStalled } from "./requests.ts";
import { SnapshotMark, SnapshotRecord, StateRecord, snapshotName } from "./wal.ts";

/**
 * Does what Raft has to do until nothing is left or a write is under way. This runs after nearly every event: where there is
 * nothing but messages they go out and that is all, and where the disk takes no time the work lies in lists that are used again.
 */
export function drive(member: EtcdMember, env: MemberEnv): void {
  const raft = member.raft;
  if (member.unadvanced && !advanced(member, env)) return;
  while (member.persisting === null) {
    const kind = workKind(raft);
    if (kind === WorkKind.None) {
      if (raft.messages.length === 0) return;
      sendOut(member, env);
      if (member.applyQueue.length === 0) return;
      applyQueued(member, env);
    } else if (kind === WorkKind.Plain && !member.mutated) {
      if (!plainWork(member, env)) return;
    } else if (!work(member, env)) return;
  }
}

/** As `work`, in the same order, for nearly every Ready: no news of leaders or terms, and no snapshot. */
function plainWork(member: EtcdMember, env: MemberEnv): boolean {
  const raft = member.raft;
  const log = raft.log;
  const from = log.applying + 1;
  const to = log.committed;
  const entries = plainEntries(raft);
  const reads = plainReads(raft);
  const message = raft.messagesAfterAppend.length === 0 ? null : raft.messagesAfterAppend[0]!;
  const commitChanged = to !== raft.previousCommit;
  takePlain(raft);
  const leads = raft.role === Role.Leader;
  if (leads) sendOutWith(member, env, message);
  if (entries.length !== 0) {
    if (!writeEntries(member, env, entries)) {
      env.context.die(CANNOT_WRITE);
      return false;
    }
    if (!env.context.sync()) {
      if (!leads && message !== null) raft.messages.push(message);
      const hard = commitChanged ? new HardState(raft.term, raft.vote, to) : null;
      const messages = leads ? NO_MESSAGES : takeMessages(raft);
      member.persisting = new Ready(
        null,
        hard,
        entries,
        null,
        entriesBetween(log, from, to + 1),
        messages,
        reads,
        true,
      );
      for (let index = from; index <= to; index++) enqueue(member, entryAt(log, index));
      if (member.applyQueue.length > 0) applyQueued(member, env);
      return false;
    }
    durable(member, env, entries, null);
    if (commitChanged) noteVote(env, raft.term, raft.vote);
  }
  if (!leads) sendOutWith(member, env, message);
  if (from <= to) applyRange(member, env, from, to);
  else if (member.applyQueue.length > 0) applyQueued(member, env);
  for (let i = 0; i < reads.length; i++) confirmRound(member, env, reads[i]!.context, reads[i]!.index);
  if (member.queuedChanges > 0) member.unadvanced = true;
  else advance(raft, env);
  return !member.unadvanced;
}

const CANNOT_WRITE = "cannot write the write-ahead log: no space left on device, or an input/output error";

/** One Ready. False when nothing more can be done in this step. */
function work(member: EtcdMember, env: MemberEnv): boolean {
  const raft = member.raft;
  const taken = env.work;
  takeWork(raft, taken);
  const leads = raft.role === Role.Leader;
  if (leads) sendOut(member, env);
  const entries = taken.entries;
  const snapshot = taken.snapshot;
  if (taken.mustSync || snapshot !== null) {
    if (!write(member, env, entries, snapshot)) {
      if (taken.softChanged) noteLeader(member, env, raft.lead);
      env.context.die(CANNOT_WRITE);
      return false;
    }
    if (!leads && sendsEarly(member, taken)) sendOut(member, env);
    if (member.config.mutations.ackBeforeFsync && leads && snapshot === null && entries.length > 0) {
      believe(member, env, entries);
    } else if (!beginSync(member, env)) {
      member.persisting = readyOf(raft, taken, leads ? NO_MESSAGES : takeMessages(raft));
      if (taken.softChanged) noteLeader(member, env, raft.lead);
      enqueueAll(member, taken.committedEntries);
      if (member.applyQueue.length > 0 && snapshot === null) applyQueued(member, env);
      return false;
    } else durable(member, env, entries, snapshot);
    if (taken.hardChanged) noteVote(env, raft.term, raft.vote);
  }
  if (!leads) sendOut(member, env);
  // What this leads to (requests that waited for a leader) is the next Ready's.
  if (taken.softChanged) noteLeader(member, env, raft.lead);
  enqueueAll(member, taken.committedEntries);
  settle(member, env, taken.readStates);
  return !member.unadvanced;
}

function enqueueAll(member: EtcdMember, committed: readonly Entry[]): void {
  for (let i = 0; i < committed.length; i++) enqueue(member, committed[i]!);
}

/**
 * Goes on after a Ready whose changes of membership had to wait, once they are applied. As in etcd's `raft.go`, which waits
 * for them before it sends anything: a member that counts votes by a membership that is over could elect itself.
 */
function advanced(member: EtcdMember, env: MemberEnv): boolean {
  if (member.applyQueue.length > 0 && member.persisting === null) applyQueued(member, env);
  if (member.queuedChanges > 0) return false;
  member.unadvanced = false;
  advance(member.raft, env);
  return true;
}

/** The write under way is durable. */
export function persisted(member: EtcdMember, env: MemberEnv): void {
  const taken = member.persisting as Ready;
  member.persisting = null;
  durable(member, env, taken.entries, taken.snapshot);
  const hard = taken.hardState;
  if (hard !== null) noteVote(env, hard.term, hard.vote);
  send(member, env, taken.messages);
  settle(member, env, taken.readStates);
  if (!member.unadvanced) drive(member, env);
}

function settle(member: EtcdMember, env: MemberEnv, reads: readonly ReadState[]): void {
  if (member.applyQueue.length > 0) applyQueued(member, env);
  for (let i = 0; i < reads.length; i++) confirmRound(member, env, reads[i]!.context, reads[i]!.index);
  if (member.queuedChanges > 0) member.unadvanced = true;
  else advance(member.raft, env);
}

/** Planted bugs: messages leave although the write they depend on is not durable. */
function sendsEarly(member: EtcdMember, taken: Work): boolean {
  const mutations = member.config.mutations;
  if (taken.entries.length > 0) return mutations.ackBeforeFsync;
  return mutations.voteNotPersisted && taken.hardChanged;
}

/** Writes what must be on disk; false when the disk refuses. */
function write(member: EtcdMember, env: MemberEnv, entries: readonly Entry[], snapshot: Snapshot | null): boolean {
  const raft = member.raft;
  const context = env.context;
  if (entries.length > 0) noteOverwritten(member, env, entries[0]!);
  if (snapshot !== null) {
    const { index, chain, confState, data } = snapshot;
    if (!context.writeFile(snapshotName(index), new SnapshotRecord(index, snapshot.term, chain, confState, data))) {
      return false;
    }
    forgetName(member, env);
    if (!context.append(new SnapshotMark(index))) return false;
  }
  const { term, vote } = raft;
  if (term !== member.walTerm || vote !== member.walVote) {
    member.walTerm = term;
    member.walVote = vote;
    if (!context.append(new StateRecord(term, vote, raft.log.committed))) return false;
  }
  if (member.config.mutations.hardstateBeforeEntries && entries.length > 0) {
    // Planted bug: the hard state goes to the disk by a sync of its own, before the entries that it speaks of.
    if (!context.append(new StateRecord(term, vote, raft.log.committed))) return false;
    context.disk.durableEnd = endOf(context.disk.log);
  }
  return append(member, env, entries);
}

function writeEntries(member: EtcdMember, env: MemberEnv, entries: readonly Entry[]): boolean {
  if (entries[0]!.index <= member.durableIndex) noteOverwritten(member, env, entries[0]!);
  return append(member, env, entries);
}

/**
 * Appends entries to the write-ahead log. With a change of membership goes how far is committed: whoever has the change and comes
 * back must know that the one before it took effect, else it would stand by a membership that is two changes old.
 */
function append(member: EtcdMember, env: MemberEnv, entries: readonly Entry[]): boolean {
  const context = env.context;
  let changes = false;
  for (let i = 0; i < entries.length; i++) {
    if (entries[i]!.type !== EntryType.EntryNormal) changes = true;
    if (!context.append(entries[i]!)) return false;
  }
  const { term, vote, log } = member.raft;
  return !changes || context.append(new StateRecord(term, vote, log.committed));
}

function noteOverwritten(member: EtcdMember, env: MemberEnv, first: Entry): void {
  if (first.index > member.durableIndex) return;
  member.durableIndex = first.index - 1;
  env.context.count(CounterAt["uncommitted-overwritten"]);
}

/** Planted bug: the folder is never synced, so the name of the file just written does not survive a power failure. */
export function forgetName(member: EtcdMember, env: MemberEnv): void {
  if (!member.config.mutations.renameWithoutDirSync) return;
  const { files } = env.context.disk;
  (files[files.length - 1] as (typeof files)[number]).named = false;
}

/** What a Ready had to write is on disk. */
function durable(member: EtcdMember, env: MemberEnv, entries: readonly Entry[], snapshot: Snapshot | null): void {
  if (snapshot !== null) {
    member.durableIndex = Math.max(member.durableIndex, snapshot.index);
    installSnapshot(member, env, snapshot);
  }
  if (entries.length === 0) return;
  member.durableIndex = entries[entries.length - 1]!.index;
  const { disk } = env.context;
  // Who believes a sync that failed is not believed in turn.
  if (env.observer !== null && disk.failedEnd <= disk.durableEnd) env.observer.durable(env.context.self, entries);
}

/** A vote for itself is on disk. */
function noteVote(env: MemberEnv, term: number, vote: number): void {
  const self = env.context.self;
  if (vote === self && env.observer !== null) env.observer.votes(self, term, vote);
}

function noteLeader(member: EtcdMember, env: MemberEnv, lead: number): void {
  if (lead !== env.context.self) demoteLeases(member);
  if (lead === 0) member.leaderLostMicros = env.context.localMicros();
  else {
    if (member.config.service === "etcd") failRounds(member, env, LEADER_CHANGED);
    if (lead === env.context.self) member.electedMicros = env.context.localMicros();
    if (member.stalled.length > 0) proposeStalled(member, env);
    if (member.stalledChanges.length > 0) proposeStalledChanges(member, env);
  }
}

/** Sends what stands in Raft's outbox. */
function sendOut(member: EtcdMember, env: MemberEnv): void {
  const messages = member.raft.messages;
  if (messages.length === 0) return;
  send(member, env, messages);
  clearList(messages);
}

/** Sends what stands in Raft's outbox, and one message more. */
function sendOutWith(member: EtcdMember, env: MemberEnv, last: Message | null): void {
  if (member.raft.messages.length !== 0) sendOut(member, env);
  if (last !== null) sendOne(member, env, last);
}

function send(member: EtcdMember, env: MemberEnv, messages: readonly Message[]): void {
  for (let i = 0; i < messages.length; i++) sendOne(member, env, messages[i]!);
}

function sendOne(member: EtcdMember, env: MemberEnv, message: Message): void {
  const context = env.context;
  const type = message.type;
  if (type === MessageType.MsgSnap) {
    context.send(message.to, sendSnapshot(member, env, message));
    return;
  }
  if (type === MessageType.MsgAppResp || type === MessageType.MsgVoteResp) tellPromise(env, message);
  context.send(message.to, message);
}

/** Whoever checks is told what the member binds itself to. */
function tellPromise(env: MemberEnv, message: Message): void {
  const observer = env.observer;
  if (observer === null || message.reject) return;
  const { self } = env.context;
  if (message.type === MessageType.MsgAppResp) observer.acknowledges(self, message.term, message.index);
  else observer.votes(self, message.term, message.to);
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
  send(member, env, beats);
}
