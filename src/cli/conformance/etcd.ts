/**
 * Runs one recorded trace of etcd's JSON gateway against a fresh model and gives the first difference.
 *
 * Each step goes the way a client's would: body to call, call to the member's front desk, answer to body. The traces were
 * normalised where real etcd differs from run to run; the same is done here to what the model answers
 * (`etcd-compare.ts`). Time is virtual and moves by a millisecond a step and by what a trace waits.
 */

import { readFileSync } from "node:fs";
import { ClusterVersionSetRequest, EtcdError, MemberAddRequest } from "../../etcd/api.ts";
import { AlarmType, ClusterMember } from "../../etcd/cluster-state.ts";
import { Command } from "../../etcd/command.ts";
import {
  decodeCall,
  decodeWatchRequest,
  encodeAnswer,
  encodeWatchResponse,
  httpStatus,
  type Json,
} from "../../etcd/gateway.ts";
import { answerGet } from "../../etcd/health.ts";
import { EXPIRY_PERIOD_MICROS } from "../../etcd/lease-clock.ts";
import type { ClusterView } from "../../etcd/reconfigure.ts";
import { admitWatch } from "../../etcd/serve-watch.ts";
import { becomeLeader, createServer, dueCommands, type Server } from "../../etcd/server.ts";
import { answerCall, applyAtOnce } from "../../etcd/single-node.ts";
import {
  closeStream,
  findStream,
  isSettled,
  moveVictims,
  openStream,
  syncWatchers,
  takeAnswers,
} from "../../etcd/watch-hub.ts";
import { type Bindings, bindingsOf, difference, expandRequest } from "./etcd-compare.ts";

/** One line of a trace; which fields are there tells what it is (see the traces' README). */
export interface Step {
  readonly n: number;
  readonly call?: string;
  readonly watch?: string;
  readonly get?: string;
  readonly wait_ms?: number;
  readonly request?: Json;
  readonly as?: string;
  readonly bind?: Readonly<Record<string, string>>;
  readonly response?: Json;
  readonly error?: { readonly code: number; readonly message: string; readonly http: number };
  readonly messages?: readonly Json[];
  readonly close?: boolean;
  readonly status?: number;
}

interface Head {
  readonly cluster: { readonly members: number; readonly flags: Readonly<Record<string, string>> };
}

/** A member, the clock, and what the trace's names stand for. */
interface Run {
  readonly server: Server;
  readonly view: ClusterView;
  readonly bindings: Bindings;
  readonly tokens: Map<string, string>;
  readonly streams: Map<string, number>;
  nowMicros: number;
}

const START_MICROS = 1_700_000_000_000_000;
const MICROS_A_STEP = 1000;
const ELECTION_MICROS = 1_000_000;

function startRun(head: Head): Run {
  const ids = Array.from({ length: head.cluster.members }, (_, i) => String(1000 + i));
  const selfId = ids[0] as string;
  const quotaBytes = Number(head.cluster.flags["quota-backend-bytes"] ?? "0");
  const server = createServer({
    memberId: selfId,
    clusterName: "",
    quotaBytes,
    electionMicros: ELECTION_MICROS,
    store: { compactionHashes: true },
  });
  const bindings = bindingsOf();
  ids.forEach((id, i) => {
    const peer = `http://127.0.0.1:${12380 + i}`;
    const client = `http://127.0.0.1:${12379 - 100 * i}`;
    applyAtOnce(
      server,
      new Command(new MemberAddRequest(new ClusterMember(id, `n${i + 1}`, [peer], [client], false))),
      0,
    );
    bindings.names.set(`$m${i + 1}`, id);
    bindings.names.set(`$peer${i + 1}`, peer);
    bindings.names.set(`$client${i + 1}`, client);
  });
  applyAtOnce(server, new Command(new ClusterVersionSetRequest("3.6.0")), 0);
  becomeLeader(server, 2, START_MICROS);
  const view: ClusterView = { selfId, connectedIds: ids, reachableIds: ids, caughtUpIds: ids };
  return { server, view, bindings, tokens: new Map(), streams: new Map(), nowMicros: START_MICROS };
}

/** The token of a user's last login; none where the step names no user. */
function tokenOf(run: Run, step: Step): string | null {
  return step.as === undefined ? null : (run.tokens.get(step.as) ?? "invalid-token");
}

/** Runs the loops that serve lagging watches until nothing waits. */
function settle(run: Run): void {
  const { hub, store } = run.server;
  for (let round = 0; round < 1000 && !isSettled(hub); round++) {
    syncWatchers(hub, store);
    moveVictims(hub, store);
  }
}

function bodyOf(run: Run, request: Json | undefined): string {
  return typeof request === "string" ? request : JSON.stringify(expandRequest(request ?? {}, run.bindings));
}

