/**
 * The door of the etcd room: every request and every answer, as closed unions on `kind`.
 *
 * The values live by service in `kv-api.ts` and its neighbours; from outside the room this file is enough.
 */

import type { AuthRequest, AuthResponse } from "./auth-api.ts";
import type { AlarmRequest, AlarmResponse, MemberRequest, MembersResponse } from "./cluster-api.ts";
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "./kv-api.ts";
import type {
  LeaseCheckpointRequest,
  LeaseCheckpointResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
} from "./lease-api.ts";

export * from "./auth-api.ts";
export * from "./cluster-api.ts";
export * from "./error.ts";
export * from "./key-value.ts";
export * from "./kv-api.ts";
export * from "./lease-api.ts";
export * from "./request-kind.ts";

/** Requests of the KV service. */
export type KvRequest = RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest | CompactionRequest;
/** Answers of the KV service. */
export type KvResponse = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse | CompactionResponse;

/** Replicated requests of the Lease service. */
export type LeaseRequest = LeaseGrantRequest | LeaseRevokeRequest | LeaseCheckpointRequest;
/** Their answers. */
export type LeaseResponse = LeaseGrantResponse | LeaseRevokeResponse | LeaseCheckpointResponse;

/** Any request that can be applied to a store. */
export type Request = KvRequest | LeaseRequest | AlarmRequest | AuthRequest | MemberRequest;
/** Any answer that applying a request can give. */
export type Response = KvResponse | LeaseResponse | AlarmResponse | AuthResponse | MembersResponse;
