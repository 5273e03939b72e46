/**
 * One message into one member: terms first, then what the role makes of it.
 *
 * What is unknown here: where the message came from and when. After etcd-io/raft `raft.go` (`Step`, `stepLeader`,
 * `stepCandidate`, `stepFollower`) and `rawnode.go` (`Step`); Raft Fig. 2.
 */

import type { RaftEnv } from "./config.ts";
import { hasActiveQuorum } from "./decision.ts";
import { describeId, roleName } from "./describe.ts";
import {
  campaignAnew,
  campaignForTransfer,
  handleVoteRequest,
  handleVoteResponse,
  isWithinLease,
  logIgnoredVote,
  rejectVote,
} from "./election.ts";
import type { Entry } from "./entry.ts";
import { findConflictByTerm, firstIndex, stableSnapshotTo, stableTo } from "./log.ts";
import {
  isStorageThread,
  LOCAL,
  Message,
  MessageType,
  messageTypeName,
  NO_MESSAGES,
  NONE,
  senderOf,
} from "./message.ts";
import { send, sendAppendResponse } from "./outbox.ts";
import {
  becomeProbe,
  becomeReplicate,
  canBumpCommit,
  freeInflights,
  maybeDecreaseTo,
  maybeUpdate,
  type Progress,
  ProgressState,
} from "./progress.ts";
import { proposeEntries, recordApplied, releaseUncommitted } from "./proposal.ts";
import { forwardRead, handleReadAck, handleReadRequest, heartbeatRound, releasePendingReads } from "./read-index.ts";
import {
  broadcastAppend,
  broadcastHeartbeat,
  handleAppend,
  handleHeartbeat,
  maybeCommit,
  progressText,
  sendAppend,
  sendAppends,
} from "./replication.ts";
import { becomeFollower } from "./role.ts";
import { handleSnapshot } from "./snapshot-install.ts";
import { type Raft, ReadState, Role, StepError } from "./state.ts";
import { progressOf } from "./tracker.ts";
import { finishTransfer, handleTransfer } from "./transfer.ts";

/**
 * Takes one message. Returns null, or why it was not taken: a local message from a member, a response from one that is
 * not in the membership, or a dropped proposal. A message that is merely out of date is taken and ignored.
 */
export function step(raft: Raft, message: Message, env: RaftEnv): StepError | null {
  const sender = senderOf(message.type);
  if (sender !== 0 && !isStorageThread(message.from)) {
    if ((sender & LOCAL) !== 0) return StepError.LocalMessage;
    if (progressOf(raft.tracker, message.from) === null) return StepError.PeerNotFound;
  }
  return stepMessage(raft, message, env);
}

/** As `step`, for messages of the member to itself, which need no check of the sender. */
export function stepMessage(raft: Raft, message: Message, env: RaftEnv): StepError | null {
  if (message.term !== raft.term && message.term !== 0) {
    if (message.term < raft.term) {
      stepLowerTerm(raft, message, env);
      return null;
    }
    if (!stepHigherTerm(raft, message, env)) return null;
  }
  if (raft.mutations?.quorumOfReachable) noteHeard(raft, message.from);
  switch (message.type) {
    case MessageType.MsgHup:
      campaignAnew(raft, env);
      return null;
    case MessageType.MsgStorageAppendResp:
      if (message.index !== 0) stableTo(raft.log, message.index, message.logTerm, env);
      if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot.index, env);
      return null;
    case MessageType.MsgStorageApplyResp:
      appliedEntries(raft, message.entries, env);
      return null;
    case MessageType.MsgVote:
    case MessageType.MsgPreVote:
      handleVoteRequest(raft, message, env);
      return null;
    default:
      if (raft.role === Role.Follower) return stepFollower(raft, message, env);
      if (raft.role === Role.Leader) return stepLeader(raft, message, env);
      return stepCandidate(raft, message, env);
  }
}

/** Mutation `quorumOfReachable`: remembers when a member was last heard. */
function noteHeard(raft: Raft, from: number): void {
  const progress = progressOf(raft.tracker, from);
  if (progress !== null) progress.heardAtTick = raft.ticks;
}

/** A message of a higher term makes a follower of anyone, with exceptions for pre-votes. False: ignore the message. */
function stepHigherTerm(raft: Raft, message: Message, env: RaftEnv): boolean {
  const type = message.type;
  if ((type === MessageType.MsgVote || type === MessageType.MsgPreVote) && isWithinLease(raft, message)) {
    logIgnoredVote(raft, message, env);
    return false;
  }
  // Asking about a future term does not begin it; and a granted pre-vote carries the term that was asked about.
  if (type === MessageType.MsgPreVote || (type === MessageType.MsgPreVoteResp && !message.reject)) return true;
  if (env.logger !== null) {
    env.logger.info(
      `${describeId(raft.id)} [term: ${raft.term}] received a ${messageTypeName(type)} message with higher term from ${describeId(message.from)} [term: ${message.term}]`,
    );
  }
  const fromLeader = type === MessageType.MsgApp || type === MessageType.MsgHeartbeat || type === MessageType.MsgSnap;
  becomeFollower(raft, message.term, fromLeader ? message.from : NONE, env);
  return true;
}

