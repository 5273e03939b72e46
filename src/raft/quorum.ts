/**
 * Majorities: the index that a majority has, and how a vote stands.
 *
 * Pure functions of lists of ids and of numbers beside them; what is unknown here: members, logs, messages.
 * After etcd-io/raft `quorum/`. A *joint* decision (Raft §6) is the weaker of its halves' decisions. An empty set
 * decides everything: it lets through whatever the other half decides.
 */

/** The committed index of an empty set of voters. */
export const INFINITE_INDEX: number = Number.POSITIVE_INFINITY;

/** How a vote stands. */
export const VoteResult = { Pending: 1, Lost: 2, Won: 3 } as const;
/** One of the values of `VoteResult`, 1 to 3. */
export type VoteResult = (typeof VoteResult)[keyof typeof VoteResult];

/** Returns etcd's name of a vote result. */
export function voteResultName(result: VoteResult): string {
  return result === VoteResult.Won ? "VoteWon" : result === VoteResult.Lost ? "VoteLost" : "VotePending";
}

/** Returns how many of n voters make a majority. */
export function majority(n: number): number {
  return (n >> 1) + 1;
}

/**
 * Returns the highest index that a majority of `count` voters has acknowledged; `indexes[0..count-1]`, 0 for unknown, is
 * sorted in place. `INFINITE_INDEX` for no voters.
 */
export function majorityIndex(indexes: number[], count: number): number {
  if (count === 0) return INFINITE_INDEX;
  // Insertion sort: a handful of numbers, nearly sorted from one event to the next.
  for (let i = 1; i < count; i++) {
    const value = indexes[i]!;
    let j = i - 1;
    while (j >= 0 && indexes[j]! > value) {
      indexes[j + 1] = indexes[j]!;
      j--;
    }
    indexes[j + 1] = value;
  }
  return indexes[count - majority(count)]!;
}

/** Returns how a vote of `count` voters stands. */
export function majorityVote(count: number, granted: number, rejected: number): VoteResult {
  if (count === 0) return VoteResult.Won;
  const needed = majority(count);
  if (granted >= needed) return VoteResult.Won;
  return count - rejected >= needed ? VoteResult.Pending : VoteResult.Lost;
}

/** Returns how a joint vote stands: lost if either half is, won if both are. */
export function jointVote(incoming: VoteResult, outgoing: VoteResult): VoteResult {
  if (incoming === outgoing) return incoming;
  if (incoming === VoteResult.Lost || outgoing === VoteResult.Lost) return VoteResult.Lost;
  return VoteResult.Pending;
}
