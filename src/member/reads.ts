// Linearizable reads: ask the leader for an index (ReadIndex), wait until it is applied here, answer from local state.
// After etcd `server/etcdserver/v3_server.go`, linearizableReadLoop: one round at a time carries all reads that came meanwhile.

import { answerLocally } from "../etcd/answer.ts";
import { RangeRequest } from "../etcd/api.ts";
import { range } from "../etcd/apply-kv.ts";
import { removeAt } from "../kernel/list.ts";
import type { ClientRequest, RequestError } from "../kernel/request.ts";
import { readIndex } from "../raft/raft.ts";
import { admit, callOf } from "./calls.ts";
import type { EtcdMember, ReadRound } from "./etcd-member.ts";
import { internalRead } from "./internal.ts";
import type { MemberEnv } from "./member-env.ts";
import { conclude, INTERNAL, refuse } from "./respond.ts";

/** A round without an answer is asked for again after this long (etcd `readIndexRetryTime`). */
const RETRY_MICROS = 500_000;

/** Takes a linearizable read. */
export function enqueueRead(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  if (member.config.service === "etcd") {
    member.readQueue.push(request);
    if (member.readRounds.length === 0) beginRound(member, env);
    return;
  }
  askFor(member, env, [request]);
}

/** Begins a round for all reads that wait. */
function beginRound(member: EtcdMember, env: MemberEnv): void {
  if (member.readQueue.length === 0) return;
  const requests = member.readQueue;
  member.readQueue = [];
  askFor(member, env, requests);
}

function askFor(member: EtcdMember, env: MemberEnv, requests: readonly ClientRequest[]): void {
  const now = env.context.localMicros();
  // The leader tells rounds apart by it: unique over members, and over what they may have asked in this boot or the last ones.
  // 31 bits, so that it is a small integer in every message.
  const context = (((++member.readsAsked & 0xffff) << 8) | (env.context.boot & 0xff)) * 128 + env.context.self;
  member.readRounds.push({ context, requests, index: 0, sinceMicros: now, askedAtMicros: now });
  readIndex(member.raft, context, env);
}

/** A round was confirmed. */
export function confirmRound(member: EtcdMember, env: MemberEnv, context: number, index: number): void {
  const rounds = member.readRounds;
  for (let i = 0; i < rounds.length; i++) {
    const round = rounds[i] as ReadRound;
    if (round.context !== context) continue;
    if (round.index === 0) round.index = index;
    serveReads(member, env);
    return;
  }
}

/** Answers the reads whose index is applied. */
export function serveReads(member: EtcdMember, env: MemberEnv): void {
  const rounds = member.readRounds;
  const early = member.config.mutations.readBeforeApply;
  for (let i = 0; i < rounds.length; ) {
    const round = rounds[i] as ReadRound;
    if (round.index === 0 || (round.index > env.backend.appliedIndex && !early)) {
      i++;
      continue;
    }
    removeAt(rounds, i);
    for (let r = 0; r < round.requests.length; r++) answerRead(member, env, round.requests[r] as ClientRequest);
  }
  if (rounds.length === 0 && member.readQueue.length > 0) beginRound(member, env);
}

/** Answers a read from the state as it is here. */
export function answerRead(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  if (request.client === INTERNAL) {
    internalRead(member, env, request);
    return;
  }
  if (member.blockedUntilMicros !== 0) {
    member.blocked.push(request);
    return;
  }
  const store = env.backend.store;
  const body = request.body;
  if (body instanceof RangeRequest && !store.auth.enabled) {
    // Without auth nothing stands between a range and its answer.
    if (env.observer !== null) env.observer.answers(env.context.self, request, 0);
    conclude(member, env, request, range(store, body));
    return;
  }
  if (member.patientReads.length > 0) member.patientReads = member.patientReads.filter((other) => other !== request);
  const call = callOf(body);
  if (call.call === "authenticate") {
    // The users are those of now: the password is looked at, and the token goes through the log.
    admit(member, env, request, call);
    return;
  }
  if (env.observer !== null) env.observer.answers(env.context.self, request, 0);
  const outcome = answerLocally(env.desk, call, request.token, env.context.localMicros());
  conclude(member, env, request, outcome);
}

/** A new leader is known: rounds that wait for an answer from the old one fail, as etcd's do. */
export function failRounds(member: EtcdMember, env: MemberEnv, error: RequestError): void {
  const rounds = member.readRounds;
  if (rounds.length === 0) return;
  const kept: ReadRound[] = [];
  member.readRounds = kept;
  for (const round of rounds) {
    if (round.index !== 0) kept.push(round);
    else for (const request of round.requests) refuse(member, env, request, error);
  }
  if (kept.length === 0) beginRound(member, env);
}

/** Looks after rounds once a tick: asks again, gives up after the request timeout. */
export function tendRounds(member: EtcdMember, env: MemberEnv, timeout: RequestError): void {
  const rounds = member.readRounds;
  if (rounds.length === 0) return;
  const now = env.context.localMicros();
  let expired = false;
  for (let i = 0; i < rounds.length; i++) {
    const round = rounds[i] as ReadRound;
    if (now - round.sinceMicros >= member.config.requestTimeoutMicros) expired = true;
    else if (member.config.service === "etcd" && round.index === 0 && now - round.askedAtMicros >= RETRY_MICROS) {
      round.askedAtMicros = now;
      readIndex(member.raft, round.context, env);
    }
  }
  if (!expired) return;
  const kept: ReadRound[] = [];
  const over: ClientRequest[] = [];
  for (const round of rounds) {
    if (now - round.sinceMicros < member.config.requestTimeoutMicros) kept.push(round);
    else over.push(...round.requests);
  }
  member.readRounds = kept;
  for (const request of over) giveUp(member, env, request, timeout);
  if (kept.length === 0) beginRound(member, env);
}

/** A list of members has twice the time of other reads. */
function giveUp(member: EtcdMember, env: MemberEnv, request: ClientRequest, timeout: RequestError): void {
  const call = (request.body as { readonly call?: string }).call;
  const at = member.patientReads.indexOf(request);
  if (call === "member-list" && at < 0) {
    member.patientReads.push(request);
    member.readQueue.push(request);
    return;
  }
  if (at >= 0) member.patientReads.splice(at, 1);
  refuse(member, env, request, timeout);
}
