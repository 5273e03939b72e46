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

/** Lays out `shown`. Labels longer than `labelMax` are cut. */
export function layOut<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  shown: Shown,
  labelMax: number = 28,
): Layout {
  const indexes = [...new Set(shown.operations)].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  const processes = [...new Set(indexes.map((i) => operations[i]!.process))].sort((a, b) => a - b);
  const places = new Map<number, number>();
  for (const index of shown.order) if (indexes.includes(index)) places.set(index, places.size + 1);
  const label = (i: number): string => {
    // Values that a workload pads to some length are shown without the padding.
    const text = model.describe(operations[i]!.input, operations[i]!.output).replace(/_{3,}(?=\W|$)/g, "");
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
  const laneEnd = new Map<number, number>();
  let column = -1;
  for (const { index, end } of ends) {
    const { process } = operations[index]!;
    if (!end) {
      column = Math.max(column + 1, (laneEnd.get(process) ?? -2) + 2);
      from.set(index, column);
    } else {
      const needed = from.get(index)! + label(index).length + (index === shown.impossible ? 7 : 5);
      column = Math.max(column + 1, needed);
      to.set(index, column);
      laneEnd.set(process, column);
    }
  }
  const points = pointsOf(operations, shown.order, from, to);
  const bars = indexes.map((index): Bar => {
    const { output, process } = operations[index]!;
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
      lane: processes.indexOf(process),
      from: from.get(index)!,
      to: to.get(index)!,
      open: output === undefined,
      label: label(index),
      role,
      place,
      point: points.get(index) ?? -1,
    };
  });
  return { lanes: processes.map((process) => `c${process}`), bars, columns: column + 1 };
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
