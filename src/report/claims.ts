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

/** The rows of a scenario's claims; makes all its runs. Empty where it claims nothing. `seed` where the file has none: 1. */
export function claimRows(file: string, scenario: Scenario): ClaimRow[] {
  if (scenario.claims.length === 0) return [];
  const figures = scenario.claims.map((claim) => partsOf(claim));
  const gauge = figures.flat().some((part) => part.kind === "statistic" && isGauged(part.measure));
  const runs = runsOf(scenario, gauge);
  const ok = runs.ok;
  return scenario.claims.map(({ id, claim, verdict, condition, real, note }, at) => ({
    id,
    claim,
    verdict,
    ...(condition === null ? {} : { condition }),
    figure: (figures[at] as readonly FigurePart[]).map((part) => fill(part, runs)).join(""),
    ...(real === null ? {} : { real }),
    ...(note === null ? {} : { note }),
    command: `npx lockstep run ${file}`,
    ok,
  }));
}

/** Rows in the order of the list of claims: by letter as it has them, then by number. */
export function sortClaims(rows: readonly ClaimRow[]): ClaimRow[] {
  const place = ({ id }: ClaimRow): number => ORDER.indexOf(id.charAt(0)) * 100 + Number(id.slice(1));
  return [...rows].sort((a, b) => place(a) - place(b) || (a.command < b.command ? -1 : a.command > b.command ? 1 : 0));
}

const ORDER = "QERSDKOTABCFGHIJLMNPUVWXYZ";

function partsOf(claim: Claim): readonly FigurePart[] {
  const parts = parseFigure(claim.figure);
  return "message" in parts ? [{ kind: "text", text: claim.figure }] : parts;
}

interface ClaimRuns {
  readonly results: readonly RunResult[];
  readonly ok: boolean;
  readonly tally: StudyTally | null;
}

function runsOf(scenario: Scenario, gauge: boolean): ClaimRuns {
  const variants = expandVariants(scenario);
  const { study } = scenario;
  const tally = study === null ? null : createTally(study, variants);
  const range = study === null ? null : parseSeedRange(`${study.firstSeed}..${study.lastSeed}`);
  const gauged = gauge || (tally !== null && needsGauge(tally));
  const results: RunResult[] = [];
  for (const variant of variants) {
    const count = range === null || "message" in range ? 1 : range.count;
    for (let offset = 0; offset < count; offset++) {
      const [seed] = range === null || "message" in range ? [scenario.seed ?? "1"] : seedsOf(range, offset, 1);
      const result = executeScenario(variant, seed as string, { gauge: gauged });
      if (tally !== null) tallyRun(tally, result);
      results.push(result);
    }
  }
  const held = results.every((result) => result.verdict === "held");
  return { results, tally, ok: held && (tally === null || judgeTally(tally).every((result) => result.held)) };
}

function fill(part: FigurePart, { results, tally }: ClaimRuns): string {
  if (part.kind === "text") return part.text;
  const own = results.filter((result) => part.variant === null || result.variant === part.variant);
  switch (part.kind) {
    case "statistic": {
      const numbers = own.flatMap((result) => measureRun(result, part.measure));
      const figure = statisticOf(part.statistic, numbers, part.fromValue, part.untilValue);
      return figure === null ? "nothing" : printSeen(figure, unitOf(part.statistic, part.measure));
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
