// Everything that is asked of a member besides ranges, puts and transactions: leases, alarms, users, members, maintenance,
// locks and elections. The front desk (`etcd/admit.ts`) decides what becomes of a call; here that is carried out.

import { type Admission, admitCall } from "../etcd/admit.ts";
import { answerLocally, downgraded } from "../etcd/answer.ts";
import {
  ErrBadLeaderTransferee,
  ErrNotLeader,
  EtcdError,
  type LeaseCheckpoint,
  LeaseCheckpointRequest,
  MemberIdRequest,
  type Request,
  RequestKind,
} from "../etcd/api.ts";
import { NOBODY } from "../etcd/auth-check.ts";
import type { Call } from "../etcd/call.ts";
import { needsLinearizableRead } from "../etcd/health.ts";
import { remainingMicros, renewalCheckpoint } from "../etcd/lease-clock.ts";
import { CounterAt } from "../kernel/counter.ts";
import type { ClientRequest } from "../kernel/request.ts";
import { Role, transferLeader } from "../raft/raft.ts";
import { proposeMembership, viewOf } from "./administer.ts";
import { defragment } from "./backend-work.ts";
import { type EtcdMember, type PendingCall, ROUNDING_MICROS } from "./etcd-member.ts";
import { numberOf } from "./identity.ts";
import { leaseMicros } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";
import { answerRead, enqueueRead } from "./reads.ts";
import { beginRecipe } from "./recipes.ts";
import { LEARNER, NO_LEADER, proposeOwn, proposeRequest } from "./requests.ts";
import { conclude, definite, refuse, respond } from "./respond.ts";

/** A question to a peer that was not answered is asked again after this long. */
const ASK_AGAIN_MICROS = 1_000_000;

/** Timer: whether the leader has moved. */
export const MOVE_TIMER = 9;

const EMPTY = Object.freeze({ answer: "empty" });

/** A request as the front desk wants it. */
export function callOf(body: unknown): Call {
  const call = body as Call | Request;
  return "call" in call ? call : { call: "request", request: call };
}

/** Takes a call of a client. */
export function takeCall(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const call = callOf(request.body);
  if (call.call === "http") {
    if (needsLinearizableRead(env.desk, call.target)) enqueueRead(member, env, request);
    else answerRead(member, env, request);
    return;
  }
  if (member.raft.isLearner && call.call !== "status" && call.call !== "snapshot") {
    refuse(member, env, request, LEARNER);
    return;
  }
  switch (call.call) {
    case "authenticate":
      // Whether there is such a user is known for certain only behind a read index.
      enqueueRead(member, env, request);
      return;
    case "lease-keep-alive":
    case "lease-time-to-live":
      wait(member, env, request);
      return;
    case "move-leader":
      moveLeader(member, env, request, call.targetId);
      return;
    case "defragment":
      defragment(member, env, request);
      return;
    default:
      admit(member, env, request, call);
  }
}

/** Has the front desk decide, and carries it out. */
export function admit(member: EtcdMember, env: MemberEnv, request: ClientRequest, call: Call): void {
  const { context, desk } = env;
  if (isPromotion(call) && member.raft.role !== Role.Leader) {
    // Only the leader knows how far a learner is.
    wait(member, env, request);
    return;
  }
  // The id of a new member depends on the second of the wall clock.
  const now = call.call === "member-add" ? Math.max(0, context.wallMicros()) : context.localMicros();
  carryOut(member, env, request, admitCall(desk, call, request.token, now, viewOf(member, env)));
}

function isPromotion(call: Call): boolean {
  return call.call === "request" && call.request.kind === RequestKind.MemberPromote;
}

/** Does what the front desk decided. */
export function carryOut(member: EtcdMember, env: MemberEnv, request: ClientRequest, admission: Admission): void {
  switch (admission.do) {
    case "refuse":
      conclude(member, env, request, admission.error);
      return;
    case "alarm":
      proposeRequest(member, env, request, admission.command.request, NOBODY, definite(admission.error));
      return;
    case "propose":
      proposeRequest(member, env, request, admission.command.request, admission.command.auth);
      return;
    case "reconfigure": {
      const change = admission.command.request;
      switch (change.kind) {
        case RequestKind.MemberAdd:
        case RequestKind.MemberRemove:
        case RequestKind.MemberPromote:
        case RequestKind.MemberUpdate:
          proposeMembership(member, env, request, [change]);
          return;
        default:
          return;
      }
    }
    case "read":
      if (admission.linearizable) enqueueRead(member, env, request);
      else answerRead(member, env, request);
      return;
    case "recipe":
      beginRecipe(member, env, request, admission.recipe, admission.auth);
  }
}

