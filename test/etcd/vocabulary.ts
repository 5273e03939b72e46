// A small vocabulary for stories about a store: build, act, look.

import {
  CompactionRequest,
  DeleteRangeRequest,
  EtcdError,
  type KeyValue,
  PutRequest,
  RangeRequest,
  type Request,
  type Response,
} from "../../src/etcd/api.ts";
import { applyRequest } from "../../src/etcd/apply.ts";
import { range } from "../../src/etcd/apply-kv.ts";
import { type EtcdMutations, NO_ETCD_MUTATIONS } from "../../src/etcd/mutation.ts";
import type { Store } from "../../src/etcd/store.ts";

/** Applies a request that must not be refused. */
export function must<T extends Response>(store: Store, request: Request): T {
  const outcome = applyRequest(store, request);
  if (outcome instanceof EtcdError) throw new Error(outcome.message);
  return outcome as T;
}

/** Applies a request that must be refused; the text of the refusal. */
export function refused(store: Store, request: Request): string {
  const outcome = applyRequest(store, request);
  if (!(outcome instanceof EtcdError)) throw new Error("the request was not refused");
  return outcome.message;
}

export function put(store: Store, key: string, value: string, lease = "0"): void {
  must(store, new PutRequest(key, value, lease));
}

export function del(store: Store, key: string, end = ""): void {
  must(store, new DeleteRangeRequest(key, end));
}

export function compact(store: Store, revision: number): void {
  must(store, new CompactionRequest(revision));
}

/** All live records at a revision (0: the newest), in key order. */
export function live(store: Store, revision = 0): readonly KeyValue[] {
  const answer = range(store, new RangeRequest("\0", "\0", { revision }));
  if (answer instanceof EtcdError) throw new Error(answer.message);
  return answer.kvs;
}

/** `key=value` of all live records. */
export function listing(store: Store, revision = 0): string[] {
  return live(store, revision).map(({ key, value }) => `${key}=${value}`);
}

/** All bugs off but one. */
export function planted(bug: keyof EtcdMutations): EtcdMutations {
  return { ...NO_ETCD_MUTATIONS, [bug]: true };
}
