// Starting and stopping processes, and noting what each looks like after a step.

import { brokenAt } from "../client/client.ts";
import { crashDisk, type Unsynced, wipeDisk } from "../disk/disk.ts";
import { CounterAt } from "../kernel/counter.ts";
import { ClientRequest } from "../kernel/request.ts";
import { BROKEN } from "./client-links.ts";
import type { RunContext } from "./context.ts";
import { type Process, processOf, type World } from "./world.ts";

/** Roles of `ProcessFacts`. */
const CANDIDATE = 1;
const LEADER = 2;

/** Boots a process from what is on its disk. Returns whether it came up; it refuses with a reason in `process.reason`. */
export function startProcess(world: World, context: RunContext, id: number): boolean {
  const process = context.enter(id);
  if (process.status !== "down") return false;
  const { readErrorPpm } = process.disk.faults;
  if (readErrorPpm > 0 && context.choices.open("disk", id).below(1_000_000) < readErrorPpm) {
    process.reason = "cannot read the write-ahead log: input/output error";
    return false;
  }
  process.boot++;
  process.status = "up";
  process.reason = "";
  process.inbox = [];
  const state = context.protocol.start(context);
  process.state = state;
  if (context.trace !== null) context.trace.life(world.atMicros, id, state !== null);
  if (state === null || context.dying) {
    context.dying = false;
    const reason = process.reason;
    process.status = "down";
    process.state = null;
    process.reason = reason === "" ? "refused to start" : reason;
    return false;
  }
  if (process.boot > 1) context.count(CounterAt.restart);
  if (context.lifeObserver !== null) context.lifeObserver.started(id, state);
  noteOffice(world, context, process);
  return true;
}

/** Ends a process; what was not synced is treated as `unsynced` says. */
export function stopProcess(world: World, context: RunContext, id: number, unsynced: Unsynced): void {
  const process = processOf(world, id);
  if (process.status !== "up") return;
  context.count(CounterAt.crash);
  process.status = "down";
  process.state = null;
  process.inbox = [];
  process.busyUntilMicros = 0;
  if (process.reason === "") process.reason = "crashed";
  crashDisk(process.disk, unsynced, context.choices.open("disk-crash", id));
  leaveOffice(world, process);
  if (context.trace !== null) context.trace.life(world.atMicros, id, false);
  if (context.lifeObserver !== null) context.lifeObserver.stopped(id);
  if (context.plan.connections) breakConnections(world, context, id);
}

/** Whoever waits for the member hears at once that it is gone. */
function breakConnections(world: World, context: RunContext, id: number): void {
  for (const client of world.clients) {
    if (client === null) continue;
    for (const request of brokenAt(client, id)) context.breakConnection(id, request, BROKEN);
  }
  for (const { asked, operation, status } of world.timetable) {
    if (asked !== id || operation === 0 || status === "waiting") continue;
    context.breakConnection(id, new ClientRequest(0, operation, 1, null), BROKEN);
  }
}

/** Takes a member away for good, with its disk. */
export function destroyProcess(world: World, context: RunContext, id: number): void {
  const process = processOf(world, id);
  stopProcess(world, context, id, "lose");
  process.status = "destroyed";
  process.reason = "destroyed";
  wipeDisk(process.disk);
  process.disk.destroyed = true;
  if (context.lifeObserver !== null) context.lifeObserver.diskReplaced(id);
}

/** Role of a process as of its last step: 0 follower, 1 candidate, 2 leader, 3 pre-candidate; 0 while it is down. */
export function roleOf(process: Process): number {
  return process.office & 3;
}

/** Term of a process as of its last step. */
export function termOf(process: Process): number {
  return Math.floor(process.office / 4);
}

/** Looks at a running process after its step, and counts who took or lost office. */
export function noteOffice(world: World, context: RunContext, process: Process): void {
  const before = process.office;
  const office = context.protocol.office(process.state);
  if (office !== before) countOffice(world, process, before, office);
}

/** A process that has ended holds no office any more. */
function leaveOffice(world: World, process: Process): void {
  const role = roleOf(process);
  if (role === LEADER) world.leaders--;
  process.office -= role;
}

function countOffice(world: World, process: Process, before: number, office: number): void {
  process.office = office;
  const was = before & 3;
  const is = office & 3;
  const counters = world.counters;
  if (is === LEADER) {
    if (was !== LEADER) world.leaders++;
    counters[CounterAt["leader-change"]]!++;
    if (world.leaders > 1) counters[CounterAt["two-leaders"]]!++;
  } else if (was === LEADER) {
    world.leaders--;
    counters[CounterAt["step-down"]]!++;
  }
  if (is === CANDIDATE && office - is > before - was) {
    counters[CounterAt.election]!++;
    if (was === CANDIDATE) counters[CounterAt["split-vote"]]!++;
  }
}

/** Starts a process that is down; returns whether it runs. One that was removed never does again. */
export function restart(world: World, context: RunContext, process: Process): boolean {
  return process.status === "down" && !process.removed && startProcess(world, context, process.id);
}
