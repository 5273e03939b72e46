/**
 * Ranges of keys as half-open intervals: do they touch, and do several of them together cover one?
 *
 * An interval whose end is not above its begin is empty to a reader, yet etcd's interval tree treats it as touching its
 * begin; both rules here follow that tree (`pkg/adt/interval_tree.go`), because clients see the difference.
 */

/** The keys from `begin` up to `end`; no upper end when that is null. */
export interface Interval {
  readonly begin: string;
  readonly end: string | null;
}

/** The interval that holds exactly `key`. */
export function pointInterval(key: string): Interval {
  return { begin: key, end: `${key}\0` };
}

/** Whether `a` reaches to or beyond `b` as an upper end. */
function endsAfter(a: string | null, b: string): boolean {
  return a === null || a > b;
}

/** Whether two intervals touch, by the tree's rule with `a` in the tree and `b` asked for. */
export function intersects(a: Interval, b: Interval): boolean {
  if (a.begin < b.begin && !endsAfter(a.end, b.begin)) return false;
  return b.end === null || a.begin < b.end;
}

/** Whether the intervals, taken together, leave no gap in `wanted`. */
export function covers(intervals: readonly Interval[], wanted: Interval): boolean {
  const touching = intervals.filter((interval) => intersects(interval, wanted));
  touching.sort((a, b) => (a.begin < b.begin ? -1 : a.begin > b.begin ? 1 : 0));
  const first = touching[0];
  if (first === undefined || first.begin > wanted.begin) return false;
  let end = first.end;
  for (const interval of touching) {
    if (end === null) return true;
    if (end < interval.begin) return false;
    if (interval.end === null || interval.end > end) end = interval.end;
  }
  return end === null || (wanted.end !== null && end >= wanted.end);
}
