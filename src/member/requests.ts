// What a member does with requests: which it answers itself, which go through the log, which it refuses, with etcd's errors
// and times. After etcd `server/etcdserver/v3_server.go` and the tables of what clients see on real clusters.

import { Code, CompactionRequest, ErrNotSupportedForLearner, type KvRequest, RequestKind } from "../etcd/api.ts";
import { isReadonlyTxn, isSerializableTxn } from "../etcd/apply-kv.ts";
import { type ClientRequest, ClientResponse, RequestError } from "../kernel/request.ts";
import { propose } from "../raft/raft.ts";
import { AdminRequest } from "./admin.ts";
import { administer } from "./administer.ts";
import { takeWaiter } from "./apply.ts";
import { Command } from "./command.ts";
import type { EtcdMember, Waiter } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { answerRead, enqueueRead, refuse, tendRounds } from "./reads.ts";

const LEARNER: RequestError = new RequestError(ErrNotSupportedForLearner.code, ErrNotSupportedForLearner.message, true);
const DROPPED: RequestError = new RequestError(Code.Unknown, "raft proposal dropped", true);
const TIMED_OUT: RequestError = new RequestError(Code.Unavailable, "etcdserver: request timed out", false);
const READ_TIMED_OUT: RequestError = new RequestError(Code.Unavailable, "etcdserver: request timed out", true);
const LEADER_FAILED: RequestError = new RequestError(
  Code.Unavailable,
  "etcdserver: request timed out, possibly due to previous leader failure",
  false,
);
const DEADLINE: RequestError = new RequestError(Code.DeadlineExceeded, "context deadline exceeded", false);

/** Takes a request of a client or of the operator. */
export function takeRequest(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const body = request.body;
  if (body instanceof AdminRequest) {
    if (member.raft.isLearner && body.op !== "campaign") refuse(env, request, LEARNER);
    else administer(member, env, request, body);
    return;
  }
  const kv = body as KvRequest;
  switch (kv.kind) {
    case RequestKind.Range:
      if (kv.serializable) answerRead(env, request);
      else if (member.raft.isLearner) refuse(env, request, LEARNER);
      else enqueueRead(member, env, request);
      return;
    case RequestKind.Txn:
      if (isReadonlyTxn(kv)) {
        if (isSerializableTxn(kv)) answerRead(env, request);
        else if (member.raft.isLearner) refuse(env, request, LEARNER);
        else enqueueRead(member, env, request);
        return;
      }
      break;
    default:
      break;
  }
  if (member.raft.isLearner) refuse(env, request, LEARNER);
  else if (member.raft.lead === 0) {
    if (member.config.service === "etcd") member.stalled.push({ request, atMicros: env.context.localMicros() });
  } else proposeRequest(member, env, request, env.context.localMicros());
}

/** Puts a request into the log, here or at the leader. */
export function proposeRequest(member: EtcdMember, env: MemberEnv, request: ClientRequest, atMicros: number): void {
  const context = env.context;
  const ticket = member.firstTicket + member.waiters.length;
  member.waiters.push({ request, atMicros });
  const command = new Command(
    request.body as KvRequest,
    request.client,
    request.operation,
    request.attempt,
    context.self,
    context.boot,
    ticket,
  );
  if (propose(member.raft, command, env) !== null) {
    takeWaiter(member, ticket);
    refuse(env, request, DROPPED);
  }
}

/** A leader is known: what waited for one is proposed. */
export function proposeStalled(member: EtcdMember, env: MemberEnv): void {
  const stalled = member.stalled;
  member.stalled = [];
  for (const { request, atMicros } of stalled) proposeRequest(member, env, request, atMicros);
}

/** Looks after waiting requests once a tick: gives up those that are too old. */
export function tendRequests(member: EtcdMember, env: MemberEnv): void {
  const timeout = member.config.requestTimeoutMicros;
  const now = env.context.localMicros();
  for (let at = 0; at < member.waiters.length; ) {
    const waiter = member.waiters[at] as Waiter | null;
    if (waiter === null) {
      at++;
      continue;
    }
    if (now - waiter.atMicros < timeout) break;
    takeWaiter(member, member.firstTicket + at);
    refuse(env, waiter.request, member.leaderLostMicros >= waiter.atMicros ? LEADER_FAILED : TIMED_OUT);
    at = 0;
  }
  while (member.stalled.length > 0 && now - member.stalled[0]!.atMicros >= timeout) {
    refuse(env, (member.stalled.shift() as Waiter).request, DEADLINE);
  }
  tendRounds(member, env, READ_TIMED_OUT);
}

/** Proposes a compaction of all but `keep` revisions on the member's own account. */
export function proposeCompaction(member: EtcdMember, env: MemberEnv, keep: number): boolean {
  const revision = env.backend.store.revision - keep;
  if (revision <= 0) return false;
  const command = new Command(new CompactionRequest(revision), 0, 0, 0, 0, 0, 0);
  return propose(member.raft, command, env) === null;
}

/** Answers a request of the operator. */
export function done(env: MemberEnv, request: ClientRequest, body: unknown): void {
  env.context.reply(request, new ClientResponse(request, body, null, env.backend.store.revision));
}
