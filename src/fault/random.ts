/**
 * Random faults, as data, and their expansion into a fixed list of timed actions before the run.
 *
 * Artifacts, links and shrinking see only the fixed list. Times are drawn from distributions by integer arithmetic.
 * Half of the faults on single members aim at whoever leads when they fire; all others name their members, so that a
 * fault taken away leaves the others as they were. Bias and vocabulary after Jepsen's nemesis packages.
 */

import type { ChoiceSource, Stream } from "../kernel/choose.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { drawMicros } from "../kernel/distribution.ts";
import type { Action, PartitionShape, TimedAction } from "./action.ts";
import { ALWAYS_PPM } from "./action.ts";
import type { Selector } from "./selector.ts";
import { ALL, LEADER, members as named, REST } from "./selector.ts";

/** Kinds of random faults, with the shapes of partitions as kinds of their own. */
export const RANDOM_KINDS = [
  "crash",
  "pause",
  "drop",
  "delay",
  "duplicate",
  "reorder",
  "slowFsync",
  "stall",
  "clock",
  "transferLeader",
  /** A drawn minority is cut off; whether the leader is in it is chance. */
  "partition.majority",
  /** The leader is cut off with fewer than a quorum. */
  "partition.minority",
  /** One drawn member is cut off. */
  "partition.one",
  /** The leader alone is cut off. */
  "partition.leader",
  "partition.bridge",
  "partition.ring",
  /** One member sends and does not hear, or hears and cannot send. */
  "partition.oneWay",
] as const;

export type RandomKind = (typeof RANDOM_KINDS)[number];

export interface RandomFaults {
  readonly fromMicros: number;
  /** The first moment at which no new fault begins; every effect has ended by then too. */
  readonly untilMicros: number;
  /** Gaps between the beginnings of faults. */
  readonly every: Distribution;
  /** How long a fault lasts. */
  readonly lasting: Distribution;
  /** In the order of RANDOM_KINDS, weights of 1 and more. */
  readonly pick: readonly { readonly kind: RandomKind; readonly weight: number }[];
  /** Never let the members that are down, paused, stalled or cut off leave less than a quorum. */
  readonly keepQuorum: boolean;
  /** Each seed leaves out a random half of the kinds (swarm testing). */
  readonly swarm: boolean;
}

/** More faults than this are never drawn for one run. */
export const RANDOM_FAULTS_MAX = 20_000;

/** Shorter effects than this are left out. */
const LASTING_MIN_MICROS = 1_000;

interface Draws {
  readonly gap: Stream;
  readonly kind: Stream;
  readonly target: Stream;
  readonly length: Stream;
}

/** A fault that takes members away, until when, and which by name (leaders go without a name). */
interface Taken {
  readonly untilMicros: number;
  readonly cost: number;
  readonly ids: readonly number[];
}

/**
 * The fixed list, ascending in time, that the random faults come to for the voters `ids` (ascending); ids of the list
 * are `random-1`, `random-2`, …. Depends on nothing but its arguments and what the streams give.
 */
