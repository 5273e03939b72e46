/**
 * The membership a member believes in, and the progress of each member in it.
 *
 * Progress objects stand in an array by ascending id; `slots` finds one by its id. What is unknown here: how
 * memberships change (`membership.ts`), messages, the log. After etcd-io/raft `tracker/tracker.go`.
 */

import { cloneProgress, type Progress } from "./progress.ts";
import { jointVote, majority, majorityIndex, majorityVote, type VoteResult } from "./quorum.ts";
import { ConfState } from "./snapshot.ts";

/** A membership. Immutable; the lists ascend. */
export class Membership {
  readonly voters: readonly number[];
  /** The older half while joint, else empty. */
  readonly votersOutgoing: readonly number[];
  readonly learners: readonly number[];
  /** Voters of the outgoing half that will be learners. */
  readonly learnersNext: readonly number[];
  readonly autoLeave: boolean;

  constructor(
    voters: readonly number[],
    votersOutgoing: readonly number[],
    learners: readonly number[],
    learnersNext: readonly number[],
    autoLeave: boolean,
  ) {
    this.voters = voters;
    this.votersOutgoing = votersOutgoing;
    this.learners = learners;
    this.learnersNext = learnersNext;
    this.autoLeave = autoLeave;
  }
}

/** Mutable through this room only. */
export interface Tracker {
  membership: Membership;
  /** Both halves together, ascending. */
  voterIds: readonly number[];
  /** One for each member, by ascending id. */
  progress: Progress[];
  /** `slots[id]`: position in `progress`, -1 for none; ids of 1024 and more are searched for. */
  slots: number[];
  /** Voters of the incoming half as positions in `progress`. */
  incomingSlots: number[];
  /** Voters of the outgoing half as positions in `progress`. */
  outgoingSlots: number[];
}

const NO_IDS: readonly number[] = Object.freeze([]) as readonly number[];
const SLOT_LIMIT = 1024;

/** The membership without members. */
export const EMPTY_MEMBERSHIP: Membership = new Membership(NO_IDS, NO_IDS, NO_IDS, NO_IDS, false);

/** Returns a tracker without members. */
export function createTracker(): Tracker {
  return {
    membership: EMPTY_MEMBERSHIP,
    voterIds: NO_IDS,
    progress: [],
    slots: [],
    incomingSlots: [],
    outgoingSlots: [],
  };
}

/** Returns an independent copy. */
export function cloneTracker(tracker: Tracker): Tracker {
  return {
    membership: tracker.membership,
    voterIds: tracker.voterIds,
    progress: tracker.progress.map(cloneProgress),
    slots: tracker.slots.slice(),
    incomingSlots: tracker.incomingSlots.slice(),
    outgoingSlots: tracker.outgoingSlots.slice(),
  };
}

/** Takes over a membership and the progress of its members (ascending ids), and all that is derived from them. */
export function setMembership(tracker: Tracker, membership: Membership, progress: Progress[]): void {
  tracker.membership = membership;
  tracker.progress = progress;
  const slots: number[] = [];
  for (let slot = 0; slot < progress.length; slot++) {
    const id = progress[slot]!.id;
    if (id >= SLOT_LIMIT) continue;
    while (slots.length <= id) slots.push(-1);
    slots[id] = slot;
  }
  tracker.slots = slots;
  tracker.incomingSlots = slotsOf(tracker, membership.voters);
  tracker.outgoingSlots = slotsOf(tracker, membership.votersOutgoing);
  tracker.voterIds = unionOf(membership.voters, membership.votersOutgoing);
}

function slotsOf(tracker: Tracker, ids: readonly number[]): number[] {
  const slots: number[] = [];
  for (const id of ids) slots.push(slotOf(tracker, id));
  return slots;
}

/** Returns the ids of both ascending lists, ascending, each once. */
export function unionOf(a: readonly number[], b: readonly number[]): readonly number[] {
  const union: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = j >= b.length || (i < a.length && a[i]! <= b[j]!) ? a[i]! : b[j]!;
    if (i < a.length && a[i] === next) i++;
    if (j < b.length && b[j] === next) j++;
    union.push(next);
  }
  return union;
}

