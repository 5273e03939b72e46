/**
 * The one door for commands: applies a request to a store and gives its outcome, a pure function of the two.
 *
 * Called once per member for each committed entry, in log order.
 */

import { unreachable } from "../kernel/assert.ts";
import type { Request, Response } from "./api.ts";
import { applyCompaction, applyDeleteRange, applyPut, applyTxn, range } from "./apply-kv.ts";
import type { EtcdError } from "./error.ts";
import { RequestKind } from "./request-kind.ts";
import type { Store } from "./store.ts";

/** Applies `request`. Gives its answer, or the refusal with nothing changed. */
export function applyRequest(store: Store, request: Request): Response | EtcdError {
  switch (request.kind) {
    case RequestKind.Put:
      return applyPut(store, request);
    case RequestKind.Range:
      return range(store, request);
    case RequestKind.Txn:
      return applyTxn(store, request);
    case RequestKind.DeleteRange:
      return applyDeleteRange(store, request);
    case RequestKind.Compaction:
      return applyCompaction(store, request);
    default:
      return unreachable(request);
  }
}
