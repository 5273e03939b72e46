// A load written out: the operations that its clients made in one run, as single operations of the timetable, so that they can be
// taken away one by one and read one by one.

import type { Client, ClientObserver, OpenOperation } from "../client/client.ts";
import { unpadded } from "../client/operation.ts";
import type { Action, ClientOperation } from "../fault/action.ts";
import { LEADER, members as named, type Selector } from "../fault/selector.ts";
import { startRun } from "../run/execute.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { withLoads } from "./smaller.ts";

/** One operation as it was made. */
export interface Invoked {
  readonly atMicros: number;
  readonly client: number;
  readonly kind: string;
  readonly key: string;
  /** As long as it was written. */
  readonly value: string;
  readonly member: number;
  /** A step of a program, which means little without the others. */
  readonly ofProgram: boolean;
}

/** Values of a workload that says nothing of their size. */
const VALUE_PLAIN = 16;

/** The operations that a run invokes, in their order. */
export function invokedIn(scenario: Scenario, seed: string): Invoked[] {
  const invoked: Invoked[] = [];
  let run: ReturnType<typeof startRun>;
  try {
    run = startRun(scenario, seed);
  } catch {
    return invoked;
  }
  const { context, world } = run.run;
  const inner = context.clientObserver as ClientObserver;
  // Whoever comes after the clients of the load makes single operations, which are written out already.
  const last = scenario.workload.reduce((sum, { clients }) => sum + clients, 0);
  const note = (client: Client, { kind, key, value, member }: OpenOperation, atMicros: number): void => {
    if (client.id > last) return;
    const plan = context.workloadOf(client);
    const ofProgram = plan.program !== null;
    invoked.push({ atMicros, client: client.id, kind, key: plan.keys[key] ?? "k0", value, member, ofProgram });
  };
  context.clientObserver = {
    invoked(client: Client, operation: OpenOperation, atMicros: number): void {
      note(client, operation, atMicros);
      inner.invoked(client, operation, atMicros);
    },
    completed: (client, operation, outcome, response, atMicros) =>
      inner.completed(client, operation, outcome, response, atMicros),
  };
  // Clients without a pause at the start have made their first operation already.
  for (const client of world.clients) {
    for (const open of client?.open ?? []) note(client as Client, open, open.invokedAtMicros);
  }
  try {
    while (!run.advance(1 << 16)) {
      // Goes on until it is over.
    }
  } catch {
    // A run that breaks has made its operations all the same.
  }
  return invoked;
}

const SINGLE: Readonly<Record<string, ClientOperation>> = {
  put: "put",
  txn: "put",
  txnAt: "put",
  get: "get",
  range: "get",
  getSerializable: "getSerializable",
  delete: "delete",
  cas: "put",
};

/**
 * The scenario with these operations in place of its load, the plainest first: none of its programs or all of them; at the member
 * that each went to, at whoever leads, or all of them writes; with short values or as long as they were.
 */
export function spelledOut(scenario: Scenario, invoked: readonly Invoked[]): Scenario[] {
  const timeoutMicros = scenario.workload[0]?.timeoutMicros ?? null;
  const list: Scenario[] = [];
  const offer = (operations: readonly Invoked[], kept: Scenario): void => {
    if (operations.length === 0) return;
    const put = (those: readonly Invoked[], via: (one: Invoked) => Selector): void => {
      const spelled = those.map((one, at) => fault(one, at, via(one), timeoutMicros));
      const faults = [...kept.faults, ...spelled].sort(
        (a, b) => timeOf(a) - timeOf(b) || Number(isOperation(a)) - Number(isOperation(b)),
      );
      list.push({ ...kept, faults });
    };
    const writes = operations.map((one): Invoked => ({ ...one, kind: "put" }));
    const short = (one: Invoked): Invoked => ({ ...one, value: unpadded(one.value) });
    put(operations.map(short), (one) => named(one.member));
    put(operations.map(short), () => LEADER);
    put(writes.map(short), (one) => named(one.member));
    if (operations.every(({ value }) => value.length <= VALUE_PLAIN)) return;
    put(operations, (one) => named(one.member));
    put(writes, (one) => named(one.member));
  };
  const none = scenario.workload.map(() => null);
  const programs = scenario.workload.map((load) => (load.kind === "kv" ? null : load));
  offer(invoked, withLoads(scenario, none));
  if (programs.some((load) => load !== null))
    offer(
      invoked.filter(({ ofProgram }) => !ofProgram),
      withLoads(scenario, programs),
    );
  return list;
}

function fault(one: Invoked, at: number, via: Selector, timeoutMicros: number | null): Fault {
  const id = `op-${at + 1}`;
  const trigger = { kind: "time", atMicros: one.atMicros } as const;
  if (one.kind === "compact") {
    return {
      id,
      trigger,
      forMicros: null,
      action: { kind: "compact", revision: null, keepRevisions: 0, physical: false },
    };
  }
  // What programs ask for changes something more often than not: a put stands for it.
  const op = SINGLE[one.kind] ?? "put";
  const action: Action = {
    kind: "clientOp",
    client: 0,
    session: null,
    via,
    op,
    body: null,
    key: one.key,
    value: op === "put" ? (one.value === "" ? `${one.client}.${at + 1}` : one.value) : null,
    expected: null,
    timeoutMicros,
    expect: null,
  };
  return { id, trigger, forMicros: null, action };
}

function timeOf(one: Fault): number {
  return one.trigger.kind === "time" ? one.trigger.atMicros : Number.POSITIVE_INFINITY;
}

/** Whether it is an operation of a client rather than something that goes wrong. */
export function isOperation(one: Fault): boolean {
  return one.action.kind === "clientOp";
}
