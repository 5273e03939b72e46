// Distributions of durations by integer arithmetic only: logarithms and powers differ between engines in the last bit.

import type { Stream } from "./choose.ts";

/**
 * A distribution of durations in micros. `constant`: always `minMicros`. `uniform`: each whole micro from min to max.
 * `normal`: bell-shaped over min..max (mean of four uniforms). `exponential`: `minMicros` + an exponential of mean
 * `meanMicros`, cut at `maxMicros`. `pareto`: `minMicros` times a heavy tail (1/(1-u)), cut at `maxMicros`.
 */
export interface Distribution {
  readonly kind: "constant" | "uniform" | "normal" | "exponential" | "pareto";
  readonly minMicros: number;
  readonly maxMicros: number;
  readonly meanMicros: number;
}

/** Always `micros`. */
export function constantMicros(micros: number): Distribution {
  return { kind: "constant", minMicros: micros, maxMicros: micros, meanMicros: micros };
}

/** Each whole micro from `minMicros` to `maxMicros`, both included. */
export function uniformMicros(minMicros: number, maxMicros: number): Distribution {
  return { kind: "uniform", minMicros, maxMicros, meanMicros: Math.floor((minMicros + maxMicros) / 2) };
}

/** Round(-ln(1 - i/64) · 65536) for i = 0..63: the inverse of the exponential law, to be interpolated. */
const EXPONENTIAL: readonly number[] = [
  0, 1032, 2081, 3146, 4230, 5331, 6451, 7591, 8751, 9932, 11135, 12360, 13608, 14880, 16178, 17502, 18854, 20233,
  21643, 23083, 24556, 26063, 27605, 29184, 30802, 32461, 34164, 35911, 37707, 39553, 41453, 43409, 45426, 47507,
  49656, 51877, 54177, 56561, 59034, 61604, 64280, 67069, 69982, 73031, 76228, 79590, 83133, 86879, 90852, 95082,
  99603, 104460, 109706, 115408, 121654, 128559, 136278, 145029, 155132, 167080, 181704, 200558, 227130, 272557,
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
  const min = distribution.minMicros;
  switch (distribution.kind) {
    case "constant":
      return min;
    case "uniform":
      return min + stream.below(distribution.maxMicros - min + 1);
    case "normal": {
      const span = distribution.maxMicros - min + 1;
      return min + Math.floor((stream.below(span) + stream.below(span) + stream.below(span) + stream.below(span)) / 4);
    }
    case "exponential": {
      const scaled = exponentialScaled(stream.below(65536));
      return Math.min(distribution.maxMicros, min + Math.floor((distribution.meanMicros * scaled) / 65536));
    }
    case "pareto":
      return Math.min(distribution.maxMicros, Math.floor((min * 65536) / (65536 - stream.below(65536))));
  }
}
