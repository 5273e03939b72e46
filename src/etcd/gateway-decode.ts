/**
 * From a path and a body in the gateway's JSON form to a call.
 *
 * One table of paths, one small decoder a message; fields as in `rpc.proto`, `v3lock.proto` and `v3election.proto`.
 */

import type { Request } from "./api.ts";
import {
  AuthDisableRequest,
  AuthEnableRequest,
  AuthNameRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthStatusRequest,
  AuthUserRoleRequest,
} from "./auth-api.ts";
import { Permission, PermissionType } from "./auth-state.ts";
import { type Call, DowngradeAction, type LeaderKey } from "./call.ts";
import { AlarmAction, AlarmRequest, MemberIdRequest, MemberUpdateRequest } from "./cluster-api.ts";
import { AlarmType } from "./cluster-state.ts";
import { Code, EtcdError } from "./error.ts";
import {
  beginReading,
  type FieldNote,
  type Fields,
  has,
  messageOf,
  noteUnknown,
  type PlainForm,
  readBool,
  readBytes,
  readEnum,
  readEnums,
  readInt64,
  readInteger,
  readMessage,
  readMessages,
  readText,
  readTexts,
  readUint64,
} from "./gateway-read.ts";
import { JsonFault, parseJson } from "./json.ts";
import {
  CompactionRequest,
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
  type TxnOperation,
  TxnRequest,
} from "./kv-api.ts";
import { LeaseGrantRequest, LeaseRevokeRequest } from "./lease-api.ts";
import { RequestKind } from "./request-kind.ts";
import {
  WatchCancelRequest,
  WatchCreateRequest,
  WatchFilter,
  WatchProgressRequest,
  type WatchRequest,
} from "./watch-api.ts";

/** The error of a path that leads nowhere. */
export const ErrNoSuchPath: EtcdError = new EtcdError(Code.NotFound, "Not Found");
/** The error of a body that ends too early. */
export const ErrBodyEndsEarly: EtcdError = new EtcdError(Code.InvalidArgument, "unexpected EOF");
/** The error of a body that is no such message. */
export const ErrBodyMalformed: EtcdError = new EtcdError(Code.InvalidArgument, "malformed request body");

function asRequest(request: Request): Call {
  return { call: "request", request };
}

function decodeRange(fields: Fields): RangeRequest {
  return new RangeRequest(readBytes(fields, "key"), readBytes(fields, "range_end"), {
    limit: readInteger(fields, "limit"),
    revision: readInteger(fields, "revision"),
    sortOrder: readEnum(fields, "sort_order", SortOrder),
    sortTarget: readEnum(fields, "sort_target", SortTarget),
    serializable: readBool(fields, "serializable"),
    keysOnly: readBool(fields, "keys_only"),
    countOnly: readBool(fields, "count_only"),
    minModRevision: readInteger(fields, "min_mod_revision"),
    maxModRevision: readInteger(fields, "max_mod_revision"),
    minCreateRevision: readInteger(fields, "min_create_revision"),
    maxCreateRevision: readInteger(fields, "max_create_revision"),
  });
}

function decodePut(fields: Fields): PutRequest {
  return new PutRequest(
    readBytes(fields, "key"),
    readBytes(fields, "value"),
    readInt64(fields, "lease"),
    readBool(fields, "prev_kv"),
    readBool(fields, "ignore_value"),
    readBool(fields, "ignore_lease"),
  );
}

function decodeDeleteRange(fields: Fields): DeleteRangeRequest {
  return new DeleteRangeRequest(readBytes(fields, "key"), readBytes(fields, "range_end"), readBool(fields, "prev_kv"));
}

/** Which field of the union holds the operand of each target. */
const OPERANDS: readonly string[] = ["version", "create_revision", "mod_revision", "value", "lease"];

/** An operand of another target than the compare's own counts as absent; two operands are malformed. */
function decodeCompare(fields: Fields): Compare {
  const target = readEnum(fields, "target", CompareTarget);
  const version = readInteger(fields, "version");
  const create = readInteger(fields, "create_revision");
  const mod = readInteger(fields, "mod_revision");
  const value = readBytes(fields, "value");
  const lease = readInt64(fields, "lease");
  if (OPERANDS.filter((name) => has(fields, name)).length > 1) fields.state.bad = true;
  const revision =
    target === CompareTarget.VERSION
      ? version
      : target === CompareTarget.CREATE
        ? create
        : target === CompareTarget.MOD
          ? mod
          : 0;
  return new Compare(
    target,
    readEnum(fields, "result", CompareResult),
    readBytes(fields, "key"),
    revision,
    target === CompareTarget.VALUE ? value : "",
    target === CompareTarget.LEASE ? lease : "0",
    readBytes(fields, "range_end"),
  );
}

