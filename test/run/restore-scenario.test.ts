/** A scenario that was changed by hand in an artifact is found out, wherever it was changed. */

import { describe, expect, it } from "vitest";
import { expandScenario } from "../../src/run/execute.ts";
import { restoreScenario } from "../../src/run/restore-scenario.ts";
import type { Path } from "../../src/scenario/problem.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { fileRuns } from "./files.ts";

const RUNS = fileRuns();

function changed(scenario: Scenario, path: Path, value: unknown): Scenario {
  const copy = JSON.parse(JSON.stringify(scenario)) as Record<string | number, unknown>;
  let here: Record<string | number, unknown> = copy;
  for (const part of path.slice(0, -1)) here = here[part] as Record<string | number, unknown>;
  here[path[path.length - 1] as string] = value;
  return copy as unknown as Scenario;
}

describe("a recorded scenario", () => {
  it.each(RUNS.map((run) => [run.name, run] as const))(
    "%s is read back, with its random faults drawn",
    (_name, run) => {
      const stored = JSON.parse(JSON.stringify(expandScenario(run.scenario, run.seed)));
      expect(restoreScenario({ ...stored, seed: run.seed })).toMatchObject({ scenario: { name: run.scenario.name } });
    },
  );

  const crash = RUNS.find((run) => run.name === "election/leader-crash")?.scenario as Scenario;
  it.each([
    [["network", "latency"], { kind: "uniform", minMicros: 900, maxMicros: 20 }],
    [["network", "latency"], { kind: "uniform", minMicros: -900, maxMicros: 20 }],
    [["network", "latency"], { kind: "constant", micros: 1.5 }],
    [["network", "latency"], { kind: "weird" }],
    [["network", "clientLatency"], null],
    [["cluster", "disk", "fsync"], { kind: "exponential", minMicros: 50, meanMicros: 5, maxMicros: 100 }],
    [["cluster", "disk", "write"], { kind: "normal", meanMicros: 5, deviationMicros: -1 }],
    [["cluster", "members", 0, "id"], 0],
    [["cluster", "members", 1, "id"], 1],
    [["cluster", "members"], []],
    [["cluster", "raft", "heartbeatMicros"], 0],
    [["cluster", "raft", "maxInflight"], -1],
    [["durationMicros"], Number.NaN],
    [["durationMicros"], "16s"],
    [["workload", 0, "clients"], 1e9],
    [["workload", 0, "ops", 0, "weight"], 0],
    [["faults", 0, "trigger", "atMicros"], -1],
    [["faults", 0, "action", "kind"], "explode"],
    [["faults", 0, "action", "on"], { kind: "members", ids: [77] }],
    [["expect", 0, "kind"], "perhaps"],
    [["mutate"], ["no-such-bug"]],
    [["seed"], "-4"],
  ] satisfies [Path, unknown][])("is refused with %j changed to %j", (path, value) => {
    expect(restoreScenario(changed(crash, path, value))).toEqual({ problem: expect.stringMatching(/\w/) });
  });

  it.each([null, 7, "x", [], {}, { faults: [] }])("%j is none", (value) => {
    expect(restoreScenario(value)).toEqual({ problem: expect.stringMatching(/\w/) });
  });
});
