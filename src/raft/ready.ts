/**
 * Handing work to the host, and hearing that it is done.
 *
 * What is unknown here: how anything is persisted, sent or applied. After etcd-io/raft `rawnode.go`.
 */

import { clearList, createList } from "../kernel/list.ts";
import type { RaftEnv } from "./config.ts";
import type { Entry } from "./entry.ts";
import {
  acceptApplying,
  acceptUnstable,
  collectCommitted,
  collectEntries,
  entriesBetween,
  entryAt,
  fitsOneReady,
  hasNextCommitted,
  lastTerm,
  stableTo,
} from "./log.ts";
import { APPEND_THREAD, APPLY_THREAD, Message, MessageType, NO_ENTRIES, NO_MESSAGES } from "./message.ts";
import { send, sendAfterAppend } from "./outbox.ts";
import { recordApplied, releaseUncommitted } from "./proposal.ts";
import type { Snapshot } from "./snapshot.ts";
import {
  type HardState,
  HardState as HardStateValue,
  type Raft,
  type ReadState,
  Ready,
  Role,
  SoftState,
  type Work,
} from "./state.ts";
import { acknowledgeAppend, appliedSnapshot, stepMessage } from "./step.ts";

/**
 * What there is to do besides sending what stands in `raft.messages`: nothing; *plain* work, which is entries, at most one message
 * that waits for them, commits and reads; or more, which is for `takeWork`.
 */
export const WorkKind = { None: 0, Plain: 1, Other: 2 } as const;
/** One of the values of `WorkKind`, 0 to 2. */
export type WorkKind = (typeof WorkKind)[keyof typeof WorkKind];

/** Returns what there is to do. A few integer compares; synchronous hosts only, and not while a Ready is out. */
export function workKind(raft: Raft): WorkKind {
  const log = raft.log;
  if (raft.lead !== raft.previousLead || raft.role !== raft.previousRole) return WorkKind.Other;
  if (raft.term !== raft.previousTerm || raft.vote !== raft.previousVote) return WorkKind.Other;
  if (log.pendingSnapshot !== null) return hasWork(raft) ? WorkKind.Other : WorkKind.None;
  const waiting = raft.messagesAfterAppend;
  const appliable = log.committed - log.applying;
  if (waiting.length === 0 && appliable === 0 && log.last < log.unstableInProgress) {
    if (raft.readStates.length !== 0) return WorkKind.Plain;
    if (raft.ownAppend === 0 && log.committed === raft.previousCommit) return WorkKind.None;
    return WorkKind.Other;
  }
  if (appliable !== 0 && (appliable !== 1 || log.applyingPaused) && !fitsOneReady(log)) {
    return hasWork(raft) ? WorkKind.Other : WorkKind.None;
  }
  if (waiting.length === 0) return WorkKind.Plain;
  // What a member tells itself is the longer way's.
  return waiting.length === 1 && waiting[0]!.to !== raft.id ? WorkKind.Plain : WorkKind.Other;
}

/** The entries to append to the log on disk. Of plain work; a list of its own. */
export function plainEntries(raft: Raft): readonly Entry[] {
  const log = raft.log;
  return entriesBetween(log, log.unstableInProgress, log.last + 1);
}

/** What is confirmed to readers. Of plain work; a list of its own. */
export function plainReads(raft: Raft): readonly ReadState[] {
  return raft.readStates.length === 0 ? NO_READ_STATES : raft.readStates.slice();
}

/**
 * Counts plain work as taken, as `takeWork` does. Whoever calls has looked at it before: at `plainEntries` and `plainReads`, at the
 * entries after `log.applying` up to `log.committed`, which are to be applied, and at the message in `messagesAfterAppend`. It is
 * not handed out in lists that live on, for to make old objects hold new ones costs more than the work. `raft.messages` are left
 * where they are.
 */
