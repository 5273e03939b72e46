/**
 * Ranges of keys as half-open intervals, and the set that answers two questions about them: does one touch a range, and
 * do they together cover it?
 *
 * For ranges that hold a key the answers are what one expects. For a range whose end is not above its begin they depend
 * on the shape of etcd's tree (`pkg/adt/interval_tree.go`): a red-black tree by begin, whose nodes know the greatest end
 * below them and prune by it. Clients see those answers as "permission denied" and "duplicate key", so the shape is part
 * of the behaviour: insertion and rotation follow the textbook (Cormen et al., chapter 13), the greatest ends are kept
 * by the same steps as in etcd, and the code is our own. A set is built, asked and thrown away; it is never state.
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

interface Node {
  readonly interval: Interval;
  greatestEnd: string | null;
  red: boolean;
  parent: Node | null;
  left: Node | null;
  right: Node | null;
}

/** Intervals, several equal ones included. */
export interface IntervalSet {
  root: Node | null;
}

/** A set without intervals. */
export function createIntervalSet(): IntervalSet {
  return { root: null };
}

/** Order of upper ends: none is the greatest. */
function compareEnds(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a < b ? -1 : 1;
}

/** Where `asked` lies: -1 to the left of the interval, 1 to the right, 0 when they touch. */
function side(asked: Interval, interval: Interval): number {
  if (asked.begin < interval.begin && asked.end !== null && asked.end <= interval.begin) return -1;
  return interval.end !== null && asked.begin >= interval.end ? 1 : 0;
}

/** Adds an interval. */
export function addInterval(set: IntervalSet, interval: Interval): void {
  const node: Node = { interval, greatestEnd: interval.end, red: true, parent: null, left: null, right: null };
  let parent: Node | null = null;
  let at = set.root;
  while (at !== null) {
    parent = at;
    at = interval.begin < at.interval.begin ? at.left : at.right;
  }
  node.parent = parent;
  if (parent === null) set.root = node;
  else {
    if (interval.begin < parent.interval.begin) parent.left = node;
    else parent.right = node;
    raiseEnds(parent);
  }
  balance(set, node);
}

/** Recomputes the greatest end of a node and of those above it, up to the first that does not change. */
function raiseEnds(from: Node): void {
  for (let node: Node | null = from; node !== null; node = node.parent) {
    let greatest = node.interval.end;
    if (node.left !== null && compareEnds(node.left.greatestEnd, greatest) > 0) greatest = node.left.greatestEnd;
    if (node.right !== null && compareEnds(node.right.greatestEnd, greatest) > 0) greatest = node.right.greatestEnd;
    if (node.greatestEnd === greatest) return;
    node.greatestEnd = greatest;
  }
}

function balance(set: IntervalSet, added: Node): void {
  let node = added;
  for (;;) {
    const parent = node.parent;
    const grand = parent?.parent ?? null;
    if (parent === null || grand === null || !parent.red) break;
    const onLeft = parent === grand.left;
    const uncle = onLeft ? grand.right : grand.left;
    if (uncle?.red === true) {
      uncle.red = false;
      parent.red = false;
      grand.red = true;
      node = grand;
      continue;
    }
    if (node === (onLeft ? parent.right : parent.left)) {
      node = parent;
      rotate(set, node, onLeft);
    }
    const upper = node.parent as Node;
    const top = upper.parent as Node;
    upper.red = false;
    top.red = true;
    rotate(set, top, !onLeft);
  }
  if (set.root !== null) set.root.red = false;
}

/** Lets a child of `node` take its place: the right one when `toLeft`, else the left one. */
function rotate(set: IntervalSet, node: Node, toLeft: boolean): void {
  const child = toLeft ? node.right : node.left;
  if (child === null) return;
  const inner = toLeft ? child.left : child.right;
  if (toLeft) node.right = inner;
  else node.left = inner;
  if (inner !== null) inner.parent = node;
  raiseEnds(node);
  const parent = node.parent;
  child.parent = parent;
  if (parent === null) set.root = child;
  else {
    if (parent.left === node) parent.left = child;
    else parent.right = child;
    raiseEnds(parent);
  }
  node.parent = child;
  if (toLeft) child.left = node;
  else child.right = node;
  raiseEnds(child);
}

/** Whether some interval of the set touches the one asked for. */
export function intersects(set: IntervalSet, asked: Interval): boolean {
  let node = set.root;
  while (node !== null && side(asked, node.interval) !== 0) {
    const left = node.left;
    node = left !== null && compareEnds(left.greatestEnd, asked.begin) > 0 ? left : node.right;
  }
  return node !== null;
}

/** The intervals that touch the one asked for, by their begin. */
export function touching(set: IntervalSet, asked: Interval): Interval[] {
  const found: Interval[] = [];
  visit(set.root, asked, found);
  return found;
}

function visit(node: Node | null, asked: Interval, found: Interval[]): void {
  if (node === null) return;
  const where = side(asked, node.interval);
  if (where < 0) visit(node.left, asked, found);
  else if (where === 0) {
    visit(node.left, asked, found);
    found.push(node.interval);
    visit(node.right, asked, found);
  } else if (side({ begin: node.interval.begin, end: node.greatestEnd }, asked) === 0) {
    visit(node.left, asked, found);
    visit(node.right, asked, found);
  }
}

/** Whether the intervals of the set, taken together, leave no gap in the one asked for. */
export function covers(set: IntervalSet, asked: Interval): boolean {
  const intervals = touching(set, asked);
  const first = intervals[0];
  if (first === undefined) return false;
  let { end } = first;
  for (const interval of intervals) {
    if (compareEnds(end, interval.begin) < 0) return false;
    if (compareEnds(interval.end, end) > 0) end = interval.end;
  }
  return compareEnds(end, asked.end) >= 0 && first.begin <= asked.begin;
}
