// How many runs came to what: the last line of a report, and the numbers of its JSON form.

import type { Verdict } from "../run/result.ts";
import { grouped } from "./figures.ts";
import type { Layout } from "./signs.ts";
import { type Line, type Span, span } from "./span.ts";

/** Runs by verdict; `failed` counts violations and our own errors. */
export interface Totals {
  passed: number;
  failed: number;
  undecided: number;
}

/** No runs yet. */
export function createTotals(): Totals {
  return { passed: 0, failed: 0, undecided: 0 };
}

/** Counts one run. */
export function countVerdict(totals: Totals, verdict: Verdict): void {
  if (verdict === "held") totals.passed++;
  else if (verdict === "undecided") totals.undecided++;
  else totals.failed++;
}

/** `1 passed`, `218 passed, 2 failed, 1 undecided`, with the command that runs it again where there is one to name. */
export function totalsLines(totals: Totals, command: string | null, layout: Layout): Line[] {
  const parts: Span[] = [];
  const add = (count: number, word: string, role: Span["role"]): void => {
    if (count === 0 && (word !== "passed" || totals.failed + totals.undecided > 0)) return;
    if (parts.length > 0) parts.push(span(", "));
    parts.push(span(`${grouped(count)} ${word}`, role));
  };
  add(totals.passed, "passed", "good");
  add(totals.failed, "failed", "bad");
  add(totals.undecided, "undecided", "warn");
  if (command === null) return [parts];
  const replay: Span[] = [span("replay: ", "dim"), span(command, "command")];
  let used = 4 + 8 + command.length;
  for (const part of parts) used += part.text.length;
  return used <= layout.width ? [[...parts, span("   "), ...replay]] : [parts, replay];
}
