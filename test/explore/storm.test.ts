/** What tempo makes of the cuts of a storm. */

import { expect, it } from "vitest";
import { drawStorm } from "../../src/explore/storm.ts";
import type { Tempo } from "../../src/explore/storm-state.ts";
import { RandomChoices } from "../../src/kernel/choose.ts";

/** How many members stand beside a leader that is cut off, for each cut of a hundred storms. */
function beside(tempo: Tempo, ids: readonly number[]): Set<number> {
  const others = new Set<number>();
  for (let seed = 1; seed <= 100; seed++) {
    const plan = {
      ids,
      fromMicros: 0,
      untilMicros: 30_000_000,
      electionMicros: 1_000_000,
      kinds: ["cut-leader"] as const,
      tempo,
      driftPpmMax: 0,
      reconfigures: false,
      clients: 1,
      watchers: [],
      nextId: ids.length + 1,
    };
    for (const { action } of drawStorm(plan, new RandomChoices(`storm/${seed}`).open("fault", 0))) {
      if (action.kind !== "partition" || action.shape.kind !== "groups") continue;
      const side = action.shape.groups[0];
      others.add(side?.kind === "leader-plus" ? side.others : 0);
    }
  }
  return others;
}

it("a leader that is cut off keeps its majority now and then, and never where cuts are long", () => {
  expect([...beside("any", [1, 2, 3])].sort()).toEqual([0, 1]);
  expect([...beside("long", [1, 2, 3])].sort()).toEqual([0]);
  expect([...beside("any", [1, 2, 3, 4, 5])].sort()).toEqual([0, 1, 2]);
  expect([...beside("long", [1, 2, 3, 4, 5])].sort()).toEqual([0, 1]);
});
