// Clients: who asks what, when, of which member, and what becomes of it. A client knows members by their endpoints only;
// leaders and logs are unknown here. An operation without an answer in time has an *unknown* outcome: it may have happened,
// may still happen, or never.

import { AuthenticateResponse } from "../etcd/api.ts";
import { StreamMessage } from "../etcd/stream-message.ts";
import { WatchResponse } from "../etcd/watch-api.ts";
import type { Stream } from "../kernel/choose.ts";
import { ClientRequest, type ClientResponse } from "../kernel/request.ts";
import { driverOf } from "./drivers.ts";
import { etcdBody, isWrite, type OperationKind, padded, plainBody, valueAfterCas, valueRead } from "./operation.ts";
import { cloneTask, createTask, type Task } from "./task.ts";
import {
  type ClientWatch,
  receiveWatchResponse,
  reconnectWatches,
  tendWatches,
  watchOf,
  watchWakeMicros,
} from "./watching.ts";

/** Programs of the kind that people run on etcd. */
export type ProgramKind = "watch" | "lease" | "lock" | "election" | "auth" | "stm" | "informer";

/** What the clients of a workload run instead of a mix of requests. */
export interface ProgramPlan {
  readonly kind: ProgramKind;
  /** Time to live of leases, in seconds; and how long a lock, an office or a lease is held. */
  readonly ttlSeconds: number;
  readonly holdMicros: number;
  /** `lock`: what the resource is told carries the number of the lock. `stm`: writes are guarded by what was read. */
  readonly fenced: boolean;
  /** The planted bug `lock-lease-unchecked`, in the recipe that clients run. */
  readonly lockLeaseUnchecked: boolean;
}

/** What one workload asks its clients to do; fixed for a run. */
export interface WorkloadPlan {
  readonly name: string;
  /** Numbers of its clients: `firstClient` .. `firstClient + clients - 1`. */
  readonly firstClient: number;
  readonly clients: number;
  /** Closed loop: pause between an answer and the next request. Open loop: null. */
  readonly thinkMicros: number | null;
  /** Open loop: `operations` in each `perMicros` over all clients; 0 in a closed loop. */
  readonly operations: number;
  readonly perMicros: number;
  /** Kinds and the running sums of their weights. */
  readonly kinds: readonly OperationKind[];
  readonly kindSums: readonly number[];
  readonly keys: readonly string[];
  /** Running sums of the keys' weights; null: all alike. */
  readonly keySums: readonly number[] | null;
  readonly prefix: string;
  readonly uniqueValues: boolean;
  readonly valueBytes: number;
  readonly fromMicros: number;
  readonly untilMicros: number;
  readonly timeoutMicros: number;
  /** `etcd`: as etcd's clientv3, which also takes its endpoints in turns. */
  readonly retry: "none" | "safe" | "blind" | "etcd";
  /** Planted bug: an operation of unknown outcome is said to have failed. */
  readonly unknownFails: boolean;
  readonly failover: boolean;
  /** Members its clients may talk to, ascending. */
  readonly endpoints: readonly number[];
  /** Those are the members of the cluster: of another cluster, when it is restored as one. */
  readonly everyMember: boolean;
  /** Some kind compares with a value seen before, so that clients remember what they saw. */
  readonly learns: boolean;
  /** The body of a get of each key, made once: it is an immutable value. Null where gets are no requests of etcd. */
  readonly gets: readonly unknown[] | null;
  /** Requests of etcd's API, or plain ones. */
  readonly etcd: boolean;
  /** What its clients run; null: a mix of requests. */
  readonly program: ProgramPlan | null;
}

/** Attempts of one operation before a client gives up. */
export const ATTEMPTS_MAX = 4;

/** Operations that one client of an open loop may have open; beyond it an arrival counts, and no operation comes of it. */
export const OPEN_MAX = 256;

/** An operation that has been invoked and not completed. */
export interface OpenOperation {
  readonly operation: number;
  readonly kind: OperationKind;
  readonly body: unknown;
  /** Position of its key among the workload's, and the value it writes. */
  readonly key: number;
  readonly value: string;
  readonly invokedAtMicros: number;
  attempt: number;
  /** The member that the attempt went to. */
  member: number;
  deadlineMicros: number;
  /** Some attempt may have taken effect, so that a later refusal says nothing about the whole. */
  maybe: boolean;
}

