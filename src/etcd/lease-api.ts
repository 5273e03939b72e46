/**
 * Requests and answers of etcd's Lease service, as immutable values.
 *
 * Grant, revoke and checkpoint are replicated. Keep-alive, time-to-live and the list are answered by the member that
 * leads, from its own clock (`lease-clock.ts`). Lease ids are decimal int64 texts.
 */

import { hashBytes, mix, scramble } from "./hash.ts";
import { RequestKind } from "./request-kind.ts";
import { int64FieldSize, intFieldSize, messageFieldSize } from "./wire.ts";

/** Makes a lease. The id is chosen before the request is proposed, never while it is applied. */
export class LeaseGrantRequest {
  readonly kind: 6;
  readonly id: string;
  /** Seconds asked for. */
  readonly ttlSeconds: number;
  readonly size: number;
  readonly hash: number;

  constructor(id: string, ttlSeconds: number) {
    this.kind = RequestKind.LeaseGrant;
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.size = intFieldSize(ttlSeconds) + int64FieldSize(id);
    this.hash = scramble(mix(mix(RequestKind.LeaseGrant, hashBytes(id)), ttlSeconds));
  }
}

/** Ends a lease and deletes its keys. Expiry is the same command, proposed by the leader. */
export class LeaseRevokeRequest {
  readonly kind: 7;
  readonly id: string;
  readonly size: number;
  readonly hash: number;

  constructor(id: string) {
    this.kind = RequestKind.LeaseRevoke;
    this.id = id;
    this.size = int64FieldSize(id);
    this.hash = scramble(mix(RequestKind.LeaseRevoke, hashBytes(id)));
  }
}

/** What is left of one lease. */
export class LeaseCheckpoint {
  readonly id: string;
  readonly remainingSeconds: number;

  constructor(id: string, remainingSeconds: number) {
    this.id = id;
    this.remainingSeconds = remainingSeconds;
  }
}

/** Tells all members how much is left of some leases, so that a new leader does not start them afresh. */
export class LeaseCheckpointRequest {
  readonly kind: 8;
  readonly checkpoints: readonly LeaseCheckpoint[];
  readonly size: number;
  readonly hash: number;

  constructor(checkpoints: readonly LeaseCheckpoint[]) {
    this.kind = RequestKind.LeaseCheckpoint;
    this.checkpoints = checkpoints;
    let size = 0;
    let hash: number = RequestKind.LeaseCheckpoint;
    for (const { id, remainingSeconds } of checkpoints) {
      size += messageFieldSize(int64FieldSize(id) + intFieldSize(remainingSeconds));
      hash = mix(mix(hash, hashBytes(id)), remainingSeconds);
    }
    this.size = size;
    this.hash = scramble(hash);
  }
}

/** Answer to a grant, with the seconds that were in fact granted. */
export class LeaseGrantResponse {
  readonly kind: 6;
  readonly revision: number;
  readonly id: string;
  readonly ttlSeconds: number;

  constructor(revision: number, id: string, ttlSeconds: number) {
    this.kind = RequestKind.LeaseGrant;
    this.revision = revision;
    this.id = id;
    this.ttlSeconds = ttlSeconds;
  }
}

/** Answer to a revocation. */
export class LeaseRevokeResponse {
  readonly kind: 7;
  readonly revision: number;

  constructor(revision: number) {
    this.kind = RequestKind.LeaseRevoke;
    this.revision = revision;
  }
}

/** Answer to a checkpoint. */
export class LeaseCheckpointResponse {
  readonly kind: 8;
  readonly revision: number;

  constructor(revision: number) {
    this.kind = RequestKind.LeaseCheckpoint;
    this.revision = revision;
  }
}
