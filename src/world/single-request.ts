// One request of etcd's API that a fault makes a client send: from its name and the body that a person wrote to what travels.

import type { OperationKind } from "../client/operation.ts";
import { type KvRequest, RangeRequest, type Request, RequestKind, TxnRequest } from "../etcd/api.ts";
import { isReadonlyTxn, isSerializableTxn } from "../etcd/apply-kv.ts";
import { decodePlain, type PlainRequest } from "../etcd/gateway.ts";
import { StreamMessage } from "../etcd/stream-message.ts";
import { assert } from "../kernel/assert.ts";
import type { Backend } from "../member/etcd-member.ts";
import { idOf } from "../member/identity.ts";
import type { World } from "./world.ts";

/** A request ready to be sent, and what it counts as. */
export interface SingleRequest {
  readonly kind: OperationKind;
  readonly body: unknown;
}

/**
 * The request. A member that is named (`n4`) stands for its id in the newest list of members that any of them has; one that is
 * in no list for the id 0, which nobody has. Precondition: the scenario was checked.
 */
export function singleRequest(world: World, op: string, body: string): SingleRequest {
  const request = decodePlain(op, body, (number) => memberId(world, number));
  assert(!Array.isArray(request), "a request passed the checks that cannot be read");
  const one = request as PlainRequest;
  switch (one.call) {
    case "watch":
      return { kind: "watch", body: new StreamMessage("open", one.create, 0, one.requiresLeader) };
    case "request":
      return { kind: kindOf(one.request), body: one.request };
    case "lease-keep-alive":
      return { kind: "keepAlive", body: one };
    case "lease-time-to-live":
      return { kind: "timeToLive", body: one };
    case "authenticate":
      return { kind: "authenticate", body: one };
    case "user-add":
    case "user-change-password":
      return { kind: "auth", body: one };
    default:
      return { kind: "call", body: one };
  }
}

function memberId(world: World, number: number): string {
  let newest: Backend | null = null;
  for (const id of world.ids) {
    const backend = world.processes[id]?.disk.backend as Backend | null | undefined;
    if (backend !== null && backend !== undefined && (newest === null || backend.appliedIndex > newest.appliedIndex)) {
      newest = backend;
    }
  }
  return newest === null ? "0" : idOf(newest.store, number);
}

function kindOf(request: Request): OperationKind {
  switch (request.kind) {
    case RequestKind.Range:
      return rangeKind(request);
    case RequestKind.Put:
      return "put";
    case RequestKind.DeleteRange:
      return "delete";
    case RequestKind.Txn:
      return txnKind(request);
    case RequestKind.Compaction:
      return "compact";
    case RequestKind.LeaseGrant:
      return "grant";
    case RequestKind.LeaseRevoke:
      return "revoke";
    default:
      return request.kind >= RequestKind.AuthEnable && request.kind <= RequestKind.AuthRoleRevokePermission
        ? "auth"
        : "call";
  }
}

function rangeKind(request: KvRequest): OperationKind {
  if (!(request instanceof RangeRequest) || request.rangeEnd !== "") return "range";
  return request.serializable ? "getSerializable" : "get";
}

/** A transaction that only reads has no place of its own in the order of changes; a serializable one may be of the past. */
function txnKind(request: KvRequest): OperationKind {
  if (!(request instanceof TxnRequest) || !isReadonlyTxn(request)) return "txn";
  return isSerializableTxn(request) ? "call" : "range";
}
