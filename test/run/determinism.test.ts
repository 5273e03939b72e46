/** What a run depends on: its scenario and its seed, and nothing else. */

import { describe, expect, test } from "vitest";
import type { RunOptions, ScenarioRun } from "../../src/run/execute.ts";
import { executeScenario, startRun } from "../../src/run/execute.ts";
import type { RunResult } from "../../src/run/result.ts";
import type { TraceRecord } from "../../src/world/trace.ts";
import { cloneWorld, type World } from "../../src/world/world.ts";
import { randomStory } from "../checker/random-story.ts";
import { advanceTo, begin, EventKind, end, scenarioOf, tell } from "../world/story.ts";

const SECOND = 1_000_000;

/** Everything goes on in it. */
const EVERYTHING = `
duration: 14s
cluster: { members: 5, snapshot: { every: 40 entries, keep: 2, catchUp: 5 entries } }
network: { loss: 2%, duplicate: 2% }
workload: { clients: 4, closed: 10ms, ops: { put: 3, get: 3, getSerializable: 1, cas: 2, delete: 1, txn: 1, range: 1 }, keys: 4, timeout: 1s, retry: safe }
faults:
  - { at: 7s, member: { add: n6 } }
  - { when: write-ok >= 100, crash: leader, for: 1s }
random:
  from: 2s
  until: 11s
  every: { dist: exponential, mean: 700ms }
  pick: { crash: 2, pause: 1, drop: 1, delay: 1, duplicate: 1, reorder: 1, slowFsync: 1, stall: 1, clock: 1, transferLeader: 1, partition: { majority: 1, minority: 1, ring: 1, oneWay: 1 } }
expect:
  - always: no-split-brain
  - linearizable: true`;

function run(seed: string, options: RunOptions = {}): RunResult {
  return executeScenario(scenarioOf(EVERYTHING), seed, options);
}

describe("the same scenario and seed", () => {
  test("give the same digest, checkpoints and result, and another seed gives others", () => {
    const one = run("7");
    expect(one.verdict).toBe("held");
    expect(one.checkpoints.length).toBeGreaterThan(5);
    expect(run("7")).toEqual(one);
    const other = run("8");
    expect(other.digest).not.toBe(one.digest);
    expect(other.checkpoints[0]).not.toBe(one.checkpoints[0]);
  });

  test("give the same digest with and without checks, trace and history", () => {
    const { digest, checkpoints, events } = run("7");
    for (const options of [
      { checks: false },
      { trace: true },
      { history: true },
      { checks: false, trace: true, history: true },
    ]) {
      expect(run("7", options)).toMatchObject({ digest, checkpoints, events });
    }
  });

  test("give the same result however the run is sliced", () => {
    const whole = run("7");
    for (const slice of [1, 2, 3, 17, 1_000, 1_024, 1_025]) {
      const sliced = startRun(scenarioOf(EVERYTHING), "7");
      while (!sliced.advance(slice)) {
        // In slices.
      }
      expect(sliced.result()).toEqual(whole);
    }
  });

  test("hold for random scenarios, too", () => {
    for (let number = 500; number < 512; number++) {
      const one = executeScenario(randomStory(number), `${number}`);
      expect(executeScenario(randomStory(number), `${number}`, { trace: true })).toEqual(one);
      // A run without checks goes on where one with them would stop.
      if (one.verdict === "held")
        expect(executeScenario(randomStory(number), `${number}`, { checks: false }).digest).toBe(one.digest);
    }
  });

  test("random faults are fixed ones by the time the run begins: the expanded scenario is the same run", () => {
    const random = startRun(scenarioOf(EVERYTHING), "7");
    expect(random.scenario.random).toBeNull();
    expect(random.scenario.faults.length).toBeGreaterThan(5);
    expect(executeScenario(random.scenario, "7").digest).toBe(run("7").digest);
  });

  test("two runs side by side do not disturb each other", () => {
    const alone = run("7").digest;
    const left = startRun(scenarioOf(EVERYTHING), "7");
    const right = startRun(scenarioOf(EVERYTHING), "9");
    for (let over = 0; over < 2; ) {
      over = 0;
      if (left.advance(13)) over++;
      if (right.advance(29)) over++;
    }
    expect(left.result().digest).toBe(alone);
    expect(right.result().digest).toBe(run("9").digest);
  });
});

/** What happened, without what numbers it: steps and causes shift when something is taken away. */
function deeds(trace: readonly TraceRecord[], except: (one: TraceRecord) => boolean): string[] {
  return trace
    .filter((one) => !except(one))
    .map((one) => `${one.atMicros} ${one.kind} ${one.a} ${one.b} ${one.type} ${one.term} ${one.index} ${one.role}`);
}

