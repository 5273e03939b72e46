/**
 * The closed list of requests, as small integers: what `kind` says on every request value.
 *
 * After `RaftInternalRequest` (`raft_internal.proto`), with the reads that never enter the log beside it.
 */

export const RequestKind = {
  Range: 1,
  Put: 2,
  DeleteRange: 3,
  Txn: 4,
  Compaction: 5,
  LeaseGrant: 6,
  LeaseRevoke: 7,
  LeaseCheckpoint: 8,
  Alarm: 9,
  AuthEnable: 10,
  AuthDisable: 11,
  AuthStatus: 12,
  Authenticate: 13,
  AuthUserAdd: 14,
  AuthUserDelete: 15,
  AuthUserGet: 16,
  AuthUserList: 17,
  AuthUserChangePassword: 18,
  AuthUserGrantRole: 19,
  AuthUserRevokeRole: 20,
  AuthRoleAdd: 21,
  AuthRoleDelete: 22,
  AuthRoleGet: 23,
  AuthRoleList: 24,
  AuthRoleGrantPermission: 25,
  AuthRoleRevokePermission: 26,
  MemberAdd: 27,
  MemberRemove: 28,
  MemberUpdate: 29,
  MemberPromote: 30,
  MemberPublish: 31,
  ClusterVersionSet: 32,
  DowngradeInfoSet: 33,
} as const;

/** One of the numbers in `RequestKind`. */
export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];