/** What a client is told that asked for something which the log answers. */
export function answerOf(env: MemberEnv, request: ClientRequest, outcome: object): object {
  return (request.body as { readonly call?: string }).call === "downgrade" ? downgraded(env.desk) : outcome;
}

function moveLeader(member: EtcdMember, env: MemberEnv, request: ClientRequest, targetId: string): void {
  const { raft } = member;
  const { store } = env.backend;
  const target = numberOf(store, targetId);
  const checked = answerLocally(env.desk, callOf(request.body), request.token, env.context.localMicros());
  if (checked instanceof EtcdError) conclude(member, env, request, checked);
  else if (raft.role !== Role.Leader) conclude(member, env, request, ErrNotLeader);
  else if (!env.backend.confState.voters.includes(target)) conclude(member, env, request, ErrBadLeaderTransferee);
  else if (target === env.context.self) respond(member, env, request, EMPTY, 0);
  else {
    env.context.count(CounterAt.transfer);
    transferLeader(raft, target, env);
    member.pendingCalls.push(pending(env, request));
    env.context.setTimer(member.config.tickMicros, MOVE_TIMER);
  }
}

/** The leader is looked at once in a tick's time after a hand-over was asked for, however soon it came about. */
export function movedLeader(member: EtcdMember, env: MemberEnv): void {
  const kept: PendingCall[] = [];
  for (const call of member.pendingCalls) {
    const { request } = call;
    const asked = callOf(request.body);
    if (asked.call !== "move-leader" || member.raft.lead !== numberOf(env.backend.store, asked.targetId))
      kept.push(call);
    else if (env.context.localMicros() - call.atMicros < member.config.tickMicros - ROUNDING_MICROS) kept.push(call);
    else respond(member, env, request, EMPTY, 0);
  }
  member.pendingCalls = kept;
  if (kept.some(({ request }) => callOf(request.body).call === "move-leader")) {
    env.context.setTimer(member.config.tickMicros, MOVE_TIMER);
  }
}

function pending(env: MemberEnv, request: ClientRequest): PendingCall {
  return { request, atMicros: env.context.localMicros(), asked: 0, askedAtMicros: 0 };
}

function wait(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const call = pending(env, request);
  if (!serve(member, env, call)) member.pendingCalls.push(call);
}

/** Looks after calls that wait: once a tick, and when something they may wait for has happened. */
export function tendCalls(member: EtcdMember, env: MemberEnv): void {
  const calls = member.pendingCalls;
  member.pendingCalls = [];
  const now = env.context.localMicros();
  const kept: PendingCall[] = [];
  for (const call of calls) {
    if (serve(member, env, call)) continue;
    // Moving the leader has no limit of its own: whoever asked waits as long as it likes.
    const patient = callOf(call.request.body).call === "move-leader";
    if (patient || now - call.atMicros < member.config.requestTimeoutMicros) kept.push(call);
    else refuse(member, env, call.request, NO_LEADER);
  }
  member.pendingCalls = [...kept, ...member.pendingCalls];
}

/** Tries to bring a call to its end; false: it goes on waiting. */
function serve(member: EtcdMember, env: MemberEnv, pendingCall: PendingCall): boolean {
  const call = callOf(pendingCall.request.body);
  switch (call.call) {
    case "lease-keep-alive":
      return serveKeepAlive(member, env, pendingCall, call.id);
    case "lease-time-to-live":
      return serveTimeToLive(member, env, pendingCall);
    case "move-leader":
      return false;
    default:
      if (member.raft.role === Role.Leader) {
        admit(member, env, pendingCall.request, call);
        return true;
      }
      if (call.call === "request" && call.request instanceof MemberIdRequest) {
        ask(member, env, pendingCall, PeerType.Promote, call.request.id);
      }
      return false;
  }
}

