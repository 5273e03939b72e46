// `lockstep bugs`: lists the bugs that can be planted, and says what one is. They are hunted in `hunt-command.ts`.

import { existsSync } from "node:fs";
import { BUGS, type Bug, bugOf } from "../explore/bugs.ts";
import { counted } from "../report/figures.ts";
import { fillText, labelSpan } from "../report/fill.ts";
import { BLANK, type Line, padded, span } from "../report/span.ts";
import { nearest } from "../scenario/nearest.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Lists the bugs. */
export async function bugsListCommand(options: { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  if (options.json === true) {
    terminal.write(`${JSON.stringify(BUGS.map(listed), null, 2)}\n`);
    return ExitCode.Held;
  }
  const columns = Math.max(...BUGS.map(({ id }) => id.length));
  let category = "";
  const lines: Line[] = [];
  for (const bug of BUGS) {
    if (bug.category !== category) {
      if (lines.length > 0) lines.push(BLANK);
      category = bug.category;
      lines.push([span(category, "label")]);
    }
    const mark = bug.reason === null ? span("  ") : span("- ", "dim");
    const head = [mark, span(padded(bug.id, columns), bug.reason === null ? "strong" : "dim"), span("  ")];
    lines.push(...fillText(head, bug.title, bug.reason === null ? "plain" : "dim", terminal.layout.width));
  }
  const open = BUGS.filter((bug) => bug.reason !== null).length;
  lines.push(BLANK, [
    span(`${counted(BUGS.length, "bug")}; ${open} cannot be hunted yet (-): \`bugs show\` says why`, "dim"),
  ]);
  terminal.out(lines);
  return ExitCode.Held;
}

/** A bug as JSON. */
function listed(bug: Bug): object {
  const { id, title, category, difficulty, property, also, reason } = bug;
  return {
    id,
    title,
    category,
    difficulty,
    property,
    also,
    expressible: reason === null,
    ...(reason === null ? {} : { reason }),
  };
}

/** Says what a bug is. */
export async function bugsShowCommand(
  id: string,
  options: { readonly json?: boolean },
  terminal: Terminal,
): Promise<number> {
  const bug = knownBug(id);
  if (options.json === true) {
    terminal.write(
      `${JSON.stringify({ ...listed(bug), kind: bug.kind, story: bug.story, planted: bug.planted }, null, 2)}\n`,
    );
    return ExitCode.Held;
  }
  const { width } = terminal.layout;
  const fact = (label: string, text: string): Line[] => fillText([labelSpan(label)], text, "plain", width);
  const others = bug.also.length === 0 ? "" : `; also ${bug.also.join(", ")}`;
  const trigger = `scenarios/${existsSync(`scenarios/bugs/${id}.yaml`) ? "bugs" : "history"}/${id}.yaml`;
  terminal.out([
    [span(bug.id, "strong"), span(`  ${bug.title}`)],
    BLANK,
    ...fact("what happens", bug.story),
    ...fact("planted", bug.planted),
    ...fact("breaks", `${bug.property}${others}`),
    ...fact("kind", `${bug.kind}, ${bug.category}, thought ${bug.difficulty} to find`),
    ...(bug.reason === null ? [] : fact("not yet", bug.reason)),
    BLANK,
    ...(existsSync(trigger) ? [[labelSpan("see it"), span(`npx lockstep ${trigger}`, "command")]] : []),
    ...(bug.reason === null ? [[labelSpan("find it"), span(`npx lockstep bugs hunt ${bug.id}`, "command")]] : []),
  ]);
  return ExitCode.Held;
}

/** The bug with that id. Throws a complaint where there is none. */
export function knownBug(id: string): Bug {
  const bug = bugOf(id);
  if (bug !== undefined) return bug;
  const near = nearest(
    id,
    BUGS.map((one) => one.id),
  );
  throw complaint(`there is no bug "${id}"`, near === null ? "lockstep bugs list" : `did you mean ${near}?`);
}
