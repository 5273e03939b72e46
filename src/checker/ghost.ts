// What the checkers remember of a run, outside of every member: it survives crashes and wiped disks. Plain data, so that it is
// cloned, forked and hashed with the world. After the bug catalogue's device: chain hashes per entry and a state digest make
// every check O(1) a step.

import { type ChunkedList, cloneChunked, createChunked } from "../kernel/chunked.ts";
import type { ConfState, Entry } from "../raft/raft.ts";
import { EMPTY_MEMBERSHIP, type Membership } from "../raft/tracker.ts";
import type { CommandOutcome } from "./outcome.ts";

/** What is remembered of one member. Fields that a step may change are compared with it after the step. */
export interface MemberGhost {
  /** As of the last step: the running member is compared with these. */
  up: boolean;
  term: number;
  role: number;
  lastIndex: number;
  lastChain: number;
  commit: number;
  commitChain: number;
  /** Highest index applied in this boot, and the highest revision ever seen of its store. */
  applied: number;
  revision: number;
  /** Highest entry acknowledged to the leader of `ackTerm`, with its chain hash. */
  ackTerm: number;
  ackIndex: number;
  ackChain: number;
  /** Its last vote. */
  voteTerm: number;
  votedFor: number;
  /** Chain hashes of the durable part of its log; position = index. All before the first is covered by a snapshot. */
  durable: ChunkedList<number>;
  /** Term of the newest entry that is known to be durable. */
  durableTerm: number;
  /** What `durable` was when the member's disk was lost; null: it never was. */
  lost: ChunkedList<number> | null;
  /** Membership that it goes by, as of the last step: what commits in a step may be committed by the one before it. */
  membership: Membership;
  /** Its disk was replaced since it last ran: what recovery finds is judged by nobody. */
  diskReplaced: boolean;
  /** When it last applied the empty entry that a leader begins with, in micros: whoever leads counts leases from there. */
  countsSinceMicros: number;
  /** Index of the newest configuration change in its log that it appended as leader. */
  confIndex: number;
}

/** One vote, for evidence. */
export interface VoteGhost {
  readonly voter: number;
  readonly candidate: number;
  readonly atMicros: number;
  readonly step: number;
}

/** A version of a key in the model. */
export interface VersionGhost {
  readonly mod: number;
  readonly create: number;
  readonly version: number;
  /** Null: deleted at `mod`. */
  readonly value: string | null;
  /** The lease it hangs on; `0` for none. */
  readonly lease: string;
}

/** A lease of the model. */
export interface LeaseGhost {
  /** Seconds granted. */
  readonly ttlSeconds: number;
  /** What was left of it as of the last checkpoint; 0: no checkpoint says less than all. */
  remainingSeconds: number;
  /** What checkpoints since the last renewal said was left, and when: a leader goes on from the last one before it led. */
  checkpoints: readonly { readonly seconds: number; readonly atMicros: number }[];
  /** Keys that hang on it, in no order. */
  keys: string[];
  /** When it was last granted or renewed, in micros (-1: never), and what the clocks of the members, by id, said then. */
  renewedAtMicros: number;
  renewedLocal: number[];
  /** Somebody proposed to revoke it because it was over; and why that was too early, empty: it was not. */
  proposed: boolean;
  early: string;
  /** It was reported that it does not end. */
  late: boolean;
}

/** What is known of a lock, an office or the resource behind it. */
export interface LockGhost {
  /** Clients that say they hold it. */
  holders: { readonly client: number; readonly token: number; readonly sinceMicros: number }[];
  /** Highest token that was granted, the revision at which it was, and the highest with which the resource was written. */
  granted: number;
  grantedRevision: number;
  written: number;
}

/** Who may write what, and which members said that their databases are full. */
export interface RightsGhost {
  enabled: boolean;
  /** Roles by user, grants by role. */
  users: Map<string, readonly string[]>;
  roles: Map<string, readonly { readonly permType: number; readonly key: string; readonly rangeEnd: string }[]>;
  full: readonly string[];
}