function mayAsk(env: MemberEnv, call: PendingCall): boolean {
  return call.asked === 0 || env.context.localMicros() - call.askedAtMicros >= ASK_AGAIN_MICROS;
}

/** Asks the leader, if it is known and was not asked already. */
function ask(member: EtcdMember, env: MemberEnv, call: PendingCall, type: number, body: unknown): void {
  const { lead } = member.raft;
  if (lead === 0 || lead === env.context.self || !mayAsk(env, call)) return;
  call.asked = ++member.peersAsked;
  call.askedAtMicros = env.context.localMicros();
  env.context.send(lead, new PeerMessage(type, call.asked, body));
}

function serveKeepAlive(member: EtcdMember, env: MemberEnv, call: PendingCall, id: string): boolean {
  const { desk } = env;
  const now = leaseMicros(member, env);
  if (member.raft.role === Role.Leader && member.leases.primary) {
    if (isExpiring(member, env, id, now)) return false;
    const checkpoint = renewalCheckpoint(env.backend.store, id);
    if (checkpoint !== null) {
      takeBackCheckpoint(member, env, checkpoint);
      return false;
    }
    const answer = answerLocally(desk, callOf(call.request.body), call.request.token, now);
    if (!(answer instanceof EtcdError)) noteRenewal(env, id, now);
    conclude(member, env, call.request, answer);
    return true;
  }
  if (call.asked === 0) {
    const refusal = answerLocally(desk, callOf(call.request.body), call.request.token, now);
    if (refusal instanceof EtcdError && refusal !== ErrNotLeader) {
      conclude(member, env, call.request, refusal);
      return true;
    }
  }
  ask(member, env, call, PeerType.LeaseRenew, id);
  return false;
}

/** A lease that is over and not yet revoked: whether it can be renewed is known only when it is gone. */
export function isExpiring(member: EtcdMember, env: MemberEnv, id: string, now: number): boolean {
  const remaining = remainingMicros(member.leases, id, now);
  return remaining !== null && remaining <= 0 && env.backend.store.leases.has(id);
}

/**
 * A checkpoint that was taken of a lease is taken back through the log, and only then is the lease renewed: else a leader that is
 * elected meanwhile would count from the checkpoint. Once for all who wait for it. After etcd `lessor.go Renew`.
 */
export function takeBackCheckpoint(member: EtcdMember, env: MemberEnv, checkpoint: LeaseCheckpoint): void {
  const { raft } = member;
  // What it proposed as the leader of an earlier term may never come.
  const underWay = member.takenBack.filter(({ term, index }) => term === raft.term && index > env.backend.appliedIndex);
  if (!underWay.some(({ lease }) => lease === checkpoint.id)) {
    proposeOwn(member, env, new LeaseCheckpointRequest([checkpoint]));
    underWay.push({ lease: checkpoint.id, term: raft.term, index: raft.log.last });
  }
  member.takenBack = underWay;
}

/** A lease of the member's was renewed. */
export function noteRenewal(env: MemberEnv, id: string, now: number): void {
  const lease = env.backend.store.leases.get(id);
  if (lease !== undefined && env.observer !== null) env.observer.renewed(env.context.self, id, lease.ttlSeconds, now);
}

function serveTimeToLive(member: EtcdMember, env: MemberEnv, call: PendingCall): boolean {
  const { body, token } = call.request;
  const asked = callOf(body);
  const answer = answerLocally(env.desk, asked, token, leaseMicros(member, env));
  const leads = member.raft.role === Role.Leader && member.leases.primary;
  if (leads || answer instanceof EtcdError) {
    conclude(member, env, call.request, answer);
    return true;
  }
  ask(member, env, call, PeerType.LeaseTimeToLive, asked);
  return false;
}

/** The call that asked a peer this; undefined when it is over, or has asked again since. */
export function takeAsked(member: EtcdMember, number: number): PendingCall | undefined {
  const at = member.pendingCalls.findIndex((call) => call.asked === number);
  return at < 0 ? undefined : member.pendingCalls.splice(at, 1)[0];
}
