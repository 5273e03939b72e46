/**
 * The scenario as a value: normalised, plain JSON, canonical. It is what artifacts store, what a link carries, what
 * the world is made from and what shrinking takes apart; a YAML file is one way to write it.
 *
 * Everything is filled in: presets, defaults and lists of members are expanded, quantities are integers with their
 * unit in the name. What is unknown here: how it is written (`schema.ts`, `format.ts`) and how it is run.
 */

import type { Action, TimedAction } from "../fault/action.ts";
import type { MutationId } from "../fault/mutation.ts";
import type { RandomFaults } from "../fault/random.ts";
import type { MemberRole, Selector } from "../fault/selector.ts";
import type { Distribution } from "../kernel/distribution.ts";
import type { Claim } from "./claim.ts";
import type { Expectation } from "./expectation.ts";
import type { Predicate } from "./predicate.ts";
import type { Study } from "./study.ts";

export const API_VERSION = "lockstep/v1";

export interface RaftSettings {
  /** Time between heartbeats: one tick. */
  readonly heartbeatMicros: number;
  /** Election timeout before randomisation, a multiple of the heartbeat; drawn from [1, 2) times this. */
  readonly electionMicros: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  /** `safe`: ReadIndex by a round of heartbeats. `lease`: from the leader's lease. */
  readonly readOnly: "safe" | "lease";
  readonly maxSizePerMsgBytes: number;
  readonly maxInflight: number;
}

export interface MemberSettings {
  /** The number in its name: 1 for `n1`. */
  readonly id: number;
  readonly role: MemberRole;
  readonly zone: string | null;
  readonly host: string | null;
  /** Its own settings: the cluster's with what the member overrides. */
  readonly raft: RaftSettings;
  /** Its own space quota: 0 for none. */
  readonly quotaBytes: number;
}

export interface SnapshotSettings {
  /** A snapshot after this many applied entries; 0: never. etcd's default is 10,000. */
  readonly everyEntries: number;
  /** Snapshots kept. */
  readonly keep: number;
  /** Entries kept in the log behind a snapshot for slow followers. etcd's default is 5,000. */
  readonly catchUpEntries: number;
}

export interface CompactionSettings {
  /** `off`, or automatic compaction by age or by number of revisions. */
  readonly mode: "off" | "periodic" | "revision";
  readonly periodMicros: number;
  readonly revisions: number;
}

export interface DiskSettings {
  readonly write: Distribution;
  readonly fsync: Distribution;
}

export interface ClusterSettings {
  /** Ascending by id; 1 to 99. */
  readonly members: readonly MemberSettings[];
  readonly raft: RaftSettings;
  readonly snapshot: SnapshotSettings;
  readonly compaction: CompactionSettings;
  readonly quotaBytes: number;
  readonly disk: DiskSettings;
  /** Time that etcd gives a request before it is answered with a timeout: 5 s + 2 elections by default. */
  readonly requestTimeoutMicros: number;
  /** The leader compares the hashes of all members once in this time (`--corrupt-check-time`); 0: never. */
  readonly corruptCheckMicros: number;
  /** The leader tells the others what is left of leases longer than this, once in so much time; 5 min in etcd. */
  readonly leaseCheckpointMicros: number;
  /** Where the apiservers stand, for the lessons around Kubernetes; null where there are none. */
  readonly topology: TopologySettings | null;
}

export interface TopologySettings {
  readonly kind: "stacked" | "external";
  /** Hosts by name, ascending; what runs on each: `n1`, `api1`. */
  readonly hosts: readonly { readonly name: string; readonly runs: readonly string[] }[];
}

export interface NetworkSettings {
  /** One way, between members. */
  readonly latency: Distribution;
  /** One way, between a client and its member. */
  readonly clientLatency: Distribution;
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  /** Links that differ: later ones win. */
  readonly links: readonly LinkSettings[];
}

export interface LinkSettings {
  readonly from: Selector;
  readonly to: Selector;
  /** Whether the link back is meant as well. */
  readonly both: boolean;
  readonly latency: Distribution;
}

export const WORKLOAD_OPS = [
  "put",
  "get",
  "getSerializable",
  "range",
  "delete",
  "cas",
  "txn",
  "txnAt",
  "increment",
  "append",
  "compact",
  "lease",
  "watch",
  "lock",
] as const;

export type WorkloadOp = (typeof WORKLOAD_OPS)[number];

export const WORKLOAD_KINDS = ["kv", "watch", "lease", "lock", "election", "auth", "stm", "informer"] as const;

/** `kv` is a mix of requests; the others are programs of the kind that people run on etcd. */
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** Who sets the pace. */
export type WorkloadLoop =
  /** Each client sends its next request `thinkMicros` after the answer to the last. */
  | { readonly kind: "closed"; readonly thinkMicros: number }
  /** Requests arrive however long answers take: `operations` in each `perMicros`, over all clients. */
  | { readonly kind: "open"; readonly operations: number; readonly perMicros: number };

