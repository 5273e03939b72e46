/** A simulated cluster that is asked what a recorded trace asked a real one, request by request, over its network and Raft. */

import type { Step } from "../../src/cli/conformance/etcd.ts";
import { type Bindings, bindingsOf, difference, expandRequest } from "../../src/cli/conformance/etcd-compare.ts";
import { EtcdError } from "../../src/etcd/api.ts";
import type { Answer } from "../../src/etcd/call.ts";
import { AlarmType } from "../../src/etcd/cluster-state.ts";
import {
  decodeCall,
  decodeWatchRequest,
  encodeAnswer,
  encodeWatchResponse,
  httpStatus,
  type Json,
} from "../../src/etcd/gateway.ts";
import { answerGet } from "../../src/etcd/health.ts";
import { StreamMessage } from "../../src/etcd/stream-message.ts";
import { WatchResponse } from "../../src/etcd/watch-api.ts";
import { ClientRequest, type ClientResponse } from "../../src/kernel/request.ts";
import type { Backend } from "../../src/member/etcd-member.ts";
import { MemberEnv } from "../../src/member/member-env.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { begin, memberIn, processIn } from "../world/story.ts";

interface Head {
  readonly cluster: {
    readonly members: number;
    readonly flags: Readonly<Record<string, string>>;
    readonly warm_ms?: number;
  };
}

/** Everybody who asks in a trace is this client; the members only hear a number. */
const CLIENT = 7;
/** Longer than any answer may take: a member's own limit is 7 s. */
const PATIENCE_MICROS = 20_000_000;
/** Watches that lag are served ten times a second. */
const SETTLE_MICROS = 600_000;

class RecordedRun {
  readonly run: ScenarioRun;
  readonly bindings: Bindings = bindingsOf();
  private readonly tokens: Map<string, string> = new Map();
  private readonly streams: Map<string, number> = new Map();
  private readonly heard: Map<number, ClientResponse[]> = new Map();
  private operations = 0;

  constructor(head: Head) {
    const { members, flags } = head.cluster;
    const quota = flags["quota-backend-bytes"];
    this.run = begin(`duration: 9999s
cluster: { members: ${members}, corruptCheck: 9000s${quota === undefined ? "" : `, quota: ${quota}B`} }`);
    const { context } = this.run.run;
    context.reply = (_request, response) => this.hear(response);
    context.stream = (_request, response) => this.hear(response);
    const backend = processIn(this.run, 1).disk.backend as Backend;
    for (const { number, id, peerUrls, clientUrls } of backend.store.members) {
      this.bindings.names.set(`$m${number}`, id);
      this.bindings.names.set(`$peer${number}`, peerUrls[0] as string);
      this.bindings.names.set(`$client${number}`, clientUrls[0] as string);
    }
    this.pass(Math.max(6_000_000, (head.cluster.warm_ms ?? 0) * 1000));
  }

  private hear(response: ClientResponse): void {
    const { operation } = response;
    this.heard.set(operation, [...(this.heard.get(operation) ?? []), response]);
  }

  /** Lets virtual time pass. */
  private pass(micros: number): void {
    const until = this.run.run.world.atMicros + micros;
    while (this.run.run.context.queue.peekMicros() <= until) if (this.run.advance(1)) break;
  }

  private send(body: unknown, token: string | null): number {
    const operation = ++this.operations;
    this.run.run.context.sendRequest(1, new ClientRequest(CLIENT, operation, 1, body, token));
    return operation;
  }

  private answerTo(operation: number): ClientResponse | null {
    const { world, context } = this.run.run;
    const until = world.atMicros + PATIENCE_MICROS;
    while (!this.heard.has(operation) && context.queue.peekMicros() <= until) if (this.run.advance(1)) break;
    return this.heard.get(operation)?.shift() ?? null;
  }

  private tokenOf(step: Step): string | null {
    return step.as === undefined ? null : (this.tokens.get(step.as) ?? "invalid-token");
  }

  private bodyOf(request: Json | undefined): string {
    return typeof request === "string" ? request : JSON.stringify(expandRequest(request ?? {}, this.bindings));
  }

  take(step: Step): string | null {
    if (step.call !== undefined) return this.call(step, step.call);
    if (step.watch !== undefined) return this.watch(step, step.watch);
    if (step.get !== undefined) return this.get(step, step.get);
    if (step.wait_ms !== undefined) this.pass(step.wait_ms * 1000);
    return null;
  }

