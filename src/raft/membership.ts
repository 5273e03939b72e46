/**
 * The algebra of membership changes: one voter at a time, or through a joint configuration.
 *
 * Pure: takes a membership and the progress of its members, gives new ones or an error, and leaves the old ones as they
 * were. What is unknown here: when a change is proposed or applied (`reconfiguration.ts`).
 * After etcd-io/raft `confchange/confchange.go`; Raft §6 and thesis §4.
 */

import { type ConfChange, type ConfChangeSingle, ConfChangeType } from "./conf-change.ts";
import { cloneProgress, createProgress, type Progress } from "./progress.ts";
import type { ConfState } from "./snapshot.ts";
import { EMPTY_MEMBERSHIP, isJoint, Membership, unionOf } from "./tracker.ts";

/** Either the new membership and the progress of its members by ascending id, or an error and nothing. */
export interface MembershipChange {
  readonly membership: Membership;
  readonly progress: Progress[];
  readonly error: string | null;
}

/** A change under way: copies that may be written. */
interface Draft {
  voters: number[];
  votersOutgoing: number[];
  learners: number[];
  learnersNext: number[];
  autoLeave: boolean;
  progress: Progress[];
  /** New members are probed from here. */
  readonly next: number;
}

function failed(error: string): MembershipChange {
  return { membership: EMPTY_MEMBERSHIP, progress: [], error };
}

function draftOf(membership: Membership, progress: readonly Progress[], lastIndex: number): Draft {
  return {
    voters: membership.voters.slice(),
    votersOutgoing: membership.votersOutgoing.slice(),
    learners: membership.learners.slice(),
    learnersNext: membership.learnersNext.slice(),
    autoLeave: membership.autoLeave,
    progress: progress.map(cloneProgress),
    next: Math.max(lastIndex, 1),
  };
}

function finished(draft: Draft): MembershipChange {
  return {
    membership: new Membership(draft.voters, draft.votersOutgoing, draft.learners, draft.learnersNext, draft.autoLeave),
    progress: draft.progress,
    error: null,
  };
}

/** Applies operations of which at most one may change the set of voters. */
export function simpleChange(
  membership: Membership,
  progress: readonly Progress[],
  changes: readonly ConfChangeSingle[],
  lastIndex: number,
): MembershipChange {
  if (isJoint(membership)) return failed("can't apply simple config change in joint config");
  const draft = draftOf(membership, progress, lastIndex);
  const error = applyChanges(draft, changes);
  if (error !== null) return failed(error);
  if (voterDifference(membership.voters, draft.voters) > 1) {
    return failed("more than one voter changed without entering joint config");
  }
  return finished(draft);
}

/** Keeps the voters as the outgoing half and applies the operations to the incoming half. */
export function enterJoint(
  membership: Membership,
  progress: readonly Progress[],
  changes: readonly ConfChangeSingle[],
  autoLeave: boolean,
  lastIndex: number,
): MembershipChange {
  if (isJoint(membership)) return failed("config is already joint");
  if (membership.voters.length === 0) return failed("can't make a zero-voter config joint");
  const draft = draftOf(membership, progress, lastIndex);
  draft.votersOutgoing = membership.voters.slice();
  const error = applyChanges(draft, changes);
  if (error !== null) return failed(error);
  draft.autoLeave = autoLeave;
  return finished(draft);
}

/** Drops the outgoing half; voters of it that were demoted become learners now. */
export function leaveJoint(membership: Membership, progress: readonly Progress[], lastIndex: number): MembershipChange {
  if (!isJoint(membership)) return failed("can't leave a non-joint config");
  const draft = draftOf(membership, progress, lastIndex);
  for (const id of draft.learnersNext) {
    addTo(draft.learners, id);
    const one = find(draft, id);
    if (one !== null) one.isLearner = true;
  }
  draft.learnersNext = [];
  for (const id of draft.votersOutgoing) {
    if (!draft.voters.includes(id) && !draft.learners.includes(id)) forget(draft, id);
  }
  draft.votersOutgoing = [];
  draft.autoLeave = false;
  return finished(draft);
}

/** Applies a proposed change by the protocol its transition and number of operations ask for. */
export function changeMembership(
  membership: Membership,
  progress: readonly Progress[],
  change: ConfChange,
  lastIndex: number,
): MembershipChange {
  if (leavesJoint(change)) return leaveJoint(membership, progress, lastIndex);
  if (change.transition !== 0 || change.changes.length > 1) {
    return enterJoint(membership, progress, change.changes, change.transition !== 2, lastIndex);
  }
  return simpleChange(membership, progress, change.changes, lastIndex);
}

