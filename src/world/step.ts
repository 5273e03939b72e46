// The one reducer: takes the event that the queue has just popped and changes the world by it. It mutates; in recorded mode
// the world it mutates is a draft.

import { type Client, clientTimer, receiveResponse } from "../client/client.ts";
import { endSync } from "../disk/disk.ts";
import { fold4 } from "../kernel/digest.ts";
import { memberRank } from "../kernel/rank.ts";
import type { ClientRequest, ClientResponse } from "../kernel/request.ts";
import type { MessageFacts } from "../member/protocol.ts";
import { beginAction } from "./actions.ts";
import { REFUSED } from "./client-links.ts";
import { LossReason, type RunContext } from "./context.ts";
import { endAction } from "./endings.ts";
import { CHARGED, EventKind } from "./event.ts";
import { noteOffice, roleOf, stopProcess, termOf } from "./life.ts";
import { operatorActs, operatorHears } from "./operator.ts";
import type { Trace } from "./trace.ts";
import { type Process, processOf, type World } from "./world.ts";

/** Scratch: what the message under way looks like. */
const MESSAGE: MessageFacts = { type: 0, term: 0, index: 0 };

/**
 * What one kind of event does. Returns the member whose state it may have changed, 0 if none; what the digest is to know of
 * the payload goes to `context.content`.
 */
type Handler = (world: World, context: RunContext, a: number, b: number, payload: unknown) => number;

function message(world: World, context: RunContext, to: number, from: number, payload: unknown): number {
  context.content = context.protocol.messageHash(payload);
  // A member may be listed that was never started: nobody is there.
  const process = world.processes[to] ?? null;
  if (process === null || process.status !== "up") context.lost(from, to, payload, LossReason.Down);
  else if (isCut(world, from, to)) context.lost(from, to, payload, LossReason.Cut);
  else if (ready(context, process, EventKind.Message, from, payload)) {
    context.delivered++;
    context.enterProcess(process);
    context.protocol.receive(process.state, from, payload, context);
    return to;
  }
  return 0;
}

function damagedMessage(_world: World, context: RunContext, to: number, from: number, payload: unknown): number {
  context.content = context.protocol.messageHash(payload);
  context.lost(from, to, payload, LossReason.Damaged);
  return 0;
}

function timer(world: World, context: RunContext, id: number, b: number): number {
  const process = processOf(world, id);
  if (process.boot !== b >> 8 || process.status !== "up") return 0;
  if (!ready(context, process, EventKind.Timer, b, null)) return 0;
  context.enterProcess(process);
  context.protocol.timer(process.state, b & 255, context);
  return id;
}

function request(world: World, context: RunContext, id: number, client: number, payload: unknown): number {
  const process = processOf(world, id);
  context.content = (payload as ClientRequest).operation;
  if (process.status !== "up") {
    // Nobody listens there, and the host says so.
    if (context.plan.connections) context.breakConnection(id, payload as ClientRequest, REFUSED);
    return 0;
  }
  if (!ready(context, process, EventKind.Request, client, payload)) return 0;
  context.delivered++;
  context.enterProcess(process);
  context.protocol.request(process.state, payload as ClientRequest, context);
  return id;
}

function response(world: World, context: RunContext, id: number, _member: number, payload: unknown): number {
  const answer = payload as ClientResponse;
  const code = answer.error === null ? 0 : answer.error.code;
  context.content = answer.revision ^ (answer.operation << 10) ^ (code << 26);
  context.delivered++;
  const client = id === 0 ? null : (world.clients[id] ?? null);
  if (client === null) operatorHears(world, context, answer);
  else receiveResponse(client, context.workloadOf(client), context, answer);
  return 0;
}

function clientTimerFired(world: World, context: RunContext, id: number): number {
  const client = world.clients[id] as Client;
  clientTimer(client, context.workloadOf(client), context, world.atMicros);
  return 0;
}

