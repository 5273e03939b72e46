// What a failure came down to: the few faults and operations with which it still fails in the same way.

import { minimalScenario, type Size, sizeOfFailing } from "../explore/minimal.ts";
import type { Failing } from "../explore/shrink.ts";
import { formatMicros } from "../kernel/time.ts";
import { printFault } from "../scenario/format.ts";
import { printPredicate } from "../scenario/print-predicate.ts";
import type { Fault } from "../scenario/scenario.ts";
import { counted, grouped, spentTime } from "./figures.ts";
import { fillItems, fillText, labelSpan } from "./fill.ts";
import { shellWord } from "./reported-run.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";

/** A failure made small. */
export interface MinimalReport {
  readonly from: Size;
  readonly best: Failing;
  /** Runs that it took, and their real time. */
  readonly runs: number;
  readonly spentMicros: number;
  /** The file it is in; null where there is none, and why. */
  readonly path: string | null;
  readonly why: string | null;
}

/** Faults that are listed; of more, how many stand in the file. */
const FAULTS_MAX = 8;

/** The small scenario: how much of the run is left, what happens in it, and the command that runs it. */
export function minimalLines({ from, best, runs, spentMicros, path }: MinimalReport, layout: Layout): Line[] {
  const size = sizeOfFailing(best);
  const items = [
    `${grouped(size.faults)} of ${counted(from.faults, "fault")}`,
    `${grouped(size.operations)} of ${counted(from.operations, "operation")}`,
    `${grouped(size.members)} of ${counted(from.members, "member")}`,
  ].map((text): Line => [span(text)]);
  items.push([span(`${counted(runs, "run")}, ${spentTime(spentMicros)}`, "dim")]);
  const lines = fillItems(labelSpan("minimal"), items, span(` ${layout.signs.point} `, "dim"), layout.width);
  const { faults } = minimalScenario(best, { name: best.scenario.name, size: from });
  for (const [at, fault] of faults.slice(0, FAULTS_MAX).entries())
    lines.push(...fillText([span(`    ${whenOf(fault)}  `, "dim")], printFault(fault, at), "fault", layout.width));
  if (faults.length > FAULTS_MAX) lines.push([span(`    and ${faults.length - FAULTS_MAX} more in the file`, "dim")]);
  if (path !== null) lines.push([span("    "), span(`npx lockstep ${shellWord(path)}`, "command")]);
  return lines;
}

function whenOf({ trigger }: Fault): string {
  switch (trigger.kind) {
    case "time":
      return formatMicros(trigger.atMicros);
    case "event":
      return `event ${grouped(trigger.event)}`;
    case "when":
      return `when ${printPredicate(trigger.predicate)}`;
  }
}
