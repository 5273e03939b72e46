/**
 * The closed list of what can be done to a world: faults, operations of the cluster, single messages, clients.
 *
 * Actions are plain, normalised data: every quantity an integer with its unit in the name, every optional part filled
 * in, so that equal actions are equal JSON. What is unknown here: how they are applied (world), how they are written
 * (scenario). The vocabulary is that of the scenario file; each `kind` is the key under which a file gives it, but for
 * `client`, whose four uses are four kinds.
 */

import type { Distribution } from "../kernel/distribution.ts";
import type { MemberRole, Selector } from "./selector.ts";

/** Probabilities are parts per million: 1,000,000 is always. */
export const ALWAYS_PPM = 1_000_000;

/** Which messages an effect on the network is about. */
export interface MessageMatch {
  readonly from: Selector;
  readonly to: Selector;
  /** etcd's names (`MsgApp`), and `request`, `response` between clients and members; empty means every type. */
  readonly types: readonly string[];
  /** How often a matching message is hit, 1 to 1,000,000. */
  readonly pPpm: number;
}

/** The shape of a cut. */
export type PartitionShape =
  /** Messages pass within a group only. Members that no group selects form one more group. */
  | { readonly kind: "groups"; readonly groups: readonly Selector[] }
  /** Each selected member is cut from everybody else. */
  | { readonly kind: "isolate"; readonly on: Selector }
  /** The others are split into two halves that meet only in the selected members. */
  | { readonly kind: "bridge"; readonly on: Selector }
  /** Each member sees a majority, and no two see the same one: neighbours on a ring of ids. */
  | { readonly kind: "ring" }
  /** These links only: a partial partition. */
  | { readonly kind: "links"; readonly links: readonly CutLink[] };

export interface CutLink {
  readonly from: Selector;
  readonly to: Selector;
}

/**
 * `no`: both directions. `out`: only what the first group (the isolated, the `from` side) sends is lost. `in`: only
 * what it would receive is lost: a leader that sends and does not hear.
 */
export type OneWay = "no" | "out" | "in";

export interface PartitionAction {
  readonly kind: "partition";
  readonly shape: PartitionShape;
  readonly oneWay: OneWay;
}

/** Ends the effect of the fault with that id, or, without one, every cut and every effect on links. */
export interface HealAction {
  readonly kind: "heal";
  readonly id: string | null;
}

export interface DropAction extends MessageMatch {
  readonly kind: "drop";
}

export interface DelayAction extends MessageMatch {
  readonly kind: "delay";
  readonly addMicros: number;
  /** Spread around `addMicros`, to both sides for uniform and normal. */
  readonly jitterMicros: number;
  /** How much a message's extra delay resembles the one before on its link, 0 to 1,000,000. */
  readonly correlationPpm: number;
  readonly dist: Distribution["kind"];
}

export interface DuplicateAction extends MessageMatch {
  readonly kind: "duplicate";
  /** Copies beside the original, 1 or more. */
  readonly copies: number;
}

/** A hit message may be overtaken: it is held back by up to `windowMicros`. */
export interface ReorderAction extends MessageMatch {
  readonly kind: "reorder";
  readonly windowMicros: number;
}

/** A hit message arrives damaged, which the receiver's checksum finds: it is thrown away there, not here. */
export interface CorruptAction extends MessageMatch {
  readonly kind: "corrupt";
}

export interface BandwidthAction {
  readonly kind: "bandwidth";
  readonly from: Selector;
  readonly to: Selector;
  readonly bytesPerSecond: number;
  /** What waits beyond this is dropped; 0 means no bound. */
  readonly bufferBytes: number;
}

/** Matching messages stay in flight until released. */
export interface HoldAction extends MessageMatch {
  readonly kind: "hold";
}

/** Lets what matching holds kept go on, at once and in the order it was sent. */
export interface ReleaseAction {
  readonly kind: "release";
  readonly from: Selector;
  readonly to: Selector;
  readonly types: readonly string[];
}

/** What a crash leaves of bytes that were written and not synced. */
export type Unsynced = "lose" | "keep" | "tear";

export interface CrashAction {
  readonly kind: "crash";
  readonly on: Selector;
  /** `lose`: a power failure. `keep`: a killed process. `tear`: each sector kept or lost on its own. */
  readonly unsynced: Unsynced;
}

export interface RestartAction {
  readonly kind: "restart";
  readonly on: Selector;
}

/** The process stands still while its clock runs on; timers fire late, messages wait. */
export interface PauseAction {
  readonly kind: "pause";
  readonly on: Selector;
}

