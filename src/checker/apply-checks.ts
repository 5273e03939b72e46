// What a command did where it was first applied, against the model: one revision for all of it, keys on leases that are there.

import { EtcdError, RequestKind, type Response, type TxnOperation } from "../etcd/api.ts";
import type { Store } from "../etcd/store.ts";
import type { Command } from "../member/command.ts";
import type { World } from "../world/world.ts";
import type { Ghost, LeaseGhost } from "./ghost.ts";
import { checkAttached, checkRevoked, noteCheckpoints, noteGranted } from "./lease-checks.ts";
import { checkRights, noteRights } from "./rights.ts";
import type { Findings } from "./violation.ts";

/**
 * A command was applied for the first time, and the model has replayed it. `revoked`: what the model knew of the lease that it
 * revoked.
 */
export function checkApplied(
  ghost: Ghost,
  out: Findings,
  world: World,
  member: number,
  { body, client, auth }: Command,
  outcome: Response | EtcdError | null,
  store: Store,
  revoked: LeaseGhost | undefined,
): void {
  if (outcome instanceof EtcdError) return;
  switch (body.kind) {
    case RequestKind.Put:
      if (ghost.rights.enabled || ghost.rights.full.length > 0) checkRights(ghost, out, member, body, auth);
      if (!body.ignoreLease) checkAttached(ghost, out, member, body.key, body.lease);
      break;
    case RequestKind.LeaseGrant:
      noteGranted(ghost, world, body.id);
      break;
    case RequestKind.LeaseCheckpoint:
      noteCheckpoints(ghost, world, body.checkpoints);
      break;
    case RequestKind.LeaseRevoke:
      if (revoked !== undefined) checkRevoked(out, member, body.id, revoked, client === 0, store);
      break;
    case RequestKind.Txn:
      for (const operation of body.success) checkPart(ghost, out, member, operation, store.revision);
      for (const operation of body.failure) checkPart(ghost, out, member, operation, store.revision);
      break;
    default:
      if (body.kind >= RequestKind.Alarm) noteRights(ghost.rights, body);
  }
  if (store.revision === ghost.modelRevision) return;
  const property =
    body.kind === RequestKind.Txn
      ? "txn-atomicity"
      : body.kind === RequestKind.LeaseRevoke
        ? "lease-revoke-atomic"
        : "revision-agreement";
  const text = `n${member} is at revision ${store.revision} after a command that takes it to ${ghost.modelRevision}`;
  ghost.modelRevision = store.revision;
  out.report(property, [member], text);
}

/** Of a branch that was taken: what it put at this revision hangs on leases that are there. */
function checkPart(ghost: Ghost, out: Findings, member: number, operation: TxnOperation, revision: number): void {
  if (operation === null || operation.kind !== RequestKind.Put || operation.ignoreLease) return;
  const versions = ghost.model.get(operation.key);
  const last = versions === undefined ? undefined : versions[versions.length - 1];
  if (last !== undefined && last.mod === revision && last.lease === operation.lease) {
    checkAttached(ghost, out, member, operation.key, operation.lease);
  }
}
