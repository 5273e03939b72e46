// Options of etcd members, fixed for a run.

import { CHECKPOINT_PERIOD_MICROS } from "../etcd/lease-clock.ts";
import type { EtcdMutations } from "../etcd/mutation.ts";
import { NO_ETCD_MUTATIONS } from "../etcd/mutation.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import { type ConfState, confStateOf, createRaftConfig, type RaftConfig } from "../raft/raft.ts";

/** Planted bugs of a member: what stands between Raft, the disk and clients. All false is correct. */
export interface MemberMutations {
  /** `ack-before-fsync`: a leader counts its own entry, and a follower acknowledges, before the log is on disk. */
  readonly ackBeforeFsync: boolean;
  /** `vote-not-persisted`: votes leave before the hard state is on disk. */
  readonly voteNotPersisted: boolean;
  /** `read-before-apply`: a confirmed read is served without waiting for the index it was confirmed at. */
  readonly readBeforeApply: boolean;
  /** `wiped-member-same-id`: a member with an empty disk starts again under its old identity. */
  readonly wipedMemberSameId: boolean;
  /** `fsync-error-retried`: a failed sync is repeated and then believed. */
  readonly fsyncErrorRetried: boolean;
  /** `hardstate-before-entries`: term and commit index are on disk before the entries that they speak of. */
  readonly hardstateBeforeEntries: boolean;
  /** `rename-without-dir-sync`: the name of a snapshot file is not on disk when the log before it is cut. */
  readonly renameWithoutDirSync: boolean;
  /** `corrupt-entry-truncates-log`: any damaged record counts as the end of the log. */
  readonly corruptEntryTruncatesLog: boolean;
  /** `torn-record-accepted`: a half-written record is read as if it were whole. */
  readonly tornRecordAccepted: boolean;
  /** `snapshot-merged-not-replaced`: a received snapshot is put on top of what is there. */
  readonly snapshotMergedNotReplaced: boolean;
  /** `consistent-index-ahead`: the database is saved with the index of an entry and without its change. */
  readonly consistentIndexAhead: boolean;
  /** `disk-stalled-leader`: a leader's heartbeats go on while its disk does not. */
  readonly diskStalledLeader: boolean;
  /** `promote-unready-learner`: a learner becomes a voter however far behind it is. */
  readonly promoteUnreadyLearner: boolean;
  /** `stale-leader-revokes-leases`: whoever took itself for the leader last revokes what it thinks is over, unconfirmed. */
  readonly staleLeaderRevokesLeases: boolean;
  /** `lease-on-wall-clock`: leases are over by the wall clock, which may be set. */
  readonly leaseOnWallClock: boolean;
  /** `auth-replay-bumps-revision`: commands about users and roles do not move the applied index that a restart goes on from. */
  readonly authReplayBumpsRevision: boolean;
  /** `restore-rewinds-revision`: a restored cluster goes on from the revision of the backup, with nothing marked as compacted. */
  readonly restoreRewindsRevision: boolean;
}

/** A correct member. */
export const NO_MEMBER_MUTATIONS: MemberMutations = Object.freeze({
  ackBeforeFsync: false,
  voteNotPersisted: false,
  readBeforeApply: false,
  wipedMemberSameId: false,
  fsyncErrorRetried: false,
  hardstateBeforeEntries: false,
  renameWithoutDirSync: false,
  corruptEntryTruncatesLog: false,
  tornRecordAccepted: false,
  snapshotMergedNotReplaced: false,
  consistentIndexAhead: false,
  diskStalledLeader: false,
  promoteUnreadyLearner: false,
  staleLeaderRevokesLeases: false,
  leaseOnWallClock: false,
  authReplayBumpsRevision: false,
  restoreRewindsRevision: false,
});

/** Options of all members of a cluster. */
export interface EtcdConfig {
  /** Membership at the start. */
  readonly founding: ConfState;
  /** Raft's options, by member id; members that join later take `joining` with their own id. */
  readonly raft: readonly (RaftConfig | null)[];
  readonly joining: RaftConfig;
  /** Real time of one tick. */
  readonly tickMicros: number;
  /** After which a member answers that a request timed out: 5 s + 2 election timeouts. */
  readonly requestTimeoutMicros: number;
  /** A snapshot after this many applied entries; 0: never. */
  readonly snapshotEntries: number;
  /** Entries kept in memory behind a snapshot, for followers that lag. */
  readonly catchUpEntries: number;
  /** Snapshot files kept. */
  readonly snapshotsKept: number;
  /**
   * `etcd`: as etcd's server does: reads that arrive together are confirmed together and asked for again, what finds no leader
   * waits for one, and reads under way fail at once when the leader changes. `plain`: as the common work W wants it: each read
   * is confirmed by itself, and what finds no leader is lost.
   */
  readonly service: "etcd" | "plain";
  /** The leader compacts all but this many revisions when as many new ones came; 0: never. */
  readonly autoCompactRevisions: number;
  /** The leader compacts to where the revision was this long ago; 0: never. */
  readonly autoCompactPeriodMicros: number;
  /** The leader compares hashes with the others once in this time; 0: never. */
  readonly corruptCheckMicros: number;
  /** A leader tells the others what is left of longer leases once in this time. */
  readonly leaseCheckpointMicros: number;
  /** The name that goes into the ids of members and cluster. */
  readonly clusterName: string;
  /** Space quota in bytes, by member id; members that join later have `quotaBytes`. Negative: none. */
  readonly quotas: readonly number[];
  readonly quotaBytes: number;
  /** Election timeout, by which lease times are reckoned. */
  readonly electionMicros: number;
  /**
   * A member that starts tells the others, and moves its election clock forward once it is connected with at least two, as
   * etcd does (`initial-election-tick-advance`).
   */
  readonly headStart: boolean;
  /** Members ask each other for their versions, and the leader decides what the cluster speaks. */
  readonly watchesVersions: boolean;
  readonly mutations: MemberMutations;
  readonly etcdMutations: EtcdMutations;
}

/** A cluster of `members` voters with etcd's defaults. */
export function createEtcdConfig(members: number, options: Partial<EtcdConfig> = {}): EtcdConfig {
  const ids = Array.from({ length: members }, (_, at) => at + 1);
  return {
    founding: confStateOf(ids),
    raft: [null, ...ids.map((id) => createRaftConfig({ id }))],
    joining: createRaftConfig({ id: 1 }),
    tickMicros: 100 * MILLISECOND,
    requestTimeoutMicros: 7 * SECOND,
    snapshotEntries: 10_000,
    catchUpEntries: 5_000,
    snapshotsKept: 5,
    service: "etcd",
    autoCompactRevisions: 0,
    autoCompactPeriodMicros: 0,
    corruptCheckMicros: 0,
    leaseCheckpointMicros: CHECKPOINT_PERIOD_MICROS,
    clusterName: "lockstep",
    quotas: [],
    quotaBytes: 0,
    electionMicros: SECOND,
    headStart: false,
    watchesVersions: false,
    mutations: NO_MEMBER_MUTATIONS,
    etcdMutations: NO_ETCD_MUTATIONS,
    ...options,
  };
}
