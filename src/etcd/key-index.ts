/**
 * The ordered index of keys: a B-tree whose leaves hold, for each key, its newest version and the older ones.
 *
 * Nodes and records are changed in place by the store that owns them and copied by any other: each carries the owner
 * under which it was made, and giving a store a new owner (that is what cloning and taking a snapshot do) turns the
 * whole tree into a shared one in O(1). A recorded step and a fork therefore copy a path, never the key space.
 * A removed key leaves its leaf a little emptier; leaves are not merged, only dropped when they run empty, because keys
 * go only by compaction and the tree stays as shallow as the most keys it has held.
 * Unknown here: what a revision means beyond its order, and who asks. After etcd `storage/mvcc/index.go` and
 * `key_index.go` (there a key is a list of generations; here a generation ends with a tombstone in one flat list).
 */

import { isTombstone, type KeyValue } from "./key-value.ts";

/** Keys a leaf, and children an inner node, at most. */
const WIDTH = 32;
/** Older versions that are kept in the changing part of a record before they are closed off as a chunk. */
const RECENT_MAX = 64;

/** Says who may change a node in place; compared by identity only. */
export class Owner {}

/** All that is known of one key. Invariant: versions ascend from `older` over `recent` to `current`. */
export interface KeyRecord {
  owner: Owner;
  /** The newest version; a tombstone when the key is deleted. */
  current: KeyValue;
  /** Versions before `current`, ascending, at most `RECENT_MAX`. */
  recent: KeyValue[];
  /** Full chunks of versions before `recent`, ascending; a chunk never changes. */
  older: (readonly KeyValue[])[];
}

/**
 * A leaf (`children` is null; `keys[i]` belongs to `records[i]`) or an inner node (`records` is null; subtree
 * `children[i]` holds the keys from `keys[i]` up to `keys[i + 1]`, and the first one everything below as well).
 */
export interface IndexNode {
  owner: Owner;
  keys: string[];
  records: KeyRecord[] | null;
  children: IndexNode[] | null;
  /** Keys of the subtree whose newest version is no tombstone, so that ranges are counted without a look at each key. */
  live: number;
}

/** Whatever holds the root of an index. */
export interface IndexHolder {
  owner: Owner;
  root: IndexNode;
}

/** What a scan collects: up to `limit` visible versions (all when 0), and how many there are without the limit. */
export interface Scan {
  kvs: KeyValue[];
  limit: number;
  count: number;
}

/** An index without keys. */
export function createIndex(owner: Owner): IndexNode {
  return { owner, keys: [], records: [], children: null, live: 0 };
}

function makeNode(
  owner: Owner,
  keys: string[],
  records: KeyRecord[] | null,
  children: IndexNode[] | null,
  live: number,
): IndexNode {
  return { owner, keys, records, children, live };
}

