import { expect, test } from "vitest";
import {
  type ChunkedList,
  cloneChunked,
  createChunked,
  dropBefore,
  endOf,
  itemAt,
  pushItem,
  replaceItem,
  truncateTo,
} from "../../src/kernel/chunked.ts";
import { fc } from "../properties.ts";

/** The list as a plain array from position `first`. */
interface Twin {
  first: number;
  items: number[];
}

interface Pair {
  list: ChunkedList<number>;
  twin: Twin;
}

// Chunks hold 128 items: what happens at their borders is what can go wrong.
const near = fc.constantFrom(0, 1, 2, 126, 127, 128, 129, 255, 256, 257, 384);
const count = fc.oneof(fc.nat(4), near);
const command = fc.record({
  do: fc.constantFrom("push", "push", "push", "truncate", "drop", "replace", "clone", "swap"),
  count,
  /** A position: from the beginning, from the end, or next to a border. */
  from: fc.constantFrom("first", "end", "zero"),
});

function positionOf({ twin }: Pair, from: string, count: number): number {
  if (from === "first") return twin.first + count;
  if (from === "end") return twin.first + twin.items.length - count;
  return count;
}

function same({ list, twin }: Pair): void {
  expect([list.first, list.length, endOf(list)]).toEqual([
    twin.first,
    twin.items.length,
    twin.first + twin.items.length,
  ]);
  const end = endOf(list);
  const items: (number | undefined)[] = [];
  for (let at = list.first; at < end; at++) items.push(itemAt(list, at));
  expect(items).toEqual(twin.items);
  expect([itemAt(list, list.first - 1), itemAt(list, end), itemAt(list, end + 128)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
}

test("a chunked list holds what a plain array holds, and clones go their own ways", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(3), near), fc.array(command, { maxLength: 40 }), (first, commands) => {
      let pair: Pair = { list: createChunked(first), twin: { first, items: [] } };
      const others: Pair[] = [];
      let next = 0;
      for (const c of commands) {
        const { list, twin } = pair;
        const position = positionOf(pair, c.from, c.count);
        const end = twin.first + twin.items.length;
        switch (c.do) {
          case "push":
            for (let i = 0; i < c.count; i++) {
              pushItem(list, next);
              twin.items.push(next++);
            }
            break;
          case "truncate":
            truncateTo(list, position);
            twin.items.length = Math.min(Math.max(0, position - twin.first), twin.items.length);
            break;
          case "drop": {
            dropBefore(list, position);
            const gone = Math.min(Math.max(0, position - twin.first), twin.items.length);
            twin.items.splice(0, gone);
            twin.first += gone;
            break;
          }
          case "replace":
            if (position < twin.first || position >= end) break;
            replaceItem(list, position, next);
            twin.items[position - twin.first] = next++;
            break;
          case "clone":
            others.push({ list: cloneChunked(list), twin: { first: twin.first, items: twin.items.slice() } });
            break;
          default:
            others.push(pair);
            pair = others.shift() as Pair;
        }
        same(pair);
      }
      for (const other of others) same(other);
    }),
    { numRuns: 400 },
  );
});

test("a clone shares full chunks with its origin, so that a fork costs little", () => {
  const list = createChunked<number>();
  for (let i = 0; i < 300; i++) pushItem(list, i);
  const clone = cloneChunked(list);
  expect(clone.chunks.map((chunk, at) => chunk === list.chunks[at])).toEqual([true, true, false]);
});

test("compaction lets go of whole chunks", () => {
  const list = createChunked<number>();
  for (let i = 0; i < 1000; i++) pushItem(list, i);
  dropBefore(list, 900);
  expect(list.chunks.length).toBe(1);
  expect([itemAt(list, 899), itemAt(list, 900), itemAt(list, 999)]).toEqual([undefined, 900, 999]);
});
