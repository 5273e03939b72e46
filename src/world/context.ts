// What a run holds around its world while it steps: the queue, the streams of choice, the digest, the trace, who observes.
// One object serves every process in turn (`self` says which), so that handling an event makes no garbage.

import type { Client, ClientHost, ClientObserver, ProgramObserver, WorkloadPlan } from "../client/client.ts";
import { append, beginSync, type Disk, type DiskRecord, isInstant, syncNow, writeFile } from "../disk/disk.ts";
import { assert } from "../kernel/assert.ts";
import type { ChoiceSource, Purpose, Stream } from "../kernel/choose.ts";
import { CounterAt } from "../kernel/counter.ts";
import { createDigest, type Digest } from "../kernel/digest.ts";
import { type Distribution, drawMicros } from "../kernel/distribution.ts";
import { EventQueue, type QueueImage } from "../kernel/queue.ts";
import { clientRank, linkRank, memberRank, requestRank, responseRank } from "../kernel/rank.ts";
import { ClientRequest, ClientResponse, type RequestError } from "../kernel/request.ts";
import type { ProcessContext, Protocol } from "../member/protocol.ts";
import { type Link, type LinkEffect, linkIndex, linkOf } from "../network/network.ts";
import { sendRequestOver, sendResponse } from "./client-links.ts";
import { EventKind } from "./event.ts";
import type { Trace } from "./trace.ts";
import { localMicros, type Process, processOf, trueDuration, type World, type WorldPlan } from "./world.ts";

/** Why a message was lost, for traces. */
export const LossReason = { Cut: 0, Loss: 1, Drop: 2, Down: 3, Buffer: 4, Damaged: 5, Unknown: 6 } as const;

/** What goes on in a run besides its world. Immutable: it may be resumed any number of times. */
export interface ContextImage {
  readonly queue: QueueImage;
  /** Stands still: forked by whoever resumes. */
  readonly choices: ChoiceSource;
  readonly digest: Digest;
  readonly delivered: number;
}

/** Everything around a world that is stepping. */
export class RunContext implements ProcessContext, ClientHost {
  readonly plan: WorldPlan;
  readonly protocol: Protocol<unknown, unknown>;
  readonly choices: ChoiceSource;
  queue: EventQueue;
  digest: Digest;
  /** Null: nothing is kept. */
  trace: Trace | null = null;
  clientObserver: ClientObserver | null = null;
  programObserver: ProgramObserver | null = null;
  /** Called when a process starts or is gone. */
  lifeObserver: LifeObserver | null = null;

  /** The world of the step under way. Set by the loop; in recorded mode a draft. */
  world: World;
  /** The process that handles the event under way. */
  self: number = 0;
  private process: Process;

  /** False only where the cost of the digest is measured. */
  digesting: boolean = true;
  /** What the digest is to know of the event under way besides time, kind, source and target; an int32. */
  content: number = 0;
  /** Messages, requests and responses that arrived. */
  delivered: number = 0;

  /** By `linkIndex`. */
  private readonly latencies: (Stream | null)[] = [];
  private readonly losses: (Stream | null)[] = [];
  private readonly clientLatencies: (Stream | undefined)[] = [];
  private readonly operations: (Stream | undefined)[] = [];
  private readonly keys: (Stream | undefined)[] = [];
  private readonly disks: (Stream | undefined)[] = [];
  private readonly linkLatency: Map<number, Distribution> = new Map();
  /** No link differs from the rest. */
  private readonly oneLatency: boolean;

  constructor(plan: WorldPlan, protocol: Protocol<unknown, unknown>, choices: ChoiceSource, world: World) {
    this.plan = plan;
    this.protocol = protocol;
    this.choices = choices;
    this.queue = new EventQueue();
    this.digest = createDigest();
    this.world = world;
    this.process = world.processes[world.ids[0] as number] as Process;
    this.oneLatency = plan.links.length === 0;
    for (const link of plan.links) this.linkLatency.set(link.from * 1024 + link.to, link.latency);
    this.openLinks();
  }

