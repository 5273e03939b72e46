// The scoreboard of the hunts: for each planted bug how many seeds it took to find it, by what, and how small its failure became.
// A page of Markdown, made from the records of hunts.

import type { Bug } from "../explore/bugs.ts";
import { grouped } from "./figures.ts";

/** What the hunts for one bug came to. Plain JSON: one line of the record. */
export interface HuntRecord {
  readonly id: string;
  readonly engine: string;
  readonly strategy: string;
  /** Seeds that each range took; null: not found in it. */
  readonly seedsToFind: readonly (number | null)[];
  /** Seeds of one range. */
  readonly range: number;
  /** The property that counted, and the one that fired first in the same run. */
  readonly property: string | null;
  readonly firstProperty: string | null;
  /** Virtual seconds of all runs of the first range up to the one that found it. */
  readonly virtualSeconds: number;
  readonly before: { readonly faults: number; readonly operations: number } | null;
  readonly after: { readonly faults: number; readonly operations: number; readonly members: number } | null;
}

/** The page. */
export function scoreboardText(bugs: readonly Bug[], records: ReadonlyMap<string, HuntRecord>): string {
  const lines: string[] = [
    "# Scoreboard",
    "",
    "How many seeds it takes to find each planted bug, and how small its failure becomes. This page is written by",
    "",
    "```sh",
    "npx lockstep bugs hunt --scoreboard docs/SCOREBOARD.md",
    "```",
    "",
    "which takes an hour or two on two free cores, and with `--resume` goes on where it was interrupted; `npx lockstep bugs",
    "hunt <id>` repeats one line of it. Nothing in a hunt knows the bug: it is planted, the swarm draws worlds of 60 virtual",
    "seconds, and the properties that hold for every world are checked after each step. *Seeds* is the median over disjoint",
    "ranges of seeds (20 for bugs thought easy, 5 for medium ones, 1 for hard ones, unless `--ranges` says otherwise) and the",
    "worst of them. Hard ones that the swarm does not find are looked for by `pct`, `targeted` and `guided`. A find counts where",
    "the property that fired is the one listed for the bug or one beside it; where another fired first it is named. Sizes are",
    "faults / operations, before and after shrinking for at most 60 s.",
    "",
    "## Found",
    "",
    "| bug | thought | strategy | found | seeds, median | worst | property | before | after |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const missed: string[] = [];
  const sizes: { faults: number; operations: number }[] = [];
  for (const bug of bugs) {
    const record = records.get(bug.id);
    if (bug.reason !== null || record === undefined) continue;
    const found = record.seedsToFind.filter((seeds) => seeds !== null).sort((a, b) => a - b);
    if (found.length === 0) {
      missed.push(
        `| \`${bug.id}\` | ${bug.difficulty} | ${record.strategy} | ${grouped(record.range * record.seedsToFind.length)} |`,
      );
      continue;
    }
    const median = found[(found.length - 1) >> 1] as number;
    const worst =
      found.length < record.seedsToFind.length ? `> ${grouped(record.range)}` : grouped(found.at(-1) as number);
    const first = record.firstProperty === record.property ? "" : ` (first \`${record.firstProperty}\`)`;
    const size = (one: { faults: number; operations: number } | null): string =>
      one === null ? "" : `${grouped(one.faults)} / ${grouped(one.operations)}`;
    if (record.after !== null) sizes.push(record.after);
    lines.push(
      `| \`${bug.id}\` | ${bug.difficulty} | ${record.strategy} | ${found.length} of ${record.seedsToFind.length} | ${grouped(median)} | ${worst} | \`${record.property}\`${first} | ${size(record.before)} | ${size(record.after)} |`,
    );
  }
  if (sizes.length > 0) {
    const middle = (numbers: readonly number[]): number =>
      [...numbers].sort((a, b) => a - b)[(numbers.length - 1) >> 1] as number;
    const most = (numbers: readonly number[]): number => Math.max(...numbers);
    const faults = sizes.map((size) => size.faults);
    const operations = sizes.map((size) => size.operations);
    lines.push(
      "",
      `After shrinking: median ${middle(faults)} faults and ${middle(operations)} operations, at most ${most(faults)} faults and ${most(operations)} operations, over ${sizes.length} bugs.`,
    );
  }
  if (missed.length > 0) {
    lines.push("", "## Not found", "", "| bug | thought | strategy | seeds |", "| --- | --- | --- | --- |", ...missed);
  }
  const waiting = bugs.filter((bug) => bug.reason === null && !records.has(bug.id));
  if (waiting.length > 0) {
    lines.push("", "## Not hunted yet", "", waiting.map((bug) => `\`${bug.id}\``).join(", "));
  }
  lines.push("", "## Not expressible in this version", "", "| bug | reason |", "| --- | --- |");
  for (const bug of bugs) if (bug.reason !== null) lines.push(`| \`${bug.id}\` | ${bug.reason} |`);
  return `${lines.join("\n")}\n`;
}