export function expandRandom(random: RandomFaults, ids: readonly number[], choices: ChoiceSource): TimedAction[] {
  const draws: Draws = {
    gap: choices.open("fault", 0),
    kind: choices.open("fault", 1),
    target: choices.open("fault", 2),
    length: choices.open("fault", 3),
  };
  const pick = random.swarm ? halfOf(random.pick, draws.kind) : random.pick;
  const tolerated = Math.floor((ids.length - 1) / 2);
  const list: TimedAction[] = [];
  let taken: Taken[] = [];
  let atMicros = random.fromMicros;
  for (let turn = 0; turn < RANDOM_FAULTS_MAX; turn += 1) {
    atMicros += Math.max(1, drawMicros(random.every, draws.gap));
    if (atMicros >= random.untilMicros) break;
    taken = taken.filter((one) => one.untilMicros > atMicros);
    let room = tolerated;
    for (const one of taken) room -= one.cost;
    const fitting = random.keepQuorum ? pick.filter((one) => leastCost(one.kind, tolerated) <= room) : pick;
    const kind = pickKind(fitting, draws.kind);
    if (kind === null) continue;
    const wanted = Math.max(LASTING_MIN_MICROS, drawMicros(random.lasting, draws.length));
    const forMicros = Math.min(wanted, random.untilMicros - atMicros);
    if (forMicros < LASTING_MIN_MICROS) continue;
    const busy = taken.flatMap((one) => one.ids);
    const free = ids.filter((id) => !busy.includes(id));
    const size = random.keepQuorum ? room : Math.max(1, tolerated);
    const drawn = actionOf(kind, free, size, tolerated, draws.target);
    if (drawn === null) continue;
    list.push({
      id: `random-${list.length + 1}`,
      atMicros,
      forMicros: drawn.lasts ? forMicros : null,
      action: drawn.action,
    });
    if (drawn.cost > 0) taken.push({ untilMicros: atMicros + forMicros, cost: drawn.cost, ids: drawn.ids });
  }
  return list;
}

/** How many members at least a fault of the kind takes from the quorum. */
function leastCost(kind: RandomKind, tolerated: number): number {
  switch (kind) {
    case "crash":
    case "pause":
    case "stall":
    case "partition.majority":
    case "partition.minority":
    case "partition.one":
    case "partition.leader":
    case "partition.oneWay":
      return 1;
    // Every member of a ring or bridge still reaches a quorum, as long as nobody else is missing.
    case "partition.bridge":
    case "partition.ring":
      return Math.max(1, tolerated);
    default:
      return 0;
  }
}

interface Drawn {
  readonly action: Action;
  readonly lasts: boolean;
  readonly cost: number;
  readonly ids: readonly number[];
}

