// The picture of a case in the terminal: as wide as it is, labels cut until the lanes fit.

import { textPicture } from "../checker/linearizability/export/text.ts";
import { type CaseAgainst, layoutOfCase } from "../report/history-forms.ts";
import { clipped, type Line, span } from "../report/span.ts";
import type { Terminal } from "./terminal.ts";

/** The shrunk history as lines of a terminal, as wide as it is. */
export function pictureLines(against: CaseAgainst, terminal: Terminal): readonly Line[] {
  const ascii = terminal.layout.signs.held === "ok";
  const { width, signs } = terminal.layout;
  for (const labelMax of [28, 18, 12, 8]) {
    const lines = textPicture(layoutOfCase(against, labelMax), ascii);
    const widest = Math.max(0, ...lines.map((line) => line.length));
    if (widest + 2 <= width || labelMax === 8)
      return lines.map((line) => [span(`  ${clipped(line, width - 2, signs.more)}`)]);
  }
  return [];
}
