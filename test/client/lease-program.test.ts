/** Programs that keep leases: what they do while they wait for an answer. */

import { describe, expect, it } from "vitest";
import { executeScenario } from "../../src/run/execute.ts";
import { parseScenarioValue } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";

describe("a program with a lease", () => {
  it("waits for its answer without looking at the clock over and over, also where its lease is over by then", () => {
    const { scenario, problems } = parseScenarioValue({
      name: "late-answers",
      duration: "10s",
      cluster: { members: 3 },
      network: { clientLatency: "450ms" },
      workload: { kind: "lease", clients: 1, ttl: "1s", hold: "2s" },
      faults: [{ at: "2s", slow: { on: "all", apply: "700ms" } }],
    });
    expect(problems).toEqual([]);
    const result = executeScenario(scenario as Scenario, "1");
    expect(result.operations.ok).toBeGreaterThan(2);
    expect(result.events).toBeLessThan(5_000);
  });
});
