/**
 * Requests and answers of etcd's KV service, as immutable values.
 *
 * Fields are those of `rpc.proto` in camelCase. Keys and values are byte strings (one byte a character), revisions
 * are integers below 2^53, lease ids decimal int64 texts. A request knows its protobuf size and the hash of its content;
 * an answer's `revision` is that of its header. What a request does is `apply-kv.ts`'s matter.
 */

import { hashBytes, mix, mixBytes, scramble } from "./hash.ts";
import { type KeyValue, NO_LEASE } from "./key-value.ts";
import { RequestKind } from "./request-kind.ts";
import { boolFieldSize, bytesFieldSize, int64FieldSize, intFieldSize, messageFieldSize } from "./wire.ts";

/** `RangeRequest.SortOrder`. */
export const SortOrder = { NONE: 0, ASCEND: 1, DESCEND: 2 } as const;
/** `RangeRequest.SortTarget`. */
export const SortTarget = { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 } as const;
/** `Compare.CompareResult`. */
export const CompareResult = { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } as const;
/** `Compare.CompareTarget`. */
export const CompareTarget = { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 } as const;

/** The optional parts of a range request; what is left out has the protobuf default. */
export interface RangeOptions {
  readonly limit?: number;
  /** Revision to read at; 0 and below mean the newest. */
  readonly revision?: number;
  readonly sortOrder?: number;
  readonly sortTarget?: number;
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

const NO_RANGE_OPTIONS: RangeOptions = {};

/** Reads one key (`rangeEnd` empty), the keys in [key, rangeEnd), or all from key on (`rangeEnd` is `\0`). */
export class RangeRequest {
  readonly kind: 1;
  readonly key: string;
  readonly rangeEnd: string;
  readonly limit: number;
  readonly revision: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly serializable: boolean;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
  readonly size: number;
  readonly hash: number;

  constructor(key: string, rangeEnd = "", options: RangeOptions = NO_RANGE_OPTIONS) {
    this.kind = RequestKind.Range;
    this.key = key;
    this.rangeEnd = rangeEnd;
    this.limit = options.limit ?? 0;
    this.revision = options.revision ?? 0;
    this.sortOrder = options.sortOrder ?? 0;
    this.sortTarget = options.sortTarget ?? 0;
    this.serializable = options.serializable ?? false;
    this.keysOnly = options.keysOnly ?? false;
    this.countOnly = options.countOnly ?? false;
    this.minModRevision = options.minModRevision ?? 0;
    this.maxModRevision = options.maxModRevision ?? 0;
    this.minCreateRevision = options.minCreateRevision ?? 0;
    this.maxCreateRevision = options.maxCreateRevision ?? 0;
    this.size =
      bytesFieldSize(key.length) +
      bytesFieldSize(rangeEnd.length) +
      intFieldSize(this.limit) +
      intFieldSize(this.revision) +
      intFieldSize(this.sortOrder) +
      intFieldSize(this.sortTarget) +
      boolFieldSize(this.serializable) +
      boolFieldSize(this.keysOnly) +
      boolFieldSize(this.countOnly) +
      intFieldSize(this.minModRevision) +
      intFieldSize(this.maxModRevision) +
      intFieldSize(this.minCreateRevision) +
      intFieldSize(this.maxCreateRevision);
    let hash = mixBytes(mixBytes(RequestKind.Range, key), rangeEnd);
    hash = mix(mix(hash, this.limit), this.revision);
    hash = mix(mix(hash, this.sortOrder), this.sortTarget);
    hash = mix(hash, (this.serializable ? 1 : 0) + (this.keysOnly ? 2 : 0) + (this.countOnly ? 4 : 0));
    hash = mix(mix(hash, this.minModRevision), this.maxModRevision);
    this.hash = scramble(mix(mix(hash, this.minCreateRevision), this.maxCreateRevision));
  }
}

/** Writes one key. */
export class PutRequest {
  readonly kind: 2;
  readonly key: string;
  readonly value: string;
  readonly lease: string;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
  readonly size: number;
  readonly hash: number;
  /** Hash of key and value as `KeyValue` takes it, so that no member hashes them again. */
  readonly contentHash: number;
  /** Hash of the key alone. */
  readonly keyHash: number;
  /**
   * The record that the first store to apply it made. Members that come to an equal one share it; which is all that it is
   * for: an answer never depends on it.
   */
  made: KeyValue | null;

  constructor(
    key: string,
    value: string,
    lease: string = NO_LEASE,
    prevKv = false,
    ignoreValue = false,
    ignoreLease = false,
  ) {
    this.kind = RequestKind.Put;
    this.key = key;
    this.value = value;
    this.lease = lease;
    this.prevKv = prevKv;
    this.ignoreValue = ignoreValue;
    this.ignoreLease = ignoreLease;
    this.size =
      bytesFieldSize(key.length) +
      bytesFieldSize(value.length) +
      int64FieldSize(lease) +
      boolFieldSize(prevKv) +
      boolFieldSize(ignoreValue) +
      boolFieldSize(ignoreLease);
    this.made = null;
    this.keyHash = hashBytes(key);
    this.contentHash = mix(this.keyHash, hashBytes(value));
    const flags = (prevKv ? 1 : 0) + (ignoreValue ? 2 : 0) + (ignoreLease ? 4 : 0);
    this.hash = scramble(mix(mixBytes(mix(this.contentHash, RequestKind.Put), lease), flags));
  }
}

/** Deletes one key or a range of keys, as `RangeRequest` names them. */
export class DeleteRangeRequest {
  readonly kind: 3;
  readonly key: string;
  readonly rangeEnd: string;
  readonly prevKv: boolean;
  readonly size: number;
  readonly hash: number;

