/**
 * Planted bugs: one flat record of switches, all off by default.
 *
 * Each is a real failure of a real system, reduced to a few lines behind a condition; a member, disk, clock or client
 * reads its switches when it is made. Off, a switch costs nothing and draws nothing, so that turning one on leaves
 * the draws of every other place as they were. What is unknown here: what a switch does.
 */

/** Every planted bug, by the catalogue's ids: elections first, then replication, storage and what stands on them. */
export const MUTATION_IDS = [
  "vote-not-persisted",
  "vote-cleared-in-same-term",
  "duplicate-vote-counted",
  "vote-compares-length-only",
  "quorum-of-reachable",
  "fixed-election-timeouts",
  "no-prevote-partial-partition",
  "prevote-without-stickiness",
  "half-open-leader",
  "prevote-response-local-term",
  "prevote-mixed-rollout",
  "transfer-blocks-proposals",
  "commit-prior-term-by-count",
  "truncate-on-any-append",
  "conflicting-tail-kept",
  "commit-beyond-verified-prefix",
  "stale-snapshot-rolls-back",
  "snapshot-keeps-conflicting-tail",
  "snapshot-merged-not-replaced",
  "purged-prefix-treated-as-conflict",
  "ack-before-fsync",
  "corrupt-entry-truncates-log",
  "torn-record-accepted",
  "fsync-error-retried",
  "hardstate-before-entries",
  "rename-without-dir-sync",
  "single-server-change-unsafe",
  "overlapping-config-changes",
  "campaign-with-unapplied-config",
  "joint-union-majority",
  "promote-unready-learner",
  "removed-server-disrupts",
  "wiped-member-same-id",
  "read-from-stale-leader",
  "readindex-before-term-commit",
  "readindex-stale-acks",
  "read-before-apply",
  "lease-read-clock-drift",
  "lease-read-after-transfer",
  "retry-without-dedup",
  "timeout-reported-as-failure",
  "lock-without-fencing",
  "lock-lease-unchecked",
  "lease-ttl-reset-on-leader-change",
  "stale-leader-revokes-leases",
  "lease-on-wall-clock",
  "watch-lost-on-compaction",
  "delete-event-compacted",
  "watch-replays-after-snapshot",
  "progress-overtakes-events",
  "future-watch-gets-past",
  "consistent-index-ahead",
  "txn-range-stripped",
  "auth-replay-bumps-revision",
  "quota-decided-at-apply",
  "revision-regresses-after-compaction-crash",
  "disk-stalled-leader",
  "apiserver-stale-cache",
  "restore-rewinds-revision",
  "stacked-even-zones",
] as const;

export type MutationId = (typeof MUTATION_IDS)[number];

/** One switch a planted bug: true plants it. */
export interface Mutations {
  readonly voteNotPersisted: boolean;
  readonly voteClearedInSameTerm: boolean;
  readonly duplicateVoteCounted: boolean;
  readonly voteComparesLengthOnly: boolean;
  readonly quorumOfReachable: boolean;
  readonly fixedElectionTimeouts: boolean;
  readonly noPrevotePartialPartition: boolean;
  readonly prevoteWithoutStickiness: boolean;
  readonly halfOpenLeader: boolean;
  readonly prevoteResponseLocalTerm: boolean;
  readonly prevoteMixedRollout: boolean;
  readonly transferBlocksProposals: boolean;
  readonly commitPriorTermByCount: boolean;
  readonly truncateOnAnyAppend: boolean;
  readonly conflictingTailKept: boolean;
  readonly commitBeyondVerifiedPrefix: boolean;
  readonly staleSnapshotRollsBack: boolean;
  readonly snapshotKeepsConflictingTail: boolean;
  readonly snapshotMergedNotReplaced: boolean;
  readonly purgedPrefixTreatedAsConflict: boolean;
  readonly ackBeforeFsync: boolean;
  readonly corruptEntryTruncatesLog: boolean;
  readonly tornRecordAccepted: boolean;
  readonly fsyncErrorRetried: boolean;
  readonly hardstateBeforeEntries: boolean;
  readonly renameWithoutDirSync: boolean;
  readonly singleServerChangeUnsafe: boolean;
  readonly overlappingConfigChanges: boolean;
  readonly campaignWithUnappliedConfig: boolean;
  readonly jointUnionMajority: boolean;
  readonly promoteUnreadyLearner: boolean;
  readonly removedServerDisrupts: boolean;
  readonly wipedMemberSameId: boolean;
  readonly readFromStaleLeader: boolean;
  readonly readindexBeforeTermCommit: boolean;
  readonly readindexStaleAcks: boolean;
  readonly readBeforeApply: boolean;
  readonly leaseReadClockDrift: boolean;
  readonly leaseReadAfterTransfer: boolean;
  readonly retryWithoutDedup: boolean;
  readonly timeoutReportedAsFailure: boolean;
  readonly lockWithoutFencing: boolean;
  readonly lockLeaseUnchecked: boolean;
  readonly leaseTtlResetOnLeaderChange: boolean;
  readonly staleLeaderRevokesLeases: boolean;
  readonly leaseOnWallClock: boolean;
  readonly watchLostOnCompaction: boolean;
  readonly deleteEventCompacted: boolean;
  readonly watchReplaysAfterSnapshot: boolean;
  readonly progressOvertakesEvents: boolean;
  readonly futureWatchGetsPast: boolean;
  readonly consistentIndexAhead: boolean;
  readonly txnRangeStripped: boolean;
  readonly authReplayBumpsRevision: boolean;
  readonly quotaDecidedAtApply: boolean;
  readonly revisionRegressesAfterCompactionCrash: boolean;
  readonly diskStalledLeader: boolean;
  readonly apiserverStaleCache: boolean;
  readonly restoreRewindsRevision: boolean;
  readonly stackedEvenZones: boolean;
}

