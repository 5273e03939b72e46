/**
 * From an answer to the gateway's JSON form: proto field names, bytes in base64, 64-bit integers as texts, enums by name,
 * fields with default values left out.
 */

import type { Response } from "./api.ts";
import { AuthNamesResponse } from "./auth-api.ts";
import { type Permission, PermissionType } from "./auth-state.ts";
import { encodeBase64 } from "./base64.ts";
import type { Answer, LeaderKey, LocalAnswer } from "./call.ts";
import { alarmName, type ClusterMember } from "./cluster-state.ts";
import { Code, type EtcdError } from "./error.ts";
import { isTombstone, type KeyValue, NO_LEASE } from "./key-value.ts";
import type { RangeResponse, TxnOperationResponse, TxnResponse } from "./kv-api.ts";
import { RequestKind } from "./request-kind.ts";
import type { WatchResponse } from "./watch-api.ts";

/** What a JSON text can be made of. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What a member adds to the headers of its answers; without it headers hold the revision alone. */
export interface HeaderIds {
  readonly clusterId: string;
  readonly memberId: string;
  readonly raftTerm: number;
}

/** A message under construction. */
type Message = { [name: string]: Json };

function putInt(message: Message, name: string, value: number): void {
  if (value !== 0) message[name] = String(value);
}

function putInt64(message: Message, name: string, value: string): void {
  if (value !== "0") message[name] = value;
}

function putBytes(message: Message, name: string, bytes: string): void {
  if (bytes !== "") message[name] = encodeBase64(bytes);
}

function putText(message: Message, name: string, text: string): void {
  if (text !== "") message[name] = text;
}

function putTrue(message: Message, name: string, value: boolean): void {
  if (value) message[name] = true;
}

function putList(message: Message, name: string, list: readonly Json[]): void {
  if (list.length > 0) message[name] = list;
}

function header(revision: number, ids: HeaderIds | null): Message {
  const message: Message = {};
  if (ids !== null) {
    putInt64(message, "cluster_id", ids.clusterId);
    putInt64(message, "member_id", ids.memberId);
  }
  putInt(message, "revision", revision);
  if (ids !== null) putInt(message, "raft_term", ids.raftTerm);
  return message;
}

/** A record. Of a tombstone the key and its revision are all there is. */
export function encodeKeyValue(kv: KeyValue): Json {
  const message: Message = {};
  putBytes(message, "key", kv.key);
  putInt(message, "create_revision", kv.createRevision);
  putInt(message, "mod_revision", kv.modRevision);
  putInt(message, "version", kv.version);
  putBytes(message, "value", kv.value);
  if (kv.lease !== NO_LEASE) message.lease = kv.lease;
  return message;
}

function encodeMember(member: ClusterMember): Json {
  const message: Message = {};
  putInt64(message, "ID", member.id);
  putText(message, "name", member.name);
  putList(message, "peerURLs", member.peerUrls);
  putList(message, "clientURLs", member.clientUrls);
  putTrue(message, "isLearner", member.isLearner);
  return message;
}

function encodePermission(permission: Permission): Json {
  const message: Message = {};
  const name = Object.entries(PermissionType).find(([, value]) => value === permission.permType)?.[0];
  if (permission.permType !== PermissionType.READ) message.permType = name ?? permission.permType;
  putBytes(message, "key", permission.key);
  putBytes(message, "range_end", permission.rangeEnd);
  return message;
}

function encodeLeader(leader: LeaderKey): Json {
  const message: Message = {};
  putBytes(message, "name", leader.name);
  putBytes(message, "key", leader.key);
  putInt(message, "rev", leader.revision);
  putInt64(message, "lease", leader.lease);
  return message;
}

function encodeRange(message: Message, response: RangeResponse): void {
  putList(message, "kvs", response.kvs.map(encodeKeyValue));
  putTrue(message, "more", response.more);
  putInt(message, "count", response.count);
}

function encodeTxn(message: Message, response: TxnResponse): void {
  putTrue(message, "succeeded", response.succeeded);
  putList(message, "responses", response.responses.map(encodeOperation));
}

/** Inside a transaction headers never carry ids. */
function encodeOperation(response: TxnOperationResponse): Json {
  const inner = encodeResponse(response, null);
  switch (response.kind) {
    case RequestKind.Range:
      return { response_range: inner };
    case RequestKind.Put:
      return { response_put: inner };
    case RequestKind.DeleteRange:
      return { response_delete_range: inner };
    case RequestKind.Txn:
      return { response_txn: inner };
  }
}

function encodeResponse(response: Response, ids: HeaderIds | null): Message {
  const message: Message = { header: header(response.revision, ids) };
  switch (response.kind) {
    case RequestKind.Range:
      encodeRange(message, response);
      break;
    case RequestKind.Put:
      if (response.prevKv !== null) message.prev_kv = encodeKeyValue(response.prevKv);
      break;
    case RequestKind.DeleteRange:
      putInt(message, "deleted", response.deleted);
      putList(message, "prev_kvs", response.prevKvs.map(encodeKeyValue));
      break;
    case RequestKind.Txn:
      encodeTxn(message, response);
      break;
    case RequestKind.LeaseGrant:
      putInt64(message, "ID", response.id);
      putInt(message, "TTL", response.ttlSeconds);
      break;
    case RequestKind.Alarm:
      putList(
        message,
        "alarms",
        response.alarms.map(({ memberId, alarm }) => {
          const standing: Message = {};
          putInt64(standing, "memberID", memberId);
          standing.alarm = alarm > 2 ? alarm : alarmName(alarm);
          return standing;
        }),
      );
      break;
    case RequestKind.AuthStatus:
      putTrue(message, "enabled", response.enabled);
      putInt(message, "authRevision", response.authRevision);
      break;
    case RequestKind.Authenticate:
      putText(message, "token", response.token);
      break;
    case RequestKind.AuthRoleGet:
      putList(message, "perm", response.permissions.map(encodePermission));
      break;
    case RequestKind.MemberAdd:
    case RequestKind.MemberRemove:
    case RequestKind.MemberUpdate:
    case RequestKind.MemberPromote:
      // These headers have no revision.
      message.header = header(0, ids);
      if (response.member !== null) message.member = encodeMember(response.member);
      putList(message, "members", response.members.map(encodeMember));
      break;
    default:
      if (response instanceof AuthNamesResponse) {
        const name = response.kind === RequestKind.AuthUserList ? "users" : "roles";
        putList(message, name, response.names);
      }
  }
  return message;
}

