// One hand of `bench sweep`: whole runs of W, one after the other.

import { digestText } from "../kernel/digest.ts";
import { startW } from "./run-w.ts";
import type { WorkW } from "./work-w.ts";

/** Runs of W with the seeds `from` .. `from + count - 1`. */
export interface HandTask {
  readonly work: Omit<WorkW, "seed">;
  readonly from: number;
  readonly count: number;
}

/** What each run came to, in the order of the seeds. */
export interface HandReply {
  readonly events: number;
  readonly violations: number;
  readonly digests: readonly string[];
}

const SLICE = 200_000;

/** Makes the runs. */
export default function makeRuns({ work, from, count }: HandTask): HandReply {
  let events = 0;
  let violations = 0;
  const digests: string[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const { run, checker } = startW({ ...work, seed: String(seed) }, true);
    run.begin();
    while (!run.advance(SLICE)) {
      // Goes on until the end of virtual time.
    }
    events += run.world.steps;
    violations += checker?.violations.length ?? 0;
    digests.push(digestText(run.context.digest));
  }
  return { events, violations, digests };
}
