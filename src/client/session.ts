// A lease that a program keeps alive, after etcd's `concurrency.Session`: granted, renewed every third of its time, and lost
// when it was not renewed in time or the cluster says that it is gone. That a client believes in its lease is no promise of
// anybody's: the lease is over when the cluster says so.

import { EtcdError, LeaseGrantRequest, LeaseGrantResponse } from "../etcd/api.ts";
import type { LocalAnswer } from "../etcd/call.ts";
import type { ClientResponse } from "../kernel/request.ts";
import {
  type Client,
  type ClientHost,
  type OpenOperation,
  programOf,
  submitBody,
  type WorkloadPlan,
} from "./client.ts";
import { createSession, type Session, type Task } from "./task.ts";

/** A renewal that failed is tried again after this long (etcd `retryConnWait`). */
const RETRY_MICROS = 500_000;

/** Asks for a lease. */
export function openSession(client: Client, plan: WorkloadPlan, host: ClientHost, session: Session): void {
  Object.assign(session, createSession());
  session.asking = submitBody(client, plan, host, "grant", new LeaseGrantRequest("0", programOf(plan).ttlSeconds));
  session.askedAtMicros = host.clientMicros;
}

/** Renews the lease if that is due. False: it is lost, as far as the client can tell. */
export function tendSession(client: Client, plan: WorkloadPlan, host: ClientHost, session: Session): boolean {
  const now = host.clientMicros;
  if (session.lease === "0") return true;
  if (now >= session.expiresAtMicros) return false;
  if (session.asking === 0 && now >= session.renewAtMicros && !session.lapses) {
    const call = { call: "lease-keep-alive", id: session.lease };
    session.asking = submitBody(client, plan, host, "keepAlive", call);
    session.askedAtMicros = now;
  }
  return true;
}

/** What became of a request of the session: `open` was it, else `other`; `lost` when the lease is gone. */
export type SessionNews = "granted" | "refused" | "renewed" | "lost" | "other";

/** An operation of the client ended: was it the session's, and what does it mean? */
export function sessionAnswered(
  host: ClientHost,
  session: Session,
  open: OpenOperation,
  response: ClientResponse | null,
): SessionNews {
  if (session.asking !== open.operation) return "other";
  session.asking = 0;
  const now = host.clientMicros;
  const body = response === null || response.error !== null ? null : response.body;
  if (open.kind === "grant") {
    if (!(body instanceof LeaseGrantResponse)) return "refused";
    session.lease = body.id;
    extend(session, body.ttlSeconds);
    return "granted";
  }
  if (body === null || body instanceof EtcdError) {
    session.renewAtMicros = now + RETRY_MICROS;
    return "renewed";
  }
  const { ttlSeconds } = body as Extract<LocalAnswer, { readonly answer: "keep-alive" }>;
  if (ttlSeconds <= 0) return "lost";
  extend(session, ttlSeconds);
  return "renewed";
}

/** The lease lives for this long from the moment at which the request for it left. */
function extend(session: Session, ttlSeconds: number): void {
  const ttlMicros = ttlSeconds * 1_000_000;
  session.ttlSeconds = ttlSeconds;
  session.expiresAtMicros = session.askedAtMicros + ttlMicros;
  session.renewAtMicros = session.askedAtMicros + Math.floor(ttlMicros / 3);
}

/** When `tendSession` has something to do. */
export function sessionWakeMicros({ lease, asking, lapses, renewAtMicros, expiresAtMicros }: Session): number {
  if (lease === "0") return Number.POSITIVE_INFINITY;
  return asking !== 0 || lapses ? expiresAtMicros : Math.min(renewAtMicros, expiresAtMicros);
}

/** Sets the program's alarm for what comes first: `atMicros`, or something of its session. */
export function wakeAt(task: Task, host: ClientHost, atMicros: number): void {
  const at = Math.min(atMicros, sessionWakeMicros(task.session));
  task.wakeAtMicros = at === Number.POSITIVE_INFINITY ? 0 : Math.max(host.clientMicros + 1, at);
}
