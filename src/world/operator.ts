// What an operator does with a cluster: asks for changes of membership again and again, for other things once, and gives members
// other programs one by one.

import type { Action, MemberAction } from "../fault/action.ts";
import type { Selector } from "../fault/selector.ts";
import { CounterAt } from "../kernel/counter.ts";
import { MEMBER_ID_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { TIMETABLE_RANK } from "../kernel/rank.ts";
import { ClientRequest, type ClientResponse, type RequestError } from "../kernel/request.ts";
import { AdminRequest, alreadyMade, type MembershipChange } from "../member/admin.ts";
import { type Aim, leaderOf, resolve } from "./aim.ts";
import type { RunContext } from "./context.ts";
import { EventKind } from "./event.ts";
import { restart, startProcess, stopProcess } from "./life.ts";
import { createProcess, type PlannedAction, processOf, type TimetableState, type World } from "./world.ts";

/** An operator tries again after this long, this many times; a request of its is given up after the timeout. */
const OPERATOR_RETRY_MICROS = 500_000;

const OPERATOR_ATTEMPTS_MAX = 40;

const OPERATOR_TIMEOUT_MICROS = 8_000_000;

/** Between two members of an upgrade: the one is back and connected before the other goes. */
const UPGRADE_STEP_MICROS = 5_000_000;

/** Members get another program one after another: each is stopped, and the next follows when it has had time to come back. */
export function upgrade(aim: Aim, on: Selector, version: string): boolean {
  const { world, state } = aim;
  const ids = resolve(aim, on).filter((id) => {
    const { status, version: before } = processOf(world, id);
    return status !== "destroyed" && before !== version;
  });
  state.targets = ids;
  if (ids.length === 0) return false;
  state.step = 0;
  upgradeNext(world, aim.context, aim.position, version);
  return true;
}

function upgradeNext(world: World, context: RunContext, position: number, version: string): void {
  const state = world.timetable[position] as TimetableState;
  const id = state.targets[state.step++];
  if (id === undefined) return;
  const process = processOf(world, id);
  if (process.status !== "destroyed") {
    process.version = version;
    if (process.status === "up") {
      stopProcess(world, context, id, "keep");
      if (!restart(world, context, process)) state.note = `n${id}: ${process.reason}`;
    }
  }
  const next = world.atMicros + UPGRADE_STEP_MICROS;
  if (state.step < state.targets.length) {
    context.queue.push(next, TIMETABLE_RANK, EventKind.Operator, position, 0, null);
  }
}

export function membership(aim: Aim, action: MemberAction): boolean {
  const { world, state } = aim;
  const ids = action.on.kind === "members" && action.change === "add" ? [...action.on.ids] : resolve(aim, action.on);
  state.targets = ids;
  if (ids.length === 0) return false;
  if (action.change === "update") {
    let changed = false;
    for (const id of ids) {
      const process = processOf(world, id);
      const { zone, host } = process;
      if (action.zone !== null) process.zone = action.zone;
      if (action.host !== null) process.host = action.host;
      if (process.zone !== zone || process.host !== host) changed = true;
    }
    if (!changed) state.note = "it has these labels already";
    return changed;
  }
  if (action.change === "add") {
    const present = world.ids.filter((id) => !processOf(world, id).removed).length;
    if (present + ids.length > MEMBERS_MAX) {
      state.note = `there are ${present} members, and ${MEMBERS_MAX} are the most`;
      return false;
    }
    for (const id of ids) {
      if (id <= MEMBER_ID_MAX && (world.processes[id] ?? null) === null) continue;
      state.note = `n${id} is or was a member: a new one needs a new name`;
      return false;
    }
    // Others may send to a new member as soon as its membership is applied, a moment before its process starts.
    for (const id of ids) {
      while (world.processes.length <= id) world.processes.push(null);
      world.processes[id] = createProcess(id, action.role, aim.context.plan.disk);
    }
  }
  state.status = "active";
  operate(aim, action);
  return true;
}

/** Asks for the change that is next. */
function operate(aim: Aim, action: MemberAction): void {
  const { world, state } = aim;
  const ids = action.joint ? state.targets : [state.targets[state.step] as number];
  const changes = ids.map((member): MembershipChange => ({ change: changeOf(action), member }));
  const leader = leaderOf(world);
  const up = world.ids.filter((id) => processOf(world, id).status === "up");
  state.attempts++;
  ask(aim, new AdminRequest("membership", changes, 0, 0), leader !== 0 ? leader : (up[0] ?? 0));
}

function changeOf(action: MemberAction): MembershipChange["change"] {
  switch (action.change) {
    case "add":
      return action.role === "learner" ? "add-learner" : "add-voter";
    case "promote":
      return "promote";
    case "demote":
      return "demote";
    default:
      return "remove";
  }
}

export function ask(aim: Aim, request: AdminRequest, to: number): boolean {
  const { world, context, position, state } = aim;
  state.deadlineMicros = world.atMicros + OPERATOR_TIMEOUT_MICROS;
  if (request.op === "membership") {
    const wake = to === 0 ? OPERATOR_RETRY_MICROS : OPERATOR_TIMEOUT_MICROS;
    context.queue.push(world.atMicros + wake, TIMETABLE_RANK, EventKind.Operator, position, 0, null);
  }
  if (to === 0) {
    state.operation = 0;
    return false;
  }
  state.operation = ++world.operatorOperations;
  state.asked = to;
  context.sendRequest(to, new ClientRequest(0, state.operation, Math.max(1, state.attempts), request));
  return true;
}

/** The operator heard an answer. */
export function operatorHears(world: World, context: RunContext, response: ClientResponse): void {
  for (const [position, state] of world.timetable.entries()) {
    if (state.operation !== response.operation || state.status === "waiting") continue;
    const { action } = context.plan.timetable[position] as PlannedAction;
    if (isAsked(action)) {
      state.operation = 0;
      if (response.error !== null) {
        state.status = "ineffective";
        state.note = response.error.message;
      } else state.status = "done";
      context.count(CounterAt[response.error === null ? "fault-effective" : "fault-ineffective"]);
      return;
    }
    if (action.kind !== "member" || state.status !== "active") continue;
    state.operation = 0;
    // What a try made whose answer was lost is not made again; whoever leads knows of it.
    const made = (error: RequestError): boolean =>
      state.unsure && state.asked === leaderOf(world) && alreadyMade(changeOf(action), error);
    if (response.error !== null && !made(response.error)) {
      state.note = response.error.message;
      if (!response.error.definite) state.unsure = true;
      if (state.attempts >= OPERATOR_ATTEMPTS_MAX) giveUp(context, state);
      else {
        context.queue.push(
          world.atMicros + OPERATOR_RETRY_MICROS,
          TIMETABLE_RANK,
          EventKind.Operator,
          position,
          0,
          null,
        );
      }
      return;
    }
    state.note = "";
    carriedOut(world, context, action, action.joint ? state.targets : [state.targets[state.step] as number]);
    state.step = action.joint ? state.targets.length : state.step + 1;
    state.attempts = 0;
    state.unsure = false;
    if (state.step >= state.targets.length) {
      state.status = "done";
      context.count(CounterAt["fault-effective"]);
    } else operate({ world, context, position, state }, action);
    return;
  }
}

/** Actions whose effect only an answer of the cluster tells. */
export function isAnswered(action: Action): boolean {
  return isAsked(action) || (action.kind === "member" && action.change !== "update");
}

/** Requests that the operator makes once; a refusal means that nothing happened. */
function isAsked(action: Action): boolean {
  return action.kind === "transferLeader" || action.kind === "campaign" || action.kind === "compact";
}

function giveUp(context: RunContext, state: TimetableState): void {
  state.status = "ineffective";
  context.count(CounterAt["fault-ineffective"]);
}

function carriedOut(world: World, context: RunContext, action: MemberAction, ids: readonly number[]): void {
  context.count(CounterAt["config-change"]);
  for (const id of ids) {
    if (action.change === "promote") processOf(world, id).role = "voter";
    else if (action.change === "demote") processOf(world, id).role = "learner";
    else if (action.change === "remove") processOf(world, id).removed = true;
    else {
      const process = processOf(world, id);
      process.zone = action.zone;
      process.host = action.host;
      world.ids.push(id);
      world.ids.sort((a, b) => a - b);
      startProcess(world, context, id);
    }
  }
}

/** The operator looks whether its request is still out, and asks again if not. */
export function operatorActs(world: World, context: RunContext, position: number): void {
  const state = world.timetable[position] as TimetableState;
  const { action } = context.plan.timetable[position] as PlannedAction;
  if (action.kind === "upgrade") upgradeNext(world, context, position, action.version);
  if (state.status !== "active" || action.kind !== "member") return;
  if (state.operation !== 0 && world.atMicros < state.deadlineMicros) return;
  if (state.operation !== 0) state.unsure = true;
  if (state.attempts >= OPERATOR_ATTEMPTS_MAX) giveUp(context, state);
  else operate({ world, context, position, state }, action);
}
