/**
 * The scenario file as a value: what YAML, JSON and `defineScenario()` all give, before anything is filled in.
 *
 * These types are the contract of the file; `schema.ts` checks a value against them and is held to them by the
 * compiler. Durations, shares and sizes are texts with units; selectors are texts or lists of texts.
 */

import type { WorkloadKind } from "./scenario.ts";

/** `250ms`, `3s`; the number 0 needs no unit. */
export type DurationText = string | 0;
/** `30%`, `500ppm`; 0 needs no unit. */
export type PpmText = string | 0;
/** `64KiB`; 0 needs no unit. */
export type SizeText = string | 0;
/** `leader`, `any(2)`, `zone:a`, or a list of such. */
export type SelectorText = string | readonly string[];
export type WindowText = readonly [DurationText, DurationText];

export type DistributionFile =
  | string
  | 0
  | {
      readonly dist: "constant" | "uniform" | "normal" | "exponential" | "pareto";
      readonly min?: DurationText | undefined;
      readonly max?: DurationText | undefined;
      readonly mean?: DurationText | undefined;
      readonly deviation?: DurationText | undefined;
    };

export interface RaftFile {
  readonly heartbeat?: DurationText | undefined;
  readonly election?: DurationText | undefined;
  readonly preVote?: boolean | undefined;
  readonly checkQuorum?: boolean | undefined;
  readonly readOnly?: "safe" | "lease" | undefined;
  readonly maxSizePerMsg?: SizeText | undefined;
  readonly maxInflight?: number | undefined;
}

export interface MemberFile {
  readonly id: string;
  readonly role?: "voter" | "learner" | undefined;
  readonly zone?: string | undefined;
  readonly host?: string | undefined;
  readonly raft?: RaftFile | undefined;
  readonly quota?: SizeText | undefined;
}

export interface ClusterFile {
  readonly members?: number | readonly (string | MemberFile)[] | undefined;
  readonly preset?: "etcd" | "common-work" | undefined;
  readonly raft?: RaftFile | undefined;
  readonly snapshot?:
    | {
        readonly every?: string | 0 | undefined;
        readonly keep?: number | undefined;
        readonly catchUp?: string | 0 | undefined;
      }
    | undefined;
  readonly compaction?:
    | {
        readonly mode: "off" | "periodic" | "revision";
        readonly period?: DurationText | undefined;
        readonly revisions?: number | undefined;
      }
    | undefined;
  readonly quota?: SizeText | undefined;
  readonly disk?:
    | "instant"
    | { readonly write?: DistributionFile | undefined; readonly fsync?: DistributionFile | undefined }
    | undefined;
  readonly requestTimeout?: DurationText | undefined;
  /** The leader compares hashes with the others this often; absent: never. */
  readonly corruptCheck?: DurationText | undefined;
  /** What is left of longer leases is told to all members this often; absent: every 5 min. */
  readonly leaseCheckpoint?: DurationText | undefined;
}

export interface NetworkFile {
  readonly latency?: DistributionFile | undefined;
  readonly clientLatency?: DistributionFile | undefined;
  readonly loss?: PpmText | undefined;
  readonly duplicate?: PpmText | undefined;
  readonly links?:
    | readonly {
        readonly from: SelectorText;
        readonly to: SelectorText;
        readonly both?: boolean | undefined;
        readonly latency: DistributionFile;
      }[]
    | undefined;
}

export interface WorkloadFile {
  readonly name?: string | undefined;
  readonly kind?: WorkloadKind | undefined;
  readonly clients: number;
  /** `50/s`: requests arrive at this pace, whatever the answers. */
  readonly rate?: string | undefined;
  /** Each client waits for its answer, then thinks: `true`, or the time to think. */
  readonly closed?: true | DurationText | undefined;
  readonly ops?: Readonly<Record<string, number>> | undefined;
  readonly keys?:
    | number
    | {
        readonly count?: number | undefined;
        readonly dist?: "uniform" | "zipf" | undefined;
        readonly prefix?: string | undefined;
      }
    | undefined;
  readonly values?: "unique" | "small" | undefined;
  readonly valueSize?: SizeText | undefined;
  readonly from?: DurationText | undefined;
  readonly until?: DurationText | undefined;
  readonly timeout?: DurationText | undefined;
  /** For programs: time to live of leases, how long something is held, whether it is guarded by its number. */
  readonly ttl?: DurationText | undefined;
  readonly hold?: DurationText | undefined;
  readonly fencing?: boolean | undefined;
  readonly retry?: "none" | "safe" | "blind" | "etcd" | undefined;
  readonly endpoints?: SelectorText | undefined;
  readonly failover?: boolean | undefined;
  readonly model?: string | undefined;
}

