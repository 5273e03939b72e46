/** What fails is made small, stays the same failure, and reads like something that a person wrote. */

import { describe, expect, test } from "vitest";
import { minimalScenario, sizeOfFailing } from "../../src/explore/minimal.ts";
import type { Failing } from "../../src/explore/shrink.ts";
import { signatureOf } from "../../src/explore/signature.ts";
import { withLoads } from "../../src/explore/smaller.ts";
import { invokedIn, isOperation, spelledOut } from "../../src/explore/spell-out.ts";
import { executeScenario } from "../../src/run/execute.ts";
import { formatScenario, printFault } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario, Workload } from "../../src/scenario/scenario.ts";
import type { Pool } from "../../src/sweep/pool.ts";
import { probe } from "../../src/sweep/probe-task.ts";
import { evaluate, type ShrinkTask } from "../../src/sweep/shrink-task.ts";
import { runShrinker } from "../../src/sweep/shrinker.ts";
import { runTask } from "../../src/sweep/task.ts";

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

/** The only load is a program, of which the failure needs a write. */
const PROGRAM = `
name: program
duration: 12s
cluster: { members: 3 }
mutate: consistent-index-ahead
workload: { kind: stm, clients: 2, keys: { count: 2 }, closed: 2ms }
faults:
  - { at: 3s, disk: { on: all, slowFsync: 40ms }, for: 6s }
  - { at: 4s, crash: { on: all, unsynced: lose }, for: 300ms }
  - { at: 5s, crash: { on: all, unsynced: lose }, for: 300ms }
`;

/** Half of a record is read as if it were whole: what matters is a value longer than a sector, and the power failing as it is written. */
const TORN = `
name: torn
duration: 12s
cluster: { members: 2 }
mutate: torn-record-accepted
workload:
  - { name: kv, clients: 6, closed: 5ms, ops: { put: 3, get: 1 }, valueSize: 1KiB }
  - { name: copies, kind: informer, clients: 2 }
faults:
  - { at: 2100ms, pause: n2, for: 133ms }
  - { at: 2313ms, crash: { on: n1, unsynced: tear }, for: 500ms }
  - { at: 3213ms, crash: { on: n2, unsynced: tear }, for: 500ms }
  - { at: 4113ms, crash: { on: n1, unsynced: tear }, for: 500ms }
  - { at: 4300ms, duplicate: { p: 20% }, for: 900ms }
`;

function noisyFailure(text: string = NOISY): Failing {
  const { scenario } = parseScenario(text);
  const result = executeScenario(scenario as Scenario, "1");
  expect(result.verdict).toBe("violated");
  return { scenario: scenario as Scenario, seed: "1", result };
}

