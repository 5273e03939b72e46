/**
 * What a scenario has to say about a claim of the field: the claim, what becomes of it, and the figure that its runs measure.
 *
 * The figure is a text with places to be filled: `{median failover three}` is a statistic of a measure (of a variant),
 * `{share failover 1s..3s three}` a share within bounds, `{seen 2 three}` what the second expectation saw, `{count of crash}`
 * a counter of what was reached. Filling them is `report/claims.ts`.
 */

import type { Counter } from "../kernel/counter.ts";
import { COUNTERS } from "../kernel/counter.ts";
import { nearest } from "./nearest.ts";
import { readMeasured } from "./parse-study.ts";
import type { Measure, Statistic } from "./study.ts";
import { MEASURES, STATISTICS } from "./study.ts";

export const CLAIM_VERDICTS = ["holds", "holds if", "does not hold"] as const;

export type ClaimVerdict = (typeof CLAIM_VERDICTS)[number];

export interface Claim {
  /** `E2`: as the list of claims has it. `T…` are rows of measured times. */
  readonly id: string;
  /** As people say it. */
  readonly claim: string;
  readonly verdict: ClaimVerdict;
  /** Under which it holds; null unless the verdict is `holds if`. */
  readonly condition: string | null;
  /** With places, as above. */
  readonly figure: string;
  /** What was measured on a real cluster; null where nothing was. */
  readonly real: string | null;
  /** What else must be said, such as why the two differ. */
  readonly note: string | null;
}

/** Whether the text is the id of a claim. */
export function isClaimId(text: string): boolean {
  return /^[A-Z][0-9]{1,2}$/.test(text);
}

/** A part of a figure: a text, or a place to be filled. */
export type FigurePart =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "statistic";
      readonly statistic: Statistic;
      readonly measure: Measure;
      readonly fromValue: number | null;
      readonly untilValue: number | null;
      readonly variant: string | null;
    }
  /** Of the expectation with that place, counted from 1. */
  | { readonly kind: "seen"; readonly place: number; readonly variant: string | null }
  | { readonly kind: "counter"; readonly counter: Counter; readonly variant: string | null };

/** Why a figure cannot be read. */
export interface FigureProblem {
  readonly message: string;
  readonly hint: string | null;
}

/** The parts of a figure in their order, or the first thing that is wrong with it. */
export function parseFigure(figure: string): readonly FigurePart[] | FigureProblem {
  const parts: FigurePart[] = [];
  for (const piece of figure.split(/(\{[^{}]*\})/)) {
    if (piece === "") continue;
    if (!piece.startsWith("{")) {
      if (/[{}]/.test(piece)) return { message: "a bracket of the figure is not closed", hint: "{median failover}" };
      parts.push({ kind: "text", text: piece });
      continue;
    }
    const part = parsePlace(piece.slice(1, -1).trim());
    if ("message" in part) return part;
    parts.push(part);
  }
  return parts;
}

function parsePlace(text: string): FigurePart | FigureProblem {
  const words = text.split(/\s+/);
  const [first = ""] = words;
  const problem = (message: string, hint: string | null): FigureProblem => ({ message, hint });
  if (first === "seen") {
    const place = Number(words[1]);
    if (!/^[1-9][0-9]{0,2}$/.test(words[1] ?? "") || words.length > 3)
      return problem(`"{${text}}" names no expectation`, "{seen 1}");
    return { kind: "seen", place, variant: words[2] ?? null };
  }
  if (first === "count" && words[1] === "of") {
    const counter = COUNTERS.find((name) => name === words[2]);
    if (counter === undefined || words.length > 4)
      return problem(`"{${text}}" names no counter`, nearest(words[2] ?? "", COUNTERS));
    return { kind: "counter", counter, variant: words[3] ?? null };
  }
  const statistic = STATISTICS.find((name) => name === first);
  if (statistic === undefined) return problem(`"${first}" is no statistic`, nearest(first, STATISTICS));
  const measures = MEASURES.map(({ id }) => id);
  const measure = measures.find((id) => id === words[1]);
  if (measure === undefined) return problem(`"${words[1] ?? ""}" is no measure`, nearest(words[1] ?? "", measures));
  let rest = words.slice(2);
  let bounds: [number | null, number | null] = [null, null];
  if (statistic === "share") {
    const unit = MEASURES.find(({ id }) => id === measure)?.unit ?? "count";
    const [from = "", until = ""] = (rest[0] ?? "").split("..");
    bounds = [readMeasured(from, unit), readMeasured(until, unit)];
    if (bounds[0] === null && bounds[1] === null)
      return problem(`"{${text}}" is a share of what?`, "{share failover 1s..3s}");
    rest = rest.slice(1);
  }
  if (rest.length > 1) return problem(`"{${text}}" says too much`, "{median failover three}");
  const [fromValue, untilValue] = bounds;
  return { kind: "statistic", statistic, measure, fromValue, untilValue, variant: rest[0] ?? null };
}
