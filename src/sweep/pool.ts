// The hands of a sweep: worker threads, also where one is enough, as only a thread's heap can be laid out for it. They are kept
// for the whole sweep, so that each compiles the simulator once and runs many seeds.

import { Tinypool } from "tinypool";
import { lostProbe, type ProbeReply, type ProbeTask } from "./probe-task.ts";
import type { ShrinkTask, ShrinkTrial } from "./shrink-task.ts";
import { lostTask, type SweepTask, type Swept } from "./task.ts";

/** Hands. A thread that is lost to a run, for want of memory, loses that run alone: it is broken, and a trial of a shrinker has failed. */
export interface Pool {
  readonly jobs: number;
  sweep(task: SweepTask): Promise<Swept>;
  attempt(task: ShrinkTask): Promise<ShrinkTrial>;
  probe(task: ProbeTask): Promise<ProbeReply>;
  /** Takes the threads down, whatever they are at. */
  close(): Promise<void>;
}

/**
 * The young generation of a thread, in megabytes: twice what V8 gives. Most of what a run makes has died by the time that this is
 * full and need not be copied, which takes a tenth of the time off a sweep (`bench sweep`).
 */
const YOUNG_MEGABYTES = 96;

/** `jobs` threads, each of which runs what the file exports. */
export function openThreads(jobs: number, file: URL): Tinypool {
  return new Tinypool({
    filename: file.href,
    runtime: "worker_threads",
    isolateWorkers: false,
    minThreads: jobs,
    maxThreads: jobs,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
}

/** `jobs` hands. */
export function openPool(jobs: number): Pool {
  const threads = openThreads(jobs, new URL("../sweep/worker.js", import.meta.url));
  return {
    jobs,
    sweep: (task) => threads.run(task).catch((error: unknown) => lostTask(task, error)),
    attempt: (task) => threads.run(task, { name: "tryCandidate" }).catch(() => ({ result: null, runs: 1, events: 0 })),
    probe: (task) => threads.run(task, { name: "makeProbe" }).catch((error: unknown) => lostProbe(task, error)),
    close: () => threads.destroy(),
  };
}
