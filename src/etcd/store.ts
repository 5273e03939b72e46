/**
 * The replicated state of one etcd member, and the few moves everything else is made of: write a version, delete a key,
 * end a revision, compact.
 *
 * State is plain data. What a member's answer depends on besides (tokens, watches, clocks) is not here. The state digest
 * is kept current by addition and subtraction: two stores whose digests are equal hold the same live records, leases,
 * users, alarms and members at the same revision, however they came there (bug catalogue §2, head).
 * After etcd `storage/mvcc/kvstore.go` and `kvstore_txn.go`.
 */

import { assert } from "../kernel/assert.ts";
import {
  type ChunkedList,
  cloneChunked,
  createChunked,
  dropBefore,
  endOf,
  itemAt,
  pushItem,
  truncateTo,
} from "../kernel/chunked.ts";
import { type AuthState, createAuthState } from "./auth-state.ts";
import type { AlarmMember, ClusterMember } from "./cluster-state.ts";
import {
  compactRecord,
  createIndex,
  findRecord,
  type IndexNode,
  insertRecord,
  type KeyRecord,
  Owner,
  ownRecord,
  pushVersion,
  removeRecord,
  type Scan,
  scanRange,
  versionAt,
} from "./key-index.ts";
import { isTombstone, KeyValue, makeTombstone, NO_LEASE } from "./key-value.ts";
import type { Lease } from "./lease.ts";
import { attachKey, detachKey } from "./lease-keys.ts";
import { type EtcdMutations, NO_ETCD_MUTATIONS } from "./mutation.ts";

/** What one revision wrote: one version, or all of them in order where it wrote several. */
export type Change = KeyValue | readonly KeyValue[];

/** What may differ from one store to another from the start. */
export interface StoreOptions {
  readonly mutations?: EtcdMutations;
  /** Least TTL a lease gets, in seconds: 1.5 election timeouts rounded up. Must be equal on all members. */
  readonly minLeaseTtlSeconds?: number;
  /** Whether a compaction computes the hash that `HashKV` answers for its revision, as etcd does. Costs O(revisions). */
  readonly compactionHashes?: boolean;
}

/** A CRC that a compaction has left behind, see `hash-kv.ts`. */
export interface CompactionHash {
  readonly revision: number;
  readonly compactRevision: number;
  readonly hash: number;
}

/** All that is replicated. Everything but `options` changes by applied commands only. */
export interface Store {
  options: Required<StoreOptions>;
  owner: Owner;
  root: IndexNode;
  /** Revision of the newest write; 1 when nothing was written yet. */
  revision: number;
  /** Revisions below this one cannot be read; -1 before the first compaction. */
  compactRevision: number;
  /** Live keys. */
  keyCount: number;
  /** Retained versions, tombstones included, and the bytes of their protobuf form: the quota counts these. */
  versionCount: number;
  versionBytes: number;
  /** What each revision wrote, from the compacted one (or 2) to the newest; position = revision. */
  changes: ChunkedList<Change>;
  /**
   * The state digest: the sum of the digests of all live records, leases, alarms, members and of auth, and of the two
   * revisions by a factor each. Two int32 lanes, current after each command.
   */
  digestLow: number;
  digestHigh: number;
  /** Writes of the revision under way, in order; empty between commands. */
  pending: KeyValue[];
  leases: Map<string, Lease>;
  auth: AuthState;
  alarms: readonly AlarmMember[];
  members: readonly ClusterMember[];
  /** Members that were removed: their ids never come back. */
  removedMembers: readonly ClusterMember[];
  /** `cluster_version` that the leader has decided; empty before. */
  clusterVersion: string;
  /** Version that a downgrade under way leads to; empty when there is none. */
  downgradeTarget: string;
  /** At most ten, newest last. Not part of the digest: a restart forgets them. */
  compactionHashes: readonly CompactionHash[];
}

