// Linearizable reads: ask the leader for an index (ReadIndex), wait until it is applied here, answer from local state.
// After etcd `server/etcdserver/v3_server.go`, linearizableReadLoop: one round at a time carries all reads that came meanwhile.

import { EtcdError, type RangeRequest, RequestKind, type TxnRequest } from "../etcd/api.ts";
import { applyRequest } from "../etcd/apply.ts";
import { range } from "../etcd/apply-kv.ts";
import { type ClientRequest, ClientResponse, RequestError } from "../kernel/request.ts";
import { readIndex } from "../raft/raft.ts";
import type { EtcdMember, ReadRound } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";

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
    if (rounds.length === 1) rounds.pop();
    else rounds.splice(i, 1);
    for (let r = 0; r < round.requests.length; r++) answerRead(env, round.requests[r] as ClientRequest);
  }
  if (rounds.length === 0 && member.readQueue.length > 0) beginRound(member, env);
}

/** Answers a read from the state as it is here. */
export function answerRead(env: MemberEnv, request: ClientRequest): void {
  const store = env.backend.store;
  const body = request.body as RangeRequest | TxnRequest;
  const result = body.kind === RequestKind.Range ? range(store, body) : applyRequest(store, body);
  if (env.observer !== null) env.observer.answers(env.context.self, request, 0);
  if (result instanceof EtcdError) {
    const error = new RequestError(result.code, result.message, true);
    env.context.reply(request, new ClientResponse(request, null, error, store.revision));
  } else env.context.reply(request, new ClientResponse(request, result, null, result.revision));
}

/** A new leader is known: rounds that wait for an answer from the old one fail, as etcd's do. */
export function failRounds(member: EtcdMember, env: MemberEnv, error: RequestError): void {
  const rounds = member.readRounds;
  if (rounds.length === 0) return;
  const kept: ReadRound[] = [];
  for (const round of rounds) {
    if (round.index !== 0) kept.push(round);
    else for (const request of round.requests) refuse(env, request, error);
  }
  member.readRounds = kept;
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
  for (const round of rounds) {
    if (now - round.sinceMicros < member.config.requestTimeoutMicros) kept.push(round);
    else for (const request of round.requests) refuse(env, request, timeout);
  }
  member.readRounds = kept;
  if (kept.length === 0) beginRound(member, env);
}

/** Answers a request with an error. */
export function refuse(env: MemberEnv, request: ClientRequest, error: RequestError): void {
  env.context.reply(request, new ClientResponse(request, null, error, 0));
}
