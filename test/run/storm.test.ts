/** Messages that beget more messages end a run without a verdict, and it is said which ones. */

import { expect, test } from "vitest";
import { executeScenario } from "../../src/run/execute.ts";
import { scenarioOf } from "../world/story.ts";

test("a storm of messages ends undecided and named; without the planted bug nothing piles up", () => {
  const scenario = scenarioOf(`
duration: 12s
workload: { clients: 4, rate: 40/s, ops: { put: 1 }, timeout: 1s, until: 10s }
faults:
  - { at: 2s, duplicate: { p: 50% } }
  - { at: 2s, reorder: { p: 50%, window: 50ms } }`);
  expect(executeScenario(scenario, "2").verdict).toBe("held");
  const broken = scenarioOf(`
duration: 60s
mutate: truncate-on-any-append
workload: { clients: 4, rate: 40/s, ops: { put: 1 }, timeout: 1s, until: 50s }
faults:
  - { at: 2s, duplicate: { p: 50% } }
  - { at: 2s, reorder: { p: 50%, window: 50ms } }
expect:
  - violates: linearizability`);
  const result = executeScenario(broken, "2");
  expect(result.verdict).toBe("undecided");
  expect(result.note).toMatch(/^more than 250000 events waited at \S+: messages multiply, most of them Msg\w+$/);
  expect(result.virtualMicros).toBeLessThan(12_000_000);
});
