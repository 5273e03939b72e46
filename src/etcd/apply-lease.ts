/**
 * What the commands of the Lease service do to a store: grant, revoke, checkpoint.
 *
 * After etcd `lease/lessor.go`; the clock that decides when a lease is over is in `lease-clock.ts`.
 */

import { ErrLeaseExist, ErrLeaseNotFound, ErrLeaseTtlTooLarge, type EtcdError } from "./error.ts";
import { NO_LEASE } from "./key-value.ts";
import { type Lease, leaseDigestHigh, leaseDigestLow } from "./lease.ts";
import {
  type LeaseCheckpointRequest,
  LeaseCheckpointResponse,
  type LeaseGrantRequest,
  LeaseGrantResponse,
  type LeaseRevokeRequest,
  LeaseRevokeResponse,
} from "./lease-api.ts";
import { ownLease } from "./lease-keys.ts";
import { addToDigest, deleteKey, endRevision, type Store, takeFromDigest } from "./store.ts";

/** Longest TTL, in seconds. */
export const MAX_LEASE_TTL_SECONDS = 9_000_000_000 as const;

/** Makes a lease; a TTL below the least one is raised to it. */
export function applyLeaseGrant(store: Store, request: LeaseGrantRequest): LeaseGrantResponse | EtcdError {
  if (request.id === NO_LEASE) return ErrLeaseNotFound;
  if (request.ttlSeconds > MAX_LEASE_TTL_SECONDS) return ErrLeaseTtlTooLarge;
  if (store.leases.has(request.id)) return ErrLeaseExist;
  const ttlSeconds = Math.max(request.ttlSeconds, store.options.minLeaseTtlSeconds);
  const lease: Lease = { owner: store.owner, id: request.id, ttlSeconds, remainingSeconds: 0, keys: [] };
  store.leases.set(request.id, lease);
  addToDigest(store, leaseDigestLow(lease), leaseDigestHigh(lease));
  return new LeaseGrantResponse(store.revision, request.id, ttlSeconds);
}

/** Ends a lease: all its keys are deleted, in key order, in one revision (none when it has no keys). */
export function applyLeaseRevoke(store: Store, request: LeaseRevokeRequest): LeaseRevokeResponse | EtcdError {
  const lease = store.leases.get(request.id);
  if (lease === undefined) return ErrLeaseNotFound;
  takeFromDigest(store, leaseDigestLow(lease), leaseDigestHigh(lease));
  // Taken out first, so that deleting a key does not look for it in the list that is being walked.
  store.leases.delete(request.id);
  for (const key of lease.keys) deleteKey(store, key);
  endRevision(store);
  return new LeaseRevokeResponse(store.revision);
}

/** Notes how much is left of some leases; those that are gone are passed over. */
export function applyLeaseCheckpoint(store: Store, request: LeaseCheckpointRequest): LeaseCheckpointResponse {
  for (const { id, remainingSeconds } of request.checkpoints) {
    const lease = ownLease(store, id);
    if (lease === undefined) continue;
    takeFromDigest(store, leaseDigestLow(lease), leaseDigestHigh(lease));
    lease.remainingSeconds = remainingSeconds;
    addToDigest(store, leaseDigestLow(lease), leaseDigestHigh(lease));
  }
  return new LeaseCheckpointResponse(store.revision);
}
