/**
 * The Raft core as the rest of Lockstep uses it: messages and ticks in, `Ready` out.
 *
 * What is unknown here: time beyond ticks, disk, network, chance. A host makes a member with `createRaft`, feeds it with
 * `step`, `tick` and the local requests below, and after each asks `hasReady`; see `Ready` for what to do then.
 * After etcd-io/raft `rawnode.go` and `raft.go`.
 */

import { createList } from "../kernel/list.ts";
import { type ConfChange, confChangeOf } from "./conf-change.ts";
import { type RaftConfig, type RaftEnv, type Recovered, raftConfigError } from "./config.ts";
import { changesQuorum } from "./decision.ts";
import { describeConfState, describeId } from "./describe.ts";
import { campaignAnew, isPromotable } from "./election.ts";
import { createProposal, type Entry, EntryType, isConfChangeEntry, type Payload } from "./entry.ts";
import { cloneLog, createLog, entryAt, lastTerm, type RaftLog } from "./log.ts";
import { changeMembership, restoreMembership } from "./membership.ts";
import { Message, MessageType, NO_ENTRIES, NO_MESSAGES, NONE } from "./message.ts";
import { hasMutation } from "./mutation.ts";
import { proposeEntries, proposeNormal } from "./proposal.ts";
import { forwardRead, handleReadRequest } from "./read-index.ts";
import { adoptMembership } from "./reconfiguration.ts";
import { becomeFollower } from "./role.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Acknowledgement, type Raft, type ReadState, Role, type StepError } from "./state.ts";
import { forwardProposal, stepMessage } from "./step.ts";
import { cloneTracker, createTracker } from "./tracker.ts";

/** What a member without anything on its disk recovers. */
export const NOTHING_RECOVERED: Recovered = Object.freeze({
  hardState: Object.freeze({ term: 0, vote: 0, commit: 0 }),
  snapshot: null,
  entries: NO_ENTRIES,
  applied: 0,
});

/**
 * Returns a member as it starts, a follower, from what its disk gave back. Membership is that of the snapshot, with the
 * changes of entries up to `recovered.applied` on it; the host applies the later ones.
 * Options or disk contents that contradict themselves are a violation.
 */
export function createRaft(config: RaftConfig, recovered: Recovered, env: RaftEnv): Raft {
  const error = raftConfigError(config);
  if (error !== null) env.violation(error);
  const maxApplying = config.maxCommittedSizePerReady || config.maxSizePerMsg;
  const log = recovered.log ?? createLog(recovered.snapshot, recovered.entries, maxApplying);
  const raft = initialState(config, log);
  raft.latestSnapshot = recovered.snapshot;
  restoreConfiguration(raft, recovered, env);
  const { term, vote, commit } = recovered.hardState;
  if (term !== 0 || vote !== 0 || commit !== 0) {
    if (commit < log.committed || commit > log.last) {
      env.violation(`${describeId(raft.id)} state.commit ${commit} is out of range [${log.committed}, ${log.last}]`);
    } else log.committed = commit;
    raft.term = term;
    raft.vote = vote;
    if (config.readOnly === "lease-based") raft.leaseGraceTicks = config.electionTicks;
  }
  if (recovered.applied > log.applied) {
    if (recovered.applied > log.committed) {
      env.violation(
        `applied(${recovered.applied}) is out of range [prevApplied(${log.applied}), committed(${log.committed})]`,
      );
    } else log.applied = log.applying = recovered.applied;
  }
  becomeFollower(raft, raft.term, NONE, env);
  raft.previousTerm = raft.term;
  raft.previousVote = raft.vote;
  raft.previousCommit = log.committed;
  if (env.logger !== null) {
    const peers = raft.tracker.voterIds.map(describeId).join(",");
    env.logger.info(
      `newRaft ${describeId(raft.id)} [peers: [${peers}], term: ${raft.term}, commit: ${log.committed}, applied: ${log.applied}, lastindex: ${log.last}, lastterm: ${lastTerm(log)}]`,
    );
  }
  return raft;
}

