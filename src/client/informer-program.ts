// Workload `informer`: clients that keep a copy, as Kubernetes' do: list everything under the prefix, watch from the revision of
// the list, and list anew when the watch says that its revision is compacted.

import { RangeRequest, RangeResponse } from "../etcd/api.ts";
import { isTombstone } from "../etcd/key-value.ts";
import { prefixEnd } from "../etcd/recipe.ts";
import type { WatchResponse } from "../etcd/watch-api.ts";
import type { ClientResponse } from "../kernel/request.ts";
import {
  type Client,
  type ClientHost,
  type OpenOperation,
  type Outcome,
  submitBody,
  type WorkloadPlan,
} from "./client.ts";
import type { Driver } from "./drivers.ts";
import type { Task } from "./task.ts";
import { type ClientWatch, openPrefixWatch } from "./watching.ts";

/** After a refusal it lists again after this long. */
const PAUSE_MICROS = 500_000;
/** Keys a page, as Kubernetes' clients ask for them. */
const PAGE = 500;

function taskOf(client: Client): Task {
  return client.task as Task;
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (task.watch !== 0 || task.asking !== 0 || host.clientMicros >= plan.untilMicros) return;
  task.cache.clear();
  task.cachedTo = 0;
  task.rounds++;
  list(client, plan, host, plan.prefix);
}

function list(client: Client, plan: WorkloadPlan, host: ClientHost, from: string): void {
  const task = taskOf(client);
  const request = new RangeRequest(from, prefixEnd(plan.prefix), { limit: PAGE, revision: task.cachedTo });
  task.asking = submitBody(client, plan, host, "range", request);
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
  if (outcome !== "ok" || !(body instanceof RangeResponse)) {
    // Also a page of a revision that was compacted meanwhile: the list begins anew.
    task.wakeAtMicros = host.clientMicros + PAUSE_MICROS;
    return;
  }
  if (task.cachedTo === 0) task.cachedTo = body.revision;
  for (const kv of body.kvs) task.cache.set(kv.key, kv.modRevision);
  const last = body.kvs[body.kvs.length - 1];
  if (body.more && last !== undefined) {
    list(client, plan, host, `${last.key}\0`);
    return;
  }
  tell(client, plan, host);
  task.watch = openPrefixWatch(client, host, plan.prefix, task.cachedTo + 1).operation;
}

function watched(
  client: Client,
  plan: WorkloadPlan,
  host: ClientHost,
  watch: ClientWatch,
  response: WatchResponse,
): void {
  const task = taskOf(client);
  if (task.watch !== watch.operation) return;
  for (const { kv } of response.events) {
    if (isTombstone(kv)) task.cache.delete(kv.key);
    else task.cache.set(kv.key, kv.modRevision);
    task.cachedTo = kv.modRevision;
  }
  if (response.events.length > 0 && !response.fragment) tell(client, plan, host);
  if (!response.canceled) return;
  task.watch = 0;
  task.wakeAtMicros = host.clientMicros + 1;
}

/** Its copy stands for the revision up to which it goes. */
function tell(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  if (host.programObserver === null) return;
  const token = taskOf(client).cachedTo;
  host.programObserver.noted(
    client,
    { kind: "cached", name: plan.prefix, token, revision: 0, key: "", lease: "0" },
    host.clientMicros,
  );
}

/** Clients that keep a copy. */
export const INFORMER: Driver = { wake, answered, watched };
