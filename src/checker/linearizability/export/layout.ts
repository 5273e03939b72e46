// Where operations stand in a picture: a lane for each client, a column for each event, columns only as far apart as the
// words on the bars need. Unknown here: characters and pixels.

import type { Operation } from "../history.ts";
import type { Model } from "../model.ts";

/** What an operation is in the picture. */
export type BarRole = "placed" | "impossible" | "core" | "unknown" | "other";

/** One operation as a bar. Columns count from 0. */
export interface Bar {
  readonly operation: number;
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  /** Never ended: the bar stays open at its right. */
  readonly open: boolean;
  readonly label: string;
  readonly role: BarRole;
  /** Place in the order that was found, from 1, and the column of the moment it takes effect; 0 and -1 if it has none. */
  readonly place: number;
  readonly point: number;
}

/** A picture without form. */
export interface Layout {
  /** Names of the clients, top down. */
  readonly lanes: readonly string[];
  readonly bars: readonly Bar[];
  readonly columns: number;
}

/** What to show of a part of a history. Indexes count its operations. */
export interface Shown {
  readonly operations: readonly number[];
  readonly impossible: number;
  readonly core: readonly number[];
  readonly order: readonly number[];
}

/** A row of bars while it is being filled. A client that does several things at once has several, one below the other. */
interface Lane {
  readonly name: string;
  /** Place of the client among all, and of the lane among the client's, from 1. */
  readonly rank: number;
  readonly number: number;
  /** Column where its last bar ended; whether one with an answer is open; the one whose outcome is unknown, -1 if none. */
  end: number;
  busy: boolean;
  open: number;
}

/** The first lane of the client `name` in which nothing is under way. */
function freeLane(lanes: Lane[], name: string, rank: number): Lane {
  const own = lanes.filter((lane) => lane.name === name);
  const free = own.find((lane) => !lane.busy);
  if (free !== undefined) return free;
  const lane: Lane = { name, rank, number: own.length + 1, end: -2, busy: false, open: -1 };
  lanes.push(lane);
  return lane;
}

/** Words without what a workload pads its values with to make them longer. */
export function unpadded(text: string): string {
  return text.replace(/_{3,}(?=\W|$)/g, "");
}

/** A process by its number. */
function numbered(process: number): string {
  return `c${process}`;
}

/**
 * Lays out `shown`. Labels longer than `labelMax` are cut. `laneOf` names the lane of a process: several that are one client
 * after another may share theirs.
 */
export function layOut<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  shown: Shown,
  labelMax: number = 28,
  laneOf: (process: number) => string = numbered,
): Layout {
  const indexes = [...new Set(shown.operations)].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  const names = [...new Set(indexes.map((i) => laneOf(operations[i]!.process)))];
  names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const places = new Map<number, number>();
  for (const index of shown.order) if (indexes.includes(index)) places.set(index, places.size + 1);
  const label = (i: number): string => {
    const text = unpadded(model.describe(operations[i]!.input, operations[i]!.output));
    const cut = text.length > labelMax ? `${text.slice(0, labelMax - 1)}…` : text;
    const place = places.get(i);
    return place === undefined ? cut : `${cut} #${place}`;
  };
  const ends: { at: number; index: number; end: boolean }[] = [];
  for (const index of indexes) {
    const { invokedAt, endedAt, output } = operations[index]!;
    ends.push({ at: invokedAt, index, end: false });
    ends.push({ at: output === undefined ? Number.POSITIVE_INFINITY : endedAt, index, end: true });
  }
  ends.sort((a, b) => (a.at === b.at ? a.index - b.index : a.at - b.at));
  const from = new Map<number, number>();
  const to = new Map<number, number>();
  const laneFor = new Map<number, Lane>();
  const lanes: Lane[] = [];
  let column = -1;
  for (const { index, end } of ends) {
    const open = operations[index]!.output === undefined;
    if (!end) {
      const name = laneOf(operations[index]!.process);
      const lane = freeLane(lanes, name, names.indexOf(name));
      column = Math.max(column + 1, lane.end + 2);
      // An open end gives way to what the same client does next.
      if (lane.open >= 0) {
        column = Math.max(column, from.get(lane.open)! + label(lane.open).length + 7);
        to.set(lane.open, column - 2);
      }
      lane.open = open ? index : -1;
      lane.busy = !open;
      laneFor.set(index, lane);
      from.set(index, column);
    } else if (!to.has(index)) {
      const lane = laneFor.get(index)!;
      const needed = from.get(index)! + label(index).length + (index === shown.impossible ? 7 : 5);
      column = Math.max(column + 1, needed);
      to.set(index, column);
      lane.end = column;
      lane.busy = false;
    }
  }
  lanes.sort((a, b) => a.rank - b.rank || a.number - b.number);
  const points = pointsOf(operations, shown.order, from, to);
  const bars = indexes.map((index): Bar => {
    const { output } = operations[index]!;
    const place = places.get(index) ?? 0;
    const role: BarRole =
      index === shown.impossible
        ? "impossible"
        : output === undefined
          ? "unknown"
          : shown.core.includes(index)
            ? "core"
            : place > 0
              ? "placed"
              : "other";
    return {
      operation: index,
      lane: lanes.indexOf(laneFor.get(index)!),
      from: from.get(index)!,
      to: to.get(index)!,
      open: output === undefined,
      label: label(index),
      role,
      place,
      point: points.get(index) ?? -1,
    };
  });
  return { lanes: lanes.map(({ name, number }) => (number === 1 ? name : "")), bars, columns: column + 1 };
}

/** Columns of the moments of effect: as early as each operation and the order allow. */
function pointsOf<I, O>(
  operations: readonly Operation<I, O>[],
  order: readonly number[],
  from: ReadonlyMap<number, number>,
  to: ReadonlyMap<number, number>,
): Map<number, number> {
  const points = new Map<number, number>();
  let latest = 0;
  for (const index of order) {
    const start = from.get(index);
    if (start === undefined || operations[index] === undefined) continue;
    latest = Math.max(latest, start + 0.5);
    points.set(index, Math.min(latest, to.get(index)! - 0.25));
  }
  return points;
}