function decodeOperation(fields: Fields): TxnOperation {
  const range = readMessage(fields, "request_range");
  const put = readMessage(fields, "request_put");
  const deletion = readMessage(fields, "request_delete_range");
  const txn = readMessage(fields, "request_txn");
  if ([range, put, deletion, txn].filter((part) => part !== null).length > 1) fields.state.bad = true;
  if (range !== null) return decodeRange(range);
  if (put !== null) return decodePut(put);
  if (deletion !== null) return decodeDeleteRange(deletion);
  return txn === null ? null : decodeTxn(txn);
}

function decodeTxn(fields: Fields): TxnRequest {
  return new TxnRequest(
    readMessages(fields, "compare").map(decodeCompare),
    readMessages(fields, "success").map(decodeOperation),
    readMessages(fields, "failure").map(decodeOperation),
  );
}

function decodePermission(fields: Fields): Permission {
  const type = readEnum(fields, "permType", PermissionType);
  return new Permission(type, readBytes(fields, "key"), readBytes(fields, "range_end"));
}

function decodeLeader(fields: Fields): LeaderKey | null {
  const leader = readMessage(fields, "leader");
  if (leader === null) return null;
  return {
    name: readBytes(leader, "name"),
    key: readBytes(leader, "key"),
    revision: readInteger(leader, "rev"),
    lease: readInt64(leader, "lease"),
  };
}

function decodeRevoke(fields: Fields): Call {
  return asRequest(new LeaseRevokeRequest(readInt64(fields, "ID")));
}

function decodeTimeToLive(fields: Fields): Call {
  return { call: "lease-time-to-live", id: readInt64(fields, "ID"), keys: readBool(fields, "keys") };
}

function decodeUserAdd(fields: Fields): Call {
  const options = readMessage(fields, "options");
  return {
    call: "user-add",
    name: readText(fields, "name"),
    password: readText(fields, "password"),
    hashedPassword: readText(fields, "hashedPassword"),
    noPassword: options !== null && readBool(options, "no_password"),
  };
}