function actionOf(
  kind: RandomKind,
  free: readonly number[],
  size: number,
  tolerated: number,
  stream: Stream,
): Drawn | null {
  const cut = (
    shape: PartitionShape,
    cost: number,
    ids: readonly number[],
    oneWay: "no" | "in" | "out" = "no",
  ): Drawn => ({
    action: { kind: "partition", shape, oneWay },
    lasts: true,
    cost,
    ids,
  });
  const some = (count: number): readonly number[] => drawIds(free, count, stream);
  const everywhere = { from: ALL, to: ALL, types: [] as readonly string[] };
  switch (kind) {
    case "crash": {
      const target = one(free, stream);
      if (target === null) return null;
      const fate = stream.below(4);
      const unsynced = fate === 0 ? "tear" : fate === 1 ? "keep" : "lose";
      return { action: { kind: "crash", on: target.on, unsynced }, lasts: true, cost: 1, ids: target.ids };
    }
    case "pause": {
      const target = one(free, stream);
      return target === null
        ? null
        : { action: { kind: "pause", on: target.on }, lasts: true, cost: 1, ids: target.ids };
    }
    case "stall": {
      const target = one(free, stream);
      if (target === null) return null;
      const action: Action = { kind: "disk", on: target.on, effect: { kind: "stall" }, pPpm: ALWAYS_PPM };
      return { action, lasts: true, cost: 1, ids: target.ids };
    }
    case "slowFsync": {
      const target = one(free, stream);
      if (target === null) return null;
      const addMicros = 5_000 * (1 + stream.below(60));
      const action: Action = { kind: "disk", on: target.on, effect: { kind: "slowFsync", addMicros }, pPpm: 500_000 };
      return { action, lasts: true, cost: 0, ids: [] };
    }
    case "clock": {
      const target = one(free, stream);
      if (target === null) return null;
      const driftPpm = (stream.below(2) === 0 ? 1 : -1) * 100 * (1 + stream.below(50));
      const action: Action = { kind: "clock", on: target.on, skewMicros: null, driftPpm, jumpMicros: null };
      return { action, lasts: true, cost: 0, ids: [] };
    }
    case "drop":
      return {
        action: { kind: "drop", ...everywhere, pPpm: 10_000 * (1 + stream.below(30)) },
        lasts: true,
        cost: 0,
        ids: [],
      };
    case "delay": {
      const addMicros = 1_000 * (1 + stream.below(200));
      const action: Action = {
        kind: "delay",
        ...everywhere,
        pPpm: 10_000 * (1 + stream.below(100)),
        addMicros,
        jitterMicros: Math.floor(addMicros / 2),
        correlationPpm: 0,
        dist: "uniform",
      };
      return { action, lasts: true, cost: 0, ids: [] };
    }
    case "duplicate":
      return {
        action: { kind: "duplicate", ...everywhere, pPpm: 10_000 * (1 + stream.below(30)), copies: 1 },
        lasts: true,
        cost: 0,
        ids: [],
      };
    case "reorder":
      return {
        action: {
          kind: "reorder",
          ...everywhere,
          pPpm: 10_000 * (1 + stream.below(30)),
          windowMicros: 1_000 * (1 + stream.below(100)),
        },
        lasts: true,
        cost: 0,
        ids: [],
      };
    case "transferLeader":
      return { action: { kind: "transferLeader", to: { kind: "any", count: 1 } }, lasts: false, cost: 0, ids: [] };
    case "partition.majority": {
      const ids = some(1 + stream.below(Math.max(1, size)));
      return ids.length === 0 ? null : cut({ kind: "groups", groups: [named(...ids), REST] }, ids.length, ids);
    }
    case "partition.minority": {
      const count = 1 + stream.below(Math.max(1, size));
      const side: Selector = count === 1 ? LEADER : { kind: "leader-plus", others: count - 1 };
      return cut({ kind: "groups", groups: [side, REST] }, count, []);
    }
    case "partition.one": {
      const ids = some(1);
      return ids.length === 0 ? null : cut({ kind: "isolate", on: named(...ids) }, 1, ids);
    }
    case "partition.leader":
      return cut({ kind: "isolate", on: LEADER }, 1, []);
    case "partition.bridge": {
      const ids = some(1);
      return ids.length === 0 ? null : cut({ kind: "bridge", on: named(...ids) }, Math.max(1, tolerated), []);
    }
    case "partition.ring":
      return cut({ kind: "ring" }, Math.max(1, tolerated), []);
    case "partition.oneWay": {
      const target = one(free, stream);
      if (target === null) return null;
      return cut({ kind: "isolate", on: target.on }, 1, target.ids, stream.below(2) === 0 ? "in" : "out");
    }
  }
}

/** The leader, half of the time, else one of the free members by name; null where none is free. */
function one(free: readonly number[], stream: Stream): { on: Selector; ids: readonly number[] } | null {
  if (stream.below(2) === 0) return { on: LEADER, ids: [] };
  if (free.length === 0) return null;
  const id = free[stream.below(free.length)]!;
  return { on: named(id), ids: [id] };
}

function drawIds(free: readonly number[], count: number, stream: Stream): readonly number[] {
  const left = [...free];
  const drawn: number[] = [];
  while (drawn.length < count && left.length > 0) drawn.push(left.splice(stream.below(left.length), 1)[0]!);
  return drawn.sort((a, b) => a - b);
}

function pickKind(pick: RandomFaults["pick"], stream: Stream): RandomKind | null {
  let sum = 0;
  for (const one of pick) sum += one.weight;
  if (sum === 0) return null;
  let drawn = stream.below(sum);
  for (const one of pick) {
    if (drawn < one.weight) return one.kind;
    drawn -= one.weight;
  }
  return null;
}

/** A random half of the kinds, at least one. */
function halfOf(pick: RandomFaults["pick"], stream: Stream): RandomFaults["pick"] {
  const kept = pick.filter(() => stream.below(2) === 0);
  return kept.length > 0 ? kept : pick.slice(0, 1);
}