/** The one place where a state is made, so that all have one hidden class. */
function initialState(config: RaftConfig, log: RaftLog): Raft {
  const { mutations } = config;
  const plain = mutations.noPrevotePartialPartition || mutations.removedServerDisrupts;
  return {
    id: config.id,
    config,
    mutations: hasMutation(mutations) ? mutations : null,
    leaseReads: config.readOnly === "lease-based",
    preVote: config.preVote && !plain,
    checkQuorum: config.checkQuorum && !plain && !mutations.prevoteWithoutStickiness,
    term: 0,
    vote: NONE,
    role: Role.Follower,
    lead: NONE,
    isLearner: false,
    log,
    tracker: createTracker(),
    messages: createList<Message>(),
    messagesAfterAppend: createList<Message>(),
    ownAppend: 0,
    ownAppendTerm: 0,
    readStates: createList<ReadState>(),
    leadTransferee: NONE,
    timeoutNowSent: false,
    pendingConfIndex: 0,
    uncommittedSize: 0,
    readQueue: createList(),
    pendingReads: createList(),
    readRound: 0,
    ticks: 0,
    leaseStart: -1,
    leaseRounds: createList(),
    leaseGraceTicks: 0,
    electionElapsed: 0,
    heartbeatElapsed: 0,
    randomizedElectionTimeout: config.electionTicks,
    latestSnapshot: null,
    quorumMutated: changesQuorum(config),
    grantedMessages: 0,
    previousLead: NONE,
    previousRole: Role.Follower,
    previousTerm: 0,
    previousVote: NONE,
    previousCommit: 0,
    acknowledgement: noAcknowledgement(),
  };
}

function noAcknowledgement(): Acknowledgement {
  return {
    pending: false,
    stored: false,
    toSelf: NO_MESSAGES,
    ownAppend: 0,
    ownAppendTerm: 0,
    term: 0,
    index: 0,
    logTerm: 0,
    snapshot: null,
    applied: 0,
    appliedSize: 0,
    appliedPayload: 0,
  };
}

function restoreConfiguration(raft: Raft, recovered: Recovered, env: RaftEnv): void {
  const log = raft.log;
  let membership = raft.tracker.membership;
  let progress = raft.tracker.progress;
  const from = recovered.membership ?? (recovered.snapshot === null ? null : recovered.snapshot.confState);
  if (from !== null) {
    const restored = restoreMembership(from, log.last);
    if (restored.error === null) {
      membership = restored.membership;
      progress = restored.progress;
    } else {
      env.violation(`unable to restore config ${describeConfState(from)}: ${restored.error}`);
    }
  }
  if (recovered.membership !== undefined) {
    adoptMembership(raft, membership, progress, env);
    return;
  }
  for (let index = log.snapshotIndex + 1; index <= recovered.applied && index <= log.last; index++) {
    const entry = entryAt(log, index);
    if (!isConfChangeEntry(entry)) continue;
    const changed = changeMembership(membership, progress, confChangeOf(entry), log.last);
    // What was refused when it was applied is refused again.
    if (changed.error !== null) continue;
    membership = changed.membership;
    progress = changed.progress;
  }
  adoptMembership(raft, membership, progress, env);
}

