/**
 * The decisions of a quorum as this member takes them: the tracker's rules, or those of a mutation.
 *
 * What is unknown here: what follows from a decision. The rules of correct Raft are in `tracker.ts`; the two wrong ones
 * stand here, in one place, so that they can be read side by side.
 */

import type { RaftConfig } from "./config.ts";
import type { Progress } from "./progress.ts";
import { majority, majorityIndex, majorityVote, type VoteResult } from "./quorum.ts";
import type { Raft } from "./state.ts";
import { committedIndex, electionResult, isQuorum, isQuorumActive } from "./tracker.ts";

/** Returns the highest index that a quorum has. */
export function quorumIndex(raft: Raft): number {
  if (!raft.quorumMutated) return committedIndex(raft.tracker);
  const indexes = countedVoters(raft).map((progress) => progress.match);
  return majorityIndex(indexes, indexes.length);
}

/** Returns how the election stands. */
export function electionOutcome(raft: Raft): VoteResult {
  const perMessage = raft.config.mutations.duplicateVoteCounted;
  if (!raft.quorumMutated && !perMessage) return electionResult(raft.tracker);
  const voters = countedVoters(raft);
  let granted = 0;
  let rejected = 0;
  for (const progress of voters) {
    if (progress.vote === 1) granted++;
    else if (progress.vote === 2) rejected++;
  }
  if (perMessage) granted = raft.grantedMessages;
  return majorityVote(voters.length, granted, rejected);
}

/** True if a leader may believe that it still leads. */
export function hasActiveQuorum(raft: Raft): boolean {
  if (!raft.quorumMutated) return isQuorumActive(raft.tracker);
  const voters = countedVoters(raft);
  return voters.filter((progress) => progress.recentActive).length >= majority(voters.length);
}

/** True if the members in `acks`, each at most once, confirm a read. */
export function hasQuorum(raft: Raft, acks: readonly number[]): boolean {
  if (!raft.quorumMutated) return isQuorum(raft.tracker, acks);
  const voters = countedVoters(raft);
  return voters.filter((progress) => acks.includes(progress.id)).length >= majority(voters.length);
}

/** True for a configuration in which the mutations on change what a quorum is. */
export function changesQuorum(config: RaftConfig): boolean {
  return config.mutations.quorumOfReachable || config.mutations.jointUnionMajority;
}

/**
 * The voters that a mutated member counts: of both halves together (`jointUnionMajority`), and only those heard from
 * within three election timeouts (`quorumOfReachable`); less, and no member would wait for another at the start.
 */
function countedVoters(raft: Raft): Progress[] {
  const counted: Progress[] = [];
  for (const progress of raft.tracker.progress) {
    if (!raft.tracker.voterIds.includes(progress.id)) continue;
    const silent = raft.ticks - progress.heardAtTick > 3 * raft.config.electionTicks;
    if (raft.config.mutations.quorumOfReachable && silent && progress.id !== raft.id) continue;
    counted.push(progress);
  }
  return counted;
}
