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

export const ErrClusterVersionUnavailable: EtcdError = refuse(
  Code.FailedPrecondition,
  "cluster version not found during downgrade",
);
export const ErrWrongDowngradeVersionFormat: EtcdError = refuse(
  Code.InvalidArgument,
  "wrong downgrade target version format",
);
export const ErrInvalidDowngradeTargetVersion: EtcdError = refuse(
  Code.InvalidArgument,
  "invalid downgrade target version",
);
export const ErrNoInflightDowngrade: EtcdError = refuse(Code.FailedPrecondition, "no inflight downgrade job");
export const ErrDowngradeInProcess: EtcdError = refuse(
  Code.FailedPrecondition,
  "cluster has a downgrade job in progress",
);
export const ErrUnknownMethod: EtcdError = refuse(Code.Unknown, "unknown method");

export const ErrMemberExist: EtcdError = refuse(Code.FailedPrecondition, "member ID already exist");
export const ErrPeerUrlExist: EtcdError = refuse(Code.FailedPrecondition, "Peer URLs already exists");
export const ErrMemberNotEnoughStarted: EtcdError = refuse(
  Code.FailedPrecondition,
  "re-configuration failed due to not enough started members",
);
export const ErrMemberBadUrls: EtcdError = refuse(Code.InvalidArgument, "given member URLs are invalid");
export const ErrMemberNotFound: EtcdError = refuse(Code.NotFound, "member not found");
export const ErrMemberNotLearner: EtcdError = refuse(Code.FailedPrecondition, "can only promote a learner member");
export const ErrLearnerNotReady: EtcdError = refuse(
  Code.FailedPrecondition,
  "can only promote a learner member which is in sync with leader",
);
export const ErrTooManyLearners: EtcdError = refuse(Code.FailedPrecondition, "too many learner members in cluster");

export const ErrRootUserNotExist: EtcdError = refuse(Code.FailedPrecondition, "root user does not exist");
export const ErrRootRoleNotExist: EtcdError = refuse(Code.FailedPrecondition, "root user does not have root role");
export const ErrUserAlreadyExist: EtcdError = refuse(Code.FailedPrecondition, "user name already exists");
export const ErrUserEmpty: EtcdError = refuse(Code.InvalidArgument, "user name is empty");
export const ErrUserNotFound: EtcdError = refuse(Code.FailedPrecondition, "user name not found");
export const ErrRoleAlreadyExist: EtcdError = refuse(Code.FailedPrecondition, "role name already exists");
export const ErrRoleNotFound: EtcdError = refuse(Code.FailedPrecondition, "role name not found");
export const ErrRoleEmpty: EtcdError = refuse(Code.InvalidArgument, "role name is empty");
export const ErrAuthFailed: EtcdError = refuse(
  Code.InvalidArgument,
  "authentication failed, invalid user ID or password",
);
export const ErrPermissionNotGiven: EtcdError = refuse(Code.InvalidArgument, "permission not given");
export const ErrPermissionDenied: EtcdError = refuse(Code.PermissionDenied, "permission denied");
export const ErrRoleNotGranted: EtcdError = refuse(Code.FailedPrecondition, "role is not granted to the user");
export const ErrPermissionNotGranted: EtcdError = refuse(
  Code.FailedPrecondition,
  "permission is not granted to the role",
);
export const ErrAuthNotEnabled: EtcdError = refuse(Code.FailedPrecondition, "authentication is not enabled");
export const ErrInvalidAuthToken: EtcdError = refuse(Code.Unauthenticated, "invalid auth token");
export const ErrInvalidAuthMgmt: EtcdError = refuse(Code.InvalidArgument, "invalid auth management");
export const ErrAuthOldRevision: EtcdError = refuse(Code.InvalidArgument, "revision of auth store is old");
/** etcd has no gRPC error of its own for this one; the text of the package that refuses shows through. */
export const ErrNoPasswordUser: EtcdError = new EtcdError(
  Code.Unknown,
  "auth: authentication failed, password was given for no password user",
);

/** The name of a gRPC code as it shows in `rpc error: code = ...`. */
export function codeName(code: number): string {
  for (const [name, value] of Object.entries(Code)) if (value === code) return name;
  return "Unknown";
}