/** How far one opening of a watch is: what it has been given, and the next change that it is to be given. */
export interface WatchGhost {
  readonly key: string;
  readonly rangeEnd: string;
  readonly noPut: boolean;
  readonly prevKv: boolean;
  /** The revision that was asked for; 0: from now on, until the member says what that is. */
  from: number;
  /** All before this place (revision, and place among the changes of the revision) was given or is none of its business. */
  next: number;
  sub: number;
  /** The last revision that was given, and the highest of which a notice spoke; 0: none. */
  given: number;
  notice: number;
}

/** An operation that a client has open: what it may not fall behind. */
export interface OpenGhost {
  readonly operation: number;
  /** Highest revision in any answer before it was invoked, and in any answer to this client. */
  readonly bound: number;
  readonly own: number;
}

/** The whole of it. */
export interface Ghost {
  members: (MemberGhost | null)[];
  /** Leader of each term, and the votes that were sent in it; old terms are forgotten. */
  leaders: Map<number, { member: number; atMicros: number; step: number }>;
  votes: Map<number, VoteGhost[]>;
  /** First entry seen at each index, and others seen at the same index in other terms. */
  entries: ChunkedList<Entry>;
  others: Map<number, Entry[]>;
  /** Highest committed index, its chain hash, and the term of the leader that committed it. */
  committed: number;
  committedChain: number;
  committedTerm: number;
  /** By index, as the first member to apply it saw it: chain hash, state digest, revision. */
  appliedChain: ChunkedList<number>;
  appliedDigest: ChunkedList<number>;
  appliedRevision: ChunkedList<number>;
  /** Membership at the start, and after each index that changed it. */
  configs: { readonly index: number; readonly confState: ConfState | Membership; readonly text: string }[];
  /** By client: for each operation the index of the entry that carried it, 0 for none. */
  operations: ChunkedList<number>[];
  /** Operations that failed for certain, as `client/operation`. */
  aborted: Set<string>;
  /** What commands that answer more than a revision must answer, by index; dropped when answered. */
  outcomes: Map<number, CommandOutcome>;
  /** The model: versions of each key, and all keys in order. */
  model: Map<string, VersionGhost[]>;
  keys: string[];
  modelRevision: number;
  modelCompacted: number;
  /** The model has forgotten what was there before this revision: who lags that far can still be asked, and is not judged. */
  modelPruned: number;
  /** Members that were made voters far behind the others, and have not caught up since: nobody could count on them. */
  unready: { readonly member: number; readonly index: number }[];
  /** The keys that each revision changed, in the order of the writes: the one order of all changes. */
  changed: ChunkedList<string | readonly string[]>;
  /** Leases of the model, by id. */
  leases: Map<string, LeaseGhost>;
  rights: RightsGhost;
  /** Locks and offices, by name. */
  locks: Map<string, LockGhost>;
  /** Open watches, by client and number. */
  watches: Map<number, WatchGhost>;
  /** Watches of the cluster before a restore that had been given more than the backup had: what they were to get next. */
  ahead: Map<number, number>;
  /** Highest revision in any answer so far. */
  answered: number;
  open: OpenGhost[][];
  /** Highest revision each client saw. */
  clientRevision: number[];
  /** Highest index that was acknowledged to a client. */
  acknowledged: number;
  acknowledgedChain: number;
  /** Disks that were wiped, destroyed or replaced, and whether that was more than the cluster is made to bear. */
  disksLost: number[];
  beyondBudget: boolean;
}

