// The scoreboard of the hunts: for each planted bug how many seeds it took to find it, by what, and how small its failure became.
// A page of Markdown, made from the records of hunts; what it says of other bugs stays.

import type { Bug } from "../explore/bugs.ts";
import { counted, grouped } from "./figures.ts";

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

/** What a page begins with. */
export const SCOREBOARD_TITLE = "# Scoreboard";

/** A line of an earlier page, of a bug that no record is of: its cells. */
export type ScoreboardRow = readonly string[];

/** Cells of a line of a bug that was found, of one that was not, and of one that cannot be. */
const CELLS_FOUND = 10;
const CELLS_MISSED = 5;
const CELLS_REASON = 2;

/** The lines of a page, by bug; the number of the first line of a bug that has another form, as in pages of other versions. */
export function scoreboardRows(page: string): Map<string, ScoreboardRow> | number {
  const rows = new Map<string, ScoreboardRow>();
  for (const [at, line] of page.split("\n").entries()) {
    const id = /^\| `([a-z0-9-]+)` \|/.exec(line)?.[1];
    const cells = line.split("|").slice(1, -1);
    if (id === undefined || cells.length === CELLS_REASON) continue;
    if (cells.length !== CELLS_FOUND && cells.length !== CELLS_MISSED) return at + 1;
    rows.set(
      id,
      cells.map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** The line of a record. */
function rowOf(bug: Bug, record: HuntRecord): ScoreboardRow {
  const found = record.seedsToFind.filter((seeds) => seeds !== null).sort((a, b) => a - b);
  const head = [`\`${bug.id}\``, bug.difficulty, record.strategy];
  if (found.length === 0) return [...head, grouped(record.range * record.seedsToFind.length), record.engine];
  const worst =
    found.length < record.seedsToFind.length ? `> ${grouped(record.range)}` : grouped(found.at(-1) as number);
  const first = record.firstProperty === record.property ? "" : ` (first \`${record.firstProperty}\`)`;
  const size = (one: { faults: number; operations: number } | null): string =>
    one === null ? "" : `${grouped(one.faults)} / ${grouped(one.operations)}`;
  return [
    ...head,
    `${found.length} of ${record.seedsToFind.length}`,
    grouped(found[(found.length - 1) >> 1] as number),
    worst,
    `\`${record.property}\`${first}`,
    size(record.before),
    size(record.after),
    record.engine,
  ];
}

/** How many ranges a line is about in which the bug was found in each, if it was made by that engine; else 0. */
export function rangesFound(row: ScoreboardRow, engine: string): number {
  const [found, all] = (row[3] ?? "").split(" of ").map(Number);
  return row.length === CELLS_FOUND && row.at(-1) === engine && all !== undefined && found === all ? all : 0;
}

const lineOf = (row: ScoreboardRow): string => `| ${row.join(" | ")} |`;

/** What a bug was shrunk to, by its line; null: it was not. */
function shrunkTo(row: ScoreboardRow): { readonly faults: number; readonly operations: number } | null {
  const [faults, operations] = (row[CELLS_FOUND - 2] ?? "")
    .split(" / ")
    .map((text) => Number(text.replaceAll(",", "")));
  return faults === undefined || operations === undefined ? null : { faults, operations };
}

/** The page, of records and, where there is none of a bug, of its line in an earlier page. */
export function scoreboardText(
  bugs: readonly Bug[],
  records: ReadonlyMap<string, HuntRecord>,
  earlier: ReadonlyMap<string, ScoreboardRow> = new Map(),
): string {
  const lines: string[] = [
    SCOREBOARD_TITLE,
    "",
    "How many seeds it takes to find each planted bug, and how small its failure becomes. This page is written by",
    "",
    "```sh",
    "npx lockstep bugs hunt --scoreboard docs/SCOREBOARD.md",
    "```",
    "",
    "which takes some hours on two free cores, and with `--resume` goes on where it was interrupted. With the names of bugs it",
    "hunts those anew and leaves the other lines as they are. *Engine* is the version that a line was made by; with the same one",
    "`npx lockstep bugs hunt <id>` takes the same seeds. Nothing in a hunt knows the bug: it is planted, the swarm draws worlds",
    "of 60 virtual seconds, and the properties that hold for every world are checked after each step. *Seeds* is the median over",
    "disjoint ranges of seeds (20 for bugs thought easy, 5 for medium ones, 1 for hard ones, unless `--ranges` says otherwise)",
    "and the worst of them. Hard ones that the swarm does not find are looked for by `pct`, `targeted` and `guided`. A find",
    "counts where the property that fired is the one listed for the bug or one beside it; where another fired first it is named.",
    "Sizes are faults / operations, before and after shrinking for at most 60 s.",
    "",
    "## Found",
    "",
    "| bug | thought | strategy | found | seeds, median | worst | property | before | after | engine |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  const missed: string[] = [];
  const hunted = new Set<string>();
  const sizes: { faults: number; operations: number }[] = [];
  for (const bug of bugs) {
    const record = records.get(bug.id);
    const row = record === undefined ? earlier.get(bug.id) : rowOf(bug, record);
    if (bug.reason !== null || row === undefined) continue;
    hunted.add(bug.id);
    if (row.length === CELLS_MISSED) missed.push(lineOf(row));
    else {
      const size = shrunkTo(row);
      if (size !== null) sizes.push(size);
      lines.push(lineOf(row));
    }
  }
  if (sizes.length > 0) {
    const middle = (numbers: readonly number[]): number =>
      [...numbers].sort((a, b) => a - b)[(numbers.length - 1) >> 1] as number;
    const most = (numbers: readonly number[]): number => Math.max(...numbers);
    const faults = sizes.map((size) => size.faults);
    const operations = sizes.map((size) => size.operations);
    lines.push(
      "",
      `After shrinking: median ${middle(faults)} faults and ${middle(operations)} operations, at most ${most(faults)} faults and ${most(operations)} operations, over ${counted(sizes.length, "bug")}.`,
    );
  }
  if (missed.length > 0) {
    lines.push(
      "",
      "## Not found",
      "",
      "| bug | thought | strategy | seeds | engine |",
      "| --- | --- | --- | --- | --- |",
      ...missed,
    );
  }
  const waiting = bugs.filter((bug) => bug.reason === null && !hunted.has(bug.id));
  if (waiting.length > 0) {
    lines.push("", "## Not hunted yet", "", waiting.map((bug) => `\`${bug.id}\``).join(", "));
  }
  lines.push("", "## Not expressible in this version", "", "| bug | reason |", "| --- | --- |");
  for (const bug of bugs) if (bug.reason !== null) lines.push(`| \`${bug.id}\` | ${bug.reason} |`);
  return `${lines.join("\n")}\n`;
}
