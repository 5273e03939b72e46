/**
 * The space quota: what a request is charged, and how large a member's file is.
 *
 * A request is charged before it is proposed, by the member that takes it, against the size of that member's own file; a
 * refusal there raises the NOSPACE alarm through the log, and only the alarm stops the others. The file is a model:
 * bbolt's pages for what is retained, never shrinking until it is defragmented. After etcd `storage/quota.go`.
 */

import type { Request } from "./api.ts";
import type { TxnOperation, TxnRequest } from "./kv-api.ts";
import { RequestKind } from "./request-kind.ts";
import type { Store } from "./store.ts";

/** Bytes of the quota when none is set: 2 GiB. */
export const DEFAULT_QUOTA_BYTES = 2_147_483_648 as const;

const LEASE_OVERHEAD_BYTES = 64;
const KV_OVERHEAD_BYTES = 256;
const PAGE_BYTES = 4096;
/** Pages of an empty file: meta pages, free list, and the buckets. */
const EMPTY_PAGES = 6;

/** Bytes that a request is charged; 0 for all that cannot make the file grow. */
export function costBytes(request: Request): number {
  switch (request.kind) {
    case RequestKind.Put:
      return KV_OVERHEAD_BYTES + request.key.length + request.value.length;
    case RequestKind.Txn:
      return txnCostBytes(request);
    case RequestKind.LeaseGrant:
      return LEASE_OVERHEAD_BYTES;
    default:
      return 0;
  }
}

/** The dearer of the two branches. */
function txnCostBytes(request: TxnRequest): number {
  return Math.max(branchCostBytes(request.success), branchCostBytes(request.failure));
}

function branchCostBytes(operations: readonly TxnOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    if (operation === null) continue;
    if (operation.kind === RequestKind.Put || operation.kind === RequestKind.Txn) bytes += costBytes(operation);
  }
  return bytes;
}

/** Bytes of the pages that hold what the store retains. */
export function sizeInUseBytes(store: Store): number {
  return (EMPTY_PAGES + Math.ceil(store.versionBytes / PAGE_BYTES)) * PAGE_BYTES;
}

/** Whether a request that is charged still fits; a negative quota never ends. */
export function fitsQuota(request: Request, fileBytes: number, quotaBytes: number): boolean {
  const cost = costBytes(request);
  return cost === 0 || quotaBytes < 0 || fileBytes + cost < quotaBytes;
}