  constructor(key: string, rangeEnd = "", prevKv = false) {
    this.kind = RequestKind.DeleteRange;
    this.key = key;
    this.rangeEnd = rangeEnd;
    this.prevKv = prevKv;
    this.size = bytesFieldSize(key.length) + bytesFieldSize(rangeEnd.length) + boolFieldSize(prevKv);
    this.hash = scramble(mix(mixBytes(mixBytes(RequestKind.DeleteRange, key), rangeEnd), prevKv ? 1 : 0));
  }
}

/** One condition of a transaction: holds when every key named compares so (a range: all keys in it). */
export class Compare {
  readonly target: number;
  readonly result: number;
  readonly key: string;
  readonly rangeEnd: string;
  /** Operand of the targets VERSION, CREATE and MOD. */
  readonly revision: number;
  /** Operand of the target VALUE. */
  readonly value: string;
  /** Operand of the target LEASE. */
  readonly lease: string;
  readonly size: number;
  readonly hash: number;

  constructor(
    target: number,
    result: number,
    key: string,
    revision = 0,
    value = "",
    lease: string = NO_LEASE,
    rangeEnd = "",
  ) {
    this.target = target;
    this.result = result;
    this.key = key;
    this.rangeEnd = rangeEnd;
    this.revision = revision;
    this.value = value;
    this.lease = lease;
    let size = intFieldSize(result) + intFieldSize(target) + bytesFieldSize(key.length);
    size += intFieldSize(revision) + bytesFieldSize(value.length) + int64FieldSize(lease);
    this.size = rangeEnd === "" ? size : size + 1 + bytesFieldSize(rangeEnd.length);
    let hash = mix(mix(mixBytes(0x63, key), target), result);
    hash = mixBytes(mixBytes(mix(hash, revision), value), lease);
    this.hash = mixBytes(hash, rangeEnd);
  }
}

/** One operation of a transaction; `null` stands for an operation that names nothing (`{}` in the gateway's form). */
export type TxnOperation = RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest | null;

/** If every compare holds, does `success`, else `failure`; all of it or nothing, in one revision. */
export class TxnRequest {
  readonly kind: 4;
  readonly compare: readonly Compare[];
  readonly success: readonly TxnOperation[];
  readonly failure: readonly TxnOperation[];
  readonly size: number;
  readonly hash: number;

  constructor(compare: readonly Compare[], success: readonly TxnOperation[], failure: readonly TxnOperation[]) {
    this.kind = RequestKind.Txn;
    this.compare = compare;
    this.success = success;
    this.failure = failure;
    let size = 0;
    let hash: number = RequestKind.Txn;
    for (const condition of compare) {
      size += messageFieldSize(condition.size);
      hash = mix(hash, condition.hash);
    }
    hash = mix(hash, compare.length);
    for (const branch of [success, failure]) {
      for (const operation of branch) {
        size += messageFieldSize(operation === null ? 0 : messageFieldSize(operation.size));
        hash = mix(hash, operation === null ? 0x6e : operation.hash);
      }
      hash = mix(hash, branch.length);
    }
    this.size = size;
    this.hash = scramble(hash);
  }
}

/** Forgets all versions that are not needed to answer from `revision` on. */
export class CompactionRequest {
  readonly kind: 5;
  readonly revision: number;
  readonly physical: boolean;
  readonly size: number;
  readonly hash: number;

  constructor(revision: number, physical = false) {
    this.kind = RequestKind.Compaction;
    this.revision = revision;
    this.physical = physical;
    this.size = intFieldSize(revision) + boolFieldSize(physical);
    this.hash = scramble(mix(mix(RequestKind.Compaction, revision), physical ? 1 : 0));
  }
}

/** Answer to a range: keys in the asked order, at most `limit`; `count` counts the keys in the range without limit. */
export class RangeResponse {
  readonly kind: 1;
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;

  constructor(revision: number, kvs: readonly KeyValue[], more: boolean, count: number) {
    this.kind = RequestKind.Range;
    this.revision = revision;
    this.kvs = kvs;
    this.more = more;
    this.count = count;
  }
}

/** Answer to a put; `prevKv` only where it was asked for and the key existed. */
export class PutResponse {
  readonly kind: 2;
  readonly revision: number;
  readonly prevKv: KeyValue | null;

  constructor(revision: number, prevKv: KeyValue | null) {
    this.kind = RequestKind.Put;
    this.revision = revision;
    this.prevKv = prevKv;
  }
}

/** Answer to a delete: how many keys went, and (where asked for) what they were, in key order. */
export class DeleteRangeResponse {
  readonly kind: 3;
  readonly revision: number;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];

  constructor(revision: number, deleted: number, prevKvs: readonly KeyValue[]) {
    this.kind = RequestKind.DeleteRange;
    this.revision = revision;
    this.deleted = deleted;
    this.prevKvs = prevKvs;
  }
}

/** One answer inside a transaction's. */
export type TxnOperationResponse = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse;

/** Answer to a transaction: which branch was taken and what its operations answered. A nested one has revision 0. */
export class TxnResponse {
  readonly kind: 4;
  readonly revision: number;
  readonly succeeded: boolean;
  readonly responses: readonly TxnOperationResponse[];

  constructor(revision: number, succeeded: boolean, responses: readonly TxnOperationResponse[]) {
    this.kind = RequestKind.Txn;
    this.revision = revision;
    this.succeeded = succeeded;
    this.responses = responses;
  }
}

/** Answer to a compaction. */
export class CompactionResponse {
  readonly kind: 5;
  readonly revision: number;

  constructor(revision: number) {
    this.kind = RequestKind.Compaction;
    this.revision = revision;
  }
}
