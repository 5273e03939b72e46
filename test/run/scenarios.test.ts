/** Every scenario file holds with other seeds than its own, with which `golden.test.ts` runs it. */

import { describe, expect, test } from "vitest";
import { executeScenario, unsupported } from "../../src/run/execute.ts";
import { fileRuns, whyNot } from "./files.ts";

const RUNS = fileRuns();

describe("scenario files", () => {
  test("can be run, all of them", () => {
    expect(RUNS.flatMap(({ name, scenario }) => unsupported(scenario).map((what) => `${name}: ${what}`))).toEqual([]);
    expect(RUNS.length).toBeGreaterThan(10);
  });

  // A file whose point is one particular seed is left alone.
  test.each(RUNS.filter(({ scenario }) => !scenario.ownSeed).map((run) => [run.name, run] as const))(
    "%s holds with seeds 1 to 3",
    (_name, { scenario }) => {
      for (const seed of ["1", "2", "3"])
        expect({ seed, why: whyNot(executeScenario(scenario, seed)) }).toEqual({ seed, why: "" });
    },
  );
});