export interface MatchFile {
  readonly from?: SelectorText | undefined;
  readonly to?: SelectorText | undefined;
  readonly types?: string | readonly string[] | undefined;
  readonly p?: PpmText | undefined;
}

/** A selector alone, or under `on`. */
export type OnFile = SelectorText | { readonly on: SelectorText };

export interface PartitionFile {
  readonly groups?: readonly SelectorText[] | undefined;
  readonly isolate?: SelectorText | undefined;
  readonly bridge?: SelectorText | undefined;
  readonly ring?: true | undefined;
  readonly links?: readonly { readonly from: SelectorText; readonly to: SelectorText }[] | undefined;
  readonly oneWay?: boolean | "in" | "out" | undefined;
}

export interface DiskFaultFile {
  readonly on: SelectorText;
  readonly p?: PpmText | undefined;
  readonly slowFsync?: DurationText | undefined;
  readonly latency?:
    | { readonly write?: DistributionFile | undefined; readonly fsync?: DistributionFile | undefined }
    | undefined;
  readonly stall?: true | undefined;
  readonly error?: "write" | "fsync" | "read" | undefined;
  readonly corrupt?:
    | true
    | "log"
    | "snapshot"
    | "any"
    | { readonly file?: "log" | "snapshot" | "any" | undefined; readonly bits?: number | undefined }
    | undefined;
  readonly full?: true | undefined;
  readonly rollback?: string | undefined;
  readonly wipe?: true | undefined;
}

