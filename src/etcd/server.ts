/**
 * The front desk of one member: takes a call and the time, and says what is to be done with it.
 *
 * What must be agreed becomes a `Command` (`admitCall`), whose effect is a pure function of state and command
 * (`applyCommitted`); what the member may answer by itself it answers (`answerLocally`): from its watches, tokens, lease
 * clock and file, none of which is replicated. A member behind Raft calls these three around its log; a single node is
 * the same with nothing in between (`answerCall`, `serveRecipe`). The order of checks is etcd's: space, shape, token, size.
 */

import type { Request, Response } from "./api.ts";
import { type ApplyContext, applyCommand } from "./apply.ts";
import { applyTxn, isReadonlyTxn, isSerializableTxn, range } from "./apply-kv.ts";
import {
  AuthenticateRequest,
  AuthenticateResponse,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  hashPassword,
} from "./auth-api.ts";
import {
  AuthInfo,
  NOBODY,
  ROOT,
  refuseLeaseRead,
  refuseLeaseWrite,
  refuseNonAdmin,
  refuseRange,
  refuseTxn,
} from "./auth-check.ts";
import { findUser } from "./auth-state.ts";
import { type Answer, type Call, DowngradeAction, type LocalAnswer, type LocalCall, type RecipeCall } from "./call.ts";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "./check-kv.ts";
import {
  AlarmAction,
  AlarmRequest,
  DowngradeInfoSetRequest,
  MemberAddRequest,
  MemberIdRequest,
} from "./cluster-api.ts";
import { AlarmType, ClusterMember } from "./cluster-state.ts";
import { Command } from "./command.ts";
import {
  ErrAuthFailed,
  ErrAuthNotEnabled,
  ErrBadLeaderTransferee,
  ErrClusterVersionUnavailable,
  ErrDowngradeInProcess,
  ErrInvalidAuthToken,
  ErrInvalidDowngradeTargetVersion,
  ErrMemberBadUrls,
  ErrNoPasswordUser,
  ErrNoSpace,
  ErrNotLeader,
  ErrRequestTooLarge,
  ErrUnknownMethod,
  ErrUserEmpty,
  ErrWrongDowngradeVersionFormat,
  EtcdError,
} from "./error.ts";
import { hashKv } from "./hash-kv.ts";
import { isTombstone, NO_LEASE } from "./key-value.ts";
import { LeaseCheckpointRequest, LeaseGrantRequest, LeaseRevokeRequest } from "./lease-api.ts";
import {
  createLeaseClock,
  dueCheckpoints,
  expiredLeases,
  type LeaseClock,
  leaseGranted,
  leaseRevoked,
  promoteClock,
  remainingMicros,
  renewalCheckpoint,
  renewLease,
  sortedLeases,
} from "./lease-clock.ts";
import { DEFAULT_QUOTA_BYTES, fitsQuota, sizeInUseBytes } from "./quota.ts";
import { type Recipe, startRecipe, stepRecipe } from "./recipe.ts";
import { type ClusterView, mayAdd, mayPromote, mayRemove, memberIdOf, validPeerUrls } from "./reconfigure.ts";
import { RequestKind } from "./request-kind.ts";
import { exportSnapshot } from "./snapshot.ts";
import { changesAt, createStore, type Store, type StoreOptions } from "./store.ts";
import { assignToken, createTokenTable, dropAllTokens, dropUserTokens, type TokenTable, useToken } from "./tokens.ts";
import { createWatchHub, notifyWatchers, type WatchHub } from "./watch-hub.ts";

/** A command above this size is refused (`--max-request-bytes`). */
export const REQUEST_BYTES_MAX = 1_572_864 as const;
/** A message above this size never reaches etcd: gRPC itself refuses it. */
export const MESSAGE_BYTES_MAX = 2_097_152 as const;
/** What the modelled server calls itself. */
export const SERVER_VERSION = "3.6.16" as const;