export function takePlain(raft: Raft): void {
  const log = raft.log;
  const due = raft.acknowledgement;
  const last = log.last;
  raft.previousCommit = log.committed;
  if (raft.messagesAfterAppend.length !== 0) raft.messagesAfterAppend.pop();
  if (raft.readStates.length !== 0) clearList(raft.readStates);
  due.pending = true;
  due.ownAppend = raft.ownAppend;
  due.ownAppendTerm = raft.ownAppendTerm;
  raft.ownAppend = 0;
  if (last >= log.unstableOffset) {
    due.stored = true;
    due.term = raft.term;
    due.index = last;
    due.logTerm = log.lastTerm;
    log.unstableInProgress = last + 1;
  }
  while (log.applying < log.committed) {
    const entry = entryAt(log, log.applying + 1);
    due.applied = entry.index;
    due.appliedSize += entry.size;
    if (entry.data !== null) due.appliedPayload += entry.data.size;
    acceptApplying(log, entry.index, entry.size, true);
  }
}

const NO_READ_STATES: readonly ReadState[] = createList<ReadState>();

/** True if there is anything to do besides sending what stands in `raft.messages`. A few integer compares. */
function hasWork(raft: Raft): boolean {
  const log = raft.log;
  if (raft.messagesAfterAppend.length !== 0 || raft.ownAppend !== 0) return true;
  if (log.committed !== raft.previousCommit || log.last >= log.unstableInProgress) return true;
  if (raft.term !== raft.previousTerm || raft.vote !== raft.previousVote) return true;
  if (raft.lead !== raft.previousLead || raft.role !== raft.previousRole) return true;
  if (raft.readStates.length !== 0) return true;
  if (log.pendingSnapshot !== null && !log.pendingSnapshotInProgress) return true;
  return hasNextCommitted(log, !raft.config.asyncStorageWrites);
}

/** True if `ready` would return something. */
export function hasReady(raft: Raft): boolean {
  return raft.messages.length !== 0 || hasWork(raft);
}

/** Returns lists for `takeWork` to fill. */
export function createWork(): Work {
  return {
    softChanged: false,
    hardChanged: false,
    entries: createList(),
    snapshot: null,
    committedEntries: createList(),
    readStates: createList(),
    mustSync: false,
  };
}

/** For `ready`, which copies all of it. */
const WORK: Work = createWork();

/**
 * Takes all work there is and counts it as taken, as `ready` does, but into lists that are used again. Messages are left in
 * `raft.messages`, those that wait for this write behind those that may leave at once: the host sends and clears them before
 * it calls again. What the member tells itself is kept for `advance`. Synchronous hosts only.
 */
export function takeWork(raft: Raft, work: Work): void {
  const log = raft.log;
  takeState(raft, work, true);
  const unstable = log.last >= log.unstableOffset;
  const committed = work.committedEntries;
  const waits = raft.messagesAfterAppend.length !== 0 || raft.ownAppend !== 0;
  if (waits || unstable || work.snapshot !== null || committed.length !== 0) {
    if (waits) takeWaiting(raft);
    const due = raft.acknowledgement;
    due.pending = true;
    if (unstable || work.snapshot !== null) {
      due.term = raft.term;
      due.index = unstable ? log.last : 0;
      due.logTerm = unstable ? lastTerm(log) : 0;
      if (work.snapshot !== null) due.snapshot = work.snapshot;
      due.stored = true;
    }
    if (committed.length !== 0) takeCommitted(raft, committed);
  }
  acceptUnstable(log);
}

/** Fills `work` with all but messages, and remembers what it showed. */
function takeState(raft: Raft, work: Work, allowUnstable: boolean): void {
  const log = raft.log;
  const moved = raft.term !== raft.previousTerm || raft.vote !== raft.previousVote;
  work.hardChanged = moved || log.committed !== raft.previousCommit;
  if (work.hardChanged) {
    raft.previousTerm = raft.term;
    raft.previousVote = raft.vote;
    raft.previousCommit = log.committed;
  }
  work.softChanged = raft.lead !== raft.previousLead || raft.role !== raft.previousRole;
  if (work.softChanged) {
    raft.previousLead = raft.lead;
    raft.previousRole = raft.role;
  }
  if (work.entries.length !== 0) clearList(work.entries);
  if (log.last >= log.unstableInProgress) collectEntries(log, log.unstableInProgress, log.last + 1, work.entries);
  work.mustSync = moved || work.entries.length !== 0;
  work.snapshot = log.pendingSnapshotInProgress ? null : log.pendingSnapshot;
  if (work.committedEntries.length !== 0) clearList(work.committedEntries);
  if (hasNextCommitted(log, allowUnstable)) collectCommitted(log, allowUnstable, work.committedEntries);
  if (work.readStates.length !== 0) clearList(work.readStates);
  if (raft.readStates.length !== 0) takeReads(raft, work);
}

