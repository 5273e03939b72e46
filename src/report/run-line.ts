// Runs in one line each, and many seeds of one scenario in one line together.

import { counted, grouped, shortDigest, shortTime, spentTime } from "./figures.ts";
import { fillText } from "./fill.ts";
import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import { headline, verdictSpan } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import { clipped, columnsOf, type Line, lineColumns, padded, type Span, span } from "./span.ts";

/** How wide the columns of a table of runs are. */
export interface RunColumns {
  readonly name: number;
  readonly seed: number;
  /** Figures that there is room for, widest table first cut from the right: took, ops, events. */
  readonly figures: number;
  readonly digest: boolean;
}

/** Names are cut to no less than this before figures are left out. */
const NAME_MIN = 16;
const DIGEST_COLUMNS = 11;

const FIGURES = [
  { title: "virtual", columns: 9 },
  { title: "events", columns: 10 },
  { title: "ops", columns: 8 },
  { title: "took", columns: 8 },
] as const;

/** Columns for names and seeds as wide as the longest among them, and as many figures as there is room for. */
export function runColumns(names: readonly string[], seeds: readonly string[], width: number): RunColumns {
  let name = 12;
  let seed = 6;
  for (const one of names) name = Math.max(name, one.length);
  for (const one of seeds) seed = Math.max(seed, one.length + 2);
  const room = width - 2 - seed;
  let figures: number = FIGURES.length;
  const wide = (count: number): number => FIGURES.slice(0, count).reduce((sum, figure) => sum + figure.columns, 0);
  while (figures > 0 && room - wide(figures) < Math.min(name, NAME_MIN)) figures--;
  const digest = room - wide(figures) - DIGEST_COLUMNS >= Math.min(name, NAME_MIN);
  const left = room - wide(figures) - (digest ? DIGEST_COLUMNS : 0);
  return { name: Math.max(4, Math.min(name, left)), seed, figures, digest };
}

/** The line above a table of runs. */
export function runHeading(columns: RunColumns): Line {
  let text = `  ${padded("scenario", columns.name)}${"seed".padStart(columns.seed)}`;
  for (const { title, columns: width } of FIGURES.slice(0, columns.figures)) text += title.padStart(width);
  return [span(columns.digest ? `${text}  digest` : text, "dim")];
}

/** The name in its column; a long one is cut before its variant, which tells it from its neighbours. */
function nameCell(name: string, columns: RunColumns, layout: Layout): string {
  const { more } = layout.signs;
  const slash = name.lastIndexOf("/");
  const variant = slash < 0 ? "" : name.slice(slash);
  const room = columns.name - columnsOf(variant);
  if (variant === "" || room < 6) return padded(clipped(name, columns.name, more), columns.name);
  return padded(clipped(name.slice(0, slash), room, more) + variant, columns.name);
}

/** The run in one line; where it did not hold, one more says what, and one how to run it again. */
export function runLines(run: ReportedRun, columns: RunColumns, layout: Layout): Line[] {
  const { result } = run;
  const figures = [
    shortTime(result.virtualMicros),
    grouped(result.events),
    grouped(result.operations.ok),
    run.wallMicros === null ? "" : spentTime(run.wallMicros),
  ];
  let text = result.seed.padStart(columns.seed);
  for (const [at, figure] of figures.slice(0, columns.figures).entries())
    text += ` ${figure.padStart((FIGURES[at]?.columns ?? 1) - 1)}`;
  const line: Line = [
    verdictSpan(result.verdict, layout),
    span(" "),
    span(nameCell(runName(run), columns, layout), "strong"),
    span(text),
    span(columns.digest ? `  ${shortDigest(result.digest, layout.signs.more)}` : "", "dim"),
  ];
  return result.verdict === "held" ? [line] : [line, ...troubleLines(run, layout)];
}

/** Of a run that did not hold only what it is and what happened, in one line, and the command that runs it again. */
export function shortLines(run: ReportedRun, layout: Layout): Line[] {
  const { result } = run;
  const what = headline(result).replace(/ \(event .*\)$/, "");
  const before = `${runName(run)}  seed ${result.seed}  `;
  const room = Math.max(16, layout.width - 2 - columnsOf(before));
  const line: Line = [
    verdictSpan(result.verdict, layout),
    span(" "),
    span(before),
    span(clipped(what, room, layout.signs.more), result.verdict === "undecided" ? "warn" : "bad"),
  ];
  const command = replayCommand(run);
  return command === null ? [line] : [line, [span("    "), span(command, "command")]];
}

function troubleLines(run: ReportedRun, layout: Layout): Line[] {
  const { result } = run;
  const text = result.violation?.text ?? result.note;
  const lines = fillText(
    [span("    ")],
    text === "" ? headline(result) : `${headline(result)}: ${text}`,
    result.verdict === "undecided" ? "warn" : "bad",
    layout.width,
  );
  const command = replayCommand(run);
  return command === null ? lines : [...lines, [span("    "), span(command, "command")]];
}

/** Runs of one scenario over many seeds. */
export interface SeedGroup {
  readonly name: string;
  /** As given: `1..20`. */
  readonly seeds: string;
  readonly runs: number;
  readonly held: number;
  readonly undecided: number;
  readonly events: number;
  readonly wallMicros: number | null;
}

/** The group in one line. */
export function groupLine(group: SeedGroup, columns: RunColumns, layout: Layout): Line {
  const failed = group.runs - group.held - group.undecided;
  const verdict = failed > 0 ? "violated" : group.undecided > 0 ? "undecided" : "held";
  const parts = [
    span(`  seeds ${group.seeds}`),
    span(`  ${grouped(group.held)} of ${grouped(group.runs)} held`, failed > 0 ? "bad" : "plain"),
    span(`  ${counted(group.events, "event")}`, "dim"),
    span(group.wallMicros === null ? "" : `  ${spentTime(group.wallMicros)}`, "dim"),
  ];
  const line: Span[] = [verdictSpan(verdict, layout), span(" "), span(nameCell(group.name, columns, layout), "strong")];
  for (const part of parts) if (lineColumns([...line, part]) <= layout.width) line.push(part);
  return line;
}
