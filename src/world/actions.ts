// Doing what the timetable says: aiming (selectors are resolved at the moment an action fires), doing, undoing. An action that
// found nobody to act on, or changed nothing, is recorded as ineffective.

import { brokenAt, reconnect, resumeClient, submitOne, submitReady } from "../client/client.ts";
import {
  corruptFile,
  corruptRecord,
  type DiskFaults,
  durableImage,
  restoreImage,
  resumeSync,
  wipeDisk,
} from "../disk/disk.ts";
import type {
  Action,
  CertificateAction,
  ClientOperation,
  DiskAction,
  MemberAction,
  MessageMatch,
  PartitionAction,
} from "../fault/action.ts";
import { resolveClients, resolveGroups, resolveSelector, type SelectorView } from "../fault/resolve-selector.ts";
import { needsDraw, type Selector } from "../fault/selector.ts";
import { unreachable } from "../kernel/assert.ts";
import { CounterAt } from "../kernel/counter.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { MEMBER_ID_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import type { QueuedEvent } from "../kernel/queue.ts";
import { linkRank, memberRank, TIMETABLE_RANK } from "../kernel/rank.ts";
import { ClientRequest, type ClientResponse } from "../kernel/request.ts";
import { AdminRequest, alreadyMade, type MembershipChange } from "../member/admin.ts";
import {
  addEffect,
  clientLink,
  clientLinkKey,
  clientLinkOf,
  cutLinks,
  type LinkEffect,
  type LinkName,
  linkOf,
  linksBetweenGroups,
  linksOfBridge,
  linksOfRing,
  mendLinks,
  removeClientEffects,
  removeEffects,
} from "../network/network.ts";
import { BROKEN, deliverHeldBetween } from "./client-links.ts";
import { LossReason, type RunContext } from "./context.ts";
import { CHARGED, EventKind } from "./event.ts";
import { destroyProcess, roleOf, startProcess, stopProcess, termOf } from "./life.ts";
import { restoreCluster } from "./restore.ts";
import { singleRequest } from "./single-request.ts";
import {
  createProcess,
  type PlannedAction,
  type Process,
  processOf,
  setClockRate,
  type TimetableState,
  type Undo,
  type World,
} from "./world.ts";

/** An operator tries again after this long, this many times; a request of its is given up after the timeout. */
const OPERATOR_RETRY_MICROS = 500_000;
const OPERATOR_ATTEMPTS_MAX = 40;
const OPERATOR_TIMEOUT_MICROS = 8_000_000;

/** Between two members of an upgrade: the one is back and connected before the other goes. */
const UPGRADE_STEP_MICROS = 5_000_000;

const ROLES = ["follower", "candidate", "leader", "pre-candidate"] as const;

/** The world as selectors see it. */
export function selectorView(world: World): SelectorView {
  const members = [];
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.removed) continue;
    const up = process.status === "up";
    members.push({
      id,
      up,
      role: up ? (ROLES[roleOf(process)] ?? "follower") : ("down" as const),
      configured: process.role,
      term: termOf(process),
      zone: process.zone,
      host: process.host,
    });
  }
  return { members, cuts: world.cuts };
}

/** The leader of the highest term, 0 if none. */
export function leaderOf(world: World): number {
  let leader = 0;
  let term = -1;
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.status === "up" && roleOf(process) === 2 && termOf(process) > term) {
      leader = id;
      term = termOf(process);
    }
  }
  return leader;
}

interface Aim {
  world: World;
  context: RunContext;
  position: number;
  state: TimetableState;
}

function resolve(aim: Aim, selector: Selector): number[] {
  const stream = aim.context.choices.open("selector", aim.position);
  return resolveSelector(selector, selectorView(aim.world), (n) => stream.below(n));
}

/** Like `resolve`, but what is drawn is drawn from the members that are up, if any is: a client goes where it finds somebody. */
function resolveReachable(aim: Aim, selector: Selector): number[] {
  const stream = aim.context.choices.open("selector", aim.position);
  const view = selectorView(aim.world);
  const up = view.members.filter((member) => member.up).map((member) => member.id);
  return resolveSelector(selector, view, (n) => stream.below(n), up.length === 0 ? null : up);
}

