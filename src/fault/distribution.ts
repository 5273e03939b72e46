/**
 * Distributions of durations, as data.
 *
 * A distribution here only says what shape a delay has; the draw itself is made by whoever owns the stream
 * (network, disk), from integer tables, because results of Math.log and the like may differ between engines.
 */

/** How a duration is spread. All fields are whole microseconds, 0 or more, and `minMicros <= maxMicros`. */
export type Distribution =
  /** Always the same. */
  | { readonly kind: "constant"; readonly micros: number }
  /** Every whole microsecond from `minMicros` to `maxMicros`, both included, equally often. */
  | { readonly kind: "uniform"; readonly minMicros: number; readonly maxMicros: number }
  /** Memoryless around a mean: `minMicros` plus an exponential part, cut off at `maxMicros`. */
  | {
      readonly kind: "exponential";
      readonly minMicros: number;
      readonly meanMicros: number;
      readonly maxMicros: number;
    }
  /** Bell-shaped: the sum of uniform draws with the given mean and standard deviation, never below zero. */
  | { readonly kind: "normal"; readonly meanMicros: number; readonly deviationMicros: number }
  /** A heavy tail: mostly `minMicros`, rarely (1 in 1,000) ten times the mean and more, cut off at `maxMicros`. */
  | { readonly kind: "pareto"; readonly minMicros: number; readonly meanMicros: number; readonly maxMicros: number };

/** The names that a scenario file may give as `dist`. */
export const DISTRIBUTION_KINDS: readonly Distribution["kind"][] = Object.freeze([
  "constant",
  "uniform",
  "exponential",
  "normal",
  "pareto",
] as const);

/** Takes no time at all: the disk of the common work, a client beside its member. */
export const INSTANT: Distribution = Object.freeze({ kind: "constant", micros: 0 });

/** Uniform between two bounds, both included. */
export function uniform(minMicros: number, maxMicros: number): Distribution {
  return { kind: "uniform", minMicros, maxMicros };
}

/** Always `micros`. */
export function constant(micros: number): Distribution {
  return { kind: "constant", micros };
}
