/**
 * Leader: taking proposals into the log, and what applying them releases.
 *
 * What is unknown here: who proposed. After etcd-io/raft `raft.go` (`stepLeader`, `appendEntry`, `appliedTo`).
 */

import { confChangeOf } from "./conf-change.ts";
import type { RaftEnv } from "./config.ts";
import { describeConfChange, describeId, describeMembership } from "./describe.ts";
import { createEntry, createProposal, createRefusedEntry, type Entry, EntryType, type Payload } from "./entry.ts";
import { appendEntry, appliedTo } from "./log.ts";
import { NONE } from "./message.ts";
import { acknowledgeOwn } from "./outbox.ts";
import { applyConfChange, takesEffectOnAppend } from "./reconfiguration.ts";
import { broadcastAppend } from "./replication.ts";
import { type Raft, Role, StepError } from "./state.ts";
import { isJoint, progressOf } from "./tracker.ts";

const LEAVE_JOINT: Entry = createProposal(EntryType.EntryConfChangeV2, null);

function payloadSize(data: Payload | null): number {
  return data === null ? 0 : data.size;
}

/** Counts payload bytes against the limit of uncommitted entries. A single oversized proposal passes an empty count. */
function takeUncommitted(raft: Raft, bytes: number, env: RaftEnv): boolean {
  const limit = raft.config.maxUncommittedEntriesSize;
  if (limit !== 0 && raft.uncommittedSize > 0 && bytes > 0 && raft.uncommittedSize + bytes > limit) {
    if (env.logger !== null) {
      env.logger.warn(
        `${describeId(raft.id)} appending new entries to log would exceed uncommitted entry size limit; dropping proposal`,
      );
    }
    return false;
  }
  raft.uncommittedSize += bytes;
  return true;
}

/** Appends one entry of the own term to the log, and acknowledges it to itself once it is on disk. */
export function appendOwn(raft: Raft, type: number, data: Payload | null): void {
  const log = raft.log;
  appendEntry(log, createEntry(log.last + 1, raft.term, type, data, log.lastChain));
  acknowledgeOwn(raft, log.last);
}

/** Why a leader takes no proposals now, or null. */
function refusal(raft: Raft, env: RaftEnv): StepError | null {
  // Removed from the membership while leading: new entries could not be counted on.
  if (progressOf(raft.tracker, raft.id) === null) return StepError.ProposalDropped;
  if (raft.leadTransferee === NONE) return null;
  if (env.logger !== null) {
    env.logger.debug(
      `${describeId(raft.id)} [term ${raft.term}] transfer leadership to ${describeId(raft.leadTransferee)} is in progress; dropping proposal`,
    );
  }
  return StepError.ProposalDropped;
}

/** Leader: proposes one normal entry. */
export function proposeNormal(raft: Raft, data: Payload | null, env: RaftEnv): StepError | null {
  const refused = refusal(raft, env);
  if (refused !== null) return refused;
  if (!takeUncommitted(raft, payloadSize(data), env)) return StepError.ProposalDropped;
  appendOwn(raft, EntryType.EntryNormal, data);
  broadcastAppend(raft, true, env);
  return null;
}

/** Leader: proposes all entries of a MsgProp or none of them. A refused configuration change becomes an empty entry. */
export function proposeEntries(raft: Raft, proposed: readonly Entry[], env: RaftEnv): StepError | null {
  if (proposed.length === 0) {
    env.violation(`${describeId(raft.id)} stepped empty MsgProp`);
    return StepError.ProposalDropped;
  }
  const refused = refusal(raft, env);
  if (refused !== null) return refused;
  const log = raft.log;
  const entries: Entry[] = [];
  let chain = log.lastChain;
  let bytes = 0;
  for (let offset = 0; offset < proposed.length; offset++) {
    const one = proposed[offset]!;
    const index = log.last + 1 + offset;
    let entry: Entry;
    if (one.type !== EntryType.EntryNormal && !acceptsConfChange(raft, one, env)) {
      entry = createRefusedEntry(index, raft.term, chain);
    } else {
      if (one.type !== EntryType.EntryNormal) raft.pendingConfIndex = index;
      entry = createEntry(index, raft.term, one.type, one.data, chain);
    }
    chain = entry.chain;
    bytes += payloadSize(entry.data);
    entries.push(entry);
  }
  if (!takeUncommitted(raft, bytes, env)) return StepError.ProposalDropped;
  for (let offset = 0; offset < entries.length; offset++) appendEntry(log, entries[offset]!);
  acknowledgeOwn(raft, log.last);
  if (takesEffectOnAppend(raft)) {
    for (const entry of entries) {
      if (entry.type !== EntryType.EntryNormal) applyConfChange(raft, confChangeOf(entry), env);
    }
  }
  broadcastAppend(raft, true, env);
  return null;
}

/**
 * At most one change may be unapplied at a time, else two memberships without a common quorum could decide. A new leader
 * does not know what its log's tail holds and treats all of it as pending (see `becomeLeader`; thesis §4.1 and the
 * correction of July 2015).
 */
function acceptsConfChange(raft: Raft, entry: Entry, env: RaftEnv): boolean {
  const change = confChangeOf(entry);
  const membership = raft.tracker.membership;
  const leaving = change.changes.length === 0;
  const pending = raft.pendingConfIndex > raft.log.applied && !raft.config.mutations.overlappingConfigChanges;
  let reason: string;
  if (pending) {
    reason = "pending";
  } else if (isJoint(membership) && !leaving) {
    reason = "must transition out of joint config first";
  } else if (!isJoint(membership) && leaving) {
    reason = "not in joint state; refusing empty conf change";
  } else return true;
  if (raft.config.disableConfChangeValidation) return true;
  if (env.logger !== null) {
    if (pending) {
      reason = `possible unapplied conf change at index ${raft.pendingConfIndex} (applied to ${raft.log.applied})`;
    }
    env.logger.info(
      `${describeId(raft.id)} ignoring conf change ${describeConfChange(change)} at config ${describeMembership(membership)}: ${reason}`,
    );
  }
  return false;
}

/**
 * Records that everything up to `index` is applied. A leader in a joint configuration that leaves by itself proposes so
 * once the entering change is applied.
 */
export function recordApplied(raft: Raft, index: number, size: number, env: RaftEnv): void {
  const applied = Math.max(index, raft.log.applied);
  appliedTo(raft.log, applied, size, env);
  if (raft.role !== Role.Leader || !raft.tracker.membership.autoLeave || applied < raft.pendingConfIndex) return;
  const error = proposeEntries(raft, [LEAVE_JOINT], env);
  if (env.logger === null) return;
  const config = describeMembership(raft.tracker.membership);
  if (error === null) env.logger.info(`initiating automatic transition out of joint configuration ${config}`);
  else env.logger.debug(`not initiating automatic transition out of joint configuration ${config}: ${error}`);
}

/** Lowers the count of uncommitted payload bytes. It may count entries of former leaders, so it stops at zero. */
export function releaseUncommitted(raft: Raft, bytes: number): void {
  raft.uncommittedSize = bytes > raft.uncommittedSize ? 0 : raft.uncommittedSize - bytes;
}