/** An action fires. Returns a member that was touched (for its checks), 0 if several or none. */
export function beginAction(world: World, context: RunContext, position: number): number {
  const planned = context.plan.timetable[position] as PlannedAction;
  const state = world.timetable[position] as TimetableState;
  if (state.status !== "waiting") return 0;
  const aim: Aim = { world, context, position, state };
  state.firedAtMicros = world.atMicros;
  state.order = world.timetable.reduce((fired, { status }) => (status === "waiting" ? fired : fired + 1), 0);
  const effective = perform(aim, planned, planned.action);
  if (effective) {
    state.status = planned.forMicros !== null ? "active" : state.status === "waiting" ? "done" : state.status;
    if (planned.forMicros !== null) {
      const end = world.atMicros + planned.forMicros;
      context.queue.push(end, TIMETABLE_RANK, EventKind.FaultEnds, position, 0, null);
    } else if (isLasting(planned.action)) state.status = "active";
    // What was asked of the cluster took effect when the cluster says so.
    if (isAnswered(planned.action)) state.status = "active";
    else context.count(CounterAt["fault-effective"]);
  } else {
    state.status = "ineffective";
    if (state.note === "") state.note = state.targets.length === 0 ? "it found nobody" : "it changed nothing";
    context.count(CounterAt["fault-ineffective"]);
  }
  if (context.trace !== null) context.trace.fault(world.atMicros, position, effective ? 1 : 3, bitsOf(state.targets));
  return effective ? onlyMember(world, planned.action, state.targets) : 0;
}

/** The one member that an action was aimed at; 0 where there are several, or none yet, or where its targets are clients. */
function onlyMember(world: World, action: Action, targets: readonly number[]): number {
  if (targets.length !== 1 || isOfClients(action)) return 0;
  const id = targets[0] as number;
  return (world.processes[id] ?? null) === null ? 0 : id;
}

/** Actions whose targets are clients. */
function isOfClients({ kind }: Action): boolean {
  return kind === "certificate" || kind === "clientPause" || kind === "clientReconnect" || kind === "clientSlowWatch";
}

function bitsOf(targets: readonly number[]): number {
  let bits = 0;
  for (const id of targets) bits |= 1 << (id % 31);
  return bits;
}

function isLasting(action: Action): boolean {
  switch (action.kind) {
    case "partition":
    case "drop":
    case "delay":
    case "duplicate":
    case "reorder":
    case "corrupt":
    case "bandwidth":
    case "hold":
    case "crash":
    case "pause":
    case "slow":
    case "clock":
    case "clientPause":
    case "clientSlowWatch":
      return true;
    case "certificate":
      return action.change === "expire";
    case "disk":
      return action.effect.kind !== "corrupt" && action.effect.kind !== "rollback" && action.effect.kind !== "wipe";
    default:
      return false;
  }
}

