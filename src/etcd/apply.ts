/**
 * The one door for commands: applies a request to a store and gives its outcome, a pure function of state and command.
 *
 * Called once per member for each committed entry, in log order. The order of refusals is etcd's chain of appliers
 * (`etcdserver/apply/uber_applier.go`): administrator, corruption, space, rights, then the request itself.
 */

import type { Request, Response } from "./api.ts";
import { applyAuth } from "./apply-auth.ts";
import { applyAlarm, applyMember } from "./apply-cluster.ts";
import { applyCompaction, applyDeleteRange, applyPut, applyTxn, range, withoutReads } from "./apply-kv.ts";
import { applyLeaseCheckpoint, applyLeaseGrant, applyLeaseRevoke } from "./apply-lease.ts";
import {
  type AuthInfo,
  NOBODY,
  refuseDeleteRange,
  refuseLeaseWrite,
  refuseNonAdmin,
  refusePut,
  refuseRange,
  refuseTxn,
} from "./auth-check.ts";
import { AlarmType } from "./cluster-state.ts";
import type { Command } from "./command.ts";
import { ErrCorrupt, ErrNoSpace, type EtcdError } from "./error.ts";
import { costBytes } from "./quota.ts";
import { RequestKind } from "./request-kind.ts";
import type { Store } from "./store.ts";

/** What a command is told about its place: none of it may change the outcome but for planted bugs and token names. */
export interface ApplyContext {
  /** Index of the log entry. */
  readonly index: number;
  /** Whether this member will answer the client. */
  readonly serving: boolean;
  /** Whether this member's own file is beyond its quota. */
  readonly overQuota: boolean;
}

/** Applied by itself, outside any log. */
export const NO_CONTEXT: ApplyContext = Object.freeze({ index: 0, serving: true, overQuota: false });

/** Applies `request` in nobody's name. Gives its answer, or the refusal with nothing changed. */
export function applyRequest(store: Store, request: Request, context: ApplyContext = NO_CONTEXT): Response | EtcdError {
  // Auth and alarms are off nearly always: then nothing stands between a command and its effect.
  if (store.auth.enabled || store.alarms.length > 0) return applyGuarded(store, request, NOBODY, context);
  return applyPlain(store, request, NOBODY, context);
}

/** Applies a command in the name of the user it carries. Gives its answer, or the refusal with nothing changed. */
export function applyCommand(store: Store, command: Command, context: ApplyContext = NO_CONTEXT): Response | EtcdError {
  return applyAs(store, command.request, command.auth, context);
}

/** Applies `request` in the name of `info`. Gives its answer, or the refusal with nothing changed. */
export function applyAs(store: Store, request: Request, info: AuthInfo, context: ApplyContext): Response | EtcdError {
  if (store.auth.enabled || store.alarms.length > 0 || request.kind >= RequestKind.AuthEnable) {
    return applyGuarded(store, request, info, context);
  }
  return applyPlain(store, request, info, context);
}

function applyGuarded(store: Store, request: Request, info: AuthInfo, context: ApplyContext): Response | EtcdError {
  if (needsAdmin(request.kind)) {
    const refusal = refuseNonAdmin(store.auth, info);
    if (refusal !== null) return refusal;
  }
  if (store.alarms.length > 0) {
    const refusal = refuseByAlarm(store, request);
    if (refusal !== null) return refusal;
  }
  if (store.auth.enabled) {
    const refusal = refuseByRights(store, request, info);
    if (refusal !== null) return refusal;
  }
  return applyPlain(store, request, info, context);
}

/** Commands that only an administrator may give; who may see a user or a role is decided with the answer. */
function needsAdmin(kind: number): boolean {
  if (kind < RequestKind.AuthEnable || kind > RequestKind.AuthRoleRevokePermission) return false;
  return kind !== RequestKind.Authenticate && kind !== RequestKind.AuthUserGet && kind !== RequestKind.AuthRoleGet;
}

function refuseByAlarm(store: Store, request: Request): EtcdError | null {
  let corrupt = false;
  let noSpace = false;
  for (const { alarm } of store.alarms) {
    if (alarm === AlarmType.CORRUPT) corrupt = true;
    if (alarm === AlarmType.NOSPACE) noSpace = true;
  }
  if (corrupt && request.kind <= RequestKind.LeaseRevoke) return ErrCorrupt;
  return noSpace && costBytes(request) > 0 ? ErrNoSpace : null;
}

function refuseByRights(store: Store, request: Request, info: AuthInfo): EtcdError | null {
  switch (request.kind) {
    case RequestKind.Put:
      return refusePut(store, info, request);
    case RequestKind.Range:
      return refuseRange(store.auth, info, request.key, request.rangeEnd);
    case RequestKind.DeleteRange:
      return refuseDeleteRange(store, info, request);
    case RequestKind.Txn:
      return refuseTxn(store, info, request);
    case RequestKind.LeaseRevoke:
      return refuseLeaseWrite(store, info, request.id);
    default:
      return null;
  }
}

function applyPlain(store: Store, request: Request, info: AuthInfo, context: ApplyContext): Response | EtcdError {
  if (context.overQuota && store.options.mutations.quotaDecidedAtApply && costBytes(request) > 0) return ErrNoSpace;
  switch (request.kind) {
    case RequestKind.Put:
      return applyPut(store, request);
    case RequestKind.Range:
      return range(store, request);
    case RequestKind.Txn:
      if (store.options.mutations.txnRangeStripped && !context.serving) return applyTxn(store, withoutReads(request));
      return applyTxn(store, request);
    case RequestKind.DeleteRange:
      return applyDeleteRange(store, request);
    case RequestKind.Compaction:
      return applyCompaction(store, request);
    case RequestKind.LeaseGrant:
      return applyLeaseGrant(store, request);
    case RequestKind.LeaseRevoke:
      return applyLeaseRevoke(store, request);
    case RequestKind.LeaseCheckpoint:
      return applyLeaseCheckpoint(store, request);
    case RequestKind.Alarm:
      return applyAlarm(store, request);
    case RequestKind.MemberAdd:
    case RequestKind.MemberRemove:
    case RequestKind.MemberUpdate:
    case RequestKind.MemberPromote:
    case RequestKind.MemberPublish:
    case RequestKind.ClusterVersionSet:
    case RequestKind.DowngradeInfoSet:
      return applyMember(store, request);
    default:
      return applyAuth(store, request, info, context.index);
  }
}
