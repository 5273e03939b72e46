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

/**
 * The same in bands of at most `width` columns, one below the other with an empty line between, where it is wider: cut where the
 * fewest labels and bars are cut. A lane with nothing in a band is left out there.
 */
export function foldedPicture(layout: Layout, ascii: boolean, width: number): readonly string[] {
  const lines = textPicture(layout, ascii);
  if (lines.every((line) => line.length <= width)) return lines;
  const margin = Math.max(0, ...layout.lanes.map((name) => name.length)) + 2;
  const room = Math.max(8, width - margin);
  const folded: string[] = [];
  for (let from = 0; from < layout.columns; ) {
    const to = layout.columns + 2 - from <= room ? layout.columns + 2 : foldAt(layout, from, room);
    if (folded.length > 0) folded.push("");
    lines.forEach((line, lane) => {
      const piece = line.slice(margin + from, margin + to).trimEnd();
      if (piece !== "") folded.push(layout.lanes[lane]!.padEnd(margin) + piece);
    });
    from = to;
  }
  return folded;
}

/** The column at which to begin the next band: labels weigh more than bars, and of equal places the last is taken. */
function foldAt(layout: Layout, from: number, room: number): number {
  let best = from + room;
  let least = Number.POSITIVE_INFINITY;
  for (let at = from + room; at > from + room / 3; at--) {
    let cut = 0;
    for (const bar of layout.bars) {
      if (bar.from >= at || bar.to < at) continue;
      const label = bar.label.length + (bar.role === "impossible" ? 2 : 0);
      cut += at < bar.from + 4 + label ? 100 : 1;
    }
    if (cut >= least) continue;
    least = cut;
    best = at;
  }
  return best;
}