/** Nothing planted: the correct system. */
export const NO_MUTATIONS: Mutations = Object.freeze({
  voteNotPersisted: false,
  voteClearedInSameTerm: false,
  duplicateVoteCounted: false,
  voteComparesLengthOnly: false,
  quorumOfReachable: false,
  fixedElectionTimeouts: false,
  noPrevotePartialPartition: false,
  prevoteWithoutStickiness: false,
  halfOpenLeader: false,
  prevoteResponseLocalTerm: false,
  prevoteMixedRollout: false,
  transferBlocksProposals: false,
  commitPriorTermByCount: false,
  truncateOnAnyAppend: false,
  conflictingTailKept: false,
  commitBeyondVerifiedPrefix: false,
  staleSnapshotRollsBack: false,
  snapshotKeepsConflictingTail: false,
  snapshotMergedNotReplaced: false,
  purgedPrefixTreatedAsConflict: false,
  ackBeforeFsync: false,
  corruptEntryTruncatesLog: false,
  tornRecordAccepted: false,
  fsyncErrorRetried: false,
  hardstateBeforeEntries: false,
  renameWithoutDirSync: false,
  singleServerChangeUnsafe: false,
  overlappingConfigChanges: false,
  campaignWithUnappliedConfig: false,
  jointUnionMajority: false,
  promoteUnreadyLearner: false,
  removedServerDisrupts: false,
  wipedMemberSameId: false,
  readFromStaleLeader: false,
  readindexBeforeTermCommit: false,
  readindexStaleAcks: false,
  readBeforeApply: false,
  leaseReadClockDrift: false,
  leaseReadAfterTransfer: false,
  retryWithoutDedup: false,
  timeoutReportedAsFailure: false,
  lockWithoutFencing: false,
  lockLeaseUnchecked: false,
  leaseTtlResetOnLeaderChange: false,
  staleLeaderRevokesLeases: false,
  leaseOnWallClock: false,
  watchLostOnCompaction: false,
  deleteEventCompacted: false,
  watchReplaysAfterSnapshot: false,
  progressOvertakesEvents: false,
  futureWatchGetsPast: false,
  consistentIndexAhead: false,
  txnRangeStripped: false,
  authReplayBumpsRevision: false,
  quotaDecidedAtApply: false,
  revisionRegressesAfterCompactionCrash: false,
  diskStalledLeader: false,
  apiserverStaleCache: false,
  restoreRewindsRevision: false,
  stackedEvenZones: false,
});

