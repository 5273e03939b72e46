// A study as a table: each expectation on the whole, what was seen, by variant.

import { counted } from "./figures.ts";
import { fillText, spread } from "./fill.ts";
import { verdictSpan } from "./run-block.ts";
import type { StudyDocument } from "./run-document.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";

/** A study that is over. */
export interface FinishedStudy {
  readonly document: StudyDocument;
  readonly title: string;
  /** As given: `1..20`. */
  readonly seeds: string;
  readonly runs: number;
}

/** The lines of a study. */
export function studyLines({ document, title, seeds, runs }: FinishedStudy, layout: Layout): Line[] {
  const { held, scenario: name, expectations: results } = document;
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
