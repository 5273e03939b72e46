/**
 * Replication: what a leader sends, what a follower makes of it, and how the leader learns what is committed.
 *
 * What is unknown here: elections, reads, what is proposed. After etcd-io/raft `raft.go` and Raft §5.3, §5.4.
 */

import type { RaftEnv } from "./config.ts";
import { quorumIndex } from "./decision.ts";
import { describeId, describeProgress } from "./describe.ts";
import type { Entry } from "./entry.ts";
import {
  commitTo,
  entriesLimited,
  findConflictByTerm,
  firstIndex,
  matchTerm,
  maybeAppend,
  overwriteEntries,
  termAt,
  termOrZero,
  truncateAfter,
} from "./log.ts";
import { Message, MessageType, NO_ENTRIES, NO_MESSAGES } from "./message.ts";
import type { RaftMutations } from "./mutation.ts";
import { plainMessage, send, sendAfterAppend, sendAppendResponse } from "./outbox.ts";
import { becomeSnapshot, isInflightFull, isPaused, type Progress, ProgressState, sentEntries } from "./progress.ts";
import type { Raft } from "./state.ts";

/** Returns the text of one member's progress under the limits of this leader. */
export function progressText(raft: Raft, progress: Progress): string {
  return describeProgress(progress, raft.config.maxInflightMsgs, raft.config.maxInflightBytes);
}

// While one append goes to several members that need the same entries, they share one array.
let sharedFrom = 0;
let sharedEntries: readonly Entry[] = NO_ENTRIES;

function payloadBytes(entries: readonly Entry[]): number {
  let bytes = 0;
  for (let k = 0; k < entries.length; k++) {
    const data = entries[k]!.data;
    if (data !== null) bytes += data.size;
  }
  return bytes;
}

/**
 * Sends the next entries to a member, or a snapshot if they are compacted, unless it is paused. Without entries to send
 * an empty append goes out only if `sendIfEmpty`. Returns whether a message was sent.
 */
export function maybeSendAppend(raft: Raft, progress: Progress, sendIfEmpty: boolean, env: RaftEnv): boolean {
  if (isPaused(progress)) return false;
  const log = raft.log;
  const config = raft.config;
  const next = progress.next;
  if (!sendIfEmpty && next > log.last) return false;
  const previousIndex = next - 1;
  const previousTerm = termAt(log, previousIndex);
  if (previousTerm < 0 || previousIndex > log.last) return sendSnapshot(raft, progress, env);
  let entries = NO_ENTRIES;
  if (
    next <= log.last &&
    (progress.state !== ProgressState.Replicate ||
      !isInflightFull(progress, config.maxInflightMsgs, config.maxInflightBytes))
  ) {
    if (sharedFrom === next) entries = sharedEntries;
    else {
      entries = entriesLimited(log, next, log.last + 1, config.maxSizePerMsg);
      sharedFrom = next;
      sharedEntries = entries;
    }
  }
  if (entries.length === 0 && !sendIfEmpty) return false;
  send(
    raft,
    new Message(
      MessageType.MsgApp,
      progress.id,
      raft.id,
      raft.term,
      previousTerm,
      previousIndex,
      log.committed,
      0,
      false,
      0,
      entries,
      null,
      0,
      NO_MESSAGES,
    ),
  );
  const bytes = config.maxInflightBytes === 0 ? 0 : payloadBytes(entries);
  sentEntries(progress, entries.length, bytes, config.maxInflightMsgs, config.maxInflightBytes);
  progress.sentCommit = log.committed;
  return true;
}

/** Forgets which entries the last append carried: the log may have changed since. Called before every round of appends. */
function forgetShared(): void {
  sharedFrom = 0;
  sharedEntries = NO_ENTRIES;
}

/** Sends an append, empty or not, to one member unless it is paused. */
export function sendAppend(raft: Raft, progress: Progress, env: RaftEnv): void {
  forgetShared();
  maybeSendAppend(raft, progress, true, env);
  forgetShared();
}

