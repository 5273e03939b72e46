// Filling lines: items after a label, separated, and continued under their own column; texts broken at spaces.

import { BLANK, columnsOf, type Line, lineColumns, type Role, type Span, span } from "./span.ts";

/** Columns of the labels of a block. */
export const LABEL_COLUMNS = 14;

/** The label in its column, two spaces in. */
export function labelSpan(label: string): Span {
  return span(`  ${label}${" ".repeat(Math.max(1, LABEL_COLUMNS - 2 - columnsOf(label)))}`, "label");
}

/** Lines of a head and items; an item is never broken, and stands on a line of its own where it is too long. */
export function fillItems(head: Span, items: readonly Line[], separator: Span, width: number): Line[] {
  const indent = columnsOf(head.text);
  const gap = columnsOf(separator.text);
  const lines: Line[] = [];
  let line: Span[] = [head];
  let used = indent;
  let empty = true;
  for (const item of items) {
    const columns = lineColumns(item);
    if (!empty && used + gap + columns > width) {
      lines.push(line);
      line = [span(" ".repeat(indent))];
      used = indent;
      empty = true;
    }
    if (!empty) {
      line.push(separator);
      used += gap;
    }
    line.push(...item);
    used += columns;
    empty = false;
  }
  if (!empty) lines.push(line);
  return lines;
}

/** The text broken at spaces into lines of at most `columns`; longer words stand alone. Never empty. */
export function brokenText(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of text.split(/\s+/)) {
    if (word === "") continue;
    const width = columnsOf(word);
    if (line !== "" && used + 1 + width > columns) {
      lines.push(line);
      line = "";
      used = 0;
    }
    line = line === "" ? word : `${line} ${word}`;
    used = line === word ? width : used + 1 + width;
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}

/** A text after `head`, broken, with its further lines under the first. */
export function fillText(head: readonly Span[], text: string, role: Role, width: number): Line[] {
  const indent = lineColumns(head);
  return brokenText(text, Math.max(20, width - indent)).map((part, at) =>
    at === 0 ? [...head, span(part, role)] : [span(" ".repeat(indent)), span(part, role)],
  );
}

/** A line with `left` at its beginning and `right` at its end; where both do not fit, two lines. */
export function spread(left: Line, right: Line, width: number): Line[] {
  const room = width - lineColumns(left) - lineColumns(right);
  if (lineColumns(right) === 0) return [left];
  if (room >= 2) return [[...left, span(" ".repeat(room)), ...right]];
  return [left, [span("  "), ...right]];
}

/** Blocks of lines with an empty line between them. */
export function separated(blocks: readonly (readonly Line[])[]): Line[] {
  const lines: Line[] = [];
  for (const block of blocks) {
    if (block.length === 0) continue;
    if (lines.length > 0) lines.push(BLANK);
    lines.push(...block);
  }
  return lines;
}
