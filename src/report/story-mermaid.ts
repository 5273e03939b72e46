// A story as a Mermaid sequence diagram, which GitHub draws in issues and READMEs.

import type { RunResult } from "../run/result.ts";
import { memberName } from "./figures.ts";
import { headline } from "./run-block.ts";
import type { Story, StoryRow } from "./story.ts";

/** Rows beyond which the diagram is no picture any more. */
export const MERMAID_ROWS = 40;

/** The diagram; ends with a newline. */
export function storyMermaid(story: Story, result: RunResult): string {
  const lines = [
    "sequenceDiagram",
    `  title ${harmless(`${result.scenario} seed ${result.seed}: ${headline(result)}`)}`,
  ];
  for (const member of story.members) lines.push(`  participant ${memberName(member)}`);
  for (const row of story.rows) lines.push(...rowLines(row, story));
  return `${lines.join("\n")}\n`;
}

function rowLines(row: StoryRow, story: Story): string[] {
  const { arrow, marks, note } = row;
  const time = `${(row.atMicros / 1000).toFixed(1)}ms`;
  const lines: string[] = [];
  if (arrow !== null) {
    const sign = arrow.lost ? "-x" : "->>";
    lines.push(`  ${memberName(arrow.from)}${sign}${memberName(arrow.to)}: ${harmless(arrow.label)}`);
  }
  const text = harmless(`${time} ${note}${row.isHere && story.failed ? " ✗" : ""}`);
  if (note === "" || (arrow?.lost === true && marks.length === 0)) return lines;
  const members = marks.map(({ member }) => member);
  if (members.length === 0 && arrow !== null) members.push(arrow.to);
  const shown = members.length === 0 ? story.members : members;
  const [first, last] = [Math.min(...shown), Math.max(...shown)];
  const over = first === last ? memberName(first) : `${memberName(first)},${memberName(last)}`;
  const noteLine = `  Note over ${over}: ${text}`;
  return row.isHere && story.failed
    ? [...lines, "  rect rgba(255, 0, 0, 0.12)", `  ${noteLine}`, "  end"]
    : [...lines, noteLine];
}

/** Without the characters that end a statement or begin an entity. */
function harmless(text: string): string {
  return text.replaceAll(";", ",").replaceAll("#", "no. ").replaceAll("\n", " ");
}
