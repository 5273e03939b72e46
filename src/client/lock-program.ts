// Workloads `lock` and `election`: clients that take turns, by the recipes that etcd's own client runs (`etcd/recipe.ts`): a key
// under a lease, and the oldest key wins. Whoever holds the lock writes to a resource outside of etcd. A client that was paused
// believes in its lock longer than its lease lives: nothing in etcd can keep it from writing then. With `fenced` it tells the
// resource the number of its lock, and the resource refuses lower ones.

import { EtcdError, RequestKind, type Response } from "../etcd/api.ts";
import type { LeaderKey, RecipeCall } from "../etcd/call.ts";
import { isTombstone } from "../etcd/key-value.ts";
import { type EtcdMutations, NO_ETCD_MUTATIONS } from "../etcd/mutation.ts";
import { startRecipe, stepRecipe } from "../etcd/recipe.ts";
import type { WatchResponse } from "../etcd/watch-api.ts";
import type { ClientResponse } from "../kernel/request.ts";
import {
  type Client,
  type ClientFact,
  type ClientHost,
  type OpenOperation,
  type Outcome,
  programOf,
  submitBody,
  type WorkloadPlan,
} from "./client.ts";
import type { Driver } from "./drivers.ts";
import { openSession, sessionAnswered, tendSession, wakeAt } from "./session.ts";
import { createSession, type Task } from "./task.ts";
import { type ClientWatch, closeWatch, findWatch, openWatch } from "./watching.ts";

/** After a loss or a refusal it begins anew after this long. */
const PAUSE_MICROS = 500_000;
/** While it holds the lock it writes to the resource this often. */
const WRITES = 4;

function taskOf(client: Client): Task {
  return client.task as Task;
}

/** The lock's name: the workload's prefix, without the slash that recipes put behind it. */
function nameOf({ prefix }: WorkloadPlan): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}

function note(client: Client, plan: WorkloadPlan, host: ClientHost, kind: ClientFact["kind"]): void {
  const { key, token, toldRevision: revision, session } = taskOf(client);
  if (host.programObserver === null) return;
  const fact = { kind, name: nameOf(plan), token, revision, key, lease: session.lease };
  host.programObserver.noted(client, fact, host.clientMicros);
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  const { session } = task;
  if (task.phase === "start") {
    if (host.clientMicros >= plan.untilMicros) return;
    task.rounds++;
    task.phase = "session";
    openSession(client, plan, host, session);
    return;
  }
  // Whoever holds the lock acts first and thinks of its lease afterwards, as programs do.
  if (task.phase === "holding") hold(client, plan, host);
  if (!tendSession(client, plan, host, session)) {
    lose(client, plan, host);
    return;
  }
  wakeAt(task, host, task.phase === "holding" ? nextWriteMicros(task, plan) : Number.POSITIVE_INFINITY);
}

function nextWriteMicros(task: Task, plan: WorkloadPlan): number {
  return task.untilMicros - Math.floor((programOf(plan).holdMicros * (WRITES - task.tries)) / WRITES);
}

/** Writes to the resource, and lets go when its time is over. */
function hold(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (host.clientMicros < nextWriteMicros(task, plan)) return;
  note(client, plan, host, "wrote");
  task.tries++;
  if (task.tries <= WRITES) return;
  note(client, plan, host, programOf(plan).kind === "lock" ? "released" : "resigned");
  task.phase = "releasing";
  const leader = leaderKeyOf(task, plan);
  run(
    client,
    plan,
    host,
    programOf(plan).kind === "lock" ? { call: "unlock", key: task.key } : { call: "resign", leader },
  );
}

function leaderKeyOf(task: Task, plan: WorkloadPlan): LeaderKey {
  return { name: nameOf(plan), key: task.key, revision: task.token, lease: task.session.lease };
}

function lose(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  if (task.phase === "holding") note(client, plan, host, "lost");
  again(client, host);
}

function again(client: Client, host: ClientHost): void {
  const task = taskOf(client);
  const watch = task.watch === 0 ? null : findWatch(client, task.watch);
  if (watch !== null) closeWatch(client, host, watch);
  Object.assign(task.session, createSession());
  task.watch = 0;
  task.asking = 0;
  task.recipe = null;
  task.phase = "start";
  task.wakeAtMicros = host.clientMicros + PAUSE_MICROS;
}

