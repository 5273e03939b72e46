// The result of a run that we broke ourselves: an error of its own with step and seed, never a stack.

import { AssertionError } from "../kernel/assert.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { ScenarioRun } from "./execute.ts";
import type { RunResult } from "./result.ts";

/** What became of the run that `error` ended; `run` is null where it did not even begin. */
export function brokenResult(scenario: Scenario, seed: string, run: ScenarioRun | null, error: unknown): RunResult {
  const progress = run?.progress ?? { atMicros: 0, durationMicros: scenario.durationMicros, steps: 0 };
  const said = error instanceof AssertionError ? error.message : "the simulator failed where it never should";
  return {
    scenario: scenario.name,
    variant: scenario.variant,
    seed,
    verdict: "error",
    violation: null,
    expectations: [],
    events: progress.steps,
    messages: 0,
    virtualMicros: progress.atMicros,
    durationMicros: scenario.durationMicros,
    operations: { ok: 0, failed: 0, unknown: 0 },
    writes: { invoked: 0, ok: 0 },
    reads: { invoked: 0, ok: 0 },
    digest: "0000000000000000",
    checkpoints: [],
    coverage: {},
    faults: [],
    leaders: [],
    away: [],
    beyond: [],
    members: scenario.cluster.members.map((member) => member.id),
    interrupted: false,
    note: `internal error: ${said} (event ${progress.steps}, seed ${seed}); this is a bug of lockstep, not of the cluster`,
  };
}
