/**
 * The judge of a study: many numbers a measure, one verdict an expectation.
 *
 * Percentiles are nearest-rank: the smallest number that at least p in 100 of the numbers do not exceed; the median is
 * the 50th. All whole numbers.
 */

import { printSeen, printStudyExpectation } from "./print-expectation.ts";
import { holds } from "./quantity.ts";
import type { Measure, Statistic, Study, StudyExpectation } from "./study.ts";
import { unitOf } from "./study.ts";

/** All numbers that the runs of one variant gave for one measure. */
export interface MeasuredNumbers {
  /** Null for a study without variants. */
  readonly variant: string | null;
  readonly measure: Measure;
  readonly numbers: readonly number[];
}

export interface StudyResult {
  readonly held: boolean;
  readonly expected: string;
  readonly seen: string;
  /** The statistic itself, null where there was nothing to compute it from. */
  readonly figure: number | null;
  readonly variant: string | null;
}

/** The statistic of the numbers, a whole number; null of none. `share` counts those within the bounds, in ppm. */
export function statisticOf(
  statistic: Statistic,
  numbers: readonly number[],
  fromValue: number | null = null,
  untilValue: number | null = null,
): number | null {
  if (statistic === "count") return numbers.length;
  if (numbers.length === 0) return null;
  if (statistic === "share") {
    let within = 0;
    for (const number of numbers)
      if ((fromValue === null || number >= fromValue) && (untilValue === null || number <= untilValue)) within += 1;
    return Math.floor((within * 1_000_000) / numbers.length);
  }
  if (statistic === "mean") {
    let sum = 0;
    for (const number of numbers) sum += number;
    return Math.floor(sum / numbers.length);
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  switch (statistic) {
    case "min":
      return sorted[0]!;
    case "max":
      return sorted[sorted.length - 1]!;
    case "median":
      return rank(sorted, 50);
    case "p5":
      return rank(sorted, 5);
    case "p90":
      return rank(sorted, 90);
    case "p95":
      return rank(sorted, 95);
    case "p99":
      return rank(sorted, 99);
  }
}

function rank(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)]!;
}

/** One result an expectation and variant that it is about, in the order of the file. */
export function judgeStudy(study: Study, measured: readonly MeasuredNumbers[]): StudyResult[] {
  const variants: (string | null)[] = [];
  for (const one of measured) if (!variants.includes(one.variant)) variants.push(one.variant);
  const results: StudyResult[] = [];
  for (const expectation of study.expectations) {
    let about = expectation.variant === null ? variants : [expectation.variant];
    const operand = expectation.operand;
    if (operand.kind === "variant") about = about.filter((variant) => variant !== operand.variant);
    if (about.length === 0) about = [expectation.variant];
    for (const variant of about) results.push(judgeOne(expectation, variant, measured));
  }
  return results;
}

function numbersOf(measured: readonly MeasuredNumbers[], variant: string | null, measure: Measure): readonly number[] {
  return measured.find((one) => one.variant === variant && one.measure === measure)?.numbers ?? [];
}

function judgeOne(
  expectation: StudyExpectation,
  variant: string | null,
  measured: readonly MeasuredNumbers[],
): StudyResult {
  const { statistic, measure, fromValue, untilValue, operand } = expectation;
  const unit = unitOf(statistic, measure);
  const numbers = numbersOf(measured, variant, measure);
  const expected = printStudyExpectation({ ...expectation, variant });
  const figure = statisticOf(statistic, numbers, fromValue, untilValue);
  if (figure === null) return { held: false, expected, seen: `no run gave a ${measure}`, figure, variant };
  const seen = `${printSeen(figure, unit)} of ${printSeen(numbers.length, "count")} ${numbers.length === 1 ? "number" : "numbers"}`;
  if (operand.kind === "number")
    return { held: holds(figure, expectation.compare, operand.value), expected, seen, figure, variant };
  const other = statisticOf(statistic, numbersOf(measured, operand.variant, measure), fromValue, untilValue);
  if (other === null)
    return { held: false, expected, seen: `no run of ${operand.variant} gave a ${measure}`, figure, variant };
  const held = holds(figure * 1_000_000, expectation.compare, other * operand.factorPpm);
  return { held, expected, seen: `${seen}, ${operand.variant} ${printSeen(other, unit)}`, figure, variant };
}
