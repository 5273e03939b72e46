/**
 * Which keys hang on which lease: kept by the writes themselves.
 *
 * The keys of a lease stand in ascending order, because a revocation deletes them so and all members must do it alike.
 */

import { assert } from "../kernel/assert.ts";
import type { Owner } from "./key-index.ts";
import type { Lease } from "./lease.ts";

/** Whatever holds leases under an owner. */
export interface LeaseHolder {
  owner: Owner;
  leases: Map<string, Lease>;
}

/** The lease `id` as one that the holder may change; undefined when there is none. */
export function ownLease(holder: LeaseHolder, id: string): Lease | undefined {
  const lease = holder.leases.get(id);
  if (lease === undefined || lease.owner === holder.owner) return lease;
  const own: Lease = {
    owner: holder.owner,
    id: lease.id,
    ttlSeconds: lease.ttlSeconds,
    remainingSeconds: lease.remainingSeconds,
    keys: lease.keys.slice(),
  };
  holder.leases.set(id, own);
  return own;
}

function position(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Hangs `key` on an existing lease. */
export function attachKey(holder: LeaseHolder, id: string, key: string): void {
  const lease = ownLease(holder, id);
  assert(lease !== undefined, "a key is attached to a lease that exists");
  const at = position(lease.keys, key);
  if (lease.keys[at] !== key) lease.keys.splice(at, 0, key);
}

/** Takes `key` off a lease; does nothing when the lease is gone already. */
export function detachKey(holder: LeaseHolder, id: string, key: string): void {
  const lease = ownLease(holder, id);
  if (lease === undefined) return;
  const at = position(lease.keys, key);
  if (lease.keys[at] === key) lease.keys.splice(at, 1);
}
