/**
 * A cluster of one: calls are answered at once, with nothing between a command and its effect.
 *
 * The same front desk, the same application and the same answers as behind Raft; so this is also how the recorded traces
 * of a real etcd are held against the model.
 */

import { admitCall, checkBeforeToken, propose } from "./admit.ts";
import { answerLocally, downgraded } from "./answer.ts";
import type { Request, Response } from "./api.ts";
import { range } from "./apply-kv.ts";
import { type AuthInfo, refuseRange } from "./auth-check.ts";
import type { Answer, Call } from "./call.ts";
import { Command } from "./command.ts";
import { ErrRequestTooLarge, EtcdError } from "./error.ts";
import { isTombstone } from "./key-value.ts";
import { LeaseCheckpointRequest } from "./lease-api.ts";
import { remainingMicros, renewalCheckpoint } from "./lease-clock.ts";
import { type Recipe, stepRecipe } from "./recipe.ts";
import type { ClusterView } from "./reconfigure.ts";
import { RequestKind } from "./request-kind.ts";
import { applyCommitted, dueCommands, type Server } from "./server.ts";
import { changesAt, type Store } from "./store.ts";

/** Applies a command at once, as a cluster of one does. */
export function applyAtOnce(server: Server, command: Command, nowMicros: number): Response | EtcdError {
  server.commitIndex++;
  server.appliedIndex = server.commitIndex;
  return applyCommitted(server, command, nowMicros, {
    index: server.appliedIndex,
    serving: true,
    overQuota: false,
  });
}

/**
 * Answers a call on a cluster of one. A lock or a campaign that must wait comes to a `PendingRecipe`, to go on
 * (`serveRecipe`) when the key it waits for is gone (`isReleased`).
 */
export function answerCall(
  server: Server,
  call: Call,
  token: string | null,
  nowMicros: number,
  view: ClusterView,
): Answer | EtcdError | PendingRecipe {
  const admission = admitCall(server, call, token, nowMicros, view);
  switch (admission.do) {
    case "refuse":
      return admission.error;
    case "alarm":
      applyAtOnce(server, admission.command, nowMicros);
      return admission.error;
    case "propose":
    case "reconfigure": {
      const outcome = applyAtOnce(server, admission.command, nowMicros);
      return call.call === "downgrade" && !(outcome instanceof EtcdError) ? downgraded(server) : outcome;
    }
    case "read": {
      if (call.call === "lease-keep-alive") settleRenewal(server, call.id, nowMicros);
      return answerLocally(server, call, token, nowMicros);
    }
    case "recipe":
      return serveRecipe(
        server,
        { recipe: admission.recipe, auth: admission.auth, key: "", fromRevision: 0 },
        nowMicros,
      );
  }
}

/** A lease that is over is revoked before it is renewed; one that was checkpointed has its checkpoint taken back. */
function settleRenewal(server: Server, id: string, nowMicros: number): void {
  const remaining = remainingMicros(server.leases, id, nowMicros);
  if (remaining !== null && remaining <= 0) {
    for (const command of dueCommands(server, nowMicros)) applyAtOnce(server, command, nowMicros);
    return;
  }
  const checkpoint = renewalCheckpoint(server.store, id);
  if (checkpoint !== null) applyAtOnce(server, new Command(new LeaseCheckpointRequest([checkpoint])), nowMicros);
}

/** A recipe that waits for a key to be deleted at `fromRevision` or later. */
export interface PendingRecipe {
  readonly recipe: Recipe;
  readonly auth: AuthInfo;
  readonly key: string;
  readonly fromRevision: number;
}

/** Whether the key that a recipe waits for has been deleted by now. */
export function isReleased(store: Store, pending: PendingRecipe): boolean {
  for (let revision = pending.fromRevision; revision <= store.revision; revision++) {
    if (changesAt(store, revision).some((kv) => kv.key === pending.key && isTombstone(kv))) return true;
  }
  return false;
}

/** Runs a recipe on a cluster of one as far as it goes. */
export function serveRecipe(
  server: Server,
  pending: PendingRecipe,
  nowMicros: number,
): Answer | EtcdError | PendingRecipe {
  const { recipe, auth } = pending;
  let outcome: Response | EtcdError | null = null;
  for (;;) {
    const step = stepRecipe(recipe, outcome);
    switch (step.do) {
      case "done":
        return step.answer;
      case "refuse":
        return step.error;
      case "wait": {
        const next: PendingRecipe = { recipe, auth, key: step.key, fromRevision: step.fromRevision };
        if (!isReleased(server.store, next)) return next;
        outcome = null;
        break;
      }
      case "request":
        outcome = answerStep(server, step.request, auth, nowMicros);
    }
  }
}

function answerStep(server: Server, request: Request, auth: AuthInfo, nowMicros: number): Response | EtcdError {
  const early = checkBeforeToken(server, request);
  if (early?.do === "alarm") {
    applyAtOnce(server, early.command, nowMicros);
    return early.error;
  }
  if (early?.do === "refuse") return early.error;
  if (request.kind === RequestKind.Range) {
    return refuseRange(server.store.auth, auth, request.key, request.rangeEnd) ?? range(server.store, request);
  }
  const admission = propose(request, auth);
  return admission.do === "propose" ? applyAtOnce(server, admission.command, nowMicros) : ErrRequestTooLarge;
}
