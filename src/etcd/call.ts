/**
 * What a client may ask of a member beyond the requests that are replicated as they are, and what it is answered.
 *
 * Calls are what arrives at the front desk (`server.ts`): some become replicated requests once ids, hashes and tokens are
 * chosen, some are answered by the member itself, some are recipes of several requests (`recipe.ts`). Int64 ids are
 * decimal texts, keys and values byte strings.
 */

import type { Request, Response } from "./api.ts";
import type { ClusterMember } from "./cluster-state.ts";
import type { KeyValue } from "./key-value.ts";

/** The key by which an election is held. */
export interface LeaderKey {
  readonly name: string;
  readonly key: string;
  readonly revision: number;
  readonly lease: string;
}

/** Lock and election calls. */
export type RecipeCall =
  | { readonly call: "lock"; readonly name: string; readonly lease: string }
  | { readonly call: "unlock"; readonly key: string }
  | { readonly call: "campaign"; readonly name: string; readonly lease: string; readonly value: string }
  | { readonly call: "proclaim"; readonly leader: LeaderKey | null; readonly value: string }
  | { readonly call: "leader"; readonly name: string }
  | { readonly call: "resign"; readonly leader: LeaderKey | null };

/** `DowngradeRequest.DowngradeAction`. */
export const DowngradeAction = { VALIDATE: 0, ENABLE: 1, CANCEL: 2 } as const;

/** Asks how long a lease has left, and for its keys. */
export interface LeaseTimeToLive {
  readonly call: "lease-time-to-live";
  readonly id: string;
  readonly keys: boolean;
}

/** Calls that a member answers from what it knows. */
export type LocalCall =
  | { readonly call: "lease-keep-alive"; readonly id: string }
  | LeaseTimeToLive
  | { readonly call: "lease-leases" }
  | { readonly call: "member-list"; readonly linearizable: boolean }
  | { readonly call: "status" }
  | { readonly call: "hash" }
  | { readonly call: "hash-kv"; readonly revision: number }
  | { readonly call: "defragment" }
  | { readonly call: "snapshot" }
  | { readonly call: "move-leader"; readonly targetId: string }
  /** A plain GET, as probes and load balancers send it: a path with an optional query (`health.ts`). */
  | { readonly call: "http"; readonly target: string };

/** Calls that become a replicated request when the member has added what it decides. */
export type PreparedCall =
  | { readonly call: "authenticate"; readonly name: string; readonly password: string }
  | {
      readonly call: "user-add";
      readonly name: string;
      readonly password: string;
      readonly hashedPassword: string;
      readonly noPassword: boolean;
    }
  | {
      readonly call: "user-change-password";
      readonly name: string;
      readonly password: string;
      readonly hashedPassword: string;
    }
  | { readonly call: "member-add"; readonly peerUrls: readonly string[]; readonly isLearner: boolean }
  | { readonly call: "downgrade"; readonly action: number; readonly version: string };

/** Anything a client may ask; `request` calls are replicated or read as they are. */
export type Call = { readonly call: "request"; readonly request: Request } | RecipeCall | LocalCall | PreparedCall;

/** Answers to all calls that are not answered by a `Response`. */
export type LocalAnswer =
  | { readonly answer: "keep-alive"; readonly revision: number; readonly id: string; readonly ttlSeconds: number }
  | {
      readonly answer: "time-to-live";
      readonly revision: number;
      readonly id: string;
      readonly ttlSeconds: number;
      readonly grantedSeconds: number;
      readonly keys: readonly string[];
    }
  | { readonly answer: "leases"; readonly revision: number; readonly ids: readonly string[] }
  | { readonly answer: "members"; readonly members: readonly ClusterMember[] }
  | {
      readonly answer: "status";
      readonly revision: number;
      readonly version: string;
      readonly fileBytes: number;
      readonly inUseBytes: number;
      readonly leaderId: string;
      readonly raftIndex: number;
      readonly raftTerm: number;
      readonly raftAppliedIndex: number;
      readonly errors: readonly string[];
      readonly isLearner: boolean;
      readonly storageVersion: string;
      readonly quotaBytes: number;
      readonly downgradeTarget: string;
    }
  | { readonly answer: "hash"; readonly revision: number; readonly hash: number }
  | {
      readonly answer: "hash-kv";
      readonly revision: number;
      readonly hash: number;
      readonly compactRevision: number;
      readonly hashRevision: number;
    }
  | { readonly answer: "empty" }
  | { readonly answer: "http"; readonly status: number; readonly body: string }
  | { readonly answer: "snapshot"; readonly version: string; readonly size: number; readonly hash: number }
  | { readonly answer: "downgrade"; readonly revision: number; readonly version: string }
  | { readonly answer: "lock"; readonly revision: number; readonly key: string }
  | { readonly answer: "done"; readonly revision: number }
  | { readonly answer: "campaign"; readonly revision: number; readonly leader: LeaderKey }
  | { readonly answer: "leader"; readonly revision: number; readonly kv: KeyValue };

/** Any answer that is not a refusal. */
export type Answer = Response | LocalAnswer;
