// Driving one run: in slices, so that signals arrive and progress is drawn, to its end or to where it is stopped. Our own
// errors end here as a result of their own, with the step and the seed, never as a stack.

import type { ReportedRun } from "../report/reported-run.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import { tokenOf } from "../run/token.ts";
import type { Predicate } from "../scenario/predicate.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Interrupts } from "./interrupts.ts";

/** How long a slice should take. Long enough to cost nothing, short enough for Ctrl-C to feel immediate. */
const SLICE_MICROS = 25_000;
const SLICE_EVENTS_MIN = 256;
const SLICE_EVENTS_MAX = 1 << 18;

/** What a run says of itself between slices. */
export type OnSlice = (progress: ScenarioRun["progress"]) => void;

/** A run that was driven. */
export interface Driven {
  readonly result: RunResult;
  /** With random faults expanded. */
  readonly scenario: Scenario;
  readonly wallMicros: number;
}

/** How to drive a run. */
export interface DriveOptions {
  readonly interrupts: Interrupts;
  readonly onSlice?: OnSlice;
  /** Stops after this many events, as an interrupted run did that is made again; otherwise it goes on to its end. */
  readonly stopAfterEvents?: number;
  /** Measures what only a study asks for. */
  readonly gauge?: boolean;
  /** Stops right after the first event that makes it true. */
  readonly until?: Predicate;
}

/** Runs the scenario with the seed. */
export async function drive(scenario: Scenario, seed: string, options: DriveOptions): Promise<Driven> {
  const began = process.hrtime.bigint();
  const spent = (): number => Number((process.hrtime.bigint() - began) / 1000n);
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed, {
      gauge: options.gauge === true,
      ...(options.until === undefined ? {} : { until: options.until }),
    });
    const stopped = await advance(run, options);
    return { result: run.result(stopped), scenario: run.scenario, wallMicros: spent() };
  } catch (error) {
    if (process.env.LOCKSTEP_DEBUG === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    const result = brokenResult(scenario, seed, run, error);
    return { result, scenario: run?.scenario ?? scenario, wallMicros: spent() };
  }
}

/** True when it was stopped before its end. */
async function advance(run: ScenarioRun, options: DriveOptions): Promise<boolean> {
  const stopAt = options.stopAfterEvents ?? Number.POSITIVE_INFINITY;
  let events = SLICE_EVENTS_MIN;
  for (;;) {
    const before = process.hrtime.bigint();
    if (run.advance(Math.min(events, stopAt - run.progress.steps))) return false;
    if (run.progress.steps >= stopAt) return true;
    const micros = Number((process.hrtime.bigint() - before) / 1000n);
    if (micros < SLICE_MICROS / 2) events = Math.min(SLICE_EVENTS_MAX, events * 2);
    else if (micros > SLICE_MICROS * 2) events = Math.max(SLICE_EVENTS_MIN, events >> 1);
    options.onSlice?.(run.progress);
    await new Promise((resolve) => setImmediate(resolve));
    if (options.interrupts.signal !== null) return true;
  }
}

/** Runs with more events are not made again for their story when they are shown; `lockstep explain` does it when asked. */
const STORY_EVENTS_MAX = 2_000_000;

/** What is told of a run beyond its result. */
export interface Telling {
  /** The run is shown in full. */
  readonly inFull: boolean;
  /** Its token is, however long it is. */
  readonly tokenInFull: boolean;
}

/** What a report says of a run that failed beyond its result: its token, and where it is shown in full its story. */
export async function toldOf(
  driven: Driven,
  { inFull, tokenInFull }: Telling,
): Promise<Pick<ReportedRun, "story" | "token" | "tokenInFull">> {
  const { result, scenario } = driven;
  if (result.verdict === "error" || (result.verdict === "held" && result.violation === null)) return {};
  const told = { token: tokenOf(scenario, result), tokenInFull };
  if (!inFull || result.violation === null || result.events > STORY_EVENTS_MAX) return told;
  const { tellRun } = await import("../report/story.ts");
  return { ...told, story: tellRun(scenario, result) };
}
