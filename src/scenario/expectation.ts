/**
 * Expectations, as data: what a scenario says must be so, for the file alone to give pass or fail.
 *
 * Judged while the run goes by `judge.ts`. The words always, sometimes, eventually and never are those of temporal
 * logic as Stateright and Antithesis use them; availability windows are half-open: [from, until).
 */

import type { Compare, Predicate } from "./predicate.ts";

/** From `fromMicros`, included, to `untilMicros`, not included. */
export interface Window {
  readonly fromMicros: number;
  readonly untilMicros: number;
}

/** Bounds on a share in parts per million: `>= 80%` is compare `>=`, ppm 800,000. */
export interface ShareBound {
  readonly compare: Compare;
  readonly ppm: number;
}

/** Stands as the time of an `at` that means the end of the run; the judge looks once more when the run is over. */
export const AT_END = -1;

export type Expectation =
  /** These properties do not fire. Properties of clients (`mutual-exclusion`) are checked only where named here. */
  | { readonly kind: "always-property"; readonly properties: readonly string[]; readonly alias: string | null }
  /** True whenever looked at, in the window or, null, in the whole run. */
  | { readonly kind: "always"; readonly predicate: Predicate; readonly during: Window | null }
  /** True at least once. */
  | { readonly kind: "sometimes"; readonly predicate: Predicate; readonly during: Window | null }
  /** Never true. */
  | { readonly kind: "never"; readonly predicate: Predicate; readonly during: Window | null }
  /** True at some moment of [after, after + within); `withinMicros` null: until the end of the run. */
  | {
      readonly kind: "eventually";
      readonly predicate: Predicate;
      readonly afterMicros: number;
      readonly withinMicros: number | null;
    }
  /** True at exactly that time, after every event of it. */
  | { readonly kind: "at"; readonly predicate: Predicate; readonly atMicros: number }
  /** For worlds broken on purpose: the property must fire; the run goes on until it does. */
  | { readonly kind: "violates"; readonly property: string }
  /** What clients saw can be explained; only operations invoked from `sinceMicros` on count. */
  | { readonly kind: "linearizable"; readonly sinceMicros: number }
  /** Operations answered ok of those invoked in the window. A null bound is not judged; a window without any fails. */
  | {
      readonly kind: "availability";
      readonly during: Window;
      /** Only operations of the workload with this name; null: of all. */
      readonly workload: string | null;
      readonly writes: ShareBound | null;
      readonly reads: ShareBound | null;
      readonly all: ShareBound | null;
    }
  /** Acknowledged writes that are gone must have been acknowledged within one of the windows; none: nothing is lost. */
  | { readonly kind: "data-loss"; readonly allow: readonly Window[] }
  /** The property is not judged before that time, or, null, not at all: by what the scenario is about. */
  | { readonly kind: "scope"; readonly property: string; readonly fromMicros: number | null };
