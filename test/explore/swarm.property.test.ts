/** The swarm draws worlds that can be run, written down and read again, and the same ones each time. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect } from "vitest";
import { CHARACTERS } from "../../src/explore/characters.ts";
import { huntingGround } from "../../src/explore/ground.ts";
import { probeOf } from "../../src/explore/strategy.ts";
import { swarmOf } from "../../src/explore/swarm.ts";
import { unsupported } from "../../src/run/execute.ts";
import { formatScenario } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { formatProblem } from "../../src/scenario/problem.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { fc, test } from "../properties.ts";

const ground = huntingGround([]);

/** What two forms of one scenario have in common: names of faults that nobody refers to are given by their place. */
function plain(scenario: Scenario): unknown {
  return JSON.parse(JSON.stringify({ ...scenario, faults: scenario.faults.map(({ id: _id, ...rest }) => rest) }));
}

describe("the swarm", () => {
  test.prop({ seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }, { numRuns: 200 })(
    "draws the same world for the same seed, and one that can be run",
    ({ seed }) => {
      const drawn = swarmOf(ground, seed.toString());
      expect(swarmOf(ground, seed.toString())).toEqual(drawn);
      expect(unsupported(drawn.scenario)).toEqual([]);
      expect(drawn.scenario.random).toBeNull();
      expect(drawn.drawn.length).toBeGreaterThan(0);
    },
  );

  test.prop({ seed: fc.integer({ min: 1, max: 100_000 }) }, { numRuns: 100 })(
    "draws worlds that a file can say, and that are read back from it",
    ({ seed }) => {
      const { scenario } = probeOf("pct", ground, String(seed));
      const text = formatScenario(scenario);
      const { scenario: read, problems } = parseScenario(text);
      expect(problems.map((problem) => formatProblem(problem, "drawn", text))).toEqual([]);
      expect(plain(read as Scenario)).toEqual(plain(scenario));
    },
  );

  test("leaves what a planted bug is to the scenario, and every draw as it is without it", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const clean = swarmOf(ground, String(seed)).scenario;
      const planted = swarmOf(huntingGround(["half-open-leader"]), String(seed)).scenario;
      expect({ ...planted, name: "", mutate: [] }).toEqual({ ...clean, name: "" });
    }
  });

  test("draws every character, with the programs and options that belong to it", () => {
    const missing = new Set(CHARACTERS.map(({ name }) => name));
    for (let seed = 1; seed <= 300; seed++) {
      const { scenario, drawn } = swarmOf(ground, String(seed));
      const character = CHARACTERS.find(({ name }) => name === drawn[0]);
      if (character === undefined) continue;
      missing.delete(character.name);
      const programs = scenario.workload.map(({ kind }) => kind).filter((kind) => kind !== "kv");
      expect(programs).toEqual([...character.programs]);
      expect(scenario.cluster.raft).toMatchObject(character.raft ?? {});
    }
    expect([...missing]).toEqual([]);
  });

  test("has its ground among the scenarios, to be swept without any bug", () => {
    const path = resolve(import.meta.dirname, "../../scenarios/random/ground.yaml");
    const { scenario, problems } = parseScenario(readFileSync(path, "utf8"));
    expect(problems).toEqual([]);
    const { about: _about, tags: _tags, seed: _seed, ...written } = scenario as Scenario;
    expect(ground).toMatchObject(written);
  });

  test("keeps what a scenario says about members that it names", () => {
    const { scenario } = parseScenario(`
name: named
duration: 20s
cluster: { members: 3 }
faults:
  - { at: 3s, crash: n3, for: 1s }
expect:
  - eventually: { leaders: 1 }
  - always: no-split-brain
`);
    const drawn = swarmOf(scenario as Scenario, "7").scenario;
    expect(drawn.cluster).toEqual((scenario as Scenario).cluster);
    expect(drawn.faults[0]).toEqual((scenario as Scenario).faults[0]);
    expect(drawn.faults.length).toBeGreaterThan(1);
    expect(drawn.expect.map(({ kind }) => kind)).toEqual(["always-property"]);
  });
});
