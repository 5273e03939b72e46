// A story as lanes for a terminal: a column for each member, time downward, messages as arrows between, and beside each line what
// it says. As wide as there is room; where that is little, members move closer together and labels go to the text.

import { grouped, memberName } from "./figures.ts";
import { brokenText } from "./fill.ts";
import type { Layout } from "./signs.ts";
import { columnsOf, type Line, padded, type Role, type Span, span } from "./span.ts";
import type { LaneState, Story, StoryMark, StoryRow } from "./story.ts";

/** Columns from one lane to the next, at most and at least; fewer make arrows unreadable. */
const PITCH_MAX = 12;
const PITCH_MIN = 5;
/** Columns of time, and the least that is left to the text. */
const TIME_COLUMNS = 10;
const NOTE_MIN = 26;
/** Lines that one text may take beside its lane. */
const NOTE_LINES_MAX = 3;

/** Where things stand. */
interface Grid {
  readonly pitch: number;
  /** Column of the first lane. */
  readonly first: number;
  /** Column of the text. */
  readonly note: number;
}

function gridOf(lanes: number, width: number): Grid {
  const room = width - TIME_COLUMNS - 2 - NOTE_MIN - 2;
  const pitch = Math.max(PITCH_MIN, Math.min(PITCH_MAX, Math.floor(room / Math.max(1, lanes))));
  const first = TIME_COLUMNS + 2 + Math.floor(pitch / 2) - 1;
  return { pitch, first, note: first + (lanes - 1) * pitch + Math.max(4, Math.floor(pitch / 2)) };
}

/** The lines of a story; none where nothing is told. */
export function laneLines(story: Story, layout: Layout): Line[] {
  const { members, rows } = story;
  if (rows.length === 0 || members.length === 0) return [];
  const grid = gridOf(members.length, layout.width);
  const lines: Line[] = [headLine(members, grid)];
  let lastStep = 0;
  for (const row of rows) {
    lines.push(...rowLines(row, story.failed, row.step === lastStep, members, grid, layout));
    lastStep = row.step;
  }
  return lines;
}

function headLine(members: readonly number[], grid: Grid): Line {
  let text = "";
  for (const [lane, member] of members.entries())
    text = padded(text, grid.first + lane * grid.pitch - (memberName(member).length > 2 ? 1 : 0)) + memberName(member);
  return [span(text, "strong")];
}

function rowLines(
  row: StoryRow,
  isFailure: boolean,
  isSameStep: boolean,
  members: readonly number[],
  grid: Grid,
  layout: Layout,
): Line[] {
  const { signs } = layout;
  const cells: Cell[] = new Array(grid.note).fill(null).map(() => ({ text: " ", role: "dim" as Role }));
  const columnOf = (member: number): number => grid.first + members.indexOf(member) * grid.pitch;
  // What changed in this step has a mark of its own; what changed since the row before is so by now, told or not.
  for (const [lane, member] of members.entries())
    put(cells, columnOf(member), laneSign(row.lanes[lane] ?? "up", layout), "dim");
  let label = "";
  if (row.arrow !== null) label = drawArrow(cells, row, columnOf, layout);
  for (const mark of row.marks) drawMark(cells, mark, columnOf(mark.member), layout);
  const time = isSameStep ? "" : formatSeconds(row.atMicros);
  const head: Span[] = [span(time.padStart(TIME_COLUMNS), "dim"), ...spansOf(cells.slice(TIME_COLUMNS))];
  const isHere = row.isHere ? ` ${isFailure ? signs.violated : signs.headLeft}` : "";
  const note = [label, row.note].filter((part) => part !== "").join(": ") + isHere;
  const room = Math.max(NOTE_MIN - 2, layout.width - grid.note);
  const parts = brokenText(note, room);
  const kept = parts.slice(0, NOTE_LINES_MAX);
  if (parts.length > kept.length)
    kept[kept.length - 1] = `${(kept[kept.length - 1] as string).slice(0, room - 2)} ${signs.more}`;
  const lines: Line[] = [[...head, span(kept[0] ?? "", row.tone)]];
  const below: Cell[] = new Array(grid.note).fill(null).map(() => ({ text: " ", role: "dim" as Role }));
  for (const [lane, member] of members.entries())
    put(below, columnOf(member), laneSign(row.lanes[lane] ?? "up", layout), "dim");
  for (const part of kept.slice(1)) lines.push([...spansOf(below), span(part, row.tone)]);
  return lines;
}

/** `2.0234s`: to a tenth of a millisecond, so that columns of them line up. */
function formatSeconds(micros: number): string {
  const tenths = Math.floor(micros / 100);
  const seconds = Math.floor(tenths / 10_000);
  return `${grouped(seconds)}.${String(tenths % 10_000).padStart(4, "0")}s`;
}

interface Cell {
  text: string;
  role: Role;
}

function put(cells: Cell[], column: number, text: string, role: Role): void {
  for (const [at, char] of [...text].entries()) {
    const cell = cells[column + at];
    if (cell === undefined) return;
    cell.text = char;
    cell.role = role;
  }
}

function spansOf(cells: readonly Cell[]): Span[] {
  const spans: Span[] = [];
  let text = "";
  let role: Role = "plain";
  for (const cell of cells) {
    if (cell.role !== role && text !== "") {
      spans.push(span(text, role));
      text = "";
    }
    role = cell.role;
    text += cell.text;
  }
  if (text !== "") spans.push(span(text, role));
  return spans;
}

function laneSign(state: LaneState, { signs }: Layout): string {
  return state === "down" ? signs.down : state === "leads" ? signs.laneLeads : signs.lane;
}

/** Draws it; returns what of its label found no room. */
function drawArrow(cells: Cell[], row: StoryRow, columnOf: (member: number) => number, { signs }: Layout): string {
  const { from, to, label, lost } = row.arrow as NonNullable<StoryRow["arrow"]>;
  const [a, b] = [columnOf(from), columnOf(to)];
  const [left, right] = [Math.min(a, b) + 1, Math.max(a, b) - 1];
  const role: Role = lost ? "dim" : "plain";
  const dash = lost ? signs.lostDash : signs.dashAcross;
  put(cells, left, dash.repeat(Math.max(0, right - left + 1)), role);
  const rightward = b > a;
  put(cells, a, rightward ? signs.sendRight : signs.sendLeft, role);
  const head = lost ? signs.lost : rightward ? signs.headRight : signs.headLeft;
  put(cells, rightward ? right : left, head, lost ? "bad" : role);
  const room = right - left - 2;
  const shown = [label, label.replace(/^append /, "app ").replace("propose", "prop")].find(
    (text) => columnsOf(text) <= room,
  );
  if (shown === undefined) return label;
  put(cells, left + 1 + Math.floor((room - columnsOf(shown)) / 2), shown, lost ? "dim" : "plain");
  return "";
}

function drawMark(cells: Cell[], mark: StoryMark, column: number, { signs }: Layout): void {
  const { sign, role } = mark;
  const known: Readonly<Record<string, string>> = {
    crash: signs.crash,
    restart: signs.restart,
    pause: signs.pause,
    asked: signs.asked,
    answered: signs.answered,
    fault: signs.fault,
    plain: signs.step,
  };
  put(cells, column, known[sign] ?? sign, role);
}
