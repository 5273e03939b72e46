import { expect, test } from "vitest";
import { startRun } from "../../src/run/execute.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { hashWorld } from "../../src/world/hash-world.ts";
import { cloneWorld } from "../../src/world/world.ts";

const SCENARIO = parseScenario(`
apiVersion: lockstep/v1
name: hashed
title: A world to be copied
about: Three members with clients, a crash and a partition.
seed: 1
duration: 8s
cluster: { members: 3, snapshot: { every: 20 entries, keep: 2, catchUp: 5 entries } }
workload:
  - { name: kv, clients: 3, closed: 20ms, ops: { put: 2, get: 1 }, keys: 3 }
faults:
  - { at: 2s, crash: any, for: 1s }
  - { at: 4s, partition: { groups: [leader, rest] }, for: 2s }
`).scenario as Scenario;

test("two runs of one seed have worlds of one hash, and another seed another", () => {
  const [a, b, c] = [startRun(SCENARIO, "1"), startRun(SCENARIO, "1"), startRun(SCENARIO, "2")];
  for (const run of [a, b, c]) run.advance(3000);
  expect(hashWorld(a.run.world)).toBe(hashWorld(b.run.world));
  expect(hashWorld(c.run.world)).not.toBe(hashWorld(a.run.world));
});

test("a copy of a world hashes alike and stays as it was while the original goes on", () => {
  const run = startRun(SCENARIO, "3");
  for (let slice = 0; slice < 4; slice++) {
    run.advance(500);
    const { world, context } = run.run;
    const copy = cloneWorld(
      world,
      (state) => context.protocol.clone(state),
      (backend) => context.protocol.cloneBackend(backend),
    );
    const before = hashWorld(world);
    expect(hashWorld(copy)).toBe(before);
    if (run.advance(500)) break;
    expect(hashWorld(run.run.world)).not.toBe(before);
    expect(hashWorld(copy)).toBe(before);
  }
});
