// Settings of V8 for every command that runs simulations, and for `bench`: what is measured is what everybody gets. They are
// set while the program runs, before the first simulation, so that nothing has to be started twice.

import { setFlagsFromString } from "node:v8";

/**
 * The heap grows by a third of what is alive at most before the collector looks again, not fourfold: a run that compacts its
 * logs keeps its size.
 */
export const V8_SETTINGS: readonly string[] = ["--heap-growing-percent=30"];

/**
 * For a process that records a long run, and for `bench recorded`: a step's copies die young where the young generation has room
 * for many steps. V8 takes these only when a process starts, so whoever records gives them to `node`.
 */
export const RECORDING_SETTINGS: readonly string[] = ["--min-semi-space-size=32", "--max-semi-space-size=64"];

/** Puts them in force for this process and its workers. */
export function useV8Settings(): void {
  for (const setting of V8_SETTINGS) setFlagsFromString(setting);
}
