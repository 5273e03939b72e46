// A run made up by hand, so that what is drawn from it does not change with the engine.

import type { ReportedRun } from "../../src/report/reported-run.ts";
import type { RunResult } from "../../src/run/result.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";

const FILE = `name: example
title: The old leader ends up in the minority
seed: 42
duration: 10s
cluster: { members: 5 }
workload: { name: kv, clients: 5, rate: 20/s, timeout: 1s }
faults:
  - { at: 3s, id: cut, partition: { groups: [leader+1, rest] }, for: 4s }
  - { at: 5s, crash: n5, for: 2s }
  - { at: 8s, transferLeader: { to: n3 } }
expect:
  - always: no-split-brain
  - sometimes: leader-change
  - eventually: { leaders: 1 }
    after: 7s
    within: 2s
`;

export function exampleScenario(): Scenario {
  const { scenario, problems } = parseScenario(FILE);
  if (scenario === null) throw new Error(problems.map((problem) => problem.message).join("; "));
  return scenario;
}

const HELD: RunResult = {
  scenario: "example",
  variant: null,
  seed: "42",
  verdict: "held",
  violation: null,
  expectations: [
    { name: "expectation/1", held: true, expected: "always no-split-brain", seen: "never fired", atMicros: 10_000_000 },
    { name: "expectation/2", held: true, expected: "sometimes leader-change", seen: "", atMicros: 4_412_000 },
    {
      name: "expectation/3",
      held: true,
      expected: "eventually leaders = 1 after 7s within 2s",
      seen: "n4 leads term 3",
      atMicros: 7_102_000,
    },
  ],
  events: 8412,
  messages: 0,
  virtualMicros: 10_000_000,
  durationMicros: 10_000_000,
  operations: { ok: 146, failed: 2, unknown: 4 },
  writes: { invoked: 76, ok: 74 },
  reads: { invoked: 76, ok: 72 },
  digest: "9f3a0011223341c1",
  checkpoints: [],
  coverage: {
    election: 2,
    "leader-change": 2,
    "uncommitted-overwritten": 3,
    "operation-ok": 146,
    "message-lost": 1280,
  },
  faults: [
    {
      id: "cut",
      kind: "partition",
      status: "done",
      firedAtMicros: 3_000_000,
      endedAtMicros: null,
      targets: [1, 2],
      note: "",
    },
    {
      id: "fault-2",
      kind: "crash",
      status: "done",
      firedAtMicros: 5_000_000,
      endedAtMicros: null,
      targets: [5],
      note: "",
    },
    {
      id: "fault-3",
      kind: "transferLeader",
      status: "ineffective",
      firedAtMicros: 8_000_000,
      endedAtMicros: null,
      targets: [],
      note: "n3 leads already",
    },
  ],
  leaders: [
    { member: 1, term: 1, fromMicros: 1_131_000, untilMicros: 7_104_000 },
    { member: 4, term: 3, fromMicros: 4_412_000, untilMicros: null },
  ],
  away: [{ member: 5, fromMicros: 5_000_000, untilMicros: 7_000_000, why: "crashed" }],
  beyond: [],
  members: [1, 2, 3, 4, 5],
  interrupted: false,
  note: "",
};

/** The run with parts of its result changed. */
export function exampleRun(changes: Partial<RunResult> = {}): ReportedRun {
  return {
    scenario: exampleScenario(),
    result: { ...HELD, ...changes },
    file: "scenarios/example.yaml",
    artifact: null,
    wallMicros: 61_400,
    overrides: [],
  };
}

/** The run, violated. */
export function violatedRun(): ReportedRun {
  const run = exampleRun({
    verdict: "violated",
    events: 2317,
    virtualMicros: 4_842_313,
    violation: {
      property: "election-safety",
      step: 2317,
      atMicros: 4_842_313,
      members: [1, 4],
      text: "two leaders in term 3: n4 (since 4.412s) and n1 (since 4.842313s)",
      evidence: [
        "n3 voted twice in term 3: for n4 [2266], for n1 [2309]",
        "quorums {n3 n4 n5} and {n1 n2 n3} meet only in n3",
      ],
      also: [],
    },
    faults: HELD.faults.map((fault, at) =>
      at === 0 ? fault : { ...fault, status: "waiting", firedAtMicros: -1, targets: [], note: "" },
    ),
    leaders: [
      { member: 1, term: 1, fromMicros: 1_131_000, untilMicros: 4_500_000 },
      { member: 4, term: 3, fromMicros: 4_412_000, untilMicros: null },
      { member: 1, term: 3, fromMicros: 4_842_313, untilMicros: null },
    ],
    away: [],
  });
  return {
    ...run,
    artifact: ".lockstep/runs/latest/example.42.run.json",
    overrides: ["--mutate", "vote-not-persisted"],
  };
}
