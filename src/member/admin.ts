// What an operator asks of an etcd cluster besides reads and writes: changes of membership, handing over leadership, starting
// an election, compaction by distance. The requests of etcd's own API for these end here too.

import { RequestError } from "../kernel/request.ts";

/** Refusals that say that a change of membership has happened before. */
export const NOT_LEARNER: RequestError = new RequestError(9, "etcdserver: can only promote a learner member", true);
export const NOT_FOUND: RequestError = new RequestError(5, "etcdserver: member not found", true);
export const EXISTS: RequestError = new RequestError(9, "etcdserver: member ID already exist", true);

/** One change of membership. */
export interface MembershipChange {
  readonly change: "add-voter" | "add-learner" | "promote" | "demote" | "remove";
  readonly member: number;
}

/** A request of the operator. Immutable. */
export class AdminRequest {
  readonly op: "membership" | "transfer" | "campaign" | "compact";
  /** For `membership`: one change, or several to be made at once through a joint configuration. */
  readonly changes: readonly MembershipChange[];
  /** For `transfer`: the member to lead; for `compact`: the revision, or 0 for the current one less `keep`. */
  readonly target: number;
  readonly keep: number;

  constructor(
    op: "membership" | "transfer" | "campaign" | "compact",
    changes: readonly MembershipChange[],
    target: number,
    keep: number,
  ) {
    this.op = op;
    this.changes = changes;
    this.target = target;
    this.keep = keep;
  }
}

/** True when the refusal of a repeated change means that an earlier request for it, whose answer was lost, was carried out. */
export function alreadyMade(change: MembershipChange["change"], error: RequestError): boolean {
  switch (change) {
    case "add-voter":
    case "add-learner":
      return error.message === EXISTS.message;
    case "promote":
      return error.message === NOT_LEARNER.message;
    default:
      return error.message === NOT_FOUND.message;
  }
}

/** The answer to an operator's request that was carried out. */
export const ADMIN_DONE: { readonly done: true } = Object.freeze({ done: true });
