// What a run gathers for its result while it goes: operations by outcome, who led when, and (where somebody wants it) the
// history of every operation. It forwards to the checker what clients do.

import type { Client, ClientFact, ClientObserver, OpenOperation, Outcome, ProgramObserver } from "../client/client.ts";
import { isWrite } from "../client/operation.ts";
import type { ClientWatch } from "../client/watching.ts";
import type { WatchResponse } from "../etcd/watch-api.ts";
import { CounterAt } from "../kernel/counter.ts";
import { copyFields } from "../kernel/plain.ts";
import type { ClientResponse } from "../kernel/request.ts";
import { type Judge, observeAnswer, observeInvocation } from "../scenario/judge.ts";
import { roleOf, termOf } from "../world/life.ts";
import { processOf, type World } from "../world/world.ts";
import type { Budget } from "./budget-watch.ts";
import type { Gauge } from "./gauge.ts";
import type { AwayReport, LeaderReport } from "./result.ts";

/** One event of a history. */
export interface HistoryEvent {
  readonly atMicros: number;
  readonly client: number;
  readonly operation: number;
  readonly type: "invoke" | "ok" | "fail" | "info";
  readonly kind: string;
  readonly body: unknown;
  readonly response: ClientResponse | null;
}

/** A write that was acknowledged: which operation, and when. */
export interface Acknowledged {
  readonly client: number;
  readonly operation: number;
  readonly atMicros: number;
}

/** How a single operation of the timetable ended. */
export interface SingleOutcome {
  readonly client: number;
  readonly operation: number;
  readonly outcome: Outcome;
  readonly response: ClientResponse | null;
}

/** Something that arrived on a watch, or that a client's program said of itself. */
export interface ProgramEvent {
  readonly atMicros: number;
  readonly client: number;
  /** Number of the watch; 0 for what a program says. */
  readonly watch: number;
  /** Which opening of the watch, and the revision from which it was asked for then. */
  readonly attempt: number;
  readonly fromRevision: number;
  readonly what: "opened" | "delivered" | "ended" | "noted";
  readonly response: WatchResponse | null;
  readonly fact: ClientFact | null;
}

/** Gathers. */
export class Collector implements ClientObserver, ProgramObserver {
  ok: number = 0;
  failed: number = 0;
  unknown: number = 0;
  writesInvoked: number = 0;
  writesOk: number = 0;
  readsInvoked: number = 0;
  readsOk: number = 0;
  readonly leaders: LeaderReport[] = [];
  readonly away: AwayReport[] = [];
  /** Null: nothing is kept. */
  history: HistoryEvent[] | null = null;
  acknowledged: Acknowledged[] | null = null;
  /** Null for protocols that have no voters to count. */
  budget: Budget | null = null;
  /** Null: nothing is measured beyond the result. */
  gauge: Gauge | null = null;
  /** What watches brought and programs said; null: nothing is kept. */
  programs: ProgramEvent[] | null = null;
  /** Who judges that; null: nobody. */
  programNext: ProgramObserver | null = null;
  readonly singles: SingleOutcome[] = [];
  private world: World;
  private readonly next: ClientObserver | null;
  private readonly judge: Judge;
  private readonly singleAt: readonly { readonly position: number; readonly client: number }[];
  private leading: (LeaderReport | undefined)[] = [];
  /** By member: its place in `away` while it is away, -1 while it runs; undefined where it was never seen. */
  private readonly awayAt: (number | undefined)[] = [];

  /** `singleAt`: positions in the timetable of single operations, and the clients that make them. */
  constructor(
    world: World,
    judge: Judge,
    next: ClientObserver | null,
    singleAt: readonly { readonly position: number; readonly client: number }[],
  ) {
    this.world = world;
    this.judge = judge;
    this.next = next;
    this.singleAt = singleAt;
  }

  /** The world of the step under way. */
  bind(world: World): void {
    this.world = world;
  }

  /** A copy that goes its own way, for a run of its own with these parts. */
  fork(
    world: World,
    judge: Judge,
    next: ClientObserver | null,
    singleAt: readonly { readonly position: number; readonly client: number }[],
  ): Collector {
    const fork = copyFields<Collector>(this, new Collector(world, judge, next, singleAt));
    const budget = this.budget === null ? null : { ...this.budget, beyond: this.budget.beyond.slice() };
    return Object.assign(fork, { world, judge, next, singleAt, budget, gauge: null });
  }

  invoked(client: Client, operation: OpenOperation, atMicros: number): void {
    const writes = isWrite(operation.kind);
    if (writes) this.writesInvoked++;
    else this.readsInvoked++;
    observeInvocation(this.judge, atMicros, writes, client.workload);
    if (this.history !== null) this.keep(client, operation, "invoke", null, atMicros);
    if (this.next !== null) this.next.invoked(client, operation, atMicros);
  }

