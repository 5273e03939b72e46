// A study as a table: each expectation on the whole, what was seen, by variant.

import type { StudyResult } from "../scenario/judge-study.ts";
import { counted } from "./figures.ts";
import { fillText, spread } from "./fill.ts";
import { verdictSpan } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";

/** The lines of a study over `runs` runs. */
export function studyLines(
  name: string,
  title: string,
  seeds: string,
  runs: number,
  results: readonly StudyResult[],
  layout: Layout,
): Line[] {
  const held = results.every((result) => result.held);
  const lines = spread(
    [verdictSpan(held ? "held" : "violated", layout), span(" "), span(name, "strong")],
    [span(title, "dim")],
    layout.width,
  );
  lines.push([span(`  study of ${counted(runs, "run")} ${layout.signs.point} seeds ${seeds}`)]);
  for (const result of results) {
    const sign = verdictSpan(result.held ? "held" : "violated", layout);
    const text = `${result.expected} ${layout.signs.dash} ${result.seen}`;
    lines.push(...fillText([span("    "), sign, span(" ")], text, result.held ? "plain" : "bad", layout.width));
  }
  return lines;
}
