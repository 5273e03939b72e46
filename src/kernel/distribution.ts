// Distributions of durations, drawn by integer arithmetic only: logarithms and powers differ between engines in the last
// bit. (Square roots do not: IEEE 754 fixes them.)

import type { Stream } from "./choose.ts";

/** How a duration is spread. All fields are whole micros, 0 or more, and `minMicros <= maxMicros`. */
export type Distribution =
  /** Always the same. */
  | { readonly kind: "constant"; readonly micros: number }
  /** Every whole micro from `minMicros` to `maxMicros`, both included, equally often. */
  | { readonly kind: "uniform"; readonly minMicros: number; readonly maxMicros: number }
  /** Memoryless: `minMicros` plus an exponential part of mean `meanMicros - minMicros`, cut off at `maxMicros`. */
  | {
      readonly kind: "exponential";
      readonly minMicros: number;
      readonly meanMicros: number;
      readonly maxMicros: number;
    }
  /** Bell-shaped: the sum of four uniform draws with the given mean and standard deviation, never below zero. */
  | { readonly kind: "normal"; readonly meanMicros: number; readonly deviationMicros: number }
  /** A heavy tail of index 2: mean about `meanMicros`, most draws near `minMicros`, cut off at `maxMicros`. */
  | { readonly kind: "pareto"; readonly minMicros: number; readonly meanMicros: number; readonly maxMicros: number };

/** The names that a scenario file may give as `dist`. */
export const DISTRIBUTION_KINDS: readonly Distribution["kind"][] = Object.freeze([
  "constant",
  "uniform",
  "exponential",
  "normal",
  "pareto",
] as const);

/** Always `micros`. */
export function constant(micros: number): Distribution {
  return { kind: "constant", micros };
}

/** Uniform between two bounds, both included. */
export function uniform(minMicros: number, maxMicros: number): Distribution {
  return { kind: "uniform", minMicros, maxMicros };
}

/** Takes no time at all: the disk of the common work, a client beside its member. */
export const INSTANT: Distribution = Object.freeze({ kind: "constant", micros: 0 });

/** Round(-ln(1 - i/64) · 65536) for i = 0..63: the inverse of the exponential law, to be interpolated. */
const EXPONENTIAL: readonly number[] = [
  0, 1032, 2081, 3146, 4230, 5331, 6451, 7591, 8751, 9932, 11135, 12360, 13608, 14880, 16178, 17502, 18854, 20233,
  21643, 23083, 24556, 26063, 27605, 29184, 30802, 32461, 34164, 35911, 37707, 39553, 41453, 43409, 45426, 47507, 49656,
  51877, 54177, 56561, 59034, 61604, 64280, 67069, 69982, 73031, 76228, 79590, 83133, 86879, 90852, 95082, 99603,
  104460, 109706, 115408, 121654, 128559, 136278, 145029, 155132, 167080, 181704, 200558, 227130, 272557,
];

/** -ln(1-u)·65536 for u = `index`/65536, interpolated between the rows of the table. Exported for its test. */
export function exponentialScaled(index: number): number {
  const row = index >> 10;
  const low = EXPONENTIAL[row] as number;
  const high = row === 63 ? low + 65536 : (EXPONENTIAL[row + 1] as number);
  return low + Math.floor(((high - low) * (index & 1023)) / 1024);
}

/** One duration in micros, an integer ≥ 0. A constant draws nothing. */
export function drawMicros(distribution: Distribution, stream: Stream): number {
  switch (distribution.kind) {
    case "uniform":
      return distribution.minMicros + stream.below(distribution.maxMicros - distribution.minMicros + 1);
    case "constant":
      return distribution.micros;
    case "exponential": {
      const scaled = exponentialScaled(stream.below(65536));
      const mean = distribution.meanMicros - distribution.minMicros;
      return Math.min(distribution.maxMicros, distribution.minMicros + Math.floor((mean * scaled) / 65536));
    }
    case "normal": {
      // The sum of four uniform draws on [0, s] has deviation s / sqrt(3).
      const s = Math.floor((distribution.deviationMicros * 1732051) / 1000000);
      const sum = stream.below(s + 1) + stream.below(s + 1) + stream.below(s + 1) + stream.below(s + 1);
      return Math.max(0, distribution.meanMicros - 2 * s + sum);
    }
    case "pareto": {
      const tail = Math.floor(Math.sqrt(65536 / (65536 - stream.below(65536))) * 65536) - 65536;
      const mean = distribution.meanMicros - distribution.minMicros;
      return Math.min(distribution.maxMicros, distribution.minMicros + Math.floor((mean * tail) / 65536));
    }
  }
}
