// The hash of a world: the same for worlds that will do the same from here on, whatever caches they carry.

import { hashPlain } from "../kernel/plain.ts";
import type { World } from "./world.ts";

/** Fields that hold what can be made again from the rest, or that never change during a run. */
const CACHES: ReadonlySet<string> = new Set(["digested", "made", "config", "options", "owner"]);

/** An int32 hash of everything a world remembers. O(size of the world): for searches and tests, not for each step. */
export function hashWorld(world: World): number {
  return hashPlain(world, CACHES);
}
