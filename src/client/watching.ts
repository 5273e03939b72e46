// Watches as etcd's client keeps them: one stream each, opened again where it left off when its connection breaks, at the next
// member. What arrives is looked at one answer at a time; a slow client leaves the rest unread, and the member hears how much
// was read. After etcd `client/v3/watch.go`.

import { prefixEnd } from "../etcd/recipe.ts";
import { StreamMessage } from "../etcd/stream-message.ts";
import { WatchCreateRequest, WatchProgressRequest, WatchResponse } from "../etcd/watch-api.ts";
import { ClientRequest, type ClientResponse } from "../kernel/request.ts";
import { type Client, type ClientHost, failOverFrom, memberOf, type WorkloadPlan } from "./client.ts";
import { driverOf } from "./drivers.ts";

/** A watch of a client, whatever member serves it. */
export interface ClientWatch {
  /** Names the watch and its stream. */
  readonly operation: number;
  readonly key: string;
  /** Empty: the one key. */
  readonly rangeEnd: string;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly progressNotify: boolean;
  readonly requiresLeader: boolean;
  /** What was asked for at first: 0 means from now on. */
  readonly startRevision: number;
  /** The least revision that has not been delivered; 0: not known yet. */
  nextRevision: number;
  /** Which opening this is, from 1; and what it asked for. */
  attempt: number;
  askedRevision: number;
  /** The member that serves it; 0: none does. */
  member: number;
  state: "opening" | "open" | "broken" | "over";
  /** Answers looked at that the member was not told of. */
  read: number;
  openedAtMicros: number;
}

/** The member is told after this many answers were looked at: a quarter of what it may have on the way. */
const READ_BATCH = 8;

/** After a connection broke it is tried again after this long. */
const REOPEN_MICROS = 100_000;

/** How a watch is to be. */
export interface WatchOptions {
  readonly prevKv?: boolean;
  readonly noPut?: boolean;
  readonly progressNotify?: boolean;
  readonly requiresLeader?: boolean;
}

/** Opens a watch from a revision (0: from now) and returns it. */
export function openWatch(
  client: Client,
  host: ClientHost,
  key: string,
  rangeEnd: string,
  startRevision: number,
  options: WatchOptions = {},
): ClientWatch {
  const watch: ClientWatch = {
    operation: ++client.operations,
    key,
    rangeEnd,
    prevKv: options.prevKv ?? false,
    noPut: options.noPut ?? false,
    progressNotify: options.progressNotify ?? false,
    requiresLeader: options.requiresLeader ?? true,
    startRevision,
    nextRevision: startRevision,
    attempt: 0,
    askedRevision: 0,
    member: 0,
    state: "broken",
    read: 0,
    openedAtMicros: 0,
  };
  client.watches.push(watch);
  open(client, host, watch);
  return watch;
}

/** Opens a watch of all keys that begin with `prefix`. */
export function openPrefixWatch(
  client: Client,
  host: ClientHost,
  prefix: string,
  startRevision: number,
  options: WatchOptions = {},
): ClientWatch {
  return openWatch(client, host, prefix, prefixEnd(prefix), startRevision, options);
}

function open(client: Client, host: ClientHost, watch: ClientWatch): void {
  watch.attempt++;
  watch.askedRevision = watch.nextRevision;
  watch.member = memberOf(client);
  watch.state = "opening";
  watch.read = 0;
  watch.openedAtMicros = host.clientMicros;
  const { key, rangeEnd, nextRevision, prevKv, noPut, progressNotify } = watch;
  const create = new WatchCreateRequest(key, rangeEnd, nextRevision, prevKv, noPut, false, progressNotify);
  say(client, host, watch, new StreamMessage("open", create, 0, watch.requiresLeader));
  if (host.programObserver !== null) host.programObserver.watchOpened(client, watch, host.clientMicros);
}

function say(client: Client, host: ClientHost, watch: ClientWatch, message: StreamMessage): void {
  host.sendOnStream(watch.member, new ClientRequest(client.id, watch.operation, watch.attempt, message, client.token));
}

/** Asks the member how far it is. */
export function askProgress(client: Client, host: ClientHost, watch: ClientWatch): void {
  if (watch.state === "open") say(client, host, watch, new StreamMessage("send", new WatchProgressRequest()));
}

/** Closes a watch for good. */
export function closeWatch(client: Client, host: ClientHost, watch: ClientWatch): void {
  if (watch.state === "open" || watch.state === "opening") say(client, host, watch, new StreamMessage("close", null));
  watch.state = "over";
  client.watches = client.watches.filter((other) => other !== watch);
  if (host.programObserver !== null) host.programObserver.watchEnded(client, watch, host.clientMicros);
}

