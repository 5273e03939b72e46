// Two pictures of the same plain data, before and after: what changed between them, as patches, and a picture of the later one
// that shares with the earlier one whatever is equal. Unknown here: what the data mean.

/** One change in the form that immer gives and takes. The path leads from the root to the field, index or key. */
export interface Patch {
  readonly op: "replace" | "add" | "remove";
  readonly path: (string | number)[];
  readonly value?: unknown;
}

/** Changes both ways: `patches` lead from before to after, `inverse` back; each list in the order in which it applies. */
export interface PatchPair {
  readonly patches: Patch[];
  readonly inverse: Patch[];
}

/** Where changes go. */
export interface Settling extends PatchPair {
  /** A later value whose changes are among the patches already; null: there is none. */
  readonly known: unknown;
}

const OTHER = 0;
const RECORD = 1;
const LIST = 2;
const MAP = 3;

/**
 * What of a value can be looked into. Instances of classes are values that never change: two of them differ as a whole. Asked by
 * the constructor, which the engine finds faster than the prototype; no record has a field of that name.
 */
function kindOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return OTHER;
  if (Array.isArray(value)) return LIST;
  const made = value.constructor;
  if (made === Object) return RECORD;
  return made === Map ? MAP : OTHER;
}

/**
 * Adds to `out` what changed from `before` to `after`, which stand at `path`, and returns the value to keep: `before` itself if
 * nothing did, else `after` with its equal parts replaced by those of `before`. So `after` must be the caller's own down to
 * what it shares with `before`. Records must have the same fields in both.
 */
export function settle<T>(before: T, after: T, path: (string | number)[], out: Settling): T {
  if (before === after) return before;
  if (out.known !== null && after === out.known) return after;
  const kind = kindOf(after);
  if (kind === OTHER || kindOf(before) !== kind) {
    out.patches.push({ op: "replace", path: path.slice(), value: after });
    out.inverse.push({ op: "replace", path: path.slice(), value: before });
    return after;
  }
  let same: boolean;
  if (kind === RECORD) same = settleRecord(before as Fields, after as Fields, path, out);
  else if (kind === LIST) same = settleList(before as unknown[], after as unknown[], path, out);
  else same = settleMap(before as Keyed, after as Keyed, path, out);
  return same ? before : after;
}

type Fields = Record<string, unknown>;
type Keyed = Map<string | number, unknown>;

function settleRecord(before: Fields, after: Fields, path: (string | number)[], out: Settling): boolean {
  let same = true;
  let equal: string[] | null = null;
  for (const name in after) {
    const earlier = before[name];
    const later = after[name];
    if (earlier === later) continue;
    path.push(name);
    const kept = settle(earlier, later, path, out);
    path.pop();
    if (kept !== earlier) same = false;
    else if (equal === null) equal = [name];
    else equal.push(name);
  }
  // Nothing is put back where all is: the record before it is kept as a whole.
  if (!same && equal !== null && !Object.isFrozen(after)) for (const name of equal) after[name] = before[name];
  return same;
}

function settleList(before: unknown[], after: unknown[], path: (string | number)[], out: Settling): boolean {
  const shared = Math.min(before.length, after.length);
  let same = before.length === after.length;
  let equal: number[] | null = null;
  for (let at = 0; at < shared; at++) {
    const earlier = before[at];
    const later = after[at];
    if (earlier === later) continue;
    path.push(at);
    const kept = settle(earlier, later, path, out);
    path.pop();
    if (kept !== earlier) same = false;
    else if (equal === null) equal = [at];
    else equal.push(at);
  }
  if (!same && equal !== null && !Object.isFrozen(after)) for (const at of equal) after[at] = before[at];
  if (before.length === after.length) return same;
  addTail(after, shared, path, out.patches, out.inverse);
  addTail(before, shared, path, out.inverse, out.patches);
  return same;
}

/** What stands in `list` from `from` on is added by `there`, and taken away, last first, by `back`. */
function addTail(list: unknown[], from: number, path: (string | number)[], there: Patch[], back: Patch[]): void {
  for (let at = from; at < list.length; at++) there.push({ op: "add", path: [...path, at], value: list[at] });
  for (let at = list.length - 1; at >= from; at--) back.push({ op: "remove", path: [...path, at] });
}

function settleMap(before: Keyed, after: Keyed, path: (string | number)[], out: Settling): boolean {
  let same = true;
  for (const [key, later] of after) {
    const earlier = before.get(key);
    if (earlier === later && before.has(key)) continue;
    if (!before.has(key)) {
      same = false;
      out.patches.push({ op: "add", path: [...path, key], value: later });
      out.inverse.push({ op: "remove", path: [...path, key] });
      continue;
    }
    path.push(key);
    const kept = settle(earlier, later, path, out);
    path.pop();
    if (kept !== earlier) same = false;
    else if (!Object.isFrozen(after)) after.set(key, kept);
  }
  for (const [key, earlier] of before) {
    if (after.has(key)) continue;
    same = false;
    out.patches.push({ op: "remove", path: [...path, key] });
    out.inverse.push({ op: "add", path: [...path, key], value: earlier });
  }
  return same;
}
