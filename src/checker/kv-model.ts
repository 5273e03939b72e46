// An independent model of etcd's key-value space, replayed from the first application of each entry: version lists per key.
// It shares no code with `etcd/`, so that a mistake there shows as a difference.

import {
  type Compare,
  CompareResult,
  CompareTarget,
  EtcdError,
  LeaseGrantResponse,
  type PutRequest,
  type Request,
  RequestKind,
  type Response,
  type TxnOperation,
  type TxnRequest,
} from "../etcd/api.ts";
import { collectRecords, type KeyRecord } from "../etcd/key-index.ts";
import { isTombstone } from "../etcd/key-value.ts";
import type { Store } from "../etcd/store.ts";
import { createChunked, dropBefore, endOf, itemAt, pushItem, replaceItem } from "../kernel/chunked.ts";
import type { Ghost, VersionGhost } from "./ghost.ts";
import { createLease } from "./lease-checks.ts";
import type { CommandOutcome, ReadOutcome } from "./outcome.ts";

/** The version of `key` at `revision`; null when absent. O(log n), O(1) for the newest. */
export function modelAt(ghost: Ghost, key: string, revision: number): VersionGhost | null {
  const versions = ghost.model.get(key);
  if (versions === undefined) return null;
  let high = versions.length - 1;
  if (high < 0) return null;
  let found = versions[high] as VersionGhost;
  if (found.mod > revision) {
    let low = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((versions[middle] as VersionGhost).mod > revision) high = middle;
      else low = middle + 1;
    }
    if (low === 0) return null;
    found = versions[low - 1] as VersionGhost;
  }
  return found.value === null ? null : found;
}

/** Keys of the model in [key, end), or the one key; `end` as in a range request. */
export function keysIn(ghost: Ghost, key: string, end: string): string[] {
  if (end === "") return [key];
  const keys = ghost.keys;
  const found: string[] = [];
  for (let at = lowerBound(keys, key); at < keys.length; at++) {
    const k = keys[at] as string;
    if (end !== "\0" && k >= end) break;
    found.push(k);
  }
  return found;
}

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

/** The lease of nothing. */
const NO_LEASE = "0";

/** Puts a change at the end of the order of all changes. */
function noteChange(ghost: Ghost, key: string, revision: number): void {
  const { changed } = ghost;
  while (endOf(changed) < revision) pushItem(changed, NOTHING);
  if (endOf(changed) === revision) {
    pushItem(changed, key);
    return;
  }
  const before = itemAt(changed, revision) as string | readonly string[];
  replaceItem(changed, revision, typeof before === "string" ? [before, key] : [...before, key]);
}

/** A revision that changed no key: one that was jumped over. */
const NOTHING: readonly string[] = Object.freeze([]);

function write(ghost: Ghost, key: string, value: string | null, revision: number, lease: string = NO_LEASE): void {
  noteChange(ghost, key, revision);
  let versions = ghost.model.get(key);
  if (versions === undefined) {
    versions = [];
    ghost.model.set(key, versions);
    ghost.keys.splice(lowerBound(ghost.keys, key), 0, key);
  }
  const last = versions.length === 0 ? null : (versions[versions.length - 1] as VersionGhost);
  const lives = last !== null && last.value !== null;
  if (lives && last.lease !== lease) detach(ghost, last.lease, key);
  if (value === null) versions.push({ mod: revision, create: 0, version: 0, value: null, lease: NO_LEASE });
  else {
    if (lease !== NO_LEASE && !(lives && last.lease === lease)) ghost.leases.get(lease)?.keys.push(key);
    versions.push({
      mod: revision,
      create: lives ? last.create : revision,
      version: lives ? last.version + 1 : 1,
      value,
      lease,
    });
  }
}

function detach(ghost: Ghost, lease: string, key: string): void {
  const held = ghost.leases.get(lease);
  if (held !== undefined) held.keys = held.keys.filter((other) => other !== key);
}

function put(ghost: Ghost, request: PutRequest, revision: number): void {
  const before = request.ignoreValue || request.ignoreLease ? modelAt(ghost, request.key, revision) : null;
  const value = request.ignoreValue ? (before?.value ?? "") : request.value;
  write(ghost, request.key, value, revision, request.ignoreLease ? (before?.lease ?? NO_LEASE) : request.lease);
}

/**
 * Applies a request that is first applied at its index, and what came of it there: a command that was refused does nothing.
 * Returns what it must answer besides the revision, null where the revision says it all. `ghost.modelRevision` is the
 * revision after it.
 */
export function replay(ghost: Ghost, request: Request, applied: Response | EtcdError | null): CommandOutcome | null {
  if (applied instanceof EtcdError) return { kind: "refused" };
  switch (request.kind) {
    case RequestKind.Put:
      ghost.modelRevision++;
      put(ghost, request, ghost.modelRevision);
      return null;
    case RequestKind.DeleteRange: {
      const revision = ghost.modelRevision + 1;
      let deleted = 0;
      for (const key of keysIn(ghost, request.key, request.rangeEnd)) {
        if (modelAt(ghost, key, ghost.modelRevision) === null) continue;
        write(ghost, key, null, revision);
        deleted++;
      }
      if (deleted > 0) ghost.modelRevision = revision;
      return { kind: "delete", deleted };
    }
    case RequestKind.Txn: {
      const before = ghost.modelRevision;
      const reads: ReadOutcome[] = [];
      const wrote = replayTxn(ghost, request, before, before + 1, reads, true);
      if (wrote.writes > 0) ghost.modelRevision = before + 1;
      return { kind: "txn", succeeded: wrote.succeeded, reads };
    }
    case RequestKind.Compaction:
      if (request.revision > ghost.modelCompacted && request.revision <= ghost.modelRevision) {
        ghost.modelCompacted = request.revision;
      }
      return null;
    case RequestKind.LeaseGrant:
      if (applied instanceof LeaseGrantResponse) {
        ghost.leases.set(request.id, createLease(applied.ttlSeconds));
      }
      return null;
    case RequestKind.LeaseRevoke: {
      const lease = ghost.leases.get(request.id);
      ghost.leases.delete(request.id);
      if (lease === undefined || lease.keys.length === 0) return null;
      ghost.modelRevision++;
      for (const key of lease.keys.sort()) write(ghost, key, null, ghost.modelRevision);
      return null;
    }
    default:
      return null;
  }
}