/** Makes an empty store: revision 1, no keys, no leases, no users. */
export function createStore(options: StoreOptions = {}): Store {
  const owner = new Owner();
  return {
    options: {
      mutations: options.mutations ?? NO_ETCD_MUTATIONS,
      minLeaseTtlSeconds: options.minLeaseTtlSeconds ?? 2,
      compactionHashes: options.compactionHashes ?? false,
    },
    owner,
    root: createIndex(owner),
    revision: 1,
    compactRevision: -1,
    keyCount: 0,
    versionCount: 0,
    versionBytes: 0,
    changes: createChunked<Change>(2),
    digestLow: createAuthState().digest,
    digestHigh: ~createAuthState().digest,
    pending: [],
    leases: new Map(),
    auth: createAuthState(),
    alarms: NONE,
    members: NONE,
    removedMembers: NONE,
    clusterVersion: "",
    downgradeTarget: "",
    compactionHashes: NONE,
  };
}

/** What one more revision, and one more compacted revision, add to the lanes of the digest. */
const REVISION_LOW = 0x9e3779b1 | 0;
const REVISION_HIGH = 0x85ebca77 | 0;
const COMPACTED_LOW = 0xc2b2ae3d | 0;
const COMPACTED_HIGH = 0x27d4eb2f;

const NONE: readonly never[] = Object.freeze([]);

/**
 * A store that goes its own way from here on. The two share all that is not changed later: O(leases + revisions / 128).
 * Must not be called while a command is being applied.
 */
export function cloneStore(store: Store): Store {
  assert(store.pending.length === 0, "a store is cloned between commands only");
  // From now on neither of the two owns the nodes they share. A frozen store cannot change its nodes anyway.
  if (!Object.isFrozen(store)) store.owner = new Owner();
  return shareStore(store);
}

/** A store that shares everything with one that will never be changed again, and owns nothing yet. */
export function shareStore(store: Store): Store {
  return {
    options: store.options,
    owner: new Owner(),
    root: store.root,
    revision: store.revision,
    compactRevision: store.compactRevision,
    keyCount: store.keyCount,
    versionCount: store.versionCount,
    versionBytes: store.versionBytes,
    changes: cloneChunked(store.changes),
    digestLow: store.digestLow,
    digestHigh: store.digestHigh,
    pending: [],
    leases: new Map(store.leases),
    auth: store.auth,
    alarms: store.alarms,
    members: store.members,
    removedMembers: store.removedMembers,
    clusterVersion: store.clusterVersion,
    downgradeTarget: store.downgradeTarget,
    compactionHashes: store.compactionHashes,
  };
}

/** Adds a value's two lanes to the digest. */
export function addToDigest(store: Store, low: number, high: number): void {
  store.digestLow = (store.digestLow + low) | 0;
  store.digestHigh = (store.digestHigh + high) | 0;
}

/** Takes a value's two lanes out of the digest. */
export function takeFromDigest(store: Store, low: number, high: number): void {
  store.digestLow = (store.digestLow - low) | 0;
  store.digestHigh = (store.digestHigh - high) | 0;
}

/** The live version of `key`; null when the key does not exist. Sees the writes of the command under way. */
export function currentVersion(store: Store, key: string): KeyValue | null {
  const record = findRecord(store, key);
  return record === undefined || isTombstone(record.current) ? null : record.current;
}

/** The version of `key` that was live at `revision`, which must not be compacted; null when there was none. */
export function versionAtRevision(store: Store, key: string, revision: number): KeyValue | null {
  const record = findRecord(store, key);
  if (record === undefined) return null;
  const version = versionAt(record, revision);
  return version === null || isTombstone(version) ? null : version;
}

/** The end of a range as the index takes it: `rangeEnd` `\0` means no upper end (null). */
export function upperEnd(rangeEnd: string): string | null {
  return rangeEnd === "\0" ? null : rangeEnd;
}

/**
 * The live versions at `revision` of one key (`rangeEnd` empty) or of a range, in key order: at most `limit` of them
 * (0: all), with the count of all. `revision` must be readable.
 */
