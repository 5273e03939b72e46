// Workload `watch`: clients that watch all keys of their prefix, or one of them, and go on where they were after whatever happens.
// Now and then one asks how far it is, or watches anew from a revision of the past. Who writes is another workload.

import type { WatchResponse } from "../etcd/watch-api.ts";
import type { Client, ClientHost, WorkloadPlan } from "./client.ts";
import type { Driver } from "./drivers.ts";
import type { Task } from "./task.ts";
import {
  askProgress,
  type ClientWatch,
  closeWatch,
  findWatch,
  openPrefixWatch,
  openWatch,
  type WatchOptions,
} from "./watching.ts";

/** Without a pace of the workload's own it does something else about this often. */
const PAUSE_MICROS = 2_000_000;
/** How far back a new watch may begin. */
const REVISIONS_BACK = 64;

function taskOf(client: Client): Task {
  return client.task as Task;
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (host.clientMicros >= plan.untilMicros) return;
  const stream = host.operationStream(client.id);
  const watch = findWatch(client, task.watch);
  if (watch === null) begin(client, plan, host, 0);
  else if (task.rounds > 0 && stream.below(2) === 0) askProgress(client, host, watch);
  else if (task.rounds > 0 && watch.nextRevision > 1) {
    const back = stream.below(Math.min(REVISIONS_BACK, watch.nextRevision - 1));
    const from = watch.nextRevision - back;
    closeWatch(client, host, watch);
    begin(client, plan, host, from);
  }
  task.rounds++;
  const pause = plan.thinkMicros === null || plan.thinkMicros === 0 ? PAUSE_MICROS : plan.thinkMicros;
  task.wakeAtMicros = host.clientMicros + pause;
}

function begin(client: Client, plan: WorkloadPlan, host: ClientHost, fromRevision: number): void {
  const task = taskOf(client);
  const draw = host.keyStream(client.id);
  const options: WatchOptions = { prevKv: draw.below(2) === 0, requiresLeader: draw.below(2) === 0 };
  // Half of them watch everything, the others one key.
  const watch =
    draw.below(2) === 0
      ? openPrefixWatch(client, host, plan.prefix, fromRevision, options)
      : openWatch(client, host, plan.keys[draw.below(plan.keys.length)] as string, "", fromRevision, options);
  task.watch = watch.operation;
}

function watched(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  watch: ClientWatch,
  response: WatchResponse,
): void {
  const task = taskOf(client);
  if (task.watch !== watch.operation || !response.canceled) return;
  // What is compacted is gone: it goes on from what is left.
  if (host.clientMicros < plan.untilMicros) begin(client, plan, host, response.compactRevision);
}

/** Clients that watch. */
export const WATCH: Driver = { wake, answered: () => undefined, watched };
