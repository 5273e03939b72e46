/**
 * Reads on their way through a leader, as plain data.
 *
 * What is unknown here: how they are confirmed (`read-index.ts`).
 */

/** A read waiting for a quorum to confirm that its leader still leads. */
export interface ReadRequest {
  /** Number of the heartbeat round that confirms it. */
  readonly round: number;
  /** Commit index when the request came. */
  readonly index: number;
  /** The reader's request id. */
  readonly context: number;
  /** The member that asked. */
  readonly from: number;
  /** Members that answered the round, each once. */
  readonly acks: number[];
}

/** A read waiting for the leader's first commit in its term. */
export interface PendingRead {
  readonly from: number;
  readonly context: number;
}

/** One heartbeat round of a leader with lease-based reads. */
export interface LeaseRound {
  readonly round: number;
  readonly sentAtTick: number;
  readonly acks: number[];
}
