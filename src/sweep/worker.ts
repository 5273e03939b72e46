// What runs in a worker thread: tasks, one after the other, until the pool is taken down. Each export is an entry of the pool.

import { type ProbeReply, type ProbeTask, probe } from "./probe-task.ts";
import { evaluate, type ShrinkTask, type ShrinkTrial } from "./shrink-task.ts";
import { runTask, type SweepTask, type Swept } from "./task.ts";

/** Makes one run of a sweep. */
export default function sweep(task: SweepTask): Swept {
  return runTask(task);
}

/** Looks for a seed with which a smaller scenario still fails. */
export function tryCandidate(task: ShrinkTask): ShrinkTrial {
  return evaluate(task);
}

/** Makes one run of a search. */
export function makeProbe(task: ProbeTask): ProbeReply {
  return probe(task);
}