/** Sends appends with entries to one member until it has all, or its window is full. */
export function sendAppends(raft: Raft, progress: Progress, env: RaftEnv): void {
  if (progress.next > raft.log.last) return;
  forgetShared();
  while (maybeSendAppend(raft, progress, false, env)) {
    // Each turn moves `next` or pauses the member, so this ends.
  }
  forgetShared();
}

/** Sends an append to every other member that is not paused, in ascending order; empty ones too if `sendIfEmpty`. */
export function broadcastAppend(raft: Raft, sendIfEmpty: boolean, env: RaftEnv): void {
  forgetShared();
  const all = raft.tracker.progress;
  for (let slot = 0; slot < all.length; slot++) {
    const progress = all[slot]!;
    if (progress.id !== raft.id) maybeSendAppend(raft, progress, sendIfEmpty, env);
  }
  forgetShared();
}

function sendSnapshot(raft: Raft, progress: Progress, env: RaftEnv): boolean {
  if (!progress.recentActive) {
    if (env.logger !== null) {
      env.logger.debug(`ignore sending snapshot to ${describeId(progress.id)} since it is not recently active`);
    }
    return false;
  }
  const snapshot = raft.log.pendingSnapshot ?? raft.latestSnapshot;
  if (snapshot === null) {
    if (env.logger !== null) {
      env.logger.debug(
        `${describeId(raft.id)} failed to send snapshot to ${describeId(progress.id)} because snapshot is temporarily unavailable`,
      );
    }
    return false;
  }
  if (snapshot.index === 0) {
    env.violation("need non-empty snapshot");
    return false;
  }
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} [firstindex: ${firstIndex(raft.log)}, commit: ${raft.log.committed}] sent snapshot[index: ${snapshot.index}, term: ${snapshot.term}] to ${describeId(progress.id)} [${progressText(raft, progress)}]`,
    );
  }
  becomeSnapshot(progress, snapshot.index);
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} paused sending replication messages to ${describeId(progress.id)} [${progressText(raft, progress)}]`,
    );
  }
  send(
    raft,
    new Message(
      MessageType.MsgSnap,
      progress.id,
      raft.id,
      raft.term,
      0,
      0,
      0,
      0,
      false,
      0,
      NO_ENTRIES,
      snapshot,
      0,
      NO_MESSAGES,
    ),
  );
  return true;
}

/**
 * Sends a heartbeat to every other member, in ascending order. The commit index is held to what the member is known to
 * have: committing beyond that would commit entries that were never compared.
 */
export function broadcastHeartbeat(raft: Raft, context: number): void {
  const all = raft.tracker.progress;
  const committed = raft.log.committed;
  const unbounded = raft.mutations?.commitBeyondVerifiedPrefix === true;
  for (let slot = 0; slot < all.length; slot++) {
    const progress = all[slot]!;
    if (progress.id === raft.id) continue;
    const commit = unbounded ? committed : Math.min(committed, progress.match);
    send(raft, plainMessage(raft, MessageType.MsgHeartbeat, progress.id, 0, commit, context));
    progress.sentCommit = commit;
  }
}

/**
 * Advances the commit index to what a quorum has, if that entry is of the own term: an entry of an earlier term, though
 * on a majority, may still be overwritten (Raft §5.4.2, Figure 8). Returns whether it advanced.
 */
export function maybeCommit(raft: Raft, env: RaftEnv): boolean {
  const index = quorumIndex(raft);
  const log = raft.log;
  // Without voters the index is infinite, and beyond the log; neither commits anything.
  if (index <= log.committed || index > log.last) return false;
  if (!matchTerm(log, index, raft.term) && !raft.mutations?.commitPriorTermByCount) return false;
  commitTo(log, index, env);
  return true;
}

/** True if the leader has committed an entry of its own term, so that its commit index is the cluster's. */
export function hasCommittedInTerm(raft: Raft): boolean {
  return termOrZero(raft.log, raft.log.committed) === raft.term;
}

