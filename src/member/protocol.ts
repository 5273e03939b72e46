// The small interface through which a world hosts processes. The etcd member is one protocol among others; the naive
// primary/backup pair in `primary-backup.ts` is the smallest. A protocol asks, it never reaches out: time, network, disk,
// chance and clients are handed in with the context of each call.

import type { Disk, DiskRecord } from "../disk/disk.ts";
import type { Purpose } from "../kernel/choose.ts";
import type { ClientRequest, ClientResponse } from "../kernel/request.ts";

/** What a process may do and ask while it handles one event. Valid for the time of that call only. */
export interface ProcessContext {
  /** The id of the member that this process is: 1 for `n1`. */
  readonly self: number;
  /** Which boot of the member this is, from 1. */
  readonly boot: number;
  /** The disk, to be read at start; later through `append`, `writeFile`, `sync`. */
  readonly disk: Disk;
  /** Version of the program that runs, as `3.6.16`. */
  readonly version: string;
  /** Added by a `slow: {apply}` fault to the application of an entry, in micros. */
  readonly applyDelayMicros: number;
  /** The local monotonic clock, in micros since some moment. Drift shows here. */
  localMicros(): number;
  /** The local wall clock, in micros. Skew, drift and jumps show here. */
  wallMicros(): number;
  /** Sends a message to another member. It may never arrive. */
  send(to: number, message: unknown): void;
  /** Asks for `timer(…, timer)` after this much local time. Timers of earlier boots never fire. */
  setTimer(afterMicros: number, timer: number): void;
  /** Appends a record to the log file; false when the disk refuses (full). */
  append(record: DiskRecord): boolean;
  /** Writes a small file whole; false when the disk refuses. */
  writeFile(name: string, value: DiskRecord): boolean;
  /** Makes what was written durable. True: done at once. False: `diskDone` will be called. One at a time. */
  sync(): boolean;
  /** Answers a request. The answer may never arrive. */
  reply(request: ClientRequest, response: ClientResponse): void;
  /** Sends one more answer to a request that has many: they arrive in order, or not at all. */
  stream(request: ClientRequest, response: ClientResponse): void;
  /** A choice of 0..n-1. */
  choose(purpose: Purpose, n: number): number;
  /** Counts something for the coverage of the run; `counter` is a position of `CounterAt`. */
  count(counter: number): void;
  /** The process ends itself, as by a failed assertion or a fatal error; `reason` is for people. */
  die(reason: string): void;
}

/** What the world needs to know to host a protocol. `State` is plain data, `Message` an immutable value. */
export interface Protocol<State, Message> {
  readonly name: string;
  /** Writes what the disk of a founding member holds before its first start. */
  init(context: ProcessContext): void;
  /** Starts a process from what is on its disk. Null: it refuses to start (the reason went to `die`). */
  start(context: ProcessContext): State | null;
  /** A message from another member arrived. */
  receive(state: State, from: number, message: Message, context: ProcessContext): void;
  /** A timer that was set in this boot fired. */
  timer(state: State, timer: number, context: ProcessContext): void;
  /** The sync under way ended; `ok` is false when it failed. */
  diskDone(state: State, ok: boolean, context: ProcessContext): void;
  /** A client asks. */
  request(state: State, request: ClientRequest, context: ProcessContext): void;
  /** Name of a message's type, for faults that pick by type and for people. */
  messageType(message: Message): string;
  /**
   * Whether the network may deliver the message twice. False for what only a transport that delivers once makes safe: etcd's
   * members forward proposals over TCP, and a proposal that arrived twice would be applied twice.
   */
  mayDuplicate(message: Message): boolean;
  /** An int32 hash of a message, for the digest. */
  messageHash(message: Message): number;
  /** What of a message goes into a trace. */
  traceMessage(message: Message, facts: MessageFacts): void;
  /** Size of a message in bytes, for links with a bandwidth. */
  messageBytes(message: Message): number;
  /** What a member looks like from outside; for selectors, predicates and reports. */
  describe(state: State, facts: ProcessFacts): void;
  /** `term * 4 + role`, role as in `ProcessFacts`: read after each step to see whether somebody took or lost office. */
  office(state: State): number;
  /** An int32 hash of what a step may change: term, role, log, commit and applied index; for the digest. */
  fingerprint(state: State): number;
  /** What a backup of a member's state holds, taken from its database; null where the protocol has no backups. Immutable. */
  backupOf(backend: unknown): unknown;
  /** Writes what the disk of a member holds that starts a new cluster from a backup. False: it cannot be restored. */
  restore(context: ProcessContext, backup: unknown, plan: RestorePlan): boolean;
  /** A copy that shares nothing that changes. */
  clone(state: State): State;
  /** A copy of what the member keeps in `Disk.backend`. */
  cloneBackend(backend: unknown): unknown;
}

/** How a cluster is restored from a backup. */
export interface RestorePlan {
  /** Its members, ascending. */
  readonly members: readonly number[];
  /** How many clusters there were before it: makes its ids new; 0: the old ids are kept. */
  readonly generation: number;
  /** Added to the revision; everything before is then compacted. */
  readonly bumpRevision: number;
  readonly markCompacted: boolean;
  /** Not 0: the member's own database in place of a backup, which goes on in this term as the whole of the same cluster. */
  readonly term: number;
}

/** What can be seen of a process of any protocol; filled in by `Protocol.describe`. */
export interface ProcessFacts {
  /** 0 follower, 1 candidate, 2 leader, 3 pre-candidate: Raft's roles; a primary counts as leader, a backup as follower. */
  role: number;
  term: number;
  commit: number;
  applied: number;
  lastIndex: number;
}

/** What a message looks like in a trace; filled in by `Protocol.traceMessage`. */
export interface MessageFacts {
  /** Number of its type; the protocol knows the names. */
  type: number;
  term: number;
  index: number;
}