/** True for the change without operations that ends a joint configuration. */
export function leavesJoint(change: ConfChange): boolean {
  return change.transition === 0 && change.changes.length === 0;
}

/**
 * Returns the membership that a snapshot describes, every member probed anew; an error if it has no voters but
 * learners, or a member stands in two places that exclude each other.
 */
export function restoreMembership(state: ConfState, lastIndex: number): MembershipChange {
  const ascending = (ids: readonly number[]): number[] => ids.slice().sort((a, b) => a - b);
  const voters = ascending(state.voters);
  const votersOutgoing = ascending(state.votersOutgoing);
  const learners = ascending(state.learners);
  const learnersNext = ascending(state.learnersNext);
  if (voters.length === 0 && (learners.length > 0 || votersOutgoing.length > 0)) return failed("removed all voters");
  const voterIds = unionOf(voters, votersOutgoing);
  for (const id of learners) if (voterIds.includes(id)) return failed(`${id} is in Learners and Voters`);
  for (const id of learnersNext) {
    if (!votersOutgoing.includes(id)) return failed(`${id} is in LearnersNext, but not Voters[1]`);
  }
  const progress: Progress[] = [];
  for (const id of unionOf(voterIds, learners)) {
    progress.push(createProgress(id, Math.max(lastIndex, 1), learners.includes(id)));
  }
  const membership = new Membership(voters, votersOutgoing, learners, learnersNext, state.autoLeave);
  return { membership, progress, error: null };
}

function applyChanges(draft: Draft, changes: readonly ConfChangeSingle[]): string | null {
  for (const change of changes) {
    if (change.nodeId === 0) continue;
    if (change.type === ConfChangeType.AddNode) makeVoter(draft, change.nodeId);
    else if (change.type === ConfChangeType.AddLearnerNode) makeLearner(draft, change.nodeId);
    else if (change.type === ConfChangeType.RemoveNode) remove(draft, change.nodeId);
  }
  return draft.voters.length === 0 ? "removed all voters" : null;
}

function makeVoter(draft: Draft, id: number): void {
  const progress = find(draft, id);
  if (progress === null) {
    addTo(draft.voters, id);
    insert(draft, createProgress(id, draft.next, false));
    return;
  }
  progress.isLearner = false;
  removeFrom(draft.learners, id);
  removeFrom(draft.learnersNext, id);
  addTo(draft.voters, id);
}

/**
 * A voter of the outgoing half cannot be a learner at the same time: it would be both counted and not counted. It is
 * staged, and becomes a learner when the joint configuration is left.
 */
function makeLearner(draft: Draft, id: number): void {
  const progress = find(draft, id);
  if (progress === null) {
    addTo(draft.learners, id);
    insert(draft, createProgress(id, draft.next, true));
    return;
  }
  if (progress.isLearner) return;
  removeFrom(draft.voters, id);
  if (draft.votersOutgoing.includes(id)) addTo(draft.learnersNext, id);
  else {
    progress.isLearner = true;
    addTo(draft.learners, id);
  }
}

function remove(draft: Draft, id: number): void {
  if (find(draft, id) === null) return;
  removeFrom(draft.voters, id);
  removeFrom(draft.learners, id);
  removeFrom(draft.learnersNext, id);
  // A voter of the outgoing half still counts there, so its progress stays.
  if (!draft.votersOutgoing.includes(id)) forget(draft, id);
}

function find(draft: Draft, id: number): Progress | null {
  for (const progress of draft.progress) if (progress.id === id) return progress;
  return null;
}

function insert(draft: Draft, progress: Progress): void {
  let at = draft.progress.length;
  while (at > 0 && draft.progress[at - 1]!.id > progress.id) at--;
  draft.progress.splice(at, 0, progress);
}

function forget(draft: Draft, id: number): void {
  draft.progress = draft.progress.filter((progress) => progress.id !== id);
}

function addTo(ids: number[], id: number): void {
  if (ids.includes(id)) return;
  let at = ids.length;
  while (at > 0 && ids[at - 1]! > id) at--;
  ids.splice(at, 0, id);
}

function removeFrom(ids: number[], id: number): void {
  const at = ids.indexOf(id);
  if (at >= 0) ids.splice(at, 1);
}

function voterDifference(before: readonly number[], after: readonly number[]): number {
  let count = 0;
  for (const id of before) if (!after.includes(id)) count++;
  for (const id of after) if (!before.includes(id)) count++;
  return count;
}