export interface Workload {
  readonly name: string;
  readonly kind: WorkloadKind;
  /** How many; numbered on from the workloads before it. */
  readonly clients: number;
  readonly loop: WorkloadLoop;
  /** In the order of WORKLOAD_OPS, weights of 1 and more. */
  readonly ops: readonly { readonly op: WorkloadOp; readonly weight: number }[];
  readonly keys: { readonly count: number; readonly dist: "uniform" | "zipf"; readonly prefix: string };
  /** `unique`: no value is written twice, which is what makes histories decidable. */
  readonly values: "unique" | "small";
  readonly valueBytes: number;
  readonly fromMicros: number;
  /** The first moment at which no more requests are made. */
  readonly untilMicros: number;
  /** After which an answer is no longer waited for and the outcome is unknown. */
  readonly timeoutMicros: number;
  /** For programs: time to live of their leases, how long a lock, an office or a lease is held. */
  readonly ttlMicros: number;
  readonly holdMicros: number;
  /** `lock`: the resource hears the number of the lock. `stm`: writes are guarded by what was read. */
  readonly fencing: boolean;
  /** `safe`: only what cannot happen twice. `blind`: everything. */
  readonly retry: "none" | "safe" | "blind" | "etcd";
  /** The members its clients may talk to; client c starts on the c-th of them, around. */
  readonly endpoints: Selector;
  /** Whether a client goes on to the next endpoint after a timeout or a refusal. */
  readonly failover: boolean;
  /** By what the history is judged. */
  readonly model: Model;
}

export const MODELS = [
  "etcd",
  "register",
  "cas-register",
  "multi-register",
  "kv",
  "kv-cas",
  "set",
  "queue",
  "stack",
  "mutex",
  "list-append",
] as const;

export type Model = (typeof MODELS)[number];

/** When a fault fires. */
export type Trigger =
  | { readonly kind: "time"; readonly atMicros: number }
  /** Right after the event with that number, counted from 1. */
  | { readonly kind: "event"; readonly event: number }
  /** Right after the first event that makes it true. */
  | { readonly kind: "when"; readonly predicate: Predicate };

export interface Fault {
  /** Unique within the scenario: the file's `id`, or `fault-<n>` by its place in the list, counted from 1. */
  readonly id: string;
  readonly trigger: Trigger;
  /** After this long the effect ends by itself; null: it stays. */
  readonly forMicros: number | null;
  readonly action: Action;
}

/** What the cluster is meant to survive; beyond it a run says so. */
export interface FaultBudget {
  /** Members down or cut off at once; null: floor((n-1)/2). */
  readonly membersDown: number | null;
}

export interface Scenario {
  /** `[a-z0-9-]`, unique within a folder. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly tags: readonly string[];
  /** The name of this variant; null for the file itself and for files without any. */
  readonly variant: string | null;
  /** Canonical decimal; null: drawn when run, and printed. */
  readonly seed: string | null;
  /** `seeds: own`: the scenario's point is its seed, `--seeds` leaves it alone. */
  readonly ownSeed: boolean;
  readonly durationMicros: number;
  /** Events after which the run is undecided; 0: the limit of the kernel. */
  readonly stepLimit: number;
  readonly protocol: "etcd" | "primary-backup";
  readonly cluster: ClusterSettings;
  readonly network: NetworkSettings;
  readonly workload: readonly Workload[];
  /** In the order of the file. Fixed: what `random` expands to is appended when a run is made. */
  readonly faults: readonly Fault[];
  readonly random: RandomFaults | null;
  readonly expect: readonly Expectation[];
  readonly mutate: readonly MutationId[];
  readonly budget: FaultBudget;
  /** What the runs have to say about claims of the field; of the file as a whole, variants have none. */
  readonly claims: readonly Claim[];
  /** The file once per variant, each complete, in the order of the file; empty where it has none. */
  readonly variants: readonly Scenario[];
  readonly study: Study | null;
}

/** The scenarios to run: the variants, or where there are none the scenario itself. */
export function expandVariants(scenario: Scenario): readonly Scenario[] {
  return scenario.variants.length === 0 ? [scenario] : scenario.variants;
}

/** A timed action as a fault of the scenario's list. */
export function faultOf(timed: TimedAction): Fault {
  return {
    id: timed.id,
    trigger: { kind: "time", atMicros: timed.atMicros },
    forMicros: timed.forMicros,
    action: timed.action,
  };
}

/** How many clients the workloads have together; they are numbered from 1. */
export function clientCount(scenario: Scenario): number {
  let count = 0;
  for (const workload of scenario.workload) count += workload.clients;
  return count;
}
