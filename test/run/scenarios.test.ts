/** Every scenario file holds, with its own seed and with others. */

import { describe, expect, test } from "vitest";
import { executeScenario, unsupported } from "../../src/run/execute.ts";
import { fileRuns } from "./files.ts";

const RUNS = fileRuns();

describe("scenario files", () => {
  test("can be run, all of them", () => {
    expect(RUNS.flatMap(({ name, scenario }) => unsupported(scenario).map((what) => `${name}: ${what}`))).toEqual([]);
    expect(RUNS.length).toBeGreaterThan(10);
  });

  test.each(RUNS.map((run) => [run.name, run] as const))(
    "%s holds with its own seed and with 1 to 5",
    (_name, { scenario, seed }) => {
      // A file whose point is one particular seed is left alone.
      const seeds = scenario.ownSeed ? [seed] : [...new Set([seed, "1", "2", "3", "4", "5"])];
      for (const one of seeds) {
        const result = executeScenario(scenario, one);
        const why = result.violation === null ? result.note : `${result.violation.property}: ${result.violation.text}`;
        expect({ seed: one, verdict: result.verdict, why }).toEqual({
          seed: one,
          verdict: "held",
          why: result.violation === null ? result.note : why,
        });
        expect(result.events).toBeGreaterThan(0);
      }
    },
  );

  test("say of their faults what became of them", () => {
    for (const { scenario, seed } of RUNS) {
      const { faults } = executeScenario(scenario, seed);
      for (const fault of faults) {
        expect(["waiting", "active", "done", "ineffective"]).toContain(fault.status);
        if (fault.status === "waiting") expect(fault.firedAtMicros).toBe(0);
      }
    }
  });
});