/** One hand that works where the test does. */
const inProcess: Pool = {
  jobs: 1,
  sweep: async (task) => runTask(task),
  attempt: async (task) => evaluate(task),
  probe: async (task) => probe(task),
  close: async () => {},
};

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

  test("takes programs apart where nothing else is left", { timeout: 60_000 }, async () => {
    const failing = noisyFailure(PROGRAM);
    expect(failing.scenario.workload).toMatchObject([{ kind: "stm" }]);
    const { best } = await runShrinker(failing, inProcess, { ...OPTIONS, reseed: 4 });
    expect(best.scenario.workload).toEqual([]);
    expect(sizeOfFailing(best).operations).toBeLessThanOrEqual(2);
  });

  test("keeps long values where the failure needs them", { timeout: 60_000 }, async () => {
    const failing = noisyFailure(TORN);
    const { best } = await runShrinker(failing, inProcess, OPTIONS);
    expect(best.scenario.workload).toEqual([]);
    const size = sizeOfFailing(best);
    expect(size.faults).toBe(1);
    expect(size.operations).toBeLessThanOrEqual(3);
    const file = formatScenario(minimalScenario(best, { name: "torn", size }));
    expect(file).toContain("valueSize: 1KiB");
    expect(parseScenario(file).scenario?.faults).toEqual(
      best.scenario.faults.map((fault) => ({ ...fault, id: expect.any(String) })),
    );
  });

  test("writes requests out one by one beside the programs that they are made for", () => {
    const { scenario, seed } = noisyFailure(TORN);
    const invoked = invokedIn(scenario, seed);
    const list = spelledOut(scenario, invoked.slice(-20));
    const beside = list.filter(({ workload }) => workload.length > 0);
    expect(beside.length).toBeGreaterThan(0);
    for (const { workload, faults } of beside) {
      expect(workload.map(({ name }) => name)).toEqual(["copies"]);
      expect(faults.filter(isOperation)).toHaveLength(invoked.slice(-20).filter(({ ofProgram }) => !ofProgram).length);
    }
    // What is written out already is not written out again.
    const again = invokedIn(beside[0] as Scenario, seed);
    expect(again.every(({ ofProgram }) => ofProgram)).toBe(true);
  });

  test("goes on naming the same clients when others have gone", () => {
    const { scenario } = parseScenario(`
name: names
cluster: { members: 3 }
workload:
  - { name: kv, clients: 3 }
  - { name: copies, kind: informer, clients: 2 }
faults:
  - { at: 1s, client: { slowWatch: 100ms, clients: [c4, c5] }, for: 1s }
  - { at: 2s, client: { pause: c2 }, for: 1s }
  - { at: 3s, client: { op: get, key: a, as: c5 } }
  - { at: 4s, client: { pause: clients }, for: 1s }
`);
    const [, copies] = (scenario as Scenario).workload;
    const { workload, faults } = withLoads(scenario as Scenario, [null, { ...(copies as Workload), clients: 1 }]);
    expect(workload).toHaveLength(1);
    expect(faults.map((fault, at) => printFault(fault, at))).toEqual([
      expect.stringContaining("clients: c1"),
      expect.stringContaining("op: get"),
      expect.stringContaining("pause: clients"),
    ]);
    expect(faults[1]?.action).toMatchObject({ kind: "clientOp", client: 0 });
  });

  test("gives up a run that goes on for longer than it may, and tries no seed when the time is up", () => {
    const { scenario, seed, result } = noisyFailure();
    const task: ShrinkTask = {
      scenario,
      seeds: [seed],
      keep: signatureOf(result) as string,
      eventsMax: result.events,
      endNanos: process.hrtime.bigint() + 600_000_000_000n,
    };
    expect(evaluate(task).result?.digest).toBe(result.digest);
    expect(evaluate({ ...task, eventsMax: result.events - 1 })).toMatchObject({ result: null, runs: 1 });
    expect(evaluate({ ...task, endNanos: 0n })).toMatchObject({ result: null, runs: 0 });
  });

  test("can be read wherever it is stopped", { timeout: 60_000 }, async () => {
    const failing = noisyFailure();
    const seen = new Set<Scenario>();
    const unreadable: string[] = [];
    const onBatch = ({ best }: { best: Failing }): void => {
      if (seen.has(best.scenario)) return;
      seen.add(best.scenario);
      const text = formatScenario(minimalScenario(best, { name: "ground", size: sizeOfFailing(failing) }));
      unreadable.push(...parseScenario(text).problems.map(({ message }) => message));
    };
    await runShrinker(failing, inProcess, { ...OPTIONS, onBatch });
    expect(seen.size).toBeGreaterThan(10);
    expect(unreadable).toEqual([]);
  });

  test("a name that another fault speaks of is given once, and nothing is claimed of a run that came to no end", () => {
    const { scenario } = parseScenario(`
name: names
stepLimit: 100
cluster: { members: 3 }
faults:
  - { at: 500ms, pause: n3, for: 100ms }
  - { at: 1s, partition: { isolate: n1 } }
  - { at: 2s, pause: n2, for: 1s }
  - { at: 3s, heal: fault-2 }
`);
    const { faults } = scenario as Scenario;
    const smaller: Scenario = { ...(scenario as Scenario), faults: faults.slice(1) };
    const result = executeScenario(smaller, "1");
    expect(result.verdict).toBe("undecided");
    const failing: Failing = { scenario: smaller, seed: "1", result };
    const file = formatScenario(minimalScenario(failing, { name: "names", size: sizeOfFailing(failing) }));
    const again = parseScenario(file);
    expect(again.problems).toEqual([]);
    expect(again.scenario?.faults.map(({ id }) => id)).toEqual(["partition-1", "fault-2", "fault-3"]);
    expect(again.scenario?.faults[2]?.action).toMatchObject({ kind: "heal", id: "partition-1" });
    expect(again.scenario?.expect).toEqual([]);
  });

  test("gives the best so far when it is stopped", async () => {
    const failing = noisyFailure();
    let batches = 0;
    const stopped = await runShrinker(failing, inProcess, { ...OPTIONS, stopped: () => batches++ >= 6 });
    expect(stopped).toMatchObject({ done: false, confirmed: true });
    expect(signatureOf(stopped.best.result)).toBe(signatureOf(failing.result));
  });
});
