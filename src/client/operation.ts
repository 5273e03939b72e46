// What a client asks for: one operation of a workload, as the requests of etcd's API or, for protocols without revisions,
// as plain register and key-value operations.

import {
  CompactionRequest,
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../etcd/api.ts";
import { PlainAnswer, PlainOperation } from "../kernel/request.ts";

/** What an operation asks for: of the key-value space, of leases, of users. */
export type OperationKind =
  | "put"
  | "get"
  | "getSerializable"
  | "range"
  | "delete"
  | "cas"
  | "txn"
  | "txnAt"
  | "compact"
  | "grant"
  | "revoke"
  | "keepAlive"
  | "timeToLive"
  | "authenticate"
  | "auth"
  | "watch"
  | "call";

/** The kinds that a workload of kind `kv` can mix. */
export const OPERATION_KINDS: readonly OperationKind[] = Object.freeze([
  "put",
  "get",
  "getSerializable",
  "range",
  "delete",
  "cas",
  "txn",
  "txnAt",
  "compact",
] as const);

/** The value made as long as it is to be. */
export function padded(value: string, length: number): string {
  return value.padEnd(length, "_");
}

/** The value without what only makes it long. */
export function unpadded(value: string): string {
  return value.replace(/_+$/, "");
}

/** True when the operation may change something. */
export function isWrite(kind: OperationKind): boolean {
  switch (kind) {
    case "get":
    case "getSerializable":
    case "range":
    case "keepAlive":
    case "timeToLive":
    case "authenticate":
    case "watch":
      return false;
    default:
      return true;
  }
}

/** True for the operations whose answers name a place in the one order of all changes. */
export function isKeyValue(kind: OperationKind): boolean {
  return (OPERATION_KINDS as readonly string[]).includes(kind);
}

/** The key after all keys that begin with `prefix`: the end of its range. */
export function prefixEnd(prefix: string): string {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const c = prefix.charCodeAt(i);
    if (c < 0xff) return prefix.slice(0, i) + String.fromCharCode(c + 1);
  }
  return "\0";
}

/**
 * The body of one request of etcd. `expected` is the value that a cas compares with (null: the key must not exist), `other`
 * a second key for txn; `revision` is the highest that the client saw.
 */
export function etcdBody(
  kind: OperationKind,
  key: string,
  value: string,
  expected: string | null,
  other: string,
  prefix: string,
  revision: number,
): unknown {
  switch (kind) {
    case "put":
      return new PutRequest(key, value);
    case "get":
      return new RangeRequest(key);
    case "getSerializable":
      return new RangeRequest(key, "", { serializable: true });
    case "range":
      return new RangeRequest(prefix, prefixEnd(prefix));
    case "delete":
      return new DeleteRangeRequest(key);
    case "cas":
      return new TxnRequest(
        [
          expected === null
            ? new Compare(CompareTarget.CREATE, CompareResult.EQUAL, key, 0)
            : new Compare(CompareTarget.VALUE, CompareResult.EQUAL, key, 0, expected),
        ],
        [new PutRequest(key, value)],
        [new RangeRequest(key)],
      );
    case "txn":
      return new TxnRequest(
        [new Compare(CompareTarget.MOD, CompareResult.GREATER, key, -1)],
        other === key ? [new PutRequest(key, value)] : [new PutRequest(key, value), new PutRequest(other, value)],
        [],
      );
    case "txnAt":
      // A write beside a look at what was there before: it fails as a whole where the past is compacted.
      return new TxnRequest(
        [],
        [new PutRequest(key, value), new RangeRequest(key, "", { revision: Math.max(1, revision - 1) })],
        [],
      );
    case "compact":
      return new CompactionRequest(revision);
    default:
      throw new Error(`no workload of keys and values asks for ${kind}`);
  }
}

/** The body of one request of a protocol without revisions. Kinds that it does not know read the key. */
export function plainBody(kind: OperationKind, key: string, value: string, expected: string | null): unknown {
  switch (kind) {
    case "put":
      return new PlainOperation("put", key, value, null);
    case "delete":
      return new PlainOperation("delete", key, null, null);
    case "cas":
      return new PlainOperation("cas", key, value, expected);
    default:
      return new PlainOperation("get", key, null, null);
  }
}

/** The value that a read of one key answered; null: absent. */
export function valueRead(body: unknown): string | null {
  if (body instanceof RangeResponse) return body.kvs[0]?.value ?? null;
  return body instanceof PlainAnswer ? body.value : null;
}

/** The value of the key after a cas was answered: what it wrote, or what stood in its way. */
export function valueAfterCas(operation: { readonly value: string }, body: unknown): string | null {
  if (body instanceof TxnResponse) {
    if (body.succeeded) return operation.value;
    const read = body.responses[0];
    return read instanceof RangeResponse ? (read.kvs[0]?.value ?? null) : null;
  }
  if (body instanceof PlainAnswer) return body.done ? operation.value : body.value;
  return null;
}

/** The bodies of a read of each key. */
export function getBodies(keys: readonly string[]): readonly unknown[] {
  return keys.map((key) => new RangeRequest(key));
}
