// Ending what an action did: links are mended, members start again, values are put back.

import { resumeClient } from "../client/client.ts";
import { resumeSync } from "../disk/disk.ts";
import type { Action, DiskAction } from "../fault/action.ts";
import { unreachable } from "../kernel/assert.ts";
import type { Distribution } from "../kernel/distribution.ts";
import type { QueuedEvent } from "../kernel/queue.ts";
import { memberRank } from "../kernel/rank.ts";
import { mendLinks, removeClientEffects, removeEffects } from "../network/network.ts";
import type { Aim } from "./aim.ts";
import type { RunContext } from "./context.ts";
import { CHARGED, EventKind } from "./event.ts";
import { restart } from "./life.ts";
import { deliverHeld, deliverHeldToClient } from "./network-actions.ts";
import {
  type PlannedAction,
  type Process,
  processOf,
  setClockRate,
  type TimetableState,
  type Undo,
  type World,
} from "./world.ts";

/** The one member that an action was aimed at; 0 where there are several, or none yet, or where its targets are clients. */
export function onlyMember(world: World, action: Action, targets: readonly number[]): number {
  if (targets.length !== 1 || isOfClients(action)) return 0;
  const id = targets[0] as number;
  return (world.processes[id] ?? null) === null ? 0 : id;
}

/** Actions whose targets are clients. */
function isOfClients({ kind }: Action): boolean {
  return kind === "certificate" || kind === "clientPause" || kind === "clientReconnect" || kind === "clientSlowWatch";
}

export function bitsOf(targets: readonly number[]): number {
  let bits = 0;
  for (const id of targets) bits |= 1 << (id % 31);
  return bits;
}

function admitAgain(world: World, state: TimetableState): void {
  for (const key of state.denied) {
    const link = world.network.clientLinks.get(key);
    if (link !== undefined && link.denied > 0) link.denied--;
  }
  state.denied = [];
}

export function heal(aim: Aim, id: string | null): boolean {
  const { world, context } = aim;
  let healed = false;
  for (const [position, entry] of world.timetable.entries()) {
    const planned = context.plan.timetable[position] as PlannedAction;
    if (entry.status !== "active" || position === aim.position) continue;
    if (id === null ? !isNetwork(planned.action) : planned.id !== id) continue;
    endAction(world, context, position);
    healed = true;
  }
  return healed;
}

function isNetwork(action: Action): boolean {
  switch (action.kind) {
    case "partition":
    case "drop":
    case "delay":
    case "duplicate":
    case "reorder":
    case "corrupt":
    case "bandwidth":
    case "hold":
      return true;
    default:
      return false;
  }
}

/** What an action did ends. Returns a member that was touched, 0 if several or none. */
export function endAction(world: World, context: RunContext, position: number): number {
  const planned = context.plan.timetable[position] as PlannedAction;
  const state = world.timetable[position] as TimetableState;
  if (state.status !== "active") return 0;
  state.status = "done";
  const action = planned.action;
  switch (action.kind) {
    case "partition":
      mendLinks(world.network, state.links);
      break;
    case "crash":
      for (const id of state.targets) restart(world, context, processOf(world, id));
      break;
    case "pause":
      for (const id of state.targets) {
        const process = processOf(world, id);
        if (process.pauses > 0 && --process.pauses === 0) flushInbox(world, context, process);
      }
      break;
    case "clientPause":
      for (const id of state.targets) {
        const client = world.clients[id];
        if (client === null || client === undefined || client.pauses === 0) continue;
        if (--client.pauses === 0) resumeClient(client, context.workloadOf(client), context);
      }
      break;
    case "certificate":
      mendLinks(world.network, state.links);
      admitAgain(world, state);
      break;
    case "disk":
      for (const id of state.targets) endDisk(world, context, action, processOf(world, id));
      break;
    default:
      break;
  }
  for (let i = state.undo.length - 1; i >= 0; i--) giveBack(world, context, state, state.undo[i] as Undo);
  state.undo = [];
  for (const { from, to, message } of removeEffects(world.network, position)) {
    deliverHeld(world, context, from, to, message);
  }
  for (const { key, message } of removeClientEffects(world.network, position)) {
    deliverHeldToClient(context, key, message);
  }
  if (context.trace !== null) context.trace.fault(world.atMicros, position, 2, bitsOf(state.targets));
  return onlyMember(world, action, state.targets);
}