export interface ResumeAction {
  readonly kind: "resume";
  readonly on: Selector;
}

export interface SlowAction {
  readonly kind: "slow";
  readonly on: Selector;
  /** Added to the handling of each message and tick. */
  readonly cpuMicros: number;
  /** Added to the application of each entry. */
  readonly applyMicros: number;
}

/** The member stops for good and its disk is gone. */
export interface DestroyAction {
  readonly kind: "destroy";
  readonly on: Selector;
}

export type DiskOperation = "write" | "fsync" | "read";

/** What is wrong with a disk. */
export type DiskEffect =
  | { readonly kind: "slowFsync"; readonly addMicros: number }
  /** Both distributions replace the disk's own. */
  | { readonly kind: "latency"; readonly write: Distribution; readonly fsync: Distribution }
  /** Nothing completes until the fault ends. */
  | { readonly kind: "stall" }
  | { readonly kind: "error"; readonly operation: DiskOperation }
  /** Bit rot, once, in durable bytes: `log`, `snapshot` or `any` file. */
  | { readonly kind: "corrupt"; readonly file: "log" | "snapshot" | "any"; readonly bits: number }
  | { readonly kind: "full" }
  /** The disk becomes what it was when the named image was taken (`backup` with `of: disk`). */
  | { readonly kind: "rollback"; readonly image: string }
  /** The disk becomes empty while the member keeps its identity: the member must be down or is crashed first. */
  | { readonly kind: "wipe" };

export interface DiskAction {
  readonly kind: "disk";
  readonly on: Selector;
  readonly effect: DiskEffect;
  /** How often an operation is hit, 1 to 1,000,000; for `slowFsync`, `error` and `latency`. */
  readonly pPpm: number;
}

/** A null part stays as it is. Signed. */
export interface ClockAction {
  readonly kind: "clock";
  readonly on: Selector;
  /** Sets the offset of both clocks of the member from true time. */
  readonly skewMicros: number | null;
  /** Sets the rate: +500 gains 500 µs a second. */
  readonly driftPpm: number | null;
  /** Moves the wall clock once; the monotonic one does not notice. */
  readonly jumpMicros: number | null;
}

export type MemberChange = "add" | "remove" | "promote" | "demote" | "update";

export interface MemberAction {
  readonly kind: "member";
  readonly change: MemberChange;
  /** For `add`, names of members that need not exist yet. */
  readonly on: Selector;
  /** What an added member becomes. */
  readonly role: MemberRole;
  /** Labels of an added or updated member; null leaves them. */
  readonly zone: string | null;
  readonly host: string | null;
  /** All of `on` in one joint change instead of one after another. */
  readonly joint: boolean;
}

export interface TransferLeaderAction {
  readonly kind: "transferLeader";
  readonly to: Selector;
}

/** The member starts an election now, as if its timeout had passed. */
export interface CampaignAction {
  readonly kind: "campaign";
  readonly on: Selector;
}

export interface BackupAction {
  readonly kind: "backup";
  readonly from: Selector;
  readonly as: string;
  /** `state`: what `etcdctl snapshot save` gives. `disk`: an image of the member's durable bytes. */
  readonly of: "state" | "disk";
}

export interface RestoreAction {
  readonly kind: "restore";
  /** The name a backup was given; null: from the volume of its one member, which keeps its id, the cluster's and the term
   * (`--force-new-cluster`). */
  readonly snapshot: string | null;
  /** The members of the restored cluster, ascending; new names are new members. */
  readonly members: readonly number[];
  readonly newClusterId: boolean;
  /** Added to the revision, 0 for none (`etcdutl --bump-revision`). */
  readonly bumpRevision: number;
  readonly markCompacted: boolean;
}

export interface CompactAction {
  readonly kind: "compact";
  /** The revision to compact to; null means the current one less `keepRevisions`. */
  readonly revision: number | null;
  readonly keepRevisions: number;
  readonly physical: boolean;
}

export interface DefragAction {
  readonly kind: "defrag";
  readonly on: Selector;
}

export interface UpgradeAction {
  readonly kind: "upgrade";
  readonly on: Selector;
  readonly version: string;
}

export interface CertificateAction {
  readonly kind: "certificate";
  readonly on: Selector;
  readonly use: "client" | "peer" | "server";
  readonly change: "expire" | "rotate";
}

/** Requests of keys and values that one client can be told to make of any protocol. */
export type ClientOperation = "put" | "get" | "getSerializable" | "delete" | "cas";