export function readRange(store: Store, key: string, rangeEnd: string, revision: number, limit: number): Scan {
  if (rangeEnd !== "") {
    const scan: Scan = { kvs: [], limit, count: 0 };
    const newest = store.pending.length === 0 ? store.revision : store.revision + 1;
    scanRange(store.root, key, upperEnd(rangeEnd), revision, scan, revision >= newest);
    return scan;
  }
  const version =
    revision >= store.revision && store.pending.length === 0
      ? currentVersion(store, key)
      : versionAtRevision(store, key, revision);
  return { kvs: version === null ? [] : [version], limit, count: version === null ? 0 : 1 };
}

/** Bytes a version occupies in the file, roughly: its protobuf form and its revision key. */
function bytesOf(kv: KeyValue): number {
  return kv.key.length + kv.value.length + 40;
}

/** The record for a write: the one that another store made of the same request, where it is equal, else a new one. */
function recordOf(
  maker: RecordMaker | null,
  key: string,
  create: number,
  revision: number,
  version: number,
  value: string,
  lease: string,
  sub: number,
  contentHash: number,
): KeyValue {
  const made = maker === null ? null : maker.made;
  if (
    made !== null &&
    made.modRevision === revision &&
    made.version === version &&
    made.createRevision === create &&
    made.sub === sub &&
    made.lease === lease &&
    made.value === value
  ) {
    return made;
  }
  const kv = new KeyValue(key, create, revision, version, value, lease, sub, contentHash);
  if (maker !== null) maker.made = kv;
  return kv;
}

/** A request that remembers the record it led to, so that stores of several members can share it. */
export interface RecordMaker {
  readonly key: string;
  made: KeyValue | null;
}

/** Writes a version of `key` in the revision under way. `contentHash` is that of key and value (`KeyValue`). */
export function writeKey(
  store: Store,
  key: string,
  value: string,
  lease: string,
  contentHash: number,
  maker: RecordMaker | null = null,
): void {
  const revision = store.revision + 1;
  const sub = store.pending.length;
  const found = findRecord(store, key);
  let kv: KeyValue;
  let oldLease: string = NO_LEASE;
  if (found === undefined) {
    kv = recordOf(maker, key, revision, revision, 1, value, lease, sub, contentHash);
    insertRecord(store, key, kv);
    store.keyCount++;
  } else {
    const returns = isTombstone(found.current);
    const record = found.owner === store.owner && !returns ? found : ownRecord(store, key, returns ? 1 : 0);
    const before = record.current;
    if (returns) {
      kv = recordOf(maker, key, revision, revision, 1, value, lease, sub, contentHash);
      store.keyCount++;
    } else {
      kv = recordOf(maker, key, before.createRevision, revision, before.version + 1, value, lease, sub, contentHash);
      oldLease = before.lease;
      takeFromDigest(store, before.digestLow, before.digestHigh);
    }
    pushVersion(record, kv);
  }
  addToDigest(store, kv.digestLow, kv.digestHigh);
  store.versionCount++;
  store.versionBytes += bytesOf(kv);
  store.pending.push(kv);
  if (oldLease !== lease) {
    if (oldLease !== NO_LEASE) detachKey(store, oldLease, key);
    if (lease !== NO_LEASE) attachKey(store, lease, key);
  }
}

/** Deletes a live `key` in the revision under way. */
export function deleteKey(store: Store, key: string): void {
  const record = ownRecord(store, key, -1);
  const before = record.current;
  assert(!isTombstone(before), "only a live key can be deleted");
  const tombstone = makeTombstone(key, store.revision + 1, store.pending.length);
  pushVersion(record, tombstone);
  takeFromDigest(store, before.digestLow, before.digestHigh);
  store.keyCount--;
  store.versionCount++;
  store.versionBytes += bytesOf(tombstone);
  store.pending.push(tombstone);
  if (before.lease !== NO_LEASE) detachKey(store, before.lease, key);
}

/** Ends a command: what it wrote becomes the next revision; a command that wrote nothing uses none. */
export function endRevision(store: Store): void {
  const pending = store.pending;
  if (pending.length === 0) return;
  store.revision++;
  addToDigest(store, REVISION_LOW, REVISION_HIGH);
  if (pending.length === 1) {
    pushItem(store.changes, pending[0] as Change);
    pending.pop();
  } else {
    pushItem(store.changes, pending as readonly KeyValue[]);
    store.pending = [];
  }
}

