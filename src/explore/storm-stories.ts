// Stories of a storm: several faults that make sense only together, each at a drawn moment and in a fixed order.

import { type Action, ALWAYS_PPM } from "../fault/action.ts";
import { ALL, LEADER, members as named, REST, type Selector } from "../fault/selector.ts";
import type { Counter } from "../kernel/counter.ts";
import { MILLISECOND } from "../kernel/time.ts";
import type { Trigger } from "../scenario/scenario.ts";
import { between, doubled, happens, oneOf, someOf } from "./draw.ts";
import { ANSWERS, put, round, type Storm, someone, someWatchers, unsynced } from "./storm-state.ts";

/** Answers are long on their way to a leader, and arrive when it is cut off with nobody or a few: what they confirm is over. */
export function lateAnswers(storm: Storm, at: number, lasts: number): void {
  const { stream, plan } = storm;
  const addMicros = between(stream, 3, 12) * 100 * MILLISECOND;
  const late = { pPpm: ALWAYS_PPM, addMicros, jitterMicros: 0, correlationPpm: 0, dist: "constant" } as const;
  put(storm, at, lasts, { kind: "delay", from: ALL, to: LEADER, types: ANSWERS, ...late });
  const cutAt = at + round(stream.below(lasts));
  const apart = Math.min(plan.untilMicros - cutAt, addMicros + 2 * plan.electionMicros);
  const side: Selector = happens(stream, 1, 3) ? LEADER : { kind: "leader-plus", others: 1 };
  put(storm, cutAt, apart, { kind: "partition", shape: { kind: "groups", groups: [side, REST] }, oneWay: "no" });
}

/** More changes of leader than this are not waited for. */
const REIGNS_MAX = 64;

/** The moment in which somebody begins to lead is the last of it, or one in which the operator wants something. */
export function shortReign(storm: Storm, lasts: number): void {
  const { stream, plan } = storm;
  storm.reigns += between(stream, 1, 2);
  if (storm.reigns > REIGNS_MAX) return;
  const predicate = { kind: "counter", counter: "leader-change", compare: ">=", value: storm.reigns } as const;
  const forMicros = Math.min(lasts, 4 * plan.electionMicros);
  const id = `s${storm.list.length + 1}`;
  const trigger: Trigger = { kind: "when", predicate };
  if (plan.reconfigures && happens(stream, 1, 3)) {
    const on = named(oneOf(stream, plan.ids));
    const change = { on, role: "voter", zone: null, host: null, joint: false } as const;
    const action: Action = { kind: "member", change: happens(stream, 1, 2) ? "remove" : "demote", ...change };
    storm.list.push({ id, trigger, forMicros: null, action });
    return;
  }
  const cut: Action = { kind: "partition", shape: { kind: "groups", groups: [LEADER, REST] }, oneWay: "no" };
  const action: Action = happens(stream, 2, 3) ? cut : { kind: "crash", on: LEADER, unsynced: unsynced(stream) };
  storm.list.push({ id, trigger, forMicros, action });
}

/** How often two rivals lead in all. */
const RIVAL_TURNS = 7;

/**
 * Two members lead by turns. They can say nothing of what they have, or half of it; they fall soon after they stood, and each
 * comes back when it is its turn again.
 */
export function rivals(storm: Storm, at: number): void {
  const { stream, plan } = storm;
  const pair = someOf(stream, plan.ids, 2);
  const step = doubled(stream, Math.max(2 * MILLISECOND, plan.electionMicros >> 9), 4);
  const beginsAt: number[] = [at];
  const fallsAt: number[] = [];
  for (let turn = 0; turn < RIVAL_TURNS; turn++) {
    fallsAt.push((beginsAt[turn] as number) + round(step * between(stream, 3, 12)) + MILLISECOND);
    beginsAt.push((fallsAt[turn] as number) + round(step * between(stream, 4, 8)) + 2 * MILLISECOND);
  }
  const over = beginsAt[RIVAL_TURNS] as number;
  if (at < storm.rivalsUntil || over >= plan.untilMicros) return;
  storm.rivalsUntil = over;
  for (let turn = 0; turn < RIVAL_TURNS; turn++) {
    const on = named(pair[turn % 2] as number);
    const begin = beginsAt[turn] as number;
    const falls = fallsAt[turn] as number;
    const pPpm = happens(stream, 2, 3) ? ALWAYS_PPM : ALWAYS_PPM >> 1;
    put(storm, begin, falls - begin, { kind: "drop", from: on, to: ALL, types: ["MsgApp"], pPpm });
    // Once to hear of the term that is, and once more if that took its own.
    put(storm, begin, null, { kind: "campaign", on });
    put(storm, begin + round(step * 2), null, { kind: "campaign", on });
    const back = Math.min(over, beginsAt[turn + 2] ?? over) - MILLISECOND;
    put(storm, falls, back - falls, { kind: "crash", on, unsynced: unsynced(stream) });
  }
}

/** A founder is away, and clients come to it when it is back, before or while it catches up. */
export function comeback(storm: Storm, at: number, lasts: number): void {
  const { stream, plan } = storm;
  const on = named(oneOf(stream, plan.ids));
  const back = at + lasts;
  if (happens(stream, 2, 3)) put(storm, at, lasts, { kind: "partition", shape: { kind: "isolate", on }, oneWay: "no" });
  else put(storm, at, lasts, { kind: "crash", on, unsynced: unsynced(stream) });
  if (happens(stream, 1, 2)) {
    const addMicros = doubled(stream, 10 * MILLISECOND, 6);
    const late = { pPpm: ALWAYS_PPM, addMicros, jitterMicros: 0, correlationPpm: 0, dist: "constant" } as const;
    put(storm, at, lasts * 2, { kind: "delay", from: ALL, to: on, types: ["MsgSnap"], ...late });
  }
  for (let n = between(stream, 1, 3); n > 0; n--) {
    const comes = back + stream.below(200) * MILLISECOND;
    if (comes < plan.untilMicros) {
      put(storm, comes, null, { kind: "clientReconnect", clients: someWatchers(storm), to: on });
    }
  }
}