export function endPause(context: RunContext, entry: TimetableState, id: number): void {
  const { action } = context.plan.timetable[context.world.timetable.indexOf(entry)] as PlannedAction;
  if (action.kind === "pause") entry.targets = entry.targets.filter((target) => target !== id);
}

export function flushInbox(world: World, context: RunContext, process: Process): void {
  const inbox = process.inbox;
  process.inbox = [];
  for (const { kind, b, payload } of inbox) {
    context.queue.push(world.atMicros, memberRank(process.id), kind, process.id, b, payload);
  }
}

function endDisk(world: World, context: RunContext, action: DiskAction, process: Process): void {
  const faults = process.disk.faults;
  if (action.effect.kind === "full" && faults.full > 0) faults.full--;
  if (action.effect.kind === "stall" && faults.stalls > 0) {
    faults.stalls--;
    const micros = resumeSync(process.disk, context.choices.open("disk", process.id));
    if (micros !== null && process.status === "up") {
      const at = world.atMicros + micros;
      context.queue.push(at, memberRank(process.id), EventKind.DiskDone, process.id, process.boot, null);
    }
  }
}

/**
 * Puts back what an action replaced. Where another action has replaced it since and is still in force, that one puts it back
 * when it ends: of overlapping faults the last one counts, and after all of them everything is as before.
 */
function giveBack(world: World, context: RunContext, ended: TimetableState, undone: Undo): void {
  let next: TimetableState | null = null;
  for (const state of world.timetable) {
    if (state.status !== "active" || state.order <= ended.order || (next !== null && state.order > next.order))
      continue;
    if (state.undo.some(({ member, what }) => member === undone.member && what === undone.what)) next = state;
  }
  if (next === null) {
    putBack(world, undone);
    if (undone.what === "cpu" && undone.value === 0) catchUp(world, context, undone.member);
    return;
  }
  next.undo = next.undo.map((one) => (one.member === undone.member && one.what === undone.what ? undone : one));
}

/** A process that is slow no longer does at once what it had not got to, in order, before anything that is new. */
function catchUp(world: World, context: RunContext, id: number): void {
  const { queue } = context;
  const waiting: { readonly slot: number; readonly event: QueuedEvent }[] = [];
  for (const kind of [EventKind.Message, EventKind.Timer, EventKind.Request, EventKind.DiskDone]) {
    for (const slot of queue.slotsOf(kind | CHARGED)) {
      const event = queue.at(slot);
      if (event.a === id) waiting.push({ slot, event });
    }
  }
  waiting.sort((x, y) => x.event.atMicros - y.event.atMicros);
  for (const { slot, event } of waiting) {
    queue.cancel(slot);
    queue.push(world.atMicros, memberRank(id), event.kind, id, event.b, event.payload);
  }
  processOf(world, id).busyUntilMicros = world.atMicros;
}

function putBack(world: World, { member, what, value, distribution }: Undo): void {
  if (what === "slow-watch") {
    const client = world.clients[member];
    if (client !== null && client !== undefined) client.slowMicros = value;
    return;
  }
  const process = processOf(world, member);
  const faults = process.disk.faults;
  switch (what) {
    case "cpu":
      process.cpuMicros = value;
      return;
    case "apply":
      process.applyMicros = value;
      return;
    case "skew":
      process.clock.wallOffsetMicros = value;
      return;
    case "rate":
      setClockRate(process.clock, value, world.atMicros);
      return;
    case "slow":
      faults.slowMicros = Math.floor(value / 1_048_576);
      faults.slowPpm = value % 1_048_576;
      return;
    case "write":
      process.disk.write = distribution as Distribution;
      return;
    case "fsync":
      process.disk.fsync = distribution as Distribution;
      return;
    case "error":
      faults.errorPpm = value;
      return;
    case "write-error":
      faults.writeErrorPpm = value;
      return;
    case "read-error":
      faults.readErrorPpm = value;
      return;
    default:
      unreachable(what);
  }
}