  /**
   * Opens what every message draws from, for all members that there are. The first message between two of them may come late, and
   * what happens once only in compiled code throws it away.
   */
  private openLinks(): void {
    for (const { id: from } of this.plan.members) {
      for (const { id: to } of this.plan.members) {
        if (from === to) continue;
        openStream(this, this.latencies, "latency", from, to);
        if (this.plan.lossPpm > 0) openStream(this, this.losses, "loss", from, to);
      }
    }
  }

  /** What is to happen, and the choices to come, between two steps. */
  save(): ContextImage {
    const { queue, choices, digest, delivered } = this;
    return { queue: queue.save(), choices: choices.fork(), digest: { ...digest }, delivered };
  }

  /** Goes on from `image`. The source of choices was handed to the constructor; `world` is the one that goes with them. */
  resume(image: ContextImage, world: World): void {
    this.world = world;
    this.queue = EventQueue.restore(image.queue);
    this.queue.step = world.steps;
    this.digest = { ...image.digest };
    this.delivered = image.delivered;
  }

  /** Makes `id` the process that the next calls of a protocol are about. */
  enter(id: number): Process {
    const process = processOf(this.world, id);
    this.enterProcess(process);
    return process;
  }

  /** The same for a process of the world that is at hand. */
  enterProcess(process: Process): void {
    this.self = process.id;
    this.process = process;
  }

  // What a process may ask: `ProcessContext`.

  get boot(): number {
    return this.process.boot;
  }

  get disk(): Disk {
    return this.process.disk;
  }

  get version(): string {
    return this.process.version;
  }

  get applyDelayMicros(): number {
    return this.process.applyMicros;
  }

  localMicros(): number {
    return localMicros(this.process.clock, this.world.atMicros);
  }

  wallMicros(): number {
    return localMicros(this.process.clock, this.world.atMicros) + this.process.clock.wallOffsetMicros;
  }

  setTimer(afterMicros: number, timer: number): void {
    const after = trueDuration(this.process.clock, afterMicros);
    const self = this.self;
    this.queue.push(
      this.world.atMicros + after,
      memberRank(self),
      EventKind.Timer,
      self,
      this.process.boot * 256 + timer,
      null,
    );
  }

  append(record: DiskRecord): boolean {
    const disk = this.process.disk;
    return (disk.faults.writeErrorPpm === 0 || this.writes(disk)) && append(disk, record);
  }

  writeFile(name: string, value: DiskRecord): boolean {
    const disk = this.process.disk;
    return (disk.faults.writeErrorPpm === 0 || this.writes(disk)) && writeFile(disk, name, value);
  }

  /** False when a `disk: {error: write}` hits this write. */
  private writes(disk: Disk): boolean {
    return this.diskStream(this.self).below(1_000_000) >= disk.faults.writeErrorPpm;
  }

  sync(): boolean {
    const disk = this.process.disk;
    if (isInstant(disk)) {
      syncNow(disk);
      return true;
    }
    assert(disk.sync === null, "a process began a sync while one was under way");
    const self = this.self;
    const micros = beginSync(disk, this.process.boot, this.diskStream(self));
    if (micros !== Number.POSITIVE_INFINITY) {
      this.queue.push(
        this.world.atMicros + micros,
        memberRank(self),
        EventKind.DiskDone,
        self,
        this.process.boot,
        null,
      );
    }
    return false;
  }

  choose(purpose: Purpose, n: number): number {
    return this.choices.open(purpose, this.self).below(n);
  }

  count(counter: number): void {
    (this.world.counters as number[])[counter]!++;
  }

  die(reason: string): void {
    this.process.reason = reason;
    this.dying = true;
  }

  /** Set by `die`: the process ends when its step is over. */
  dying: boolean = false;

  send(to: number, message: unknown): void {
    this.sendMessage(this.self, to, message);
  }

  reply(request: ClientRequest, response: ClientResponse): void {
    const client = request.client;
    const at = this.world.atMicros + this.clientLatency(client);
    if (this.world.network.clientLinks.size > 0) sendResponse(this, this.self, response, at, false);
    else this.queue.push(at, responseRank(client), EventKind.Response, client, this.self, response);
  }

