/**
 * Who may do what: every question that is asked before a request is served or applied.
 *
 * The same questions are asked by the member that takes a request (reads, watches, leases) and again when a command is
 * applied, so that a right taken away in between counts. Answers are refusals or null. After etcd
 * `auth/store.go`, `auth/range_perm_cache.go` and `etcdserver/apply/apply_auth.go`.
 */

import { type AuthState, findRole, findUser, PermissionType, type User } from "./auth-state.ts";
import { ErrAuthOldRevision, ErrPermissionDenied, ErrUserEmpty, ErrUserNotFound, type EtcdError } from "./error.ts";
import { addInterval, covers, createIntervalSet, type IntervalSet, intersects, pointInterval } from "./interval.ts";
import { NO_LEASE } from "./key-value.ts";
import type { DeleteRangeRequest, PutRequest, RangeRequest, TxnOperation, TxnRequest } from "./kv-api.ts";
import { RequestKind } from "./request-kind.ts";
import type { Store } from "./store.ts";

/** The user and role that may do everything. */
export const ROOT = "root" as const;

/** In whose name a request comes: user and the auth revision the user was seen at; revision 0 means nobody. */
export class AuthInfo {
  readonly username: string;
  readonly revision: number;

  constructor(username: string, revision: number) {
    this.username = username;
    this.revision = revision;
  }
}

/** A request without a token. */
export const NOBODY: AuthInfo = new AuthInfo("", 0);

/** Whether the user has the root role. */
export function hasRootRole(user: User): boolean {
  return user.roles.includes(ROOT);
}

/** Refuses whoever is not an administrator; nobody when auth is off. */
export function refuseNonAdmin(auth: AuthState, info: AuthInfo): EtcdError | null {
  if (!auth.enabled) return null;
  if (info.username === "") return ErrUserEmpty;
  const user = findUser(auth, info.username);
  if (user === undefined) return ErrUserNotFound;
  return hasRootRole(user) ? null : ErrPermissionDenied;
}

/** The ranges that the user's roles allow to read or to write. */
function grantedRanges(auth: AuthState, user: User, write: boolean): IntervalSet {
  const ranges = createIntervalSet();
  for (const name of user.roles) {
    for (const permission of findRole(auth, name)?.permissions ?? []) {
      const other = write ? PermissionType.READ : PermissionType.WRITE;
      if (permission.permType === other) continue;
      const { key, rangeEnd } = permission;
      if (rangeEnd === "") addInterval(ranges, pointInterval(key));
      else addInterval(ranges, { begin: key, end: rangeEnd === "\0" ? null : rangeEnd });
    }
  }
  return ranges;
}

function refuseOperation(
  auth: AuthState,
  info: AuthInfo,
  key: string,
  rangeEnd: string,
  write: boolean,
): EtcdError | null {
  if (!auth.enabled) return null;
  if (info.revision === 0) return ErrUserEmpty;
  if (info.revision < auth.revision) return ErrAuthOldRevision;
  const user = findUser(auth, info.username);
  if (user === undefined) return ErrPermissionDenied;
  if (hasRootRole(user)) return null;
  const ranges = grantedRanges(auth, user, write);
  const allowed =
    rangeEnd === ""
      ? intersects(ranges, pointInterval(key))
      : covers(ranges, { begin: key, end: rangeEnd === "\0" ? null : rangeEnd });
  return allowed ? null : ErrPermissionDenied;
}

/** Refuses a read that the user has no right to. */
export function refuseRange(auth: AuthState, info: AuthInfo, key: string, rangeEnd: string): EtcdError | null {
  return refuseOperation(auth, info, key, rangeEnd, false);
}

/** Refuses a write that the user has no right to. */
export function refuseWrite(auth: AuthState, info: AuthInfo, key: string, rangeEnd: string): EtcdError | null {
  return refuseOperation(auth, info, key, rangeEnd, true);
}

/** Refuses to attach to or revoke a lease that holds a key the user may not write. */
export function refuseLeaseWrite(store: Store, info: AuthInfo, leaseId: string): EtcdError | null {
  const lease = store.leases.get(leaseId);
  if (lease === undefined || refuseNonAdmin(store.auth, info) === null) return null;
  for (const key of lease.keys) {
    const refusal = refuseWrite(store.auth, info, key, "");
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Refuses to show the keys of a lease to whom may not read them. */
export function refuseLeaseRead(store: Store, info: AuthInfo, leaseId: string): EtcdError | null {
  for (const key of store.leases.get(leaseId)?.keys ?? []) {
    const refusal = refuseRange(store.auth, info, key, "");
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Refuses a put: the key, the lease it is to hang on, and the previous value when it is asked for. */
export function refusePut(store: Store, info: AuthInfo, request: PutRequest): EtcdError | null {
  const refusal =
    refuseWrite(store.auth, info, request.key, "") ??
    (request.lease === NO_LEASE ? null : refuseLeaseWrite(store, info, request.lease));
  if (refusal !== null || !request.prevKv) return refusal;
  return refuseRange(store.auth, info, request.key, "");
}

/** Refuses a delete. */
export function refuseDeleteRange(store: Store, info: AuthInfo, request: DeleteRangeRequest): EtcdError | null {
  const refusal = refuseWrite(store.auth, info, request.key, request.rangeEnd);
  if (refusal !== null || !request.prevKv) return refusal;
  return refuseRange(store.auth, info, request.key, request.rangeEnd);
}

/** Refuses a transaction if any of its parts, in either branch, would be refused. */
export function refuseTxn(store: Store, info: AuthInfo, request: TxnRequest): EtcdError | null {
  for (const compare of request.compare) {
    const refusal = refuseRange(store.auth, info, compare.key, compare.rangeEnd);
    if (refusal !== null) return refusal;
  }
  return refuseOperations(store, info, request.success) ?? refuseOperations(store, info, request.failure);
}

function refuseOperations(store: Store, info: AuthInfo, operations: readonly TxnOperation[]): EtcdError | null {
  for (const operation of operations) {
    const refusal = operation === null ? null : refuseTxnOperation(store, info, operation);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refuseTxnOperation(
  store: Store,
  info: AuthInfo,
  operation: RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest,
): EtcdError | null {
  switch (operation.kind) {
    case RequestKind.Range:
      return refuseRange(store.auth, info, operation.key, operation.rangeEnd);
    case RequestKind.Put:
      return refusePut(store, info, operation);
    case RequestKind.DeleteRange:
      return refuseDeleteRange(store, info, operation);
    case RequestKind.Txn:
      return refuseTxn(store, info, operation);
  }
}
