// Leases that clients of other members want renewed. Only the leader renews, and where something has to go through the log
// first, whoever asked is answered when that is applied. After etcd `lease/lessor.go Renew` and `lease/leasehttp`.

import type { EtcdError } from "../etcd/api.ts";
import { ErrLeaseNotFound, ErrNotLeader, EtcdError as Refusal } from "../etcd/api.ts";
import { renewalCheckpoint, renewLease } from "../etcd/lease-clock.ts";
import { Role } from "../raft/raft.ts";
import { isExpiring, noteRenewal, takeBackCheckpoint } from "./calls.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { leaseMicros } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";

/** A renewal that waits at the leader. */
export interface Renewal {
  readonly lease: string;
  /** Who asks, the number of its question, and when it came, on this member's clock. */
  readonly from: number;
  readonly number: number;
  readonly atMicros: number;
}

/** Takes a peer's question. */
export function takeRenewal(member: EtcdMember, env: MemberEnv, from: number, number: number, lease: string): void {
  member.renewals.push({ lease, from, number, atMicros: env.context.localMicros() });
  tendRenewals(member, env);
}

/** Answers what can be answered: once a tick, and when something that a renewal may wait for was applied. */
export function tendRenewals(member: EtcdMember, env: MemberEnv): void {
  const waiting = member.renewals;
  member.renewals = [];
  const kept: Renewal[] = [];
  const now = env.context.localMicros();
  for (const renewal of waiting) {
    const said = renew(member, env, renewal.lease);
    if (said === null) {
      // No request waits longer where it was asked for.
      if (now - renewal.atMicros < member.config.requestTimeoutMicros) kept.push(renewal);
    } else {
      const error = said instanceof Refusal ? said : null;
      const answer = new PeerMessage(PeerType.Answer, renewal.number, error === null ? said : null, error);
      env.context.send(renewal.from, answer);
    }
  }
  member.renewals = [...kept, ...member.renewals];
}

/** The seconds that the lease has again. Null: it is over and about to be revoked, or a checkpoint of it stands. */
function renew(member: EtcdMember, env: MemberEnv, lease: string): number | EtcdError | null {
  if (member.raft.role !== Role.Leader || !member.leases.primary) return ErrNotLeader;
  const now = leaseMicros(member, env);
  if (isExpiring(member, env, lease, now)) return null;
  const checkpoint = renewalCheckpoint(env.backend.store, lease);
  if (checkpoint !== null) {
    takeBackCheckpoint(member, env, checkpoint);
    return null;
  }
  const ttlSeconds = renewLease(member.leases, env.backend.store, lease, now);
  if (ttlSeconds === null || ttlSeconds === 0) return ErrLeaseNotFound;
  noteRenewal(env, lease, now);
  return ttlSeconds;
}
