// The state of one etcd member: Raft, what waits for it, and where its disk stands. What it has applied is in the database on
// its disk (`Backend`). Changed by the files of this room only.

import type { Request } from "../etcd/api.ts";
import type { AuthInfo } from "../etcd/auth-check.ts";
import { createLeaseClock, type LeaseClock } from "../etcd/lease-clock.ts";
import type { Recipe } from "../etcd/recipe.ts";
import type { ServerConfig } from "../etcd/server.ts";
import type { StoreSnapshot } from "../etcd/snapshot.ts";
import type { Store } from "../etcd/store.ts";
import { createTokenTable, type TokenTable } from "../etcd/tokens.ts";
import { createWatchHub, type WatchHub } from "../etcd/watch-hub.ts";
import { createList } from "../kernel/list.ts";
import type { ClientRequest, RequestError } from "../kernel/request.ts";
import type { ConfState, Entry, Raft, Ready } from "../raft/raft.ts";
import type { MemberChange } from "./command.ts";
import type { EtcdConfig } from "./etcd-config.ts";
import type { Renewal } from "./renewals.ts";

/** What a member keeps in `Disk.backend`: the applied state and how far it goes, changed together. */
export interface Backend {
  store: Store;
  /** Index of the last entry applied, its term and chain hash, and the membership after it. */
  appliedIndex: number;
  appliedTerm: number;
  appliedChain: number;
  confState: ConfState;
  /** Numbers of members that were removed, as far as it knows: nobody listens to them any more. Ascending. */
  removed: readonly number[];
  /** Decimal uint64: members of one cluster hear each other only. */
  clusterId: string;
  /** Size of the file: grows with what is retained, shrinks when it is defragmented. */
  fileBytes: number;
  /** A compaction is being carried out: the compacted revision before it; -2: none is. */
  compactingFrom: number;
  /** Where a restart goes on from, for a planted bug; 0: from `appliedIndex`. */
  replayFrom: number;
  /** Planted bug `consistent-index-ahead` only: the database as it was saved last, with an index that runs ahead. */
  saved: SavedBackend | null;
}

/** The end of the log file when a snapshot was taken: its position, and the last index of the log then. */
export interface LogCut {
  readonly lastIndex: number;
  readonly position: number;
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
  /** What the client is told when the entry is applied, whatever came of it; null: what came of it. */
  readonly refusal: RequestError | null;
}

/** A request that came while no leader was known. */
export interface Stalled {
  readonly request: ClientRequest;
  readonly atMicros: number;
  readonly refusal: RequestError | null;
  readonly body: Request;
  readonly auth: AuthInfo;
}

/** Changes of the list of members that came while no leader was known. They wait for one without a limit. */
export interface StalledChange {
  readonly request: ClientRequest;
  readonly wanted: readonly MemberChange[];
}

/** A call that another member must answer, or that waits for something to happen here. */
export interface PendingCall {
  readonly request: ClientRequest;
  readonly atMicros: number;
  /** Number of the question to a peer that is under way, 0: none, and when it left. */
  asked: number;
  askedAtMicros: number;
}

/** A lock or an election that the member runs for a client. */
export interface RunningRecipe {
  readonly id: number;
  readonly request: ClientRequest;
  readonly recipe: Recipe;
  readonly auth: AuthInfo;
  /** The key whose deletion it waits for, from that revision on; empty while a request of it is under way. */
  waitsFor: string;
  fromRevision: number;
}

/** A client's watch stream, at the position of its stream in `WatchHub.streams`. */
export interface MemberStream {
  /** Id in the hub. */
  readonly id: number;
  /** What opened it: its answers go to whoever asked. */
  readonly request: ClientRequest;
  /** Ends when no leader is known for three election timeouts. */
  readonly requiresLeader: boolean;
  /** Answers that were sent and not yet read. */
  unread: number;
}

/** A snapshot on its way to a follower. */
export interface SnapshotSent {
  readonly to: number;
  readonly atMicros: number;
}

