/**
 * What the commands of the KV service do to a store: put, delete, range, transaction, compaction.
 *
 * A transaction first evaluates the compares of the whole tree it will walk, then checks everything that could fail, and
 * only then writes: there is no half. Malformed requests were refused before they were proposed (`check-kv.ts`); leases,
 * quotas and rights are looked at by the callers. After etcd `etcdserver/txn/txn.go`, order of checks included.
 */

import {
  ErrCompacted,
  ErrFutureRevision,
  ErrKeyNotFound,
  ErrLeaseNotFound,
  type EtcdError,
  EtcdError as Refusal,
} from "./error.ts";
import { hashBytes } from "./hash.ts";
import { storeCompactionHash } from "./hash-kv.ts";
import { contentHashOf, KeyValue, NO_LEASE } from "./key-value.ts";
import {
  type CompactionRequest,
  CompactionResponse,
  type Compare,
  CompareResult,
  CompareTarget,
  type DeleteRangeRequest,
  DeleteRangeResponse,
  type PutRequest,
  PutResponse,
  type RangeRequest,
  RangeResponse,
  SortOrder,
  type TxnOperation,
  type TxnOperationResponse,
  TxnRequest,
  TxnResponse,
} from "./kv-api.ts";
import { sortVersions } from "./range-sort.ts";
import { RequestKind } from "./request-kind.ts";
import { compactStore, currentVersion, deleteKey, endRevision, readRange, type Store, writeKey } from "./store.ts";

const NO_KVS: readonly KeyValue[] = Object.freeze([]);

/** Reads as a client does: at `request.revision`, or the newest when that is 0 or below. */
export function range(store: Store, request: RangeRequest): RangeResponse | EtcdError {
  // Inside a transaction that has written already, its own revision is the newest.
  const newest = store.pending.length === 0 ? store.revision : store.revision + 1;
  if (request.revision > newest) return ErrFutureRevision;
  const revision = request.revision <= 0 ? newest : request.revision;
  if (revision < store.compactRevision) return ErrCompacted;
  const filtered =
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0;
  if (request.countOnly) {
    const counted = readRange(store, request.key, request.rangeEnd, revision, 1);
    return new RangeResponse(newest, NO_KVS, false, counted.count);
  }
  const whole = filtered || request.sortOrder !== SortOrder.NONE;
  const limit = Math.max(request.limit, 0);
  // One more than asked for tells whether there is more. A sort by another target than the key without an order sorts
  // only what the limit let through, as etcd does.
  const scan = readRange(store, request.key, request.rangeEnd, revision, whole || limit === 0 ? 0 : limit + 1);
  let kvs = filtered ? scan.kvs.filter((kv) => passesBounds(request, kv)) : scan.kvs;
  if (kvs.length > 1) kvs = sortVersions(kvs, request.sortTarget, request.sortOrder);
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs.length = limit;
  if (request.keysOnly) kvs = kvs.map(withoutValue);
  return new RangeResponse(newest, kvs, more, scan.count);
}

function passesBounds(request: RangeRequest, kv: KeyValue): boolean {
  if (request.maxModRevision !== 0 && kv.modRevision > request.maxModRevision) return false;
  if (request.minModRevision !== 0 && kv.modRevision < request.minModRevision) return false;
  if (request.maxCreateRevision !== 0 && kv.createRevision > request.maxCreateRevision) return false;
  return request.minCreateRevision === 0 || kv.createRevision >= request.minCreateRevision;
}

function withoutValue(kv: KeyValue): KeyValue {
  return new KeyValue(kv.key, kv.createRevision, kv.modRevision, kv.version, "", kv.lease, kv.sub, 0);
}

/** Applies a put that stands by itself. */
export function applyPut(store: Store, request: PutRequest): PutResponse | EtcdError {
  if (request.lease !== NO_LEASE && !store.leases.has(request.lease)) return ErrLeaseNotFound;
  if ((request.ignoreValue || request.ignoreLease) && currentVersion(store, request.key) === null) {
    return ErrKeyNotFound;
  }
  const response = put(store, request);
  endRevision(store);
  return response;
}

