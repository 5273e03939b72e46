// The picture of a history for a terminal: a line a client lane, a bar an operation. `✗` is the one that cannot be placed,
// `#n` its place in the order that was found, an open end is an outcome that nobody knows.

import type { Bar, Layout } from "./layout.ts";

function put(line: string[], at: number, text: string): void {
  for (let i = 0; i < text.length; i++) line[at + i] = text[i]!;
}

function draw(line: string[], bar: Bar, ascii: boolean): void {
  const dash = ascii ? (bar.open ? "." : "-") : bar.open ? "╌" : "─";
  const width = bar.to - bar.from;
  put(line, bar.from, (ascii ? "|" : "├") + dash.repeat(Math.max(0, width - 1)) + (bar.open ? ">" : ascii ? "|" : "┤"));
  const label = bar.role === "impossible" ? `${ascii ? "x" : "✗"} ${bar.label}` : bar.label;
  put(line, bar.from + 2, ` ${label} `.slice(0, Math.max(0, width - 2)));
}

/** The picture as lines. `ascii`: nothing beyond 7 bits in the drawing. */
export function textPicture(layout: Layout, ascii: boolean = false): readonly string[] {
  const margin = Math.max(0, ...layout.lanes.map((name) => name.length)) + 2;
  return layout.lanes.map((name, lane) => {
    const line: string[] = Array.from({ length: margin + layout.columns + 2 }, () => " ");
    put(line, 0, name);
    for (const bar of layout.bars)
      if (bar.lane === lane) draw(line, { ...bar, from: bar.from + margin, to: bar.to + margin }, ascii);
    return line.join("").trimEnd();
  });
}