/** One etcd member while it is up. */
export interface EtcdMember {
  readonly config: EtcdConfig;
  /** A planted bug of the member itself is on: no short ways are taken. */
  readonly mutated: boolean;
  /** How its server is set up, its id included. */
  server: ServerConfig;
  raft: Raft;
  /** A Ready whose write is under way; nothing more is taken from Raft until it is durable. */
  persisting: Ready | null;
  /** Planted bug `ack-before-fsync`: entries that count as durable and are not, how many of them the sync under way makes so,
   * and whether another sync is to follow it. */
  believed: Entry[];
  believedInSync: number;
  syncsAgain: boolean;
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
  /** Ticks by which its election clock was moved forward at the start. */
  headStartTicks: number;
  /** Looks for other members that are left before it goes without the head start. */
  headStartLooks: number;
  /** Requests that wait for their entries: ticket t stands at `waiters[t - firstTicket]`; null: answered. */
  waiters: (Waiter | null)[];
  firstTicket: number;
  /** Requests that came while no leader was known. */
  stalled: Stalled[];
  stalledChanges: StalledChange[];
  /** Reads that wait for the round under way to end, with the time each came. */
  readQueue: ClientRequest[];
  readRounds: ReadRound[];
  /** Rounds asked for so far in this boot. */
  readsAsked: number;
  /** Reads that timed out once and were asked for again: lists of members have twice the time. */
  patientReads: ClientRequest[];
  /** Last time a leader was lost, in local micros; -1: never. */
  leaderLostMicros: number;
  /** Last time it became the leader itself, in local micros; -1: never. */
  electedMicros: number;
  /** Raft's tick count when each peer was last heard of, by id; and since when it was heard without a long silence. */
  heardAtTick: number[];
  connectedAtTick: number[];
  snapshotsSent: SnapshotSent[];
  /** Index of the newest snapshot file, and where the log stood when it was written. */
  snapshotIndex: number;
  /** Where the log file may be cut once a snapshot covers what stands before; oldest first. */
  cuts: LogCut[];
  /** Revision at which the leader last asked for a compaction. */
  compactedAtRevision: number;
  /** When it last asked for one by age, and revisions at past moments; oldest first. */
  compactedAtMicros: number;
  revisionsSeen: { readonly revision: number; readonly atMicros: number }[];
  /** Users' tokens, times of leases, watches: this member's own, gone when it stops. */
  tokens: TokenTable;
  leases: LeaseClock;
  hub: WatchHub;
  streams: MemberStream[];
  /** The server counts lease ids and tokens from here. */
  nextId: number;
  recipes: RunningRecipe[];
  nextRecipe: number;
  pendingCalls: PendingCall[];
  /** Renewals that other members ask this one for. */
  renewals: Renewal[];
  /** Leases whose checkpoints are being taken back, and where in the log. */
  takenBack: readonly { readonly lease: string; readonly term: number; readonly index: number }[];
  /** The number of its last question to peers. */
  peersAsked: number;
  /** Requests that came while the database was being defragmented, and until when it is; 0: it is not. */
  blocked: ClientRequest[];
  blockedUntilMicros: number;
  /** Who asked for that; null: nobody. */
  defragmenting: ClientRequest | null;
  /** Compactions that are being carried out, and who waits for the end of theirs. */
  compactionTimers: number;
  physical: { readonly request: ClientRequest; readonly answer: object }[];
  /** Next time at which the leader looks for leases that are over; a confirmation that it leads is under way. */
  leaseLookMicros: number;
  confirmsLeading: boolean;
  /** Timers of the watch loops are set. */
  syncTimerSet: boolean;
  victimTimerSet: boolean;
  progressAtMicros: number;
  /** The check for corruption under way: the hash to compare with, and who has not answered; and when the next is due. */
  corruptCheckAtMicros: number;
  corruptCheck: CorruptCheck | null;
  /** Its name is in the list of members. */
  published: boolean;
  /** Versions of the members as far as it has heard, by id; empty: not heard. */
  versions: string[];
}

/** The leader's question to all others: what is your hash at this revision? */
export interface CorruptCheck {
  readonly revision: number;
  readonly compactRevision: number;
  readonly hash: number;
  readonly asked: number;
}

/** A member that has just recovered `raft`. */
export function createEtcdMember(
  config: EtcdConfig,
  server: ServerConfig,
  raft: Raft,
  peers: readonly number[],
): EtcdMember {
  const heardAtTick: number[] = [];
  const connectedAtTick: number[] = [];
  for (const id of peers) {
    while (heardAtTick.length <= id) {
      heardAtTick.push(raft.ticks);
      connectedAtTick.push(raft.ticks);
    }
  }
  return {
    config,
    mutated: Object.values(config.mutations).some((on) => on === true),
    server,
    raft,
    persisting: null,
    believed: [],
    believedInSync: 0,
    syncsAgain: false,
    durableIndex: raft.log.last,
    walTerm: raft.term,
    walVote: raft.vote,
    applyQueue: createList(),
    queuedChanges: 0,
    unadvanced: false,
    applyBusyUntilMicros: 0,
    firstTickMicros: 0,
    headStartTicks: 0,
    headStartLooks: 0,
    waiters: createList(),
    firstTicket: 1,
    stalled: createList(),
    stalledChanges: [],
    readQueue: createList(),
    readRounds: createList(),
    readsAsked: 0,
    patientReads: [],
    leaderLostMicros: -1,
    electedMicros: -1,
    heardAtTick,
    connectedAtTick,
    snapshotsSent: [],
    snapshotIndex: raft.log.snapshotIndex,
    cuts: [],
    compactedAtRevision: 0,
    compactedAtMicros: 0,
    revisionsSeen: [],
    tokens: createTokenTable(),
    leases: createLeaseClock(config.leaseCheckpointMicros),
    hub: createWatchHub(),
    streams: [],
    nextId: 1,
    recipes: [],
    nextRecipe: 1,
    pendingCalls: [],
    renewals: [],
    takenBack: [],
    peersAsked: 0,
    blocked: [],
    blockedUntilMicros: 0,
    defragmenting: null,
    compactionTimers: 0,
    physical: [],
    leaseLookMicros: 0,
    confirmsLeading: false,
    syncTimerSet: false,
    victimTimerSet: false,
    progressAtMicros: 0,
    corruptCheckAtMicros: 0,
    corruptCheck: null,
    published: false,
    versions: [],
  };
}

/** Local clocks that drift are read in whole micros: a timer may fire this much early by them. */
export const ROUNDING_MICROS = 16;

/**
 * Number of ticks that are over by then. A process that stood still missed some: as with Go's ticker they are not made up for, but
 * the next one keeps step, and a lease counts them all.
 */
export function ticksBy(member: EtcdMember, localMicros: number): number {
  const since = localMicros - member.firstTickMicros + ROUNDING_MICROS;
  return Math.floor(since / member.config.tickMicros) + 1 + member.headStartTicks;
}
