/**
 * The front desk of a member: takes a call and says what is to be done with it.
 *
 * What must be agreed becomes a command, what the member may answer by itself is a read, a lock or an election is a recipe.
 * Ids, password hashes and tokens are chosen here, before anything is agreed. The order of checks is etcd's: message size,
 * space, shape, token, rights, command size. After `etcdserver/api/v3rpc` and `etcdserver/v3_server.go`.
 */

import type { Request } from "./api.ts";
import { isReadonlyTxn, isSerializableTxn } from "./apply-kv.ts";
import { AuthenticateRequest, AuthUserAddRequest, AuthUserChangePasswordRequest, hashPassword } from "./auth-api.ts";
import { type AuthInfo, refuseNonAdmin } from "./auth-check.ts";
import { findUser } from "./auth-state.ts";
import { type Call, DowngradeAction, type RecipeCall } from "./call.ts";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./check-kv.ts";
import {
  AlarmAction,
  AlarmRequest,
  DowngradeInfoSetRequest,
  MemberAddRequest,
  MemberIdRequest,
} from "./cluster-api.ts";
import { AlarmType, ClusterMember } from "./cluster-state.ts";
import { clusterVersionOf } from "./cluster-version.ts";
import { Command } from "./command.ts";
import {
  Code,
  ErrAuthFailed,
  ErrAuthNotEnabled,
  ErrClusterVersionUnavailable,
  ErrDowngradeInProcess,
  ErrInvalidDowngradeTargetVersion,
  ErrMemberBadUrls,
  ErrNoPasswordUser,
  ErrNoSpace,
  ErrRequestTooLarge,
  ErrUnknownMethod,
  ErrWrongDowngradeVersionFormat,
  EtcdError,
} from "./error.ts";
import { NO_LEASE } from "./key-value.ts";
import { LeaseGrantRequest } from "./lease-api.ts";
import { DEFAULT_QUOTA_BYTES, fitsQuota } from "./quota.ts";
import { type Recipe, startRecipe } from "./recipe.ts";
import { type ClusterView, mayAdd, mayPromote, mayRemove, memberIdOf, validPeerUrls } from "./reconfigure.ts";
import { RequestKind } from "./request-kind.ts";
import { authOf, refuseNobody, type Server } from "./server.ts";

/** A command above this size is refused (`--max-request-bytes`). */
export const REQUEST_BYTES_MAX = 1_572_864 as const;
/** A message above this size never reaches etcd: gRPC itself refuses it. */
export const MESSAGE_BYTES_MAX = 2_097_152 as const;
/** What is to be done with a call. */
export type Admission =
  | { readonly do: "refuse"; readonly error: EtcdError }
  /** Refuse, and have the command that raises the alarm agreed. */
  | { readonly do: "alarm"; readonly error: EtcdError; readonly command: Command }
  /** Have the command agreed; its outcome is the answer. */
  | { readonly do: "propose"; readonly command: Command }
  /** Have the members' change agreed as Raft's configuration change. */
  | { readonly do: "reconfigure"; readonly command: Command }
  /** Answer by `answerLocally`, after a read index where `linearizable` says so. */
  | { readonly do: "read"; readonly linearizable: boolean }
  /** Run the recipe. */
  | { readonly do: "recipe"; readonly recipe: Recipe; readonly auth: AuthInfo };

function refuse(error: EtcdError): Admission {
  return { do: "refuse", error };
}

