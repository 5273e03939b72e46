// The world during a step of one owner: the owner's parts are its own copies, numbers are plain fields, and everything else stays
// behind a draft that is not made before somebody asks for it. So a step that keeps to itself, as nearly all do, needs no draft of
// the world, and one that does not is recorded all the same.

import type { Client } from "../client/client.ts";
import type { Disk } from "../disk/disk.ts";
import type { ResolvedCut } from "../fault/resolve-selector.ts";
import type { Network } from "../network/network.ts";
import type { Process, TimetableState, World } from "../world/world.ts";
import type { PatchPair } from "./settle.ts";

/** Fields of the world that are numbers. */
const NUMBERS = ["atMicros", "steps", "restored", "operatorOperations", "leaders"] as const;

/** What the owner at work has of the world; null: that is left to the draft. */
export interface Owned {
  readonly processes: (Process | null)[] | null;
  readonly network: Network | null;
  readonly clients: (Client | null)[] | null;
}

/** A world to take one step on. */
export class CheckedOutWorld implements World {
  atMicros: number;
  steps: number;
  restored: number;
  operatorOperations: number;
  leaders: number;
  private readonly owned: Owned;
  private readonly open: () => World;
  /** The draft of all else; null: nobody has asked for anything. */
  rest: World | null = null;

  /** `open` makes the draft of `world`. */
  constructor(world: World, owned: Owned, open: () => World) {
    this.atMicros = world.atMicros;
    this.steps = world.steps;
    this.restored = world.restored;
    this.operatorOperations = world.operatorOperations;
    this.leaders = world.leaders;
    this.owned = owned;
    this.open = open;
  }

  private get drafted(): World {
    this.rest ??= this.open();
    return this.rest;
  }

  get processes(): (Process | null)[] {
    return this.owned.processes ?? this.drafted.processes;
  }

  get network(): Network {
    return this.owned.network ?? this.drafted.network;
  }

  get clients(): (Client | null)[] {
    return this.owned.clients ?? this.drafted.clients;
  }

  get ids(): number[] {
    return this.drafted.ids;
  }

  set ids(ids: number[]) {
    this.drafted.ids = ids;
  }

  get timetable(): TimetableState[] {
    return this.drafted.timetable;
  }

  set timetable(timetable: TimetableState[]) {
    this.drafted.timetable = timetable;
  }

  get cuts(): ResolvedCut[] {
    return this.drafted.cuts;
  }

  set cuts(cuts: ResolvedCut[]) {
    this.drafted.cuts = cuts;
  }

  get images(): Map<string, Disk> {
    return this.drafted.images;
  }

  set images(images: Map<string, Disk>) {
    this.drafted.images = images;
  }

  get backups(): Map<string, unknown> {
    return this.drafted.backups;
  }

  set backups(backups: Map<string, unknown>) {
    this.drafted.backups = backups;
  }

  get counters(): number[] {
    return this.drafted.counters;
  }

  set counters(counters: number[]) {
    this.drafted.counters = counters;
  }
}

/**
 * The world after the step, a copy of `kept` (what became of the draft, or `before` itself where there was none) with the numbers
 * of `stepped`; what they changed is added to `out`. The owner's parts are still those of `before`.
 */
export function withNumbers(before: World, kept: World, stepped: World, out: PatchPair): World {
  const next = { ...kept };
  for (const name of NUMBERS) {
    const value = stepped[name];
    if (value === before[name]) continue;
    next[name] = value;
    out.patches.push({ op: "replace", path: [name], value });
    out.inverse.push({ op: "replace", path: [name], value: before[name] });
  }
  return next;
}