/** Writes in the revision under way; what could fail was checked. */
function put(store: Store, request: PutRequest): PutResponse {
  const asked = request.prevKv || request.ignoreValue || request.ignoreLease;
  const before = asked ? currentVersion(store, request.key) : null;
  let value = request.value;
  let lease = request.lease;
  let contentHash = request.contentHash;
  if (before !== null && request.ignoreValue) {
    value = before.value;
    contentHash = contentHashOf(request.keyHash, hashBytes(value));
  }
  if (before !== null && request.ignoreLease) lease = before.lease;
  writeKey(store, request.key, value, lease, contentHash, request);
  return new PutResponse(store.revision + 1, request.prevKv ? before : null);
}

/** Applies a delete that stands by itself. */
export function applyDeleteRange(store: Store, request: DeleteRangeRequest): DeleteRangeResponse {
  const response = deleteRange(store, request);
  endRevision(store);
  return response;
}

function deleteRange(store: Store, request: DeleteRangeRequest): DeleteRangeResponse {
  const doomed = readRange(store, request.key, request.rangeEnd, store.revision + 1, 0).kvs;
  for (const kv of doomed) deleteKey(store, kv.key);
  const revision = store.pending.length === 0 ? store.revision : store.revision + 1;
  return new DeleteRangeResponse(revision, doomed.length, request.prevKv ? doomed : NO_KVS);
}

/** Applies a transaction; all of it or, with an error, nothing. */
export function applyTxn(store: Store, request: TxnRequest): TxnResponse | EtcdError {
  const path: boolean[] = [];
  choosePath(store, request, path);
  const refusal = checkBranch(store, request, path, { at: 0 });
  if (refusal !== null) return refusal;
  const response = execute(store, request, path, { at: 0 });
  endRevision(store);
  return new TxnResponse(store.revision, response.succeeded, response.responses);
}

/** The branch taken by a transaction and each one nested in what it takes, in the order they are met. */
function choosePath(store: Store, request: TxnRequest, path: boolean[]): void {
  const succeeded = request.compare.every((compare) => holds(store, compare));
  path.push(succeeded);
  for (const operation of succeeded ? request.success : request.failure) {
    if (operation !== null && operation.kind === RequestKind.Txn) choosePath(store, operation, path);
  }
}

interface PathCursor {
  at: number;
}

function branchOf(request: TxnRequest, path: readonly boolean[], cursor: PathCursor): readonly TxnOperation[] {
  return path[cursor.at++] ? request.success : request.failure;
}

function checkBranch(
  store: Store,
  request: TxnRequest,
  path: readonly boolean[],
  cursor: PathCursor,
): EtcdError | null {
  for (const operation of branchOf(request, path, cursor)) {
    const refusal = operation === null ? null : checkOperation(store, operation, path, cursor);
    if (refusal !== null) return refusal;
  }
  return null;
}

function checkOperation(
  store: Store,
  operation: Exclude<TxnOperation, null>,
  path: readonly boolean[],
  cursor: PathCursor,
): EtcdError | null {
  switch (operation.kind) {
    case RequestKind.Range:
      if (operation.revision === 0) return null;
      if (operation.revision > store.revision) return ErrFutureRevision;
      // A negative revision is compared as it is, unlike in a range by itself.
      return operation.revision < store.compactRevision ? ErrCompacted : null;
    case RequestKind.Put:
      if (operation.ignoreValue || operation.ignoreLease) {
        if (currentVersion(store, operation.key) === null) return ErrKeyNotFound;
      }
      return operation.lease !== NO_LEASE && !store.leases.has(operation.lease) ? ErrLeaseNotFound : null;
    case RequestKind.DeleteRange:
      return null;
    case RequestKind.Txn:
      return checkBranch(store, operation, path, cursor);
  }
}

/** Does the operations of the chosen branch in the revision under way; the answer has header revision 0. */
function execute(store: Store, request: TxnRequest, path: readonly boolean[], cursor: PathCursor): TxnResponse {
  const succeeded = path[cursor.at] === true;
  const responses: TxnOperationResponse[] = [];
  for (const operation of branchOf(request, path, cursor)) {
    if (operation !== null) responses.push(executeOperation(store, operation, path, cursor));
  }
  return new TxnResponse(0, succeeded, responses);
}

