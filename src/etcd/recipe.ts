/**
 * The lock and election services: several requests in a row, made by the member in the client's name.
 *
 * A recipe is plain data and a step function: it says what it needs next (a request, or that a key be deleted) and is
 * told what came of it. Whoever runs it decides how requests are agreed and how deletions are noticed. Every refusal on
 * the way reaches the client with the code "unknown", as from etcd. After `etcdserver/api/v3lock`, `v3election` and the
 * client's `concurrency` package: the holder is the key with the lowest create revision under the prefix, and whoever
 * waits watches the one just before its own.
 */

import type { Response } from "./api.ts";
import type { LeaderKey, LocalAnswer, RecipeCall } from "./call.ts";
import { Code, EtcdError } from "./error.ts";
import { NO_LEASE } from "./key-value.ts";
import {
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
  SortOrder,
  SortTarget,
  TxnRequest,
  TxnResponse,
} from "./kv-api.ts";
import { LeaseGrantRequest, LeaseGrantResponse } from "./lease-api.ts";
import type { EtcdMutations } from "./mutation.ts";

/** TTL of the lease that is granted to a caller who brings none, in seconds. */
export const SESSION_TTL_SECONDS = 60 as const;

/** What a recipe needs next, or what it comes to. */
export type RecipeStep =
  | {
      readonly do: "request";
      readonly request: RangeRequest | TxnRequest | DeleteRangeRequest | LeaseGrantRequest;
    }
  | { readonly do: "wait"; readonly key: string; readonly fromRevision: number }
  | { readonly do: "done"; readonly answer: LocalAnswer }
  | { readonly do: "refuse"; readonly error: EtcdError };

/** A recipe under way. `freshLease` is the id to grant where the caller brings no lease. */
export interface Recipe {
  readonly call: RecipeCall;
  readonly mutations: EtcdMutations;
  readonly freshLease: string;
  phase: "start" | "granted" | "acquire" | "proclaim" | "predecessor" | "waited" | "own-key" | "last";
  lease: string;
  /** The caller's own key, and its create revision. */
  key: string;
  ownRevision: number;
  /** Revision of the header that the answer will have. */
  headerRevision: number;
}

/** Begins a recipe; `stepRecipe` says what to do first. */
export function startRecipe(call: RecipeCall, freshLease: string, mutations: EtcdMutations): Recipe {
  const lease = call.call === "lock" || call.call === "campaign" ? call.lease : NO_LEASE;
  return {
    call,
    mutations,
    freshLease,
    phase: "start",
    lease,
    key: "",
    ownRevision: 0,
    headerRevision: 0,
  };
}

/** The end of the range of all keys that begin with `prefix`; `\0` (no end) when there is no such key. */
export function prefixEnd(prefix: string): string {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  return "\0";
}

function request(value: RangeRequest | TxnRequest | DeleteRangeRequest | LeaseGrantRequest): RecipeStep {
  return { do: "request", request: value };
}

function refuse(message: string): RecipeStep {
  return { do: "refuse", error: new EtcdError(Code.Unknown, message) };
}

const MISSING_LEADER = '"leader" field must be provided';
const NOT_LEADER = "election: not leader";

/** Goes on with the outcome of what was asked for last (null at the start and after a wait). */
export function stepRecipe(recipe: Recipe, outcome: Response | EtcdError | null): RecipeStep {
  if (outcome instanceof EtcdError) return refuse(outcome.message);
  const { call } = recipe;
  switch (call.call) {
    case "lock":
      return stepLock(recipe, call.name, outcome);
    case "campaign":
      return stepCampaign(recipe, call.name, call.value, outcome);
    case "unlock":
      return outcome === null ? request(new DeleteRangeRequest(call.key)) : done(outcome.revision);
    case "leader":
      return stepLeader(call.name, outcome);
    case "proclaim":
      if (call.leader === null) return refuse(MISSING_LEADER);
      if (outcome === null) return request(putIfHeld(call.leader, call.value));
      return outcome instanceof TxnResponse && outcome.succeeded ? done(outcome.revision) : refuse(NOT_LEADER);
    case "resign":
      if (call.leader === null) return refuse(MISSING_LEADER);
      return outcome === null ? request(deleteIfHeld(call.leader)) : done(outcome.revision);
  }
}

function done(revision: number): RecipeStep {
  return { do: "done", answer: { answer: "done", revision } };
}

function createdAt(key: string, revision: number): Compare {
  return new Compare(CompareTarget.CREATE, CompareResult.EQUAL, key, revision);
}

function putIfHeld(leader: LeaderKey, value: string): TxnRequest {
  const put = new PutRequest(leader.key, value, leader.lease);
  return new TxnRequest([createdAt(leader.key, leader.revision)], [put], []);
}

function deleteIfHeld(leader: LeaderKey): TxnRequest {
  return new TxnRequest([createdAt(leader.key, leader.revision)], [new DeleteRangeRequest(leader.key)], []);
}

/** The key under `prefix` that was created first. */
function firstCreated(prefix: string): RangeRequest {
  const options = { limit: 1, sortOrder: SortOrder.ASCEND, sortTarget: SortTarget.CREATE };
  return new RangeRequest(prefix, prefixEnd(prefix), options);
}

/** The key under `prefix` that was created last, at or before `revision`. */
function lastCreated(prefix: string, revision: number): RangeRequest {
  return new RangeRequest(prefix, prefixEnd(prefix), {
    limit: 1,
    sortOrder: SortOrder.DESCEND,
    sortTarget: SortTarget.CREATE,
    maxCreateRevision: revision,
  });
}