const DECODERS: Readonly<Record<string, (fields: Fields) => Call>> = {
  "/v3/kv/range": (fields) => asRequest(decodeRange(fields)),
  "/v3/kv/put": (fields) => asRequest(decodePut(fields)),
  "/v3/kv/deleterange": (fields) => asRequest(decodeDeleteRange(fields)),
  "/v3/kv/txn": (fields) => asRequest(decodeTxn(fields)),
  "/v3/kv/compaction": (fields) =>
    asRequest(new CompactionRequest(readInteger(fields, "revision"), readBool(fields, "physical"))),
  "/v3/lease/grant": (fields) => asRequest(new LeaseGrantRequest(readInt64(fields, "ID"), readInteger(fields, "TTL"))),
  "/v3/lease/revoke": decodeRevoke,
  "/v3/kv/lease/revoke": decodeRevoke,
  "/v3/lease/keepalive": (fields) => ({ call: "lease-keep-alive", id: readInt64(fields, "ID") }),
  "/v3/lease/timetolive": decodeTimeToLive,
  "/v3/kv/lease/timetolive": decodeTimeToLive,
  "/v3/lease/leases": () => ({ call: "lease-leases" }),
  "/v3/kv/lease/leases": () => ({ call: "lease-leases" }),
  "/v3/cluster/member/add": (fields) => ({
    call: "member-add",
    peerUrls: readTexts(fields, "peerURLs"),
    isLearner: readBool(fields, "isLearner"),
  }),
  "/v3/cluster/member/remove": (fields) =>
    asRequest(new MemberIdRequest(RequestKind.MemberRemove, readUint64(fields, "ID"))),
  "/v3/cluster/member/promote": (fields) =>
    asRequest(new MemberIdRequest(RequestKind.MemberPromote, readUint64(fields, "ID"))),
  "/v3/cluster/member/update": (fields) =>
    asRequest(new MemberUpdateRequest(readUint64(fields, "ID"), readTexts(fields, "peerURLs"))),
  "/v3/cluster/member/list": (fields) => ({
    call: "member-list",
    linearizable: readBool(fields, "linearizable"),
  }),
  "/v3/maintenance/alarm": (fields) =>
    asRequest(
      new AlarmRequest(
        readEnum(fields, "action", AlarmAction),
        readUint64(fields, "memberID"),
        readEnum(fields, "alarm", AlarmType),
      ),
    ),
  "/v3/maintenance/status": () => ({ call: "status" }),
  "/v3/maintenance/defragment": () => ({ call: "defragment" }),
  "/v3/maintenance/hash": () => ({ call: "hash" }),
  "/v3/maintenance/hashkv": (fields) => ({ call: "hash-kv", revision: readInteger(fields, "revision") }),
  "/v3/maintenance/snapshot": () => ({ call: "snapshot" }),
  "/v3/maintenance/transfer-leadership": (fields) => ({
    call: "move-leader",
    targetId: readUint64(fields, "targetID"),
  }),
  "/v3/maintenance/downgrade": (fields) => ({
    call: "downgrade",
    action: readEnum(fields, "action", DowngradeAction),
    version: readText(fields, "version"),
  }),
  "/v3/auth/enable": () => asRequest(new AuthEnableRequest()),
  "/v3/auth/disable": () => asRequest(new AuthDisableRequest()),
  "/v3/auth/status": () => asRequest(new AuthStatusRequest()),
  "/v3/auth/authenticate": (fields) => ({
    call: "authenticate",
    name: readText(fields, "name"),
    password: readText(fields, "password"),
  }),
  "/v3/auth/user/add": decodeUserAdd,
  "/v3/auth/user/get": (fields) => asRequest(new AuthNameRequest(RequestKind.AuthUserGet, readText(fields, "name"))),
  "/v3/auth/user/list": () => asRequest(new AuthNameRequest(RequestKind.AuthUserList, "")),
  "/v3/auth/user/delete": (fields) =>
    asRequest(new AuthNameRequest(RequestKind.AuthUserDelete, readText(fields, "name"))),
  "/v3/auth/user/changepw": (fields) => ({
    call: "user-change-password",
    name: readText(fields, "name"),
    password: readText(fields, "password"),
    hashedPassword: readText(fields, "hashedPassword"),
  }),
  "/v3/auth/user/grant": (fields) =>
    asRequest(
      new AuthUserRoleRequest(RequestKind.AuthUserGrantRole, readText(fields, "user"), readText(fields, "role")),
    ),
  "/v3/auth/user/revoke": (fields) =>
    asRequest(
      new AuthUserRoleRequest(RequestKind.AuthUserRevokeRole, readText(fields, "name"), readText(fields, "role")),
    ),
  "/v3/auth/role/add": (fields) => asRequest(new AuthNameRequest(RequestKind.AuthRoleAdd, readText(fields, "name"))),
  "/v3/auth/role/get": (fields) => asRequest(new AuthNameRequest(RequestKind.AuthRoleGet, readText(fields, "role"))),
  "/v3/auth/role/list": () => asRequest(new AuthNameRequest(RequestKind.AuthRoleList, "")),
  "/v3/auth/role/delete": (fields) =>
    asRequest(new AuthNameRequest(RequestKind.AuthRoleDelete, readText(fields, "role"))),
  "/v3/auth/role/grant": (fields) => {
    const permission = readMessage(fields, "perm");
    const granted = permission === null ? null : decodePermission(permission);
    return asRequest(new AuthRoleGrantPermissionRequest(readText(fields, "name"), granted));
  },
  "/v3/auth/role/revoke": (fields) =>
    asRequest(
      new AuthRoleRevokePermissionRequest(
        readText(fields, "role"),
        readBytes(fields, "key"),
        readBytes(fields, "range_end"),
      ),
    ),
  "/v3/lock/lock": (fields) => ({
    call: "lock",
    name: readBytes(fields, "name"),
    lease: readInt64(fields, "lease"),
  }),
  "/v3/lock/unlock": (fields) => ({ call: "unlock", key: readBytes(fields, "key") }),
  "/v3/election/campaign": (fields) => ({
    call: "campaign",
    name: readBytes(fields, "name"),
    lease: readInt64(fields, "lease"),
    value: readBytes(fields, "value"),
  }),
  "/v3/election/proclaim": (fields) => ({
    call: "proclaim",
    leader: decodeLeader(fields),
    value: readBytes(fields, "value"),
  }),
  "/v3/election/leader": (fields) => ({ call: "leader", name: readBytes(fields, "name") }),
  "/v3/election/resign": (fields) => ({ call: "resign", leader: decodeLeader(fields) }),
};