/** Returns an independent copy that shares all immutable values. */
export function cloneRaft(raft: Raft): Raft {
  return {
    id: raft.id,
    config: raft.config,
    mutations: raft.mutations,
    leaseReads: raft.leaseReads,
    preVote: raft.preVote,
    checkQuorum: raft.checkQuorum,
    term: raft.term,
    vote: raft.vote,
    role: raft.role,
    lead: raft.lead,
    isLearner: raft.isLearner,
    log: cloneLog(raft.log),
    tracker: cloneTracker(raft.tracker),
    messages: createList<Message>().concat(raft.messages),
    messagesAfterAppend: createList<Message>().concat(raft.messagesAfterAppend),
    ownAppend: raft.ownAppend,
    ownAppendTerm: raft.ownAppendTerm,
    readStates: createList<ReadState>().concat(raft.readStates),
    leadTransferee: raft.leadTransferee,
    timeoutNowSent: raft.timeoutNowSent,
    pendingConfIndex: raft.pendingConfIndex,
    uncommittedSize: raft.uncommittedSize,
    readQueue: raft.readQueue.map((request) => ({ ...request, acks: request.acks.slice() })),
    pendingReads: raft.pendingReads.slice(),
    readRound: raft.readRound,
    ticks: raft.ticks,
    leaseStart: raft.leaseStart,
    leaseRounds: raft.leaseRounds.map((round) => ({ ...round, acks: round.acks.slice() })),
    leaseGraceTicks: raft.leaseGraceTicks,
    electionElapsed: raft.electionElapsed,
    heartbeatElapsed: raft.heartbeatElapsed,
    randomizedElectionTimeout: raft.randomizedElectionTimeout,
    latestSnapshot: raft.latestSnapshot,
    quorumMutated: raft.quorumMutated,
    grantedMessages: raft.grantedMessages,
    previousLead: raft.previousLead,
    previousRole: raft.previousRole,
    previousTerm: raft.previousTerm,
    previousVote: raft.previousVote,
    previousCommit: raft.previousCommit,
    acknowledgement: {
      pending: raft.acknowledgement.pending,
      stored: raft.acknowledgement.stored,
      toSelf: raft.acknowledgement.toSelf,
      ownAppend: raft.acknowledgement.ownAppend,
      ownAppendTerm: raft.acknowledgement.ownAppendTerm,
      term: raft.acknowledgement.term,
      index: raft.acknowledgement.index,
      logTerm: raft.acknowledgement.logTerm,
      snapshot: raft.acknowledgement.snapshot,
      applied: raft.acknowledgement.applied,
      appliedSize: raft.acknowledgement.appliedSize,
      appliedPayload: raft.acknowledgement.appliedPayload,
    },
  };
}

/** Lets one tick of the member's own clock pass: elections for those without a leader, heartbeats and checks for leaders. */
export function tick(raft: Raft, env: RaftEnv): void {
  raft.ticks++;
  if (raft.leaseGraceTicks > 0) raft.leaseGraceTicks--;
  if (raft.role === Role.Leader) {
    tickLeader(raft, env);
    return;
  }
  raft.electionElapsed++;
  if (raft.electionElapsed < raft.randomizedElectionTimeout || !isPromotable(raft)) return;
  raft.electionElapsed = 0;
  campaignAnew(raft, env);
}

function tickLeader(raft: Raft, env: RaftEnv): void {
  raft.heartbeatElapsed++;
  raft.electionElapsed++;
  if (raft.electionElapsed >= raft.config.electionTicks) {
    raft.electionElapsed = 0;
    if (raft.checkQuorum && !raft.config.mutations.halfOpenLeader) stepLocal(raft, MessageType.MsgCheckQuorum, env);
    // A transfer that takes longer than an election is given up, so that proposals go on.
    if (raft.role === Role.Leader && !raft.config.mutations.transferBlocksProposals) raft.leadTransferee = NONE;
  }
  if (raft.role !== Role.Leader) return;
  if (raft.heartbeatElapsed >= raft.config.heartbeatTicks) {
    raft.heartbeatElapsed = 0;
    stepLocal(raft, MessageType.MsgBeat, env);
  }
}

function stepLocal(raft: Raft, type: number, env: RaftEnv): StepError | null {
  return stepMessage(raft, localMessage(type, raft.id, NO_ENTRIES, false), env);
}

function localMessage(type: number, from: number, entries: readonly Entry[], reject: boolean): Message {
  return new Message(type, NONE, from, 0, 0, 0, 0, 0, reject, 0, entries, null, 0, NO_MESSAGES);
}

/** Proposes a normal entry. Returns null, or that it was dropped: no leader, a transfer under way, a limit reached. */
export function propose(raft: Raft, payload: Payload | null, env: RaftEnv): StepError | null {
  if (raft.role === Role.Leader) return proposeNormal(raft, payload, env);
  return proposeElsewhere(raft, createProposal(EntryType.EntryNormal, payload), raft.id, env);
}

