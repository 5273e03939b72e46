/** What fails is made small, stays the same failure, and reads like something that a person wrote. */

import { describe, expect, test } from "vitest";
import { minimalScenario, sizeOfFailing } from "../../src/explore/minimal.ts";
import type { Failing } from "../../src/explore/shrink.ts";
import { signatureOf } from "../../src/explore/signature.ts";
import { executeScenario } from "../../src/run/execute.ts";
import { formatScenario } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { openPool, type Pool } from "../../src/sweep/pool.ts";
import { evaluate, type ShrinkTask } from "../../src/sweep/shrink-task.ts";
import { runShrinker } from "../../src/sweep/shrinker.ts";

/** A split brain among much that has nothing to do with it. */
const NOISY = `
name: noisy
duration: 20s
cluster: { members: 5, snapshot: { every: 40 entries, catchUp: 5 entries } }
network: { loss: 1% }
mutate: quorum-of-reachable
workload: { clients: 3, closed: 50ms, ops: { put: 2, get: 1, delete: 1 }, timeout: 1s }
faults:
  - { at: 2100ms, pause: n2, for: 133ms }
  - { at: 2500ms, disk: { on: n3, slowFsync: 40ms }, for: 700ms }
  - { at: 3100ms, duplicate: { p: 20% }, for: 900ms }
  - { at: 3333ms, clock: { on: n4, drift: 2% }, for: 2s }
  - { at: 4200ms, crash: n5, for: 400ms }
  - { at: 5217ms, partition: { groups: [leader+1, rest] }, for: 6s }
  - { at: 5500ms, delay: { p: 30%, add: 10ms, jitter: 5ms }, for: 700ms }
  - { at: 6100ms, slow: { on: n1, apply: 10ms }, for: 300ms }
  - { at: 7200ms, reorder: { p: 20%, window: 8ms }, for: 500ms }
`;

/** One member has less room than the others, and it takes a hundred writes until that tells. */
const ROOM = `
name: room
duration: 30s
cluster: { members: [n1, n2, { id: n3, quota: 64KiB }] }
mutate: quota-decided-at-apply
workload: { clients: 4, closed: 50ms, ops: { put: 3, get: 1 }, valueSize: 256B, endpoints: [n1, n2] }
faults:
  - { at: 2100ms, pause: n2, for: 133ms }
  - { at: 3100ms, duplicate: { p: 20% }, for: 900ms }
`;

function noisyFailure(text: string = NOISY): Failing {
  const { scenario } = parseScenario(text);
  const result = executeScenario(scenario as Scenario, "1");
  expect(result.verdict).toBe("violated");
  return { scenario: scenario as Scenario, seed: "1", result };
}

const inProcess: Pool = openPool(1, () => false);

/** The same work, answered in another order. */
function shuffled(pool: Pool): Pool {
  let turn = 0;
  return {
    ...pool,
    jobs: 4,
    attempt: async (task) => {
      const waits = (turn++ * 7) % 5;
      for (let n = 0; n < waits; n++) await new Promise((resolve) => setImmediate(resolve));
      return evaluate(task, () => false);
    },
  };
}

const OPTIONS = { millis: 1e9, reseed: 12, keep: "signature", stopped: () => false, onBatch: () => {} } as const;

describe("shrinking", () => {
  test("makes a split brain small, keeps its signature, and comes to the same with any number of hands", {
    timeout: 300_000,
  }, async () => {
    const failing = noisyFailure();
    const one = await runShrinker(failing, inProcess, OPTIONS);
    expect(one).toMatchObject({ done: true, confirmed: true });
    expect(signatureOf(one.best.result)).toBe(signatureOf(failing.result));
    const size = sizeOfFailing(one.best);
    expect(size.faults).toBeLessThanOrEqual(8);
    expect(size.operations).toBeLessThanOrEqual(12);
    expect(size.faults).toBeLessThan(sizeOfFailing(failing).faults);
    const many = await runShrinker(failing, shuffled(inProcess), OPTIONS);
    expect(many.best).toEqual(one.best);

    const file = formatScenario(minimalScenario(one.best, { name: "ground", size: sizeOfFailing(failing) }));
    const { scenario, problems } = parseScenario(file);
    expect(problems).toEqual([]);
    const again = executeScenario(scenario as Scenario, (scenario as Scenario).seed as string);
    expect(again.verdict).toBe("held");
    expect(again.violation?.property).toBe(failing.result.violation?.property);
    expect(again.digest).toBe(one.best.result.digest);
    // The same world without the bug breaks nothing.
    const mended = executeScenario(
      { ...(scenario as Scenario), mutate: [], expect: [] },
      (scenario as Scenario).seed as string,
    );
    expect(mended.violation).toBeNull();
  });

  test("reaches a limit sooner where many operations were needed for it", { timeout: 60_000 }, async () => {
    const failing = noisyFailure(ROOM);
    expect(sizeOfFailing(failing).operations).toBeGreaterThan(100);
    const { best, runs, done } = await runShrinker(failing, inProcess, { ...OPTIONS, reseed: 40 });
    expect(done).toBe(true);
    expect(sizeOfFailing(best)).toMatchObject({ faults: 0, operations: 2 });
    expect(runs).toBeLessThan(2_000);
  });

  test("gives up a run that goes on for longer than it may, and tries no seed when it is stopped or the time is up", async () => {
    const { scenario, seed, result } = noisyFailure();
    const task: ShrinkTask = {
      scenario,
      seeds: [seed],
      keep: signatureOf(result) as string,
      eventsMax: result.events,
      endNanos: process.hrtime.bigint() + 600_000_000_000n,
    };
    const goesOn = (): boolean => false;
    expect((await evaluate(task, goesOn)).result?.digest).toBe(result.digest);
    expect(await evaluate({ ...task, eventsMax: result.events - 1 }, goesOn)).toMatchObject({ result: null, runs: 1 });
    expect(await evaluate(task, () => true)).toMatchObject({ result: null, runs: 0 });
    expect(await evaluate({ ...task, endNanos: 0n }, goesOn)).toMatchObject({ result: null, runs: 0 });
  });

  test("gives the best so far when it is stopped", async () => {
    const failing = noisyFailure();
    let batches = 0;
    const stopped = await runShrinker(failing, inProcess, { ...OPTIONS, stopped: () => batches++ >= 6 });
    expect(stopped).toMatchObject({ done: false, confirmed: true });
    expect(signatureOf(stopped.best.result)).toBe(signatureOf(failing.result));
  });
});