/** Position of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which child of an inner node may hold `key`. */
function childFor(keys: readonly string[], key: string): number {
  let low = 1;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The record of `key`, to be read only; undefined for a key the index does not hold. */
export function findRecord(holder: IndexHolder, key: string): KeyRecord | undefined {
  let node = holder.root;
  while (node.children !== null) node = node.children[childFor(node.keys, key)] as IndexNode;
  const at = lowerBound(node.keys, key);
  return node.keys[at] === key ? (node.records as KeyRecord[])[at] : undefined;
}

function ownNode(owner: Owner, node: IndexNode): IndexNode {
  if (node.owner === owner) return node;
  const records = node.records === null ? null : node.records.slice();
  return makeNode(owner, node.keys.slice(), records, node.children === null ? null : node.children.slice(), node.live);
}

/**
 * The record of an existing `key` as one that the holder may change; copies the path to it where it is shared. `comesAlive`
 * says what the holder is about to do to the key: 1 writes it again after a tombstone, -1 deletes it, 0 neither.
 */
export function ownRecord(holder: IndexHolder, key: string, comesAlive: -1 | 0 | 1 = 0): KeyRecord {
  const owner = holder.owner;
  let node = ownNode(owner, holder.root);
  holder.root = node;
  node.live += comesAlive;
  while (node.children !== null) {
    const at = childFor(node.keys, key);
    const child = ownNode(owner, node.children[at] as IndexNode);
    node.children[at] = child;
    node = child;
    node.live += comesAlive;
  }
  const records = node.records as KeyRecord[];
  const at = lowerBound(node.keys, key);
  const record = records[at] as KeyRecord;
  if (record.owner === owner) return record;
  const own: KeyRecord = {
    owner,
    current: record.current,
    recent: record.recent.slice(),
    older: record.older.slice(),
  };
  records[at] = own;
  return own;
}

/** Adds a key that the index does not hold, with its first version. */
export function insertRecord(holder: IndexHolder, key: string, current: KeyValue): void {
  const owner = holder.owner;
  const record: KeyRecord = { owner, current, recent: [], older: [] };
  const root = ownNode(owner, holder.root);
  const right = insertInto(owner, root, key, record);
  holder.root =
    right === null
      ? root
      : makeNode(owner, [root.keys[0] as string, right.keys[0] as string], null, [root, right], root.live + right.live);
}

/** Inserts below an owned node; returns the new right half when the node had to be split. */
function insertInto(owner: Owner, node: IndexNode, key: string, record: KeyRecord): IndexNode | null {
  const children = node.children;
  if (!isTombstone(record.current)) node.live++;
  if (children === null) {
    const at = lowerBound(node.keys, key);
    node.keys.splice(at, 0, key);
    (node.records as KeyRecord[]).splice(at, 0, record);
  } else {
    const at = childFor(node.keys, key);
    const child = ownNode(owner, children[at] as IndexNode);
    children[at] = child;
    const right = insertInto(owner, child, key, record);
    if (right !== null) {
      node.keys.splice(at + 1, 0, right.keys[0] as string);
      children.splice(at + 1, 0, right);
    }
  }
  if (node.keys.length <= WIDTH) return null;
  // Keys often come in ascending order; a split at the far right then leaves full nodes behind.
  const half = key >= (node.keys[node.keys.length - 1] as string) ? WIDTH : WIDTH >> 1;
  const keys = node.keys.splice(half);
  const records = node.records === null ? null : node.records.splice(half);
  const moved = node.children === null ? null : node.children.splice(half);
  const live = liveOf(records, moved);
  node.live -= live;
  return makeNode(owner, keys, records, moved, live);
}

function liveOf(records: readonly KeyRecord[] | null, children: readonly IndexNode[] | null): number {
  let live = 0;
  if (records !== null) for (const { current } of records) if (!isTombstone(current)) live++;
  if (children !== null) for (const child of children) live += child.live;
  return live;
}

/** Takes an existing key out of the index; its newest version is a tombstone. */
export function removeRecord(holder: IndexHolder, key: string): void {
  const owner = holder.owner;
  let root = ownNode(owner, holder.root);
  if (removeFrom(owner, root, key)) root = createIndex(owner);
  while (root.children !== null && root.children.length === 1) root = root.children[0] as IndexNode;
  holder.root = root;
}

/** Removes below an owned node; returns whether the node is empty now. */
function removeFrom(owner: Owner, node: IndexNode, key: string): boolean {
  const children = node.children;
  if (children === null) {
    const at = lowerBound(node.keys, key);
    node.keys.splice(at, 1);
    (node.records as KeyRecord[]).splice(at, 1);
  } else {
    const at = childFor(node.keys, key);
    const child = ownNode(owner, children[at] as IndexNode);
    children[at] = child;
    if (removeFrom(owner, child, key)) {
      node.keys.splice(at, 1);
      children.splice(at, 1);
    }
  }
  return node.keys.length === 0;
}

/** Makes `next` the newest version of an owned record; the one before it becomes history. */
export function pushVersion(record: KeyRecord, next: KeyValue): void {
  if (record.recent.length === RECENT_MAX) {
    record.older.push(record.recent);
    record.recent = [];
  }
  record.recent.push(record.current);
  record.current = next;
}

/** The version of a key that was the newest at `revision`, tombstones included; null when there was none yet. */
export function versionAt(record: KeyRecord, revision: number): KeyValue | null {
  if (record.current.modRevision <= revision) return record.current;
  const recent = record.recent;
  if (recent.length > 0 && (recent[0] as KeyValue).modRevision <= revision) return lastUpTo(recent, revision);
  for (let chunk = record.older.length - 1; chunk >= 0; chunk--) {
    const versions = record.older[chunk] as readonly KeyValue[];
    if ((versions[0] as KeyValue).modRevision <= revision) return lastUpTo(versions, revision);
  }
  return null;
}

/** The last of the ascending `versions` that is not above `revision`; the first one is known not to be. */
function lastUpTo(versions: readonly KeyValue[], revision: number): KeyValue {
  let low = 1;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle] as KeyValue).modRevision <= revision) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1] as KeyValue;
}

