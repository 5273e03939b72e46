// What leases promise: they live at least as long as they were granted for since the last renewal, by the clock of whoever
// counts; what hangs on them goes with them, in one revision; and with a leader that stays they end. How long a lease lives
// at most is promised to nobody while leaders change, and what a client believes of its lease is no promise at all. After the
// bug catalogue's section on leases and etcd's `lease/lessor.go`.

import type { LeaseCheckpoint } from "../etcd/lease-api.ts";
import type { Store } from "../etcd/store.ts";
import { versionAtRevision } from "../etcd/store.ts";
import { formatMicros } from "../kernel/time.ts";
import type { EtcdMember } from "../member/etcd-member.ts";
import { Role } from "../raft/raft.ts";
import { localMicros, processOf, type World } from "../world/world.ts";
import type { Ghost, LeaseGhost } from "./ghost.ts";
import type { Findings } from "./violation.ts";

const MICROS_A_SECOND = 1_000_000;

/** A lease is looked at twice a second, and a revocation that came to nothing is tried again after three. */
const EXPIRY_SLACK_MICROS = 5_000_000;

/** Clocks of one cluster differ by less than one part in this many, where the times of two of them are compared. */
const DRIFT_SHARE = 10;

/** A lease of the model, just granted. */
export function createLease(ttlSeconds: number): LeaseGhost {
  return {
    ttlSeconds,
    remainingSeconds: 0,
    checkpoints: [],
    keys: [],
    renewedAtMicros: -1,
    renewedLocal: [],
    proposed: false,
    early: "",
    late: false,
  };
}

/** The lease was applied for the first time, or renewed by whoever leads: from now on it lives for its time. */
function begins(world: World, lease: LeaseGhost): void {
  lease.renewedAtMicros = world.atMicros;
  if (lease.proposed) lease.early = "was revoked by a proposal from before it was renewed";
  for (const id of world.ids) {
    while (lease.renewedLocal.length <= id) lease.renewedLocal.push(0);
    lease.renewedLocal[id] = localMicros(processOf(world, id).clock, world.atMicros);
  }
}

/** A grant was applied for the first time. */
export function noteGranted(ghost: Ghost, world: World, id: string): void {
  const lease = ghost.leases.get(id);
  if (lease !== undefined) begins(world, lease);
}

/** Somebody renewed a lease. A leader whose successor has committed already counts for nothing: nobody promised it more. */
export function noteRenewed(ghost: Ghost, world: World, member: number, id: string): void {
  const lease = ghost.leases.get(id);
  if (lease === undefined) return;
  const { raft } = processOf(world, member).state as EtcdMember;
  if (raft.term >= ghost.committedTerm) begins(world, lease);
}

/** What was left of leases when the leader last said so. */
export function noteCheckpoints(ghost: Ghost, world: World, checkpoints: readonly LeaseCheckpoint[]): void {
  for (const { id, remainingSeconds } of checkpoints) {
    const lease = ghost.leases.get(id);
    if (lease === undefined) continue;
    lease.remainingSeconds = remainingSeconds;
    lease.checkpoints =
      remainingSeconds === 0 ? [] : [...lease.checkpoints, { seconds: remainingSeconds, atMicros: world.atMicros }];
  }
}

/** A member proposes to revoke a lease because it is over: by its own clock, which only goes forward, it must be. */
export function noteExpiring(ghost: Ghost, world: World, member: number, id: string): void {
  const lease = ghost.leases.get(id);
  if (lease === undefined || lease.renewedAtMicros < 0) return;
  const renewed = lease.renewedLocal[member];
  // Who was not there when the lease was renewed counts from later.
  const lived =
    renewed === undefined ? Infinity : localMicros(processOf(world, member).clock, world.atMicros) - renewed;
  let promised = lease.ttlSeconds * MICROS_A_SECOND;
  // A part of the time was counted by another clock.
  if (lease.remainingSeconds > 0) promised -= Math.floor(promised / DRIFT_SHARE);
  lease.proposed = true;
  lease.early =
    lived >= promised
      ? ""
      : `was revoked by n${member} ${formatMicros(lived)} after it was last renewed, as n${member}'s clock has it`;
}

/**
 * A revocation was applied for the first time; `expired`: because the lease was over, nobody asked for it. What hung on the
 * lease, as the model knew it, must be gone from the member.
 */
export function checkRevoked(
  out: Findings,
  member: number,
  id: string,
  lease: LeaseGhost,
  expired: boolean,
  store: Store,
): void {
  if (expired && lease.early !== "") {
    out.report("lease-min-lifetime", [member], `lease ${id} of ${lease.ttlSeconds} s ${lease.early}`);
  }
  for (const key of lease.keys) {
    const found = versionAtRevision(store, key, store.revision);
    if (found === null || found.lease !== id) continue;
    out.report("lease-revoke-atomic", [member], `n${member} revoked lease ${id}, and ${key} still hangs on it`);
  }
  if (store.leases.has(id)) {
    out.report("lease-revoke-atomic", [member], `n${member} revoked lease ${id}, and still has it`);
  }
}

/**
 * A key hangs on a lease that is there: a put with another one is refused. To be called for what is applied for the first
 * time and was not refused.
 */
export function checkAttached(ghost: Ghost, out: Findings, member: number, key: string, lease: string): void {
  if (lease === "0" || ghost.leases.has(lease)) return;
  const text = `n${member} hung ${key} on lease ${lease}, which was revoked or never granted`;
  out.report("lease-revoke-atomic", [member], text);
}

/**
 * Leases that nobody renews must be over some time after their leader began, as long as it stays. To be called now and then in
 * a fair phase, with its beginning: `electionMicros` is what a new leader adds.
 */
export function checkExpiry(
  ghost: Ghost,
  out: Findings,
  world: World,
  fairSinceMicros: number,
  electionMicros: number,
): void {
  if (ghost.leases.size === 0) return;
  let leader = 0;
  for (const id of world.ids) {
    const { state } = processOf(world, id);
    if (state === null) continue;
    const { raft, leases } = state as EtcdMember;
    if (raft.role === Role.Leader && leases.primary && raft.term >= ghost.committedTerm) leader = id;
  }
  if (leader === 0) return;
  const counts = ghost.members[leader]?.countsSinceMicros ?? world.atMicros;
  for (const [id, lease] of ghost.leases) {
    if (lease.late || lease.renewedAtMicros < 0) continue;
    const since = Math.max(lease.renewedAtMicros, counts);
    // One that came as it began it may have applied too late.
    const known = lease.checkpoints.filter(({ atMicros }) => atMicros <= counts - electionMicros);
    const left = lease.renewedAtMicros >= counts ? undefined : known[known.length - 1];
    const seconds = left === undefined ? lease.ttlSeconds : left.seconds;
    const promised = seconds * MICROS_A_SECOND;
    const bound = promised + Math.floor(promised / DRIFT_SHARE) + electionMicros + EXPIRY_SLACK_MICROS;
    if (world.atMicros - Math.max(since + bound, fairSinceMicros + EXPIRY_SLACK_MICROS) <= 0) continue;
    lease.late = true;
    out.report(
      "lease-eventual-expiry",
      [leader],
      `lease ${id} of ${lease.ttlSeconds} s is still there ${formatMicros(world.atMicros - lease.renewedAtMicros)} after it was last renewed; n${leader} counts since ${formatMicros(counts)}`,
      lease.remainingSeconds > 0 ? [`the last checkpoint said that ${lease.remainingSeconds} s were left`] : [],
    );
  }
}
