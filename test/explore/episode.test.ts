/** Episodes: what `targeted` tells besides the storms of the swarm. */

import { describe, expect, test } from "vitest";
import { withEpisodes } from "../../src/explore/episode.ts";
import { huntingGround } from "../../src/explore/ground.ts";
import { beginSearch, type Lesson, learn, nearness, nextGeneration } from "../../src/explore/search.ts";
import { swarmOf } from "../../src/explore/swarm.ts";
import { executeScenario, unsupported } from "../../src/run/execute.ts";
import { formatScenario } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { probe } from "../../src/sweep/probe-task.ts";

const ground = huntingGround([]);
const SEEDS = Array.from({ length: 60 }, (_, n) => String(n + 1));

describe("episodes", () => {
  test("are told in most worlds, the same ones each time, and are over by half of the run", () => {
    let told = 0;
    for (const seed of SEEDS) {
      const plain = swarmOf(ground, seed);
      const run = withEpisodes(plain, seed);
      expect(withEpisodes(plain, seed)).toEqual(run);
      if (run === plain) continue;
      told++;
      const { scenario } = run;
      expect(unsupported(scenario)).toEqual([]);
      expect(parseScenario(formatScenario(scenario)).problems).toEqual([]);
      expect(new Set(scenario.faults.map(({ id }) => id)).size).toBe(scenario.faults.length);
      for (const { id, trigger } of scenario.faults)
        if (/^e\d/.test(id) && trigger.kind === "time")
          expect(trigger.atMicros).toBeLessThanOrEqual(scenario.durationMicros / 2);
    }
    expect(told).toBeGreaterThan(SEEDS.length / 2);
  });

  test("belong to targeted alone: guided begins with the worlds of the swarm", () => {
    const plain = nextGeneration(beginSearch("guided", ground, "1"), 16);
    expect(plain.map(({ scenario }) => scenario)).toEqual(plain.map(({ seed }) => swarmOf(ground, seed).scenario));
    const told = nextGeneration(beginSearch("targeted", ground, "1"), 16);
    expect(told.map(({ scenario }) => scenario)).toEqual(
      told.map(({ seed }) => withEpisodes(swarmOf(ground, seed), seed).scenario),
    );
    expect(told.map(({ scenario }) => scenario)).not.toEqual(plain.map(({ scenario }) => scenario));
  });
});

describe("an election while somebody is behind with its membership", () => {
  const SEED = "150";
  const world = (bug: boolean) =>
    withEpisodes(swarmOf(huntingGround(bug ? ["campaign-with-unapplied-config"] : []), SEED), SEED).scenario;

  test("is worth more, and kept", () => {
    const reply = probe({ scenario: world(true), seed: SEED });
    expect(reply.behind).toBeGreaterThan(0);
    expect(nearness(reply.result, reply.behind)).toBeGreaterThan(nearness(reply.result, 0));
    const search = beginSearch("targeted", ground, SEED);
    const lesson: Lesson = { landmarks: [], behind: reply.behind, result: { ...reply.result, coverage: {} } };
    learn(search, [{ scenario: world(true), seed: SEED, drawn: [] }], [lesson]);
    expect(search.kept).toHaveLength(1);
  });

  test("breaks a promise where nothing keeps it from standing, and none where something does", () => {
    expect(executeScenario(world(true), SEED).violation?.property).toBe("election-safety");
    expect(executeScenario(world(false), SEED).violation).toBeNull();
  });
});