function executeOperation(
  store: Store,
  operation: Exclude<TxnOperation, null>,
  path: readonly boolean[],
  cursor: PathCursor,
): TxnOperationResponse {
  switch (operation.kind) {
    case RequestKind.Range: {
      const response = range(store, operation);
      return response instanceof Refusal ? new RangeResponse(store.revision, NO_KVS, false, 0) : response;
    }
    case RequestKind.Put:
      return put(store, operation);
    case RequestKind.DeleteRange:
      return deleteRange(store, operation);
    case RequestKind.Txn:
      return execute(store, operation, path, cursor);
  }
}

function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function holds(store: Store, compare: Compare): boolean {
  const kvs = readRange(store, compare.key, compare.rangeEnd, store.revision, 0).kvs;
  // An absent key has no value to compare with; every other field of it counts as 0.
  if (kvs.length === 0) return compare.target !== CompareTarget.VALUE && holdsFor(compare, ABSENT);
  return kvs.every((kv) => holdsFor(compare, kv));
}

const ABSENT: KeyValue = new KeyValue("", 0, 0, 0, "", NO_LEASE, 0, 0);

function holdsFor(compare: Compare, kv: KeyValue): boolean {
  const order = orderOf(compare, kv);
  switch (compare.result) {
    case CompareResult.EQUAL:
      return order === 0;
    case CompareResult.NOT_EQUAL:
      return order !== 0;
    case CompareResult.GREATER:
      return order > 0;
    case CompareResult.LESS:
      return order < 0;
    default:
      // etcd lets a result it does not know hold.
      return true;
  }
}

/** How the record stands to the operand: -1, 0, 1. An unknown target counts as equal. */
function orderOf(compare: Compare, kv: KeyValue): number {
  switch (compare.target) {
    case CompareTarget.VERSION:
      return compareNumbers(kv.version, compare.revision);
    case CompareTarget.CREATE:
      return compareNumbers(kv.createRevision, compare.revision);
    case CompareTarget.MOD:
      return compareNumbers(kv.modRevision, compare.revision);
    case CompareTarget.VALUE:
      return kv.value < compare.value ? -1 : kv.value > compare.value ? 1 : 0;
    case CompareTarget.LEASE: {
      // Lease ids use all 64 bits.
      const own = BigInt(kv.lease);
      const other = BigInt(compare.lease);
      return own < other ? -1 : own > other ? 1 : 0;
    }
    default:
      return 0;
  }
}

/** Whether a transaction consists of reads only: it needs no place in the log. */
export function isReadonlyTxn(request: TxnRequest): boolean {
  return [request.success, request.failure].every((branch) =>
    branch.every((operation) => operation !== null && operation.kind === RequestKind.Range),
  );
}

/** Whether all reads of a transaction are serializable: any member may answer it by itself. */
export function isSerializableTxn(request: TxnRequest): boolean {
  return [request.success, request.failure].every((branch) =>
    branch.every((operation) => operation !== null && operation.kind === RequestKind.Range && operation.serializable),
  );
}

/** The planted bug `txn-range-stripped`: the transaction without its reads, in both branches. */
export function withoutReads(request: TxnRequest): TxnRequest {
  return new TxnRequest(request.compare, writesOf(request.success), writesOf(request.failure));
}

function writesOf(operations: readonly TxnOperation[]): TxnOperation[] {
  const writes: TxnOperation[] = [];
  for (const operation of operations) {
    if (operation === null || operation.kind === RequestKind.Range) continue;
    writes.push(operation.kind === RequestKind.Txn ? withoutReads(operation) : operation);
  }
  return writes;
}

/** Applies a compaction. The first one may name revision 0. */
export function applyCompaction(store: Store, request: CompactionRequest): CompactionResponse | EtcdError {
  if (request.revision <= store.compactRevision) return ErrCompacted;
  if (request.revision > store.revision) return ErrFutureRevision;
  if (store.options.compactionHashes) storeCompactionHash(store, request.revision);
  compactStore(store, request.revision);
  return new CompactionResponse(store.revision);
}