  stream(request: ClientRequest, response: ClientResponse): void {
    sendResponse(this, this.self, response, this.world.atMicros + this.clientLatency(request.client), true);
  }

  // The network.

  /** Puts a message on the link between two members. */
  sendMessage(from: number, to: number, message: unknown): void {
    const world = this.world;
    const link = linkOf(world.network, from, to);
    if (link.cuts !== 0) {
      this.lost(from, to, message, LossReason.Cut);
      return;
    }
    const plan = this.plan;
    if (plan.lossPpm > 0 && this.lossStream(from, to).below(1_000_000) < plan.lossPpm) {
      this.lost(from, to, message, LossReason.Loss);
      return;
    }
    let at = world.atMicros + this.drawLatency(from, to);
    if (link.effects.length > 0) {
      this.sendThroughEffects(from, to, message, link, at);
      return;
    }
    if (
      plan.duplicatePpm > 0 &&
      this.protocol.mayDuplicate(message) &&
      this.choices.open("duplicate", from * 1024 + to).below(1_000_000) < plan.duplicatePpm
    ) {
      this.arrive(from, to, message, EventKind.Message, world.atMicros + this.drawLatency(from, to));
    }
    if (plan.ordered) {
      if (at < link.lastAtMicros) at = link.lastAtMicros;
      else link.lastAtMicros = at;
    }
    this.arrive(from, to, message, EventKind.Message, at);
  }

  private arrive(from: number, to: number, message: unknown, kind: number, at: number): void {
    this.queue.push(at, linkRank(from, to), kind, to, from, message);
  }

  private sendThroughEffects(from: number, to: number, message: unknown, link: Link, baseAt: number): void {
    const type = this.protocol.messageType(message);
    const now = this.world.atMicros;
    let at = baseAt;
    let kind: number = EventKind.Message;
    let ordered = this.plan.ordered;
    let copies = 0;
    for (const effect of link.effects) {
      if (effect.types.length > 0 && !effect.types.includes(type)) continue;
      if (effect.kind === "bandwidth") {
        const bytes = this.protocol.messageBytes(message);
        const begins = Math.max(now, link.busyUntilMicros);
        const waits = Math.floor(((begins - now) * effect.bytesPerSecond) / 1_000_000);
        if (effect.bufferBytes > 0 && waits + bytes > effect.bufferBytes) {
          this.lost(from, to, message, LossReason.Buffer);
          return;
        }
        link.busyUntilMicros = begins + Math.ceil((bytes * 1_000_000) / effect.bytesPerSecond);
        at += link.busyUntilMicros - now;
        continue;
      }
      if (effect.ppm < 1_000_000 && this.lossStream(from, to).below(1_000_000) >= effect.ppm) continue;
      switch (effect.kind) {
        case "drop":
          this.lost(from, to, message, LossReason.Drop);
          return;
        case "hold":
          link.held.push({ fault: effect.fault, message });
          return;
        case "delay":
          at += this.delayOf(effect, link, from, to);
          break;
        case "reorder":
          at += this.latencyStream(from, to).below(effect.addMicros + 1);
          ordered = false;
          break;
        case "duplicate":
          if (this.protocol.mayDuplicate(message)) copies += effect.copies;
          break;
        case "corrupt":
          kind = EventKind.DamagedMessage;
          break;
      }
    }
    if (ordered) {
      if (at < link.lastAtMicros) at = link.lastAtMicros;
      else link.lastAtMicros = at;
    }
    this.arrive(from, to, message, kind, at);
    for (let i = 0; i < copies; i++) this.arrive(from, to, message, kind, at + this.drawLatency(from, to));
  }

  delayOf(effect: LinkEffect, link: Link, from: number, to: number): number {
    if (effect.jitter === null) return effect.addMicros;
    let drawn = drawMicros(effect.jitter, this.latencyStream(from, to));
    if (effect.jitter.kind === "normal") drawn -= effect.jitter.meanMicros;
    if (effect.correlationPpm > 0) {
      drawn = Math.floor(
        (drawn * (1_000_000 - effect.correlationPpm) + link.lastJitterMicros * effect.correlationPpm) / 1_000_000,
      );
      link.lastJitterMicros = drawn;
    }
    return Math.max(0, effect.addMicros + drawn);
  }

