/**
 * Handing work to the host, and hearing that it is done.
 *
 * What is unknown here: how anything is persisted, sent or applied. After etcd-io/raft `rawnode.go`.
 */

import type { RaftEnv } from "./config.ts";
import type { Entry } from "./entry.ts";
import {
  acceptApplying,
  acceptUnstable,
  entriesBetween,
  hasNextCommitted,
  lastTerm,
  nextCommitted,
  stableTo,
} from "./log.ts";
import { APPEND_THREAD, APPLY_THREAD, Message, MessageType, NO_ENTRIES, NO_MESSAGES } from "./message.ts";
import { EMPTY_OUTBOX, send, sendAfterAppend } from "./outbox.ts";
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
} from "./state.ts";
import { acknowledgeAppend, appliedSnapshot, stepMessage } from "./step.ts";

const NO_READ_STATES: readonly ReadState[] = Object.freeze([]) as readonly ReadState[];

/** True if `ready` would return something. A few integer compares. */
export function hasReady(raft: Raft): boolean {
  const log = raft.log;
  if (raft.messages.length !== 0 || raft.messagesAfterAppend.length !== 0 || raft.ownAppend !== 0) return true;
  if (log.committed !== raft.previousCommit || log.last >= log.unstableInProgress) return true;
  if (raft.term !== raft.previousTerm || raft.vote !== raft.previousVote) return true;
  if (raft.lead !== raft.previousLead || raft.role !== raft.previousRole) return true;
  if (raft.readStates.length !== 0) return true;
  if (log.pendingSnapshot !== null && !log.pendingSnapshotInProgress) return true;
  return hasNextCommitted(log, !raft.config.asyncStorageWrites);
}

/**
 * Returns all work there is and counts it as taken. Synchronous hosts call `advance` with it once it is persisted and
 * applied; until then `step` and `tick` may be called, but `ready` only again after `advance`.
 */
export function ready(raft: Raft): Ready {
  const log = raft.log;
  const async = raft.config.asyncStorageWrites;
  const committed = log.committed;
  const hardChanged =
    raft.term !== raft.previousTerm || raft.vote !== raft.previousVote || committed !== raft.previousCommit;
  const entries =
    log.last >= log.unstableInProgress ? entriesBetween(log, log.unstableInProgress, log.last + 1) : NO_ENTRIES;
  const snapshot = log.pendingSnapshotInProgress ? null : log.pendingSnapshot;
  const committedEntries = hasNextCommitted(log, !async) ? nextCommitted(log, !async) : NO_ENTRIES;
  const mustSync = entries.length !== 0 || raft.term !== raft.previousTerm || raft.vote !== raft.previousVote;
  const hard = hardChanged ? new HardStateValue(raft.term, raft.vote, committed) : null;
  let soft: SoftState | null = null;
  if (raft.lead !== raft.previousLead || raft.role !== raft.previousRole) {
    soft = new SoftState(raft.lead, raft.role);
    raft.previousLead = raft.lead;
    raft.previousRole = raft.role;
  }
  if (hard !== null) {
    raft.previousTerm = raft.term;
    raft.previousVote = raft.vote;
    raft.previousCommit = committed;
  }
  let readStates = NO_READ_STATES;
  if (raft.readStates.length !== 0) {
    readStates = raft.readStates.slice();
    raft.readStates = [];
  }
  let size = 0;
  let payload = 0;
  for (let k = 0; k < committedEntries.length; k++) {
    const entry = committedEntries[k]!;
    size += entry.size;
    if (entry.data !== null) payload += entry.data.size;
  }
  const messages = async
    ? takeMessagesWithStorageWork(raft, hard, entries, snapshot, committedEntries)
    : takeMessages(raft, snapshot, committedEntries, size, payload);
  acceptUnstable(log);
  if (committedEntries.length !== 0) {
    acceptApplying(log, committedEntries[committedEntries.length - 1]!.index, size, !async);
  }
  return new Ready(soft, hard, entries, snapshot, committedEntries, messages, readStates, mustSync);
}

/**
 * Lists are copied out of the state: what a Ready holds is immutable and may outlive the step it was made in.
 *
 * Synchronous: the messages to others, immediate ones first, then those that waited for this write. What the member
 * tells itself is kept for `advance`.
 */
function takeMessages(
  raft: Raft,
  snapshot: Snapshot | null,
  committedEntries: readonly Entry[],
  appliedSize: number,
  appliedPayload: number,
): readonly Message[] {
  const log = raft.log;
  const waiting = raft.messagesAfterAppend;
  let messages: Message[] | null = null;
  if (raft.messages.length !== 0) {
    messages = raft.messages.slice();
    raft.messages = EMPTY_OUTBOX;
  }
  const unstable = log.last >= log.unstableOffset;
  if (waiting.length === 0 && raft.ownAppend === 0 && !unstable && snapshot === null && committedEntries.length === 0) {
    return messages === null ? NO_MESSAGES : messages;
  }
  const due = raft.acknowledgement;
  if (raft.ownAppend !== 0) {
    if (due.ownAppend === 0 && due.toSelf.length === 0) {
      due.ownAppend = raft.ownAppend;
      due.ownAppendTerm = raft.ownAppendTerm;
    } else due.toSelf = due.toSelf.concat(ownAppendMessage(raft, raft.ownAppendTerm, raft.ownAppend));
    raft.ownAppend = 0;
  }
  if (waiting.length !== 0) {
    raft.messagesAfterAppend = EMPTY_OUTBOX;
    let own = 0;
    for (let k = 0; k < waiting.length; k++) if (waiting[k]!.to === raft.id) own++;
    if (own === waiting.length) due.toSelf = due.toSelf.length === 0 ? waiting : due.toSelf.concat(waiting);
    else if (own === 0 && messages === null) messages = waiting.slice();
    else {
      const mine: Message[] = due.toSelf.slice();
      if (messages === null) messages = [];
      for (let k = 0; k < waiting.length; k++) {
        const message = waiting[k]!;
        if (message.to === raft.id) mine.push(message);
        else messages.push(message);
      }
      due.toSelf = mine;
    }
  }
  if (unstable || snapshot !== null) {
    due.term = raft.term;
    due.index = unstable ? log.last : 0;
    due.logTerm = unstable ? lastTerm(log) : 0;
    if (snapshot !== null) due.snapshot = snapshot;
    due.stored = true;
  }
  if (committedEntries.length !== 0) {
    due.applied = committedEntries[committedEntries.length - 1]!.index;
    due.appliedSize += appliedSize;
    due.appliedPayload += appliedPayload;
  }
  due.pending = true;
  return messages === null ? NO_MESSAGES : messages;
}

/**
 * The host has persisted and applied a Ready: the member takes its own messages that waited for that, and counts the
 * entries as stable and applied. Does nothing without a Ready out. Synchronous hosts only.
 */
export function advance(raft: Raft, taken: Ready, env: RaftEnv): void {
  void taken;
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
function takeMessagesWithStorageWork(
  raft: Raft,
  hard: HardState | null,
  entries: readonly Entry[],
  snapshot: Snapshot | null,
  committedEntries: readonly Entry[],
): readonly Message[] {
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
    raft.messagesAfterAppend = EMPTY_OUTBOX;
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
  if (raft.messages.length === 0) return NO_MESSAGES;
  const messages = raft.messages.slice();
  raft.messages = EMPTY_OUTBOX;
  return messages;
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