function perform(aim: Aim, planned: PlannedAction, action: Action): boolean {
  const { world, context, state } = aim;
  switch (action.kind) {
    case "partition":
      return partition(aim, planned, action);
    case "heal":
      return heal(aim, action.id);
    case "drop":
    case "corrupt":
    case "hold":
      return effect(aim, action, { kind: action.kind });
    case "delay":
      return effect(aim, action, {
        kind: "delay",
        addMicros: action.addMicros,
        jitter: jitterOf(action.jitterMicros, action.dist),
        correlationPpm: action.correlationPpm,
      });
    case "duplicate":
      return effect(aim, action, { kind: "duplicate", copies: action.copies });
    case "reorder":
      return effect(aim, action, { kind: "reorder", addMicros: action.windowMicros });
    case "bandwidth":
      return effect(
        aim,
        { from: action.from, to: action.to, types: [], pPpm: 1_000_000 },
        { kind: "bandwidth", bytesPerSecond: action.bytesPerSecond, bufferBytes: action.bufferBytes },
      );
    case "release":
      return release(aim, action.from, action.to, action.types);
    case "crash":
      return each(aim, action.on, (process) => {
        if (process.status !== "up") return false;
        stopProcess(world, context, process.id, action.unsynced);
        return true;
      });
    case "restart":
      return each(aim, action.on, (process) => restart(world, context, process));
    case "pause":
      return each(aim, action.on, (process) => {
        if (process.status !== "up") return false;
        process.pauses++;
        return true;
      });
    case "resume":
      return each(aim, action.on, (process) => {
        if (process.pauses === 0) return false;
        for (const entry of world.timetable) {
          if (entry.status === "active" && entry.targets.includes(process.id)) endPause(context, entry, process.id);
        }
        process.pauses = 0;
        flushInbox(world, context, process);
        return true;
      });
    case "slow":
      return each(aim, action.on, (process) => {
        if (process.status !== "up") return false;
        state.undo.push(undo(process.id, "cpu", process.cpuMicros), undo(process.id, "apply", process.applyMicros));
        process.cpuMicros = action.cpuMicros;
        process.applyMicros = action.applyMicros;
        return true;
      });
    case "destroy":
      return each(aim, action.on, (process) => {
        if (process.status === "destroyed") return false;
        destroyProcess(world, context, process.id);
        return true;
      });
    case "disk":
      return each(aim, action.on, (process) => process.status !== "destroyed" && disk(aim, action, process));
    case "clock":
      return each(aim, action.on, (process) => {
        if (action.skewMicros !== null) {
          state.undo.push(undo(process.id, "skew", process.clock.wallOffsetMicros));
          process.clock.wallOffsetMicros = action.skewMicros;
        }
        if (action.driftPpm !== null) {
          state.undo.push(undo(process.id, "rate", process.clock.ratePpm));
          setClockRate(process.clock, action.driftPpm, world.atMicros);
        }
        if (action.jumpMicros !== null) process.clock.wallOffsetMicros += action.jumpMicros;
        return true;
      });
    case "member":
      return membership(aim, action);
    case "transferLeader": {
      const to = resolve(aim, action.to);
      state.targets = to;
      return (
        to.length > 0 &&
        to[0] !== leaderOf(world) &&
        ask(aim, new AdminRequest("transfer", [], to[0] as number, 0), leaderOf(world))
      );
    }
    case "campaign": {
      const on = resolve(aim, action.on).filter((id) => processOf(world, id).status === "up");
      state.targets = on;
      for (const id of on) ask(aim, new AdminRequest("campaign", [], id, 0), id);
      return on.length > 0;
    }
    case "compact": {
      const { revision, keepRevisions, physical } = action;
      return ask(aim, new AdminRequest("compact", [], revision ?? 0, keepRevisions, physical), leaderOf(world));
    }
    case "defrag":
      return each(aim, action.on, (process) => {
        // One request a member; each is blocked while its file is rewritten, and answers to nobody who counts.
        if (process.status !== "up") return false;
        const operation = ++world.operatorOperations;
        context.sendRequest(process.id, new ClientRequest(0, operation, 1, new AdminRequest("defrag", [], 0, 0)));
        return true;
      });
    case "upgrade":
      return upgrade(aim, action.on, action.version);
    case "certificate":
      return certificate(aim, action);
    case "restore":
      return restoreCluster(world, context, state, action);
    case "backup":
      return each(aim, action.from, (process) => {
        if (action.of === "state") {
          if (process.status !== "up") return false;
          const backup = context.protocol.backupOf(process.disk.backend);
          if (backup === null) return false;
          world.backups.set(action.as, backup);
          return true;
        }
        if (process.disk.destroyed) return false;
        world.images.set(
          action.as,
          durableImage(process.disk, (b) => context.protocol.cloneBackend(b)),
        );
        return true;
      });
    case "clientPause":
      return clients(aim, action.clients, (id) => {
        const client = world.clients[id];
        if (client === null || client === undefined) return false;
        client.pauses++;
        return true;
      });
    case "clientReconnect": {
      const to = resolve(aim, action.to);
      return clients(aim, action.clients, (id) => {
        const client = world.clients[id];
        if (client === null || client === undefined) return false;
        return reconnect(client, context.workloadOf(client), context, to[0] ?? 0);
      });
    }
    case "clientSlowWatch":
      return clients(aim, action.clients, (id) => {
        const client = world.clients[id];
        if (client === null || client === undefined || context.workloadOf(client).program === null) return false;
        state.undo.push(undo(id, "slow-watch", client.slowMicros));
        client.slowMicros = action.perResponseMicros;
        return true;
      });
    case "clientOp": {
      const via = resolveReachable(aim, action.via);
      const client = world.clients[action.client];
      if (client === null || client === undefined || via.length === 0) return false;
      state.targets = via;
      const plan = context.workloadOf(client);
      const member = via[0] as number;
      if (action.body === null) {
        const single = { ...action, op: action.op as ClientOperation };
        state.operation = submitOne(client, plan, context, single, member);
      } else {
        const { kind, body } = singleRequest(world, action.op, action.body);
        state.operation = submitReady(client, plan, context, kind, body, action.timeoutMicros, member);
      }
      return true;
    }
    case "message":
      return inFlight(aim, action);
    default:
      return unreachable(action);
  }
}

