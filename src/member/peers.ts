// What members ask each other besides Raft: who is there, and the questions that etcd's members put over HTTP.

import { timeToLive } from "../etcd/answer.ts";
import { ErrLeaseNotFound, ErrNotLeader, EtcdError, MemberIdRequest, RequestKind } from "../etcd/api.ts";
import type { LeaseTimeToLive } from "../etcd/call.ts";
import { hashKv } from "../etcd/hash-kv.ts";
import { SERVER_VERSION } from "../etcd/server.ts";
import { Role, tick } from "../raft/raft.ts";
import { HEALTH_MICROS } from "./administer.ts";
import { admit, takeAsked } from "./calls.ts";
import { hearHash } from "./corruption.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { InternalBody, internalRequest } from "./internal.ts";
import { leaseMicros } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";
import { takeRenewal } from "./renewals.ts";
import { conclude } from "./respond.ts";

/** Timer: looks whether enough others are connected for the head start. */
export const HEAD_START_TIMER = 4;
const HEAD_START_MICROS = 50_000;
const HEAD_START_LOOKS = 100;

/** A member that does not lead tells the others that it is there once in this many ticks (rafthttp's link heartbeat). */
const HELLO_TICKS = 16;

/** For peers that were never heard of. */
const NEVER_HEARD = -1_000_000;

/** Something was heard from a peer. */
export function noteHeard(member: EtcdMember, from: number): void {
  const heard = member.heardAtTick;
  const { ticks } = member.raft;
  if (from < heard.length && heard[from] === ticks) return;
  noteHeardAnew(member, from, ticks);
}

/** The first message of a tick. */
function noteHeardAnew(member: EtcdMember, from: number, ticks: number): void {
  const heard = member.heardAtTick;
  while (heard.length <= from) {
    heard.push(NEVER_HEARD);
    member.connectedAtTick.push(NEVER_HEARD);
  }
  if (ticks - (heard[from] as number) > HEALTH_MICROS / member.config.tickMicros) member.connectedAtTick[from] = ticks;
  heard[from] = ticks;
}

/** A boot begins: the member tells the others, and its election clock may be moved forward. */
export function introduce(member: EtcdMember, env: MemberEnv): void {
  const { raft } = member;
  const { voters } = env.backend.confState;
  if (voters.length === 1 && voters[0] === env.context.self) {
    advanceTicks(member, env, raft.config.electionTicks - 1);
    return;
  }
  greet(member, env);
  member.headStartLooks = HEAD_START_LOOKS;
  env.context.setTimer(HEAD_START_MICROS, HEAD_START_TIMER);
}

function greet(member: EtcdMember, env: MemberEnv): void {
  for (const { number } of env.backend.store.members) {
    if (number !== env.context.self && number !== member.raft.lead) {
      env.context.send(number, new PeerMessage(PeerType.Hello, 0));
    }
  }
}

/** Once a tick. Whoever leads is heard by its heartbeats. */
export function keepInTouch(member: EtcdMember, env: MemberEnv): void {
  if (member.raft.ticks % HELLO_TICKS === 0 && member.raft.role !== Role.Leader) greet(member, env);
}

/**
 * Once two others are connected, an election timeout less two ticks counts as over: a cluster that starts need not wait a
 * whole one. After etcd `server.go adjustTicks`.
 */
export function headStart(member: EtcdMember, env: MemberEnv): void {
  const { raft, heardAtTick } = member;
  let active = 0;
  for (const { number } of env.backend.store.members) {
    if (number !== env.context.self && (heardAtTick[number] ?? NEVER_HEARD) >= 0) active++;
  }
  if (active > 1) {
    advanceTicks(member, env, raft.config.electionTicks - 2);
    return;
  }
  if (--member.headStartLooks > 0) env.context.setTimer(HEAD_START_MICROS, HEAD_START_TIMER);
}

/** No time passes for what was promised to a leader that answers reads under its lease. */
function advanceTicks(member: EtcdMember, env: MemberEnv, ticks: number): void {
  const { raft } = member;
  // Nobody leads in the term of a cluster's first entries.
  const promised = raft.term > 1 && (raft.leaseGraceTicks > 0 || raft.lead !== 0);
  for (let i = 0; i < ticks; i++) tick(raft, env);
  if (promised && raft.config.readOnly === "lease-based") raft.leaseGraceTicks = raft.config.electionTicks;
  member.headStartTicks += Math.max(0, ticks);
}

/** Takes what another member says. */
export function takePeerMessage(member: EtcdMember, env: MemberEnv, from: number, message: PeerMessage): void {
  const { context } = env;
  const { number, body } = message;
  const answer = (said: unknown): void => {
    const error = said instanceof EtcdError ? said : null;
    context.send(from, new PeerMessage(PeerType.Answer, number, error === null ? said : null, error));
  };
  switch (message.type) {
    case PeerType.Hello:
      context.send(from, new PeerMessage(PeerType.HelloBack, 0));
      return;
    case PeerType.LeaseRenew:
      takeRenewal(member, env, from, number, body as string);
      return;
    case PeerType.LeaseTimeToLive:
      if (!member.leases.primary) answer(ErrNotLeader);
      else answer(timeToLive(env.desk, body as LeaseTimeToLive, leaseMicros(member, env)));
      return;
    case PeerType.Promote: {
      if (member.raft.role !== Role.Leader) {
        answer(ErrNotLeader);
        return;
      }
      const request = new MemberIdRequest(RequestKind.MemberPromote, body as string);
      admit(member, env, internalRequest(new InternalBody("passed-on", number, from, request)), {
        call: "request",
        request,
      });
      return;
    }
    case PeerType.HashKv: {
      const hash = hashKv(env.backend.store, body as number);
      if (!(hash instanceof EtcdError)) answer(hash);
      return;
    }
    case PeerType.Version:
      answer(member.server.version ?? SERVER_VERSION);
      return;
    case PeerType.Answer:
      hear(member, env, from, message);
      return;
    default:
  }
}

/** An answer to a question of this member's. */
function hear(member: EtcdMember, env: MemberEnv, from: number, { number, body, error }: PeerMessage): void {
  if (member.corruptCheck !== null && member.corruptCheck.asked === number) {
    if (error === null) hearHash(member, env, from, body as { hash: number; compactRevision: number });
    return;
  }
  if (typeof body === "string") {
    while (member.versions.length <= from) member.versions.push("");
    member.versions[from] = body;
    return;
  }
  const call = takeAsked(member, number);
  if (call === undefined) return;
  const asked = call.request.body as { readonly call?: string; readonly id?: string };
  if (error === ErrNotLeader || error?.message === ErrNotLeader.message) {
    // It leads no longer: the next tick finds out who does.
    call.asked = 0;
    member.pendingCalls.push(call);
  } else if (asked.call === "lease-keep-alive" && (error === null || error.message === ErrLeaseNotFound.message)) {
    // An unknown lease is no error here: the answer has no time to live.
    const ttlSeconds = error === null ? (body as number) : 0;
    const { revision } = env.backend.store;
    conclude(member, env, call.request, { answer: "keep-alive", revision, id: asked.id, ttlSeconds });
  } else conclude(member, env, call.request, error ?? (body as object));
}
