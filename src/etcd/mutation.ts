/**
 * Bugs that can be planted into the state machine, each one a boolean that is off in every honest run.
 *
 * Ids and stories are those of the bug catalogue; which of them live here is a matter of where the historical fault was.
 * A mutation never changes what is drawn by chance, and costs nothing when it is off.
 */

/** One boolean a planted bug; `NO_ETCD_MUTATIONS` has all of them off. */
export interface EtcdMutations {
  /** A member that does not serve the client leaves a transaction's reads out, so a read that must fail fails here only. */
  readonly txnRangeStripped: boolean;
  /** Applying a put refuses it by this member's own file size, before any alarm stands in the log. */
  readonly quotaDecidedAtApply: boolean;
  /** Restoring after a crash forgets a compaction that had begun: the revision falls back to the newest record left. */
  readonly revisionRegressesAfterCompactionCrash: boolean;
  /** A compaction at R drops the tombstones at R as well. */
  readonly deleteEventCompacted: boolean;
  /** A lagging watcher whose stream is full is moved to the head when a compaction passes it. */
  readonly watchLostOnCompaction: boolean;
  /** Restoring a snapshot serves watchers that were up to date again from their first revision. */
  readonly watchReplaysAfterSnapshot: boolean;
  /** A progress request is answered at once, past events that still wait. */
  readonly progressOvertakesEvents: boolean;
  /** Catching up after a restore pulls watchers of future revisions back to the head. */
  readonly futureWatchGetsPast: boolean;
  /** A lock is answered from the waiter's own idea of its key: whether the lease still lives is not looked up again. */
  readonly lockLeaseUnchecked: boolean;
  /** A new leader starts leases at their full TTL although checkpoints say that less is left. */
  readonly leaseTtlResetOnLeaderChange: boolean;
}

/** All planted bugs off. */
export const NO_ETCD_MUTATIONS: EtcdMutations = Object.freeze({
  txnRangeStripped: false,
  quotaDecidedAtApply: false,
  revisionRegressesAfterCompactionCrash: false,
  deleteEventCompacted: false,
  watchLostOnCompaction: false,
  watchReplaysAfterSnapshot: false,
  progressOvertakesEvents: false,
  futureWatchGetsPast: false,
  lockLeaseUnchecked: false,
  leaseTtlResetOnLeaderChange: false,
});
