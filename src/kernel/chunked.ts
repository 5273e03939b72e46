// An append-only list that may lose a prefix (compaction) and a suffix (truncation). Kept in chunks: a full chunk is never
// changed again, so that clones share it and a recorded step copies little.

import { createList } from "./list.ts";

/** Items per chunk, a power of two. */
const CHUNK_BITS = 7;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;

/**
 * Items `first` .. `first + length - 1`. `chunks[0]` holds the positions from `base` (a multiple of the chunk size).
 * Invariant: every chunk but the last is full; slots below `first` in the first chunk are dead.
 */
export interface ChunkedList<T> {
  chunks: T[][];
  base: number;
  first: number;
  length: number;
}

/** An empty list whose next item gets position `first`. */
export function createChunked<T>(first: number = 0): ChunkedList<T> {
  const base = first - (first & MASK);
  const list: ChunkedList<T> = { chunks: createList(), base, first, length: 0 };
  if (first !== base) list.chunks.push(new Array<T>(first - base));
  return list;
}

/** Position after the last item. */
export function endOf<T>(list: ChunkedList<T>): number {
  return list.first + list.length;
}

/** Adds `item` at the end. */
export function pushItem<T>(list: ChunkedList<T>, item: T): void {
  const chunks = list.chunks;
  const last = chunks.length === 0 ? undefined : chunks[chunks.length - 1];
  if (last === undefined || last.length === CHUNK) chunks.push([item]);
  else last.push(item);
  list.length++;
}

/** The item at `position`; undefined outside the list. */
export function itemAt<T>(list: ChunkedList<T>, position: number): T | undefined {
  if (position < list.first || position >= list.first + list.length) return undefined;
  const offset = position - list.base;
  return (list.chunks[offset >> CHUNK_BITS] as T[])[offset & MASK];
}

/** Replaces the item at an existing `position`. Full chunks are copied first, since clones may share them. */
export function replaceItem<T>(list: ChunkedList<T>, position: number, item: T): void {
  const offset = position - list.base;
  const at = offset >> CHUNK_BITS;
  const chunk = list.chunks[at] as T[];
  const own = chunk.length === CHUNK ? chunk.slice() : chunk;
  own[offset & MASK] = item;
  list.chunks[at] = own;
}

/** Drops every item at or after `end`. */
export function truncateTo<T>(list: ChunkedList<T>, end: number): void {
  if (end >= list.first + list.length) return;
  const keep = Math.max(end, list.first);
  const offset = keep - list.base;
  const chunkCount = (offset + MASK) >> CHUNK_BITS;
  list.chunks.length = chunkCount;
  const rest = offset & MASK;
  if (rest !== 0) list.chunks[chunkCount - 1] = (list.chunks[chunkCount - 1] as T[]).slice(0, rest);
  list.length = keep - list.first;
}

/** Drops every item before `first`. */
export function dropBefore<T>(list: ChunkedList<T>, first: number): void {
  if (first <= list.first) return;
  const end = list.first + list.length;
  const at = Math.min(first, end);
  const whole = (at - list.base) >> CHUNK_BITS;
  if (whole > 0) {
    list.chunks.splice(0, whole);
    list.base += whole << CHUNK_BITS;
  }
  list.first = at;
  list.length = end - at;
}

/** A copy that shares all full chunks with `list`. */
export function cloneChunked<T>(list: ChunkedList<T>): ChunkedList<T> {
  const chunks = list.chunks.slice();
  const last = chunks.length - 1;
  if (last >= 0 && (chunks[last] as T[]).length < CHUNK) chunks[last] = (chunks[last] as T[]).slice();
  return { chunks, base: list.base, first: list.first, length: list.length };
}