/** One client. */
export interface Client {
  readonly id: number;
  readonly workload: number;
  /** Members it may talk to, and the position among them of the one it talks to. */
  endpoints: readonly number[];
  endpoint: number;
  /** Operations invoked so far. */
  operations: number;
  open: OpenOperation[];
  /** Time for which its timer is set; 0: none. */
  timerAtMicros: number;
  /** Closed loop: the next operation does not begin before. */
  nextAtMicros: number;
  /** Open loop: number, over all clients of the workload, of the arrival that is its next one. */
  arrivals: number;
  /** Number of faults that pause it. */
  pauses: number;
  /** Answers that came while it was paused. */
  inbox: ClientResponse[];
  /** Last value of each key it saw, for cas; by key index. */
  seen: (string | null)[];
  /** Highest revision it saw. */
  revision: number;
  /** What tells who it is, once it has logged in. */
  token: string | null;
  /** Where its program is at; null for workloads that are a mix of requests. */
  task: Task | null;
  watches: ClientWatch[];
  /** Answers on its watches that it has not looked at, and when it has done with the one at hand. */
  unread: { readonly watch: number; readonly attempt: number; readonly response: ClientResponse }[];
  readingUntilMicros: number;
  /** How long it takes over each answer on a watch; 0: no time. */
  slowMicros: number;
}

/** How an operation ended. */
export type Outcome = "ok" | "failed" | "unknown";

/** What a program says of itself: it holds a lock or an office, it tells a resource something, it let go. */
export interface ClientFact {
  readonly kind: "acquired" | "released" | "lost" | "wrote" | "elected" | "resigned" | "incremented" | "cached";
  /** The lock's, the election's or the counter's name; a resource goes by the name of its lock. */
  readonly name: string;
  /** Create revision of the key that stands for it; for `cached` the revision up to which the copy goes. */
  readonly token: number;
  /** Revision of what it was told last of its lock or office, by which it knows; 0 for other facts. */
  readonly revision: number;
  /** The key that stands for it, and its lease. */
  readonly key: string;
  readonly lease: string;
}

/** Who wants to know what clients saw: the checkers, the history. */
export interface ClientObserver {
  /** An operation begins. */
  invoked(client: Client, operation: OpenOperation, atMicros: number): void;
  /** An operation ended; `response` is null for a timeout. */
  completed(
    client: Client,
    operation: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    atMicros: number,
  ): void;
}

/** Who wants to know what the programs of clients do besides operations. */
export interface ProgramObserver {
  /** A watch was asked for at a member, for the first time or (`attempt` above 1) anew from `nextRevision` on. */
  watchOpened(client: Client, watch: ClientWatch, atMicros: number): void;
  /** Something arrived on a watch; the watch is as it was before. */
  watchDelivered(client: Client, watch: ClientWatch, response: WatchResponse, atMicros: number): void;
  /** The connection under a watch is gone, or the client closed it. */
  watchEnded(client: Client, watch: ClientWatch, atMicros: number): void;
  /** A program says something of itself. */
  noted(client: Client, fact: ClientFact, atMicros: number): void;
}

/** What the world does for clients. */
export interface ClientHost {
  /** Virtual time; clients' clocks are true. */
  readonly clientMicros: number;
  readonly clientObserver: ClientObserver | null;
  readonly programObserver: ProgramObserver | null;
  /** Sends a request towards a member. */
  sendRequest(to: number, request: ClientRequest): void;
  /** Sends a message on a stream: those to one member arrive in order, or the stream breaks. */
  sendOnStream(to: number, request: ClientRequest): void;
  /** Asks for `clientTimer` at this time. */
  setClientTimer(client: number, atMicros: number): void;
  /** Stream of a client's choices of operations, of keys. */
  operationStream(client: number): Stream;
  keyStream(client: number): Stream;
}

/** The member that the client talks to. */
export function memberOf(client: Client): number {
  return client.endpoints[client.endpoint] as number;
}

/** What the clients of a workload run. Precondition: it is a program. */
export function programOf(plan: WorkloadPlan): ProgramPlan {
  return plan.program as ProgramPlan;
}

