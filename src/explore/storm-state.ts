// What a storm knows while it is drawn, and what its faults are made of: whom they hit, when, and for how long.

import type { Action, Unsynced } from "../fault/action.ts";
import { LEADER, members as named, type Selector } from "../fault/selector.ts";
import type { Stream } from "../kernel/choose.ts";
import { MILLISECOND } from "../kernel/time.ts";
import type { Fault, Trigger } from "../scenario/scenario.ts";
import { between, doubled, happens, oneOf, weighted } from "./draw.ts";

/** Kinds of faults that a storm draws from. */
export const STORM_KINDS = [
  "crash",
  "power-cut",
  "pause",
  "slow-disk",
  "stall",
  "disk-error",
  "disk-full",
  "bit-rot",
  "wipe",
  "slow-apply",
  "clock",
  "loss",
  "lost-answers",
  "delay",
  "late-rarity",
  "duplicate",
  "reorder",
  "cut",
  "cut-leader",
  "partial-cut",
  "one-way",
  "unheard-leader",
  "late-answers",
  "short-reign",
  "mute-handover",
  "black-hole",
  "transfer",
  "campaign",
  "rivals",
  "reconfigure",
  "lost-learner",
  "restore",
  "compact",
  "delete-all",
  "comeback",
  "client-pause",
  "slow-watch",
  "reconnect",
] as const;

export type StormKind = (typeof STORM_KINDS)[number];

/**
 * `long`: faults last for seconds, few overlap, and leaders that are cut off have no majority. `short`: one follows the other,
 * each for an election or two.
 */
export type Tempo = "any" | "long" | "short";

/** What a storm is drawn for. */
export interface StormPlan {
  /** The founding members, ascending. */
  readonly ids: readonly number[];
  readonly fromMicros: number;
  /** No fault begins later, and none but those meant to stay lasts longer. */
  readonly untilMicros: number;
  /** Times are drawn in proportion to it. */
  readonly electionMicros: number;
  readonly kinds: readonly StormKind[];
  readonly tempo: Tempo;
  /** Clocks may run so much faster or slower, in ppm. */
  readonly driftPpmMax: number;
  /** A member may join or leave. */
  readonly reconfigures: boolean;
  /** Number of the first member that may join. */
  readonly nextId: number;
  /** How many clients there are, numbered from 1. */
  readonly clients: number;
  /** Those of them that watch, ascending. */
  readonly watchers: readonly number[];
}

export interface Storm {
  readonly plan: StormPlan;
  readonly stream: Stream;
  readonly list: Fault[];
  nextId: number;
  voters: number[];
  /** Until when messages are sent twice. */
  duplicatesUntil: number;
  /** When the last restore is. */
  restoredAt: number;
  /** Until when two rivals take turns. */
  rivalsUntil: number;
  /** Members that never got to work. */
  readonly lost: number[];
  /** Changes of leader after which something happens to the new one: the last of them. */
  reigns: number;
}

export const ANSWERS: readonly string[] = ["MsgAppResp", "MsgHeartbeatResp"];

/** Messages that can be large: where a path takes small packets only, these are lost and all others arrive. */
export const LARGE: readonly string[] = ["MsgApp", "MsgSnap"];

export function beginStorm(plan: StormPlan, stream: Stream): Storm {
  const { nextId, ids } = plan;
  return {
    plan,
    stream,
    list: [],
    nextId,
    voters: [...ids],
    duplicatesUntil: 0,
    restoredAt: 0,
    rivalsUntil: 0,
    lost: [],
    reigns: 0,
  };
}

/** Whole milliseconds: a fault that a person would write. */
export function round(micros: number): number {
  return Math.floor(micros / MILLISECOND) * MILLISECOND;
}

/** Whatever lasts is over when the storm is. */
export function put(storm: Storm, atMicros: number, forMicros: number | null, action: Action): void {
  const trigger: Trigger = { kind: "time", atMicros };
  const lasts = forMicros === null ? null : Math.min(forMicros, storm.plan.untilMicros - atMicros);
  storm.list.push({ id: `s${storm.list.length + 1}`, trigger, forMicros: lasts, action });
}

/** The leader, half of the time, else one of the founders by name, or whoever joined last. */
export function someone({ stream, plan, nextId }: Storm): Selector {
  if (happens(stream, 1, 2)) return LEADER;
  return nextId > plan.nextId && happens(stream, 1, 3) ? named(nextId - 1) : named(oneOf(stream, plan.ids));
}

/** All clients now and then, else one of them: the others go on. */
export function someClients({ stream, plan }: Storm): Selector {
  if (happens(stream, 1, 4) || plan.clients === 0) return { kind: "clients", ids: [] };
  return { kind: "clients", ids: [between(stream, 1, plan.clients)] };
}

/** The same for what only those who watch notice. */
export function someWatchers(storm: Storm): Selector {
  const { stream, plan } = storm;
  return plan.watchers.length === 0 || happens(stream, 1, 4)
    ? someClients(storm)
    : { kind: "clients", ids: [oneOf(stream, plan.watchers)] };
}

/** As long as leases and people's patience last, which go by seconds however short elections are. */
export function seconds({ stream, plan }: Storm, at: number, lasts: number): number {
  return Math.min(plan.untilMicros - at, Math.max(lasts, doubled(stream, 500 * MILLISECOND, 5)));
}

export function unsynced(stream: Stream): Unsynced {
  return weighted<Unsynced>(stream, [
    [3, "lose"],
    [3, "tear"],
    [1, "keep"],
  ]);
}
