/**
 * One version of one key: the immutable record that revisions, ranges, events and snapshots share.
 *
 * A record knows its own digest, so that a store can keep the sum over its live records up to date for the price of
 * two additions. Which versions exist, and which is the newest, is `store.ts`'s matter. After `mvccpb.KeyValue`.
 */

import { hashBytes, mix, scramble } from "./hash.ts";

/** The lease id that means "no lease". Lease ids are decimal int64 texts. */
export const NO_LEASE = "0" as const;

/** One version of a key; a tombstone has version 0 and create revision 0. Never changed after it is made. */
export class KeyValue {
  /** Byte string, one byte a character. */
  readonly key: string;
  /** Revision of the put that brought the key into being (this generation of it); 0 for a tombstone. */
  readonly createRevision: number;
  /** Revision of this version. */
  readonly modRevision: number;
  /** Number of puts since creation, from 1; 0 for a tombstone. */
  readonly version: number;
  /** Byte string. */
  readonly value: string;
  /** Lease the key hangs on, as a decimal int64; `NO_LEASE` for none. */
  readonly lease: string;
  /** Place among the writes of the same revision, from 0. */
  readonly sub: number;
  /** The record's share of the state digest, two int32 lanes. */
  readonly digestLow: number;
  readonly digestHigh: number;

  constructor(
    key: string,
    createRevision: number,
    modRevision: number,
    version: number,
    value: string,
    lease: string,
    sub: number,
    contentHash: number,
  ) {
    this.key = key;
    this.createRevision = createRevision;
    this.modRevision = modRevision;
    this.version = version;
    this.value = value;
    this.lease = lease;
    this.sub = sub;
    let low = mix(mix(mix(contentHash, createRevision), modRevision), version);
    if (lease !== NO_LEASE) low = mix(low, hashBytes(lease));
    this.digestLow = scramble(low);
    this.digestHigh = scramble(mix(low ^ 0x5bd1e995, Math.imul(contentHash, 0x27d4eb2f) ^ modRevision));
  }
}

/** Hash of key and value together, as `KeyValue` takes it, from the hashes of the two. */
export function contentHashOf(keyHash: number, valueHash: number): number {
  return mix(keyHash, valueHash);
}

/** A version whose content hash is computed here: for restores and tests; a put carries its hashes with it. */
export function makeKeyValue(
  key: string,
  createRevision: number,
  modRevision: number,
  version: number,
  value: string,
  lease: string,
  sub: number,
): KeyValue {
  const content = contentHashOf(hashBytes(key), hashBytes(value));
  return new KeyValue(key, createRevision, modRevision, version, value, lease, sub, content);
}

/** The mark that `key` was deleted at (modRevision, sub). It is no live record and adds nothing to a digest. */
export function makeTombstone(key: string, modRevision: number, sub: number): KeyValue {
  return new KeyValue(key, 0, modRevision, 0, "", NO_LEASE, sub, 0);
}

/** Whether this version says that the key is deleted. */
export function isTombstone(kv: KeyValue): boolean {
  return kv.version === 0;
}
