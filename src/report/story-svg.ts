// A story as a picture: the space-time diagram, members across and time downward, in one SVG file that needs nothing else and
// looks right on light and on dark ground.

import type { RunResult } from "../run/result.ts";
import { memberName } from "./figures.ts";
import { headline } from "./run-block.ts";
import type { LaneState, Story, StoryMark, StoryRow } from "./story.ts";

/** Rows that are drawn unless more are asked for. */
export const SVG_ROWS = 60;

const LEFT = 96;
const LANE = 120;
const TOP = 92;
const ROW = 30;
/** How much higher an arrow begins than it ends: sending comes before receiving. */
const SLOPE = 14;
const NOTE = 440;
/** Columns of a note; a wider one is cut, and its title has it whole. */
const NOTE_CHARACTERS = 62;

const STYLE = `
  svg { --ground: #ffffff; --ink: #1f2328; --dim: #6e7781; --line: #c3cad1; --lead: #0969da; --bad: #cf222e; --fault: #8250df; --good: #1a7f37; }
  @media (prefers-color-scheme: dark) { svg { --ground: #0d1117; --ink: #e6edf3; --dim: #8d96a0; --line: #3d444d; --lead: #4493f8; --bad: #f85149; --fault: #bc8cff; --good: #3fb950; } }
  .ground { fill: var(--ground); } text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: var(--ink); }
  .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 12px; }
  .dim { fill: var(--dim); } .head { font-weight: 600; } .bad { fill: var(--bad); } .fault { fill: var(--fault); } .good { fill: var(--good); }
  .title { font-size: 15px; font-weight: 600; } .lane { stroke: var(--line); stroke-width: 2; } .leads { stroke: var(--lead); stroke-width: 6; }
  .arrow { stroke: var(--ink); stroke-width: 1.5; fill: none; } .lost { stroke: var(--dim); stroke-dasharray: 4 4; }
  .label { font-size: 11px; text-anchor: middle; paint-order: stroke; stroke: var(--ground); stroke-width: 4px; }
  .ring { fill: var(--ground); stroke: var(--ink); stroke-width: 1.5; } .ring-leader { fill: var(--lead); stroke: var(--lead); } .in { text-anchor: middle; font-size: 11px; font-weight: 600; }
  .on-leader { fill: #ffffff; } .here { fill: var(--bad); opacity: 0.1; } .tip { fill: var(--ink); } .cross { stroke: var(--bad); stroke-width: 2; }`;

