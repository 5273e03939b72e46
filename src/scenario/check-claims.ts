/** Whether the claims of a file say what its runs can tell. */

import type { Check } from "./check.ts";
import { say } from "./check.ts";
import { parseFigure } from "./claim.ts";
import { nearest } from "./nearest.ts";
import type { Path } from "./problem.ts";

export function checkClaims(check: Check): void {
  const seen: string[] = [];
  for (const [at, claim] of check.scenario.claims.entries()) {
    const path: Path = ["claims", at];
    if (seen.includes(claim.id)) say(check, "LS2021", [...path, "id"], `the claim ${claim.id} is judged twice`);
    seen.push(claim.id);
    if (claim.verdict === "holds if" && claim.condition === null)
      say(check, "LS2018", [...path, "verdict"], "it holds if what? Give the condition", "condition: preVote is off");
    if (claim.verdict !== "holds if" && claim.condition !== null)
      say(check, "LS2018", [...path, "condition"], `a condition goes with "holds if"`, "verdict: holds if", true);
    checkFigure(check, claim.figure, [...path, "figure"], true);
    if (claim.note !== null) checkFigure(check, claim.note, [...path, "note"], false);
  }
}

/** `filled`: it must have a place that the runs fill. */
function checkFigure(check: Check, figure: string, path: Path, filled: boolean): void {
  const variants = Object.keys(check.file.variants ?? {});
  const parts = parseFigure(figure);
  if ("message" in parts) {
    say(check, "LS2018", path, parts.message, parts.hint);
    return;
  }
  if (filled && !parts.some((part) => part.kind !== "text"))
    say(check, "LS2018", path, "a figure that nothing was measured for", "{median failover}");
  for (const part of parts) {
    if (part.kind === "text" || part.variant === null || variants.includes(part.variant)) continue;
    const meant = nearest(part.variant, variants) ?? variants[0] ?? null;
    say(check, "LS2018", path, `there is no variant "${part.variant}"`, meant);
  }
}
