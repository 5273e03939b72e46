// A load written out: the operations that its clients made in one run, as single operations of the timetable, so that they can be
// taken away one by one and read one by one.

import { type Client, type ClientObserver, memberOf, type OpenOperation } from "../client/client.ts";
import type { Action, ClientOperation } from "../fault/action.ts";
import { members as named } from "../fault/selector.ts";
import { startRun } from "../run/execute.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";

/** One operation as it was made. */
export interface Invoked {
  readonly atMicros: number;
  readonly client: number;
  readonly kind: string;
  readonly key: string;
  readonly value: string;
  readonly member: number;
}

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
  context.clientObserver = {
    invoked(client: Client, operation: OpenOperation, atMicros: number): void {
      const plan = context.workloadOf(client);
      invoked.push({
        atMicros,
        client: client.id,
        kind: operation.kind,
        key: plan.keys[operation.key] ?? "k0",
        value: operation.value.replace(/_+$/, ""),
        member: memberOf(client),
      });
      inner.invoked(client, operation, atMicros);
    },
    completed: (client, operation, outcome, response, atMicros) =>
      inner.completed(client, operation, outcome, response, atMicros),
  };
  // Clients without a pause at the start have made their first operation already.
  for (const client of world.clients) {
    if (client === null) continue;
    for (const open of client.open) {
      const plan = context.workloadOf(client);
      invoked.push({
        atMicros: open.invokedAtMicros,
        client: client.id,
        kind: open.kind,
        key: plan.keys[open.key] ?? "k0",
        value: open.value.replace(/_+$/, ""),
        member: open.member,
      });
    }
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

/** The scenario with these operations in place of its load: at their members, at whoever leads, or all of them writes. */
export function spelledOut(scenario: Scenario, invoked: readonly Invoked[]): Scenario[] {
  const timeoutMicros = scenario.workload[0]?.timeoutMicros ?? null;
  const faults = (via: (one: Invoked) => Parameters<typeof fault>[2]): Fault[] =>
    invoked.map((one, at) => fault(one, at, via(one), timeoutMicros));
  const spelled = (operations: Fault[]): Scenario => ({
    ...scenario,
    workload: [],
    faults: [...scenario.faults, ...operations].sort(
      (a, b) => timeOf(a) - timeOf(b) || Number(isOperation(a)) - Number(isOperation(b)),
    ),
  });
  const writes = invoked.map((one): Invoked => ({ ...one, kind: "put" }));
  return [
    spelled(faults((one) => named(one.member))),
    spelled(faults(() => ({ kind: "leader" }))),
    spelled(writes.map((one, at) => fault(one, at, named(one.member), timeoutMicros))),
  ];
}

function fault(one: Invoked, at: number, via: ReturnType<typeof named>, timeoutMicros: number | null): Fault {
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
