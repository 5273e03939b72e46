/**
 * The state of one Raft member, and the values in which it hands out work.
 *
 * What is unknown here: what changes the state (`step.ts` and the files it calls). Everything is plain data, so that a
 * world can clone, hash and record it; what was handed out is immutable.
 */

import type { RaftConfig } from "./config.ts";
import type { Entry } from "./entry.ts";
import type { RaftLog } from "./log.ts";
import type { Message } from "./message.ts";
import type { RaftMutations } from "./mutation.ts";
import type { LeaseRound, PendingRead, ReadRequest } from "./read-queue.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Tracker } from "./tracker.ts";

/** Roles of a member, in etcd's order. */
export const Role = { Follower: 0, Candidate: 1, Leader: 2, PreCandidate: 3 } as const;
/** One of the values of `Role`, 0 to 3. */
export type Role = (typeof Role)[keyof typeof Role];

/** What need not survive a crash. Immutable. */
export class SoftState {
  /** 0: no leader known. */
  readonly lead: number;
  readonly role: Role;

  constructor(lead: number, role: Role) {
    this.lead = lead;
    this.role = role;
  }
}

/** What must be on disk before anything that follows from it is said. Immutable. */
export class HardState {
  readonly term: number;
  /** 0: no vote in this term. */
  readonly vote: number;
  readonly commit: number;

  constructor(term: number, vote: number, commit: number) {
    this.term = term;
    this.vote = vote;
    this.commit = commit;
  }
}

/** A confirmed read: it may be served once everything up to `index` is applied. Immutable. */
export class ReadState {
  readonly index: number;
  /** The request id given to `readIndex`. */
  readonly context: number;

  constructor(index: number, context: number) {
    this.index = index;
    this.context = context;
  }
}

/**
 * Work for the host, in this order: persist `hardState`, `snapshot` and `entries`; then send `messages`, apply
 * `snapshot` and `committedEntries`, answer `readStates`; then `advance`. With asynchronous storage the storage work is
 * inside `messages` and there is no `advance`. Immutable; empty lists are shared.
 */
export class Ready {
  /** null: as in the Ready before. */
  readonly softState: SoftState | null;
  /** null: as in the Ready before. */
  readonly hardState: HardState | null;
  /** To append to the log on disk, contiguous; the first may overwrite what stands there. */
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  readonly readStates: readonly ReadState[];
  /** The write must be synced before messages go out: there are entries, or term or vote changed. */
  readonly mustSync: boolean;

  constructor(
    softState: SoftState | null,
    hardState: HardState | null,
    entries: readonly Entry[],
    snapshot: Snapshot | null,
    committedEntries: readonly Entry[],
    messages: readonly Message[],
    readStates: readonly ReadState[],
    mustSync: boolean,
  ) {
    this.softState = softState;
    this.hardState = hardState;
    this.entries = entries;
    this.snapshot = snapshot;
    this.committedEntries = committedEntries;
    this.messages = messages;
    this.readStates = readStates;
    this.mustSync = mustSync;
  }
}

/**
 * The same work in lists that are used again, for a host that does it before it lets go: most Readys hold next to nothing, and
 * there is one for nearly every event. Messages stand in `Raft.messages`, to be taken from there; term, vote and commit in the
 * state. Written by `takeWork`; no part of any state.
 */
export interface Work {
  /** Leader or role are others than before. */
  softChanged: boolean;
  /** Term, vote or commit are others than before. */
  hardChanged: boolean;
  readonly entries: Entry[];
  snapshot: Snapshot | null;
  readonly committedEntries: Entry[];
  readonly readStates: ReadState[];
  mustSync: boolean;
}

/** Why a message was not taken. The value is etcd's text. */
export const StepError = {
  ProposalDropped: "raft proposal dropped",
  LocalMessage: "raft: cannot step raft local message",
  PeerNotFound: "raft: cannot step as peer not found",
} as const;
/** One of the texts of `StepError`. */
export type StepError = (typeof StepError)[keyof typeof StepError];