/** A client that has not begun. `index` counts within the workload, from 0. */
export function createClient(id: number, workload: number, plan: WorkloadPlan, index: number): Client {
  return {
    id,
    workload,
    endpoints: plan.endpoints,
    endpoint: index % plan.endpoints.length,
    operations: 0,
    open: [],
    timerAtMicros: 0,
    nextAtMicros: plan.fromMicros,
    arrivals: index,
    pauses: 0,
    inbox: [],
    seen: [],
    revision: 0,
    token: null,
    task: plan.program === null ? null : createTask(index),
    watches: [],
    unread: [],
    readingUntilMicros: 0,
    slowMicros: 0,
  };
}

/** Position in running sums that a draw of 0..total-1 falls on. */
function positionOf(sums: readonly number[], drawn: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (drawn < (sums[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Time of the client's next arrival in an open loop. Clients take turns. */
function arrivalMicros(client: Client, plan: WorkloadPlan): number {
  return plan.fromMicros + Math.floor((client.arrivals * plan.perMicros) / plan.operations);
}

/** Sets off a client: its first operation, or the timer that leads to it. */
export function startClient(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  if (client.task !== null) {
    client.task.wakeAtMicros = Math.max(1, plan.fromMicros);
    arm(client, client.task.wakeAtMicros, host);
  } else if (plan.thinkMicros === null) arm(client, arrivalMicros(client, plan), host);
  else if (plan.fromMicros > host.clientMicros) arm(client, plan.fromMicros, host);
  else invoke(client, plan, host);
}

function arm(client: Client, atMicros: number, host: ClientHost): void {
  if (client.timerAtMicros !== 0 && client.timerAtMicros <= atMicros) return;
  client.timerAtMicros = atMicros;
  host.setClientTimer(client.id, atMicros);
}

/** Begins the client's next operation, unless its workload is over. */
export function invoke(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const now = host.clientMicros;
  if (now >= plan.untilMicros || client.pauses > 0) return;
  const operation = ++client.operations;
  if (plan.retry === "etcd" && operation > 1) client.endpoint = (client.endpoint + 1) % client.endpoints.length;
  const sums = plan.kindSums;
  const kindAt =
    sums.length === 1 ? 0 : positionOf(sums, host.operationStream(client.id).below(sums[sums.length - 1] as number));
  const kind = plan.kinds[kindAt] as OperationKind;
  const keyAt = drawKey(client, plan, host);
  const key = plan.keys[keyAt] as string;
  const value = plan.uniqueValues ? `${client.id}.${operation}` : String(operation & 3);
  const whole = padded(value, plan.valueBytes);
  let body: unknown;
  if (plan.etcd && kind === "get" && plan.gets !== null) body = plan.gets[keyAt];
  else if (plan.etcd) {
    const other = kind === "txn" ? (plan.keys[drawKey(client, plan, host)] as string) : key;
    body = etcdBody(kind, key, whole, client.seen[keyAt] ?? null, other, plan.prefix, client.revision);
  } else body = plainBody(kind, key, whole, client.seen[keyAt] ?? null);
  submit(client, plan, host, kind, body, operation, keyAt, whole, memberOf(client));
}

/** Begins an operation of a client's program; returns its number. */
export function submitBody(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  kind: OperationKind,
  body: unknown,
  value: string = "",
): number {
  const operation = ++client.operations;
  submit(client, plan, host, kind, body, operation, 0, value, memberOf(client));
  return operation;
}

function drawKey(client: Client, plan: WorkloadPlan, host: ClientHost): number {
  const sums = plan.keySums;
  if (sums === null) return host.keyStream(client.id).below(plan.keys.length);
  return positionOf(sums, host.keyStream(client.id).below(sums[sums.length - 1] as number));
}

function submit(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  kind: OperationKind,
  body: unknown,
  operation: number,
  key: number,
  value: string,
  member: number,
): void {
  const now = host.clientMicros;
  const open: OpenOperation = {
    operation,
    kind,
    body,
    key,
    value,
    invokedAtMicros: now,
    attempt: 1,
    member,
    deadlineMicros: now + plan.timeoutMicros,
    maybe: false,
  };
  client.open.push(open);
  if (host.clientObserver !== null) host.clientObserver.invoked(client, open, now);
  send(client, host, open);
  arm(client, open.deadlineMicros, host);
}

/** The attempt at hand leaves for its member. */
function send(client: Client, host: ClientHost, open: OpenOperation): void {
  const request = new ClientRequest(client.id, open.operation, open.attempt, open.body, client.token);
  if (open.kind === "watch") host.sendOnStream(open.member, request);
  else host.sendRequest(open.member, request);
}

/** One operation that somebody asks a client to make, out of turn. */
export interface SingleOperation {
  readonly op: "put" | "get" | "getSerializable" | "delete" | "cas";
  readonly key: string;
  readonly value: string | null;
  readonly expected: string | null;
  readonly timeoutMicros: number | null;
}

/** Makes the client do one operation at a member, whether it is one of its endpoints or not; returns its number. */
export function submitOne(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  single: SingleOperation,
  member: number,
): number {
  const at = client.endpoints.indexOf(member);
  if (at >= 0) client.endpoint = at;
  const operation = ++client.operations;
  const value = single.value ?? "";
  const body = plan.etcd
    ? etcdBody(single.op, single.key, value, single.expected, single.key, plan.prefix, 0)
    : plainBody(single.op, single.key, value, single.expected);
  const timed = single.timeoutMicros === null ? plan : { ...plan, timeoutMicros: single.timeoutMicros };
  submit(client, timed, host, single.op, body, operation, Math.max(0, plan.keys.indexOf(single.key)), value, member);
  return operation;
}

/** The same for any request of the protocol, ready made; a watch is one that ends with the first thing it tells. */
export function submitReady(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  kind: OperationKind,
  body: unknown,
  timeoutMicros: number | null,
  member: number,
): number {
  const at = client.endpoints.indexOf(member);
  if (at >= 0) client.endpoint = at;
  const operation = ++client.operations;
  const timed = timeoutMicros === null ? plan : { ...plan, timeoutMicros };
  submit(client, timed, host, kind, body, operation, 0, "", member);
  return operation;
}

/** The stream under a single watch is of no more use. */
function closeStream(client: Client, host: ClientHost, open: OpenOperation): void {
  const close = new StreamMessage("close", null);
  host.sendOnStream(open.member, new ClientRequest(client.id, open.operation, open.attempt, close, client.token));
}

/** The client's timer fired. A paused client does not notice; `resumeClient` makes up for it. */
export function clientTimer(client: Client, plan: WorkloadPlan, host: ClientHost, atMicros: number): void {
  if (client.timerAtMicros !== atMicros) return;
  client.timerAtMicros = 0;
  if (client.pauses === 0) tend(client, plan, host, atMicros);
}

/** Does what is due: operations time out, an open loop's arrivals come, a closed loop goes on. */
function tend(client: Client, plan: WorkloadPlan, host: ClientHost, atMicros: number): void {
  for (let i = 0; i < client.open.length; ) {
    const open = client.open[i] as OpenOperation;
    if (open.deadlineMicros > atMicros) {
      i++;
      continue;
    }
    if (isWrite(open.kind)) open.maybe = true;
    if (plan.failover) failOverFrom(client, open.member);
    if (mayRetry(open, plan)) {
      retry(client, open, plan, host);
      i++;
    } else {
      client.open.splice(i, 1);
      if (open.kind === "watch") closeStream(client, host, open);
      const outcome = isWrite(open.kind) && !plan.unknownFails ? "unknown" : "failed";
      if (host.clientObserver !== null) host.clientObserver.completed(client, open, outcome, null, atMicros);
      if (client.task !== null) driverOf(plan).answered(client, plan, host, open, outcome, null);
    }
  }
  if (client.watches.length > 0) tendWatches(client, plan, host);
  if (client.task !== null) {
    const { task } = client;
    if (task.wakeAtMicros !== 0 && task.wakeAtMicros <= atMicros) {
      task.wakeAtMicros = 0;
      driverOf(plan).wake(client, plan, host);
    }
    rearm(client, plan, host);
    return;
  }
  if (plan.thinkMicros === null) {
    while (arrivalMicros(client, plan) <= atMicros && atMicros < plan.untilMicros) {
      client.arrivals += plan.clients;
      if (client.open.length < OPEN_MAX) invoke(client, plan, host);
    }
  } else if (client.open.length === 0 && client.nextAtMicros <= atMicros) invoke(client, plan, host);
  rearm(client, plan, host);
}

/** Sets the client's timer for whatever is due next. */
export function rearm(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  let next = Number.POSITIVE_INFINITY;
  for (const open of client.open) if (open.deadlineMicros < next) next = open.deadlineMicros;
  if (client.watches.length > 0) next = Math.min(next, watchWakeMicros(client, plan));
  if (client.task !== null) {
    if (client.task.wakeAtMicros !== 0) next = Math.min(next, client.task.wakeAtMicros);
  } else if (plan.thinkMicros === null) {
    const arrival = arrivalMicros(client, plan);
    if (arrival < plan.untilMicros && arrival < next) next = arrival;
  } else if (client.open.length === 0 && client.nextAtMicros > host.clientMicros) {
    if (client.nextAtMicros < plan.untilMicros) next = client.nextAtMicros;
  }
  if (next !== Number.POSITIVE_INFINITY) arm(client, Math.max(next, host.clientMicros), host);
}

/** Goes on to the next endpoint if the client is still at that member: once for all operations that it failed. */
export function failOverFrom(client: Client, member: number): void {
  if (memberOf(client) === member) client.endpoint = (client.endpoint + 1) % client.endpoints.length;
}

/** The cluster goes on as other members, and the client is told so. */
export function pointTo(client: Client, members: readonly number[]): void {
  const at = members.indexOf(memberOf(client));
  client.endpoints = members;
  client.endpoint = at < 0 ? client.id % members.length : at;
}

function mayRetry(open: OpenOperation, plan: WorkloadPlan): boolean {
  if (plan.retry === "none" || plan.retry === "etcd" || open.attempt >= ATTEMPTS_MAX) return false;
  return plan.retry === "blind" || !open.maybe;
}

/** gRPC's code for a member that cannot be reached, or cannot answer now. */
const UNAVAILABLE = 14;

/**
 * After etcd `client/v3/retry.go`: what was never sent goes to another endpoint; what changes nothing is asked for again when a
 * member is unavailable; silence ends an operation. (etcd repeats grants of leases as well, and may leave one that nobody knows.)
 */
function retriesAsEtcd(open: OpenOperation, { error, member }: ClientResponse): boolean {
  if (open.attempt >= ATTEMPTS_MAX || error === null || error.code !== UNAVAILABLE) return false;
  return (member === 0 && error.definite) || isRepeatable(open.kind);
}

function isRepeatable(kind: OperationKind): boolean {
  return !isWrite(kind) && kind !== "watch" && kind !== "authenticate";
}

function retry(client: Client, open: OpenOperation, plan: WorkloadPlan, host: ClientHost): void {
  open.attempt++;
  open.member = memberOf(client);
  // With etcd's client the time that a caller gives is for the operation, not for each try.
  if (plan.retry !== "etcd") open.deadlineMicros = host.clientMicros + plan.timeoutMicros;
  send(client, host, open);
}

/** An answer arrived. Answers to operations that are over, or to earlier attempts, count for nothing. */
export function receiveResponse(client: Client, plan: WorkloadPlan, host: ClientHost, response: ClientResponse): void {
  if (client.pauses > 0) {
    client.inbox.push(response);
    return;
  }
  let at = 0;
  while (at < client.open.length && (client.open[at] as OpenOperation).operation !== response.operation) at++;
  const open = client.open[at];
  if (open === undefined) {
    const watch = client.watches.length === 0 ? null : watchOf(client, response);
    if (watch !== null) {
      receiveWatchResponse(client, plan, host, watch, response);
      rearm(client, plan, host);
    }
    return;
  }
  if (response.attempt !== open.attempt) return;
  if (open.kind === "watch" && response.body instanceof WatchResponse) {
    // That the watch stands is no news yet.
    if (response.body.created && !response.body.canceled) return;
    closeStream(client, host, open);
  }
  let outcome: Outcome = "ok";
  if (response.error !== null) {
    if (!response.error.definite && isWrite(open.kind)) open.maybe = true;
    if (plan.failover || plan.retry === "etcd") failOverFrom(client, open.member);
    if (plan.retry === "etcd" && retriesAsEtcd(open, response)) {
      retry(client, open, plan, host);
      rearm(client, plan, host);
      return;
    }
    // A refusal with a revision is the state machine's: it would say the same again.
    if (response.revision === 0 && mayRetry(open, plan)) {
      retry(client, open, plan, host);
      rearm(client, plan, host);
      return;
    }
    outcome = open.maybe && !plan.unknownFails ? "unknown" : "failed";
  } else {
    if (response.revision > client.revision) client.revision = response.revision;
    if (plan.learns) learn(client, open, response);
    if (response.body instanceof AuthenticateResponse) client.token = response.body.token;
  }
  if (at === client.open.length - 1) client.open.pop();
  else client.open.splice(at, 1);
  if (host.clientObserver !== null) {
    host.clientObserver.completed(client, open, outcome, response, host.clientMicros);
  }
  if (client.task !== null) {
    driverOf(plan).answered(client, plan, host, open, outcome, response);
    rearm(client, plan, host);
    return;
  }
  // A closed loop waits for all that is open: an operation out of turn takes the place of one of its own.
  if (plan.thinkMicros === null || client.open.length > 0) return;
  if (plan.thinkMicros === 0 && outcome === "ok") invoke(client, plan, host);
  else {
    const pause = outcome === "ok" ? plan.thinkMicros : Math.max(plan.thinkMicros, REFUSED_PAUSE_MICROS);
    client.nextAtMicros = host.clientMicros + pause;
    arm(client, client.nextAtMicros, host);
  }
}

/** Remembers the value of a key that was read or written, so that a later cas has something to compare with. */
function learn(client: Client, open: OpenOperation, response: ClientResponse): void {
  while (client.seen.length <= open.key) client.seen.push(null);
  if (open.kind === "get") client.seen[open.key] = valueRead(response.body);
  else if (open.kind === "put") client.seen[open.key] = open.value;
  else if (open.kind === "delete") client.seen[open.key] = null;
  else if (open.kind === "cas") client.seen[open.key] = valueAfterCas(open, response.body);
}

/** After a refusal a closed loop without think time waits this long: a client that spins on errors tells nothing. */
const REFUSED_PAUSE_MICROS = 10_000;

/**
 * The client goes on after a pause: it reads what came meanwhile, then its timers fire late. Arrivals of an open loop that
 * fell into the pause are passed over.
 */
export function resumeClient(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const now = host.clientMicros;
  const inbox = client.inbox;
  client.inbox = [];
  for (const response of inbox) receiveResponse(client, plan, host, response);
  if (plan.thinkMicros === null && client.task === null)
    while (arrivalMicros(client, plan) < now) client.arrivals += plan.clients;
  tend(client, plan, host, now);
}

/** A copy that shares nothing that changes. */
export function cloneClient(client: Client): Client {
  return {
    ...client,
    open: client.open.map((open) => ({ ...open })),
    inbox: client.inbox.slice(),
    seen: client.seen.slice(),
    task: client.task === null ? null : cloneTask(client.task),
    watches: client.watches.map((watch) => ({ ...watch })),
    unread: client.unread.slice(),
  };
}

/** The client goes to another member with what it asks from now on, and with its watches. Null: it is there already. */
export function reconnect(client: Client, plan: WorkloadPlan, host: ClientHost, member: number): boolean {
  const at = client.endpoints.indexOf(member);
  if (at < 0 || at === client.endpoint) return false;
  client.endpoint = at;
  reconnectWatches(client, host);
  rearm(client, plan, host);
  return true;
}

/** The requests and streams of the client that are under way at a member: all of them break with it. */
export function brokenAt(client: Client, member: number): ClientRequest[] {
  const broken: ClientRequest[] = [];
  for (const open of client.open) {
    if (open.member === member) broken.push(new ClientRequest(client.id, open.operation, open.attempt, null));
  }
  for (const watch of client.watches) {
    if (watch.member === member) broken.push(new ClientRequest(client.id, watch.operation, watch.attempt, null));
  }
  return broken;
}
