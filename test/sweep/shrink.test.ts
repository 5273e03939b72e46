/** What fails is made small, stays the same failure, and reads like something that a person wrote. */

import { describe, expect, test } from "vitest";
import { huntingGround } from "../../src/explore/ground.ts";
import { minimalScenario, sizeOfFailing } from "../../src/explore/minimal.ts";
import type { Failing } from "../../src/explore/shrink.ts";
import { signatureOf } from "../../src/explore/signature.ts";
import { swarmOf } from "../../src/explore/swarm.ts";
import { executeScenario } from "../../src/run/execute.ts";
import { formatScenario } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { openPool, type Pool } from "../../src/sweep/pool.ts";
import { evaluate } from "../../src/sweep/shrink-task.ts";
import { runShrinker } from "../../src/sweep/shrinker.ts";

/** The first seed from `from` on that fails with the bug planted. */
function firstFailure(bug: Parameters<typeof huntingGround>[0][number]): Failing {
  for (let seed = 1; seed <= 200; seed++) {
    const { scenario } = swarmOf(huntingGround([bug]), String(seed));
    const result = executeScenario(scenario, String(seed));
    if (result.violation !== null) return { scenario, seed: String(seed), result };
  }
  throw new Error(`${bug} was not found in 200 seeds`);
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
      return evaluate(task);
    },
  };
}

const OPTIONS = { millis: 1e9, reseed: 12, keep: "signature", stopped: () => false, onBatch: () => {} } as const;

describe("shrinking", () => {
  test("makes a split brain small, keeps its signature, and comes to the same with any number of hands", {
    timeout: 300_000,
  }, async () => {
    const failing = firstFailure("quorum-of-reachable");
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

  test("gives the best so far when it is stopped", async () => {
    const failing = firstFailure("quorum-of-reachable");
    let batches = 0;
    const stopped = await runShrinker(failing, inProcess, { ...OPTIONS, stopped: () => batches++ >= 6 });
    expect(stopped).toMatchObject({ done: false, confirmed: true });
    expect(signatureOf(stopped.best.result)).toBe(signatureOf(failing.result));
  });
});