/** Decides what becomes of a call. Changes nothing but counters and the times of tokens. */
export function admitCall(
  server: Server,
  call: Call,
  token: string | null,
  nowMicros: number,
  view: ClusterView,
): Admission {
  if (call.call === "request") {
    const early = checkBeforeToken(server, call.request);
    if (early !== null) return early;
  }
  if (call.call === "member-add" && !validPeerUrls(call.peerUrls)) return refuse(ErrMemberBadUrls);
  if (call.call === "authenticate") return admitAuthentication(server, call.name, call.password);
  const info = authOf(server, token, nowMicros);
  if (info instanceof EtcdError) return refuse(info);
  switch (call.call) {
    case "request":
      return admitRequest(server, call.request, info, view);
    case "user-add": {
      const passwordHash = call.noPassword ? 0 : hashOf(call.password, call.hashedPassword);
      return propose(new AuthUserAddRequest(call.name, passwordHash, call.noPassword), info);
    }
    case "user-change-password":
      return propose(new AuthUserChangePasswordRequest(call.name, hashOf(call.password, call.hashedPassword)), info);
    case "member-add":
      return admitMemberAdd(server, call.peerUrls, call.isLearner, info, view, nowMicros);
    case "downgrade":
      return admitDowngrade(server, call.action, call.version, info);
    case "lock":
    case "unlock":
    case "campaign":
    case "proclaim":
    case "leader":
    case "resign":
      return admitRecipe(server, call, info);
    case "member-list":
      return { do: "read", linearizable: call.linearizable };
    default:
      return { do: "read", linearizable: false };
  }
}

function admitRecipe(server: Server, call: RecipeCall, info: AuthInfo): Admission {
  const recipe = startRecipe(call, chooseLeaseId(server), server.store.options.mutations);
  return { do: "recipe", recipe, auth: info };
}

/** A password that is given already hashed is taken as a text like any other. */
function hashOf(password: string, hashedPassword: string): number {
  return hashPassword(password === "" && hashedPassword !== "" ? hashedPassword : password);
}

/** The checks that etcd makes before it looks at the token: space, then shape. */
export function checkBeforeToken(server: Server, request: Request): Admission | null {
  if (request.size > MESSAGE_BYTES_MAX) {
    const text = `grpc: received message larger than max (${request.size} vs. ${MESSAGE_BYTES_MAX})`;
    return refuse(new EtcdError(Code.ResourceExhausted, text));
  }
  const quota = server.config.quotaBytes === 0 ? DEFAULT_QUOTA_BYTES : server.config.quotaBytes;
  if (!fitsQuota(request, server.fileBytes, quota)) {
    const alarm = new AlarmRequest(AlarmAction.ACTIVATE, server.config.memberId, AlarmType.NOSPACE);
    return { do: "alarm", error: ErrNoSpace, command: new Command(alarm) };
  }
  const malformed = checkShape(request);
  return malformed === null ? null : refuse(malformed);
}

function checkShape(request: Request): EtcdError | null {
  switch (request.kind) {
    case RequestKind.Range:
      return checkRange(request);
    case RequestKind.Put:
      return checkPut(request);
    case RequestKind.DeleteRange:
      return checkDeleteRange(request);
    case RequestKind.Txn:
      return checkTxn(request);
    default:
      return null;
  }
}

/** A request as a command, unless it is too large. */
export function propose(request: Request, info: AuthInfo): Admission {
  const command = new Command(request, info);
  return command.size > REQUEST_BYTES_MAX ? refuse(ErrRequestTooLarge) : { do: "propose", command };
}

function admitRequest(server: Server, request: Request, info: AuthInfo, view: ClusterView): Admission {
  const { store } = server;
  switch (request.kind) {
    case RequestKind.Range:
      return { do: "read", linearizable: !request.serializable };
    case RequestKind.Txn:
      if (!isReadonlyTxn(request)) return propose(request, info);
      return { do: "read", linearizable: !isSerializableTxn(request) };
    case RequestKind.Compaction:
      return refusedOr(refuseNonAdmin(store.auth, info), request, info);
    case RequestKind.LeaseGrant: {
      const refusal = refuseNobody(server, info);
      if (refusal !== null) return refuse(refusal);
      if (request.id !== NO_LEASE) return propose(request, info);
      return propose(new LeaseGrantRequest(chooseLeaseId(server), request.ttlSeconds), info);
    }
    case RequestKind.LeaseRevoke:
      return refusedOr(refuseNobody(server, info), request, info);
    case RequestKind.Alarm: {
      const refusal =
        request.action === AlarmAction.GET ? refuseNobody(server, info) : refuseNonAdmin(store.auth, info);
      return refusedOr(refusal, request, info);
    }
    case RequestKind.MemberAdd:
    case RequestKind.MemberRemove:
    case RequestKind.MemberUpdate:
    case RequestKind.MemberPromote:
      return admitMemberChange(server, request, info, view);
    default:
      return propose(request, info);
  }
}