export interface ClientFile {
  readonly op?: string | undefined;
  readonly with?: Readonly<Record<string, unknown>> | undefined;
  readonly key?: string | undefined;
  readonly value?: string | number | undefined;
  readonly valueSize?: SizeText | undefined;
  readonly expected?: string | number | undefined;
  readonly via?: SelectorText | undefined;
  readonly as?: string | undefined;
  readonly timeout?: DurationText | undefined;
  readonly expect?:
    | "ok"
    | "timeout"
    | "error"
    | "absent"
    | {
        readonly value?: string | number | undefined;
        readonly error?: string | undefined;
        readonly answer?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
  readonly pause?: SelectorText | undefined;
  readonly slowWatch?: DurationText | undefined;
  readonly reconnect?: SelectorText | undefined;
  readonly clients?: SelectorText | undefined;
}

export interface MessageFile {
  readonly from?: SelectorText | undefined;
  readonly to?: SelectorText | undefined;
  readonly types?: string | readonly string[] | undefined;
  readonly nth?: number | undefined;
  readonly add?: DurationText | undefined;
}

/** The actions a file can name; an entry of `faults` has exactly one. */
export interface ActionFile {
  readonly partition?: PartitionFile | undefined;
  readonly heal?: string | { readonly id?: string | undefined } | undefined;
  readonly drop?: MatchFile | undefined;
  readonly delay?:
    | (MatchFile & {
        readonly add: DurationText;
        readonly jitter?: DurationText | undefined;
        readonly correlation?: PpmText | undefined;
        readonly dist?: "constant" | "uniform" | "normal" | "exponential" | "pareto" | undefined;
      })
    | undefined;
  readonly duplicate?: (MatchFile & { readonly copies?: number | undefined }) | undefined;
  readonly reorder?: (MatchFile & { readonly window?: DurationText | undefined }) | undefined;
  readonly corrupt?: MatchFile | undefined;
  readonly bandwidth?:
    | {
        readonly from?: SelectorText | undefined;
        readonly to?: SelectorText | undefined;
        readonly rate: string;
        readonly buffer?: SizeText | undefined;
      }
    | undefined;
  readonly hold?: MatchFile | undefined;
  readonly release?: Omit<MatchFile, "p"> | undefined;
  readonly crash?:
    | SelectorText
    | {
        readonly on?: SelectorText | undefined;
        readonly zone?: string | undefined;
        readonly host?: string | undefined;
        readonly unsynced?: "lose" | "keep" | "tear" | undefined;
      }
    | undefined;
  readonly restart?: OnFile | undefined;
  readonly pause?: OnFile | undefined;
  readonly resume?: OnFile | undefined;
  readonly slow?:
    | {
        readonly on: SelectorText;
        readonly cpu?: DurationText | undefined;
        readonly apply?: DurationText | undefined;
      }
    | undefined;
  readonly destroy?: OnFile | undefined;
  readonly disk?: DiskFaultFile | undefined;
  readonly clock?:
    | {
        readonly on: SelectorText;
        readonly skew?: DurationText | undefined;
        readonly drift?: PpmText | undefined;
        readonly jump?: DurationText | undefined;
      }
    | undefined;
  readonly member?:
    | {
        readonly add?: SelectorText | undefined;
        readonly remove?: SelectorText | undefined;
        readonly promote?: SelectorText | undefined;
        readonly demote?: SelectorText | undefined;
        readonly update?: SelectorText | undefined;
        readonly role?: "voter" | "learner" | undefined;
        readonly zone?: string | undefined;
        readonly host?: string | undefined;
        readonly joint?: boolean | undefined;
      }
    | undefined;
  readonly transferLeader?: SelectorText | { readonly to: SelectorText } | undefined;
  readonly campaign?: OnFile | undefined;
  readonly backup?:
    | { readonly from?: SelectorText | undefined; readonly as: string; readonly of?: "state" | "disk" | undefined }
    | undefined;
  readonly restore?:
    | {
        readonly snapshot?: string | undefined;
        readonly members?: readonly string[] | undefined;
        readonly forceNewCluster?: string | undefined;
        readonly newClusterId?: boolean | undefined;
        readonly bumpRevision?: number | undefined;
        readonly markCompacted?: boolean | undefined;
      }
    | undefined;
  readonly compact?:
    | {
        readonly revision?: number | undefined;
        readonly keep?: number | undefined;
        readonly physical?: boolean | undefined;
      }
    | undefined;
  readonly defrag?: OnFile | undefined;
  readonly upgrade?: { readonly on: SelectorText; readonly version: string } | undefined;
  readonly certificate?:
    | {
        readonly on: SelectorText;
        readonly use: "client" | "peer" | "server";
        readonly change: "expire" | "rotate";
      }
    | undefined;
  readonly client?: ClientFile | undefined;
  readonly message?:
    | {
        readonly drop?: MessageFile | undefined;
        readonly delay?: MessageFile | undefined;
        readonly duplicate?: MessageFile | undefined;
        readonly deliver?: MessageFile | undefined;
      }
    | undefined;
}

export interface FaultFile extends ActionFile {
  readonly id?: string | undefined;
  readonly at?: DurationText | { readonly event: number } | undefined;
  readonly when?: PredicateFile | undefined;
  readonly for?: DurationText | undefined;
}

/** `> 5`, or with whom it is about: `{of: n1, is: "> 5"}`; a bare number means equality. */
export type NumberTest = string | number | { readonly of?: SelectorText | undefined; readonly is: string | number };

/** A predicate: the compact text (`leader(n3) and term > 5`), or an object whose keys must all hold. */
export type PredicateFile = string | PredicateObject;

export interface PredicateObject {
  readonly leaders?:
    | number
    | string
    | { readonly count?: number | string | undefined; readonly sameTerm?: boolean | undefined }
    | undefined;
  readonly leader?: SelectorText | undefined;
  readonly role?: { readonly of: SelectorText; readonly is: string } | undefined;
  readonly up?: SelectorText | undefined;
  readonly down?: SelectorText | undefined;
  readonly term?: NumberTest | undefined;
  readonly commit?: NumberTest | { readonly in: SelectorText } | undefined;
  readonly applied?: NumberTest | undefined;
  readonly converged?: true | SelectorText | undefined;
  readonly count?: Readonly<Record<string, string | number>> | undefined;
  readonly time?: string | undefined;
  readonly event?: string | number | undefined;
  readonly violated?: string | undefined;
  readonly all?: readonly PredicateFile[] | undefined;
  readonly any?: readonly PredicateFile[] | undefined;
  readonly not?: PredicateFile | undefined;
}

export interface StatisticFile {
  readonly of: string;
  readonly variant?: string | undefined;
  readonly is: string | number;
  readonly between?: readonly [string | number, string | number] | undefined;
}

/** One expectation: exactly one of the verbs (or, with `at`, a predicate), and what goes with it. */
export interface ExpectFile {
  readonly always?: PredicateFile | undefined;
  readonly sometimes?: PredicateFile | undefined;
  readonly never?: PredicateFile | undefined;
  readonly eventually?: PredicateFile | undefined;
  readonly violates?: string | undefined;
  readonly linearizable?: boolean | { readonly since?: DurationText | undefined } | undefined;
  readonly availability?:
    | {
        readonly during: WindowText;
        /** Only operations of the workload with this name. */
        readonly workload?: string | undefined;
        readonly writes?: string | undefined;
        readonly reads?: string | undefined;
        readonly all?: string | undefined;
      }
    | undefined;
  readonly dataLoss?: "none" | { readonly allow: WindowText | readonly WindowText[] } | undefined;
  readonly scope?: { readonly property: string; readonly from?: DurationText | undefined } | undefined;
  /** With `at`, or alone for the end of the run: any predicate. */
  readonly holds?: PredicateFile | undefined;
  readonly at?: DurationText | undefined;
  readonly during?: WindowText | undefined;
  readonly after?: DurationText | undefined;
  readonly within?: DurationText | undefined;
  readonly leaders?: PredicateObject["leaders"] | undefined;
  readonly leader?: SelectorText | undefined;
  readonly role?: PredicateObject["role"] | undefined;
  readonly up?: SelectorText | undefined;
  readonly down?: SelectorText | undefined;
  readonly term?: NumberTest | undefined;
  readonly commit?: NumberTest | undefined;
  readonly applied?: NumberTest | undefined;
  readonly converged?: true | SelectorText | undefined;
  readonly median?: StatisticFile | undefined;
  readonly mean?: StatisticFile | undefined;
  readonly p5?: StatisticFile | undefined;
  readonly p90?: StatisticFile | undefined;
  readonly p95?: StatisticFile | undefined;
  readonly p99?: StatisticFile | undefined;
  readonly min?: StatisticFile | undefined;
  readonly max?: StatisticFile | undefined;
  readonly count?: StatisticFile | undefined;
  readonly share?: StatisticFile | undefined;
}

export interface RandomFile {
  readonly from?: DurationText | undefined;
  readonly until?: DurationText | undefined;
  readonly every: DistributionFile;
  readonly lasting?: DistributionFile | undefined;
  readonly pick: {
    readonly crash?: number | undefined;
    readonly pause?: number | undefined;
    readonly drop?: number | undefined;
    readonly delay?: number | undefined;
    readonly duplicate?: number | undefined;
    readonly reorder?: number | undefined;
    readonly slowFsync?: number | undefined;
    readonly stall?: number | undefined;
    readonly clock?: number | undefined;
    readonly transferLeader?: number | undefined;
    readonly partition?:
      | {
          readonly majority?: number | undefined;
          readonly minority?: number | undefined;
          readonly one?: number | undefined;
          readonly leader?: number | undefined;
          readonly bridge?: number | undefined;
          readonly ring?: number | undefined;
          readonly oneWay?: number | undefined;
        }
      | undefined;
  };
  readonly keepQuorum?: boolean | undefined;
  readonly swarm?: boolean | undefined;
}

export interface ClaimFile {
  readonly id: string;
  readonly claim: string;
  readonly verdict: "holds" | "holds if" | "does not hold";
  readonly condition?: string | undefined;
  readonly figure: string;
  readonly real?: string | undefined;
  readonly note?: string | undefined;
}

export interface ScenarioFile {
  readonly apiVersion?: "lockstep/v1" | undefined;
  readonly name: string;
  readonly title?: string | undefined;
  readonly about?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly seed?: string | number | undefined;
  readonly seeds?: "own" | undefined;
  readonly duration?: DurationText | undefined;
  readonly stepLimit?: number | undefined;
  readonly protocol?: "etcd" | "primary-backup" | undefined;
  readonly cluster?: ClusterFile | undefined;
  readonly topology?:
    | { readonly kind: "stacked" | "external"; readonly hosts: Readonly<Record<string, readonly string[]>> }
    | undefined;
  readonly network?: NetworkFile | undefined;
  readonly workload?: WorkloadFile | readonly WorkloadFile[] | undefined;
  readonly faults?: readonly FaultFile[] | undefined;
  readonly random?: RandomFile | undefined;
  readonly expect?: readonly ExpectFile[] | undefined;
  readonly mutate?: string | readonly string[] | undefined;
  readonly budget?: { readonly membersDown?: number | undefined } | undefined;
  readonly over?: { readonly seeds: string | number } | undefined;
  readonly claims?: readonly ClaimFile[] | undefined;
  /** By name: what differs from the file. Maps are merged, everything else is replaced, null removes. */
  readonly variants?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** A scenario written in TypeScript; gives back what it was given, with its type checked. */
export function defineScenario(scenario: ScenarioFile): ScenarioFile {
  return scenario;
}