  private call(step: Step, path: string): string | null {
    // Recorded additions of the same URLs were seconds apart, and the id of a new member depends on the second.
    if (path.endsWith("/member/add")) this.pass(1_000_000);
    const call = decodeCall(path, this.bodyOf(step.request));
    let error: { readonly code: number; readonly message: string } | null = call instanceof EtcdError ? call : null;
    let body: unknown = null;
    if (!(call instanceof EtcdError)) {
      const response = this.answerTo(this.send(call.call === "request" ? call.request : call, this.tokenOf(step)));
      if (response === null) return "it was not answered";
      ({ error, body } = response);
    }
    if (error !== null) {
      const actual = { code: error.code, message: error.message, http: httpStatus(error.code) };
      const expected = step.error;
      if (expected === undefined) return difference(step.response ?? null, { error: actual }, this.bindings);
      const message = expected.message === "$parse" ? "$parse" : actual.message;
      return difference({ ...expected }, { ...actual, message }, this.bindings);
    }
    const actual = encodeAnswer(body as Answer, null);
    if (step.error !== undefined) return difference({ error: { ...step.error } }, actual, this.bindings);
    for (const [name, field] of Object.entries(step.bind ?? {})) {
      this.bindings.names.set(name, String((actual as Readonly<Record<string, Json>>)[field] ?? ""));
    }
    if (!(call instanceof EtcdError) && call.call === "authenticate") {
      this.tokens.set(call.name, String((actual as Readonly<Record<string, Json>>).token ?? ""));
    }
    return difference(step.response ?? null, actual, this.bindings);
  }

  private watch(step: Step, name: string): string | null {
    const token = this.tokenOf(step);
    const say = (operation: number, message: StreamMessage): void => {
      this.run.run.context.sendOnStream(1, new ClientRequest(CLIENT, operation, 1, message, token));
    };
    if (step.close === true) {
      say(this.streams.get(name) ?? 0, new StreamMessage("close", null));
      this.pass(10_000);
      return null;
    }
    if (Array.isArray(step.request)) {
      const operation = ++this.operations;
      this.streams.set(name, operation);
      for (const [at, message] of (step.request as readonly Json[]).entries()) {
        const request = decodeWatchRequest(this.bodyOf(message));
        if (request instanceof EtcdError) return `the message is refused: ${request.message}`;
        say(operation, new StreamMessage(at === 0 ? "open" : "send", request));
      }
    }
    const operation = this.streams.get(name) ?? 0;
    const answers: WatchResponse[] = [];
    for (let quiet = false; !quiet; ) {
      this.pass(SETTLE_MICROS);
      const more = this.heard.get(operation) ?? [];
      this.heard.delete(operation);
      quiet = more.length === 0;
      for (const { body } of more) if (body instanceof WatchResponse) answers.push(body);
      if (!quiet) say(operation, new StreamMessage("read", null, more.length));
    }
    answers.sort((a, b) => a.watchId - b.watchId);
    const encoded = answers.map((answer) => encodeWatchResponse(answer, null));
    return difference(step.messages ?? [], encoded, this.bindings);
  }

  private get(step: Step, target: string): string | null {
    const { context } = this.run.run;
    context.enter(1);
    const env = new MemberEnv(context);
    env.desk.member = memberIn(this.run, 1);
    const answer = answerGet(env.desk, target, "");
    if (answer === null) return "the path is not served";
    let response: Json;
    if (Array.isArray(step.response)) {
      response = answer.body
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    } else {
      response = JSON.parse(answer.body) as Json;
      const alarmed = env.desk.store.alarms.some(({ alarm }) => alarm !== AlarmType.NONE);
      const { reason } = response as { readonly reason?: string };
      if (alarmed && reason?.startsWith("ALARM ") === true) {
        response = { ...(response as object), reason: "ALARM $any" };
      }
    }
    const expected = { status: step.status ?? 0, response: step.response ?? null };
    return difference(expected, { status: answer.status, response }, this.bindings);
  }
}

/** Replays a trace. Null when every step is answered as recorded, else the first difference. */
export function replayThroughCluster(text: string): string | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const run = new RecordedRun(JSON.parse(lines[0] ?? "{}") as Head);
  for (const line of lines.slice(1)) {
    const step = JSON.parse(line) as Step;
    const found = run.take(step);
    if (found !== null) return `step ${step.n} (${step.call ?? step.watch ?? step.get ?? "wait"}): ${found}`;
  }
  return null;
}