function replayTxn(
  ghost: Ghost,
  txn: TxnRequest,
  before: number,
  revision: number,
  reads: ReadOutcome[],
  outermost: boolean,
): { succeeded: boolean; writes: number } {
  const succeeded = txn.compare.every((compare) => holds(ghost, compare, before));
  let writes = 0;
  const branch: readonly TxnOperation[] = succeeded ? txn.success : txn.failure;
  for (const [at, operation] of branch.entries()) {
    if (operation === null) continue;
    switch (operation.kind) {
      case RequestKind.Put:
        put(ghost, operation, revision);
        writes++;
        break;
      case RequestKind.DeleteRange:
        for (const key of keysIn(ghost, operation.key, operation.rangeEnd)) {
          if (modelAt(ghost, key, revision) === null) continue;
          write(ghost, key, null, revision);
          writes++;
        }
        break;
      case RequestKind.Range:
        if (
          outermost &&
          operation.rangeEnd === "" &&
          (operation.revision <= 0 || operation.revision >= ghost.modelPruned)
        ) {
          const found = modelAt(ghost, operation.key, operation.revision > 0 ? operation.revision : revision);
          reads.push({ at, key: operation.key, value: found?.value ?? null, mod: found?.mod ?? 0 });
        }
        break;
      case RequestKind.Txn:
        writes += replayTxn(ghost, operation, before, revision, reads, false).writes;
        break;
    }
  }
  return { succeeded, writes };
}

function holds(ghost: Ghost, compare: Compare, revision: number): boolean {
  if (compare.rangeEnd !== "") {
    const live = keysIn(ghost, compare.key, compare.rangeEnd).filter((key) => modelAt(ghost, key, revision) !== null);
    if (live.length === 0) return holdsFor(null, compare);
    return live.every((key) => holdsFor(modelAt(ghost, key, revision), compare));
  }
  return holdsFor(modelAt(ghost, compare.key, revision), compare);
}

function holdsFor(found: VersionGhost | null, compare: Compare): boolean {
  let difference: number;
  switch (compare.target) {
    case CompareTarget.VALUE: {
      if (found === null) return false;
      const value = found.value as string;
      difference = value < compare.value ? -1 : value > compare.value ? 1 : 0;
      break;
    }
    case CompareTarget.VERSION:
      difference = (found?.version ?? 0) - compare.revision;
      break;
    case CompareTarget.CREATE:
      difference = (found?.create ?? 0) - compare.revision;
      break;
    case CompareTarget.MOD:
      difference = (found?.mod ?? 0) - compare.revision;
      break;
    case CompareTarget.LEASE: {
      const own = BigInt(found?.lease ?? NO_LEASE);
      const other = BigInt(compare.lease);
      difference = own < other ? -1 : own > other ? 1 : 0;
      break;
    }
    default:
      return true;
  }
  switch (compare.result) {
    case CompareResult.EQUAL:
      return difference === 0;
    case CompareResult.NOT_EQUAL:
      return difference !== 0;
    case CompareResult.GREATER:
      return difference > 0;
    case CompareResult.LESS:
      return difference < 0;
    default:
      return true;
  }
}

/** A new cluster begins with this state: the live keys are known, and nothing of what was before. */
export function seedModel(ghost: Ghost, store: Store): void {
  const records: KeyRecord[] = [];
  collectRecords(store.root, records);
  for (const [id, { ttlSeconds }] of store.leases) ghost.leases.set(id, createLease(ttlSeconds));
  for (const { current } of records) {
    if (isTombstone(current)) continue;
    const { key, value, modRevision, createRevision, version, lease } = current;
    ghost.model.set(key, [{ mod: modRevision, create: createRevision, version, value, lease }]);
    ghost.keys.push(key);
    if (lease !== NO_LEASE) ghost.leases.get(lease)?.keys.push(key);
  }
  ghost.keys.sort();
  ghost.modelRevision = store.revision;
  ghost.modelCompacted = store.compactRevision;
  ghost.modelPruned = store.revision;
  ghost.changed = createChunked<string | readonly string[]>(store.revision + 1);
}

/** Forgets versions that nobody can ask for any more: older than the newest at or below `revision`. */
export function pruneModel(ghost: Ghost, revision: number): void {
  ghost.modelPruned = Math.max(ghost.modelPruned, revision);
  dropBefore(ghost.changed, revision + 1);
  const empty: string[] = [];
  for (const key of ghost.keys) {
    const versions = ghost.model.get(key) as VersionGhost[];
    let from = versions.length - 1;
    while (from > 0 && (versions[from] as VersionGhost).mod > revision) from--;
    if (from > 0) versions.splice(0, from);
    const only = versions[0] as VersionGhost;
    if (versions.length === 1 && only.value === null && only.mod <= revision) empty.push(key);
  }
  if (empty.length === 0) return;
  for (const key of empty) ghost.model.delete(key);
  ghost.keys = ghost.keys.filter((key) => ghost.model.has(key));
}