/** A message of a lower term is out of date; some are answered so that the sender learns of the term. */
function stepLowerTerm(raft: Raft, message: Message, env: RaftEnv): void {
  const type = message.type;
  const { prevoteMixedRollout, prevoteResponseLocalTerm } = raft.config.mutations;
  // Where grants carry the local term, lower pre-votes are met with silence too: so it was when that bug was.
  const silent = raft.preVote && (prevoteMixedRollout || (prevoteResponseLocalTerm && type === MessageType.MsgPreVote));
  if ((raft.checkQuorum || raft.preVote) && (type === MessageType.MsgHeartbeat || type === MessageType.MsgApp)) {
    // The leader is of a lower term because this member was cut off and campaigned meanwhile. Neither PreVote nor the
    // lease would ever let its requests through, so it must tell the leader about the term: an empty response does.
    if (!silent) sendAppendResponse(raft, message.from, 0);
  } else if (type === MessageType.MsgPreVote) {
    if (!silent) rejectVote(raft, message, env);
  } else if (type === MessageType.MsgStorageAppendResp) {
    // Entries that were persisted in a lower term may have been replaced since, with the same index and, after a
    // leader's return, the same term. A snapshot is committed state and cannot be.
    if (message.index !== 0 && env.logger !== null) {
      env.logger.info(
        `${describeId(raft.id)} [term: ${raft.term}] ignored entry appends from a ${messageTypeName(type)} message with lower term [term: ${message.term}]`,
      );
    }
    if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot.index, env);
  } else if (env.logger !== null) {
    env.logger.info(
      `${describeId(raft.id)} [term: ${raft.term}] ignored a ${messageTypeName(type)} message with lower term from ${describeId(message.from)} [term: ${message.term}]`,
    );
  }
}

/** The pending snapshot of this index is on disk, and so is all that it covers. */
export function appliedSnapshot(raft: Raft, index: number, env: RaftEnv): void {
  stableSnapshotTo(raft.log, index);
  recordApplied(raft, index, 0, env);
}

function appliedEntries(raft: Raft, entries: readonly Entry[], env: RaftEnv): void {
  if (entries.length === 0) return;
  let size = 0;
  let payload = 0;
  for (let k = 0; k < entries.length; k++) {
    const entry = entries[k]!;
    size += entry.size;
    if (entry.data !== null) payload += entry.data.size;
  }
  recordApplied(raft, entries[entries.length - 1]!.index, size, env);
  releaseUncommitted(raft, payload);
}

function stepLeader(raft: Raft, message: Message, env: RaftEnv): StepError | null {
  switch (message.type) {
    case MessageType.MsgAppResp: {
      if (!message.reject) {
        acknowledgeAppend(raft, message.from, message.index, env);
        return null;
      }
      const progress = progressOf(raft.tracker, message.from);
      if (progress === null) break;
      progress.recentActive = true;
      handleRejection(raft, progress, message, env);
      return null;
    }
    case MessageType.MsgHeartbeatResp: {
      const progress = progressOf(raft.tracker, message.from);
      if (progress === null) break;
      progress.recentActive = true;
      progress.flowPaused = false;
      // The member lacks entries, or nothing is known of it: a lost append or a lost answer is made good here.
      if (progress.match < raft.log.last || progress.state === ProgressState.Probe) sendAppend(raft, progress, env);
      if (message.context !== 0) handleReadAck(raft, message.from, message.context);
      return null;
    }
    case MessageType.MsgBeat:
      broadcastHeartbeat(raft, heartbeatRound(raft));
      return null;
    case MessageType.MsgCheckQuorum:
      checkQuorum(raft, env);
      return null;
    case MessageType.MsgProp:
      return proposeEntries(raft, message.entries, env);
    case MessageType.MsgReadIndex:
      handleReadRequest(raft, message.from, message.context);
      return null;
    case MessageType.MsgForgetLeader:
      return null;
    case MessageType.MsgSnapStatus: {
      const progress = progressOf(raft.tracker, message.from);
      if (progress === null) break;
      handleSnapshotStatus(raft, progress, message.reject, env);
      return null;
    }
    case MessageType.MsgUnreachable: {
      const progress = progressOf(raft.tracker, message.from);
      if (progress === null) break;
      handleUnreachable(raft, progress, env);
      return null;
    }
    case MessageType.MsgTransferLeader: {
      const progress = progressOf(raft.tracker, message.from);
      if (progress === null) break;
      handleTransfer(raft, progress, env);
      return null;
    }
    default:
      if (progressOf(raft.tracker, message.from) !== null) return null;
  }
  if (env.logger !== null) {
    env.logger.debug(`${describeId(raft.id)} no progress available for ${describeId(message.from)}`);
  }
  return null;
}

