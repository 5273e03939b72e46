/**
 * When leases run out: the leader's own reckoning, not part of what is replicated.
 *
 * Only the leader counts. A member that becomes leader starts every lease afresh (from what the last checkpoint left of
 * it), so leases are extended by a change of leaders and never shortened; one that loses leadership forgets all times.
 * What is over is not deleted here: the leader proposes a revocation. Times are micros of a clock that only goes forward.
 * After etcd `lease/lessor.go`.
 */

import type { Lease } from "./lease.ts";
import { LeaseCheckpoint } from "./lease-api.ts";
import type { Store } from "./store.ts";

/** The leader looks for leases that are over once in this time. */
export const EXPIRY_PERIOD_MICROS = 500_000 as const;
/** Revocations that one look may propose. */
export const REVOCATIONS_MAX = 500 as const;
/** A revocation that was not applied is proposed again after this long (etcd `expiredLeaseRetryInterval`). */
const REVOCATION_RETRY_MICROS = 3_000_000;
/** What is left of a long lease is told to the others once in this time, where nothing else is said. */
export const CHECKPOINT_PERIOD_MICROS = 300_000_000 as const;
/** Checkpoints in one command. */
export const CHECKPOINTS_MAX = 1000 as const;

const MICROS_A_SECOND = 1_000_000;

/** Expiry times as one member reckons them. */
export interface LeaseClock {
  /** What is left of a longer lease is told to the others once in this time. */
  readonly checkpointPeriodMicros: number;
  /** Whether this member leads, and so counts. */
  primary: boolean;
  /** When each lease is over, and when it is next to be checkpointed, by lease id. */
  expiryMicros: Map<string, number>;
  checkpointMicros: Map<string, number>;
  /** When the revocation of a lease that is over is proposed again, if it has not been applied by then. */
  retryMicros: Map<string, number>;
}

/** A clock of a member that does not lead. */
export function createLeaseClock(checkpointPeriodMicros: number = CHECKPOINT_PERIOD_MICROS): LeaseClock {
  return {
    checkpointPeriodMicros,
    primary: false,
    expiryMicros: new Map(),
    checkpointMicros: new Map(),
    retryMicros: new Map(),
  };
}

/** A clock that goes its own way from here on. */
export function cloneLeaseClock(clock: LeaseClock): LeaseClock {
  return {
    checkpointPeriodMicros: clock.checkpointPeriodMicros,
    primary: clock.primary,
    expiryMicros: new Map(clock.expiryMicros),
    checkpointMicros: new Map(clock.checkpointMicros),
    retryMicros: new Map(clock.retryMicros),
  };
}

function secondsLeft(lease: Lease): number {
  return lease.remainingSeconds > 0 ? lease.remainingSeconds : lease.ttlSeconds;
}

function refresh(clock: LeaseClock, lease: Lease, nowMicros: number, seconds: number, extendMicros: number): void {
  clock.expiryMicros.set(lease.id, nowMicros + extendMicros + seconds * MICROS_A_SECOND);
  if (seconds * MICROS_A_SECOND > clock.checkpointPeriodMicros) {
    clock.checkpointMicros.set(lease.id, nowMicros + clock.checkpointPeriodMicros);
  } else clock.checkpointMicros.delete(lease.id);
}

/** The leases of a store by id: an order that every member shares. */
export function sortedLeases(store: Store): Lease[] {
  const ids = [...store.leases.keys()].sort();
  return ids.map((id) => store.leases.get(id) as Lease);
}

/** The member leads now: all leases start over, `extendMicros` (an election timeout) longer than what they are due. */
export function promoteClock(clock: LeaseClock, store: Store, nowMicros: number, extendMicros: number): void {
  clock.primary = true;
  clock.expiryMicros.clear();
  clock.checkpointMicros.clear();
  clock.retryMicros.clear();
  const forgetful = store.options.mutations.leaseTtlResetOnLeaderChange;
  for (const lease of sortedLeases(store)) {
    refresh(clock, lease, nowMicros, forgetful ? lease.ttlSeconds : secondsLeft(lease), extendMicros);
  }
}

/** The member does not lead any more. */
export function demoteClock(clock: LeaseClock): void {
  clock.primary = false;
  clock.expiryMicros.clear();
  clock.checkpointMicros.clear();
  clock.retryMicros.clear();
}

