/**
 * Sorting as the Go library does it, equal elements included.
 *
 * Go's `sort.Sort` is a pattern-defeating quicksort (Orson Peters, arXiv 2106.05123) without randomness from outside, so
 * where equal elements end up is a fixed function of the input, and etcd's clients see it. The thresholds below and
 * the order in which elements are compared and swapped are therefore part of the behaviour; the code is our own.
 */

type Less<T> = (a: T, b: T) => boolean;

/** Ranges up to this length are sorted by insertion. */
const INSERTION_MAX = 12;
/** From this length on the pivot is a median of medians, and nearly sorted ranges are worth repairing. */
const NINTHER_MIN = 50;
/** Out-of-order pairs that are repaired before a range counts as unsorted. */
const REPAIRS_MAX = 5;

interface Sorting<T> {
  readonly items: T[];
  readonly less: Less<T>;
  /** Swaps that finding the last pivot took: none or all of them tell an ascending or a descending range. */
  swaps: number;
}

/** Sorts `items` in place by `less`; equal elements come out where Go would put them. */
export function goSort<T>(items: T[], less: Less<T>): void {
  quicksort({ items, less, swaps: 0 }, 0, items.length, 32 - Math.clz32(items.length));
}

function below<T>(sorting: Sorting<T>, i: number, j: number): boolean {
  return sorting.less(sorting.items[i] as T, sorting.items[j] as T);
}

function swap<T>(sorting: Sorting<T>, i: number, j: number): void {
  const item = sorting.items[i] as T;
  sorting.items[i] = sorting.items[j] as T;
  sorting.items[j] = item;
}

function quicksort<T>(sorting: Sorting<T>, from: number, to: number, badPivots: number): void {
  let start = from;
  let end = to;
  let left = badPivots;
  let balanced = true;
  let partitioned = true;
  for (;;) {
    const length = end - start;
    if (length <= INSERTION_MAX || left === 0) {
      if (length <= INSERTION_MAX) insertionSort(sorting, start, end);
      else heapSort(sorting, start, end);
      return;
    }
    if (!balanced) {
      scatter(sorting, start, end);
      left--;
    }
    let pivot = choosePivot(sorting, start, end);
    let ascending = sorting.swaps === 0;
    if (sorting.swaps === 12) {
      reverse(sorting, start, end);
      pivot = end - 1 - (pivot - start);
      ascending = true;
    }
    if (balanced && partitioned && ascending && repair(sorting, start, end)) return;
    if (start > 0 && !below(sorting, start - 1, pivot)) {
      // What precedes the range equals the pivot: nothing in the range is smaller.
      start = splitEqual(sorting, start, end, pivot);
      continue;
    }
    const middle = split(sorting, start, end, pivot);
    partitioned = middle < 0;
    const at = middle < 0 ? ~middle : middle;
    const threshold = length >> 3;
    if (at - start < end - at) {
      balanced = at - start >= threshold;
      quicksort(sorting, start, at, left);
      start = at + 1;
    } else {
      balanced = end - at >= threshold;
      quicksort(sorting, at + 1, end, left);
      end = at;
    }
  }
}

function insertionSort<T>(sorting: Sorting<T>, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    for (let j = i; j > start && below(sorting, j, j - 1); j--) swap(sorting, j, j - 1);
  }
}

function heapSort<T>(sorting: Sorting<T>, start: number, end: number): void {
  const length = end - start;
  for (let root = (length - 1) >> 1; root >= 0; root--) sink(sorting, start, root, length);
  for (let last = length - 1; last >= 0; last--) {
    swap(sorting, start, start + last);
    sink(sorting, start, 0, last);
  }
}

function sink<T>(sorting: Sorting<T>, start: number, from: number, length: number): void {
  let root = from;
  for (let child = 2 * root + 1; child < length; child = 2 * root + 1) {
    if (child + 1 < length && below(sorting, start + child, start + child + 1)) child++;
    if (!below(sorting, start + root, start + child)) return;
    swap(sorting, start + root, start + child);
    root = child;
  }
}

