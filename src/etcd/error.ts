/**
 * Refusals, with etcd's codes and texts (`api/v3rpc/rpctypes/error.go`).
 *
 * An error is a value that travels like an answer: nothing here throws. The text is what a client sees.
 */

/** gRPC status codes that etcd uses. */
export const Code = {
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** A refusal: a gRPC status code and the text etcd gives with it. */
export class EtcdError {
  readonly code: number;
  readonly message: string;

  constructor(code: number, message: string) {
    this.code = code;
    this.message = message;
  }
}

function refuse(code: number, message: string): EtcdError {
  return new EtcdError(code, `etcdserver: ${message}`);
}

export const ErrEmptyKey: EtcdError = refuse(Code.InvalidArgument, "key is not provided");
export const ErrKeyNotFound: EtcdError = refuse(Code.InvalidArgument, "key not found");
export const ErrValueProvided: EtcdError = refuse(Code.InvalidArgument, "value is provided");
export const ErrLeaseProvided: EtcdError = refuse(Code.InvalidArgument, "lease is provided");
export const ErrTooManyOps: EtcdError = refuse(Code.InvalidArgument, "too many operations in txn request");
export const ErrDuplicateKey: EtcdError = refuse(Code.InvalidArgument, "duplicate key given in txn request");
export const ErrInvalidSortOption: EtcdError = refuse(Code.InvalidArgument, "invalid sort option");
export const ErrCompacted: EtcdError = refuse(Code.OutOfRange, "mvcc: required revision has been compacted");
export const ErrFutureRevision: EtcdError = refuse(Code.OutOfRange, "mvcc: required revision is a future revision");
export const ErrNoSpace: EtcdError = refuse(Code.ResourceExhausted, "mvcc: database space exceeded");

export const ErrLeaseNotFound: EtcdError = refuse(Code.NotFound, "requested lease not found");
export const ErrLeaseExist: EtcdError = refuse(Code.FailedPrecondition, "lease already exists");
export const ErrLeaseTtlTooLarge: EtcdError = refuse(Code.OutOfRange, "too large lease TTL");

export const ErrRequestTooLarge: EtcdError = refuse(Code.InvalidArgument, "request is too large");
export const ErrCorrupt: EtcdError = refuse(Code.DataLoss, "corrupt cluster");
export const ErrNoLeader: EtcdError = refuse(Code.Unavailable, "no leader");
export const ErrNotLeader: EtcdError = refuse(Code.FailedPrecondition, "not leader");
export const ErrLeaderChanged: EtcdError = refuse(Code.Unavailable, "leader changed");
export const ErrStopped: EtcdError = refuse(Code.Unavailable, "server stopped");
export const ErrTimeout: EtcdError = refuse(Code.Unavailable, "request timed out");
export const ErrTimeoutDueToLeaderFail: EtcdError = refuse(
  Code.Unavailable,
  "request timed out, possibly due to previous leader failure",
);
export const ErrTooManyRequests: EtcdError = refuse(Code.ResourceExhausted, "too many requests");
export const ErrUnhealthy: EtcdError = refuse(Code.Unavailable, "unhealthy cluster");
export const ErrNotSupportedForLearner: EtcdError = refuse(Code.FailedPrecondition, "rpc not supported for learner");
export const ErrBadLeaderTransferee: EtcdError = refuse(Code.FailedPrecondition, "bad leader transferee");
