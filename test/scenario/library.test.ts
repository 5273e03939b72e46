/**
 * The library of scenarios, held to itself: each file holds for its own seed and for others, and each of its expectations
 * fails when it is turned round. A file from which the faults (or the planted bugs) are taken must fail too, so that
 * none passes because nothing happened.
 */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { claimsPage, timingPage } from "../../src/report/claim-pages.ts";
import { type ClaimRow, claimRows, makeRuns, rowsOf, sortClaims } from "../../src/report/claims.ts";
import { judgeTally, type StudyTally } from "../../src/report/study-tally.ts";
import { executeScenario } from "../../src/run/execute.ts";
import type { Expectation, ShareBound } from "../../src/scenario/expectation.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Compare } from "../../src/scenario/predicate.ts";
import { expandVariants, type Fault, type Scenario } from "../../src/scenario/scenario.ts";
import type { StudyExpectation } from "../../src/scenario/study.ts";

const root = resolve(import.meta.dirname, "../../scenarios");
/** Others than `test/run/scenarios.test.ts` takes. */
const SEEDS: readonly string[] = ["6", "7", "8", "9", "10", "11"];
const TIMEOUT_MS = 240_000;

/** All of them, but for those that others hold: planted bugs of the hunt, random faults, another protocol. */
const LIBRARY: readonly string[] = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".yaml") && !/^(bugs|random|broken)\//.test(file))
  .map((file) => file.slice(0, -".yaml".length))
  .sort();

function load(name: string): Scenario {
  const { scenario, problems } = parseScenario(readFileSync(resolve(root, `${name}.yaml`), "utf8"));
  if (scenario === null) throw new Error(JSON.stringify(problems));
  return scenario;
}

function verdictOf(scenario: Scenario, seed: string = scenario.seed as string): string {
  const { verdict, violation } = executeScenario(scenario, seed);
  return verdict === "held" ? "held" : `${verdict}: ${violation?.property} ${violation?.text}`;
}

const OPPOSITE: Readonly<Record<Compare, Compare>> = {
  "<": ">=",
  "<=": ">",
  "=": "!=",
  "!=": "=",
  ">=": "<",
  ">": "<=",
};

function flipped(bound: ShareBound | null): ShareBound | null {
  return bound === null ? null : { ...bound, compare: OPPOSITE[bound.compare] };
}

/** The expectation turned round: it must fail in a run in which the original held. */
function inverted(expectation: Expectation): Expectation {
  switch (expectation.kind) {
    case "always-property":
      return { kind: "violates", property: expectation.properties[0] as string };
    case "always":
      return { ...expectation, predicate: { kind: "not", of: expectation.predicate } };
    case "sometimes":
      return { ...expectation, kind: "never" };
    case "never":
      return { ...expectation, kind: "sometimes" };
    case "eventually": {
      const { afterMicros, withinMicros, predicate } = expectation;
      const untilMicros = withinMicros === null ? Number.MAX_SAFE_INTEGER : afterMicros + withinMicros;
      return { kind: "never", predicate, during: { fromMicros: afterMicros, untilMicros } };
    }
    case "at":
      return { ...expectation, predicate: { kind: "not", of: expectation.predicate } };
    case "violates":
      return { kind: "always-property", properties: [expectation.property], alias: null };
    case "linearizable":
      return { kind: "violates", property: "linearizability" };
    case "data-loss":
      return { kind: "violates", property: "durability" };
    case "availability":
      return {
        ...expectation,
        writes: flipped(expectation.writes),
        reads: flipped(expectation.reads),
        all: flipped(expectation.all),
      };
    case "scope":
      throw new Error("a scope says nothing that could be turned round");
  }
}

/** A campaign, a single request, or handing the lead to n1 as soon as somebody has it, only set the stage. */
function setsStage({ action, trigger }: Fault): boolean {
  return (
    action.kind === "campaign" ||
    action.kind === "clientOp" ||
    (action.kind === "transferLeader" && trigger.kind === "when")
  );
}

/** Other faults take something away. */
function harms(scenario: Scenario): boolean {
  return !scenario.faults.every(setsStage);
}

function withoutHarm(scenario: Scenario): Scenario {
  return { ...scenario, faults: scenario.faults.filter(setsStage) };
}

/** The rows of `docs/claims.md` and `docs/TIMING.md`, as the tests below come by the runs. */
const rows: ClaimRow[] = [];

const scenarios = LIBRARY.map((name) => ({ name, scenario: load(name) }));
const single = scenarios.filter(({ scenario }) => scenario.study === null);
const studies = scenarios.filter(({ scenario }) => scenario.study !== null);

