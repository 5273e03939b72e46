/**
 * Planted bugs of the Raft core: one boolean each, named after the entry of the bug catalogue it re-plants.
 *
 * What is unknown here: how a scenario switches one on. All off is correct Raft; off, none costs more than reading a
 * boolean and none ever draws a random number.
 */

/** The planted bugs. A comment at each says what goes wrong while it is on. */
export interface RaftMutations {
  /** Becoming a follower forgets the vote even when the term stays the same. */
  readonly voteClearedInSameTerm: boolean;
  /** Granted votes are counted per message, not per voter. */
  readonly duplicateVoteCounted: boolean;
  /** The up-to-date check compares log lengths only. */
  readonly voteComparesLengthOnly: boolean;
  /** Elections, commits and quorum checks need a majority of the members heard from lately, not of the configured ones. */
  readonly quorumOfReachable: boolean;
  /** Every election timeout is the same. */
  readonly fixedElectionTimeouts: boolean;
  /** Entries of earlier terms are committed by counting copies, and a new leader appends no empty entry. */
  readonly commitPriorTermByCount: boolean;
  /** A follower cuts its log at the index before an append's entries without looking for a conflict. */
  readonly truncateOnAnyAppend: boolean;
  /** A conflicting entry is replaced in place and what follows it stays. */
  readonly conflictingTailKept: boolean;
  /** A follower commits up to the leader's commit index even beyond what it compared; heartbeats carry the full commit index. */
  readonly commitBeyondVerifiedPrefix: boolean;
  /** A snapshot is installed whatever the member already has. */
  readonly staleSnapshotRollsBack: boolean;
  /** Installing a snapshot keeps the local entries after it, and the local term at its index. */
  readonly snapshotKeepsConflictingTail: boolean;
  /** An append at a compacted index counts as a conflict and cuts the log. */
  readonly purgedPrefixTreatedAsConflict: boolean;
  /** A new leader accepts a configuration change before it has committed in its term; changes take effect on append. */
  readonly singleServerChangeUnsafe: boolean;
  /** A configuration change is accepted while another is pending; changes take effect on append. */
  readonly overlappingConfigChanges: boolean;
  /** A member campaigns with committed configuration changes that it has not applied. */
  readonly campaignWithUnappliedConfig: boolean;
  /** A joint configuration decides by one majority of the union. */
  readonly jointUnionMajority: boolean;
  /** Voters listen to anyone at any time, and there is no PreVote. */
  readonly removedServerDisrupts: boolean;
  /** A member that believes to lead answers reads without asking anyone. */
  readonly readFromStaleLeader: boolean;
  /** A new leader answers reads before it has committed in its term. */
  readonly readindexBeforeTermCommit: boolean;
  /** Read rounds are identified by the reader's request id, which a retry reuses. */
  readonly readindexStaleAcks: boolean;
  /** Lease reads trust the lease for as long as the member leads: no send time, no drift margin. */
  readonly leaseReadClockDrift: boolean;
  /** The lease survives a MsgTimeoutNow. */
  readonly leaseReadAfterTransfer: boolean;
  /** A leadership transfer is never given up. */
  readonly transferBlocksProposals: boolean;
  /** Plain Raft: neither PreVote nor CheckQuorum. */
  readonly noPrevotePartialPartition: boolean;
  /** A pre-vote is granted although the voter hears a leader, and nobody checks for a quorum. */
  readonly prevoteWithoutStickiness: boolean;
  /** A leader never steps down for lack of responses. */
  readonly halfOpenLeader: boolean;
  /** Pre-vote responses carry the voter's term instead of the term asked for, and pre-votes of lower terms get none. */
  readonly prevoteResponseLocalTerm: boolean;
  /** Lower-term pre-votes and lower-term messages of a leader are dropped without an answer. */
  readonly prevoteMixedRollout: boolean;
}

/** Correct Raft. */
export const NO_RAFT_MUTATIONS: RaftMutations = Object.freeze({
  voteClearedInSameTerm: false,
  duplicateVoteCounted: false,
  voteComparesLengthOnly: false,
  quorumOfReachable: false,
  fixedElectionTimeouts: false,
  commitPriorTermByCount: false,
  truncateOnAnyAppend: false,
  conflictingTailKept: false,
  commitBeyondVerifiedPrefix: false,
  staleSnapshotRollsBack: false,
  snapshotKeepsConflictingTail: false,
  purgedPrefixTreatedAsConflict: false,
  singleServerChangeUnsafe: false,
  overlappingConfigChanges: false,
  campaignWithUnappliedConfig: false,
  jointUnionMajority: false,
  removedServerDisrupts: false,
  readFromStaleLeader: false,
  readindexBeforeTermCommit: false,
  readindexStaleAcks: false,
  leaseReadClockDrift: false,
  leaseReadAfterTransfer: false,
  transferBlocksProposals: false,
  noPrevotePartialPartition: false,
  prevoteWithoutStickiness: false,
  halfOpenLeader: false,
  prevoteResponseLocalTerm: false,
  prevoteMixedRollout: false,
});

/** True if any of them is on. */
export function hasMutation(mutations: RaftMutations): boolean {
  return Object.values(mutations).some((on) => on === true);
}