/** What a synchronous member does to itself once its Ready is on disk. Written by `ready`, consumed by `advance`. */
export interface Acknowledgement {
  /** A Ready is out and not yet advanced. */
  pending: boolean;
  /** The Ready had entries or a snapshot to persist, or earlier ones were still unstable. */
  stored: boolean;
  /** Messages of the member to itself that waited for the disk: votes for itself, acknowledgements of its own entries. */
  toSelf: readonly Message[];
  /** Before those: it acknowledges its own entries up to here, 0 if not. */
  ownAppend: number;
  ownAppendTerm: number;
  /** Term at the time of the Ready. */
  term: number;
  /** Last entry of the log at that time, 0 if all entries were stable. */
  index: number;
  logTerm: number;
  snapshot: Snapshot | null;
  /** Last committed entry that was handed out, 0 if none. */
  applied: number;
  /** Encoded bytes of the committed entries handed out. */
  appliedSize: number;
  /** Payload bytes of the committed entries handed out. */
  appliedPayload: number;
}

/** The whole state of one member. Read it freely; change it only through the functions of this room. */
export interface Raft {
  readonly id: number;
  readonly config: RaftConfig;
  /** The mutations of `config` if any is on; null: correct Raft, which is asked in one compare. */
  readonly mutations: RaftMutations | null;
  /** Reads by lease, as configured. */
  readonly leaseReads: boolean;
  /** As configured, unless a mutation switches it off. */
  readonly preVote: boolean;
  /** As configured, unless a mutation switches it off. */
  readonly checkQuorum: boolean;
  term: number;
  /** For whom it voted in `term`, 0: nobody. */
  vote: number;
  role: Role;
  /** 0: none known. */
  lead: number;
  isLearner: boolean;
  log: RaftLog;
  /** Membership, and what a leader knows of each member. */
  tracker: Tracker;
  /** Outgoing messages that may leave at once. */
  messages: Message[];
  /** Outgoing messages that must wait until all state up to now is on disk. */
  messagesAfterAppend: Message[];
  /** The member's first own message that waits for the disk, if it acknowledges its entries up to here; 0: there is none. */
  ownAppend: number;
  ownAppendTerm: number;
  readStates: ReadState[];
  /** Target of a leadership transfer in progress, 0: none. */
  leadTransferee: number;
  /** Whether a MsgTimeoutNow left in this term: from then on the lease proves nothing. */
  timeoutNowSent: boolean;
  /** A configuration change is refused while this index is above the applied index. */
  pendingConfIndex: number;
  /** Payload bytes in the log beyond what is applied, as far as this leader counted. */
  uncommittedSize: number;
  /** Reads waiting for a quorum, oldest first. */
  readQueue: ReadRequest[];
  /** Reads waiting for the first commit of the term. */
  pendingReads: PendingRead[];
  /** Number of the last heartbeat round that confirms reads; rises for ever. */
  readRound: number;
  /** Ticks since creation. */
  ticks: number;
  /** Lease-based reads: `ticks` when the newest confirmed round was sent; -1: none in this term. */
  leaseStart: number;
  /** Lease-based reads: rounds sent and not yet confirmed, oldest first. */
  leaseRounds: LeaseRound[];
  /** Lease-based reads: ticks for which a restarted member keeps the promise it may have given before. */
  leaseGraceTicks: number;
  electionElapsed: number;
  heartbeatElapsed: number;
  /** In `[electionTicks, 2 * electionTicks - 1]`, drawn at every change of term or role. */
  randomizedElectionTimeout: number;
  /** What the leader sends to members whose log position is compacted. Set by the host. */
  latestSnapshot: Snapshot | null;
  /** A mutation changes what a quorum is: the slow way is taken. */
  readonly quorumMutated: boolean;
  /** Granted votes counted per message: only for the mutation `duplicateVoteCounted`. */
  grantedMessages: number;
  // What the last Ready showed.
  previousLead: number;
  previousRole: Role;
  previousTerm: number;
  previousVote: number;
  previousCommit: number;
  acknowledgement: Acknowledgement;
}