describe("scenarios of the library", () => {
  it.each(single)("$name holds for its own seed and for others", { timeout: TIMEOUT_MS }, ({ scenario }) => {
    for (const variant of expandVariants(scenario)) {
      const others = scenario.ownSeed ? [] : SEEDS;
      for (const seed of [scenario.seed as string, ...others]) {
        expect(`${variant.variant} ${seed} ${verdictOf(variant, seed)}`).toBe(`${variant.variant} ${seed} held`);
      }
    }
  });

  it.each(single)("$name fails when one expectation is turned round", { timeout: TIMEOUT_MS }, ({ scenario }) => {
    for (const variant of expandVariants(scenario)) {
      for (const [position, expectation] of variant.expect.entries()) {
        const verdict = verdictOf({ ...variant, expect: [inverted(expectation)] });
        expect(verdict, `${variant.variant}, expectation ${position + 1}`).not.toBe("held");
      }
    }
  });

  const harmed = single.filter(({ scenario }) => expandVariants(scenario).some(harms));
  it.each(harmed)("$name fails when nothing goes wrong", { timeout: TIMEOUT_MS }, ({ scenario }) => {
    for (const variant of expandVariants(scenario).filter(harms)) {
      expect(verdictOf(withoutHarm(variant)), String(variant.variant)).not.toBe("held");
    }
  });

  const planted = single.filter(({ scenario }) => expandVariants(scenario).some(({ mutate }) => mutate.length > 0));
  it("there are nine planted bugs, and a client's mistake", () => {
    expect(planted).toHaveLength(9);
    expect(scenarios.filter(({ name }) => name.startsWith("history/"))).toHaveLength(10);
  });

  it.each(planted)("$name fails when its bug is not planted", { timeout: TIMEOUT_MS }, ({ scenario }) => {
    for (const variant of expandVariants(scenario).filter(({ mutate }) => mutate.length > 0)) {
      expect(verdictOf({ ...variant, mutate: [] }), String(variant.variant)).not.toBe("held");
    }
  });
});

describe("studies of the library", () => {
  it.each(studies)("$name holds, and each figure could have failed", { timeout: TIMEOUT_MS }, ({ name, scenario }) => {
    const study = scenario.study as NonNullable<Scenario["study"]>;
    const runs = makeRuns(scenario);
    rows.push(...rowsOf(`scenarios/${name}.yaml`, scenario, runs));
    const odd = runs.results.filter(({ verdict }) => verdict !== "held");
    expect(odd.map(({ variant, seed, violation }) => `${variant} ${seed}: ${violation?.text}`)).toEqual([]);
    const tally = runs.tally as StudyTally;
    const results = judgeTally(tally);
    expect(results.filter((result) => !result.held).map(({ expected, seen }) => `${expected}: ${seen}`)).toEqual([]);
    for (const expectation of study.expectations) {
      const opposite: StudyExpectation = { ...expectation, compare: OPPOSITE[expectation.compare] };
      const turned = judgeTally({ ...tally, study: { ...study, expectations: [opposite] } });
      expect(
        turned.every((result) => !result.held),
        JSON.stringify(expectation),
      ).toBe(true);
    }
  });

  const harmed = studies.filter(({ scenario }) => expandVariants(scenario).some(harms));
  it.each(harmed)("$name fails when nothing goes wrong", { timeout: TIMEOUT_MS }, ({ scenario }) => {
    const study = { ...(scenario.study as NonNullable<Scenario["study"]>), lastSeed: "10" };
    const variants = scenario.variants.map(withoutHarm);
    expect(makeRuns({ ...withoutHarm(scenario), study, variants }).ok).toBe(false);
  });
});

describe("claims of the library", () => {
  const claiming = single.filter(({ scenario }) => scenario.claims.length > 0);

  it("stand as the pages say, which are fresh", { timeout: TIMEOUT_MS }, () => {
    for (const { name, scenario } of claiming) rows.push(...claimRows(`scenarios/${name}.yaml`, scenario));
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
    const sorted = sortClaims(rows);
    // Written anew by `npx lockstep claims --write docs`.
    expect(readFileSync(resolve(root, "../docs/claims.md"), "utf8")).toBe(claimsPage(sorted));
    expect(readFileSync(resolve(root, "../docs/TIMING.md"), "utf8")).toBe(timingPage(sorted));
  });

  it("are all of those about quorums, elections and replication, each judged once", () => {
    const ids = scenarios.flatMap(({ scenario }) => scenario.claims.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = [
      ...Array.from({ length: 9 }, (_, at) => `Q${at + 1}`),
      ...Array.from({ length: 11 }, (_, at) => `E${at + 1}`),
      ...["R1", "R2", "R3", "R4", "R6", "R7"],
    ];
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });
});