function runCall(run: Run, step: Step, path: string): string | null {
  const call = decodeCall(path, bodyOf(run, step.request));
  // A new member's id depends on the second of the call, and recorded additions of the same URLs were seconds apart.
  const atMicros = path.endsWith("/member/add") ? run.nowMicros + step.n * 1_000_000 : run.nowMicros;
  const answer =
    call instanceof EtcdError ? call : answerCall(run.server, call, tokenOf(run, step), atMicros, run.view);
  if (answer instanceof EtcdError) {
    const actual = { code: answer.code, message: answer.message, http: httpStatus(answer.code) };
    const expected = step.error;
    if (expected === undefined) return difference(step.response ?? null, { error: actual }, run.bindings);
    // The texts of the gateway's own JSON errors are Go's and were left out of the traces.
    const message = expected.message === "$parse" ? "$parse" : actual.message;
    return difference({ ...expected }, { ...actual, message }, run.bindings);
  }
  if ("recipe" in answer) return "the call waits and is not answered";
  const actual = encodeAnswer(answer, null);
  if (step.error !== undefined) return difference({ error: { ...step.error } }, actual, run.bindings);
  for (const [name, field] of Object.entries(step.bind ?? {})) {
    run.bindings.names.set(name, String((actual as Readonly<Record<string, Json>>)[field] ?? ""));
  }
  if (!(call instanceof EtcdError) && call.call === "authenticate") {
    run.tokens.set(call.name, String((actual as Readonly<Record<string, Json>>).token ?? ""));
  }
  return difference(step.response ?? null, actual, run.bindings);
}

function runWatch(run: Run, step: Step, name: string): string | null {
  const { hub } = run.server;
  if (step.close === true) {
    closeStream(hub, run.streams.get(name) ?? 0);
    return null;
  }
  if (Array.isArray(step.request)) {
    const id = openStream(hub);
    run.streams.set(name, id);
    for (const message of step.request as readonly Json[]) {
      const request = decodeWatchRequest(bodyOf(run, message));
      if (request instanceof EtcdError) return `the message is refused: ${request.message}`;
      admitWatch(run.server, id, request, tokenOf(run, step), run.nowMicros);
    }
  }
  settle(run);
  const stream = findStream(hub, run.streams.get(name) ?? 0);
  if (stream === undefined) return "no such stream";
  const answers = takeAnswers(stream, Number.MAX_SAFE_INTEGER);
  settle(run);
  answers.push(...takeAnswers(stream, Number.MAX_SAFE_INTEGER));
  // Between watches of one stream the order is not promised; the sort keeps it within each.
  answers.sort((a, b) => a.watchId - b.watchId);
  return difference(
    step.messages ?? [],
    answers.map((answer) => encodeWatchResponse(answer, null)),
    run.bindings,
  );
}

function runGet(run: Run, step: Step, target: string): string | null {
  const answer = answerGet(run.server, target, "");
  if (answer === null) return "the path is not served";
  const expected = { status: step.status ?? 0, response: step.response ?? null };
  let response: Json;
  if (Array.isArray(step.response)) {
    response = answer.body
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  } else {
    response = JSON.parse(answer.body) as Json;
    const alarmed = run.server.store.alarms.some(({ alarm }) => alarm !== AlarmType.NONE);
    const { reason } = response as { readonly reason?: string };
    if (alarmed && reason?.startsWith("ALARM ") === true) response = { ...(response as object), reason: "ALARM $any" };
  }
  return difference(expected, { status: answer.status, response }, run.bindings);
}

/** Lets time pass: the leader looks for what is over twice a second. */
function runWait(run: Run, millis: number): void {
  const until = run.nowMicros + millis * 1000;
  while (run.nowMicros < until) {
    run.nowMicros = Math.min(until, run.nowMicros + EXPIRY_PERIOD_MICROS);
    for (const command of dueCommands(run.server, run.nowMicros)) applyAtOnce(run.server, command, run.nowMicros);
  }
}

function runStep(run: Run, step: Step): string | null {
  run.nowMicros += MICROS_A_STEP;
  if (step.call !== undefined) return runCall(run, step, step.call);
  if (step.watch !== undefined) return runWatch(run, step, step.watch);
  if (step.get !== undefined) return runGet(run, step, step.get);
  if (step.wait_ms !== undefined) runWait(run, step.wait_ms);
  return null;
}

/** Runs a trace. Null when every step is answered as recorded, else the first difference. */
export function runEtcdTrace(text: string): string | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const run = startRun(JSON.parse(lines[0] ?? "{}") as Head);
  for (const line of lines.slice(1)) {
    const step = JSON.parse(line) as Step;
    const found = runStep(run, step);
    if (found !== null) return `step ${step.n} (${step.call ?? step.watch ?? step.get ?? "wait"}): ${found}`;
  }
  return null;
}

/** Runs the trace in a file, as `conformance etcd` asks for. */
export function runEtcdFile(path: string): string | null {
  return runEtcdTrace(readFileSync(path, "utf8"));
}
