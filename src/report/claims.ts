// Claims with their figures: every run that a scenario asks for is made, and what its file says about claims of the field is
// filled in with what the runs measured.

import { executeScenario } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import type { Claim, ClaimVerdict, FigurePart } from "../scenario/claim.ts";
import { parseFigure } from "../scenario/claim.ts";
import { statisticOf } from "../scenario/judge-study.ts";
import { printSeen } from "../scenario/print-expectation.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import { parseSeedRange, seedsOf } from "../scenario/seed.ts";
import { unitOf } from "../scenario/study.ts";
import { isGauged, measureRun } from "./measure.ts";
import { createTally, judgeTally, needsGauge, type StudyTally, tallyRun } from "./study-tally.ts";

/** A claim judged. */
export interface ClaimRow {
  readonly id: string;
  readonly claim: string;
  readonly verdict: ClaimVerdict;
  readonly condition?: string;
  readonly figure: string;
  readonly real?: string;
  readonly note?: string;
  /** Prints the figure again. */
  readonly command: string;
  /** Whether everything that the scenario expects came true, so that the verdict stands. */
  readonly ok: boolean;
}

/** Everything that the runs of one scenario came to. */
export interface ClaimRuns {
  /** Variant by variant, seed by seed. */
  readonly results: readonly RunResult[];
  /** Null where the scenario is no study. */
  readonly tally: StudyTally | null;
  /** Every run and the study as a whole came out as expected. */
  readonly ok: boolean;
}

/** The rows of a scenario's claims, `file` being where it was read. Makes all its runs; empty where it claims nothing. */
export function claimRows(file: string, scenario: Scenario): ClaimRow[] {
  return scenario.claims.length === 0 ? [] : rowsOf(file, scenario, makeRuns(scenario));
}

/** Makes every run that a scenario asks for; its own seed where it is no study, 1 where it has none. */
export function makeRuns(scenario: Scenario): ClaimRuns {
  const making = makingRuns(scenario);
  for (;;) {
    const made = making.next();
    if (made.done === true) return made.value;
  }
}

/** The same, which halts after each run for whoever wants to look up from it. */
export function* makingRuns(scenario: Scenario): Generator<void, ClaimRuns> {
  const variants = expandVariants(scenario);
  const { study } = scenario;
  const tally = study === null ? null : createTally(study, variants);
  const asked = study === null ? null : parseSeedRange(`${study.firstSeed}..${study.lastSeed}`);
  const range = asked === null || "message" in asked ? null : asked;
  const own = scenario.seed ?? "1";
  const gauge = (tally !== null && needsGauge(tally)) || scenario.claims.some(isGaugedClaim);
  const results: RunResult[] = [];
  for (const variant of variants) {
    for (let offset = 0; offset < (range === null ? 1 : range.count); offset++) {
      const seed = range === null ? own : (seedsOf(range, offset, 1)[0] as string);
      const result = executeScenario(variant, seed, { gauge });
      if (tally !== null) tallyRun(tally, result);
      results.push(result);
      yield;
    }
  }
  const held = results.every((result) => result.verdict === "held");
  return { results, tally, ok: held && (tally === null || judgeTally(tally).every((result) => result.held)) };
}

/** The rows of a scenario's claims, filled in from its runs. */
export function rowsOf(file: string, scenario: Scenario, runs: ClaimRuns): ClaimRow[] {
  return scenario.claims.map(({ id, claim, verdict, condition, figure, real, note }) => ({
    id,
    claim,
    verdict,
    ...(condition === null ? {} : { condition }),
    figure: fillAll(figure, runs),
    ...(real === null ? {} : { real }),
    ...(note === null ? {} : { note: fillAll(note, runs) }),
    command: `npx lockstep run ${file}`,
    ok: runs.ok,
  }));
}

/** Rows in the order of the list of claims: by letter as it has them, then by number. */
export function sortClaims(rows: readonly ClaimRow[]): ClaimRow[] {
  const place = ({ id }: ClaimRow): number => ORDER.indexOf(id.charAt(0)) * 100 + Number(id.slice(1));
  return [...rows].sort((a, b) => place(a) - place(b) || (a.command < b.command ? -1 : a.command > b.command ? 1 : 0));
}

const ORDER = "QERSDKOTABCFGHIJLMNPUVWXYZ";

function partsOf(figure: string): readonly FigurePart[] {
  const parts = parseFigure(figure);
  return "message" in parts ? [{ kind: "text", text: figure }] : parts;
}

function isGaugedClaim({ figure, note }: Claim): boolean {
  return [...partsOf(figure), ...partsOf(note ?? "")].some(
    (part) => part.kind === "statistic" && isGauged(part.measure),
  );
}

function fillAll(figure: string, runs: ClaimRuns): string {
  return partsOf(figure)
    .map((part) => fill(part, runs))
    .join("");
}

function fill(part: FigurePart, { results, tally }: ClaimRuns): string {
  if (part.kind === "text") return part.text;
  const own = results.filter((result) => part.variant === null || result.variant === part.variant);
  switch (part.kind) {
    case "statistic": {
      const numbers = own.flatMap((result) => measureRun(result, part.measure));
      const figure = statisticOf(part.statistic, numbers, part.fromValue, part.untilValue);
      const unit = unitOf(part.statistic, part.measure);
      if (figure === null) return "nothing";
      // A tenth of a percent is as much as anybody reads.
      return printSeen(unit === "ppm" ? Math.round(figure / 1_000) * 1_000 : figure, unit);
    }
    case "counter":
      return printSeen(
        own.reduce((sum, result) => sum + (result.coverage[part.counter] ?? 0), 0),
        "count",
      );
    case "seen": {
      const singles = own[0]?.expectations ?? [];
      const study = tally === null ? [] : judgeTally(tally);
      return singles[part.place - 1]?.seen ?? study[part.place - 1 - singles.length]?.seen ?? "nothing";
    }
  }
}
