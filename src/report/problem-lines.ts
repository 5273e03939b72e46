// Problems of a scenario as lines: the place, the code, the sentence, what was probably meant, and the source with a caret.

import { type Problem, printHint, printPath, sourceLines } from "../scenario/problem.ts";
import { type Line, type Span, span } from "./span.ts";

/** The lines of one problem; the same text as `formatProblem`, with roles. `source` is the text it stands in. */
export function problemLines(problem: Problem, file: string, source: string): Line[] {
  const place = problem.line === 0 ? `${file}:${printPath(problem.path)}` : `${file}:${problem.line}:${problem.column}`;
  const head: Span[] = [span(place, "strong"), span("  "), span(problem.code, "bad"), span(` ${problem.message}`)];
  const hint = /^( – (?:did you mean|there are) )(.*?)(\??)$/s.exec(printHint(problem.hint));
  if (hint !== null) head.push(span(hint[1] as string), span(hint[2] as string, "good"), span(hint[3] as string));
  if (problem.line === 0) return [head];
  const excerpt = sourceLines(source, problem).map((line): Line => {
    const caret = /^(\s*\|\s*)(\^+)$/.exec(line);
    if (caret === null) return [span(line, "dim")];
    return [span(caret[1] as string, "dim"), span(caret[2] as string, "bad")];
  });
  return [head, ...excerpt];
}
