// Doing what the timetable says, one kind of action after another; `endings.ts` undoes it. An action that found nobody to act on,
// or changed nothing, is recorded as ineffective.

import { brokenAt, reconnect, submitOne, submitReady } from "../client/client.ts";
import { corruptFile, corruptRecord, type DiskFaults, durableImage, restoreImage, wipeDisk } from "../disk/disk.ts";
import type { Action, CertificateAction, ClientOperation, DiskAction } from "../fault/action.ts";
import { resolveClients } from "../fault/resolve-selector.ts";
import { unreachable } from "../kernel/assert.ts";
import { CounterAt } from "../kernel/counter.ts";
import { TIMETABLE_RANK } from "../kernel/rank.ts";
import { ClientRequest } from "../kernel/request.ts";
import { AdminRequest } from "../member/admin.ts";
import { clientLink, clientLinkKey, cutLinks, type LinkName } from "../network/network.ts";
import { type Aim, clients, each, leaderOf, resolve, resolveReachable, undo } from "./aim.ts";
import { BROKEN } from "./client-links.ts";
import type { RunContext } from "./context.ts";
import { bitsOf, endAction, endPause, flushInbox, heal, onlyMember } from "./endings.ts";
import { EventKind } from "./event.ts";
import { destroyProcess, restart, stopProcess } from "./life.ts";
import { effect, inFlight, jitterOf, partition, release } from "./network-actions.ts";
import { ask, isAnswered, membership, upgrade } from "./operator.ts";
import { restoreCluster } from "./restore.ts";
import { singleRequest } from "./single-request.ts";
import { type PlannedAction, type Process, processOf, setClockRate, type TimetableState, type World } from "./world.ts";

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
