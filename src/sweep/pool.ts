// The hands of a sweep: worker threads, or this process where one is enough. Threads are kept for the whole sweep, so that each
// compiles the simulator once and runs many seeds.

import { Tinypool } from "tinypool";
import { type ProbeReply, type ProbeTask, probe } from "./probe-task.ts";
import { evaluate, type ShrinkTask, type ShrinkTrial } from "./shrink-task.ts";
import { runTask, type SweepTask, type Swept } from "./task.ts";

/** Hands. */
export interface Pool {
  readonly jobs: number;
  sweep(task: SweepTask): Promise<Swept[]>;
  attempt(task: ShrinkTask): Promise<ShrinkTrial>;
  probe(task: ProbeTask): Promise<ProbeReply>;
  /** Takes the threads down, whatever they are at. */
  close(): Promise<void>;
}

/** `jobs` hands. With one, everything is done in this process, which looks at `stopped` in between. */
export function openPool(jobs: number, stopped: () => boolean): Pool {
  if (jobs <= 1) {
    return {
      jobs: 1,
      sweep: (task) => runTask(task, stopped),
      attempt: (task) => evaluate(task, stopped),
      probe: async (task) => {
        await new Promise((resolve) => setImmediate(resolve));
        return probe(task);
      },
      close: async () => {},
    };
  }
  const threads = new Tinypool({
    filename: new URL("../sweep/worker.js", import.meta.url).href,
    runtime: "worker_threads",
    isolateWorkers: false,
    minThreads: jobs,
    maxThreads: jobs,
    idleTimeout: 60_000,
  });
  return {
    jobs,
    sweep: (task) => threads.run(task) as Promise<Swept[]>,
    attempt: (task) => threads.run(task, { name: "tryCandidate" }) as Promise<ShrinkTrial>,
    probe: (task) => threads.run(task, { name: "makeProbe" }) as Promise<ProbeReply>,
    close: () => threads.destroy(),
  };
}