/** More new members than this never fail for good. */
const LOST_MAX = 2;

/** A new member that never gets to work, a wrong address or a disk that is full, and is promoted all the same. */
export function lostLearner(storm: Storm, at: number, lasts: number): void {
  const { plan } = storm;
  if (!plan.reconfigures || storm.lost.length === LOST_MAX) return;
  const id = storm.nextId++;
  storm.lost.push(id);
  const on = named(id);
  const change = { kind: "member", on, role: "learner", zone: null, host: null, joint: false } as const;
  put(storm, at, null, { ...change, change: "add" });
  // It is there as soon as the addition is committed, whenever that is.
  for (let wait = 4; wait <= 256; wait *= 2) {
    const failsAt = at + wait * MILLISECOND;
    if (failsAt < plan.untilMicros) put(storm, failsAt, null, { kind: "crash", on, unsynced: "lose" });
  }
  if (at + lasts < plan.untilMicros) put(storm, at + lasts, null, { ...change, change: "promote", role: "voter" });
}

/** Moments at which a crash tells more than at any other. */
const MOMENTS: readonly Counter[] = [
  "snapshot-taken",
  "snapshot-sent",
  "snapshot-installed",
  "leader-change",
  "uncommitted-overwritten",
  "compaction",
  "config-change",
  "transfer",
];

/** A crash right after the nth time that something happened, whenever that is. */
export function atMoment(storm: Storm): void {
  const { stream } = storm;
  const counter = oneOf(stream, MOMENTS);
  const trigger: Trigger = {
    kind: "when",
    predicate: { kind: "counter", counter, compare: ">=", value: between(stream, 1, 6) },
  };
  const action: Action = { kind: "crash", on: someone(storm), unsynced: unsynced(stream) };
  storm.list.push({
    id: `s${storm.list.length + 1}`,
    trigger,
    forMicros: doubled(stream, 50 * MILLISECOND, 6),
    action,
  });
}

/** What a restored cluster adds to its revision, so that it hands out none twice. */
const RESTORE_BUMP = 1_000_000_000;

/** A backup, and a while later a new cluster of the founders from it, as the manual has it: its revision raised, its past compacted. */
export function restore(storm: Storm, at: number, lasts: number): void {
  const { plan } = storm;
  // A backup from before another restore would have its revisions handed out again.
  if (!plan.reconfigures || at <= storm.restoredAt || at + lasts >= plan.untilMicros) return;
  storm.restoredAt = at + lasts;
  const as = `b${storm.list.length + 1}`;
  put(storm, at, null, { kind: "backup", from: LEADER, as, of: "state" });
  put(storm, at + lasts, null, {
    kind: "restore",
    snapshot: as,
    members: plan.ids,
    newClusterId: true,
    bumpRevision: RESTORE_BUMP,
    markCompacted: true,
  });
  storm.voters = [...plan.ids];
}

/** An episode of the operator's: join, promote, leave, replace, one or two changes in a breath. */
export function reconfigure(storm: Storm, at: number, lasts: number): void {
  const { stream, plan } = storm;
  if (!plan.reconfigures) return;
  const joins = storm.nextId <= plan.nextId + 5;
  const episode = stream.below(5);
  const change = (
    when: number,
    what: "add" | "remove" | "promote" | "demote",
    ids: readonly number[],
    role: "voter" | "learner" = "voter",
    joint = false,
  ): void => {
    if (when >= plan.untilMicros) return;
    put(storm, when, null, { kind: "member", change: what, on: named(...ids), role, zone: null, host: null, joint });
  };
  const fresh = (): number => {
    const id = storm.nextId++;
    storm.voters.push(id);
    return id;
  };
  if (episode === 0 && joins) {
    const id = fresh();
    change(at, "add", [id], "learner");
    // Some never get to work: a wrong address, a disk that is full.
    const failsAt = at + doubled(stream, 10 * MILLISECOND, 5);
    if (happens(stream, 1, 3) && failsAt < plan.untilMicros) {
      put(storm, failsAt, lasts * 4, { kind: "crash", on: named(id), unsynced: "lose" });
    }
    change(at + lasts, "promote", [id]);
  } else if (episode === 1 && joins) {
    change(at, "add", [fresh()]);
    if (happens(stream, 1, 2)) change(at, "add", [fresh()]);
  } else if (episode === 2 && joins && storm.voters.length >= 3) {
    const gone = someOf(stream, storm.voters, 2);
    storm.voters = storm.voters.filter((id) => !gone.includes(id));
    change(at, "add", [fresh(), fresh()], "voter", true);
    change(at, "remove", gone, "voter", true);
  } else if (storm.voters.length > 3) {
    const id = oneOf(stream, storm.voters);
    storm.voters = storm.voters.filter((other) => other !== id);
    change(at, episode === 3 ? "remove" : "demote", [id]);
    if (episode === 4) change(at + lasts, "promote", [id]);
  } else if (joins) change(at, "add", [fresh()]);
}
