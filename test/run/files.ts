/** The scenario files, as the tests of runs need them. */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { RunResult } from "../../src/run/result.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { formatProblem } from "../../src/scenario/problem.ts";
import { expandVariants, type Scenario } from "../../src/scenario/scenario.ts";

const FOLDER = resolve(import.meta.dirname, "../../scenarios");

/** One way to run a file. */
export interface FileRun {
  /** `election/first-election`, or `election/handover#told` for a variant. */
  readonly name: string;
  readonly scenario: Scenario;
  /** Its own, canonical. */
  readonly seed: string;
}

/** Every file under `scenarios/` in every variant, by name. */
export function fileRuns(): FileRun[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((file) => /\.ya?ml$/.test(file));
  return files.sort().flatMap((file) => {
    const source = readFileSync(resolve(FOLDER, file), "utf8");
    const { scenario, problems } = parseScenario(source);
    if (scenario === null) throw new Error(problems.map((one) => formatProblem(one, file, source)).join("\n"));
    const plain = file.replace(/\.ya?ml$/, "");
    return expandVariants(scenario).map((variant) => ({
      name: variant.variant === null ? plain : `${plain}#${variant.variant}`,
      scenario: variant,
      seed: variant.seed ?? "1",
    }));
  });
}

/** Why a run did not hold, or that nothing happened in it; empty where it held. */
export function whyNot(result: RunResult): string {
  if (result.events === 0) return "nothing happened";
  if (result.verdict === "held") return "";
  const { violation } = result;
  return violation === null ? `${result.verdict}: ${result.note}` : `${violation.property}: ${violation.text}`;
}
