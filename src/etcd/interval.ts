/**
 * Ranges of keys as half-open intervals: do they touch, and do several of them together cover one?
 *
 * An interval whose end is not above its begin holds nothing and touches no key; when such a one is *asked for*, etcd's
 * interval tree looks at its begin alone. Both rules here follow that tree (`pkg/adt/interval_tree.go`), because clients
 * see the difference.
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

/** Whether an interval of the set touches the one asked for. */
export function intersects(interval: Interval, asked: Interval): boolean {
  if (asked.begin < interval.begin && asked.end !== null && asked.end <= interval.begin) return false;
  return interval.end === null || asked.begin < interval.end;
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