/** A leader that hears no quorum may have been replaced without knowing; it steps down rather than mislead clients. */
function checkQuorum(raft: Raft, env: RaftEnv): void {
  if (!hasActiveQuorum(raft)) {
    if (env.logger !== null) {
      env.logger.warn(`${describeId(raft.id)} stepped down to follower since quorum is not active`);
    }
    becomeFollower(raft, raft.term, NONE, env);
  }
  const all = raft.tracker.progress;
  for (let slot = 0; slot < all.length; slot++) if (all[slot]!.id !== raft.id) all[slot]!.recentActive = false;
}

/** Leader: the log of `from` is known to match up to `index`, and to be on disk so far. */
export function acknowledgeAppend(raft: Raft, from: number, index: number, env: RaftEnv): void {
  const progress = progressOf(raft.tracker, from);
  if (progress === null) {
    if (env.logger !== null) {
      env.logger.debug(`${describeId(raft.id)} no progress available for ${describeId(from)}`);
    }
    return;
  }
  progress.recentActive = true;
  // An answer that says nothing new may still end a probe: the logs are known to agree up to here.
  if (!maybeUpdate(progress, index) && !(progress.match === index && progress.state === ProgressState.Probe)) {
    return;
  }
  const log = raft.log;
  const self = from === raft.id;
  if (progress.state === ProgressState.Replicate) freeInflights(progress, index);
  else if (progress.state === ProgressState.Probe) becomeReplicate(progress);
  else if (progress.match + 1 >= firstIndex(log)) {
    // Whatever snapshot it installed, it can be followed up with entries now.
    if (env.logger !== null) {
      env.logger.debug(
        `${describeId(raft.id)} recovered from needing snapshot, resumed sending replication messages to ${describeId(from)} [${progressText(raft, progress)}]`,
      );
    }
    becomeProbe(progress);
    becomeReplicate(progress);
  }
  if (maybeCommit(raft, env)) {
    releasePendingReads(raft, env);
    broadcastAppend(raft, true, env);
  } else if (!self && canBumpCommit(progress, log.committed)) {
    // It missed the news of a commit, and no entries may come for a while.
    sendAppend(raft, progress, env);
  }
  if (self) return;
  // The window may have opened for several messages.
  sendAppends(raft, progress, env);
  if (from === raft.leadTransferee && progress.match === log.last) finishTransfer(raft, from, env);
}

/** The member's log does not hold the entry before an append: find out, a term at a time, where the logs agree. */
function handleRejection(raft: Raft, progress: Progress, message: Message, env: RaftEnv): void {
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} received MsgAppResp(rejected, hint: (index ${message.rejectHint}, term ${message.logTerm})) from ${describeId(message.from)} for index ${message.index}`,
    );
  }
  // Where the leader's terms are above the hint's, its entries cannot be in the member's log.
  const hint =
    message.logTerm > 0 ? findConflictByTerm(raft.log, message.rejectHint, message.logTerm) : message.rejectHint;
  if (!maybeDecreaseTo(progress, message.index, hint)) return;
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} decreased progress of ${describeId(message.from)} to [${progressText(raft, progress)}]`,
    );
  }
  if (progress.state === ProgressState.Replicate) becomeProbe(progress);
  sendAppend(raft, progress, env);
}

function handleSnapshotStatus(raft: Raft, progress: Progress, failed: boolean, env: RaftEnv): void {
  if (progress.state !== ProgressState.Snapshot) return;
  if (failed) progress.pendingSnapshot = 0;
  becomeProbe(progress);
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} snapshot ${failed ? "failed" : "succeeded"}, resumed sending replication messages to ${describeId(progress.id)} [${progressText(raft, progress)}]`,
    );
  }
  // Wait for the member's answer, or a heartbeat response, before the next append.
  progress.flowPaused = true;
}

function handleUnreachable(raft: Raft, progress: Progress, env: RaftEnv): void {
  // Messages sent optimistically are probably lost.
  if (progress.state === ProgressState.Replicate) becomeProbe(progress);
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} failed to send message to ${describeId(progress.id)} because it is unreachable [${progressText(raft, progress)}]`,
    );
  }
}