/** Acts on each member that the selector means. Those on whom it had an effect are its targets: only they are undone. */
function each(aim: Aim, selector: Selector, act: (process: Process) => boolean): boolean {
  const ids = resolve(aim, selector);
  const hit = ids.filter((id) => act(processOf(aim.world, id)));
  aim.state.targets = hit.length > 0 ? hit : ids;
  return hit.length > 0;
}

function clients(aim: Aim, selector: Selector, act: (client: number) => boolean): boolean {
  const ids = resolveClients(selector, aim.world.clients.length - 1);
  aim.state.targets = ids;
  let effective = false;
  for (const id of ids) if (act(id)) effective = true;
  return effective;
}

function undo(member: number, what: Undo["what"], value: number, distribution: Distribution | null = null): Undo {
  return { member, what, value, distribution };
}

/** Members get another program one after another: each is stopped, and the next follows when it has had time to come back. */
function upgrade(aim: Aim, on: Selector, version: string): boolean {
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

/** Who has an expired certificate is kept out: a member by the others, by its clients, or a client by all members. */
function certificate(aim: Aim, action: CertificateAction): boolean {
  const { world, context, state } = aim;
  if (action.change === "rotate") return rotate(aim, action);
  const clientCount = world.clients.length - 1;
  const everyone = Array.from({ length: clientCount }, (_, at) => at + 1);
  const members = action.on.kind === "clients" ? world.ids : resolve(aim, action.on);
  const those = action.on.kind === "clients" ? resolveClients(action.on, clientCount) : everyone;
  state.targets = action.on.kind === "clients" ? those : [...members];
  if (action.use === "peer") {
    const links: LinkName[] = [];
    for (const id of members) {
      for (const other of world.ids) if (other !== id) links.push({ from: id, to: other }, { from: other, to: id });
    }
    const once = links.filter((link, at) => links.findIndex((l) => l.from === link.from && l.to === link.to) === at);
    state.links = once;
    cutLinks(world.network, once);
    return once.length > 0;
  }
  for (const member of members) for (const client of those) deny(context, state, client, member);
  return state.denied.length > 0;
}

function deny(context: RunContext, state: TimetableState, client: number, member: number): void {
  const key = clientLinkKey(client, member, false);
  clientLink(context.world.network, key).denied++;
  state.denied.push(key);
  const known = context.world.clients[client];
  if (known === null || known === undefined) return;
  // What is open breaks: whoever comes back is looked at again.
  for (const request of brokenAt(known, member)) context.breakConnection(member, request, BROKEN);
}

function admitAgain(world: World, state: TimetableState): void {
  for (const key of state.denied) {
    const link = world.network.clientLinks.get(key);
    if (link !== undefined && link.denied > 0) link.denied--;
  }
  state.denied = [];
}

/** New certificates: whatever expired for these is over. */
function rotate(aim: Aim, { on, use }: CertificateAction): boolean {
  const { world, context, state } = aim;
  const ids = on.kind === "clients" ? resolveClients(on, world.clients.length - 1) : resolve(aim, on);
  state.targets = ids;
  let rotated = false;
  for (const [position, entry] of world.timetable.entries()) {
    const { action } = context.plan.timetable[position] as PlannedAction;
    if (entry.status !== "active" || action.kind !== "certificate" || action.use !== use) continue;
    if (!entry.targets.some((id) => ids.includes(id))) continue;
    endAction(world, context, position);
    rotated = true;
  }
  return rotated;
}

function restart(world: World, context: RunContext, process: Process): boolean {
  return process.status === "down" && !process.removed && startProcess(world, context, process.id);
}

// The network.

function partition(aim: Aim, planned: PlannedAction, action: PartitionAction): boolean {
  const { world, context, position, state } = aim;
  const view = selectorView(world);
  const stream = context.choices.open("selector", position);
  const choose = (n: number): number => stream.below(n);
  const all = view.members.map((member) => member.id);
  let links: LinkName[] = [];
  let groups: number[][] = [];
  const shape = action.shape;
  switch (shape.kind) {
    case "groups":
      groups = resolveGroups(shape.groups, view, choose);
      state.note = overlapText(shape.groups, view, groups);
      if (groups.filter((group) => group.length > 0).length < 2) {
        state.note = state.note === "" ? "all members were in one group" : state.note;
        return false;
      }
      links = linksBetweenGroups(groups);
      break;
    case "isolate": {
      const alone = resolveSelector(shape.on, view, choose);
      if (alone.length === 0) return false;
      const rest = all.filter((id) => !alone.includes(id));
      groups = [...alone.map((id) => [id]), rest];
      links = linksBetweenGroups(groups);
      break;
    }
    case "bridge": {
      const bridges = resolveSelector(shape.on, view, choose);
      const rest = all.filter((id) => !bridges.includes(id));
      if (bridges.length === 0 || rest.length < 2) return false;
      const half = Math.floor(rest.length / 2);
      const left = rest.slice(0, half);
      const right = rest.slice(half);
      groups = [left, right, bridges];
      links = linksOfBridge(0, left, right);
      break;
    }
    case "ring":
      links = linksOfRing(all);
      groups = [all];
      break;
    case "links":
      for (const { from, to } of shape.links) {
        for (const a of resolveSelector(from, view, choose)) {
          for (const b of resolveSelector(to, view, choose)) {
            if (a === b) continue;
            links.push({ from: a, to: b });
            if (action.oneWay === "no") links.push({ from: b, to: a });
          }
        }
      }
      if (action.oneWay === "in") links = links.map(({ from, to }) => ({ from: to, to: from }));
      break;
    default:
      unreachable(shape);
  }
  if (action.oneWay !== "no" && (shape.kind === "groups" || shape.kind === "isolate")) {
    const first = shape.kind === "isolate" ? groups.slice(0, -1).flat() : (groups[0] as number[]);
    links = links.filter(({ from, to }) => first.includes(action.oneWay === "out" ? from : to));
  }
  if (links.length === 0) return false;
  state.links = links;
  state.targets = groups.length > 0 ? (groups[0] as number[]) : [];
  world.cuts.push({ id: planned.id, groups });
  cutLinks(world.network, links);
  return true;
}

/** Words such as `leader` may mean at run time who stands in an earlier group: there they stay, and it is said. */
function overlapText(
  selectors: readonly Selector[],
  view: SelectorView,
  groups: readonly (readonly number[])[],
): string {
  const said: string[] = [];
  for (const [at, selector] of selectors.entries()) {
    if (selector.kind === "rest" || needsDraw(selector)) continue;
    for (const id of resolveSelector(selector, view, () => 0)) {
      const group = groups.findIndex((members) => members.includes(id));
      if (group >= 0 && group < at) said.push(`n${id} stays in group ${group}, though group ${at} names it too`);
    }
    if ((groups[at] as number[]).length === 0) said.push(`group ${at} found nobody`);
  }
  return said.join("; ");
}

function heal(aim: Aim, id: string | null): boolean {
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

function linksOf(aim: Aim, from: Selector, to: Selector): LinkName[] {
  const links: LinkName[] = [];
  const sources = resolve(aim, from);
  const sinks = resolve(aim, to);
  for (const a of sources) for (const b of sinks) if (a !== b) links.push({ from: a, to: b });
  aim.state.targets = sources;
  return links;
}

function effect(
  aim: Aim,
  match: Pick<MessageMatch, "from" | "to" | "types" | "pPpm">,
  part: Partial<LinkEffect> & { readonly kind: LinkEffect["kind"] },
): boolean {
  const { network } = aim.world;
  const keys = clientLinksOf(aim, match);
  const links = wantsMembers(match) ? linksOf(aim, match.from, match.to) : [];
  if (links.length === 0 && keys.length === 0) return false;
  const added: LinkEffect = {
    fault: aim.position,
    kind: part.kind,
    ppm: match.pPpm,
    types: match.types,
    addMicros: part.addMicros ?? 0,
    jitter: part.jitter ?? null,
    correlationPpm: part.correlationPpm ?? 0,
    copies: part.copies ?? 0,
    bytesPerSecond: part.bytesPerSecond ?? 0,
    bufferBytes: part.bufferBytes ?? 0,
  };
  addEffect(network, links, added);
  for (const key of keys) clientLink(network, key).effects.push(added);
  aim.state.links = links;
  return true;
}

/** Whether messages between members are meant: any but those that only clients and members exchange. */
function wantsMembers({ from, to, types }: Pick<MessageMatch, "from" | "to" | "types">): boolean {
  if (from.kind === "clients" || to.kind === "clients") return false;
  return types.length === 0 || types.some((type) => type !== "request" && type !== "response");
}

/**
 * The connections between clients and members that are meant: those of the clients that one side names, or, where `request` or
 * `response` is asked for between members, those of all clients with them.
 */
function clientLinksOf(aim: Aim, { from, to, types }: Pick<MessageMatch, "from" | "to" | "types">): number[] {
  const count = aim.world.clients.length - 1;
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  const all = Array.from({ length: count }, (_, at) => at + 1);
  const keys: number[] = [];
  const join = (clients: readonly number[], members: readonly number[], toClient: boolean): void => {
    for (const client of clients) for (const member of members) keys.push(clientLinkKey(client, member, toClient));
  };
  if (from.kind === "clients" && wants("request")) join(resolveClients(from, count), resolve(aim, to), false);
  else if (to.kind === "clients" && wants("response")) join(resolveClients(to, count), resolve(aim, from), true);
  else if (from.kind !== "clients" && to.kind !== "clients") {
    if (types.includes("request")) join(all, resolve(aim, to), false);
    if (types.includes("response")) join(all, resolve(aim, from), true);
  }
  return keys;
}

/** Spread around the added delay: `jitterMicros` to both sides for uniform and normal, above it for the others. */
function jitterOf(jitterMicros: number, dist: Distribution["kind"]): Distribution | null {
  if (jitterMicros === 0) return null;
  switch (dist) {
    case "constant":
    case "uniform":
      return { kind: "uniform", minMicros: -jitterMicros, maxMicros: jitterMicros };
    case "normal":
      // Drawn around a mean, so that no half of it falls below zero; who draws takes the mean off again.
      return { kind: "normal", meanMicros: 4 * jitterMicros, deviationMicros: jitterMicros };
    case "exponential":
    case "pareto":
      return { kind: dist, minMicros: 0, meanMicros: jitterMicros, maxMicros: jitterMicros * 20 };
  }
}

function release(aim: Aim, from: Selector, to: Selector, types: readonly string[]): boolean {
  const { world, context } = aim;
  let released = false;
  for (const key of clientLinksOf(aim, { from, to, types })) {
    const link = world.network.clientLinks.get(key);
    if (link === undefined || link.held.length === 0) continue;
    for (const { message } of link.held) deliverHeldToClient(context, key, message);
    link.held = [];
    released = true;
  }
  if (!wantsMembers({ from, to, types })) return released;
  for (const { from: a, to: b } of linksOf(aim, from, to)) {
    const link = world.network.links[a]?.[b];
    if (link === undefined) continue;
    const stay = [];
    for (const held of link.held) {
      if (types.length > 0 && !types.includes(context.protocol.messageType(held.message))) stay.push(held);
      else {
        deliverHeld(world, context, a, b, held.message);
        released = true;
      }
    }
    if (stay.length !== link.held.length) link.held = stay;
  }
  return released;
}

function deliverHeldToClient(context: RunContext, key: number, message: unknown): void {
  const { client, member, toClient } = clientLinkOf(key);
  deliverHeldBetween(context, client, member, toClient, message as ClientRequest | ClientResponse);
}

/** A message that was held goes on at once, but not ahead of what the link has under way. */
function deliverHeld(world: World, context: RunContext, from: number, to: number, message: unknown): void {
  const link = linkOf(world.network, from, to);
  const at = context.plan.ordered ? Math.max(world.atMicros, link.lastAtMicros) : world.atMicros;
  link.lastAtMicros = Math.max(link.lastAtMicros, at);
  context.queue.push(at, linkRank(from, to), EventKind.Message, to, from, message);
}

function inFlight(aim: Aim, action: Extract<Action, { kind: "message" }>): boolean {
  const { world, context } = aim;
  const from = resolve(aim, action.from);
  const to = resolve(aim, action.to);
  const matching = context.queue.slotsOf(EventKind.Message).filter((slot) => {
    const event = context.queue.at(slot);
    return (
      from.includes(event.b) &&
      to.includes(event.a) &&
      (action.types.length === 0 || action.types.includes(context.protocol.messageType(event.payload)))
    );
  });
  matching.sort((x, y) => context.queue.at(x).cause - context.queue.at(y).cause);
  const slot = matching[action.nth - 1];
  if (slot === undefined) return false;
  const event = context.queue.at(slot);
  if (action.does === "duplicate" && !context.protocol.mayDuplicate(event.payload)) return false;
  aim.state.targets = [event.a];
  if (action.does !== "duplicate") context.queue.cancel(slot);
  if (action.does === "drop") context.lost(event.b, event.a, event.payload, LossReason.Drop);
  else {
    const at =
      action.does === "deliver" || action.does === "duplicate" ? world.atMicros : event.atMicros + action.addMicros;
    context.queue.push(at, linkRank(event.b, event.a), EventKind.Message, event.a, event.b, event.payload);
  }
  return true;
}

// Disks.

function disk(aim: Aim, action: DiskAction, process: Process): boolean {
  const { world, context, state } = aim;
  const faults: DiskFaults = process.disk.faults;
  const cloneBackend = (backend: unknown): unknown => context.protocol.cloneBackend(backend);
  const what = action.effect;
  switch (what.kind) {
    case "slowFsync":
      state.undo.push(undo(process.id, "slow", faults.slowMicros * 1_048_576 + faults.slowPpm));
      faults.slowMicros = what.addMicros;
      faults.slowPpm = action.pPpm;
      return true;
    case "latency":
      state.undo.push(
        undo(process.id, "write", 0, process.disk.write),
        undo(process.id, "fsync", 0, process.disk.fsync),
      );
      process.disk.write = what.write;
      process.disk.fsync = what.fsync;
      return true;
    case "stall":
      faults.stalls++;
      return true;
    case "full":
      faults.full++;
      return true;
    case "error":
      if (what.operation === "fsync") {
        state.undo.push(undo(process.id, "error", faults.errorPpm));
        faults.errorPpm = action.pPpm;
      } else if (what.operation === "write") {
        state.undo.push(undo(process.id, "write-error", faults.writeErrorPpm));
        faults.writeErrorPpm = action.pPpm;
      } else {
        state.undo.push(undo(process.id, "read-error", faults.readErrorPpm));
        faults.readErrorPpm = action.pPpm;
      }
      return true;
    case "corrupt": {
      const back = context.choices.open("disk-crash", process.id).below(CORRUPT_SPAN);
      const log = what.file !== "snapshot" && (corruptRecord(process.disk, back) || corruptRecord(process.disk, 0));
      return log || (what.file !== "log" && corruptFile(process.disk));
    }
    case "rollback": {
      const image = world.images.get(what.image);
      if (image === undefined) return false;
      stopProcess(world, context, process.id, "lose");
      restoreImage(process.disk, image, cloneBackend);
      if (context.lifeObserver !== null) context.lifeObserver.diskReplaced(process.id);
      return true;
    }
    case "wipe":
      stopProcess(world, context, process.id, "lose");
      wipeDisk(process.disk);
      if (context.lifeObserver !== null) context.lifeObserver.diskReplaced(process.id);
      return true;
    default:
      return unreachable(what);
  }
}

/** Bit rot hits one of this many newest records of a log. */
const CORRUPT_SPAN = 16;

// Members.

function membership(aim: Aim, action: MemberAction): boolean {
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

function ask(aim: Aim, request: AdminRequest, to: number): boolean {
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
    if (response.error !== null && !(state.attempts > 1 && alreadyMade(changeOf(action), response.error))) {
      state.note = response.error.message;
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
  if (state.attempts >= OPERATOR_ATTEMPTS_MAX) giveUp(context, state);
  else operate({ world, context, position, state }, action);
}

// Endings.

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

function endPause(context: RunContext, entry: TimetableState, id: number): void {
  const { action } = context.plan.timetable[context.world.timetable.indexOf(entry)] as PlannedAction;
  if (action.kind === "pause") entry.targets = entry.targets.filter((target) => target !== id);
}

function flushInbox(world: World, context: RunContext, process: Process): void {
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