/** Begins a recipe. */
function run(client: Client, plan: WorkloadPlan, host: ClientHost, call: RecipeCall): void {
  const task = taskOf(client);
  task.recipe = startRecipe(call, task.session.lease, mutationsOf(plan));
  advance(client, plan, host, null);
}

function mutationsOf(plan: WorkloadPlan): EtcdMutations {
  const { lockLeaseUnchecked } = programOf(plan);
  return lockLeaseUnchecked ? { ...NO_ETCD_MUTATIONS, lockLeaseUnchecked } : NO_ETCD_MUTATIONS;
}

/** Goes on with a recipe: asks what it asks for, waits for what it waits for. */
function advance(client: Client, plan: WorkloadPlan, host: ClientHost, outcome: Response | EtcdError | null): void {
  const task = taskOf(client);
  const { recipe } = task;
  if (recipe === null) return;
  const step = stepRecipe(recipe, outcome);
  switch (step.do) {
    case "request": {
      const { kind } = step.request;
      const what = kind === RequestKind.Range ? "range" : kind === RequestKind.DeleteRange ? "delete" : "txn";
      task.asking = submitBody(client, plan, host, what, step.request);
      return;
    }
    case "wait":
      task.watch = openWatch(client, host, step.key, "", step.fromRevision, { noPut: true }).operation;
      return;
    case "refuse":
      again(client, host);
      return;
    case "done":
      finished(client, plan, host);
  }
}

/** The recipe came to its end: the lock is held, or given back. */
function finished(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  const { recipe, session } = task;
  if (task.phase === "releasing") {
    task.recipe = null;
    if (host.clientMicros >= plan.untilMicros) {
      task.phase = "idle";
      task.wakeAtMicros = 0;
      return;
    }
    // The session stays; the next turn begins at once.
    begin(client, plan, host);
    return;
  }
  if (recipe === null) return;
  task.recipe = null;
  task.phase = "holding";
  task.key = recipe.key;
  task.token = recipe.ownRevision;
  task.tries = 0;
  task.untilMicros = host.clientMicros + programOf(plan).holdMicros;
  note(client, plan, host, programOf(plan).kind === "lock" ? "acquired" : "elected");
  hold(client, plan, host);
  if (session.lease !== "0") wakeAt(task, host, nextWriteMicros(task, plan));
}

function begin(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  const { lease } = task.session;
  const name = nameOf(plan);
  task.phase = "acquiring";
  run(
    client,
    plan,
    host,
    programOf(plan).kind === "lock"
      ? { call: "lock", name, lease }
      : { call: "campaign", name, lease, value: `c${client.id}` },
  );
  wakeAt(task, host, Number.POSITIVE_INFINITY);
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
  const { session } = task;
  switch (sessionAnswered(host, session, open, response)) {
    case "granted":
      begin(client, plan, host);
      return;
    case "refused":
      again(client, host);
      return;
    case "lost":
      lose(client, plan, host);
      return;
    case "renewed":
      wakeAt(task, host, task.phase === "holding" ? nextWriteMicros(task, plan) : Number.POSITIVE_INFINITY);
      return;
    case "other":
  }
  if (open.operation !== task.asking) return;
  task.asking = 0;
  // Whatever is not known to have been done: the lease runs out, and with it the key.
  if (outcome !== "ok" || response === null || response.body instanceof EtcdError) again(client, host);
  else {
    task.toldRevision = response.revision;
    advance(client, plan, host, response.body as Response);
  }
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
  const gone = response.events.some(({ kv }) => isTombstone(kv));
  if (!gone && !response.canceled) return;
  task.watch = 0;
  if (!response.canceled) {
    task.toldRevision = response.revision;
    closeWatch(client, host, watch);
  }
  // After a compaction the recipe looks again who is before it.
  advance(client, plan, host, null);
}

/** Clients that take turns at a lock, or at an office. */
export const LOCK: Driver = { wake, answered, watched };
