// The numbers of a study, gathered run by run, and their judgement on the whole.

import type { RunResult } from "../run/result.ts";
import { judgeStudy, type MeasuredNumbers, type StudyResult } from "../scenario/judge-study.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Measure, Study } from "../scenario/study.ts";
import { isGauged, measureRun } from "./measure.ts";

/** What has been measured so far. */
export interface StudyTally {
  readonly study: Study;
  /** Measures that some expectation is about, each once. */
  readonly measures: readonly Measure[];
  /** By variant, in the order of the file, and then in the order of `measures`. */
  readonly numbers: readonly { readonly variant: string | null; readonly lists: readonly number[][] }[];
}

/** A tally of a study's variants with nothing in it. */
export function createTally(study: Study, variants: readonly Scenario[]): StudyTally {
  const measures = [...new Set(study.expectations.map((expectation) => expectation.measure))];
  const numbers = variants.map(({ variant }) => ({ variant, lists: measures.map((): number[] => []) }));
  return { study, measures, numbers };
}

/** Whether runs must be gauged for it. */
export function needsGauge(tally: StudyTally): boolean {
  return tally.measures.some(isGauged);
}

/** Takes in what a run came to. One that was interrupted counts for nothing. */
export function tallyRun(tally: StudyTally, result: RunResult): void {
  if (result.interrupted) return;
  const own = tally.numbers.find(({ variant }) => variant === result.variant);
  for (const [at, measure] of tally.measures.entries()) {
    for (const number of measureRun(result, measure)) own?.lists[at]?.push(number);
  }
}

/** One result an expectation and variant, in the order of the file. */
export function judgeTally(tally: StudyTally): StudyResult[] {
  return judgeStudy(tally.study, measuredNumbers(tally));
}

/** All numbers, as the judge takes them. */
export function measuredNumbers({ measures, numbers }: StudyTally): MeasuredNumbers[] {
  return numbers.flatMap(({ variant, lists }) =>
    measures.map((measure, at) => ({ variant, measure, numbers: lists[at] as number[] })),
  );
}