function takeReads(raft: Raft, work: Work): void {
  const reads = raft.readStates;
  for (let k = 0; k < reads.length; k++) work.readStates.push(reads[k]!);
  clearList(reads);
}

/** Puts what waited for this write behind the messages that leave, but for what the member tells itself. */
function takeWaiting(raft: Raft): void {
  const due = raft.acknowledgement;
  if (raft.ownAppend !== 0) {
    if (due.ownAppend === 0 && due.toSelf.length === 0) {
      due.ownAppend = raft.ownAppend;
      due.ownAppendTerm = raft.ownAppendTerm;
    } else due.toSelf = due.toSelf.concat(ownAppendMessage(raft, raft.ownAppendTerm, raft.ownAppend));
    raft.ownAppend = 0;
  }
  const waiting = raft.messagesAfterAppend;
  for (let k = 0; k < waiting.length; k++) {
    const message = waiting[k]!;
    if (message.to === raft.id) due.toSelf = due.toSelf.concat(message);
    else raft.messages.push(message);
  }
  clearList(waiting);
}

/** Counts committed entries as handed out. */
function takeCommitted(raft: Raft, committed: readonly Entry[]): void {
  const due = raft.acknowledgement;
  const last = committed[committed.length - 1]!.index;
  let size = 0;
  for (let k = 0; k < committed.length; k++) {
    const entry = committed[k]!;
    size += entry.size;
    if (entry.data !== null) due.appliedPayload += entry.data.size;
  }
  due.applied = last;
  due.appliedSize += size;
  acceptApplying(raft.log, last, size, true);
}

/** Returns `work`, and `messages` with it, as a value that may outlive the step it was taken in. */
export function readyOf(raft: Raft, work: Work, messages: readonly Message[]): Ready {
  return new Ready(
    work.softChanged ? new SoftState(raft.lead, raft.role) : null,
    work.hardChanged ? new HardStateValue(raft.term, raft.vote, raft.log.committed) : null,
    work.entries.length === 0 ? NO_ENTRIES : work.entries.slice(),
    work.snapshot,
    work.committedEntries.length === 0 ? NO_ENTRIES : work.committedEntries.slice(),
    messages,
    work.readStates.length === 0 ? NO_READ_STATES : work.readStates.slice(),
    work.mustSync,
  );
}

/**
 * Returns all work there is and counts it as taken. Synchronous hosts call `advance` once it is persisted and applied; until
 * then `step` and `tick` may be called, but `ready` only again after `advance`.
 */
export function ready(raft: Raft): Ready {
  if (!raft.config.asyncStorageWrites) {
    takeWork(raft, WORK);
    return readyOf(raft, WORK, takeMessages(raft));
  }
  takeState(raft, WORK, false);
  const taken = readyOf(raft, WORK, NO_MESSAGES);
  const committed = taken.committedEntries;
  sendStorageWork(raft, taken.hardState, taken.entries, taken.snapshot, committed);
  acceptUnstable(raft.log);
  if (committed.length !== 0) {
    let size = 0;
    for (let k = 0; k < committed.length; k++) size += committed[k]!.size;
    acceptApplying(raft.log, committed[committed.length - 1]!.index, size, false);
  }
  return readyOf(raft, WORK, takeMessages(raft));
}

/** Takes the outgoing messages, as a list that may be kept. */
export function takeMessages(raft: Raft): readonly Message[] {
  if (raft.messages.length === 0) return NO_MESSAGES;
  const messages = raft.messages.slice();
  clearList(raft.messages);
  return messages;
}

/**
 * The host has persisted and applied a Ready: the member takes its own messages that waited for that, and counts the
 * entries as stable and applied. Does nothing without a Ready out. Synchronous hosts only.
 */
