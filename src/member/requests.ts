// What a member does with requests: which it answers itself, which go through the log, which it refuses, with etcd's errors
// and times. After etcd `server/etcdserver/v3_server.go` and the tables of what clients see on real clusters.

import { propose as admitProposal, checkBeforeToken, REQUEST_BYTES_MAX } from "../etcd/admit.ts";
import {
  CompactionRequest,
  ErrLeaderChanged,
  ErrNoLeader,
  ErrNotSupportedForLearner,
  ErrRequestTooLarge,
  ErrTimeout,
  ErrTimeoutDueToLeaderFail,
  ErrTooManyRequests,
  EtcdError,
  type KvRequest,
  type Request,
  RequestKind,
} from "../etcd/api.ts";
import { isReadonlyTxn, isSerializableTxn } from "../etcd/apply-kv.ts";
import { type AuthInfo, NOBODY, ROOT, AuthInfo as User } from "../etcd/auth-check.ts";
import { authOf } from "../etcd/server.ts";
import { StreamMessage } from "../etcd/stream-message.ts";
import { type ClientRequest, RequestError } from "../kernel/request.ts";
import { propose } from "../raft/raft.ts";
import { AdminRequest } from "./admin.ts";
import { administer } from "./administer.ts";
import { takeWaiter } from "./apply.ts";
import { carryOut, takeCall, tendCalls } from "./calls.ts";
import { Command } from "./command.ts";
import type { EtcdMember, Stalled, Waiter } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { answerRead, enqueueRead, tendRounds } from "./reads.ts";
import { tendRenewals } from "./renewals.ts";
import { conclude, definite, refuse } from "./respond.ts";
import { takeStreamMessage } from "./streams.ts";

/** Proposals are refused while this many entries are committed and not applied (etcd `maxGapBetweenApplyAndCommitIndex`). */
const APPLY_GAP_MAX = 5000;

export const LEARNER: RequestError = definite(ErrNotSupportedForLearner);
const DROPPED: RequestError = new RequestError(2, "raft proposal dropped", true);
const TOO_MANY: RequestError = definite(ErrTooManyRequests);
const TIMED_OUT: RequestError = new RequestError(ErrTimeout.code, ErrTimeout.message, false);
const READ_TIMED_OUT: RequestError = definite(ErrTimeout);
const LEADER_FAILED: RequestError = new RequestError(
  ErrTimeoutDueToLeaderFail.code,
  ErrTimeoutDueToLeaderFail.message,
  false,
);
const DEADLINE: RequestError = new RequestError(4, "context deadline exceeded", false);

/** What a read under way is told when another leader is known. */
export const LEADER_CHANGED: RequestError = definite(ErrLeaderChanged);
/** What a call that needs a leader is told when there was none for the whole time. */
export const NO_LEADER: RequestError = definite(ErrNoLeader);

/** Takes a request of a client or of the operator. */
export function takeRequest(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  if (member.blockedUntilMicros !== 0) {
    // The database is locked while it is being defragmented.
    member.blocked.push(request);
    return;
  }
  const body = request.body;
  const kind = (body as { readonly kind?: number | string }).kind;
  if (kind === RequestKind.Range || kind === RequestKind.Put || kind === RequestKind.Txn) {
    takeKv(member, env, request, body as KvRequest);
  } else if (body instanceof AdminRequest) {
    if (member.raft.isLearner && body.op !== "campaign") refuse(member, env, request, LEARNER);
    else administer(member, env, request, body);
  } else if (body instanceof StreamMessage) takeStreamMessage(member, env, request, body);
  else takeCall(member, env, request);
}

/** The requests that come often. The order of checks is that of `etcd/admit.ts`. */
function takeKv(member: EtcdMember, env: MemberEnv, request: ClientRequest, body: KvRequest): void {
  const { raft } = member;
  if (body.kind === RequestKind.Range ? raft.isLearner && !body.serializable : raft.isLearner) {
    refuse(member, env, request, LEARNER);
    return;
  }
  const { desk } = env;
  const early = checkBeforeToken(desk, body);
  if (early !== null) {
    carryOut(member, env, request, early);
    return;
  }
  let auth: AuthInfo | EtcdError = NOBODY;
  if (env.backend.store.auth.enabled) {
    auth = authOf(desk, request.token, env.context.localMicros());
    if (auth instanceof EtcdError) {
      conclude(member, env, request, auth);
      return;
    }
  }
  if (body.kind === RequestKind.Range) {
    if (body.serializable) answerRead(member, env, request);
    else enqueueRead(member, env, request);
  } else if (body.kind === RequestKind.Txn && isReadonlyTxn(body)) {
    if (isSerializableTxn(body)) answerRead(member, env, request);
    else enqueueRead(member, env, request);
  } else if (body.size + auth.username.length > REQUEST_BYTES_MAX - 17) {
    conclude(member, env, request, ErrRequestTooLarge);
  } else proposeRequest(member, env, request, body, auth);
}

