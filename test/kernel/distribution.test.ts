import { describe, expect, test } from "vitest";
import { RandomChoices, type Stream } from "../../src/kernel/choose.ts";
import {
  constant,
  DISTRIBUTION_KINDS,
  type Distribution,
  drawMicros,
  exponentialScaled,
  INSTANT,
  uniform,
} from "../../src/kernel/distribution.ts";

const MEAN = 4000;
const DRAWS = 50_000;

/** A stream that counts its draws and gives what it is told to. */
function told(give: (n: number) => number): Stream & { draws: number } {
  const stream = {
    draws: 0,
    below(n: number): number {
      if (n <= 1) return 0;
      stream.draws++;
      return give(n);
    },
  };
  return stream;
}

const lowest = (): Stream => told(() => 0);
const highest = (): Stream => told((n) => n - 1);

function sample(distribution: Distribution): number[] {
  const stream = new RandomChoices("sample").open("latency", 1);
  return Array.from({ length: DRAWS }, () => drawMicros(distribution, stream));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

test("every kind that a scenario may name is tried here", () => {
  expect([...DISTRIBUTION_KINDS].sort()).toEqual(["constant", "exponential", "normal", "pareto", "uniform"]);
});

test("a constant is always the same and draws nothing", () => {
  const stream = told(() => 0);
  expect(drawMicros(constant(250), stream)).toBe(250);
  expect(drawMicros(INSTANT, stream)).toBe(0);
  expect(stream.draws).toBe(0);
});

test("a uniform distribution of one value draws nothing either", () => {
  const stream = told(() => 0);
  expect(drawMicros(uniform(7, 7), stream)).toBe(7);
  expect(stream.draws).toBe(0);
});

test("a uniform distribution reaches both of its bounds, and all between equally often", () => {
  expect([drawMicros(uniform(3, 9), lowest()), drawMicros(uniform(3, 9), highest())]).toEqual([3, 9]);
  const counts = new Map<number, number>();
  for (const value of sample(uniform(3, 9))) counts.set(value, (counts.get(value) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual([3, 4, 5, 6, 7, 8, 9]);
  for (const count of counts.values()) expect(Math.abs(count - DRAWS / 7)).toBeLessThan(DRAWS / 7 / 20);
});

describe("the exponential distribution", () => {
  // The last row stands for the whole tail beyond 63/64: there the logarithm goes to infinity and the line does not.
  test("follows the logarithm to about one part in a hundred of its mean, but for the last three rows", () => {
    for (let index = 0; index < 61 * 1024; index += 7) {
      const exact = -Math.log(1 - index / 65536) * 65536;
      expect(Math.abs(exponentialScaled(index) - exact)).toBeLessThan(700);
    }
  });

  test("meets the logarithm in every row of its table, to the nearest unit", () => {
    for (let row = 0; row < 64; row++) {
      expect(Math.abs(exponentialScaled(row * 1024) - -Math.log(1 - row / 64) * 65536)).toBeLessThanOrEqual(0.5);
    }
  });

  test("never falls from one index to the next", () => {
    let falls = 0;
    for (let index = 1; index < 65536; index++) if (exponentialScaled(index) < exponentialScaled(index - 1)) falls++;
    expect(falls).toBe(0);
  });

  test("has the mean it was asked for, within one part in a hundred, over all its draws", () => {
    let sum = 0;
    for (let index = 0; index < 65536; index++) sum += exponentialScaled(index);
    expect(Math.abs(sum / 65536 / 65536 - 1)).toBeLessThan(0.01);
  });

  const distribution: Distribution = { kind: "exponential", minMicros: 1000, meanMicros: MEAN, maxMicros: 9000 };

  test("stays within its bounds, and reaches them", () => {
    expect(drawMicros(distribution, lowest())).toBe(1000);
    expect(drawMicros(distribution, highest())).toBe(9000);
  });

  test("has its mean where nothing is cut off", () => {
    const mean = meanOf(sample({ ...distribution, maxMicros: 1_000_000 }));
    expect(Math.abs(mean - MEAN)).toBeLessThan(MEAN / 40);
  });
});

describe("the normal distribution", () => {
  const distribution: Distribution = { kind: "normal", meanMicros: MEAN, deviationMicros: 500 };

  test("has the mean and the deviation it was asked for", () => {
    const values = sample(distribution);
    expect(Math.abs(meanOf(values) - MEAN)).toBeLessThan(20);
    expect(Math.abs(deviationOf(values) - 500)).toBeLessThan(15);
  });

  test("is as often below its mean as above", () => {
    const below = sample(distribution).filter((value) => value < MEAN).length;
    expect(Math.abs(below / DRAWS - 0.5)).toBeLessThan(0.02);
  });

  test("is never below zero", () => {
    const wide: Distribution = { kind: "normal", meanMicros: 10, deviationMicros: 500 };
    expect(drawMicros(wide, lowest())).toBe(0);
    expect(Math.min(...sample(wide))).toBe(0);
  });

  test("without deviation is constant", () => {
    expect(new Set(sample({ kind: "normal", meanMicros: 10, deviationMicros: 0 }))).toEqual(new Set([10]));
  });
});

describe("the Pareto distribution", () => {
  const distribution: Distribution = { kind: "pareto", minMicros: 1000, meanMicros: MEAN, maxMicros: 600_000 };

  test("stays within its bounds", () => {
    expect(drawMicros(distribution, lowest())).toBe(1000);
    expect(drawMicros({ ...distribution, maxMicros: 9000 }, highest())).toBe(9000);
  });

  test("has about its mean", () => {
    // A tail of index 2 has no variance: a sample of this size misses its mean by some parts in a hundred.
    expect(Math.abs(meanOf(sample(distribution)) - MEAN)).toBeLessThan(MEAN / 10);
  });

  test("has a heavy tail: most draws lie below the mean, and some far above it", () => {
    const values = sample(distribution);
    expect(values.filter((value) => value < MEAN).length / DRAWS).toBeGreaterThan(0.7);
    const far = values.filter((value) => value > 1000 + 10 * (MEAN - 1000)).length / DRAWS;
    // An exponential distribution of the same mean goes there once in 22,000 draws; index 2 says once in 121.
    expect(Math.abs(far - 1 / 121)).toBeLessThan(0.003);
  });
});
