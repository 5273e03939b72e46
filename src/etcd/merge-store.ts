/**
 * The planted bug `snapshot-merged-not-replaced`: what a restore leaves behind that does not empty the store first.
 */

import { collectRecords, findRecord, insertRecord, type KeyRecord, removeRecord } from "./key-index.ts";
import { isTombstone } from "./key-value.ts";
import { addToDigest, type Store } from "./store.ts";

/** Puts the live keys of `before` into `store` that are not in it: those that were deleted in between live on. */
export function mergeStore(store: Store, before: Store): void {
  const records: KeyRecord[] = [];
  collectRecords(before.root, records);
  for (const { current } of records) {
    const there = findRecord(store, current.key);
    if (isTombstone(current) || (there !== undefined && !isTombstone(there.current))) continue;
    if (there !== undefined) removeRecord(store, current.key);
    insertRecord(store, current.key, current);
    store.keyCount++;
    addToDigest(store, current.digestLow, current.digestHigh);
  }
}
