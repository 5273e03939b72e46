/** Which property a find of a hunt is told by. */

import { expect, it } from "vitest";
import { huntingGround } from "../../src/explore/ground.ts";
import { swarmOf } from "../../src/explore/swarm.ts";
import { countedIn, runWhole } from "../../src/sweep/task.ts";

it("a run is told by what fired first where that counts, else by what counts and fires later", () => {
  const ground = huntingGround(["ack-before-fsync"]);
  for (let seed = 1; seed <= 50; seed++) {
    const { scenario } = swarmOf(ground, String(seed));
    const result = runWhole(scenario, String(seed));
    if (result.violation?.property !== "commit-support") continue;
    const later = countedIn(["durability"], scenario, result);
    if (later === null) continue;
    expect(later.result.violation?.property).toBe("durability");
    expect(later.result.events).toBeGreaterThan(result.events);
    const first = countedIn(["durability", "commit-support"], scenario, result);
    expect(first?.result.violation?.property).toBe("commit-support");
    expect(first?.result.events).toBe(result.events);
    return;
  }
  expect.unreachable("no seed shows one after the other");
});
