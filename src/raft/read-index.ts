/** A read waiting for a quorum to confirm that its leader still leads. */
export interface ReadRequest {
  /** Number of the heartbeat round that confirms it. */
  round: number;
  /** Commit index when the request came. */
  index: number;
  /** The reader's request id. */
  context: number;
  /** The member that asked; 0 or the own id: this one. */
  from: number;
  /** Members that answered the round, each once. */
  acks: number[];
}