export const CLIENT_OPERATIONS: readonly ClientOperation[] = Object.freeze([
  "put",
  "get",
  "getSerializable",
  "delete",
  "cas",
] as const);

/** What the answer to one request must be. */
export type ClientExpectation =
  /** Answered; and where `value` is not null, a read gave it (`""` with `absent` for a key that is not there). */
  | { readonly kind: "ok"; readonly value: string | null; readonly absent: boolean }
  /** Answered, and the answer has all that the JSON text names. */
  | { readonly kind: "answer"; readonly answer: string }
  /** No answer in time: the outcome is unknown. */
  | { readonly kind: "timeout" }
  /** Definitely refused; `error` is etcd's name of it (`ErrCompacted`) or null for any. */
  | { readonly kind: "error"; readonly error: string | null };

export interface ClientOpAction {
  readonly kind: "clientOp";
  /** The number of the client; 0 for one that exists for this request, or for those of its session. */
  readonly client: number;
  /** Requests that name the same session are made by one client, which keeps its token; null: by a client of its own. */
  readonly session: string | null;
  /** The member to ask; the draw is made when the action fires. */
  readonly via: Selector;
  /** One of `CLIENT_OPERATIONS`, or a request of etcd's API by its name (`lease/grant`). */
  readonly op: string;
  /** The body of a request of etcd's API: a JSON text, written by hand; null for the others. */
  readonly body: string | null;
  readonly key: string;
  /** What is written; null for operations that write nothing. */
  readonly value: string | null;
  /** What cas compares with; null elsewhere, and for cas "the key is not there". */
  readonly expected: string | null;
  readonly timeoutMicros: number | null;
  /** Null: any outcome will do. */
  readonly expect: ClientExpectation | null;
}

export interface ClientPauseAction {
  readonly kind: "clientPause";
  /** `clients` selectors only. */
  readonly clients: Selector;
}

export interface ClientSlowWatchAction {
  readonly kind: "clientSlowWatch";
  readonly clients: Selector;
  /** Time the client takes over each watch response. */
  readonly perResponseMicros: number;
}

export interface ClientReconnectAction {
  readonly kind: "clientReconnect";
  readonly clients: Selector;
  readonly to: Selector;
}

/** One message in flight: the `nth` of those that match, in order of sending, counted from 1. */
export interface MessageAction {
  readonly kind: "message";
  readonly does: "drop" | "delay" | "duplicate" | "deliver";
  readonly from: Selector;
  readonly to: Selector;
  readonly types: readonly string[];
  readonly nth: number;
  /** For `delay`: added to its time of arrival. */
  readonly addMicros: number;
}

export type Action =
  | PartitionAction
  | HealAction
  | DropAction
  | DelayAction
  | DuplicateAction
  | ReorderAction
  | CorruptAction
  | BandwidthAction
  | HoldAction
  | ReleaseAction
  | CrashAction
  | RestartAction
  | PauseAction
  | ResumeAction
  | SlowAction
  | DestroyAction
  | DiskAction
  | ClockAction
  | MemberAction
  | TransferLeaderAction
  | CampaignAction
  | BackupAction
  | RestoreAction
  | CompactAction
  | DefragAction
  | UpgradeAction
  | CertificateAction
  | ClientOpAction
  | ClientPauseAction
  | ClientSlowWatchAction
  | ClientReconnectAction
  | MessageAction;

export type ActionKind = Action["kind"];

/** An action with its time: what `random` expands to, and what the timetable of a world holds. */
export interface TimedAction {
  /** Unique within a scenario: the file's `id`, or `fault-<n>` counted from 1 in the order of the list. */
  readonly id: string;
  readonly atMicros: number;
  /** After this long the effect ends by itself (cut healed, member restarted); null: it stays. Never 0. */
  readonly forMicros: number | null;
  readonly action: Action;
}

/** Kinds that have an end: only these may carry `for`, and `heal: {id}` can end them early. */
export const LASTING_KINDS: readonly ActionKind[] = Object.freeze([
  "partition",
  "drop",
  "delay",
  "duplicate",
  "reorder",
  "corrupt",
  "bandwidth",
  "hold",
  "crash",
  "pause",
  "slow",
  "disk",
  "clock",
  "clientPause",
  "clientSlowWatch",
  "certificate",
] as const);

/** Whether the action lasts, so that `for` and `heal: {id}` mean something. */
export function lasts(action: Action): boolean {
  if (action.kind === "disk")
    return action.effect.kind !== "corrupt" && action.effect.kind !== "rollback" && action.effect.kind !== "wipe";
  return LASTING_KINDS.includes(action.kind);
}
