// Workload `stm`: optimistic transactions. Each client reads two counters and writes both one higher: with `fenced` (the default)
// only if neither was written since it read them, and else it begins anew, as etcd's `concurrency.STM` does. Without, it writes
// what it thinks is right, and increments of others are lost.

import {
  Compare,
  CompareResult,
  CompareTarget,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../etcd/api.ts";
import type { ClientResponse } from "../kernel/request.ts";
import {
  type Client,
  type ClientHost,
  type OpenOperation,
  type Outcome,
  programOf,
  submitBody,
  type WorkloadPlan,
} from "./client.ts";
import type { Driver } from "./drivers.ts";
import type { Task } from "./task.ts";

/** After a refusal it begins anew after this long. */
const PAUSE_MICROS = 100_000;

function taskOf(client: Client): Task {
  return client.task as Task;
}

/** The two counters of a round: neighbours among the keys; one where there is only one. */
function keysOf(task: Task, plan: WorkloadPlan): string[] {
  const { keys } = plan;
  const first = task.tries % keys.length;
  const second = (first + 1) % keys.length;
  return first === second ? [keys[first] as string] : [keys[first] as string, keys[second] as string];
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (task.asking !== 0 || host.clientMicros >= plan.untilMicros) return;
  task.rounds++;
  task.tries = host.keyStream(client.id).below(plan.keys.length);
  read(client, plan, host);
}

/** One transaction of reads: both counters at one revision. */
function read(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  task.phase = "reading";
  const reads = keysOf(task, plan).map((key) => new RangeRequest(key));
  task.asking = submitBody(client, plan, host, "range", new TxnRequest([], reads, []));
}

function write(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  task.phase = "writing";
  const keys = keysOf(task, plan);
  const guards = programOf(plan).fenced
    ? keys.map((key, at) => new Compare(CompareTarget.MOD, CompareResult.EQUAL, key, task.revisions[at] ?? 0))
    : [];
  const puts = keys.map((key, at) => new PutRequest(key, String((task.values[at] ?? 0) + 1)));
  const reads = keys.map((key) => new RangeRequest(key));
  task.asking = submitBody(client, plan, host, "txn", new TxnRequest(guards, puts, reads));
}

function answered(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  open: OpenOperation,
  outcome: Outcome,
  response: ClientResponse | null,
): void {
  const task = taskOf(client);
  if (open.operation !== task.asking) return;
  task.asking = 0;
  const body = response?.body;
  if (outcome !== "ok" || !(body instanceof TxnResponse)) {
    task.wakeAtMicros = host.clientMicros + PAUSE_MICROS;
    return;
  }
  if (task.phase === "writing" && body.succeeded) {
    if (host.programObserver !== null) {
      for (const [at, key] of keysOf(task, plan).entries()) {
        const token = (task.values[at] ?? 0) + 1;
        host.programObserver.noted(
          client,
          { kind: "incremented", name: key, token, revision: 0, key, lease: "0" },
          host.clientMicros,
        );
      }
    }
    task.wakeAtMicros = host.clientMicros + Math.max(1, plan.thinkMicros ?? 0);
    return;
  }
  // What it read, or what stood in its way.
  task.values = body.responses.map((part) => (part instanceof RangeResponse ? Number(part.kvs[0]?.value ?? "0") : 0));
  task.revisions = body.responses.map((part) => (part instanceof RangeResponse ? (part.kvs[0]?.modRevision ?? 0) : 0));
  write(client, plan, host);
}

/** Clients that increment counters. */
export const STM: Driver = { wake, answered, watched: () => undefined };