function slotOf(tracker: Tracker, id: number): number {
  if (id > 0 && id < SLOT_LIMIT) return id < tracker.slots.length ? tracker.slots[id]! : -1;
  for (let slot = 0; slot < tracker.progress.length; slot++) if (tracker.progress[slot]!.id === id) return slot;
  return -1;
}

/** Returns the progress of a member, or null. */
export function progressOf(tracker: Tracker, id: number): Progress | null {
  const slot = slotOf(tracker, id);
  return slot < 0 ? null : tracker.progress[slot]!;
}

/** Returns the membership as it goes into snapshots. */
export function confStateOfMembership(membership: Membership): ConfState {
  return new ConfState(
    membership.voters,
    membership.votersOutgoing,
    membership.learners,
    membership.learnersNext,
    membership.autoLeave,
  );
}

/** True if one voter decides alone. */
export function isSingleton(tracker: Tracker): boolean {
  return tracker.membership.voters.length === 1 && tracker.membership.votersOutgoing.length === 0;
}

/** True while two majorities are needed. */
export function isJoint(membership: Membership): boolean {
  return membership.votersOutgoing.length > 0;
}

// Scratch for sorting; never read across calls.
const scratch: number[] = [];

function halfCommitted(tracker: Tracker, slots: readonly number[]): number {
  const progress = tracker.progress;
  const count = slots.length;
  if (count === 3) {
    // The commonest size: the median of three without a sort.
    const a = progress[slots[0]!]!.match;
    const b = progress[slots[1]!]!.match;
    const c = progress[slots[2]!]!.match;
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
  for (let k = 0; k < count; k++) scratch[k] = progress[slots[k]!]!.match;
  return majorityIndex(scratch, count);
}

/** Returns the highest index that the configured quorum has; `INFINITE_INDEX` without voters. */
export function committedIndex(tracker: Tracker): number {
  const incoming = halfCommitted(tracker, tracker.incomingSlots);
  if (tracker.outgoingSlots.length === 0) return incoming;
  const outgoing = halfCommitted(tracker, tracker.outgoingSlots);
  return Math.min(incoming, outgoing);
}

function halfVotes(tracker: Tracker, slots: readonly number[]): VoteResult {
  let granted = 0;
  let rejected = 0;
  for (let k = 0; k < slots.length; k++) {
    const vote = tracker.progress[slots[k]!]!.vote;
    if (vote === 1) granted++;
    else if (vote === 2) rejected++;
  }
  return majorityVote(slots.length, granted, rejected);
}

/** Returns how the election stands. */
export function electionResult(tracker: Tracker): VoteResult {
  const incoming = halfVotes(tracker, tracker.incomingSlots);
  return jointVote(incoming, halfVotes(tracker, tracker.outgoingSlots));
}

function halfActive(tracker: Tracker, slots: readonly number[]): boolean {
  let active = 0;
  for (let k = 0; k < slots.length; k++) if (tracker.progress[slots[k]!]!.recentActive) active++;
  return slots.length === 0 || active >= majority(slots.length);
}

/** True if a quorum was heard from since the last check. */
export function isQuorumActive(tracker: Tracker): boolean {
  return halfActive(tracker, tracker.incomingSlots) && halfActive(tracker, tracker.outgoingSlots);
}

function halfAcked(ids: readonly number[], acks: readonly number[]): boolean {
  if (ids.length === 0) return true;
  let count = 0;
  for (let k = 0; k < acks.length; k++) if (ids.includes(acks[k]!)) count++;
  return count >= majority(ids.length);
}

/** True if the members in `acks` (each at most once) are a quorum. */
export function isQuorum(tracker: Tracker, acks: readonly number[]): boolean {
  return halfAcked(tracker.membership.voters, acks) && halfAcked(tracker.membership.votersOutgoing, acks);
}
