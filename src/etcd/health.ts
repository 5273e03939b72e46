/**
 * What a member answers to plain GETs: health checks and its version.
 *
 * After etcd `etcdserver/api/etcdhttp/health.go` and `version.go`. Whether a linearizable read works is for the host to find
 * out and to say.
 */

import type { LocalAnswer } from "./call.ts";
import { AlarmType, alarmName } from "./cluster-state.ts";
import { Code, EtcdError } from "./error.ts";
import { takesPosts } from "./gateway-decode.ts";
import { encodeError, httpStatus } from "./gateway-encode.ts";
import { SERVER_VERSION, type Server } from "./server.ts";

/** Status and body of an answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** One named check and the reason why it failed; empty when it did not. */
interface Check {
  readonly name: string;
  readonly failure: string;
}

/** The parameters of a query, those given several times included. */
function queryOf(query: string): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>();
  for (const part of query.split("&")) {
    const [name = "", value = ""] = part.split("=");
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return parameters;
}

/** Whether the answer to a GET depends on a linearizable read. */
export function needsLinearizableRead(server: Server, target: string): boolean {
  const { path, query } = split(target);
  if (path === "/readyz") return !(query.get("exclude") ?? []).includes("linearizable_read");
  return path === "/health" && query.get("serializable")?.[0] !== "true" && health(server, query, "").status === 200;
}

/** Answers a GET as `answerGet` does, as a value among other answers; what is no path of these is not found. */
export function httpAnswer(server: Server, target: string, readFailure: string): LocalAnswer {
  const answer = answerGet(server, target, readFailure) ?? { status: 404, body: "404 page not found\n" };
  return { answer: "http", ...answer };
}

function split(target: string): { readonly path: string; readonly query: ReadonlyMap<string, readonly string[]> } {
  const [path = "", query = ""] = target.split("?", 2);
  return { path, query: queryOf(query) };
}

/** What the gateway says to a GET where it takes POSTs (grpc-gateway `runtime/mux.go`). */
const NOT_ALLOWED = new EtcdError(Code.Unimplemented, "Method Not Allowed");

/**
 * Answers a GET of `target` (a path with an optional query); null for a path where nothing is. `readFailure` says why
 * a linearizable read does not work at the moment (empty when it does).
 */
export function answerGet(server: Server, target: string, readFailure: string): HttpAnswer | null {
  const { path, query } = split(target);
  switch (path) {
    case "/version":
      return { status: 200, body: versionBody(server) };
    case "/health":
      return health(server, query, readFailure);
    case "/livez":
      return checked([{ name: "serializable_read", failure: "" }], query);
    case "/readyz":
      return checked(readiness(server, readFailure), query);
    default:
      return takesPosts(path)
        ? { status: httpStatus(NOT_ALLOWED.code), body: JSON.stringify(encodeError(NOT_ALLOWED)) }
        : null;
  }
}

function versionBody(server: Server): string {
  const { clusterVersion } = server.store;
  const shown = clusterVersion === "" ? "not_decided" : clusterVersion;
  return JSON.stringify({ etcdserver: SERVER_VERSION, etcdcluster: shown, storage: clusterVersion });
}

function health(server: Server, query: ReadonlyMap<string, readonly string[]>, readFailure: string): HttpAnswer {
  const excluded = query.get("exclude") ?? [];
  const serializable = query.get("serializable")?.[0] === "true";
  const alarm = server.store.alarms.find((standing) => !excluded.includes(alarmName(standing.alarm)));
  let reason = "";
  if (alarm !== undefined) reason = `ALARM ${alarmName(alarm.alarm)}`;
  else if (!serializable && server.leaderId === "0") reason = "RAFT NO LEADER";
  else if (!serializable && readFailure !== "") reason = `RANGE ERROR:${readFailure}`;
  const body = JSON.stringify({ health: reason === "" ? "true" : "false", reason });
  return { status: reason === "" ? 200 : 503, body };
}

function readiness(server: Server, readFailure: string): Check[] {
  const { alarms, members } = server.store;
  const corrupt = alarms.some(({ alarm }) => alarm === AlarmType.CORRUPT);
  const learner = members.some(({ id, isLearner }) => isLearner && id === server.config.memberId);
  return [
    { name: "data_corruption", failure: corrupt ? "alarm activated: CORRUPT" : "" },
    { name: "linearizable_read", failure: readFailure },
    { name: "non_learner", failure: learner ? "not supported for learner" : "" },
    { name: "serializable_read", failure: "" },
  ];
}

function checked(checks: readonly Check[], query: ReadonlyMap<string, readonly string[]>): HttpAnswer {
  const excluded = query.get("exclude") ?? [];
  const wanted = checks.filter(({ name }) => !excluded.includes(name));
  const lines = wanted.map(({ name, failure }) =>
    failure === "" ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`,
  );
  if (wanted.some(({ failure }) => failure !== "")) return { status: 503, body: `${lines.join("")}\n` };
  return { status: 200, body: query.has("verbose") ? `${lines.join("")}ok\n` : "ok\n" };
}