function encodeStatus(answer: Extract<LocalAnswer, { answer: "status" }>, ids: HeaderIds | null): Json {
  const message: Message = { header: header(answer.revision, ids) };
  putText(message, "version", answer.version);
  putInt(message, "dbSize", answer.fileBytes);
  putInt64(message, "leader", answer.leaderId);
  putInt(message, "raftIndex", answer.raftIndex);
  putInt(message, "raftTerm", answer.raftTerm);
  putInt(message, "raftAppliedIndex", answer.raftAppliedIndex);
  putList(message, "errors", answer.errors);
  putInt(message, "dbSizeInUse", answer.inUseBytes);
  putTrue(message, "isLearner", answer.isLearner);
  putText(message, "storageVersion", answer.storageVersion);
  putInt(message, "dbSizeQuota", answer.quotaBytes);
  message.downgradeInfo = answer.downgradeTarget === "" ? {} : { enabled: true, targetVersion: answer.downgradeTarget };
  return message;
}

function encodeLocal(answer: LocalAnswer, ids: HeaderIds | null): Json {
  if (answer.answer === "empty") return {};
  if (answer.answer === "http") return { status: answer.status, body: answer.body };
  if (answer.answer === "snapshot") return { size: answer.size, version: answer.version };
  if (answer.answer === "status") return encodeStatus(answer, ids);
  const message: Message = { header: header(answer.answer === "members" ? 0 : answer.revision, ids) };
  switch (answer.answer) {
    case "keep-alive":
      putInt64(message, "ID", answer.id);
      putInt(message, "TTL", answer.ttlSeconds);
      break;
    case "time-to-live":
      putInt64(message, "ID", answer.id);
      putInt(message, "TTL", answer.ttlSeconds);
      putInt(message, "grantedTTL", answer.grantedSeconds);
      putList(message, "keys", answer.keys.map(encodeBase64));
      break;
    case "leases":
      putList(
        message,
        "leases",
        answer.ids.map((id) => ({ ID: id })),
      );
      break;
    case "members":
      putList(message, "members", answer.members.map(encodeMember));
      break;
    case "hash":
      if (answer.hash !== 0) message.hash = answer.hash;
      break;
    case "hash-kv":
      if (answer.hash !== 0) message.hash = answer.hash;
      putInt(message, "compact_revision", answer.compactRevision);
      putInt(message, "hash_revision", answer.hashRevision);
      break;
    case "downgrade":
      putText(message, "version", answer.version);
      break;
    case "lock":
      putBytes(message, "key", answer.key);
      break;
    case "campaign":
      message.leader = encodeLeader(answer.leader);
      break;
    case "leader":
      message.kv = encodeKeyValue(answer.kv);
      break;
    default:
  }
  return message;
}

/** An answer as the body of a 200. */
export function encodeAnswer(answer: Answer, ids: HeaderIds | null): Json {
  return "answer" in answer ? encodeLocal(answer, ids) : encodeResponse(answer, ids);
}

/** A message of a watch stream, as the `result` of a line. */
export function encodeWatchResponse(response: WatchResponse, ids: HeaderIds | null): Json {
  const message: Message = { header: header(response.revision, ids) };
  putInt(message, "watch_id", response.watchId);
  putTrue(message, "created", response.created);
  putTrue(message, "canceled", response.canceled);
  putInt(message, "compact_revision", response.compactRevision);
  putText(message, "cancel_reason", response.cancelReason);
  putTrue(message, "fragment", response.fragment);
  const events = response.events.map((event) => {
    const encoded: Message = {};
    if (isTombstone(event.kv)) encoded.type = "DELETE";
    encoded.kv = encodeKeyValue(event.kv);
    if (event.prevKv !== null) encoded.prev_kv = encodeKeyValue(event.prevKv);
    return encoded;
  });
  putList(message, "events", events);
  return message;
}

/** HTTP statuses of gRPC codes, where they are not 500 (grpc-gateway `runtime/errors.go`). */
const HTTP_STATUSES: Readonly<Record<number, number>> = {
  [Code.InvalidArgument]: 400,
  [Code.FailedPrecondition]: 400,
  [Code.OutOfRange]: 400,
  [Code.NotFound]: 404,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.Unauthenticated]: 401,
  [Code.Unavailable]: 503,
  [Code.DeadlineExceeded]: 504,
  [Code.Unimplemented]: 501,
};

/** The HTTP status with which the gateway carries a gRPC code. */
export function httpStatus(code: number): number {
  return HTTP_STATUSES[code] ?? 500;
}

/** A refusal as the body that goes with `httpStatus`. */
export function encodeError(error: EtcdError): Json {
  return { error: error.message, code: error.code, message: error.message };
}

/** A refusal on a stream (watch, keep-alive), as the line that ends it. */
export function encodeStreamError(error: EtcdError): Json {
  return { error: { code: error.code, message: error.message } };
}