/** How a member is set up. */
export interface ServerConfig {
  /** Decimal uint64. */
  readonly memberId: string;
  readonly clusterName: string;
  /** 0 stands for the default, a negative one for none. */
  readonly quotaBytes: number;
  /** A new leader adds this to what leases are due. */
  readonly electionMicros: number;
  readonly store: StoreOptions;
}

/** A member's etcd: the replicated store and what is the member's own. */
export interface Server {
  readonly config: ServerConfig;
  store: Store;
  tokens: TokenTable;
  leases: LeaseClock;
  hub: WatchHub;
  /** Size of the member's file: grows with what is retained, shrinks when it is defragmented. */
  fileBytes: number;
  /** Whom the member takes for the leader; `0` for nobody. Set by the host. */
  leaderId: string;
  raftTerm: number;
  commitIndex: number;
  appliedIndex: number;
  /** Server-chosen lease ids and token prefixes are counted from here. */
  nextId: number;
}

/** A member with an empty store that does not lead. */
export function createServer(config: ServerConfig): Server {
  const store = createStore(config.store);
  return {
    config,
    store,
    tokens: createTokenTable(),
    leases: createLeaseClock(),
    hub: createWatchHub(),
    fileBytes: sizeInUseBytes(store),
    leaderId: "0",
    raftTerm: 0,
    commitIndex: 0,
    appliedIndex: 0,
    nextId: 1,
  };
}

/** The member leads from now on (a single node does at once). */
export function becomeLeader(server: Server, term: number, nowMicros: number): void {
  server.leaderId = server.config.memberId;
  server.raftTerm = term;
  promoteClock(server.leases, server.store, nowMicros, server.config.electionMicros);
}

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

/** In whose name a call with this token comes; nobody when auth is off or no token was given. */
export function authOf(server: Server, token: string | null, nowMicros: number): AuthInfo | EtcdError {
  if (!server.store.auth.enabled || token === null) return NOBODY;
  const user = useToken(server.tokens, token, nowMicros);
  return user === null ? ErrInvalidAuthToken : new AuthInfo(user, server.store.auth.revision);
}

