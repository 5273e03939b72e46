// `lockstep quorum`: the table of majorities, with the share of time without one, and what a split leaves.

import Table from "cli-table3";
import { MEMBERS_MAX } from "../kernel/limits.ts";
import { memberNames } from "../report/figures.ts";
import { type QuorumRow, quorumRow, type SplitResult, splitOf } from "../report/quorum.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `quorum`. */
export interface QuorumOptions {
  readonly failure?: string;
  readonly split?: string;
  readonly json?: boolean;
}

/** Sizes of the table when none are asked for. */
const SIZES: readonly string[] = ["1..9"];

/** Prints the table. */
export async function quorumCommand(
  given: readonly string[],
  options: QuorumOptions,
  terminal: Terminal,
): Promise<number> {
  const failurePpm = options.failure === undefined ? null : shareOf(options.failure);
  const split = options.split === undefined ? null : splitOf(sidesOf(options.split));
  const sizes = (given.length === 0 ? SIZES : given).flatMap(sizesOf);
  if (split !== null && given.length > 0 && !sizes.includes(split.members))
    throw complaint(
      `--split ${options.split}: the sides are ${split.members} members together, not ${given.join(" or ")}`,
      `lockstep quorum ${split.members} --split ${options.split}`,
    );
  const rows = sizes.map((members) => quorumRow(members, failurePpm));
  if (options.json === true) {
    const document = { failurePpm, rows, ...(split === null ? {} : { split }) };
    terminal.write(`${JSON.stringify(document, null, 2)}\n`);
    return ExitCode.Held;
  }
  if (split !== null) terminal.out([...splitLines(split, terminal), BLANK]);
  terminal.out(tableLines(rows, failurePpm, terminal));
  if (rows.some((row) => row.gainsNothing))
    terminal.out([[span("  an even size tolerates no more failures than the odd one below it", "dim")]]);
  return ExitCode.Held;
}

function tableLines(rows: readonly QuorumRow[], failurePpm: number | null, terminal: Terminal): Line[] {
  const isAscii = terminal.layout.signs.held === "ok";
  const head = ["members", "quorum", "may fail"];
  if (failurePpm !== null) head.push("no quorum", "nines");
  const line = isAscii ? "-" : "─";
  const cross = isAscii ? "+" : "┼";
  const none = "";
  const table = new Table({
    head,
    colAligns: head.map(() => "right"),
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: " ",
      "left-mid": " ",
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: " ",
    },
  });
  for (const row of rows) {
    const cells = [String(row.members), String(row.quorum), String(row.tolerates)];
    if (failurePpm !== null) cells.push(percentOf(row.unavailable ?? "0"), String(row.nines ?? 0));
    table.push(cells);
  }
  const text = table
    .toString()
    .split("\n")
    .filter((one) => one.trim() !== "");
  const lines: Line[] = [[span(text[0] ?? "", "strong")]];
  lines.push([
    span(` ${line.repeat(Math.max(...text.map((one) => one.trimEnd().length)))}`.replaceAll(cross, line), "dim"),
  ]);
  for (const [at, one] of text.slice(1).entries())
    lines.push([span(one, rows[at]?.gainsNothing === true ? "dim" : "plain")]);
  return lines;
}

/** A share such as `0.000297000000` as `0.0297%`, with four digits that count. */
function percentOf(share: string): string {
  const digits = share.replace(".", "");
  const shifted = `${digits.slice(0, 3)}.${digits.slice(3)}`.replace(/^0+(?=\d)/, "");
  const match = /^(\d+)\.(0*)(\d{0,4})/.exec(shifted);
  if (match === null) return shifted;
  const text = `${match[1]}.${match[2]}${match[3]}`.replace(/\.?0+$/, "");
  return `${text === "" ? "0" : text}%`;
}

function splitLines(split: SplitResult, terminal: Terminal): Line[] {
  const { signs } = terminal.layout;
  const lines: Line[] = [
    [
      span(`${split.members} members`, "strong"),
      span(` split ${split.sides.map((side) => side.members).join(" + ")}, a quorum is ${split.quorum}`),
    ],
  ];
  let first = 1;
  for (const side of split.sides) {
    const ids = Array.from({ length: side.members }, (_, at) => first + at);
    first += side.members;
    const who = ids.length > 4 ? `n${ids[0]}${signs.range}n${ids[ids.length - 1]}` : memberNames(ids);
    lines.push(
      side.hasQuorum
        ? [span(`  ${signs.held} `, "good"), span(`${who} can elect a leader and commit`)]
        : [
            span(`  ${signs.violated} `, "bad"),
            span(`${who} can do neither: ${side.members} of the ${split.quorum} needed`),
          ],
    );
  }
  if (split.decides === null)
    lines.push([span("  nobody can decide until it heals; nothing is lost, nothing goes on", "warn")]);
  return lines;
}

function sizesOf(text: string): number[] {
  const range = /^(\d{1,6})\.\.(\d{1,6})$/.exec(text);
  if (range !== null) {
    const [from, to] = [sizeOf(range[1] as string), sizeOf(range[2] as string)];
    if (from > to) throw complaint(`"${text}" runs backwards`, `did you mean ${to}..${from}?`);
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  }
  return [sizeOf(text)];
}

function sizeOf(text: string): number {
  const size = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(size >= 1 && size <= MEMBERS_MAX))
    throw complaint(`"${text}" is no size of a cluster: 1 to ${MEMBERS_MAX} members`);
  return size;
}

/** `0.01`, `1%`: in parts per million. */
function shareOf(text: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,6}))?(%?)$/.exec(text);
  const digits = match === null ? 0 : Number(`${match[1]}${(match[2] ?? "").padEnd(6, "0")}`);
  const ppm = match?.[3] === "%" ? Math.floor(digits / 100) : digits;
  if (match === null || ppm > 1_000_000) throw complaint(`--failure takes a share such as 0.01 or 1%, not "${text}"`);
  return ppm;
}

function sidesOf(text: string): number[] {
  const parts = text.split("+").map((part) => part.trim());
  if (parts.length < 2 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) < 1))
    throw complaint(`--split takes sides such as 3+3, not "${text}"`);
  const sides = parts.map(Number);
  const members = sides.reduce((sum, side) => sum + side, 0);
  if (members > MEMBERS_MAX) throw complaint(`--split ${text}: ${members} members are more than ${MEMBERS_MAX}`);
  return sides;
}
