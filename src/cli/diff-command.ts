// `lockstep diff`: the first event in which two runs of one scenario differ.

import { diffDocument, diffLines } from "../report/diff-lines.ts";
import { firstDifference } from "../run/first-difference.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { OverrideOptions } from "./override.ts";
import { type NamedRun, resolveRun } from "./resolve-run.ts";
import type { Terminal } from "./terminal.ts";

/** Compares; exit 0 where they are the same run, 1 where they part. */
export async function diffCommand(
  nameA: string,
  nameB: string,
  options: OverrideOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const [a, b] = [await resolveRun(nameA, options), await resolveRun(nameB, options)];
  if (a.scenario.name !== b.scenario.name || a.scenario.protocol !== b.scenario.protocol)
    throw complaint(
      `these are runs of different scenarios: ${a.scenario.name} and ${b.scenario.name}`,
      "two seeds, variants or engine versions of one scenario can be compared",
    );
  const [runA, runB] = [comparedOf(a), comparedOf(b)];
  const document = diffDocument(runA, runB, firstDifference(runA, runB));
  if (options.json === true) terminal.write(`${JSON.stringify(document, null, 2)}\n`);
  else terminal.out(diffLines(document, [titleOf(a), titleOf(b)], terminal.layout));
  return document.same ? ExitCode.Held : ExitCode.Violated;
}

function comparedOf({ scenario, seed, record }: NamedRun): {
  scenario: NamedRun["scenario"];
  seed: string;
  untilEvent: number;
} {
  return { scenario, seed, untilEvent: record?.stoppedAfter ?? Number.POSITIVE_INFINITY };
}

function titleOf({ scenario, seed }: NamedRun): string {
  return `${scenario.name}${scenario.variant === null ? "" : `/${scenario.variant}`}  seed ${seed}`;
}
