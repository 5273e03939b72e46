// One run of a search, with the landmarks that it passed.

import { watchBehind } from "../explore/behind.ts";
import { watchLandmarks } from "../explore/landmarks.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";

export interface ProbeTask {
  readonly scenario: Scenario;
  readonly seed: string;
}

export interface ProbeReply {
  readonly result: RunResult;
  readonly landmarks: readonly number[];
  /** Changes of membership by which some member was behind while one stood for election. */
  readonly behind: number;
  readonly wallMicros: number;
}

/** Makes the run. */
export function probe({ scenario, seed }: ProbeTask): ProbeReply {
  const began = process.hrtime.bigint();
  const spent = (): number => Number((process.hrtime.bigint() - began) / 1000n);
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    const landmarks = watchLandmarks(run);
    const behind = watchBehind(run);
    while (!run.advance(1 << 20)) {
      // Goes on until it is over.
    }
    return { result: run.result(), landmarks: [...landmarks], behind: behind.changes, wallMicros: spent() };
  } catch (error) {
    return { result: brokenResult(scenario, seed, run, error), landmarks: [], behind: 0, wallMicros: spent() };
  }
}

/** A run of which nothing is known but what ended the thread that made it. */
export function lostProbe({ scenario, seed }: ProbeTask, error: unknown): ProbeReply {
  return { result: brokenResult(scenario, seed, null, error), landmarks: [], behind: 0, wallMicros: 0 };
}
