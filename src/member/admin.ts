// What an operator asks of an etcd cluster besides reads and writes: changes of membership, handing over leadership, starting
// an election, compaction by distance. The requests of etcd's own API for these end here too.

import { ErrMemberExist, ErrMemberNotFound, ErrMemberNotLearner, ErrPeerUrlExist } from "../etcd/error.ts";
import type { RequestError } from "../kernel/request.ts";

/** One change of membership. */
export interface MembershipChange {
  readonly change: "add-voter" | "add-learner" | "promote" | "demote" | "remove";
  readonly member: number;
}

/** What an operator asks for. */
export type AdminOperation = "membership" | "transfer" | "campaign" | "compact" | "defrag";

/** A request of the operator. Immutable. */
export class AdminRequest {
  readonly op: AdminOperation;
  /** For `membership`: one change, or several to be made at once through a joint configuration. */
  readonly changes: readonly MembershipChange[];
  /** For `transfer`: the member to lead; for `compact`: the revision, or 0 for the current one less `keep`. */
  readonly target: number;
  readonly keep: number;
  /** For `compact`: the answer is to wait until what is dropped is deleted. */
  readonly physical: boolean;

  constructor(
    op: AdminOperation,
    changes: readonly MembershipChange[],
    target: number,
    keep: number,
    physical: boolean = false,
  ) {
    this.op = op;
    this.changes = changes;
    this.target = target;
    this.keep = keep;
    this.physical = physical;
  }
}

/** True when the refusal of a repeated change means that an earlier request for it, whose answer was lost, was carried out. */
export function alreadyMade(change: MembershipChange["change"], error: RequestError): boolean {
  switch (change) {
    case "add-voter":
    case "add-learner":
      return error.message === ErrMemberExist.message || error.message === ErrPeerUrlExist.message;
    case "promote":
      return error.message === ErrMemberNotLearner.message;
    default:
      return error.message === ErrMemberNotFound.message;
  }
}

/** The answer to an operator's request that was carried out. */
export const ADMIN_DONE: { readonly done: true } = Object.freeze({ done: true });