/** To be called after a grant was applied. */
export function leaseGranted(clock: LeaseClock, store: Store, id: string, nowMicros: number): void {
  const lease = store.leases.get(id);
  if (clock.primary && lease !== undefined) refresh(clock, lease, nowMicros, secondsLeft(lease), 0);
}

/** To be called after a revocation was applied. */
export function leaseRevoked(clock: LeaseClock, id: string): void {
  clock.expiryMicros.delete(id);
  clock.checkpointMicros.delete(id);
  clock.retryMicros.delete(id);
}

/** To be called when a revocation of a lease that is over was proposed: it is not proposed again for a while. */
export function noteRevoking(clock: LeaseClock, id: string, nowMicros: number): void {
  clock.retryMicros.set(id, nowMicros + REVOCATION_RETRY_MICROS);
}

/** Micros until the lease is over, 0 or less when it is; null when this member does not count it. */
export function remainingMicros(clock: LeaseClock, id: string, nowMicros: number): number | null {
  const expiry = clock.expiryMicros.get(id);
  return expiry === undefined ? null : expiry - nowMicros;
}

/**
 * Starts a lease over. Gives the seconds it has again; 0 when there is no such lease or when it is over and only waits
 * for its revocation; null when this member does not lead. A lease that had been checkpointed needs its checkpoint
 * taken back through the log as well (`renewalCheckpoint`).
 */
export function renewLease(clock: LeaseClock, store: Store, id: string, nowMicros: number): number | null {
  if (!clock.primary) return null;
  const lease = store.leases.get(id);
  const remaining = remainingMicros(clock, id, nowMicros);
  if (lease === undefined || remaining === null || remaining <= 0) return 0;
  refresh(clock, lease, nowMicros, lease.ttlSeconds, 0);
  return lease.ttlSeconds;
}

/** The checkpoint to propose when a lease is renewed; null when none is needed. */
export function renewalCheckpoint(store: Store, id: string): LeaseCheckpoint | null {
  const lease = store.leases.get(id);
  return lease === undefined || lease.remainingSeconds === 0 ? null : new LeaseCheckpoint(id, 0);
}

/** Ids of the leases that are over, those first that were over first, at most `max` of them. Costs O(leases). */
export function expiredLeases(clock: LeaseClock, nowMicros: number, max: number = REVOCATIONS_MAX): string[] {
  const due = dueIds(clock.expiryMicros, nowMicros, Number.POSITIVE_INFINITY);
  const fresh = due.filter((id) => (clock.retryMicros.get(id) ?? Number.NEGATIVE_INFINITY) <= nowMicros);
  return fresh.length > max ? fresh.slice(0, max) : fresh;
}

/** Whether there is one. */
export function isCheckpointDue(clock: LeaseClock, nowMicros: number): boolean {
  for (const atMicros of clock.checkpointMicros.values()) if (atMicros <= nowMicros) return true;
  return false;
}

/** The checkpoints that are due; those leases are next due a period later. Costs O(leases). */
export function dueCheckpoints(clock: LeaseClock, store: Store, nowMicros: number): LeaseCheckpoint[] {
  const checkpoints: LeaseCheckpoint[] = [];
  for (const id of dueIds(clock.checkpointMicros, nowMicros, CHECKPOINTS_MAX)) {
    const remaining = remainingMicros(clock, id, nowMicros);
    if (!store.leases.has(id) || remaining === null || remaining <= 0) {
      clock.checkpointMicros.delete(id);
      continue;
    }
    checkpoints.push(new LeaseCheckpoint(id, Math.ceil(remaining / MICROS_A_SECOND)));
    if (remaining > clock.checkpointPeriodMicros)
      clock.checkpointMicros.set(id, nowMicros + clock.checkpointPeriodMicros);
    else clock.checkpointMicros.delete(id);
  }
  return checkpoints;
}

function dueIds(times: ReadonlyMap<string, number>, nowMicros: number, max: number): string[] {
  const due: string[] = [];
  for (const [id, atMicros] of times) if (atMicros <= nowMicros) due.push(id);
  due.sort((a, b) => (times.get(a) as number) - (times.get(b) as number) || (a < b ? -1 : 1));
  return due.length > max ? due.slice(0, max) : due;
}