function diskDone(world: World, context: RunContext, id: number, boot: number): number {
  const process = processOf(world, id);
  if (process.boot !== boot || process.status !== "up" || !ready(context, process, EventKind.DiskDone, boot, null))
    return 0;
  if (process.disk.sync === null) return 0;
  context.enterProcess(process);
  const ok = endSync(process.disk, context.choices.open("disk", id));
  context.protocol.diskDone(process.state, ok, context);
  return id;
}

function operator(world: World, context: RunContext, position: number): number {
  operatorActs(world, context, position);
  return 0;
}

/**
 * By kind of event. A table instead of a `switch`: kinds that come up for the first time late in a run would otherwise throw
 * away the compiled loop around them.
 */
const HANDLERS: readonly Handler[] = [
  beginAction,
  endAction,
  message,
  damagedMessage,
  timer,
  diskDone,
  request,
  response,
  clientTimerFired,
  operator,
];

/**
 * Takes the event in `context.queue` and returns the member whose state it may have changed, 0 if none.
 * Precondition: `queue.pop()` was true.
 */
export function step(world: World, context: RunContext): number {
  const queue = context.queue;
  const at = queue.atMicros;
  const kind = queue.kind & (CHARGED - 1);
  const a = queue.a;
  const b = queue.b;
  const payload = queue.payload;
  const cause = queue.cause;
  world.atMicros = at;
  const number = ++world.steps;
  queue.step = number;
  const trace = context.trace;
  if (trace !== null) trace.step = number;

  context.content = 0;
  const touched = (HANDLERS[kind] as Handler)(world, context, a, b, payload);
  let fingerprint = 0;
  if (touched !== 0) {
    const process = processOf(world, touched);
    if (context.dying) {
      context.dying = false;
      stopProcess(world, context, touched, "keep");
    } else if (process.state !== null) {
      noteOffice(world, context, process);
      fingerprint = context.protocol.fingerprint(process.state);
    }
  }
  if (context.digesting) {
    const high = (at / 4294967296) | 0;
    fold4(context.digest, at | 0, (kind << 27) ^ (a << 14) ^ b ^ (high << 20), context.content, fingerprint);
  }
  if (trace !== null) keepStep(world, context, trace, kind, a, b, cause, payload, touched);
  return touched;
}

function keepStep(
  world: World,
  context: RunContext,
  trace: Trace,
  kind: number,
  a: number,
  b: number,
  cause: number,
  payload: unknown,
  touched: number,
): void {
  MESSAGE.type = MESSAGE.term = MESSAGE.index = 0;
  if (kind === EventKind.Message || kind === EventKind.DamagedMessage) context.protocol.traceMessage(payload, MESSAGE);
  else if (kind === EventKind.Request) MESSAGE.index = (payload as ClientRequest).operation;
  else if (kind === EventKind.Response) {
    const response = payload as ClientResponse;
    MESSAGE.type = response.error === null ? 0 : response.error.code;
    MESSAGE.term = response.operation;
    MESSAGE.index = response.revision;
  }
  const process = touched === 0 ? null : processOf(world, touched);
  trace.stepped(
    world.atMicros,
    kind,
    a,
    b,
    cause,
    MESSAGE.type,
    MESSAGE.term,
    MESSAGE.index,
    process === null ? 0 : roleOf(process),
    process === null ? 0 : termOf(process),
  );
}

function isCut(world: World, from: number, to: number): boolean {
  const row = world.network.links[from];
  const link = row === undefined ? undefined : row[to];
  return link !== undefined && link.cuts !== 0;
}

/** True when the process can handle the event now. A paused one keeps it; a slow one gets it again later. */
function ready(context: RunContext, process: Process, kind: number, b: number, payload: unknown): boolean {
  if (process.pauses > 0) {
    process.inbox.push({ kind, b, payload });
    return false;
  }
  if (process.cpuMicros === 0 || (context.queue.kind & CHARGED) !== 0) return true;
  const now = context.world.atMicros;
  const begins = Math.max(process.busyUntilMicros, now);
  process.busyUntilMicros = begins + process.cpuMicros;
  context.queue.push(process.busyUntilMicros, memberRank(process.id), kind | CHARGED, process.id, b, payload);
  return false;
}
