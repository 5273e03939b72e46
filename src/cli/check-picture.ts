// The picture of a case in the terminal: as wide as it is, labels cut a little, and folded where the lanes still do not fit.

import { foldedPicture, textPicture } from "../checker/linearizability/export/text.ts";
import { type CaseAgainst, layoutOfCase } from "../report/history-forms.ts";
import { clipped, type Line, span } from "../report/span.ts";
import type { Terminal } from "./terminal.ts";

/** The shrunk history as lines of a terminal, as wide as it is. */
export function pictureLines(against: CaseAgainst, terminal: Terminal): readonly Line[] {
  const ascii = terminal.layout.signs.held === "ok";
  const { width, signs } = terminal.layout;
  const fits = (labelMax: number): boolean =>
    textPicture(layoutOfCase(against, labelMax), ascii).every((line) => line.length + 2 <= width);
  const layout = layoutOfCase(against, [28, 18].find(fits) ?? 18);
  return foldedPicture(layout, ascii, width - 2).map((line) => [
    span(clipped(line === "" ? "" : `  ${line}`, width, signs.more)),
  ]);
}
