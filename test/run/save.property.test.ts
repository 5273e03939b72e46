import { expect } from "vitest";
import { executeScenario, resumeRun, startRun } from "../../src/run/execute.ts";
import type { SavedRun } from "../../src/run/saved-run.ts";
import { hashWorld } from "../../src/world/hash-world.ts";
import { fc, test } from "../properties.ts";
import { storyOf } from "./stories.ts";

const story = fc.record({
  story: fc.nat(5_000),
  seed: fc.nat(1_000).map(String),
  part: fc.integer({ min: 0, max: 999 }),
});

/** Saves a run after each 400 events on its way to its end. */
function savesOf(number: number, seed: string): SavedRun[] {
  const run = startRun(storyOf(number), seed);
  const saves: SavedRun[] = [run.save()];
  while (!run.advance(400)) saves.push(run.save());
  return saves;
}

test.prop([story], { numRuns: 6 })(
  "a run that was saved goes on to the same end, as often as one likes, and saving it changed nothing",
  ({ story: number, seed, part }) => {
    const whole = executeScenario(storyOf(number), seed);
    const saves = savesOf(number, seed);
    const saved = saves[Math.floor((part * saves.length) / 1000)] as SavedRun;
    const before = hashWorld(saved.image.world);
    for (let time = 0; time < 2; time++) {
      const again = resumeRun(saved);
      expect(hashWorld(again.run.world)).toBe(before);
      while (!again.advance(1 << 20)) {
        // Goes on until it is over.
      }
      expect(again.result()).toEqual(whole);
    }
    expect(hashWorld(saved.image.world)).toBe(before);
  },
  300_000,
);