/** Refuses whoever brought no token while auth is on. */
function refuseNobody(server: Server, info: AuthInfo): EtcdError | null {
  return server.store.auth.enabled && info.username === "" ? ErrUserEmpty : null;
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
function checkBeforeToken(server: Server, request: Request): Admission | null {
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
function propose(request: Request, info: AuthInfo): Admission {
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

/** An id that no lease has yet; positive, below 2^63, different on each member. */
function chooseLeaseId(server: Server): string {
  for (;;) {
    const id = (((BigInt(server.config.memberId) & 0xffffn) << 46n) | BigInt(server.nextId++)).toString();
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

/** `3.5` and `3.5.0` name the same cluster version; null for what is none. */
function clusterVersionOf(text: string): { readonly major: number; readonly minor: number } | null {
  const parts = /^v?([0-9]+)\.([0-9]+)(?:\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?$/.exec(text);
  return parts === null || text.startsWith("v") ? null : { major: Number(parts[1]), minor: Number(parts[2]) };
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

/**
 * Applies a committed command and does what follows from it on this member: watches are told, tokens and lease times kept,
 * the file grows. Gives the outcome, for the client if this member serves it.
 */
export function applyCommitted(
  server: Server,
  command: Command,
  nowMicros: number,
  context: ApplyContext,
): Response | EtcdError {
  const { store } = server;
  const before = store.revision;
  const outcome = applyCommand(store, command, context);
  if (store.revision !== before) notifyWatchers(server.hub, store);
  if (outcome instanceof EtcdError) return outcome;
  followUp(server, command.request, outcome, nowMicros);
  const inUse = sizeInUseBytes(store);
  if (inUse > server.fileBytes) server.fileBytes = inUse;
  return outcome;
}

function followUp(server: Server, request: Request, outcome: Response, nowMicros: number): void {
  switch (request.kind) {
    case RequestKind.LeaseGrant:
      leaseGranted(server.leases, server.store, request.id, nowMicros);
      break;
    case RequestKind.LeaseRevoke:
      leaseRevoked(server.leases, request.id);
      break;
    case RequestKind.Authenticate:
      if (outcome instanceof AuthenticateResponse) assignToken(server.tokens, outcome.token, request.name, nowMicros);
      break;
    case RequestKind.AuthUserDelete:
    case RequestKind.AuthUserChangePassword:
      dropUserTokens(server.tokens, request.name);
      break;
    case RequestKind.AuthDisable:
      dropAllTokens(server.tokens);
      break;
    default:
  }
}

/**
 * The commands that time makes due on a leader: revocations of leases that are over, and checkpoints. To be asked for once
 * in `EXPIRY_PERIOD_MICROS`. They are proposed in the name of root, so that auth does not stop them.
 */
export function dueCommands(server: Server, nowMicros: number): Command[] {
  if (!server.leases.primary) return [];
  const { auth } = server.store;
  const info = auth.enabled ? new AuthInfo(ROOT, auth.revision) : NOBODY;
  const commands = expiredLeases(server.leases, nowMicros).map((id) => new Command(new LeaseRevokeRequest(id), info));
  const checkpoints = dueCheckpoints(server.leases, server.store, nowMicros);
  if (checkpoints.length > 0) commands.push(new Command(new LeaseCheckpointRequest(checkpoints), info));
  return commands;
}

/** Answers a call that was admitted as a read. A linearizable one must have waited for its read index. */
export function answerLocally(server: Server, call: Call, token: string | null, nowMicros: number): Answer | EtcdError {
  const info = authOf(server, token, nowMicros);
  if (info instanceof EtcdError) return info;
  if (call.call === "request") return readRequest(server, call.request, info);
  if (call.call === "downgrade") return downgraded(server);
  switch (call.call) {
    case "lease-keep-alive":
    case "lease-time-to-live":
    case "lease-leases":
      return answerLease(server, call, info, nowMicros);
    case "member-list":
      return refuseNobody(server, info) ?? { answer: "members", members: server.store.members };
    case "status":
      return refuseNobody(server, info) ?? statusOf(server);
    case "hash":
    case "hash-kv":
    case "defragment":
    case "snapshot":
    case "move-leader":
      return refuseNonAdmin(server.store.auth, info) ?? answerMaintenance(server, call);
    default:
      return ErrUnknownMethod;
  }
}

function readRequest(server: Server, request: Request, info: AuthInfo): Answer | EtcdError {
  const { store } = server;
  if (request.kind === RequestKind.Range) {
    return refuseRange(store.auth, info, request.key, request.rangeEnd) ?? range(store, request);
  }
  if (request.kind === RequestKind.Txn) return refuseTxn(store, info, request) ?? applyTxn(store, request);
  return ErrUnknownMethod;
}

function answerLease(server: Server, call: LocalCall, info: AuthInfo, nowMicros: number): Answer | EtcdError {
  const { store } = server;
  const admin = refuseNonAdmin(store.auth, info) === null;
  switch (call.call) {
    case "lease-keep-alive": {
      const refusal = refuseNobody(server, info) ?? (admin ? null : refuseLeaseWrite(store, info, call.id));
      if (refusal !== null) return refusal;
      const ttlSeconds = renewLease(server.leases, store, call.id, nowMicros);
      if (ttlSeconds === null) return ErrNotLeader;
      return { answer: "keep-alive", revision: store.revision, id: call.id, ttlSeconds };
    }
    case "lease-time-to-live": {
      const refusal =
        refuseNobody(server, info) ?? (call.keys && !admin ? refuseLeaseRead(store, info, call.id) : null);
      return refusal ?? timeToLive(server, call.id, call.keys, nowMicros);
    }
    case "lease-leases": {
      const nobody = refuseNobody(server, info);
      if (nobody !== null) return nobody;
      const leases = sortedLeases(store);
      for (const lease of leases) {
        const refusal = admin ? null : refuseLeaseRead(store, info, lease.id);
        if (refusal !== null) return refusal;
      }
      return { answer: "leases", revision: store.revision, ids: leases.map((lease) => lease.id) };
    }
    default:
      return ErrUnknownMethod;
  }
}

function timeToLive(server: Server, id: string, withKeys: boolean, nowMicros: number): LocalAnswer {
  const { revision } = server.store;
  const lease = server.store.leases.get(id);
  if (lease === undefined) {
    return { answer: "time-to-live", revision, id, ttlSeconds: -1, grantedSeconds: 0, keys: [] };
  }
  const micros = remainingMicros(server.leases, id, nowMicros) ?? lease.ttlSeconds * 1_000_000;
  return {
    answer: "time-to-live",
    revision,
    id,
    ttlSeconds: Math.trunc(micros / 1_000_000),
    grantedSeconds: lease.ttlSeconds,
    keys: withKeys ? lease.keys : [],
  };
}

function statusOf(server: Server): LocalAnswer {
  const { store, config } = server;
  const errors = store.alarms.map(({ memberId, alarm }) => `memberID:${memberId} alarm:${alarmName(alarm)} `);
  if (server.leaderId === "0") errors.unshift("etcdserver: no leader");
  return {
    answer: "status",
    revision: store.revision,
    version: SERVER_VERSION,
    fileBytes: server.fileBytes,
    inUseBytes: sizeInUseBytes(store),
    leaderId: server.leaderId,
    raftIndex: server.commitIndex,
    raftTerm: server.raftTerm,
    raftAppliedIndex: server.appliedIndex,
    errors,
    isLearner: store.members.some((member) => member.id === config.memberId && member.isLearner),
    storageVersion: store.clusterVersion,
    quotaBytes: config.quotaBytes === 0 ? DEFAULT_QUOTA_BYTES : config.quotaBytes,
    downgradeTarget: store.downgradeTarget,
  };
}

/** The name of an alarm's type as etcd writes it. */
export function alarmName(alarm: number): string {
  if (alarm === AlarmType.NOSPACE) return "NOSPACE";
  return alarm === AlarmType.CORRUPT ? "CORRUPT" : "NONE";
}

function answerMaintenance(server: Server, call: LocalCall): Answer | EtcdError {
  const { store } = server;
  switch (call.call) {
    case "hash":
      return { answer: "hash", revision: store.revision, hash: exportSnapshot(store).hash >>> 0 };
    case "hash-kv": {
      const hash = hashKv(store, call.revision);
      if (hash instanceof EtcdError) return hash;
      return {
        answer: "hash-kv",
        revision: store.revision,
        hash: hash.hash,
        compactRevision: hash.compactRevision,
        hashRevision: hash.revision,
      };
    }
    case "defragment":
      server.fileBytes = sizeInUseBytes(store);
      return { answer: "empty" };
    case "snapshot": {
      const snapshot = exportSnapshot(store);
      return { answer: "snapshot", version: store.clusterVersion, size: snapshot.size, hash: snapshot.hash };
    }
    case "move-leader":
      if (server.leaderId !== server.config.memberId) return ErrNotLeader;
      return store.members.some((member) => member.id === call.targetId && !member.isLearner)
        ? { answer: "empty" }
        : ErrBadLeaderTransferee;
    default:
      return ErrUnknownMethod;
  }
}

function downgraded(server: Server): LocalAnswer {
  const version = clusterVersionOf(server.store.clusterVersion);
  const text = version === null ? "" : `${version.major}.${version.minor}`;
  return { answer: "downgrade", revision: server.store.revision, version: text };
}

/** Applies a command at once, as a cluster of one does. */
export function applyAtOnce(server: Server, command: Command, nowMicros: number): Response | EtcdError {
  server.commitIndex++;
  server.appliedIndex = server.commitIndex;
  return applyCommitted(server, command, nowMicros, {
    index: server.appliedIndex,
    serving: true,
    overQuota: false,
  });
}

/**
 * Answers a call on a cluster of one. Null when the call is a lock or a campaign that must wait: then `recipe` of the
 * pending entry goes on when the key it waits for is gone (`serveRecipe`).
 */
export function answerCall(
  server: Server,
  call: Call,
  token: string | null,
  nowMicros: number,
  view: ClusterView,
): Answer | EtcdError | PendingRecipe {
  const admission = admitCall(server, call, token, nowMicros, view);
  switch (admission.do) {
    case "refuse":
      return admission.error;
    case "alarm":
      applyAtOnce(server, admission.command, nowMicros);
      return admission.error;
    case "propose":
    case "reconfigure": {
      const outcome = applyAtOnce(server, admission.command, nowMicros);
      return call.call === "downgrade" && !(outcome instanceof EtcdError) ? downgraded(server) : outcome;
    }
    case "read": {
      if (call.call === "lease-keep-alive") settleRenewal(server, call.id, nowMicros);
      return answerLocally(server, call, token, nowMicros);
    }
    case "recipe":
      return serveRecipe(
        server,
        { recipe: admission.recipe, auth: admission.auth, key: "", fromRevision: 0 },
        nowMicros,
      );
  }
}

/** A lease that is over is revoked before it is renewed; one that was checkpointed has its checkpoint taken back. */
function settleRenewal(server: Server, id: string, nowMicros: number): void {
  const remaining = remainingMicros(server.leases, id, nowMicros);
  if (remaining !== null && remaining <= 0) {
    for (const command of dueCommands(server, nowMicros)) applyAtOnce(server, command, nowMicros);
    return;
  }
  const checkpoint = renewalCheckpoint(server.store, id);
  if (checkpoint !== null) applyAtOnce(server, new Command(new LeaseCheckpointRequest([checkpoint])), nowMicros);
}

/** A recipe that waits for a key to be deleted at `fromRevision` or later. */
export interface PendingRecipe {
  readonly recipe: Recipe;
  readonly auth: AuthInfo;
  readonly key: string;
  readonly fromRevision: number;
}

/** Whether the key that a recipe waits for has been deleted by now. */
export function isReleased(store: Store, pending: PendingRecipe): boolean {
  for (let revision = pending.fromRevision; revision <= store.revision; revision++) {
    if (changesAt(store, revision).some((kv) => kv.key === pending.key && isTombstone(kv))) return true;
  }
  return false;
}

/** Runs a recipe on a cluster of one as far as it goes. */
export function serveRecipe(
  server: Server,
  pending: PendingRecipe,
  nowMicros: number,
): Answer | EtcdError | PendingRecipe {
  const { recipe, auth } = pending;
  let outcome: Response | EtcdError | null = null;
  for (;;) {
    const step = stepRecipe(recipe, outcome);
    switch (step.do) {
      case "done":
        return step.answer;
      case "refuse":
        return step.error;
      case "wait": {
        const next: PendingRecipe = { recipe, auth, key: step.key, fromRevision: step.fromRevision };
        if (!isReleased(server.store, next)) return next;
        outcome = null;
        break;
      }
      case "request":
        outcome = answerStep(server, step.request, auth, nowMicros);
    }
  }
}

function answerStep(server: Server, request: Request, auth: AuthInfo, nowMicros: number): Response | EtcdError {
  const early = checkBeforeToken(server, request);
  if (early?.do === "alarm") {
    applyAtOnce(server, early.command, nowMicros);
    return early.error;
  }
  if (early?.do === "refuse") return early.error;
  if (request.kind === RequestKind.Range) {
    return refuseRange(server.store.auth, auth, request.key, request.rangeEnd) ?? range(server.store, request);
  }
  const admission = propose(request, auth);
  return admission.do === "propose" ? applyAtOnce(server, admission.command, nowMicros) : ErrRequestTooLarge;
}
