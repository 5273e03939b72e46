import { expect, test } from "vitest";
import { RandomChoices, type Stream } from "../../src/kernel/choose.ts";

function draws(stream: Stream, count: number, n: number = 1_000_000): number[] {
  return Array.from({ length: count }, () => stream.below(n));
}

test("the same purpose and entity are one stream", () => {
  const source = new RandomChoices("7");
  expect(source.open("latency", 3)).toBe(source.open("latency", 3));
});

test("streams differ by seed, by purpose and by entity", () => {
  const first = (seed: string, open: (source: RandomChoices) => Stream): string =>
    draws(open(new RandomChoices(seed)), 4).join();
  const all = [
    first("7", (s) => s.open("latency", 3)),
    first("8", (s) => s.open("latency", 3)),
    first("7", (s) => s.open("loss", 3)),
    first("7", (s) => s.open("latency", 4)),
    first("7", (s) => s.open("latency", 33)),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test("the first draws of seed 1 are these: a change here changes every run", () => {
  const source = new RandomChoices("1");
  expect(draws(source.open("latency", 1), 6)).toEqual([200969, 550016, 325444, 258762, 168451, 356128]);
  expect(draws(source.open("election", 2), 6, 10)).toEqual([7, 8, 5, 9, 1, 5]);
});

test("with one option or none there is nothing to choose, and nothing is drawn", () => {
  const source = new RandomChoices("7");
  const stream = source.open("disk", 1);
  const untouched = new RandomChoices("7").open("disk", 1);
  expect([stream.below(1), stream.below(0), stream.below(-3)]).toEqual([0, 0, 0]);
  expect(draws(stream, 5)).toEqual(draws(untouched, 5));
});

test("every option comes up about equally often", () => {
  const counts = [0, 0, 0, 0, 0, 0];
  const stream = new RandomChoices("dice").open("operation", 1);
  for (let i = 0; i < 60_000; i++) counts[stream.below(6)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
});