  completed(
    client: Client,
    operation: OpenOperation,
    outcome: Outcome,
    response: ClientResponse | null,
    atMicros: number,
  ): void {
    const writes = isWrite(operation.kind);
    const counters = this.world.counters;
    if (this.gauge !== null) this.gauge.completed(operation, outcome, atMicros);
    if (operation.attempt > 1) counters[CounterAt.retry]! += operation.attempt - 1;
    if (outcome === "ok") {
      this.ok++;
      counters[CounterAt["operation-ok"]]!++;
      counters[CounterAt[writes ? "write-ok" : "read-ok"]]!++;
      if (writes) {
        this.writesOk++;
        if (this.acknowledged !== null) {
          this.acknowledged.push({ client: client.id, operation: operation.operation, atMicros });
        }
      } else this.readsOk++;
      observeAnswer(this.judge, operation.invokedAtMicros, writes, client.workload);
    } else if (outcome === "failed") {
      this.failed++;
      counters[CounterAt["operation-failed"]]!++;
    } else {
      this.unknown++;
      counters[CounterAt["operation-unknown"]]!++;
    }
    if (this.singleAt.length > 0 && this.isSingle(client.id, operation.operation)) {
      this.singles.push({ client: client.id, operation: operation.operation, outcome, response });
    }
    if (this.history !== null) {
      this.keep(
        client,
        operation,
        outcome === "ok" ? "ok" : outcome === "failed" ? "fail" : "info",
        response,
        atMicros,
      );
    }
    if (this.next !== null) this.next.completed(client, operation, outcome, response, atMicros);
  }

  private isSingle(client: number, operation: number): boolean {
    for (const single of this.singleAt) {
      if (single.client === client && this.world.timetable[single.position]?.operation === operation) return true;
    }
    return false;
  }

  private keep(
    client: Client,
    operation: OpenOperation,
    type: HistoryEvent["type"],
    response: ClientResponse | null,
    atMicros: number,
  ): void {
    (this.history as HistoryEvent[]).push({
      atMicros,
      client: client.id,
      operation: operation.operation,
      type,
      kind: operation.kind,
      body: operation.body,
      response,
    });
  }

  /** Something may have stopped or started members: notes who runs. */
  noteLife(): void {
    const { atMicros, ids } = this.world;
    for (const id of ids) {
      const process = processOf(this.world, id);
      const why = process.status !== "up" ? process.reason : process.pauses > 0 ? "paused" : "";
      const at = this.awayAt[id];
      while (this.awayAt.length <= id) this.awayAt.push(undefined);
      if (at === undefined && atMicros > 0)
        this.away.push({ member: id, fromMicros: 0, untilMicros: atMicros, why: "not there yet" });
      const open = at === undefined || at < 0 ? null : (this.away[at] as AwayReport);
      if (open !== null && open.why === why) continue;
      if (open !== null) this.away[at as number] = { ...open, untilMicros: atMicros };
      this.awayAt[id] = why === "" ? -1 : this.away.length;
      if (why !== "") this.away.push({ member: id, fromMicros: atMicros, untilMicros: null, why });
    }
  }

  watchOpened(client: Client, watch: ClientWatch, atMicros: number): void {
    this.keepProgram(client, watch, "opened", null, null, atMicros);
    if (this.programNext !== null) this.programNext.watchOpened(client, watch, atMicros);
  }

  watchDelivered(client: Client, watch: ClientWatch, response: WatchResponse, atMicros: number): void {
    this.world.counters[CounterAt["watch-event"]]! += response.events.length;
    this.keepProgram(client, watch, "delivered", response, null, atMicros);
    if (this.programNext !== null) this.programNext.watchDelivered(client, watch, response, atMicros);
  }

  watchEnded(client: Client, watch: ClientWatch, atMicros: number): void {
    this.keepProgram(client, watch, "ended", null, null, atMicros);
    if (this.programNext !== null) this.programNext.watchEnded(client, watch, atMicros);
  }

  noted(client: Client, fact: ClientFact, atMicros: number): void {
    this.keepProgram(client, null, "noted", null, fact, atMicros);
    if (this.programNext !== null) this.programNext.noted(client, fact, atMicros);
  }

  private keepProgram(
    client: Client,
    watch: ClientWatch | null,
    what: ProgramEvent["what"],
    response: WatchResponse | null,
    fact: ClientFact | null,
    atMicros: number,
  ): void {
    if (this.programs === null) return;
    this.programs.push({
      atMicros,
      client: client.id,
      watch: watch === null ? 0 : watch.operation,
      attempt: watch === null ? 0 : watch.attempt,
      fromRevision: watch === null ? 0 : watch.askedRevision,
      what,
      response,
      fact,
    });
  }

  /** A step touched a member: notes who leads. */
  noteLeader(id: number): void {
    const process = processOf(this.world, id);
    const was = this.leading[id];
    const leads = roleOf(process) === 2;
    if (was !== undefined && leads && was.term === termOf(process)) return;
    if (was === undefined && !leads) return;
    if (was !== undefined) {
      this.leaders[this.leaders.indexOf(was)] = { ...was, untilMicros: this.world.atMicros };
      this.leading[id] = undefined;
    }
    if (leads) {
      const now = { member: id, term: termOf(process), fromMicros: this.world.atMicros, untilMicros: null };
      while (this.leading.length <= id) this.leading.push(undefined);
      this.leading[id] = now;
      this.leaders.push(now);
    }
  }
}
