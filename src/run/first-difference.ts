// Where two runs part: their checkpoints narrow it to a thousand events, and stepping both through those names the event.

import { digestText } from "../kernel/digest.ts";
import { CHECKPOINT_EVENTS } from "../kernel/limits.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type ScenarioRun, startRun } from "./execute.ts";

/** One of two runs that are compared. */
export interface ComparedRun {
  readonly scenario: Scenario;
  /** Canonical decimal. */
  readonly seed: string;
  /** Events to run at most; Infinity: to its end. */
  readonly untilEvent: number;
}

/** What both runs came to. */
export interface Parting {
  /** Number of the first event in which they differ; null: they are the same to the end. */
  readonly firstEvent: number | null;
  readonly a: PartingSide;
  readonly b: PartingSide;
}

/** One side of it. */
export interface PartingSide {
  readonly digest: string;
  readonly events: number;
  readonly atMicros: number;
}

/** Compares two runs event by event, by their digests. */
export function firstDifference(a: ComparedRun, b: ComparedRun): Parting {
  const [wholeA, wholeB] = [finished(a), finished(b)];
  const ends = { a: sideOf(wholeA), b: sideOf(wholeB) };
  if (ends.a.digest === ends.b.digest && ends.a.events === ends.b.events) return { firstEvent: null, ...ends };
  const [pointsA, pointsB] = [wholeA.run.checkpoints, wholeB.run.checkpoints];
  let low = 0;
  let high = Math.min(pointsA.length, pointsB.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pointsA[middle] === pointsB[middle]) low = middle + 1;
    else high = middle;
  }
  const shared = low * CHECKPOINT_EVENTS;
  const [runA, runB] = [startRun(a.scenario, a.seed), startRun(b.scenario, b.seed)];
  goTo(runA, shared);
  goTo(runB, shared);
  const last = Math.min(ends.a.events, ends.b.events);
  for (let event = shared + 1; event <= last; event++) {
    goTo(runA, event);
    goTo(runB, event);
    if (digestOf(runA) !== digestOf(runB)) return { firstEvent: event, ...ends };
  }
  return { firstEvent: last + 1, ...ends };
}

function finished({ scenario, seed, untilEvent }: ComparedRun): ScenarioRun {
  const run = startRun(scenario, seed);
  goTo(run, untilEvent);
  return run;
}

function goTo(run: ScenarioRun, event: number): void {
  while (run.progress.steps < event) if (run.advance(Math.min(1 << 16, event - run.progress.steps))) return;
}

function digestOf(run: ScenarioRun): string {
  return digestText(run.run.context.digest);
}

function sideOf(run: ScenarioRun): PartingSide {
  return { digest: digestOf(run), events: run.progress.steps, atMicros: run.progress.atMicros };
}
