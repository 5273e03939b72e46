/**
 * Studies: one scenario over many seeds, judged on the whole.
 *
 * Here are the measures that a run yields and the expectations on them, as data. Evaluation is in `judge-study.ts`.
 */

import type { Compare } from "./predicate.ts";

/** What a run can be measured by. A run may yield none, one or many numbers of a measure. */
export const MEASURES = [
  /** Time from the crash or cut of a leader to the next leader that commits in its term. */
  { id: "failover", unit: "micros" },
  /** Time from the start to the first leader. */
  { id: "first-election", unit: "micros" },
  /** The longest stretch without a successful write between two that succeeded. */
  { id: "write-gap", unit: "micros" },
  /** How long a deposed leader went on believing in itself. */
  { id: "stale-leader", unit: "micros" },
  /** Time from a fault to the moment at which the leader it had left without a majority gave up. */
  { id: "step-down", unit: "micros" },
  /** Time from the end of a fault to a leader that stands then or next. */
  { id: "regain", unit: "micros" },
  /** Time from healing to the same applied index everywhere. */
  { id: "convergence", unit: "micros" },
  /** Time from handover requested to a new leader. */
  { id: "handover", unit: "micros" },
  /** Latency of each answered write, of each answered read. */
  { id: "write-latency", unit: "micros" },
  { id: "read-latency", unit: "micros" },
  /** Time from a proposal to its commit at the leader. */
  { id: "commit-latency", unit: "micros" },
  /** How far behind the leader a follower's applied index was: time, and entries. */
  { id: "follower-lag", unit: "micros" },
  { id: "follower-lag-entries", unit: "count" },
  { id: "leader-changes", unit: "count" },
  { id: "leader-changes-per-hour", unit: "count" },
  { id: "elections", unit: "count" },
  { id: "split-votes", unit: "count" },
  { id: "stale-reads", unit: "count" },
  { id: "messages", unit: "count" },
  { id: "events", unit: "count" },
  { id: "write-availability", unit: "ppm" },
  { id: "read-availability", unit: "ppm" },
  { id: "availability", unit: "ppm" },
] as const;

export type Measure = (typeof MEASURES)[number]["id"];
export type MeasureUnit = "micros" | "count" | "ppm";

/** How many numbers become one. `share` is the part, in ppm, that lies within bounds. */
export const STATISTICS = ["median", "mean", "p5", "p90", "p95", "p99", "min", "max", "count", "share"] as const;

export type Statistic = (typeof STATISTICS)[number];

/** The unit in which a statistic of a measure is given. */
export function unitOf(statistic: Statistic, measure: string): MeasureUnit {
  if (statistic === "share") return "ppm";
  if (statistic === "count") return "count";
  return MEASURES.find((known) => known.id === measure)?.unit ?? "count";
}

/** What the statistic is compared with: a number in the measure's unit (ppm for share), or the same of a variant. */
export type StudyOperand =
  | { readonly kind: "number"; readonly value: number }
  /** `factorPpm` times the statistic of the other variant; 1,000,000 is once. */
  | { readonly kind: "variant"; readonly variant: string; readonly factorPpm: number };

export interface StudyExpectation {
  readonly statistic: Statistic;
  readonly measure: Measure;
  /** The variant that is meant; null: every variant, each by itself. */
  readonly variant: string | null;
  /** For `share`: the bounds, both included, in the measure's unit; null side: open. */
  readonly fromValue: number | null;
  readonly untilValue: number | null;
  readonly compare: Compare;
  readonly operand: StudyOperand;
}

export interface Study {
  /** First and last seed, both included, canonical decimal. */
  readonly firstSeed: string;
  readonly lastSeed: string;
  readonly expectations: readonly StudyExpectation[];
}
