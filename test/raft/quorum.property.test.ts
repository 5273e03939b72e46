import { expect, test } from "vitest";
import { createProgress } from "../../src/raft/progress.ts";
import { INFINITE_INDEX, majorityIndex, VoteResult } from "../../src/raft/quorum.ts";
import {
  committedIndex,
  createTracker,
  EMPTY_MEMBERSHIP,
  electionResult,
  isQuorum,
  isQuorumActive,
  setMembership,
  type Tracker,
  unionOf,
} from "../../src/raft/tracker.ts";
import { fc } from "../properties.ts";

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 0, maxLength: 9 });
const ascending = (list: readonly number[]): number[] => list.slice().sort((a, b) => a - b);

/** The definition, word for word: an index that more than half have, and none higher that more than half have. */
function naiveCommitted(voters: readonly number[], match: (id: number) => number): number {
  if (voters.length === 0) return INFINITE_INDEX;
  let best = 0;
  for (const id of voters) {
    const index = match(id);
    if (voters.filter((other) => match(other) >= index).length * 2 > voters.length) best = Math.max(best, index);
  }
  return best;
}

function naiveVote(voters: readonly number[], vote: (id: number) => number): VoteResult {
  const granted = voters.filter((id) => vote(id) === 1).length;
  const open = voters.filter((id) => vote(id) === 0).length;
  if (voters.length === 0 || granted * 2 > voters.length) return VoteResult.Won;
  return (granted + open) * 2 > voters.length ? VoteResult.Pending : VoteResult.Lost;
}

function trackerOf(voters: readonly number[], outgoing: readonly number[]): Tracker {
  const tracker = createTracker();
  const membership = { ...EMPTY_MEMBERSHIP, voters: ascending(voters), votersOutgoing: ascending(outgoing) };
  const all = unionOf(membership.voters, membership.votersOutgoing);
  setMembership(
    tracker,
    membership,
    all.map((id) => createProgress(id, 1, false)),
  );
  return tracker;
}

test("the committed index agrees with its definition, joint or not", () => {
  fc.assert(
    fc.property(ids, ids, fc.array(fc.nat(20), { minLength: 13, maxLength: 13 }), (voters, outgoing, matches) => {
      const tracker = trackerOf(voters, outgoing);
      for (const progress of tracker.progress) progress.match = matches[progress.id]!;
      const match = (id: number): number => matches[id]!;
      const naive = Math.min(naiveCommitted(voters, match), naiveCommitted(outgoing, match));
      expect(committedIndex(tracker)).toBe(naive);
    }),
  );
});

test("the election result agrees with its definition, joint or not", () => {
  fc.assert(
    fc.property(ids, ids, fc.array(fc.nat(2), { minLength: 13, maxLength: 13 }), (voters, outgoing, votes) => {
      const tracker = trackerOf(voters, outgoing);
      for (const progress of tracker.progress) progress.vote = votes[progress.id]!;
      const halves = [naiveVote(voters, (id) => votes[id]!), naiveVote(outgoing, (id) => votes[id]!)];
      const naive = halves.includes(VoteResult.Lost)
        ? VoteResult.Lost
        : halves.includes(VoteResult.Pending)
          ? VoteResult.Pending
          : VoteResult.Won;
      expect(electionResult(tracker)).toBe(naive);
    }),
  );
});

test("any two quorums of one configuration have a member in common", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
      fc.nat(511),
      fc.nat(511),
      (voters, a, b) => {
        const tracker = trackerOf(voters, []);
        const first = voters.filter((_, k) => (a >> k) & 1);
        const second = voters.filter((_, k) => (b >> k) & 1);
        fc.pre(isQuorum(tracker, first) && isQuorum(tracker, second));
        expect(first.some((id) => second.includes(id))).toBe(true);
      },
    ),
  );
});

test("a quorum is active exactly when the active members are a quorum", () => {
  fc.assert(
    fc.property(ids, ids, fc.nat(8191), (voters, outgoing, active) => {
      const tracker = trackerOf(voters, outgoing);
      for (const progress of tracker.progress) progress.recentActive = ((active >> progress.id) & 1) === 1;
      const heard = tracker.progress.filter((progress) => progress.recentActive).map((progress) => progress.id);
      expect(isQuorumActive(tracker)).toBe(isQuorum(tracker, heard));
    }),
  );
});

test("the order of the members does not matter", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1, maxLength: 9 }), (indexes) => {
      const reversed = indexes.slice().reverse();
      expect(majorityIndex(indexes.slice(), indexes.length)).toBe(majorityIndex(reversed, indexes.length));
    }),
  );
});
