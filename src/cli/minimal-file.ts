// The small scenario of a failure as a file. Of two that fail in the same way the smaller one stays: a short time for shrinking
// takes nothing away from what a longer one came to.

import { readFileSync } from "node:fs";
import { isSmaller, minimalScenario, sizeOfFailing } from "../explore/minimal.ts";
import type { Failing } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import { executeScenario } from "../run/execute.ts";
import { formatScenario } from "../scenario/format.ts";
import { parseScenario } from "../scenario/parse.ts";
import { isKept } from "../sweep/shrink-task.ts";
import { writeWhole } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";

/** What is in the file now. */
export interface MinimalFile {
  readonly text: string;
  readonly failing: Failing;
  /** It was there before, and is smaller than what was to be written. */
  readonly stays: boolean;
}

/** The small scenario of a failure as text. */
export function minimalText(from: Failing, best: Failing): string {
  return formatScenario(minimalScenario(best, { name: from.scenario.name, size: sizeOfFailing(from) }));
}

/** Writes `best`, unless a smaller one that fails as `keep` says is there. Throws a complaint where the disk refuses. */
export function writeMinimal(path: string, from: Failing, best: Failing, keep: string): MinimalFile {
  const there = minimalIn(path, best, keep);
  if (there !== null) return there;
  const text = minimalText(from, best);
  const [problem] = parseScenario(text).problems;
  if (problem !== undefined)
    throw complaint(
      `the small scenario of ${from.scenario.name} is no file that can be read: ${problem.message}`,
      "the artifact has the run as it was found",
      ExitCode.OwnError,
    );
  writeWhole(path, text);
  return { text, failing: best, stays: false };
}

/** The scenario that is there, if it is smaller and still fails in the same way. */
function minimalIn(path: string, best: Failing, keep: string): MinimalFile | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  const { scenario } = parseScenario(text);
  if (scenario === null || scenario.seed === null || !scenario.tags.includes("minimal")) return null;
  if (scenario.mutate.join() !== best.scenario.mutate.join()) return null;
  try {
    const failing = { scenario, seed: scenario.seed, result: executeScenario(scenario, scenario.seed) };
    if (!isKept(keep, signatureOf(failing.result)) || !isSmaller(sizeOfFailing(failing), sizeOfFailing(best)))
      return null;
    return { text, failing, stays: true };
  } catch {
    // What cannot be run any more is no loss.
    return null;
  }
}
