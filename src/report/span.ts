// Text as it is handed to a host: lines of spans, each tagged with what it is. The terminal paints them with colours, a page
// with CSS; nothing here knows of either. Widths are those of a terminal: wide letters count two, combining ones none.

import stringWidth from "string-width";

/** What a span is, by which a host chooses its colour. */
export type Role = "plain" | "good" | "bad" | "warn" | "dim" | "strong" | "label" | "command" | "leader" | "fault";

/** A stretch of text of one role. */
export interface Span {
  readonly text: string;
  readonly role: Role;
}

/** One line, without its end. */
export type Line = readonly Span[];

/** A span; plain unless a role is given. */
export function span(text: string, role: Role = "plain"): Span {
  return { text, role };
}

/** The empty line. */
export const BLANK: Line = Object.freeze([]);

/** The text of a line without its roles. */
export function lineText(line: Line): string {
  let text = "";
  for (const part of line) text += part.text;
  return text;
}

/** Columns that the text takes in a terminal. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** Columns that the line takes in a terminal. */
export function lineColumns(line: Line): number {
  let columns = 0;
  for (const part of line) columns += columnsOf(part.text);
  return columns;
}

/** The text, followed by spaces up to `columns`; longer text stays as it is. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

/** The text cut to `columns`, with the sign `more` in its last place where something was cut. */
export function clipped(text: string, columns: number, more: string): string {
  if (columnsOf(text) <= columns) return text;
  let kept = "";
  let used = columnsOf(more);
  for (const char of text) {
    const width = columnsOf(char);
    if (used + width > columns) break;
    kept += char;
    used += width;
  }
  return kept + more;
}