/** The watch of that number; null when it is over. */
export function findWatch(client: Client, operation: number): ClientWatch | null {
  return client.watches.find((watch) => watch.operation === operation) ?? null;
}

/** The watch that an answer belongs to; null where it is over or the answer one to an earlier opening. */
export function watchOf(client: Client, { operation, attempt }: ClientResponse): ClientWatch | null {
  const watch = findWatch(client, operation);
  return watch !== null && watch.attempt === attempt && watch.member !== 0 ? watch : null;
}

/** Something arrived on a watch: it is looked at now, or waits for the client to get to it. */
export function receiveWatchResponse(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  watch: ClientWatch,
  response: ClientResponse,
): void {
  const { operation, attempt } = watch;
  if (client.slowMicros === 0 && client.unread.length === 0) {
    read(client, plan, host, watch, response);
    return;
  }
  if (client.unread.length === 0) client.readingUntilMicros = host.clientMicros + client.slowMicros;
  client.unread.push({ watch: operation, attempt, response });
}

function read(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  watch: ClientWatch,
  { body, error }: ClientResponse,
): void {
  if (error !== null || !(body instanceof WatchResponse)) {
    broken(client, plan, host, watch);
    return;
  }
  if (host.programObserver !== null) host.programObserver.watchDelivered(client, watch, body, host.clientMicros);
  advance(watch, body);
  // Whoever is slow makes room one by one.
  if (++watch.read >= READ_BATCH || client.slowMicros > 0) {
    if (watch.member !== 0) say(client, host, watch, new StreamMessage("read", null, watch.read));
    watch.read = 0;
  }
  if (body.canceled) closeWatch(client, host, watch);
  driverOf(plan).watched(client, plan, host, watch, body);
}

/** Where a watch goes on after an answer. */
function advance(watch: ClientWatch, response: WatchResponse): void {
  if (response.created) {
    if (watch.state === "opening") watch.state = "open";
    if (watch.nextRevision === 0) watch.nextRevision = response.revision + 1;
    return;
  }
  const last = response.events[response.events.length - 1];
  if (last !== undefined) watch.nextRevision = last.kv.modRevision + (response.fragment ? 0 : 1);
  else if (response.revision >= watch.nextRevision) watch.nextRevision = response.revision + 1;
}

function broken(client: Client, plan: WorkloadPlan, host: ClientHost, watch: ClientWatch): void {
  if (plan.failover) failOverFrom(client, watch.member);
  watch.state = "broken";
  watch.member = 0;
  watch.openedAtMicros = host.clientMicros;
  if (host.programObserver !== null) host.programObserver.watchEnded(client, watch, host.clientMicros);
}

/** Does what is due: reads on, opens again what broke or does not answer. */
export function tendWatches(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const now = host.clientMicros;
  while (client.unread.length > 0 && client.readingUntilMicros <= now) {
    const next = client.unread.shift() as Client["unread"][number];
    client.readingUntilMicros += client.slowMicros;
    const watch = findWatch(client, next.watch);
    if (watch !== null && watch.attempt === next.attempt) read(client, plan, host, watch, next.response);
  }
  for (const watch of [...client.watches]) {
    if (wakeMicros(watch, plan) > now) continue;
    if (watch.state === "opening") broken(client, plan, host, watch);
    else open(client, host, watch);
  }
}

/** When `tendWatches` has something to do. */
export function watchWakeMicros(client: Client, plan: WorkloadPlan): number {
  let next = client.unread.length > 0 ? client.readingUntilMicros : Number.POSITIVE_INFINITY;
  for (const watch of client.watches) next = Math.min(next, wakeMicros(watch, plan));
  return next;
}

function wakeMicros(watch: ClientWatch, plan: WorkloadPlan): number {
  if (watch.state === "broken") return watch.openedAtMicros + REOPEN_MICROS;
  return watch.state === "opening" ? watch.openedAtMicros + plan.timeoutMicros : Number.POSITIVE_INFINITY;
}

/** The client goes to another member: so do its watches. */
export function reconnectWatches(client: Client, host: ClientHost): void {
  for (const watch of client.watches) {
    if (watch.member === memberOf(client)) continue;
    if (watch.state === "open" || watch.state === "opening") say(client, host, watch, new StreamMessage("close", null));
    if (host.programObserver !== null) host.programObserver.watchEnded(client, watch, host.clientMicros);
    open(client, host, watch);
  }
}
