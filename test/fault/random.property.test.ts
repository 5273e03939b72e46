import { expect } from "vitest";
import type { TimedAction } from "../../src/fault/action.ts";
import type { RandomFaults } from "../../src/fault/random.ts";
import { expandRandom, RANDOM_KINDS } from "../../src/fault/random.ts";
import type { Selector } from "../../src/fault/selector.ts";
import { RandomChoices } from "../../src/kernel/choose.ts";
import { fc, test } from "../properties.ts";

const random: fc.Arbitrary<RandomFaults> = fc.record({
  fromMicros: fc.integer({ min: 0, max: 5_000_000 }),
  untilMicros: fc.integer({ min: 5_000_001, max: 60_000_000 }),
  every: fc.constantFrom<RandomFaults["every"]>(
    { kind: "exponential", minMicros: 0, meanMicros: 400_000, maxMicros: 5_000_000 },
    { kind: "uniform", minMicros: 0, maxMicros: 900_000 },
    { kind: "constant", micros: 250_000 },
  ),
  lasting: fc.constantFrom<RandomFaults["lasting"]>(
    { kind: "uniform", minMicros: 500_000, maxMicros: 3_000_000 },
    { kind: "constant", micros: 9_000_000 },
  ),
  pick: fc
    .uniqueArray(fc.constantFrom(...RANDOM_KINDS), { minLength: 1, maxLength: RANDOM_KINDS.length })
    .map((kinds) =>
      RANDOM_KINDS.filter((kind) => kinds.includes(kind)).map((kind, at) => ({ kind, weight: 1 + (at % 3) })),
    ),
  keepQuorum: fc.boolean(),
  swarm: fc.boolean(),
});
const sizes = fc.integer({ min: 1, max: 9 });
const ids = (count: number): number[] => Array.from({ length: count }, (_, offset) => offset + 1);
const seeds = fc.integer({ min: 0, max: 1_000_000 }).map(String);

/** How many members a selector can mean at the most. */
function size(selector: Selector): number {
  if (selector.kind === "members") return selector.ids.length;
  if (selector.kind === "leader") return 1;
  if (selector.kind === "leader-plus") return 1 + selector.others;
  throw new Error(`random faults do not select ${selector.kind}`);
}

/** How many members the fault takes from the quorum, read off the action itself. */
function cost(timed: TimedAction, members: number): number {
  const action = timed.action;
  if (action.kind === "crash" || action.kind === "pause") return size(action.on);
  if (action.kind === "disk" && action.effect.kind === "stall") return size(action.on);
  if (action.kind !== "partition") return 0;
  if (action.shape.kind === "groups") return size(action.shape.groups[0]!);
  if (action.shape.kind === "isolate") return size(action.shape.on);
  return Math.max(1, Math.floor((members - 1) / 2));
}

test.prop({ random, count: sizes, seed: seeds })(
  "the list is sorted, within its window, and its ids are unique",
  ({ random, count, seed }) => {
    const list = expandRandom(random, ids(count), new RandomChoices(seed));
    let before = random.fromMicros;
    for (const timed of list) {
      expect(timed.atMicros).toBeGreaterThanOrEqual(before);
      expect(timed.atMicros + (timed.forMicros ?? 0)).toBeLessThanOrEqual(random.untilMicros);
      if (timed.forMicros !== null) expect(timed.forMicros).toBeGreaterThan(0);
      expect(Number.isInteger(timed.atMicros)).toBe(true);
      before = timed.atMicros;
    }
    expect(new Set(list.map((timed) => timed.id)).size).toBe(list.length);
  },
);

test.prop({ random, count: sizes, seed: seeds })("the same seed gives the same list", ({ random, count, seed }) => {
  const once = expandRandom(random, ids(count), new RandomChoices(seed));
  expect(expandRandom(random, ids(count), new RandomChoices(seed))).toEqual(once);
});

test.prop({ random, count: sizes, seed: seeds })(
  "with keepQuorum a quorum is left at every moment",
  ({ random, count, seed }) => {
    const list = expandRandom({ ...random, keepQuorum: true }, ids(count), new RandomChoices(seed));
    const tolerated = Math.floor((count - 1) / 2);
    for (const timed of list) {
      let away = 0;
      for (const other of list)
        if (other.atMicros <= timed.atMicros && timed.atMicros < other.atMicros + (other.forMicros ?? 0))
          away += cost(other, count);
      expect(away).toBeLessThanOrEqual(tolerated);
    }
  },
);

test.prop({ count: fc.constantFrom(3, 5), seed: seeds })(
  "over half a minute every kind that may come does come for some seed",
  ({ count, seed }) => {
    const pick = RANDOM_KINDS.map((kind) => ({ kind, weight: 1 }));
    const list = expandRandom(
      {
        fromMicros: 0,
        untilMicros: 600_000_000,
        every: { kind: "constant", micros: 500_000 },
        lasting: { kind: "constant", micros: 300_000 },
        pick,
        keepQuorum: true,
        swarm: false,
      },
      ids(count),
      new RandomChoices(seed),
    );
    const shapes = new Set(
      list.map((timed) => (timed.action.kind === "partition" ? timed.action.shape.kind : timed.action.kind)),
    );
    for (const kind of [
      "crash",
      "pause",
      "drop",
      "delay",
      "disk",
      "clock",
      "transferLeader",
      "groups",
      "isolate",
      "bridge",
      "ring",
    ])
      expect(shapes).toContain(kind);
  },
);