function refusedOr(refusal: EtcdError | null, request: Request, info: AuthInfo): Admission {
  return refusal === null ? propose(request, info) : refuse(refusal);
}

/** An id that no lease has yet; positive, below 2^63, different on each member (etcd `pkg/idutil`). */
function chooseLeaseId(server: Server): string {
  for (;;) {
    const id = BigInt.asUintN(63, (BigInt(server.config.memberId) << 48n) | BigInt(server.nextId++)).toString();
    if (id !== NO_LEASE && !server.store.leases.has(id)) return id;
  }
}

function admitAuthentication(server: Server, name: string, password: string): Admission {
  const { auth } = server.store;
  if (!auth.enabled) return refuse(ErrAuthNotEnabled);
  const user = findUser(auth, name);
  if (user === undefined) return refuse(ErrAuthFailed);
  if (user.noPassword) return refuse(ErrNoPasswordUser);
  if (user.passwordHash !== hashPassword(password)) return refuse(ErrAuthFailed);
  const prefix = `${server.config.memberId}x${server.nextId++}`;
  return { do: "propose", command: new Command(new AuthenticateRequest(name, prefix)) };
}

function admitMemberAdd(
  server: Server,
  peerUrls: readonly string[],
  isLearner: boolean,
  info: AuthInfo,
  view: ClusterView,
  nowMicros: number,
): Admission {
  const refusal = refuseNonAdmin(server.store.auth, info) ?? mayAdd(server.store, view, isLearner);
  if (refusal !== null) return refuse(refusal);
  const urls = peerUrls.map((url) => url.trim()).sort();
  const id = memberIdOf(urls, server.config.clusterName, Math.floor(nowMicros / 1_000_000));
  const member = new ClusterMember(id, "", urls, [], isLearner);
  return { do: "reconfigure", command: new Command(new MemberAddRequest(member), info) };
}

function admitMemberChange(server: Server, request: Request, info: AuthInfo, view: ClusterView): Admission {
  let refusal = refuseNonAdmin(server.store.auth, info);
  if (refusal === null && request instanceof MemberIdRequest) {
    const { kind, id } = request;
    const ask = kind === RequestKind.MemberRemove ? mayRemove : mayPromote;
    refusal = ask(server.store, view, id);
  }
  return refusal === null ? { do: "reconfigure", command: new Command(request, info) } : refuse(refusal);
}

function admitDowngrade(server: Server, action: number, version: string, info: AuthInfo): Admission {
  const { store } = server;
  const refusal = refuseNonAdmin(store.auth, info);
  if (refusal !== null) return refuse(refusal);
  if (action === DowngradeAction.CANCEL) {
    return store.downgradeTarget === ""
      ? { do: "read", linearizable: true }
      : propose(new DowngradeInfoSetRequest(""), info);
  }
  if (action !== DowngradeAction.VALIDATE && action !== DowngradeAction.ENABLE) return refuse(ErrUnknownMethod);
  const target = clusterVersionOf(version);
  if (target === null) return refuse(ErrWrongDowngradeVersionFormat);
  const current = clusterVersionOf(store.clusterVersion);
  if (current === null) return refuse(ErrClusterVersionUnavailable);
  if (target.major !== current.major || target.minor !== current.minor - 1) {
    return refuse(ErrInvalidDowngradeTargetVersion);
  }
  const text = `${target.major}.${target.minor}.0`;
  if (store.downgradeTarget !== "" && store.downgradeTarget !== text) return refuse(ErrDowngradeInProcess);
  if (action === DowngradeAction.VALIDATE) return { do: "read", linearizable: true };
  return propose(new DowngradeInfoSetRequest(text), info);
}