describe("ties in time", () => {
  // Constant latencies and instant disks: much falls on the same microsecond.
  const story = (faults: string, clients: string): string => `
duration: 10s
cluster: { members: 5, disk: instant }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: kv, clients: 5, rate: 500/s, ops: { put: 1, get: 1 }, timeout: 1s, until: 9s }
${clients}
faults:
${faults}`;
  const faults = [
    "  - { at: 3s, id: tick, clock: { on: n1, jump: 1s } }",
    "  - { at: 3s, id: stop, for: 1s, pause: n3 }",
    "  - { at: 3s, id: down, for: 2s, crash: n4 }",
    "  - { at: 3s, id: cut, for: 1s, partition: { isolate: n5 } }",
  ];

  test("there are many", () => {
    const { trace } = tell(story(faults.join("\n"), ""));
    const times = trace.filter((one) => one.kind < 64).map((one) => one.atMicros);
    expect(times.filter((at, i) => at === times[i - 1]).length).toBeGreaterThan(times.length / 4);
  });

  test("stay as they were when a fault is taken away", () => {
    const all = tell(story(faults.join("\n"), ""));
    const fewer = tell(story(faults.slice(1).join("\n"), ""));
    // A jump of a wall clock changes nothing for others; its own records go, and positions in the timetable shift by one.
    const timetable = (one: TraceRecord): boolean =>
      one.kind === EventKind.FaultBegins || one.kind === EventKind.FaultEnds || one.kind === 65;
    expect(deeds(fewer.trace, timetable)).toEqual(deeds(all.trace, timetable));
    expect(fewer.result.digest).not.toBe(all.result.digest);
  });

  test("stay as they were when a client is taken away", () => {
    // Serializable reads of their own keys change nothing for others.
    const reader =
      "  - { name: reader, clients: 1, rate: 250/s, ops: { getSerializable: 1 }, keys: { prefix: other }, timeout: 1s }";
    const both = tell(story(faults.join("\n"), reader));
    const without = tell(story(faults.join("\n"), ""));
    const ofReader = (one: TraceRecord): boolean =>
      (one.kind === EventKind.Request && one.b === 6) ||
      ((one.kind === EventKind.Response || one.kind === EventKind.ClientTimer) && one.a === 6);
    expect(both.trace.filter(ofReader).length).toBeGreaterThan(1_000);
    expect(deeds(both.trace, ofReader)).toEqual(deeds(without.trace, () => false));
  });
});

/** Content of a world as plain JSON: Maps by key. What immutable values remember of their own making is left out. */
function plainOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => {
      if (key === "made") return undefined;
      if (one instanceof Map) return [...one.entries()].sort(([x], [y]) => (String(x) < String(y) ? -1 : 1));
      return one instanceof Set ? [...one].map(String).sort() : one;
    }),
  );
}

/** Path of the first place in which two plain values differ; empty where there is none. */
function differs(a: unknown, b: unknown, path: string = ""): string {
  if (a === b) return "";
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return `${path}: ${String(a)} and ${String(b)}`;
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  for (const key of keys) {
    const found = differs((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`);
    if (found !== "") return found;
  }
  return "";
}

function cloneOf(one: ScenarioRun): World {
  const { protocol } = one.run.context;
  return cloneWorld(
    one.run.world,
    (state) => protocol.clone(state),
    (backend) => protocol.cloneBackend(backend),
  );
}

describe("a clone of a world", () => {
  test("is the same, and stays as it is while the world goes on", () => {
    const one = begin(EVERYTHING, "7");
    for (const at of [1, 4, 8, 10]) {
      advanceTo(one, at * SECOND);
      const before = plainOf(one.run.world);
      const clone = cloneOf(one);
      expect(differs(before, plainOf(clone))).toBe("");
      one.advance(3_000);
      expect(differs(before, plainOf(one.run.world))).not.toBe("");
      expect(differs(before, plainOf(clone))).toBe("");
    }
  });

  test("does not disturb the world that it was taken of", () => {
    const alone = run("7").digest;
    const one = begin(EVERYTHING, "7");
    advanceTo(one, 5 * SECOND);
    const clone = cloneOf(one);
    // Whoever owns the clone may do with it what he likes.
    for (const process of clone.processes) {
      if (process === null) continue;
      process.status = "destroyed";
      process.clock.ratePpm = 999_999;
      process.disk.faults.stalls = 5;
      process.disk.log.chunks.length = 0;
      process.inbox.push({ kind: 1, b: 2, payload: null });
      const state = process.state as {
        waiters: unknown[];
        heardAtTick: number[];
        raft: { messages: unknown[]; log: { chunks: unknown[] } };
      } | null;
      if (state !== null) {
        state.waiters.push(null);
        state.heardAtTick.fill(0);
        state.raft.log.chunks.length = 0;
      }
    }
    for (const client of clone.clients) {
      if (client === null) continue;
      client.open.length = 0;
      client.seen.fill("x");
    }
    for (const row of clone.network.links) for (const link of row) if (link !== undefined) link.cuts = 9;
    for (const entry of clone.timetable) entry.targets.push(1);
    clone.counters.fill(0);
    expect(end(one).result.digest).toBe(alone);
  });
});