/** Follower: appends what a leader sent, or says where the logs may agree. */
export function handleAppend(raft: Raft, message: Message, env: RaftEnv): void {
  const log = raft.log;
  const mutations = raft.mutations;
  if (message.index < log.committed) {
    if (mutations?.purgedPrefixTreatedAsConflict && message.index < log.snapshotIndex) cutPurged(raft, message);
    // What is committed agrees with every leader; say how far that is.
    else sendAppendResponse(raft, message.from, log.committed);
    return;
  }
  const last =
    mutations === null
      ? maybeAppend(log, message.index, message.logTerm, message.entries, message.commit, env)
      : appendMutated(raft, message, mutations, env);
  if (last >= 0) {
    sendAppendResponse(raft, message.from, last);
    return;
  }
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} [logterm: ${termOrZero(log, message.index)}, index: ${message.index}] rejected MsgApp [logterm: ${message.logTerm}, index: ${message.index}] from ${describeId(message.from)}`,
    );
  }
  rejectAppend(raft, message);
}

/**
 * Refuses an append with a hint: the last index of this log that is not of a higher term than the leader's entry there.
 * The leader skips what cannot match, a whole term at a time (Raft §5.3, end).
 */
function rejectAppend(raft: Raft, message: Message): void {
  const log = raft.log;
  const hint = findConflictByTerm(log, Math.min(message.index, log.last), message.logTerm);
  sendAfterAppend(
    raft,
    new Message(
      MessageType.MsgAppResp,
      message.from,
      raft.id,
      raft.term,
      hint === 0 ? 0 : termOrZero(log, hint),
      message.index,
      0,
      0,
      true,
      hint,
      NO_ENTRIES,
      null,
      0,
      NO_MESSAGES,
    ),
  );
}

/** As `maybeAppend`, with whatever is wrong with it. */
function appendMutated(raft: Raft, message: Message, mutations: RaftMutations, env: RaftEnv): number {
  const log = raft.log;
  if (mutations.truncateOnAnyAppend && matchTerm(log, message.index, message.logTerm)) {
    truncateAfter(log, message.index);
  }
  const last = mutations.conflictingTailKept
    ? appendKeepingTail(raft, message, env)
    : maybeAppend(log, message.index, message.logTerm, message.entries, message.commit, env);
  if (last >= 0 && mutations.commitBeyondVerifiedPrefix) commitTo(log, Math.min(message.commit, log.last), env);
  return last;
}

/** Mutation `purgedPrefixTreatedAsConflict`: drops all that is not yet applied and refuses. */
function cutPurged(raft: Raft, message: Message): void {
  const log = raft.log;
  const keep = Math.max(log.applying, log.snapshotIndex);
  truncateAfter(log, keep);
  if (log.committed > keep) log.committed = keep;
  rejectAppend(raft, message);
}

/** Mutation `conflictingTailKept`: as `maybeAppend`, but what follows a replaced entry stays. */
function appendKeepingTail(raft: Raft, message: Message, env: RaftEnv): number {
  const log = raft.log;
  if (!matchTerm(log, message.index, message.logTerm)) return -1;
  const entries = message.entries;
  for (let offset = 0; offset < entries.length; offset++) {
    const entry = entries[offset]!;
    if (matchTerm(log, entry.index, entry.term)) continue;
    if (entry.index > log.committed) overwriteEntries(log, entries, offset);
    break;
  }
  const last = message.index + entries.length;
  commitTo(log, Math.min(message.commit, last), env);
  return last;
}

/** Follower: a leader is alive, and tells how far to commit. */
export function handleHeartbeat(raft: Raft, message: Message, env: RaftEnv): void {
  const commit = raft.mutations?.commitBeyondVerifiedPrefix ? Math.min(message.commit, raft.log.last) : message.commit;
  commitTo(raft.log, commit, env);
  send(raft, plainMessage(raft, MessageType.MsgHeartbeatResp, message.from, 0, 0, message.context));
}