export function advance(raft: Raft, env: RaftEnv): void {
  const due = raft.acknowledgement;
  if (!due.pending) return;
  due.pending = false;
  if (due.ownAppend !== 0) {
    const index = due.ownAppend;
    due.ownAppend = 0;
    if (raft.role === Role.Leader && raft.term === due.ownAppendTerm) acknowledgeAppend(raft, raft.id, index, env);
    else stepMessage(raft, ownAppendMessage(raft, due.ownAppendTerm, index), env);
  }
  const toSelf = due.toSelf;
  if (toSelf.length !== 0) {
    due.toSelf = NO_MESSAGES;
    for (let k = 0; k < toSelf.length; k++) stepMessage(raft, toSelf[k]!, env);
  }
  if (due.stored) {
    const { term, index, logTerm, snapshot } = due;
    due.stored = false;
    due.snapshot = null;
    if (term < raft.term) {
      if (index !== 0 && env.logger !== null) {
        // Persisted in a lower term; see `step`.
        stepMessage(raft, storageAppendResponse(raft, term, index, logTerm, null), env);
      }
    } else if (index !== 0) stableTo(raft.log, index, logTerm, env);
    if (snapshot !== null) appliedSnapshot(raft, snapshot.index, env);
  }
  if (due.applied !== 0) {
    const { applied, appliedSize, appliedPayload } = due;
    due.applied = due.appliedSize = due.appliedPayload = 0;
    recordApplied(raft, applied, appliedSize, env);
    releaseUncommitted(raft, appliedPayload);
  }
}

function ownAppendMessage(raft: Raft, term: number, index: number): Message {
  const type = MessageType.MsgAppResp;
  return new Message(type, raft.id, raft.id, term, 0, index, 0, 0, false, 0, NO_ENTRIES, null, 0, NO_MESSAGES);
}

function storageAppendResponse(
  raft: Raft,
  term: number,
  index: number,
  logTerm: number,
  snapshot: Snapshot | null,
): Message {
  return new Message(
    MessageType.MsgStorageAppendResp,
    raft.id,
    APPEND_THREAD,
    term,
    logTerm,
    index,
    0,
    0,
    false,
    0,
    NO_ENTRIES,
    snapshot,
    0,
    NO_MESSAGES,
  );
}

/**
 * Asynchronous: what is to be written goes to the append thread, with everything that must wait for it as responses;
 * what is to be applied goes to the apply thread.
 */
function sendStorageWork(
  raft: Raft,
  hard: HardState | null,
  entries: readonly Entry[],
  snapshot: Snapshot | null,
  committedEntries: readonly Entry[],
): void {
  const log = raft.log;
  if (entries.length !== 0 || hard !== null || snapshot !== null || raft.messagesAfterAppend.length !== 0) {
    const unstable = log.last >= log.unstableOffset;
    if (unstable || snapshot !== null) {
      // The position of the whole log, not of these entries: an earlier write of the same entries may still be under way.
      const index = unstable ? log.last : 0;
      const logTerm = unstable ? lastTerm(log) : 0;
      sendAfterAppend(raft, storageAppendResponse(raft, raft.term, index, logTerm, snapshot));
    }
    const responses = raft.messagesAfterAppend.slice();
    send(
      raft,
      new Message(
        MessageType.MsgStorageAppend,
        APPEND_THREAD,
        raft.id,
        hard === null ? 0 : hard.term,
        0,
        0,
        hard === null ? 0 : hard.commit,
        hard === null ? 0 : hard.vote,
        false,
        0,
        entries,
        snapshot,
        0,
        responses.length === 0 ? NO_MESSAGES : responses,
      ),
    );
    clearList(raft.messagesAfterAppend);
  }
  if (committedEntries.length !== 0) {
    const response = storageApply(
      MessageType.MsgStorageApplyResp,
      raft.id,
      APPLY_THREAD,
      committedEntries,
      NO_MESSAGES,
    );
    send(raft, storageApply(MessageType.MsgStorageApply, APPLY_THREAD, raft.id, committedEntries, [response]));
  }
}

function storageApply(
  type: number,
  to: number,
  from: number,
  entries: readonly Entry[],
  responses: readonly Message[],
): Message {
  return new Message(type, to, from, 0, 0, 0, 0, 0, false, 0, entries, null, 0, responses);
}
