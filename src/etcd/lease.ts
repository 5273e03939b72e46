/**
 * A lease as the log knows it: an id, the time it was granted for, and the keys that hang on it.
 *
 * When it runs out is not here: only the leader counts, see `lease-clock.ts`. After etcd `lease/lessor.go`.
 */

import { hashBytes, mix, scramble } from "./hash.ts";
import type { Owner } from "./key-index.ts";

/** A granted lease. Owned by the store that made or copied it, like a key's record. */
export interface Lease {
  owner: Owner;
  /** Decimal int64. */
  readonly id: string;
  /** Seconds granted, at least the store's least TTL. */
  readonly ttlSeconds: number;
  /** Seconds left by the last checkpoint; 0 when there was none since the last renewal. */
  remainingSeconds: number;
  /** Keys attached, ascending. */
  keys: string[];
}

/** The lease's share of the state digest: what decides a later revocation besides the keys (these name it themselves). */
export function leaseDigestLow(lease: Lease): number {
  return scramble(mix(mix(mix(0x1ea5e, hashBytes(lease.id)), lease.ttlSeconds), lease.remainingSeconds));
}

/** The other lane of `leaseDigestLow`. */
export function leaseDigestHigh(lease: Lease): number {
  return scramble(mix(mix(mix(0x7e53a1, lease.remainingSeconds), lease.ttlSeconds), hashBytes(lease.id)));
}