/** The record with exactly these bugs planted. The same shape whatever is planted, so that reads stay monomorphic. */
export function mutationsOf(ids: readonly MutationId[]): Mutations {
  const planted = (id: MutationId): boolean => ids.includes(id);
  return {
    voteNotPersisted: planted("vote-not-persisted"),
    voteClearedInSameTerm: planted("vote-cleared-in-same-term"),
    duplicateVoteCounted: planted("duplicate-vote-counted"),
    voteComparesLengthOnly: planted("vote-compares-length-only"),
    quorumOfReachable: planted("quorum-of-reachable"),
    fixedElectionTimeouts: planted("fixed-election-timeouts"),
    noPrevotePartialPartition: planted("no-prevote-partial-partition"),
    prevoteWithoutStickiness: planted("prevote-without-stickiness"),
    halfOpenLeader: planted("half-open-leader"),
    prevoteResponseLocalTerm: planted("prevote-response-local-term"),
    prevoteMixedRollout: planted("prevote-mixed-rollout"),
    transferBlocksProposals: planted("transfer-blocks-proposals"),
    commitPriorTermByCount: planted("commit-prior-term-by-count"),
    truncateOnAnyAppend: planted("truncate-on-any-append"),
    conflictingTailKept: planted("conflicting-tail-kept"),
    commitBeyondVerifiedPrefix: planted("commit-beyond-verified-prefix"),
    staleSnapshotRollsBack: planted("stale-snapshot-rolls-back"),
    snapshotKeepsConflictingTail: planted("snapshot-keeps-conflicting-tail"),
    snapshotMergedNotReplaced: planted("snapshot-merged-not-replaced"),
    purgedPrefixTreatedAsConflict: planted("purged-prefix-treated-as-conflict"),
    ackBeforeFsync: planted("ack-before-fsync"),
    corruptEntryTruncatesLog: planted("corrupt-entry-truncates-log"),
    tornRecordAccepted: planted("torn-record-accepted"),
    fsyncErrorRetried: planted("fsync-error-retried"),
    hardstateBeforeEntries: planted("hardstate-before-entries"),
    renameWithoutDirSync: planted("rename-without-dir-sync"),
    singleServerChangeUnsafe: planted("single-server-change-unsafe"),
    overlappingConfigChanges: planted("overlapping-config-changes"),
    campaignWithUnappliedConfig: planted("campaign-with-unapplied-config"),
    jointUnionMajority: planted("joint-union-majority"),
    promoteUnreadyLearner: planted("promote-unready-learner"),
    removedServerDisrupts: planted("removed-server-disrupts"),
    wipedMemberSameId: planted("wiped-member-same-id"),
    readFromStaleLeader: planted("read-from-stale-leader"),
    readindexBeforeTermCommit: planted("readindex-before-term-commit"),
    readindexStaleAcks: planted("readindex-stale-acks"),
    readBeforeApply: planted("read-before-apply"),
    leaseReadClockDrift: planted("lease-read-clock-drift"),
    leaseReadAfterTransfer: planted("lease-read-after-transfer"),
    retryWithoutDedup: planted("retry-without-dedup"),
    timeoutReportedAsFailure: planted("timeout-reported-as-failure"),
    lockWithoutFencing: planted("lock-without-fencing"),
    lockLeaseUnchecked: planted("lock-lease-unchecked"),
    leaseTtlResetOnLeaderChange: planted("lease-ttl-reset-on-leader-change"),
    staleLeaderRevokesLeases: planted("stale-leader-revokes-leases"),
    leaseOnWallClock: planted("lease-on-wall-clock"),
    watchLostOnCompaction: planted("watch-lost-on-compaction"),
    deleteEventCompacted: planted("delete-event-compacted"),
    watchReplaysAfterSnapshot: planted("watch-replays-after-snapshot"),
    progressOvertakesEvents: planted("progress-overtakes-events"),
    futureWatchGetsPast: planted("future-watch-gets-past"),
    consistentIndexAhead: planted("consistent-index-ahead"),
    txnRangeStripped: planted("txn-range-stripped"),
    authReplayBumpsRevision: planted("auth-replay-bumps-revision"),
    quotaDecidedAtApply: planted("quota-decided-at-apply"),
    revisionRegressesAfterCompactionCrash: planted("revision-regresses-after-compaction-crash"),
    diskStalledLeader: planted("disk-stalled-leader"),
    apiserverStaleCache: planted("apiserver-stale-cache"),
    restoreRewindsRevision: planted("restore-rewinds-revision"),
    stackedEvenZones: planted("stacked-even-zones"),
  };
}

/** Whether the text is the id of a planted bug. */
export function isMutationId(text: string): text is MutationId {
  return (MUTATION_IDS as readonly string[]).includes(text);
}