/** Nothing known yet. */
export function createGhost(): Ghost {
  return {
    members: [null],
    leaders: new Map(),
    votes: new Map(),
    entries: createChunked<Entry>(2),
    others: new Map(),
    committed: 1,
    committedChain: 0,
    committedTerm: 1,
    appliedChain: createChunked<number>(2),
    appliedDigest: createChunked<number>(2),
    appliedRevision: createChunked<number>(2),
    configs: [],
    operations: [],
    aborted: new Set(),
    outcomes: new Map(),
    model: new Map(),
    keys: [],
    modelRevision: 1,
    modelCompacted: -1,
    modelPruned: -1,
    unready: [],
    changed: createChunked<string | readonly string[]>(2),
    leases: new Map(),
    rights: { enabled: false, users: new Map(), roles: new Map(), full: [] },
    locks: new Map(),
    watches: new Map(),
    ahead: new Map(),
    answered: 0,
    open: [],
    clientRevision: [],
    acknowledged: 0,
    acknowledgedChain: 0,
    disksLost: [],
    beyondBudget: false,
  };
}

/** What is remembered of a member never seen before. */
export function memberGhost(ghost: Ghost, id: number): MemberGhost {
  const known = ghost.members[id];
  if (known !== undefined && known !== null) return known;
  while (ghost.members.length <= id) ghost.members.push(null);
  const member: MemberGhost = {
    up: false,
    term: 0,
    role: 0,
    lastIndex: 0,
    lastChain: 0,
    commit: 0,
    commitChain: 0,
    applied: 0,
    revision: 0,
    ackTerm: 0,
    ackIndex: 0,
    ackChain: 0,
    voteTerm: 0,
    votedFor: 0,
    durable: createChunked<number>(2),
    durableTerm: 0,
    lost: null,
    membership: EMPTY_MEMBERSHIP,
    diskReplaced: false,
    countsSinceMicros: 0,
    confIndex: 0,
  };
  ghost.members[id] = member;
  return member;
}

function cloneLease(lease: LeaseGhost): LeaseGhost {
  return { ...lease, keys: lease.keys.slice(), renewedLocal: lease.renewedLocal.slice() };
}

/** A copy that shares full chunks and immutable values. */
export function cloneGhost(ghost: Ghost): Ghost {
  return {
    ...ghost,
    members: ghost.members.map((m) =>
      m === null
        ? null
        : { ...m, durable: cloneChunked(m.durable), lost: m.lost === null ? null : cloneChunked(m.lost) },
    ),
    leaders: new Map(ghost.leaders),
    votes: new Map([...ghost.votes].map(([term, votes]) => [term, votes.slice()])),
    entries: cloneChunked(ghost.entries),
    others: new Map([...ghost.others].map(([index, entries]) => [index, entries.slice()])),
    appliedChain: cloneChunked(ghost.appliedChain),
    appliedDigest: cloneChunked(ghost.appliedDigest),
    appliedRevision: cloneChunked(ghost.appliedRevision),
    configs: ghost.configs.slice(),
    operations: ghost.operations.map((list) => cloneChunked(list)),
    aborted: new Set(ghost.aborted),
    outcomes: new Map(ghost.outcomes),
    model: new Map([...ghost.model].map(([key, versions]) => [key, versions.slice()])),
    keys: ghost.keys.slice(),
    changed: cloneChunked(ghost.changed),
    rights: { ...ghost.rights, users: new Map(ghost.rights.users), roles: new Map(ghost.rights.roles) },
    ahead: new Map(ghost.ahead),
    watches: new Map([...ghost.watches].map(([name, watch]) => [name, { ...watch }])),
    leases: new Map([...ghost.leases].map(([id, lease]) => [id, cloneLease(lease)])),
    locks: new Map([...ghost.locks].map(([name, lock]) => [name, { ...lock, holders: lock.holders.slice() }])),
    open: ghost.open.map((list) => list.slice()),
    clientRevision: ghost.clientRevision.slice(),
    disksLost: ghost.disksLost.slice(),
    unready: ghost.unready.slice(),
  };
}

/** Names of members for people: `n1 n3`. */
export function names(ids: readonly number[]): string {
  return ids.map((id) => `n${id}`).join(" ");
}
