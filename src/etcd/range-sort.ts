/**
 * The order of a range's answer.
 *
 * etcd sorts with Go's `sort.Sort`, which is not stable: records that compare equal come out in an order that depends
 * on the algorithm (`go-sort.ts`), and clients see it. After `etcdserver/txn/txn.go executeRange`.
 */

import { goSort } from "./go-sort.ts";
import type { KeyValue } from "./key-value.ts";
import { SortOrder, SortTarget } from "./kv-api.ts";

type Less = (a: KeyValue, b: KeyValue) => boolean;

function lessBy(target: number): Less {
  switch (target) {
    case SortTarget.VERSION:
      return (a, b) => a.version < b.version;
    case SortTarget.CREATE:
      return (a, b) => a.createRevision < b.createRevision;
    case SortTarget.MOD:
      return (a, b) => a.modRevision < b.modRevision;
    case SortTarget.VALUE:
      return (a, b) => a.value < b.value;
    default:
      return (a, b) => a.key < b.key;
  }
}

/** Sorts `kvs`, which are in key order, in place as asked, and returns them. */
export function sortVersions(kvs: KeyValue[], target: number, order: number): KeyValue[] {
  if (target === SortTarget.KEY && order !== SortOrder.DESCEND) return kvs;
  const less = lessBy(target);
  if (order === SortOrder.DESCEND) goSort(kvs, (a, b) => less(b, a));
  else goSort(kvs, less);
  return kvs;
}