/**
 * Splits by the pivot: smaller ones first, then the pivot, then the others. Returns where the pivot stands; its
 * complement (a negative number) when the range was split so already.
 */
function split<T>(sorting: Sorting<T>, start: number, end: number, pivot: number): number {
  swap(sorting, start, pivot);
  let i = start + 1;
  let j = end - 1;
  for (let untouched = true; ; untouched = false) {
    while (i <= j && below(sorting, i, start)) i++;
    while (i <= j && !below(sorting, j, start)) j--;
    if (i > j) {
      swap(sorting, j, start);
      return untouched ? ~j : j;
    }
    swap(sorting, i, j);
    i++;
    j--;
  }
}

/** Puts what equals the pivot first; returns where the greater ones begin. */
function splitEqual<T>(sorting: Sorting<T>, start: number, end: number, pivot: number): number {
  swap(sorting, start, pivot);
  let i = start + 1;
  let j = end - 1;
  for (;;) {
    while (i <= j && !below(sorting, start, i)) i++;
    while (i <= j && below(sorting, start, j)) j--;
    if (i > j) return i;
    swap(sorting, i, j);
    i++;
    j--;
  }
}

/** Repairs a nearly sorted range; returns whether it is sorted now. */
function repair<T>(sorting: Sorting<T>, start: number, end: number): boolean {
  let i = start + 1;
  for (let repairs = 0; repairs < REPAIRS_MAX; repairs++) {
    while (i < end && !below(sorting, i, i - 1)) i++;
    if (i === end) return true;
    if (end - start < NINTHER_MIN) return false;
    swap(sorting, i, i - 1);
    if (i - start >= 2) for (let j = i - 1; j >= 1 && below(sorting, j, j - 1); j--) swap(sorting, j, j - 1);
    if (end - i >= 2) for (let j = i + 1; j < end && below(sorting, j, j - 1); j++) swap(sorting, j, j - 1);
  }
  return false;
}

/** Swaps three elements of the middle with others, chosen by a xorshift generator that starts from the length. */
function scatter<T>(sorting: Sorting<T>, start: number, end: number): void {
  const length = end - start;
  const mask = 2 ** (32 - Math.clz32(length)) - 1;
  const middle = start + (length >> 2) * 2;
  let high = 0;
  let low = length;
  for (let at = middle - 1; at <= middle + 1; at++) {
    // One round of a 64-bit xorshift (13, 7, 17) on two 32-bit halves.
    high ^= (high << 13) | (low >>> 19);
    low ^= low << 13;
    low ^= (low >>> 7) | (high << 25);
    high ^= high >>> 7;
    high ^= (high << 17) | (low >>> 15);
    low ^= low << 17;
    const other = (low & mask) >>> 0;
    swap(sorting, at, start + (other >= length ? other - length : other));
  }
}

/** Index of the pivot: a median of three, for long ranges of three such medians. Leaves its swaps in `sorting`. */
function choosePivot<T>(sorting: Sorting<T>, start: number, end: number): number {
  const length = end - start;
  const quarter = length >> 2;
  let i = start + quarter;
  let j = start + quarter * 2;
  let k = start + quarter * 3;
  sorting.swaps = 0;
  if (length >= NINTHER_MIN) {
    i = median(sorting, i - 1, i, i + 1);
    j = median(sorting, j - 1, j, j + 1);
    k = median(sorting, k - 1, k, k + 1);
  }
  return median(sorting, i, j, k);
}

function median<T>(sorting: Sorting<T>, first: number, second: number, third: number): number {
  let a = first;
  let b = second;
  let c = third;
  if (below(sorting, b, a)) {
    [a, b] = [b, a];
    sorting.swaps++;
  }
  if (below(sorting, c, b)) {
    [b, c] = [c, b];
    sorting.swaps++;
  }
  if (below(sorting, b, a)) {
    [a, b] = [b, a];
    sorting.swaps++;
  }
  return b;
}

function reverse<T>(sorting: Sorting<T>, start: number, end: number): void {
  for (let i = start, j = end - 1; i < j; i++, j--) swap(sorting, i, j);
}