/**
 * Raises the revision by so many, with everything up to there compacted: what a restore does so that nobody takes new revisions
 * for old ones. After etcd `etcdutl/snapshot` (`--bump-revision --mark-compacted`).
 */
export function bumpRevision(store: Store, by: number): void {
  if (store.revision > store.compactRevision) compactStore(store, store.revision);
  store.revision += by;
  store.compactRevision += by;
  store.changes = createChunked<Change>(store.revision + 1);
  addToDigest(
    store,
    Math.imul(REVISION_LOW + COMPACTED_LOW, by | 0),
    Math.imul(REVISION_HIGH + COMPACTED_HIGH, by | 0),
  );
}

/** Sets the revision back, for a planted bug: what later revisions wrote is not to be seen any more. */
export function rewindRevision(store: Store, revision: number): void {
  const steps = revision - store.revision;
  addToDigest(store, Math.imul(REVISION_LOW, steps), Math.imul(REVISION_HIGH, steps));
  store.revision = revision;
  truncateTo(store.changes, revision + 1);
}

/** What `revision` wrote, in order; nothing for a revision that is compacted or not yet there. */
export function changesAt(store: Store, revision: number): readonly KeyValue[] {
  const change = itemAt(store.changes, revision);
  if (change === undefined) return NONE;
  return change instanceof KeyValue ? [change] : change;
}

/**
 * Forgets every version that answers from `revision` on do not need. `revision` must lie above the last compacted one and
 * not above the current one. Costs O(what is forgotten), because only keys written since the last compaction can have
 * more than one version.
 */
export function compactStore(store: Store, revision: number): void {
  assert(revision > store.compactRevision && revision <= store.revision, "the revision to compact is checked before");
  const keepTombstones = !store.options.mutations.deleteEventCompacted;
  const end = Math.min(revision + 1, endOf(store.changes));
  // Each key once: a key that was written often has many versions, and one walk over them drops them all.
  const keys = new Set<string>();
  for (let at = store.changes.first; at < end; at++) for (const kv of changesAt(store, at)) keys.add(kv.key);
  for (const key of keys) compactKey(store, key, revision, keepTombstones);
  dropBefore(store.changes, Math.max(revision, 2));
  if (!keepTombstones) dropTombstoneEvents(store, revision);
  const steps = revision - store.compactRevision;
  addToDigest(store, Math.imul(COMPACTED_LOW, steps), Math.imul(COMPACTED_HIGH, steps));
  store.compactRevision = revision;
}

function compactKey(store: Store, key: string, revision: number, keepTombstones: boolean): void {
  const found = findRecord(store, key);
  if (found === undefined) return;
  // A key is met once for each of its writes; after the first time there is nothing left to drop.
  const single = found.recent.length === 0 && found.older.length === 0;
  if (single && !isTombstone(found.current)) return;
  const record: KeyRecord = ownRecord(store, key);
  weigh(store, record, -1);
  if (compactRecord(record, revision, keepTombstones)) weigh(store, record, 1);
  else removeRecord(store, key);
}

/** Counts the versions of a record into (sign 1) or out of (-1) the store's sums. */
function weigh(store: Store, record: KeyRecord, sign: number): void {
  let count = record.recent.length + 1;
  let bytes = bytesOf(record.current);
  for (const kv of record.recent) bytes += bytesOf(kv);
  for (const chunk of record.older) {
    count += chunk.length;
    for (const kv of chunk) bytes += bytesOf(kv);
  }
  store.versionCount += sign * count;
  store.versionBytes += sign * bytes;
}

/** The planted bug `delete-event-compacted`: the events of deletes at the compacted revision are gone too. */
function dropTombstoneEvents(store: Store, revision: number): void {
  const live = changesAt(store, revision).filter((kv) => !isTombstone(kv));
  const changes = createChunked<Change>(Math.max(revision, 2));
  pushItem(changes, live);
  for (let at = Math.max(revision, 2) + 1; at <= store.revision; at++) {
    pushItem(changes, itemAt(store.changes, at) as Change);
  }
  store.changes = changes;
}
