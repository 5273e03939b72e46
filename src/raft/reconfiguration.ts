/**
 * Membership changes as they take effect: when their entry is applied, or a snapshot is installed.
 *
 * What is unknown here: the algebra of changes (`membership.ts`) and when a change may be proposed (`proposal.ts`).
 * After etcd-io/raft `raft.go` (`applyConfChange`, `switchToConfig`).
 */

import type { ConfChange } from "./conf-change.ts";
import type { RaftEnv } from "./config.ts";
import { describeId, describeMembership } from "./describe.ts";
import { changeMembership } from "./membership.ts";
import { NONE } from "./message.ts";
import type { Progress } from "./progress.ts";
import { broadcastAppend, maybeCommit } from "./replication.ts";
import { becomeFollower } from "./role.ts";
import type { ConfState } from "./snapshot.ts";
import { type Raft, Role } from "./state.ts";
import { confStateOfMembership, type Membership, progressOf, setMembership } from "./tracker.ts";

/**
 * Applies a committed change and returns the membership after it. A change that cannot be applied is a violation and
 * leaves the membership as it is. Called by the host for each configuration entry, in log order.
 */
export function applyConfChange(raft: Raft, change: ConfChange, env: RaftEnv): ConfState {
  const current = raft.tracker.membership;
  const result = changeMembership(current, raft.tracker.progress, change, raft.log.last);
  if (result.error !== null) {
    // Where changes take effect on append, the one that is applied was taken before.
    if (!takesEffectOnAppend(raft)) env.violation(result.error);
    return confStateOfMembership(current);
  }
  return adoptMembership(raft, result.membership, result.progress, env);
}

/** True with the mutations that were found in systems where a change counts as soon as it stands in the log. */
export function takesEffectOnAppend(raft: Raft): boolean {
  return raft.config.mutations.singleServerChangeUnsafe || raft.config.mutations.overlappingConfigChanges;
}

/** Takes over a membership, and as a leader acts on it: a smaller quorum may commit more, a new member needs entries. */
export function adoptMembership(raft: Raft, membership: Membership, progress: Progress[], env: RaftEnv): ConfState {
  setMembership(raft.tracker, membership, progress);
  // A lease was given by a quorum of the membership before. Two changes later it need not meet the quorums there are.
  raft.leaseStart = -1;
  if (raft.leaseRounds.length > 0) raft.leaseRounds = [];
  if (env.logger !== null) {
    env.logger.info(`${describeId(raft.id)} switched to configuration ${describeMembership(membership)}`);
  }
  const state = confStateOfMembership(membership);
  const own = progressOf(raft.tracker, raft.id);
  raft.isLearner = own?.isLearner === true;
  if ((own === null || raft.isLearner) && raft.role === Role.Leader) {
    // A leader outside the membership goes on until the others elect, unless it is told to step down.
    if (raft.config.stepDownOnRemoval) becomeFollower(raft, raft.term, NONE, env);
    return state;
  }
  if (raft.role !== Role.Leader || membership.voters.length === 0) return state;
  if (maybeCommit(raft, env)) broadcastAppend(raft, true, env);
  else broadcastAppend(raft, false, env);
  if (raft.leadTransferee !== NONE && !raft.tracker.voterIds.includes(raft.leadTransferee)) raft.leadTransferee = NONE;
  return state;
}
