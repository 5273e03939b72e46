// The state of one etcd member: Raft, what waits for it, and where its disk stands. What it has applied is in the database on
// its disk (`Backend`). Changed by `ready.ts`, `apply.ts`, `requests.ts` and `etcd-protocol.ts` only.

import type { StoreSnapshot } from "../etcd/snapshot.ts";
import type { Store } from "../etcd/store.ts";
import { createList } from "../kernel/list.ts";
import type { ClientRequest } from "../kernel/request.ts";
import type { ConfState, Entry, Raft, Ready } from "../raft/raft.ts";
import type { EtcdConfig } from "./etcd-config.ts";

/** What a member keeps in `Disk.backend`: the applied state and how far it goes, changed together. */
export interface Backend {
  store: Store;
  /** Index of the last entry applied, its term and chain hash, and the membership after it. */
  appliedIndex: number;
  appliedTerm: number;
  appliedChain: number;
  confState: ConfState;
  /** Members that were removed, as far as it knows: nobody listens to them any more. Ascending. */
  removed: readonly number[];
  /** Planted bug `consistent-index-ahead` only: the database as it was saved last, with an index that runs ahead. */
  saved: SavedBackend | null;
}

/** A database as it stands on the disk, where saving it is not the same moment as changing it. Immutable. */
export interface SavedBackend {
  readonly snapshot: StoreSnapshot;
  readonly index: number;
  readonly term: number;
  readonly chain: number;
  readonly confState: ConfState;
  readonly removed: readonly number[];
}

/** Reads that wait for one confirmation. */
export interface ReadRound {
  /** Number by which the confirmation is known. */
  readonly context: number;
  readonly requests: readonly ClientRequest[];
  /** Confirmed at this index; 0: not yet. */
  index: number;
  sinceMicros: number;
  askedAtMicros: number;
}

/** A request that waits for its entry, by its ticket. */
export interface Waiter {
  readonly request: ClientRequest;
  readonly atMicros: number;
}

/** A snapshot on its way to a follower. */
export interface SnapshotSent {
  readonly to: number;
  readonly atMicros: number;
}

/** One etcd member while it is up. */
export interface EtcdMember {
  readonly config: EtcdConfig;
  raft: Raft;
  /** A Ready whose write is under way; nothing more is taken from Raft until it is durable. */
  persisting: Ready | null;
  /** Last index of the log that is durable. */
  durableIndex: number;
  /** Term and vote as last written. */
  walTerm: number;
  walVote: number;
  /** Committed entries that wait to be applied: not yet durable here, or slowed down. */
  applyQueue: Entry[];
  /** Changes of membership among them. Raft must not go on before they are applied: it would count votes by the old one. */
  queuedChanges: number;
  /** A Ready is handled but for such changes. */
  unadvanced: boolean;
  /** Until when applying is held up by a `slow: {apply}` fault; 0: it is not. */
  applyBusyUntilMicros: number;
  /** When its first tick is due, in local micros; all others follow in step. */
  firstTickMicros: number;
  /** Requests that wait for their entries: ticket t stands at `waiters[t - firstTicket]`; null: answered. */
  waiters: (Waiter | null)[];
  firstTicket: number;
  /** Requests that came while no leader was known. */
  stalled: Waiter[];
  /** Reads that wait for the round under way to end, with the time each came. */
  readQueue: ClientRequest[];
  readRounds: ReadRound[];
  /** Rounds asked for so far in this boot. */
  readsAsked: number;
  /** Last time a leader was lost, in local micros; -1: never. */
  leaderLostMicros: number;
  /** Raft's tick count when each peer was last heard of, by id; at boot every voter counts as heard of. */
  heardAtTick: number[];
  snapshotsSent: SnapshotSent[];
  /** Index of the newest snapshot file, and where the log stood when it was written. */
  snapshotIndex: number;
  /** Ends of the log file at the times of the snapshots kept: it may be cut before the oldest. */
  cuts: { readonly index: number; readonly position: number }[];
  /** Revision at which the leader last asked for a compaction. */
  compactedAtRevision: number;
}

/** A member that has just recovered `raft`. */
export function createEtcdMember(config: EtcdConfig, raft: Raft, peers: readonly number[]): EtcdMember {
  const heardAtTick: number[] = [];
  for (const id of peers) while (heardAtTick.length <= id) heardAtTick.push(raft.ticks);
  return {
    config,
    raft,
    persisting: null,
    durableIndex: raft.log.last,
    walTerm: raft.term,
    walVote: raft.vote,
    applyQueue: createList(),
    queuedChanges: 0,
    unadvanced: false,
    applyBusyUntilMicros: 0,
    waiters: createList(),
    firstTickMicros: 0,
    firstTicket: 1,
    stalled: createList(),
    readQueue: createList(),
    readRounds: createList(),
    readsAsked: 0,
    leaderLostMicros: -1,
    heardAtTick,
    snapshotsSent: [],
    snapshotIndex: raft.log.snapshotIndex,
    cuts: [],
    compactedAtRevision: 0,
  };
}
