/**
 * A snapshot of the replicated state: what travels to a member that lags, and what a member finds on its disk.
 *
 * It is a store that nobody changes; taking one shares everything with the live store (`cloneStore`). Its hash depends
 * on the content only, so that two members' snapshots of the same applied index can be compared.
 */

import { clonePlain } from "../kernel/plain.ts";
import { mix, scramble } from "./hash.ts";
import { collectRecords, type KeyRecord } from "./key-index.ts";
import { isTombstone } from "./key-value.ts";
import { cloneStore, rewindRevision, type Store, type StoreOptions, shareStore } from "./store.ts";

/** An immutable picture of a store. */
export class StoreSnapshot {
  /** Read only; `restoreSnapshot` makes a live store of it. */
  readonly store: Store;
  readonly revision: number;
  readonly compactRevision: number;
  /** State digest at that moment, two int32 lanes. */
  readonly digestLow: number;
  readonly digestHigh: number;
  /** Bytes it would take on the wire, roughly. */
  readonly size: number;
  /** An int32 over the content. */
  readonly hash: number;

  constructor(store: Store) {
    this.store = store;
    this.revision = store.revision;
    this.compactRevision = store.compactRevision;
    this.digestLow = store.digestLow;
    this.digestHigh = store.digestHigh;
    this.size = 64 + store.versionBytes;
    this.hash = scramble(mix(mix(mix(store.digestLow, store.digestHigh), store.versionCount), store.versionBytes));
  }
}

/** Takes a picture of the store. O(leases + revisions / 128). */
export function exportSnapshot(store: Store): StoreSnapshot {
  // A recorded step works on drafts, which end with it; a picture outlives it and must hold none. Then it is copied
  // whole, which costs O(keys + revisions): recorded worlds are small.
  return new StoreSnapshot(isDraft(store) ? shareStore(clonePlain(store)) : cloneStore(store));
}

/** Whether a value is a draft; immer's own `isDraft` asks the same. */
function isDraft(value: object): boolean {
  return (value as { readonly [mark: symbol]: unknown })[DRAFT_MARK] !== undefined;
}

const DRAFT_MARK: symbol = Symbol.for("immer-state");

/**
 * A live store with the content of the snapshot. `options` are those of the restoring member; without them, the
 * snapshot's. O(leases + revisions / 128).
 */
export function restoreSnapshot(snapshot: StoreSnapshot, options?: StoreOptions): Store {
  const store = shareStore(snapshot.store);
  // Hashes of past compactions are each member's own memory.
  store.compactionHashes = [];
  if (options !== undefined) {
    store.options = {
      mutations: options.mutations ?? store.options.mutations,
      minLeaseTtlSeconds: options.minLeaseTtlSeconds ?? store.options.minLeaseTtlSeconds,
      compactionHashes: options.compactionHashes ?? store.options.compactionHashes,
    };
  }
  return store;
}

/**
 * What a member's restart makes of a store when the crash fell into a compaction that had begun but was not marked as
 * finished; `finishedRevision` is the last one that was. Nothing is lost, because the revision the compaction aimed at
 * was noted before it began. The planted bug `revision-regresses-after-compaction-crash` does not read that note and does
 * not keep tombstones at the compacted revision: the revision falls back to the newest record that is left.
 */
export function reopenAfterCompactionCrash(store: Store, finishedRevision: number): void {
  if (!store.options.mutations.revisionRegressesAfterCompactionCrash) return;
  const records: KeyRecord[] = [];
  collectRecords(store.root, records);
  let newest = Math.max(1, finishedRevision);
  for (const { current } of records) {
    const dropped = isTombstone(current) && current.modRevision <= store.compactRevision;
    if (!dropped) newest = Math.max(newest, current.modRevision);
  }
  if (newest < store.revision) rewindRevision(store, newest);
}
