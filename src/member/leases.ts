// The leader's care for leases: it alone counts their time, makes sure that it still leads before it revokes one, and tells
// the others now and then how much is left. After etcd `lease/lessor.go` and `etcdserver/server.go revokeExpiredLeases`.

import { LeaseCheckpointRequest, LeaseRevokeRequest } from "../etcd/api.ts";
import {
  demoteClock,
  dueCheckpoints,
  EXPIRY_PERIOD_MICROS,
  expiredLeases,
  isCheckpointDue,
  noteRevoking,
  promoteClock,
} from "../etcd/lease-clock.ts";
import { CounterAt } from "../kernel/counter.ts";
import { Role } from "../raft/raft.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { InternalBody, internalRequest } from "./internal.ts";
import type { MemberEnv } from "./member-env.ts";
import { enqueueRead } from "./reads.ts";
import { proposeOwn } from "./requests.ts";

/** The clock by which leases run out: a monotonic one, unless a bug is planted. */
export function leaseMicros(member: EtcdMember, env: MemberEnv): number {
  return member.config.mutations.leaseOnWallClock ? env.context.wallMicros() : env.context.localMicros();
}

/** The first entry of the member's own term is applied: it counts from here. */
export function promoteLeases(member: EtcdMember, env: MemberEnv): void {
  const now = leaseMicros(member, env);
  promoteClock(member.leases, env.backend.store, now, member.config.electionMicros);
  member.leaseLookMicros = env.context.localMicros() + EXPIRY_PERIOD_MICROS;
}

/** It does not lead any more. */
export function demoteLeases(member: EtcdMember): void {
  if (member.leases.primary) demoteClock(member.leases);
}

/** Once a tick on whoever counts: looks for leases that are over, twice a second. */
export function lookAtLeases(member: EtcdMember, env: MemberEnv): void {
  const local = env.context.localMicros();
  if (local < member.leaseLookMicros) return;
  member.leaseLookMicros = local + EXPIRY_PERIOD_MICROS;
  if (member.confirmsLeading) return;
  const now = leaseMicros(member, env);
  if (expiredLeases(member.leases, now, 1).length === 0 && !isCheckpointDue(member.leases, now)) return;
  if (member.config.mutations.staleLeaderRevokesLeases) proposeDue(member, env);
  else {
    member.confirmsLeading = true;
    enqueueRead(member, env, internalRequest(new InternalBody("confirm-leading", 0, 0, null)));
  }
}

/** Proposes to revoke what is over, and to note what is left of the rest. The member has just made sure that it leads. */
export function proposeDue(member: EtcdMember, env: MemberEnv): void {
  if (!member.leases.primary) return;
  if (member.raft.role !== Role.Leader && !member.config.mutations.staleLeaderRevokesLeases) return;
  const now = leaseMicros(member, env);
  for (const id of expiredLeases(member.leases, now)) {
    if (!proposeOwn(member, env, new LeaseRevokeRequest(id))) return;
    noteRevoking(member.leases, id, now);
    env.context.count(CounterAt["lease-expired"]);
    if (env.observer !== null) env.observer.expires(env.context.self, id, now);
  }
  const checkpoints = dueCheckpoints(member.leases, env.backend.store, now);
  if (checkpoints.length > 0) proposeOwn(member, env, new LeaseCheckpointRequest(checkpoints));
}
