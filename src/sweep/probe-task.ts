// One run of a search, with the landmarks that it passed.

import { watchBehind } from "../explore/behind.ts";
import { watchLandmarks } from "../explore/landmarks.ts";
import type { Failing } from "../explore/shrink.ts";
import { brokenResult } from "../run/broken-result.ts";
import { type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type Counting, countedIn, lostResult } from "./task.ts";

export interface ProbeTask extends Counting {
  readonly scenario: Scenario;
  readonly seed: string;
}

export interface ProbeReply {
  readonly result: RunResult;
  readonly landmarks: readonly number[];
  /** Changes of membership by which some member was behind while one stood for election. */
  readonly behind: number;
  readonly wallMicros: number;
  /** Of a hunt: the run again, up to where a property fires that counts; null where none does. */
  readonly counted: Failing | null;
}

/** Makes the run. */
export function probe({ scenario, seed, counts = [] }: ProbeTask): ProbeReply {
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
    const result = run.result();
    const wallMicros = spent();
    const counted = countedIn(counts, scenario, result);
    return { result, landmarks: [...landmarks], behind: behind.changes, wallMicros, counted };
  } catch (error) {
    return broken(brokenResult(scenario, seed, run, error), spent());
  }
}

/** A run of which nothing is known but what ended the thread that made it. */
export function lostProbe({ scenario, seed }: ProbeTask, error: unknown): ProbeReply {
  return broken(lostResult(scenario, seed, error), 0);
}

function broken(result: RunResult, wallMicros: number): ProbeReply {
  return { result, landmarks: [], behind: 0, wallMicros, counted: null };
}
