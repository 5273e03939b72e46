/**
 * What stands in the place of a compacted log: the position it covers, the membership there, and the state machine's data.
 *
 * What is unknown here: what the data is. A snapshot of index 0 is "no snapshot".
 */

/** Membership at one index. Immutable; all lists ascend. */
export class ConfState {
  readonly voters: readonly number[];
  /** The older half of a joint configuration; empty when not joint. */
  readonly votersOutgoing: readonly number[];
  readonly learners: readonly number[];
  /** Voters of the outgoing half that become learners when the joint configuration is left. */
  readonly learnersNext: readonly number[];
  /** The joint configuration is left as soon as it is applied, without anyone asking. */
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

const NO_IDS: readonly number[] = Object.freeze([]) as readonly number[];

/** Returns the plain membership of a new cluster: these voters (ascending), these learners. */
export function confStateOf(voters: readonly number[], learners: readonly number[] = NO_IDS): ConfState {
  return new ConfState(voters, NO_IDS, learners, NO_IDS, false);
}

/** A snapshot of the replicated state. Immutable. */
export class Snapshot {
  /** Index of the last entry it covers; 0: empty. */
  readonly index: number;
  /** Term of that entry. */
  readonly term: number;
  /** Membership after that entry. */
  readonly confState: ConfState;
  /** Chain hash of that entry. */
  readonly chain: number;
  /** The state machine's; never looked at here. */
  readonly data: unknown;
  /** Bytes, for the network and the disk. */
  readonly size: number;

  constructor(index: number, term: number, confState: ConfState, chain: number, data: unknown, size: number) {
    this.index = index;
    this.term = term;
    this.confState = confState;
    this.chain = chain;
    this.data = data;
    this.size = size;
  }
}
