// Runs in one line each, and many seeds of one scenario in one line together.

import { counted, grouped, shortDigest, shortTime, spentTime } from "./figures.ts";
import { fillText } from "./fill.ts";
import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import { headline, verdictSpan } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import { clipped, type Line, padded, span } from "./span.ts";

/** How wide the columns of a table of runs are. */
export interface RunColumns {
  readonly name: number;
  readonly seed: number;
}

/** Columns for names and seeds as wide as the longest among them, within reason. */
export function runColumns(names: readonly string[], seeds: readonly string[]): RunColumns {
  let name = 12;
  let seed = 5;
  for (const one of names) name = Math.max(name, one.length);
  for (const one of seeds) seed = Math.max(seed, one.length + 1);
  return { name: Math.min(name, 36), seed };
}

const FIGURES = [
  { title: "virtual", columns: 9 },
  { title: "events", columns: 10 },
  { title: "ops", columns: 7 },
  { title: "took", columns: 7 },
] as const;

/** The line above a table of runs. */
export function runHeading(columns: RunColumns): Line {
  let text = `  ${padded("scenario", columns.name)}${"seed".padStart(columns.seed)}`;
  for (const { title, columns: width } of FIGURES) text += title.padStart(width);
  return [span(`${text}  digest`, "dim")];
}

/** The run in one line; where it did not hold, one more says what, and one how to run it again. */
export function runLines(run: ReportedRun, columns: RunColumns, layout: Layout): Line[] {
  const { result } = run;
  const { signs } = layout;
  const figures = [
    shortTime(result.virtualMicros),
    grouped(result.events),
    grouped(result.operations.ok),
    run.wallMicros === null ? "" : spentTime(run.wallMicros),
  ];
  let text = result.seed.padStart(columns.seed);
  for (const [at, figure] of figures.entries()) text += figure.padStart(FIGURES[at]?.columns ?? 0);
  const line: Line = [
    verdictSpan(result.verdict, layout),
    span(" "),
    span(padded(clipped(runName(run), columns.name, signs.more), columns.name), "strong"),
    span(text),
    span(`  ${shortDigest(result.digest, signs.more)}`, "dim"),
  ];
  return result.verdict === "held" ? [line] : [line, ...troubleLines(run, layout)];
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
  const { signs } = layout;
  const failed = group.runs - group.held - group.undecided;
  const verdict = failed > 0 ? "violated" : group.undecided > 0 ? "undecided" : "held";
  const took = group.wallMicros === null ? "" : spentTime(group.wallMicros);
  return [
    verdictSpan(verdict, layout),
    span(" "),
    span(padded(clipped(group.name, columns.name, signs.more), columns.name), "strong"),
    span(padded(`  seeds ${group.seeds}`, 16)),
    span(`${`${grouped(group.held)} of ${grouped(group.runs)}`.padStart(11)} held`, failed > 0 ? "bad" : "plain"),
    span(`${counted(group.events, "event").padStart(18)}${took.padStart(8)}`, "dim"),
  ];
}
