/**
 * What a scenario means where it says nothing: etcd's own defaults, and the network and disks of an ordinary site.
 */

import type { Distribution } from "../kernel/distribution.ts";
import { INSTANT, uniform } from "../kernel/distribution.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import type { DiskSettings, RaftSettings, SnapshotSettings } from "./scenario.ts";

/** A named set of defaults. */
export interface Preset {
  readonly raft: RaftSettings;
  readonly snapshot: SnapshotSettings;
  readonly disk: DiskSettings;
  readonly latency: Distribution;
  readonly clientLatency: Distribution;
}

const ETCD_RAFT: RaftSettings = {
  heartbeatMicros: 100 * MILLISECOND,
  electionMicros: 1_000 * MILLISECOND,
  preVote: true,
  checkQuorum: true,
  readOnly: "safe",
  maxSizePerMsgBytes: 512 * 1_024,
  maxInflight: 512,
};

/** By name. `common-work` is the load on which simulators are compared: an instant disk and no snapshots. */
export const PRESETS: Readonly<Record<"etcd" | "common-work", Preset>> = {
  etcd: {
    raft: ETCD_RAFT,
    snapshot: { everyEntries: 10_000, keep: 5, catchUpEntries: 5_000 },
    disk: { write: uniform(20, 100), fsync: uniform(500, 2_000) },
    latency: uniform(500, 2_000),
    clientLatency: uniform(500, 2_000),
  },
  "common-work": {
    raft: ETCD_RAFT,
    snapshot: { everyEntries: 0, keep: 1, catchUpEntries: 0 },
    disk: { write: INSTANT, fsync: INSTANT },
    latency: uniform(1_000, 10_000),
    clientLatency: uniform(1_000, 10_000),
  },
};

export const DURATION_DEFAULT_MICROS: number = 10 * SECOND;
export const CLIENT_TIMEOUT_DEFAULT_MICROS: number = 2 * SECOND;
/** Time to live of the leases of programs, and how long they hold what they hold. */
export const TTL_DEFAULT_MICROS: number = 5 * SECOND;
export const HOLD_DEFAULT_MICROS: number = 2 * SECOND;
export const RANDOM_LASTING_DEFAULT: Distribution = uniform(500 * MILLISECOND, 3 * SECOND);
/** etcd's quota where none is named: 2 GiB. */
export const QUOTA_DEFAULT_BYTES = 2_147_483_648;

/** How often what is left of a long lease is told to all members: `lease-checkpoint-interval` of etcd. */
export const LEASE_CHECKPOINT_DEFAULT_MICROS = 300_000_000;
/** What etcd adds to two election timeouts for a request: 5 s. */
export const REQUEST_TIMEOUT_BASE_MICROS: number = 5 * SECOND;
/** A fair phase after which random faults have ended by default, so that the end of a run can be judged. */
export const RANDOM_CALM_MICROS: number = 5 * SECOND;