/** All versions of a key, ascending. */
export function allVersions(record: KeyRecord): KeyValue[] {
  const versions: KeyValue[] = [];
  for (const chunk of record.older) for (const version of chunk) versions.push(version);
  for (const version of record.recent) versions.push(version);
  versions.push(record.current);
  return versions;
}

/**
 * Drops from an owned record every version that `revision` and later ones do not need: all before the newest one at
 * `revision`, and that one too when it is a tombstone (with `keepTombstoneAt`, only when it is older than `revision`).
 * Returns false when nothing of the key is left.
 */
export function compactRecord(record: KeyRecord, revision: number, keepTombstoneAt: boolean): boolean {
  const current = record.current;
  if (current.modRevision <= revision) {
    record.recent = [];
    record.older = [];
    return !isTombstone(current) || (keepTombstoneAt && current.modRevision === revision);
  }
  const kept: KeyValue[] = [];
  for (const version of allVersions(record)) {
    if (version.modRevision <= revision) kept.length = 0;
    if (version.modRevision <= revision && isTombstone(version)) {
      if (!keepTombstoneAt || version.modRevision < revision) continue;
    }
    if (version !== current) kept.push(version);
  }
  record.older = [];
  while (kept.length > RECENT_MAX) record.older.push(kept.splice(0, RECENT_MAX));
  record.recent = kept;
  return true;
}

/**
 * Adds to `scan` the versions that were live at `revision` of the keys in [from, to), in key order; `to` null has no
 * upper end. `newest`: no version is later than `revision`. Costs O(log keys + keys that `scan` takes) for the newest
 * revision, O(log keys + keys in the range) for an earlier one.
 */
export function scanRange(
  node: IndexNode,
  from: string,
  to: string | null,
  revision: number,
  scan: Scan,
  newest: boolean,
): void {
  const { keys, children } = node;
  if (children !== null) {
    let at = childFor(keys, from);
    scanRange(children[at] as IndexNode, from, to, revision, scan, newest);
    for (at++; at < keys.length && (to === null || (keys[at] as string) < to); at++) {
      const child = children[at] as IndexNode;
      const ends = to === null || (at + 1 < keys.length && (keys[at + 1] as string) <= to);
      if (newest && ends && scan.limit > 0 && scan.kvs.length >= scan.limit) scan.count += child.live;
      else scanRange(child, from, to, revision, scan, newest);
    }
    return;
  }
  const records = node.records as KeyRecord[];
  for (let at = lowerBound(keys, from); at < keys.length && (to === null || (keys[at] as string) < to); at++) {
    const version = versionAt(records[at] as KeyRecord, revision);
    if (version === null || isTombstone(version)) continue;
    scan.count++;
    if (scan.limit === 0 || scan.kvs.length < scan.limit) scan.kvs.push(version);
  }
}

/** Adds all records of the index to `into`, in key order. */
export function collectRecords(node: IndexNode, into: KeyRecord[]): void {
  if (node.children !== null) for (const child of node.children) collectRecords(child, into);
  if (node.records !== null) for (const record of node.records) into.push(record);
}
