/**
 * Requests that are refused for what they are, before they are proposed, whatever the store holds.
 *
 * After etcd `etcdserver/api/v3rpc/key.go`, order of checks included.
 */

import {
  ErrDuplicateKey,
  ErrEmptyKey,
  ErrInvalidSortOption,
  ErrKeyNotFound,
  ErrLeaseProvided,
  ErrTooManyOps,
  ErrValueProvided,
  type EtcdError,
} from "./error.ts";
import { addInterval, createIntervalSet, type IntervalSet, intersects, pointInterval, touching } from "./interval.ts";
import { NO_LEASE } from "./key-value.ts";
import type { DeleteRangeRequest, PutRequest, RangeRequest, TxnOperation, TxnRequest } from "./kv-api.ts";
import { RequestKind } from "./request-kind.ts";

/** Compares, operations on success, operations on failure: of each at most this many (`--max-txn-ops`). */
export const MAX_TXN_OPS = 128 as const;

/** Highest number of `SortOrder` and of `SortTarget`. */
const SORT_ORDER_MAX = 2;
const SORT_TARGET_MAX = 4;

/** Refuses a malformed range. */
export function checkRange(request: RangeRequest): EtcdError | null {
  if (request.key === "") return ErrEmptyKey;
  if (request.sortOrder < 0 || request.sortOrder > SORT_ORDER_MAX) return ErrInvalidSortOption;
  return request.sortTarget < 0 || request.sortTarget > SORT_TARGET_MAX ? ErrInvalidSortOption : null;
}

/** Refuses a malformed put. */
export function checkPut(request: PutRequest): EtcdError | null {
  if (request.key === "") return ErrEmptyKey;
  if (request.ignoreValue && request.value !== "") return ErrValueProvided;
  return request.ignoreLease && request.lease !== NO_LEASE ? ErrLeaseProvided : null;
}

/** Refuses a malformed delete. */
export function checkDeleteRange(request: DeleteRangeRequest): EtcdError | null {
  return request.key === "" ? ErrEmptyKey : null;
}

/** Refuses a malformed transaction, and one that would write a key twice. */
export function checkTxn(request: TxnRequest): EtcdError | null {
  return checkShape(request, MAX_TXN_OPS) ?? checkWrites(request.success) ?? checkWrites(request.failure);
}

/** What is nested may have as many operations as its parent left over. */
function checkShape(request: TxnRequest, operationsMax: number): EtcdError | null {
  const operations = Math.max(request.compare.length, request.success.length, request.failure.length);
  if (operations > operationsMax) return ErrTooManyOps;
  for (const compare of request.compare) if (compare.key === "") return ErrEmptyKey;
  for (const branch of [request.success, request.failure]) {
    for (const operation of branch) {
      const refusal = checkOperation(operation, operationsMax - operations);
      if (refusal !== null) return refusal;
    }
  }
  return null;
}

function checkOperation(operation: TxnOperation, operationsMax: number): EtcdError | null {
  if (operation === null) return ErrKeyNotFound;
  switch (operation.kind) {
    case RequestKind.Range:
      return checkRange(operation);
    case RequestKind.Put:
      return checkPut(operation);
    case RequestKind.DeleteRange:
      return checkDeleteRange(operation);
    case RequestKind.Txn:
      return checkShape(operation, operationsMax);
  }
}

/** Keys that a list of operations may put and ranges that it may delete, nested transactions included. */
interface Writes {
  readonly puts: Set<string>;
  readonly deletes: IntervalSet;
}

/** All keys; etcd takes the deletes of nested transactions over by this range. */
const EVERYTHING = { begin: "\0", end: null };

function checkWrites(operations: readonly TxnOperation[]): EtcdError | null {
  return collectWrites(operations) === null ? ErrDuplicateKey : null;
}

function collides(writes: Writes, key: string): boolean {
  return intersects(writes.deletes, pointInterval(key));
}

/** Null when a key is put twice, or put and deleted; deleting twice is allowed. */
function collectWrites(operations: readonly TxnOperation[]): Writes | null {
  const writes: Writes = { puts: new Set(), deletes: createIntervalSet() };
  for (const operation of operations) {
    if (operation?.kind !== RequestKind.DeleteRange) continue;
    const { key, rangeEnd } = operation;
    // `\0` as an end is taken literally here, not as "no end": etcd lets such a delete overlap with puts.
    addInterval(writes.deletes, rangeEnd === "" ? pointInterval(key) : { begin: key, end: rangeEnd });
  }
  for (const operation of operations) {
    if (operation?.kind !== RequestKind.Txn) continue;
    const success = collectWrites(operation.success);
    const failure = success === null ? null : collectWrites(operation.failure);
    if (success === null || failure === null) return null;
    for (const key of success.puts) {
      if (writes.puts.has(key) || collides(writes, key)) return null;
      writes.puts.add(key);
    }
    for (const key of failure.puts) {
      // Only one of the two branches is taken, so both may put the same key.
      if ((writes.puts.has(key) && !success.puts.has(key)) || collides(writes, key)) return null;
      writes.puts.add(key);
    }
    for (const branch of [success, failure]) {
      for (const range of touching(branch.deletes, EVERYTHING)) addInterval(writes.deletes, range);
    }
  }
  for (const operation of operations) {
    if (operation?.kind !== RequestKind.Put) continue;
    if (writes.puts.has(operation.key) || collides(writes, operation.key)) return null;
    writes.puts.add(operation.key);
  }
  return writes;
}