  /** A message is gone: counted, and in the trace. */
  lost(from: number, to: number, message: unknown, reason: number): void {
    this.count(CounterAt["message-lost"]);
    if (this.trace !== null) this.trace.lost(this.world.atMicros, from, to, reason, this.protocol, message);
  }

  private drawLatency(from: number, to: number): number {
    let distribution = this.plan.latency;
    if (this.oneLatency && distribution.kind === "uniform") {
      const { minMicros, maxMicros } = distribution;
      return minMicros + this.latencyStream(from, to).below(maxMicros - minMicros + 1);
    }
    if (this.linkLatency.size > 0) distribution = this.linkLatency.get(from * 1024 + to) ?? distribution;
    return drawMicros(distribution, this.latencyStream(from, to));
  }

  private latencyStream(from: number, to: number): Stream {
    const index = linkIndex(from, to);
    const stream = index < this.latencies.length ? (this.latencies[index] as Stream | null) : null;
    return stream === null ? openStream(this, this.latencies, "latency", from, to) : stream;
  }

  private lossStream(from: number, to: number): Stream {
    const index = linkIndex(from, to);
    const stream = index < this.losses.length ? (this.losses[index] as Stream | null) : null;
    return stream === null ? openStream(this, this.losses, "loss", from, to) : stream;
  }

  /** Choices about what happens to a client's messages. */
  clientLoss(client: number): Stream {
    return this.choices.open("client-loss", client);
  }

  private diskStream(member: number): Stream {
    return (this.disks[member] ??= this.choices.open("disk", member));
  }

  // What clients may ask: `ClientHost`.

  get clientMicros(): number {
    return this.world.atMicros;
  }

  sendRequest(to: number, request: ClientRequest): void {
    const client = request.client;
    const at = this.world.atMicros + this.clientLatency(client);
    if (this.world.network.clientLinks.size > 0) sendRequestOver(this, to, request, at, false);
    else this.queue.push(at, requestRank(client), EventKind.Request, to, client, request);
  }

  sendOnStream(to: number, request: ClientRequest): void {
    sendRequestOver(this, to, request, this.world.atMicros + this.clientLatency(request.client), true);
  }

  /** A client hears that it has no connection to a member: it was refused, or it broke. */
  breakConnection(member: number, request: ClientRequest | ClientResponse, error: RequestError): void {
    const { client, operation, attempt } = request;
    const response = new ClientResponse(new ClientRequest(client, operation, attempt, null), null, error, 0);
    const at = this.world.atMicros + this.clientLatency(client);
    this.queue.push(at, responseRank(client), EventKind.Response, client, member, response);
  }

  setClientTimer(client: number, atMicros: number): void {
    this.queue.push(atMicros, clientRank(client), EventKind.ClientTimer, client, 0, null);
  }

  operationStream(client: number): Stream {
    return (this.operations[client] ??= this.choices.open("operation", client));
  }

  keyStream(client: number): Stream {
    return (this.keys[client] ??= this.choices.open("key", client));
  }

  private clientLatency(client: number): number {
    return drawMicros(
      this.plan.clientLatency,
      (this.clientLatencies[client] ??= this.choices.open("client-latency", client)),
    );
  }

  /** The workload of a client. */
  workloadOf(client: Client): WorkloadPlan {
    return this.plan.workloads[client.workload] as WorkloadPlan;
  }
}

/** Told when processes start and stop, whatever their protocol. */
export interface LifeObserver {
  started(member: number, state: unknown): void;
  stopped(member: number): void;
  diskReplaced(member: number): void;
  /** A new cluster of these members begins with the state of a backup. */
  restored(members: readonly number[], backup: unknown): void;
}

function openStream(context: RunContext, table: (Stream | null)[], purpose: Purpose, from: number, to: number): Stream {
  const index = linkIndex(from, to);
  while (table.length <= index) table.push(null);
  const stream = context.choices.open(purpose, from * 1024 + to);
  table[index] = stream;
  return stream;
}