function stepLeader(name: string, outcome: Response | null): RecipeStep {
  if (!(outcome instanceof RangeResponse)) return request(firstCreated(`${name}/`));
  const kv = outcome.kvs[0];
  if (kv === undefined) return refuse("election: no leader");
  return { do: "done", answer: { answer: "leader", revision: outcome.revision, kv } };
}

/** Grants a lease where there is none; null when the caller's own key is settled. */
function stepSession(recipe: Recipe, name: string, outcome: Response | null): RecipeStep | null {
  if (recipe.phase === "start") {
    if (recipe.lease === NO_LEASE) {
      recipe.phase = "granted";
      return request(new LeaseGrantRequest(recipe.freshLease, SESSION_TTL_SECONDS));
    }
    recipe.phase = "granted";
  } else if (recipe.phase === "granted" && outcome instanceof LeaseGrantResponse) recipe.lease = outcome.id;
  recipe.key = `${name}/${BigInt(recipe.lease).toString(16)}`;
  return null;
}

function stepLock(recipe: Recipe, name: string, outcome: Response | null): RecipeStep {
  const prefix = `${name}/`;
  if (recipe.phase === "start" || recipe.phase === "granted") {
    const step = stepSession(recipe, name, outcome);
    if (step !== null) return step;
    recipe.phase = "acquire";
    const put = new PutRequest(recipe.key, "", recipe.lease);
    const owner = firstCreated(prefix);
    return request(new TxnRequest([createdAt(recipe.key, 0)], [put, owner], [new RangeRequest(recipe.key), owner]));
  }
  if (recipe.phase === "acquire" && outcome instanceof TxnResponse) {
    recipe.ownRevision = ownRevisionOf(outcome);
    recipe.headerRevision = outcome.revision;
    const second = outcome.responses[1];
    const holder = second instanceof RangeResponse ? second.kvs[0] : undefined;
    if (holder === undefined || holder.createRevision === recipe.ownRevision) return locked(recipe);
  }
  if (recipe.phase === "own-key" && outcome instanceof RangeResponse) {
    recipe.headerRevision = outcome.revision;
    // The lease may have run out while the caller waited, and its key with it.
    return outcome.kvs.length === 0 ? refuse("mutex: session is expired") : locked(recipe);
  }
  const waiting = stepPredecessors(recipe, prefix, outcome);
  if (waiting !== null) return waiting;
  if (recipe.mutations.lockLeaseUnchecked) return locked(recipe);
  recipe.phase = "own-key";
  return request(new RangeRequest(recipe.key));
}

function locked(recipe: Recipe): RecipeStep {
  return { do: "done", answer: { answer: "lock", revision: recipe.headerRevision, key: recipe.key } };
}

/** Create revision of the caller's key: this transaction's when it made the key, else what it found. */
function ownRevisionOf(outcome: TxnResponse): number {
  const first = outcome.responses[0];
  if (outcome.succeeded || !(first instanceof RangeResponse)) return outcome.revision;
  return first.kvs[0]?.createRevision ?? outcome.revision;
}

/** Waits until nobody who came before is left; null when that is so. */
function stepPredecessors(recipe: Recipe, prefix: string, outcome: Response | null): RecipeStep | null {
  if (recipe.phase === "predecessor" && outcome instanceof RangeResponse) {
    const before = outcome.kvs[0];
    if (before === undefined) return null;
    recipe.phase = "waited";
    return { do: "wait", key: before.key, fromRevision: outcome.revision };
  }
  recipe.phase = "predecessor";
  return request(lastCreated(prefix, recipe.ownRevision - 1));
}

function stepCampaign(recipe: Recipe, name: string, value: string, outcome: Response | null): RecipeStep {
  const prefix = `${name}/`;
  if (recipe.phase === "start" || recipe.phase === "granted") {
    const step = stepSession(recipe, name, outcome);
    if (step !== null) return step;
    recipe.phase = "acquire";
    const put = new PutRequest(recipe.key, value, recipe.lease);
    return request(new TxnRequest([createdAt(recipe.key, 0)], [put], [new RangeRequest(recipe.key)]));
  }
  if (recipe.phase === "acquire" && outcome instanceof TxnResponse) {
    recipe.ownRevision = ownRevisionOf(outcome);
    // The answer keeps this header even when a proclamation follows.
    recipe.headerRevision = outcome.revision;
    const first = outcome.responses[0];
    const held = first instanceof RangeResponse ? first.kvs[0] : undefined;
    if (!outcome.succeeded && held !== undefined && held.value !== value) {
      recipe.phase = "proclaim";
      return request(putIfHeld(leaderOf(recipe, name), value));
    }
  }
  if (recipe.phase === "proclaim" && outcome instanceof TxnResponse && !outcome.succeeded) return refuse(NOT_LEADER);
  const waiting = stepPredecessors(recipe, prefix, outcome);
  if (waiting !== null) return waiting;
  const answer: LocalAnswer = {
    answer: "campaign",
    revision: recipe.headerRevision,
    leader: leaderOf(recipe, name),
  };
  return { do: "done", answer };
}

function leaderOf(recipe: Recipe, name: string): LeaderKey {
  return { name, key: recipe.key, revision: recipe.ownRevision, lease: recipe.lease };
}
