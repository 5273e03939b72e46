/**
 * The hash that members compare to find corruption: CRC-32C over the retained versions in revision order.
 *
 * Fed are the bucket's name, then per version the revision key (8 bytes main, `_`, 8 bytes sub, `t` for a tombstone) and
 * the protobuf form of the record; of a tombstone, the key alone. After etcd `storage/mvcc/hash.go`.
 */

import { CRC_START, crcByte, crcBytes, crcResult } from "./crc32c.ts";
import { ErrCompacted, ErrFutureRevision, type EtcdError } from "./error.ts";
import { allVersions, collectRecords, type KeyRecord, versionAt } from "./key-index.ts";
import { isTombstone, type KeyValue, NO_LEASE } from "./key-value.ts";
import type { CompactionHash, Store } from "./store.ts";

/** Hashes of past compactions that are remembered. */
const COMPACTION_HASHES_MAX = 10;

/** The hash of the versions up to `revision` (0: the newest), and the compaction it presumes. */
export function hashKv(store: Store, revision: number): CompactionHash | EtcdError {
  const remembered = store.compactionHashes.find((hash) => hash.revision === revision);
  if (remembered !== undefined) return remembered;
  if (revision > 0 && revision < store.compactRevision) return ErrCompacted;
  if (revision > 0 && revision > store.revision) return ErrFutureRevision;
  return computeHash(store, store.compactRevision, revision === 0 ? store.revision : revision);
}

/** Remembers the hash up to `revision` as a compaction there computes it: before anything is dropped. */
export function storeCompactionHash(store: Store, revision: number): void {
  const hashes = [...store.compactionHashes, computeHash(store, store.compactRevision, revision)];
  hashes.sort((a, b) => a.revision - b.revision);
  store.compactionHashes = hashes.slice(-COMPACTION_HASHES_MAX);
}

function computeHash(store: Store, compactRevision: number, revision: number): CompactionHash {
  const records: KeyRecord[] = [];
  collectRecords(store.root, records);
  const versions: KeyValue[] = [];
  const kept = new Set<KeyValue>();
  for (const record of records) {
    for (const version of allVersions(record)) if (version.modRevision <= revision) versions.push(version);
    const newest = versionAt(record, revision);
    if (newest !== null && !isTombstone(newest)) kept.add(newest);
  }
  versions.sort((a, b) => a.modRevision - b.modRevision || a.sub - b.sub);
  let crc = crcBytes(CRC_START, "key");
  for (const version of versions) {
    // What the last compaction kept but a later write has replaced may be gone on a member that compacted again.
    if (version.modRevision <= compactRevision && kept.size > 0 && !kept.has(version)) continue;
    if (version.modRevision === compactRevision && isTombstone(version)) continue;
    crc = crcVersion(crc, version);
  }
  return { revision, compactRevision, hash: crcResult(crc) };
}

function crcVersion(state: number, kv: KeyValue): number {
  let crc = crcFixed64(state, kv.modRevision);
  crc = crcByte(crc, 0x5f);
  crc = crcFixed64(crc, kv.sub);
  if (isTombstone(kv)) return crcField(crcByte(crc, 0x74), 1, kv.key);
  crc = crcField(crc, 1, kv.key);
  crc = crcVarint(crcByte(crc, 0x10), kv.createRevision);
  crc = crcVarint(crcByte(crc, 0x18), kv.modRevision);
  crc = crcVarint(crcByte(crc, 0x20), kv.version);
  crc = crcField(crc, 5, kv.value);
  return kv.lease === NO_LEASE ? crc : crcInt64(crcByte(crc, 0x30), kv.lease);
}

/** An integer below 2^53 as eight bytes, big-endian. */
function crcFixed64(state: number, value: number): number {
  let crc = state;
  const high = Math.floor(value / 4294967296);
  for (let shift = 24; shift >= 0; shift -= 8) crc = crcByte(crc, (high >>> shift) & 0xff);
  for (let shift = 24; shift >= 0; shift -= 8) crc = crcByte(crc, (value >>> shift) & 0xff);
  return crc;
}

/** A length-delimited field; an empty one is left out. */
function crcField(state: number, field: number, bytes: string): number {
  if (bytes === "") return state;
  return crcBytes(crcVarint(crcByte(state, (field << 3) | 2), bytes.length), bytes);
}

function crcVarint(state: number, value: number): number {
  let crc = state;
  let rest = value;
  while (rest >= 128) {
    crc = crcByte(crc, (rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return crcByte(crc, rest);
}

/** A decimal int64 as a varint of its 64 bits. */
function crcInt64(state: number, decimal: string): number {
  let crc = state;
  let rest = BigInt.asUintN(64, BigInt(decimal));
  while (rest >= 128n) {
    crc = crcByte(crc, Number(rest & 127n) | 0x80);
    rest >>= 7n;
  }
  return crcByte(crc, Number(rest));
}
