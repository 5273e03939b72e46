import { types } from "node:util";
import { applyPatches, enableMapSet, enablePatches } from "immer";
import { expect } from "vitest";
import { digestText } from "../../src/kernel/digest.ts";
import { resumeRun, type ScenarioRun, startRun } from "../../src/run/execute.ts";
import { Recorder, type RecorderOptions } from "../../src/run/recorder.ts";
import { hashWorld } from "../../src/world/hash-world.ts";
import type { World } from "../../src/world/world.ts";
import { fc, test } from "../properties.ts";
import { storyOf } from "./stories.ts";

enablePatches();
enableMapSet();

/** Events stepped together in each property, and how many go before them in fast mode. */
const CLOSE = 400;
const BEFORE_MAX = 12_000;

const place = fc.record({
  story: fc.nat(5_000),
  seed: fc.nat(1_000).map(String),
  before: fc.integer({ min: 0, max: BEFORE_MAX }),
});

interface Place {
  story: number;
  seed: string;
  before: number;
}

/** Two runs at the same place: one in fast mode, one recorded. */
function pair({ story, seed, before }: Place, options: RecorderOptions): [ScenarioRun, ScenarioRun, Recorder] {
  const fast = startRun(storyOf(story), seed);
  if (before > 0) fast.advance(before);
  const recorder = new Recorder(options);
  return [fast, resumeRun(fast.save(), { recorder }), recorder];
}

function digestOf({ run }: ScenarioRun): string {
  return digestText(run.context.digest);
}

/** Where a draft is hidden in `value`, instances of classes included; empty where there is none. */
function draftIn(value: unknown, path: string, seen: Set<unknown>): string {
  if (typeof value !== "object" || value === null || seen.has(value)) return "";
  if (types.isProxy(value)) return path;
  seen.add(value);
  if (value instanceof Map) {
    if ((value as unknown as Record<symbol, unknown>)[Symbol.for("immer-state")] !== undefined) return path;
    for (const [key, item] of value) {
      const found = draftIn(item, `${path}/${String(key)}`, seen);
      if (found !== "") return found;
    }
    return "";
  }
  for (const key of Object.keys(value)) {
    const found = draftIn((value as Record<string, unknown>)[key], `${path}/${key}`, seen);
    if (found !== "") return found;
  }
  return "";
}

for (const draftsOnly of [false, true]) {
  test.prop([place], { numRuns: draftsOnly ? 4 : 12 })(
    `a run recorded ${draftsOnly ? "on drafts only" : "with owners checked out"} has the digest of fast mode after every step, the same worlds and the same result`,
    (at) => {
      const [fast, recorded] = pair(at, { freeze: true, draftsOnly });
      for (let i = 0; i < CLOSE; i++) {
        const over = fast.advance(1);
        expect(recorded.advance(1)).toBe(over);
        expect(digestOf(recorded)).toBe(digestOf(fast));
        if (i % 50 === 0) expect(hashWorld(recorded.run.world)).toBe(hashWorld(fast.run.world));
        if (over) break;
      }
      expect(hashWorld(recorded.run.world)).toBe(hashWorld(fast.run.world));
      expect(recorded.result(true)).toEqual(fast.result(true));
    },
    180_000,
  );
}

test.prop([place], { numRuns: 8 })(
  "the patches of a step lead from the world before it to the world after it and back, and every world stays as it was",
  (at) => {
    const [, recorded, recorder] = pair(at, { freeze: true });
    const kept: [World, number][] = [];
    for (let i = 0; i < CLOSE / 10; i++) {
      const before = recorded.run.world;
      const hashBefore = hashWorld(before);
      const over = recorded.advance(1);
      const after = recorded.run.world;
      const { patches, inverse } = recorder.changes;
      kept.push([before, hashBefore]);
      if (after.steps !== before.steps) {
        expect(hashWorld(applyPatches(before, patches as never))).toBe(hashWorld(after));
        expect(hashWorld(applyPatches(after, inverse as never))).toBe(hashBefore);
      }
      if (over) break;
    }
    for (const [world, hash] of kept) expect(hashWorld(world)).toBe(hash);
  },
  180_000,
);

test.prop([place], { numRuns: 8 })(
  "no draft outlives its step: not in the world, nor in what is under way, nor in what the checkers remember",
  (at) => {
    const [, recorded] = pair(at, { freeze: false });
    for (let slice = 0; slice < 3; slice++) {
      const over = recorded.advance(CLOSE / 3);
      const { run, checker, plain, collector } = recorded;
      const seen = new Set<unknown>();
      expect(draftIn(run.world, "world", seen)).toBe("");
      expect(draftIn(run.context.queue.save(), "queue", seen)).toBe("");
      expect(draftIn(checker?.ghost ?? null, "ghost", seen)).toBe("");
      expect(draftIn(plain, "plain", seen)).toBe("");
      expect(draftIn(collector, "collector", seen)).toBe("");
      if (over) break;
    }
  },
  180_000,
);
