/** What a study measures beyond a run's result, in stories whose times are known. */

import { expect, test } from "vitest";
import { measureRun } from "../../src/report/measure.ts";
import { executeScenario } from "../../src/run/execute.ts";
import type { RunResult } from "../../src/run/result.ts";
import type { Measure } from "../../src/scenario/study.ts";
import { scenarioOf } from "../world/story.ts";

/** Two members 10 ms apart (one way), clients 1 ms from them, disks that take 2 ms to sync; n1 leads. */
const CALM = `
duration: 12s
cluster: { members: 2, disk: { write: 0, fsync: 2ms } }
network: { latency: 10ms, clientLatency: 1ms }
workload: { clients: 1, rate: 4/s, ops: { put: 1 }, timeout: 5s, from: 2s, until: 8s, endpoints: n1 }`;

function run(text: string, seed: string = "1"): RunResult {
  return executeScenario(scenarioOf(text), seed, { gauge: true });
}

function numbers(result: RunResult, measure: Measure): number[] {
  return measureRun(result, measure).sort((a, b) => a - b);
}

test("a write takes the way to the leader, to the follower and back, and the follower's sync", () => {
  const result = run(`${CALM}\nfaults:\n  - { at: 300ms, campaign: n1 }`);
  const writes = numbers(result, "write-latency");
  expect(writes).toHaveLength(24);
  // 1 + 10 + 2 + 10 + 1 ms; a write that meets another's sync waits for that too.
  expect(writes[0]).toBe(24_000);
  expect(numbers(result, "commit-latency")[0]).toBe(22_000);
  expect(numbers(result, "read-latency")).toEqual([]);
});

test("a follower hears of a commit with the leader's next message", () => {
  const lags = numbers(run(`${CALM}\nfaults:\n  - { at: 300ms, campaign: n1 }`), "follower-lag");
  // What both founded the cluster with, they apply in the same moment.
  expect(lags[lags.length >> 1]).toBeGreaterThanOrEqual(10_000);
  // The commit travels with the answer to the append's acknowledgement, a heartbeat later at most.
  expect(lags[lags.length - 1]).toBeLessThanOrEqual(125_000);
});

test("the longest gap between two writes is about as long as the cut, and then everybody catches up", () => {
  const faults = "faults:\n  - { at: 300ms, campaign: n1 }\n  - { at: 4s, partition: { isolate: n1 }, for: 700ms }";
  const result = run(`${CALM}\n${faults}`);
  const [gap] = numbers(result, "write-gap");
  expect(gap).toBeGreaterThan(700_000);
  expect(gap).toBeLessThan(2_500_000);
  const recoveries = numbers(result, "convergence");
  expect(recoveries).toHaveLength(1);
  expect(recoveries[0]).toBeLessThan(2_000_000);
});

test("without a write that succeeded there is no gap, and without a gauge no number", () => {
  const idle = run("duration: 5s\ncluster: { members: 1 }");
  expect(numbers(idle, "write-gap")).toEqual([]);
  const plain = executeScenario(scenarioOf(CALM), "1");
  expect(plain.numbers).toBeUndefined();
  expect(numbers(plain, "write-latency")).toEqual([]);
});

test("watching changes nothing", () => {
  const scenario = scenarioOf(`${CALM}\nfaults:\n  - { at: 4s, crash: leader, for: 1s }`);
  const watched = executeScenario(scenario, "3", { gauge: true });
  expect(watched.digest).toBe(executeScenario(scenario, "3").digest);
  expect(measureRun(watched, "messages")).toEqual([watched.messages]);
  expect(watched.messages).toBeGreaterThan(50);
});
