// `lockstep claims`: makes the runs of all scenarios that claim something and says what became of the claims.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { claimsPage, timingPage } from "../report/claim-pages.ts";
import { type ClaimRow, type ClaimRuns, makingRuns, rowsOf, sortClaims } from "../report/claims.ts";
import { counted } from "../report/figures.ts";
import { fillText } from "../report/fill.ts";
import { BLANK, type Line, padded, span } from "../report/span.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { makeFolder, writeWhole } from "./artifact-store.ts";
import { complaint, complaintLines } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { type Interrupts, interruptExit, listenForInterrupts } from "./interrupts.ts";
import { loadScenarios } from "./load-scenarios.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `claims`. */
export interface ClaimsOptions {
  readonly json?: boolean;
  readonly write?: string;
}

/** Judges claims; returns the exit code. */
export async function claimsCommand(
  names: readonly string[],
  options: ClaimsOptions,
  terminal: Terminal,
): Promise<number> {
  const loaded = await loadScenarios(names.length === 0 ? ["scenarios"] : names);
  const claiming = loaded.filter(({ scenario }) => scenario.claims.length > 0);
  if (claiming.length === 0)
    throw complaint("no scenario here claims anything", "claims: [{ id: E2, … }] in a scenario", ExitCode.NothingRan);
  const rows: ClaimRow[] = [];
  const interrupts = listenForInterrupts();
  let judged = 0;
  try {
    for (const { file, scenario } of claiming) {
      const runs = await allRuns(scenario, interrupts);
      if (runs === null) break;
      const own = rowsOf(file, scenario, runs);
      rows.push(...own);
      judged++;
      if (options.json !== true) for (const row of own) terminal.out(rowLines(row, terminal));
    }
  } finally {
    interrupts.close();
  }
  const sorted = sortClaims(rows);
  const failed = rows.filter(({ ok }) => !ok).length;
  if (options.json === true) terminal.write(`${JSON.stringify(sorted, null, 2)}\n`);
  else {
    const text = `${counted(rows.length, "claim")} judged${failed === 0 ? "" : `, ${failed} of them wrongly`}`;
    terminal.out([BLANK, [span(text, failed === 0 ? "strong" : "bad")]]);
  }
  if (interrupts.signal !== null) {
    const left = claiming.slice(judged).map(({ file }) => file);
    terminal.err(interruptedLines(judged, left, options));
    return interruptExit(interrupts.signal);
  }
  if (options.write !== undefined) {
    if (!existsSync(options.write)) makeFolder(options.write);
    writeWhole(join(options.write, "claims.md"), claimsPage(sorted));
    writeWhole(join(options.write, "TIMING.md"), timingPage(sorted));
  }
  return failed === 0 ? ExitCode.Held : ExitCode.Violated;
}

/** Every run that the scenario asks for; null: somebody stopped it. */
async function allRuns(scenario: Scenario, interrupts: Interrupts): Promise<ClaimRuns | null> {
  const making = makingRuns(scenario);
  for (;;) {
    // Signals are heard of only between turns.
    await new Promise((resolve) => setImmediate(resolve));
    if (interrupts.signal !== null) return null;
    const made = making.next();
    if (made.done === true) return made.value;
  }
}

/** Files that are named for going on. */
const LEFT_NAMED = 3;

function interruptedLines(judged: number, left: readonly string[], { write }: ClaimsOptions): readonly Line[] {
  const all = judged + left.length;
  const unwritten = write === undefined ? "" : `, and nothing is written into ${write}`;
  const more = left.length > LEFT_NAMED ? ` … (${counted(left.length, "file")})` : "";
  return complaintLines(
    `interrupted: the claims of ${judged} of ${counted(all, "scenario")} are judged${unwritten}`,
    `the rest: lockstep claims ${left.slice(0, LEFT_NAMED).join(" ")}${more}`,
  );
}

function rowLines(row: ClaimRow, { layout }: Terminal): ReturnType<typeof fillText> {
  const { signs, width } = layout;
  const sign = span(row.ok ? signs.held : signs.violated, row.ok ? "good" : "bad");
  const condition = row.condition === undefined ? "" : ` ${row.condition}`;
  const head = `${row.claim}: ${row.verdict}${condition}`;
  return [
    ...fillText([sign, span(" "), span(padded(row.id, 4), "strong")], head, "plain", width),
    ...fillText([span("      ")], row.figure, "dim", width),
    ...(row.real === undefined ? [] : fillText([span("      ")], `real: ${row.real}`, "dim", width)),
  ];
}
