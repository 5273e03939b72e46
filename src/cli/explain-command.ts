// `lockstep explain-code`: what a code means, at length.

import { PROPERTIES } from "../kernel/property.ts";
import { fillText } from "../report/fill.ts";
import { BLANK, type Line, padded, span } from "../report/span.ts";
import { nearest } from "../scenario/nearest.ts";
import { SCENARIO_CODES } from "../scenario/problem.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Explains one code, or lists all. */
export async function explainCommand(code: string | undefined, terminal: Terminal): Promise<number> {
  const { layout } = terminal;
  if (code === undefined) {
    const lines: Line[] = [[span("properties", "strong")]];
    for (const one of PROPERTIES)
      lines.push(
        ...fillText([span(`  ${one.code}  `, "dim"), span(padded(one.id, 24))], one.rule, "dim", layout.width),
      );
    lines.push(BLANK, [span("scenario files", "strong")]);
    for (const one of SCENARIO_CODES) lines.push([span(`  ${one.code}  `, "dim"), span(one.title)]);
    terminal.out(lines);
    return ExitCode.Held;
  }
  const wanted = code.toUpperCase();
  const property = PROPERTIES.find((one) => one.code === wanted || one.id === code);
  if (property !== undefined) {
    terminal.out([[span(property.code, "strong"), span(` ${property.id}`), span(`  (${property.group})`, "dim")]]);
    terminal.out(fillText([span("  ")], property.rule, "plain", layout.width));
    return ExitCode.Held;
  }
  const problem = SCENARIO_CODES.find((one) => one.code === wanted);
  if (problem === undefined) {
    const near = nearest(code, [
      ...PROPERTIES.flatMap((one) => [one.code, one.id]),
      ...SCENARIO_CODES.map((one) => one.code),
    ]);
    throw complaint(`there is no code or property "${code}"`, near === null ? null : `did you mean ${near}?`);
  }
  terminal.out([[span(problem.code, "strong"), span(` ${problem.title}`)]]);
  terminal.out(fillText([span("  ")], problem.text, "plain", layout.width));
  return ExitCode.Held;
}
