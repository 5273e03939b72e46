// Starting and stopping processes, and noting what each looks like after a step.

import { crashDisk, type Unsynced, wipeDisk } from "../disk/disk.ts";
import { CounterAt } from "../kernel/counter.ts";
import type { RunContext } from "./context.ts";
import { type Process, processOf, type World } from "./world.ts";

/** Role numbers of `ProcessFacts`. */
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
  noteFacts(world, context, process);
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
  noteFacts(world, context, process);
  if (context.trace !== null) context.trace.life(world.atMicros, id, false);
  if (context.lifeObserver !== null) context.lifeObserver.stopped(id);
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

/** Looks at a process after its step: fills in its facts and counts what changed. */
export function noteFacts(world: World, context: RunContext, process: Process): void {
  const facts = process.facts;
  const role = facts.role;
  const term = facts.term;
  if (process.state === null) {
    facts.role = 0;
    if (role === LEADER) world.leaders--;
    return;
  }
  context.protocol.describe(process.state, facts);
  if (facts.role === role && facts.term === term) return;
  const counters = world.counters;
  if (facts.role === LEADER) {
    if (role !== LEADER) world.leaders++;
    counters[CounterAt["leader-change"]]!++;
    if (world.leaders > 1) counters[CounterAt["two-leaders"]]!++;
  } else if (role === LEADER) {
    world.leaders--;
    counters[CounterAt["step-down"]]!++;
  }
  if (facts.role === CANDIDATE && facts.term > term) {
    counters[CounterAt.election]!++;
    if (role === CANDIDATE) counters[CounterAt["split-vote"]]!++;
  }
}
