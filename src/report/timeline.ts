// The run as a picture: a lane for each member, in which it is seen to follow, lead and be down, and a bar for each cut.
// Drawn from what became of leaders and faults, so that it can be made from an artifact without running anything.

import { formatMicros } from "../kernel/time.ts";
import type { FaultReport, RunResult } from "../run/result.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { memberName } from "./figures.ts";
import type { Layout } from "./signs.ts";
import { clipped, columnsOf, type Line, padded, type Role, type Span, span } from "./span.ts";

/** Lanes and bars that are drawn; a picture of more is no picture. */
const LANES_MAX = 15;
const BARS_MAX = 6;

/** Kinds that take a member down while they last; the others have bars of their own. */
const DOWN_KINDS: readonly string[] = ["crash", "destroy", "pause"];
/** Kinds that are neither drawn in lanes nor as bars. */
const ENDING_KINDS: readonly string[] = ["heal", "restart", "resume", "release"];

interface Scale {
  readonly columns: number;
  readonly endMicros: number;
}

/** Actions whose targets are clients. */
const CLIENT_KINDS: readonly string[] = ["clientPause", "clientSlowWatch", "clientReconnect"];

function columnAt(scale: Scale, atMicros: number): number {
  const column = Math.floor((atMicros * scale.columns) / scale.endMicros);
  return Math.max(0, Math.min(scale.columns - 1, column));
}

/** Lines of the picture; none where there is nothing to see. */
export function timelineLines(result: RunResult, scenario: Scenario, layout: Layout): Line[] {
  const members = result.members.slice(0, LANES_MAX);
  const endMicros = Math.max(1, result.virtualMicros);
  const bars = barsOf(result, scenario, endMicros);
  const labels = [...members.map(memberName), ...bars.slice(0, BARS_MAX).map((bar) => bar.label)];
  const gutter = 2 + Math.min(14, Math.max(...labels.map(columnsOf), 2)) + 2;
  const scale: Scale = { columns: Math.max(20, Math.min(layout.width, 110) - gutter - 1), endMicros };
  const lines: Line[] = [axis(scale, gutter, endMicros)];
  for (const id of members) lines.push(lane(id, result, scale, gutter, layout));
  if (result.members.length > LANES_MAX)
    lines.push([span(`  and ${result.members.length - LANES_MAX} more members`, "dim")]);
  for (const bar of bars.slice(0, BARS_MAX)) lines.push(barLine(bar, scale, gutter, layout));
  if (bars.length > BARS_MAX) lines.push([span(`  and ${bars.length - BARS_MAX} more faults`, "dim")]);
  const violation = result.violation;
  if (violation !== null && violation.step > 0) {
    const at = columnAt(scale, violation.atMicros);
    const time = formatMicros(violation.atMicros);
    const isRight = at + 2 + columnsOf(time) <= scale.columns;
    const text = isRight ? `${layout.signs.here} ${time}` : `${time} ${layout.signs.here}`;
    const before = isRight ? at : Math.max(0, at - columnsOf(time) - 1);
    const role: Role = result.verdict === "held" ? "warn" : "bad";
    lines.push([span(" ".repeat(gutter + before)), span(text, role)]);
  }
  return lines;
}

/** Times along the top, at whole steps of 1, 2 or 5. */
function axis(scale: Scale, gutter: number, endMicros: number): Line {
  let step = 1;
  const room = 12;
  for (let unit = 1; unit <= 1e13; unit *= 10) {
    const found = [1, 2, 5].find((times) => (times * unit * scale.columns) / endMicros >= room);
    if (found !== undefined) {
      step = found * unit;
      break;
    }
  }
  let text = "";
  for (let at = 0; at <= endMicros; at += step) {
    const label = formatMicros(at);
    const column = Math.floor((at * scale.columns) / endMicros);
    if (column + columnsOf(label) > scale.columns + 1) break;
    text = padded(text, column) + label;
  }
  return [span(" ".repeat(gutter)), span(text, "dim")];
}

function lane(id: number, result: RunResult, scale: Scale, gutter: number, layout: Layout): Line {
  const { signs } = layout;
  const cells: string[] = new Array(scale.columns).fill(signs.follows);
  const roles: Role[] = new Array(scale.columns).fill("dim");
  const paint = (from: number, until: number, sign: string, role: Role): void => {
    for (let column = from; column <= until; column++) {
      cells[column] = sign;
      roles[column] = role;
    }
  };
  for (const leader of result.leaders) {
    if (leader.member !== id) continue;
    const from = columnAt(scale, leader.fromMicros);
    const until = columnAt(scale, leader.untilMicros ?? result.virtualMicros);
    paint(from, until, signs.leads, "leader");
    const label = ` t${leader.term} `;
    if (until - from + 1 >= label.length + 2) {
      for (let at = 0; at < label.length; at++) cells[from + 1 + at] = label[at] as string;
    }
  }
  for (const { member, fromMicros, untilMicros } of result.away) {
    if (member !== id) continue;
    const from = columnAt(scale, fromMicros);
    const until = columnAt(scale, untilMicros ?? result.virtualMicros);
    paint(from, until, signs.down, "dim");
    if (fromMicros > 0) paint(from, from, signs.crash, "fault");
    const isBack =
      untilMicros !== null && !result.away.some((one) => one.member === id && one.fromMicros === untilMicros);
    if (isBack && until > from) paint(until, until, signs.restart, "good");
  }
  const spans: Span[] = [span(padded(`  ${memberName(id)}`, gutter), "strong")];
  let start = 0;
  for (let column = 1; column <= scale.columns; column++) {
    if (column < scale.columns && roles[column] === roles[start]) continue;
    spans.push(span(cells.slice(start, column).join(""), roles[start]));
    start = column;
  }
  return spans;
}