/** Puts a request into the log, here or at the leader; without a leader it waits for one. */
export function proposeRequest(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  body: Request,
  auth: AuthInfo,
  refusal: RequestError | null = null,
): void {
  const { raft, config } = member;
  const now = env.context.localMicros();
  if (raft.lead === 0) {
    if (config.service === "etcd") member.stalled.push({ request, atMicros: now, refusal, body, auth });
  } else if (raft.log.committed > env.backend.appliedIndex + APPLY_GAP_MAX) refuse(member, env, request, TOO_MANY);
  else proposeNow(member, env, request, body, auth, now, refusal);
}

function proposeNow(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  body: Request,
  auth: AuthInfo,
  atMicros: number,
  refusal: RequestError | null,
): void {
  const context = env.context;
  const ticket = member.firstTicket + member.waiters.length;
  member.waiters.push({ request, atMicros, refusal });
  const { client, operation, attempt } = request;
  const command = new Command(body, auth, client, operation, attempt, context.self, context.boot, ticket);
  if (propose(member.raft, command, env) !== null) {
    takeWaiter(member, ticket);
    refuse(member, env, request, DROPPED);
  }
}

/** A leader is known: what waited for one is proposed. */
export function proposeStalled(member: EtcdMember, env: MemberEnv): void {
  const stalled = member.stalled;
  member.stalled = [];
  for (const { request, atMicros, refusal, body, auth } of stalled) {
    proposeNow(member, env, request, body, auth, atMicros, refusal);
  }
}

/** Looks after waiting requests once a tick: gives up those that are too old. */
export function tendRequests(member: EtcdMember, env: MemberEnv): void {
  const timeout = member.config.requestTimeoutMicros;
  const now = env.context.localMicros();
  for (let at = 0; at < member.waiters.length; ) {
    const waiter = member.waiters[at] as Waiter | null;
    if (waiter === null || isPatient(waiter.request)) {
      at++;
      continue;
    }
    if (now - waiter.atMicros < timeout) break;
    takeWaiter(member, member.firstTicket + at);
    refuse(member, env, waiter.request, timeoutOf(member, waiter.atMicros));
    at = 0;
  }
  while (member.stalled.length > 0 && now - (member.stalled[0] as Stalled).atMicros >= timeout) {
    refuse(member, env, (member.stalled.shift() as Stalled).request, DEADLINE);
  }
  tendRounds(member, env, READ_TIMED_OUT);
  if (member.pendingCalls.length > 0) tendCalls(member, env);
  if (member.renewals.length > 0) tendRenewals(member, env);
}

/**
 * What a proposal that was not carried out in time is told. Only who leads by now, and was elected not long after the request
 * came, knows that the leader before may have failed it (etcd `parseProposeCtxErr`).
 */
function timeoutOf(member: EtcdMember, atMicros: number): RequestError {
  const { electedMicros, config } = member;
  const failed = electedMicros > atMicros && electedMicros - 2 * config.electionMicros < atMicros;
  return failed ? LEADER_FAILED : TIMED_OUT;
}

/** Changes of the membership have no limit of their own: whoever asked waits as long as it likes. */
function isPatient(request: ClientRequest): boolean {
  const { body } = request;
  const kind = (body as { readonly kind?: number }).kind;
  if (kind !== undefined) return kind >= RequestKind.MemberAdd && kind <= RequestKind.MemberPromote;
  return (body as { readonly call?: string }).call === "member-add";
}

/** Proposes a request on the member's own account: nobody waits for it. Returns whether it was taken. */
export function proposeOwn(member: EtcdMember, env: MemberEnv, body: Request): boolean {
  if (member.raft.lead === 0) return false;
  const { auth } = env.backend.store;
  const info = auth.enabled ? new User(ROOT, auth.revision) : NOBODY;
  return propose(member.raft, new Command(body, info, 0, 0, 0, 0, 0, 0), env) === null;
}

/** Proposes what the operator asks for, whoever that is to the state machine. */
export function proposeAsRoot(member: EtcdMember, env: MemberEnv, request: ClientRequest, body: Request): void {
  const { auth } = env.backend.store;
  proposeRequest(member, env, request, body, auth.enabled ? new User(ROOT, auth.revision) : NOBODY);
}

/** Proposes a compaction of all but `keep` revisions on the member's own account. */
export function proposeCompaction(member: EtcdMember, env: MemberEnv, keep: number): boolean {
  const revision = env.backend.store.revision - keep;
  return revision > 0 && proposeOwn(member, env, new CompactionRequest(revision));
}

/** Admits a request and proposes it, as a step of a recipe does. */
export function proposeChecked(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  body: Request,
  auth: AuthInfo,
): void {
  carryOut(member, env, request, checkBeforeToken(env.desk, body) ?? admitProposal(body, auth));
}
