/**
 * No expectation of a scenario file passes whatever happens: each fails in at least one of a few worlds in which something else
 * is wrong than in its own. Those on properties are left to the tests of the checkers (`test/checker/fires.test.ts`), and the
 * figures of studies to `library.test.ts`, which turns each round.
 */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { executeScenario } from "../../src/run/execute.ts";
import type { Expectation } from "../../src/scenario/expectation.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { printExpectation } from "../../src/scenario/print-expectation.ts";
import { expandVariants, type Fault, type Scenario } from "../../src/scenario/scenario.ts";

const root = resolve(import.meta.dirname, "../../scenarios");

const ON_PROPERTIES: readonly Expectation["kind"][] = [
  "always-property",
  "violates",
  "linearizable",
  "data-loss",
  "scope",
];

function parse(text: string): Scenario {
  const { scenario, problems } = parseScenario(text);
  if (scenario === null) throw new Error(JSON.stringify(problems));
  return scenario;
}

/** Faults that are written as in a file. */
function faults(...lines: readonly string[]): readonly Fault[] {
  const list = lines.map((line) => `  - { ${line} }\n`).join("");
  return parse(`name: faults\nduration: 7200s\nfaults:\n${list}`).faults;
}

function every(millis: number, times: number, line: string): string[] {
  return Array.from({ length: times }, (_, at) => `at: ${millis * (at + 1)}ms, ${line}`);
}

/** What may be wrong with a world, by name. Most expectations fall in the first few. */
const WRONGS: readonly (readonly [string, (scenario: Scenario, file: Scenario) => Scenario])[] = [
  ["nothing goes wrong", (one) => ({ ...one, faults: [], random: null })],
  [
    "nothing goes wrong, and clients ask what they were to ask",
    (one) => ({
      ...one,
      faults: one.faults.filter(({ action }) => action.kind === "clientOp" || action.kind === "transferLeader"),
      random: null,
      network: { ...one.network, lossPpm: 0 },
    }),
  ],
  ["nobody ever runs", (one) => ({ ...one, faults: faults("at: 1ms, crash: all") })],
  ["all die soon", (one) => ({ ...one, faults: [...one.faults, ...faults("at: 1500ms, crash: all")] })],
  ["nobody asks for anything", (one) => ({ ...one, workload: [] })],
  [
    "leaders are cut off and killed again and again",
    (one) => ({
      ...one,
      faults: [
        ...one.faults,
        ...faults(
          ...every(499, 40, "crash: leader, for: 100ms"),
          ...every(2503, 10, "partition: { isolate: leader }, for: 1500ms"),
        ),
      ],
    }),
  ],
  [
    "everybody is a majority",
    (one) => ({
      ...one,
      mutate: [...one.mutate, "quorum-of-reachable"],
      faults: [...one.faults, ...faults("at: 100ms, partition: { isolate: all }, for: 3s")],
    }),
  ],
  [
    "elections come early",
    (one) => ({ ...one, faults: [...faults("at: 20ms, campaign: n1", "at: 2010ms, campaign: n2"), ...one.faults] }),
  ],
  ["the bug of the file is planted", (one, file) => ({ ...one, mutate: mutationsOf(file) })],
  [
    "clients sleep from the middle on",
    (one) => ({
      ...one,
      faults: [...one.faults, ...faults(...every(3001, 12, "client: { pause: clients }, for: 2900ms"))],
    }),
  ],
  [
    "leases are short, and clients begin early and fall asleep",
    (one) => ({
      ...one,
      workload: one.workload.map((workload) => ({ ...workload, ttlMicros: 1_000_000, fromMicros: 1_000_000 })),
      faults: [...one.faults, ...faults("at: 1500ms, client: { pause: clients }, for: 30s")],
    }),
  ],
  [
    "leases are short, snapshots are taken all the time, and the quota is large",
    (one) => ({
      ...one,
      cluster: {
        ...one.cluster,
        snapshot: { ...one.cluster.snapshot, everyEntries: 5, keep: 1, catchUpEntries: 1 },
        members: one.cluster.members.map((member) => ({ ...member, quotaBytes: 1 << 30 })),
      },
      workload: one.workload.map((workload) => ({ ...workload, ttlMicros: 2_000_000 })),
    }),
  ],
];

function mutationsOf(file: Scenario): Scenario["mutate"] {
  return [...new Set(expandVariants(file).flatMap(({ mutate }) => mutate))];
}

/** The expectations of `scenario` that hold in every world of `WRONGS`. */
function unbroken(scenario: Scenario, file: Scenario): string[] {
  const left = new Set(scenario.expect.filter(({ kind }) => !ON_PROPERTIES.includes(kind)));
  for (const [, wrong] of WRONGS) {
    if (left.size === 0) break;
    const asked = [...left];
    const { expectations } = executeScenario({ ...wrong(scenario, file), expect: asked }, scenario.seed ?? "1", {
      checks: false,
    });
    for (const [at, expectation] of asked.entries()) if (expectations[at]?.held === false) left.delete(expectation);
  }
  return [...left].map(printExpectation);
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => ({ name, file: parse(readFileSync(resolve(root, name), "utf8")) }))
  .filter(({ file }) => file.study === null);

describe("expectations that could not fail", () => {
  it("are in no scenario", { timeout: 600_000 }, () => {
    const found = files.flatMap(({ name, file }) =>
      expandVariants(file).flatMap((one) => unbroken(one, file).map((text) => `${name} ${one.variant ?? ""}: ${text}`)),
    );
    expect(found).toEqual([]);
  });

  it("would be found", () => {
    const file = parse(
      "name: vain\nduration: 8s\nexpect:\n  - { always: leaders <= 99 }\n  - { never: term > 9000 }\n  - { sometimes: leaders = 1 }\n",
    );
    expect(unbroken(file, file)).toEqual(["always leaders <= 99", "never term > 9000"]);
  });
});
