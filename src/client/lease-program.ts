// Workload `lease`: what nodes do to show that they live. Each client grants a lease, hangs its key on it and renews it for a
// while; then it lets the lease run out, or gives it back, looks whether its key is gone, and begins anew.

import { LeaseRevokeRequest, PutRequest, RangeRequest } from "../etcd/api.ts";
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
import { openSession, sessionAnswered, tendSession, wakeAt } from "./session.ts";
import { createSession, type Task } from "./task.ts";

/** After a refusal it begins anew after this long; after a lease ran out it looks after as long. */
const PAUSE_MICROS = 500_000;
/** By then a lease that is over must have been revoked, if nothing else is wrong. */
const EXPIRY_SLACK_MICROS = 1_500_000;

function taskOf(client: Client): Task {
  return client.task as Task;
}

function over(plan: WorkloadPlan, host: ClientHost): boolean {
  return host.clientMicros >= plan.untilMicros;
}

function wake(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  const { session } = task;
  switch (task.phase) {
    case "start":
      if (over(plan, host)) return;
      task.rounds++;
      task.phase = "granting";
      openSession(client, plan, host, session);
      return;
    case "alive":
      if (!tendSession(client, plan, host, session)) {
        noteLoss(client, plan, host);
        return;
      }
      if (host.clientMicros < task.untilMicros) {
        wakeAt(task, host, task.untilMicros);
        return;
      }
      if (host.operationStream(client.id).below(2) === 0) {
        task.phase = "lapsing";
        session.lapses = true;
        wakeAt(task, host, session.expiresAtMicros + EXPIRY_SLACK_MICROS);
        return;
      }
      task.phase = "revoking";
      task.asking = submitBody(client, plan, host, "revoke", new LeaseRevokeRequest(session.lease));
      return;
    case "lapsing":
      if (host.clientMicros < session.expiresAtMicros + EXPIRY_SLACK_MICROS) {
        task.wakeAtMicros = session.expiresAtMicros + EXPIRY_SLACK_MICROS;
        return;
      }
      task.phase = "looking";
      task.asking = submitBody(client, plan, host, "get", new RangeRequest(task.key));
      return;
    default:
    // It waits for an answer, which goes on with it: an alarm would only ring again at once.
  }
}

function noteLoss(client: Client, plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  note(client, host, task, "lost");
  again(client, plan, host);
}

function again(client: Client, _plan: WorkloadPlan, host: ClientHost): void {
  const task = taskOf(client);
  task.phase = "start";
  task.asking = 0;
  Object.assign(task.session, createSession());
  task.wakeAtMicros = host.clientMicros + PAUSE_MICROS;
}

function note(
  client: Client,
  host: ClientHost,
  { key, session, token }: Task,
  kind: "acquired" | "lost" | "released",
): void {
  if (host.programObserver === null) return;
  host.programObserver.noted(
    client,
    { kind, name: key, token, revision: 0, key, lease: session.lease },
    host.clientMicros,
  );
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
      task.phase = "attaching";
      task.key = `${plan.prefix}${task.index}`;
      task.asking = submitBody(
        client,
        plan,
        host,
        "put",
        new PutRequest(task.key, `${client.id}.${task.rounds}`, session.lease),
      );
      wakeAt(task, host, Number.POSITIVE_INFINITY);
      return;
    case "refused":
      again(client, plan, host);
      return;
    case "lost":
      noteLoss(client, plan, host);
      return;
    case "renewed":
      if (task.phase === "alive") wakeAt(task, host, task.untilMicros);
      return;
    case "other":
  }
  if (open.operation !== task.asking) return;
  task.asking = 0;
  if (task.phase === "attaching" && outcome === "ok") {
    task.phase = "alive";
    task.token = response?.revision ?? 0;
    task.untilMicros = host.clientMicros + programOf(plan).holdMicros;
    note(client, host, task, "acquired");
    wakeAt(task, host, task.untilMicros);
    return;
  }
  if (task.phase === "revoking" && outcome === "ok") note(client, host, task, "released");
  again(client, plan, host);
}

/** Leases that are renewed, run out and are given back. */
export const LEASE: Driver = { wake, answered, watched: () => undefined };
