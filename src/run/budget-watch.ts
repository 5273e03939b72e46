// Whether a run stays within what its cluster is meant to survive: so many voters down or cut off at once, and a copy of
// everything on the volumes of a quorum. A run beyond it is judged all the same; it says so, because losing then is no
// surprise.

import { isOpen, running, votersOf } from "../checker/fairness.ts";
import type { World } from "../world/world.ts";
import type { BeyondReport } from "./result.ts";

/** What is remembered of a run. Plain data. */
export interface Budget {
  /** Null: as many as the voters of the moment tolerate. */
  readonly membersDown: number | null;
  /** The last of those about members may still be open. */
  readonly beyond: BeyondReport[];
  open: boolean;
  volumesTold: boolean;
}

/** Nothing has been away so far. */
export function createBudget(membersDown: number | null): Budget {
  return { membersDown, beyond: [], open: false, volumesTold: false };
}

/**
 * Looks when faults begin or end and when members come or go. `disksLost`: volumes that are gone or were replaced by older
 * ones; more than a minority of them is beyond any budget.
 */
export function watchBudget(budget: Budget, world: World, disksLost: readonly number[]): void {
  const { beyond } = budget;
  const voters = votersOf(world);
  const most = (voters.length - 1) >> 1;
  if (disksLost.length > most && !budget.volumesTold && voters.length > 0) {
    budget.volumesTold = true;
    const members = [...disksLost].sort((a, b) => a - b);
    const at = budget.open ? beyond.length - 1 : beyond.length;
    beyond.splice(at, 0, { what: "volumes", members, tolerated: most, fromMicros: world.atMicros, untilMicros: null });
  }
  const tolerated = budget.membersDown ?? most;
  const away = voters.filter((id) => isAway(world, id, voters));
  const last = budget.open ? (beyond[beyond.length - 1] as BeyondReport) : null;
  if (away.length > tolerated) {
    budget.open = true;
    if (last === null)
      beyond.push({ what: "members", members: away, tolerated, fromMicros: world.atMicros, untilMicros: null });
    else {
      const members = [...new Set([...last.members, ...away])].sort((a, b) => a - b);
      if (members.length > last.members.length) beyond[beyond.length - 1] = { ...last, members };
    }
  } else if (last !== null) {
    budget.open = false;
    beyond.pop();
    // What fired and was undone in the same moment was no stretch of time.
    if (last.fromMicros < world.atMicros) beyond.push({ ...last, untilMicros: world.atMicros });
  }
}

/** It does not run, or its links let it meet no majority however many are up. */
function isAway(world: World, id: number, voters: readonly number[]): boolean {
  if (!running(world).some((process) => process.id === id)) return world.processes[id]?.removed !== true;
  const met = voters.filter((other) => other === id || (isOpen(world, id, other) && isOpen(world, other, id)));
  return met.length <= voters.length >> 1;
}
