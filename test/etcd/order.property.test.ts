import { describe, expect, it } from "vitest";
import { CRC_START, crcBytes, crcResult } from "../../src/etcd/crc32c.ts";
import { goSort } from "../../src/etcd/go-sort.ts";
import {
  addInterval,
  covers,
  createIntervalSet,
  type Interval,
  intersects,
  pointInterval,
} from "../../src/etcd/interval.ts";
import { fc } from "../properties.ts";

const KEYS = ["a", "aa", "ab", "b", "ba", "bb", "c", "d"];
const proper: fc.Arbitrary<Interval> = fc
  .tuple(fc.constantFrom(...KEYS), fc.option(fc.constantFrom(...KEYS)))
  .map(([begin, end]) => (end !== null && end <= begin ? pointInterval(begin) : { begin, end }));

function holds({ begin, end }: Interval, key: string): boolean {
  return key >= begin && (end === null || key < end);
}

describe("a set of proper intervals", () => {
  // Between any two neighbours of these keys the answers cannot change: ends are keys, or keys with a zero byte.
  const samples = KEYS.flatMap((key) => [key, `${key}\0`, `${key}\0\0`]).sort();

  it("touches a key when one of them holds it", () => {
    fc.assert(
      fc.property(fc.array(proper, { maxLength: 12 }), fc.constantFrom(...samples), (intervals, key) => {
        const set = createIntervalSet();
        for (const interval of intervals) addInterval(set, interval);
        expect(intersects(set, pointInterval(key))).toBe(intervals.some((interval) => holds(interval, key)));
      }),
    );
  });

  it("covers a range when no key of it is left out", () => {
    fc.assert(
      fc.property(fc.array(proper, { maxLength: 12 }), proper, (intervals, asked) => {
        const set = createIntervalSet();
        for (const interval of intervals) addInterval(set, interval);
        const inside = [...samples, "e"].filter((key) => holds(asked, key));
        expect(covers(set, asked)).toBe(inside.every((key) => intervals.some((interval) => holds(interval, key))));
      }),
      { numRuns: 500 },
    );
  });
});

describe("sorting as Go does", () => {
  it("sorts", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 }), (numbers) => {
        const sorted = [...numbers];
        goSort(sorted, (a, b) => a < b);
        expect(sorted).toEqual([...numbers].sort((a, b) => a - b));
      }),
    );
  });

  it("leaves a dozen equal elements where they were", () => {
    const items = Array.from({ length: 12 }, (_, i) => ({ at: i }));
    const sorted = [...items];
    goSort(sorted, () => false);
    expect(sorted).toEqual(items);
  });

  it("moves equal elements as Go's sort.Sort did on the same input", () => {
    const input = Array.from({ length: 60 }, (_, i) => ({ by: (i * i) % 5, at: i }));
    goSort(input, (a, b) => a.by < b.by);
    expect(input.map(({ at }) => at)).toEqual(GO_ORDER);
    // From thirteen elements on it is no insertion sort any more.
    const thirteen = Array.from({ length: 13 }, (_, i) => ({ by: (i * 7) % 3, at: i }));
    goSort(thirteen, (a, b) => a.by < b.by);
    expect(thirteen.map(({ at }) => at)).toEqual([6, 3, 0, 9, 12, 1, 4, 7, 10, 2, 5, 8, 11]);
  });
});

const GO_ORDER: readonly number[] = [
  15, 55, 50, 45, 40, 5, 35, 30, 0, 25, 10, 20, 29, 6, 14, 59, 16, 56, 1, 19, 11, 21, 54, 51, 24, 9, 26, 49, 46, 44, 41,
  31, 4, 39, 34, 36, 48, 42, 38, 33, 32, 7, 47, 43, 8, 3, 37, 28, 52, 27, 2, 23, 13, 53, 22, 18, 17, 57, 58, 12,
];

describe("CRC-32C", () => {
  it("of the digits 1 to 9 is e3069283", () => {
    expect(crcResult(crcBytes(CRC_START, "123456789")).toString(16)).toBe("e3069283");
  });
});