function stepCandidate(raft: Raft, message: Message, env: RaftEnv): StepError | null {
  switch (message.type) {
    case MessageType.MsgProp:
      if (env.logger !== null) {
        env.logger.info(`${describeId(raft.id)} no leader at term ${raft.term}; dropping proposal`);
      }
      return StepError.ProposalDropped;
    case MessageType.MsgApp:
      // Somebody else won this term.
      becomeFollower(raft, message.term, message.from, env);
      handleAppend(raft, message, env);
      return null;
    case MessageType.MsgHeartbeat:
      becomeFollower(raft, message.term, message.from, env);
      handleHeartbeat(raft, message, env);
      return null;
    case MessageType.MsgSnap:
      becomeFollower(raft, message.term, message.from, env);
      handleSnapshot(raft, message, env);
      return null;
    case MessageType.MsgVoteResp:
      if (raft.role === Role.Candidate) handleVoteResponse(raft, message, env);
      return null;
    case MessageType.MsgPreVoteResp:
      if (raft.role === Role.PreCandidate) handleVoteResponse(raft, message, env);
      return null;
    case MessageType.MsgTimeoutNow:
      if (env.logger !== null) {
        env.logger.debug(
          `${describeId(raft.id)} [term ${raft.term} state ${roleName(raft.role)}] ignored MsgTimeoutNow from ${describeId(message.from)}`,
        );
      }
      return null;
    default:
      return null;
  }
}

function stepFollower(raft: Raft, message: Message, env: RaftEnv): StepError | null {
  switch (message.type) {
    case MessageType.MsgApp:
      raft.electionElapsed = 0;
      raft.lead = message.from;
      handleAppend(raft, message, env);
      return null;
    case MessageType.MsgHeartbeat:
      raft.electionElapsed = 0;
      raft.lead = message.from;
      handleHeartbeat(raft, message, env);
      return null;
    case MessageType.MsgSnap:
      raft.electionElapsed = 0;
      raft.lead = message.from;
      handleSnapshot(raft, message, env);
      return null;
    case MessageType.MsgProp:
      return forwardProposal(raft, message.from, message.entries, env);
    case MessageType.MsgReadIndex:
      forwardRead(raft, message.from, message.context, env);
      return null;
    case MessageType.MsgReadIndexResp:
      raft.readStates.push(new ReadState(message.index, message.context));
      return null;
    case MessageType.MsgTransferLeader:
      if (raft.lead === NONE) {
        if (env.logger !== null) {
          env.logger.info(`${describeId(raft.id)} no leader at term ${raft.term}; dropping leader transfer msg`);
        }
        return null;
      }
      // The sender is the target of the transfer, so it stays as it is.
      send(raft, forwarded(raft, message.type, message.from, raft.term, message.entries));
      return null;
    case MessageType.MsgForgetLeader:
      forget(raft, env);
      return null;
    case MessageType.MsgTimeoutNow:
      if (env.logger !== null) {
        env.logger.info(
          `${describeId(raft.id)} [term ${raft.term}] received MsgTimeoutNow from ${describeId(message.from)} and starts an election to get leadership.`,
        );
      }
      campaignForTransfer(raft, env);
      return null;
    default:
      return null;
  }
}

function forwarded(raft: Raft, type: number, from: number, term: number, entries: readonly Entry[]): Message {
  return new Message(type, raft.lead, from, term, 0, 0, 0, 0, false, 0, entries, null, 0, NO_MESSAGES);
}

/** Follower: passes a proposal on to the leader; it may be lost on the way, and nobody will say so. */
export function forwardProposal(raft: Raft, from: number, entries: readonly Entry[], env: RaftEnv): StepError | null {
  if (raft.lead === NONE) {
    if (env.logger !== null) {
      env.logger.info(`${describeId(raft.id)} no leader at term ${raft.term}; dropping proposal`);
    }
    return StepError.ProposalDropped;
  }
  if (raft.config.disableProposalForwarding) {
    if (env.logger !== null) {
      env.logger.info(
        `${describeId(raft.id)} not forwarding to leader ${describeId(raft.lead)} at term ${raft.term}; dropping proposal`,
      );
    }
    return StepError.ProposalDropped;
  }
  send(raft, forwarded(raft, MessageType.MsgProp, from === NONE ? raft.id : from, 0, entries));
  return null;
}

/** Follower: votes as if it had never heard of the leader. A leader with a lease relies on being remembered. */
function forget(raft: Raft, env: RaftEnv): void {
  if (raft.config.readOnly === "lease-based") {
    if (env.logger !== null) env.logger.error("ignoring MsgForgetLeader due to ReadOnlyLeaseBased");
    return;
  }
  if (raft.lead === NONE) return;
  if (env.logger !== null) {
    env.logger.info(`${describeId(raft.id)} forgetting leader ${describeId(raft.lead)} at term ${raft.term}`);
  }
  raft.lead = NONE;
}