/**
 * Proposes a change of the membership. Returns null even for a change that the leader refuses: an empty entry takes its
 * place. Not null if it was dropped, as for `propose`.
 */
export function proposeConfChange(raft: Raft, change: ConfChange, env: RaftEnv): StepError | null {
  const entry = createProposal(change.v1 ? EntryType.EntryConfChange : EntryType.EntryConfChangeV2, change);
  if (raft.role === Role.Leader) return proposeEntries(raft, [entry], env);
  return proposeElsewhere(raft, entry, NONE, env);
}

function proposeElsewhere(raft: Raft, entry: Entry, from: number, env: RaftEnv): StepError | null {
  if (raft.role === Role.Follower) return forwardProposal(raft, from, [entry], env);
  return stepMessage(raft, localMessage(MessageType.MsgProp, from, [entry], false), env);
}

/**
 * Asks for the index up to which a linearizable read must see applied entries. The answer comes as a `ReadState` with
 * this context (1 to 2^53 - 1, unique per request), or never: the request may be lost, and then the reader asks again
 * with a new context.
 */
export function readIndex(raft: Raft, context: number, env: RaftEnv): void {
  if (raft.role === Role.Leader) handleReadRequest(raft, NONE, context);
  else if (raft.role === Role.Follower) forwardRead(raft, NONE, context, env);
}

/** Campaigns now, as if the election timeout had passed. */
export function campaign(raft: Raft, env: RaftEnv): void {
  campaignAnew(raft, env);
}

/** Asks that `to` become leader; a follower passes the request on. */
export function transferLeader(raft: Raft, to: number, env: RaftEnv): void {
  stepMessage(raft, localMessage(MessageType.MsgTransferLeader, to, NO_ENTRIES, false), env);
}

/** A leader gives up, as when it has become a learner; it knows of no leader then. */
export function stepDown(raft: Raft, env: RaftEnv): void {
  if (raft.role === Role.Leader) becomeFollower(raft, raft.term, NONE, env);
}

/** A follower forgets its leader, so that it votes at once; with lease-based reads it refuses. */
export function forgetLeader(raft: Raft, env: RaftEnv): void {
  stepMessage(raft, localMessage(MessageType.MsgForgetLeader, NONE, NO_ENTRIES, false), env);
}

/** Tells a leader that the last message to `id` could not be delivered. */
export function reportUnreachable(raft: Raft, id: number, env: RaftEnv): void {
  stepMessage(raft, localMessage(MessageType.MsgUnreachable, id, NO_ENTRIES, false), env);
}

/** Tells a leader how the transmission of a snapshot to `id` ended. Without this report replication would wait for ever. */
export function reportSnapshot(raft: Raft, id: number, failed: boolean, env: RaftEnv): void {
  stepMessage(raft, localMessage(MessageType.MsgSnapStatus, id, NO_ENTRIES, failed), env);
}

/** Gives the leader the snapshot to send where entries are compacted. The host calls it whenever it takes or installs one. */
export function setSnapshot(raft: Raft, snapshot: Snapshot): void {
  raft.latestSnapshot = snapshot;
}

/** True if the member is a voter of either half of its own membership. */
export function isVoter(raft: Raft): boolean {
  return raft.tracker.voterIds.includes(raft.id);
}

export * from "./conf-change.ts";
export * from "./config.ts";
export * from "./entry.ts";
export * from "./log.ts";
export * from "./message.ts";
export * from "./mutation.ts";
export { hasLease } from "./read-index.ts";
export {
  advance,
  createWork,
  hasReady,
  plainEntries,
  plainReads,
  ready,
  readyOf,
  takeMessages,
  takePlain,
  takeWork,
  WorkKind,
  workKind,
} from "./ready.ts";
export { applyConfChange } from "./reconfiguration.ts";
export * from "./snapshot.ts";
export * from "./state.ts";
export { step } from "./step.ts";