function isInLane(fault: FaultReport): boolean {
  return DOWN_KINDS.includes(fault.kind) && (fault.status === "active" || fault.status === "done");
}

interface Bar {
  readonly label: string;
  readonly fromMicros: number;
  readonly untilMicros: number;
  /** It ended before the run did. */
  readonly ended: boolean;
  readonly lasting: boolean;
  readonly text: string;
}

function barsOf(result: RunResult, scenario: Scenario, endMicros: number): Bar[] {
  const bars: Bar[] = [];
  for (const fault of result.faults) {
    const fired = fault.firedAtMicros >= 0 && (fault.status === "active" || fault.status === "done");
    if (!fired || isInLane(fault) || ENDING_KINDS.includes(fault.kind)) continue;
    const endsAt = endOf(fault, result, scenario);
    const named = !fault.id.startsWith("fault-") && !fault.id.startsWith("random-");
    const clients = CLIENT_KINDS.includes(fault.kind);
    const targets = fault.targets.map((id) => (clients ? `c${id}` : memberName(id))).join(" ");
    const lasting = plannedOf(scenario, fault)?.forMicros != null || endsAt !== null || fault.status === "active";
    bars.push({
      label: named ? fault.id : fault.kind,
      fromMicros: fault.firedAtMicros,
      untilMicros: endsAt ?? endMicros,
      ended: endsAt !== null && endsAt < endMicros,
      lasting,
      text: [named ? fault.kind : "", targets].filter((part) => part !== "").join(" "),
    });
  }
  return bars;
}

function plannedOf(scenario: Scenario, fault: FaultReport): Fault | undefined {
  return scenario.faults.find((planned) => planned.id === fault.id);
}

/** When the effect of a fault ended: after its `for`, or by an action that ends it; null: it did not. */
function endOf(fault: FaultReport, result: RunResult, scenario: Scenario): number | null {
  const forMicros = plannedOf(scenario, fault)?.forMicros ?? null;
  let end: number | null = forMicros === null ? null : fault.firedAtMicros + forMicros;
  for (const other of result.faults) {
    if (!ENDING_KINDS.includes(other.kind) || other.firedAtMicros <= fault.firedAtMicros) continue;
    if (other.status === "ineffective" || (end !== null && other.firedAtMicros >= end)) continue;
    if (endsIt(other, fault, scenario)) end = other.firedAtMicros;
  }
  return end === null || end > result.virtualMicros ? null : end;
}

function endsIt(ending: FaultReport, fault: FaultReport, scenario: Scenario): boolean {
  const action = plannedOf(scenario, ending)?.action;
  if (action === undefined) return false;
  if (action.kind === "heal") return action.id === null ? !isInLane(fault) : action.id === fault.id;
  if (action.kind === "restart") return fault.kind === "crash" && meets(ending, fault);
  if (action.kind === "resume") return fault.kind === "pause" && meets(ending, fault);
  return action.kind === "release" && fault.kind === "hold";
}

function meets(ending: FaultReport, fault: FaultReport): boolean {
  return fault.targets.some((id) => ending.targets.includes(id));
}

function barLine(bar: Bar, scale: Scale, gutter: number, layout: Layout): Line {
  const { signs } = layout;
  const from = columnAt(scale, bar.fromMicros);
  const until = bar.lasting ? columnAt(scale, bar.untilMicros) : from;
  const label = span(`  ${padded(clipped(bar.label, gutter - 4, signs.more), gutter - 2)}`, "fault");
  const before = span(" ".repeat(from));
  if (until === from) {
    const columns = columnsOf(bar.text);
    const mark = span(signs.instant, "fault");
    if (bar.text === "") return [label, before, mark];
    // To its right where there is room, else to its left, else cut.
    if (from + 2 + columns <= scale.columns) return [label, before, mark, span(` ${bar.text}`, "dim")];
    if (columns + 1 <= from) return [label, span(" ".repeat(from - columns - 1)), span(`${bar.text} `, "dim"), mark];
    const room = scale.columns - from - 2;
    return [label, before, mark, span(room < 2 ? "" : ` ${clipped(bar.text, room, signs.more)}`, "dim")];
  }
  const inner = until - from - 1;
  const text = columnsOf(bar.text) + 4 <= inner ? ` ${bar.text} ` : "";
  const left = Math.floor((inner - columnsOf(text)) / 2);
  const right = inner - columnsOf(text) - left;
  const drawn = [
    label,
    before,
    span(signs.barFrom + signs.bar.repeat(left), "fault"),
    span(text, "dim"),
    span(signs.bar.repeat(right) + (bar.ended ? signs.barUntil : signs.bar), "fault"),
  ];
  if (text !== "" || bar.text === "") return drawn;
  const room = scale.columns - until - 2;
  return columnsOf(bar.text) <= room ? [...drawn, span(` ${bar.text}`, "dim")] : drawn;
}