/** The file; ends with a newline. */
export function storySvg(story: Story, result: RunResult): string {
  const { members, rows } = story;
  const noteAt = LEFT + members.length * LANE;
  const width = noteAt + NOTE;
  const height = TOP + rows.length * ROW + 40;
  const x = (member: number): number => LEFT + members.indexOf(member) * LANE + LANE / 2;
  const y = (row: number): number => TOP + row * ROW + ROW / 2;
  const title = `${result.scenario}${result.variant === null ? "" : `/${result.variant}`}, seed ${result.seed}: ${headline(result)}`;
  const parts: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="title" x="20" y="30">${escaped(title)}</text>`,
  ];
  const said = result.violation?.text ?? "";
  if (said !== "") parts.push(`<text class="dim" x="20" y="52">${escaped(said)}</text>`);
  for (const member of members)
    parts.push(`<text class="head in" x="${x(member)}" y="${TOP - 14}">${memberName(member)}</text>`);
  for (const [at, row] of rows.entries())
    if (row.isHere && story.failed)
      parts.push(`<rect class="here" x="0" y="${y(at) - ROW / 2}" width="${width}" height="${ROW}"/>`);
  parts.push(...laneParts(story, x, y, height));
  for (const [at, row] of rows.entries())
    parts.push(...rowParts(row, at === 0 ? null : (rows[at - 1] as StoryRow), at, x, y, noteAt, story));
  parts.push("</svg>");
  return `${parts.join("\n")}\n`;
}

/** The lanes, cut where their state changes. */
function laneParts(story: Story, x: (member: number) => number, y: (row: number) => number, height: number): string[] {
  const parts: string[] = [];
  for (const [lane, member] of story.members.entries()) {
    let from = TOP - 4;
    let state: LaneState = story.before[lane] ?? "up";
    const draw = (to: number): void => {
      if (state !== "down" && to > from)
        parts.push(
          `<line class="lane${state === "leads" ? " leads" : ""}" x1="${x(member)}" y1="${from}" x2="${x(member)}" y2="${to}"/>`,
        );
      from = to;
    };
    for (const [at, row] of story.rows.entries()) {
      const next = row.lanes[lane] ?? "up";
      if (next === state) continue;
      draw(y(at));
      state = next;
    }
    draw(height - 24);
  }
  return parts;
}

function rowParts(
  row: StoryRow,
  before: StoryRow | null,
  at: number,
  x: (member: number) => number,
  y: (row: number) => number,
  noteAt: number,
  story: Story,
): string[] {
  const middle = y(at);
  const parts: string[] = [];
  if (before === null || before.step !== row.step)
    parts.push(
      `<text class="mono dim" x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${(Math.floor(row.atMicros / 100) / 1e4).toFixed(4)}s</text>`,
    );
  if (row.arrow !== null) {
    const { to } = row.arrow;
    const ring = row.marks.some(({ member, sign }) => member === to && /^[CFLP]\d/.test(sign));
    parts.push(...arrowParts(row.arrow, middle, x, ring ? 14 : 4));
  }
  for (const mark of row.marks) parts.push(markPart(mark, x(mark.member), middle));
  const note = `${row.note}${row.isHere ? (story.failed ? " ✗" : " ◀") : ""}`;
  const tone = row.isHere && story.failed ? " bad" : row.tone === "fault" ? " fault" : row.tone === "dim" ? " dim" : "";
  const shown = note.length > NOTE_CHARACTERS ? `${note.slice(0, NOTE_CHARACTERS - 1)}…` : note;
  if (note !== "")
    parts.push(
      `<text class="note${tone}" x="${noteAt + 12}" y="${middle + 4}"><title>event ${row.step}: ${escaped(note)}</title>${escaped(shown)}</text>`,
    );
  return parts;
}

function arrowParts(
  arrow: NonNullable<StoryRow["arrow"]>,
  middle: number,
  x: (member: number) => number,
  gap: number,
): string[] {
  const [from, to] = [x(arrow.from), x(arrow.to)];
  const way = to > from ? 1 : -1;
  // A lost message ends short of where it was bound for.
  const end = arrow.lost ? to - way * 22 : to - way * gap;
  const endY = arrow.lost ? middle - 3 : middle;
  const parts = [
    `<line class="arrow${arrow.lost ? " lost" : ""}" x1="${from}" y1="${middle - SLOPE}" x2="${end}" y2="${endY}"/>`,
  ];
  if (arrow.lost)
    parts.push(`<path class="cross" d="M${end - 5} ${endY - 5} l10 10 M${end + 5} ${endY - 5} l-10 10"/>`);
  else parts.push(`<path class="tip" d="M${end + way * 2} ${endY} l${-way * 9} -6 l${way * 1.5} 8 z"/>`);
  parts.push(
    `<text class="label${arrow.lost ? " dim" : ""}" x="${(from + end) / 2}" y="${(middle - SLOPE + endY) / 2 - 3}">${escaped(arrow.label)}</text>`,
  );
  return parts;
}

function markPart(mark: StoryMark, x: number, y: number): string {
  const text = (sign: string, kind: string): string =>
    `<text class="in ${kind}" x="${x}" y="${y + 5}" style="font-size:15px">${sign}</text>`;
  switch (mark.sign) {
    case "crash":
      return text("✝", "bad");
    case "restart":
      return `<circle class="ring" cx="${x}" cy="${y}" r="6" style="stroke:var(--good)"/>`;
    case "pause":
      return text("‖", "fault");
    case "fault":
      return `<circle cx="${x}" cy="${y}" r="5" style="fill:var(--fault)"/>`;
    case "asked":
      return text("◇", "");
    case "answered":
      return text("◆", "");
    case "plain":
      return `<circle cx="${x}" cy="${y}" r="3" style="fill:var(--ink)"/>`;
    default: {
      const leads = mark.sign.startsWith("L");
      return `<circle class="ring${leads ? " ring-leader" : ""}" cx="${x}" cy="${y}" r="12"/><text class="in${leads ? " on-leader" : ""}" x="${x}" y="${y + 4}">${escaped(mark.sign)}</text>`;
    }
  }
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