/** Reads a body, or says what is wrong with it. An empty body is an empty message. */
function readBody(body: string): Fields | EtcdError {
  const value = /^[ \t\r\n]*$/.test(body) ? new Map() : parseJson(body);
  if (value instanceof JsonFault) return value.early ? ErrBodyEndsEarly : ErrBodyMalformed;
  const state = beginReading();
  const fields = messageOf(value, state);
  return state.bad ? ErrBodyMalformed : fields;
}

/** Whether the gateway takes POSTs at `path`. */
export function takesPosts(path: string): boolean {
  return path === "/v3/watch" || Object.hasOwn(DECODERS, path);
}

/** The call that a POST of `body` to `path` makes, or the refusal of the gateway itself. */
export function decodeCall(path: string, body: string): Call | EtcdError {
  const decoder = DECODERS[path];
  if (decoder === undefined) return ErrNoSuchPath;
  const fields = readBody(body);
  if (fields instanceof EtcdError) return fields;
  const call = decoder(fields);
  return fields.state.bad ? ErrBodyMalformed : call;
}

/** What one request by its short name (`lease/grant`, `watch`) and a body written by hand asks for. */
export type PlainRequest =
  | Call
  | {
      readonly call: "watch";
      readonly create: WatchCreateRequest;
      /** The stream is to end where no leader is known: gRPC metadata `hasleader: true`, written as a field. */
      readonly requiresLeader: boolean;
    };

/** Names of everything that `decodePlain` knows, in order. */
export function plainNames(): string[] {
  const names = Object.keys(DECODERS).filter((path) => !path.startsWith("/v3/kv/lease/"));
  return [...names.map((path) => path.slice("/v3/".length)), "watch", "http"].sort();
}

/**
 * The request that a body written by hand stands for: a JSON text whose byte strings are plain texts and whose members may be
 * named (`n2`). The name is a gateway path without `/v3/`, or `watch`. What is wrong, if anything, comes as notes.
 */
export function decodePlain(
  name: string,
  body: string,
  memberId: (number: number) => string,
): PlainRequest | readonly FieldNote[] {
  const plain: PlainForm = { notes: [], memberId };
  const state = beginReading(plain);
  const value = parseJson(body);
  const fields = messageOf(value instanceof JsonFault ? null : value, state);
  const decoder = DECODERS[`/v3/${name}`];
  let request: PlainRequest;
  if (name === "watch") {
    request = { call: "watch", create: decodeWatchCreate(fields), requiresLeader: readBool(fields, "hasleader") };
  } else if (name === "http") request = { call: "http", target: readText(fields, "path") };
  else if (decoder !== undefined) request = decoder(fields);
  else return [{ path: [], message: `etcd has no request "${name}"`, known: plainNames() }];
  noteUnknown(state);
  if (state.bad && plain.notes.length === 0) {
    plain.notes.push({ path: [], message: "two fields are given of which one is meant", known: [] });
  }
  return plain.notes.length > 0 ? plain.notes : request;
}

/** All paths that lead to a call, in order. */
export function gatewayPaths(): string[] {
  return Object.keys(DECODERS).sort();
}

/** A message of a client on a watch stream, or the refusal of the gateway itself. */
export function decodeWatchRequest(body: string): WatchRequest | EtcdError {
  const fields = readBody(body);
  if (fields instanceof EtcdError) return fields;
  const create = readMessage(fields, "create_request");
  const cancel = readMessage(fields, "cancel_request");
  const progress = readMessage(fields, "progress_request");
  if ([create, cancel, progress].filter((part) => part !== null).length > 1) fields.state.bad = true;
  let request: WatchRequest = null;
  if (create !== null) request = decodeWatchCreate(create);
  else if (cancel !== null) request = new WatchCancelRequest(readInteger(cancel, "watch_id"));
  else if (progress !== null) request = new WatchProgressRequest();
  return fields.state.bad ? ErrBodyMalformed : request;
}

function decodeWatchCreate(fields: Fields): WatchCreateRequest {
  const filters = readEnums(fields, "filters", WatchFilter);
  return new WatchCreateRequest(
    readBytes(fields, "key"),
    readBytes(fields, "range_end"),
    readInteger(fields, "start_revision"),
    readBool(fields, "prev_kv"),
    filters.includes(WatchFilter.NOPUT),
    filters.includes(WatchFilter.NODELETE),
    readBool(fields, "progress_notify"),
    readInteger(fields, "watch_id"),
    readBool(fields, "fragment"),
  );
}
