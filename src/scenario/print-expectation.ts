/** An expectation in one line, in the words of the file. */

import { formatMicros } from "../kernel/time.ts";
import type { Expectation, ShareBound, Window } from "./expectation.ts";
import { AT_END } from "./expectation.ts";
import { printPredicate } from "./print-predicate.ts";
import { printPpm } from "./quantity.ts";
import type { StudyExpectation } from "./study.ts";
import { MEASURES, unitOf } from "./study.ts";

function during(window: Window | null): string {
  return window === null ? "" : ` from ${formatMicros(window.fromMicros)} to ${formatMicros(window.untilMicros)}`;
}

function bound(what: string, share: ShareBound | null): string[] {
  if (share === null) return [];
  return [`${what} ${share.compare === "=" ? "" : `${share.compare} `}${printPpm(share.ppm)}`];
}

/** What is expected: `never commits(cut.0) from 3s to 7s`. */
export function printExpectation(expectation: Expectation): string {
  switch (expectation.kind) {
    case "always-property":
      return `always ${expectation.alias ?? expectation.properties.join(", ")}`;
    case "always":
    case "sometimes":
    case "never":
      return `${expectation.kind} ${printPredicate(expectation.predicate)}${during(expectation.during)}`;
    case "eventually": {
      const after = expectation.afterMicros === 0 ? "" : ` after ${formatMicros(expectation.afterMicros)}`;
      const within = expectation.withinMicros === null ? "" : ` within ${formatMicros(expectation.withinMicros)}`;
      return `eventually ${printPredicate(expectation.predicate)}${after}${within}`;
    }
    case "at": {
      const when = expectation.atMicros === AT_END ? "at the end" : `at ${formatMicros(expectation.atMicros)}`;
      return `${when} ${printPredicate(expectation.predicate)}`;
    }
    case "violates":
      return `violates ${expectation.property}`;
    case "linearizable":
      return expectation.sinceMicros === 0
        ? "linearizable"
        : `linearizable since ${formatMicros(expectation.sinceMicros)}`;
    case "availability":
      return `availability${expectation.workload === null ? "" : ` of ${expectation.workload}`}${during(expectation.during)}: ${[
        ...bound("writes", expectation.writes),
        ...bound("reads", expectation.reads),
        ...bound("all", expectation.all),
      ].join(", ")}`;
    case "data-loss":
      if (expectation.allow.length === 0) return "no data loss";
      return `data loss only${expectation.allow.map(during).join(" and")}`;
    case "scope":
      if (expectation.fromMicros === null) return `${expectation.property} is not judged`;
      return `${expectation.property} is judged from ${formatMicros(expectation.fromMicros)}`;
  }
}

/** A number of a measure as people read it: `1.2s`, `95%`, `3`. */
export function printMeasured(value: number, unit: "micros" | "count" | "ppm"): string {
  return unit === "micros" ? formatMicros(value) : unit === "ppm" ? printPpm(value) : String(value);
}

/** A number that was measured, to four digits that count and with separators: `1.234s`, `12,345`. */
export function printSeen(value: number, unit: "micros" | "count" | "ppm"): string {
  if (unit === "ppm") return printPpm(value);
  if (unit === "count") return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
  let cut = 1;
  while (Math.abs(value) >= 10_000 * cut) cut *= 10;
  return formatMicros(value - (value % cut));
}

/** What is expected of the whole: `share of failover between 1s and 3s >= 95%`. */
export function printStudyExpectation(expectation: StudyExpectation): string {
  const unit = unitOf(expectation.statistic, expectation.measure);
  const inner = MEASURES.find((known) => known.id === expectation.measure)?.unit ?? "count";
  const operand = expectation.operand;
  const right =
    operand.kind === "number"
      ? printMeasured(operand.value, unit)
      : operand.factorPpm === 1_000_000
        ? operand.variant
        : `${String(operand.factorPpm / 1_000_000)}x ${operand.variant}`;
  const between =
    expectation.fromValue === null || expectation.untilValue === null
      ? ""
      : ` between ${printMeasured(expectation.fromValue, inner)} and ${printMeasured(expectation.untilValue, inner)}`;
  const of = expectation.variant === null ? "" : ` in ${expectation.variant}`;
  return `${expectation.statistic} of ${expectation.measure}${of}${between} ${expectation.compare} ${right}`;
}
