// The lock and election services of a member: it makes the requests of a recipe (`etcd/recipe.ts`) one after another in the
// client's name. After etcd `etcdserver/api/v3lock` and `v3election`, which run a client inside the server.

import { type EtcdError, RequestKind, type Response } from "../etcd/api.ts";
import type { AuthInfo } from "../etcd/auth-check.ts";
import { isTombstone } from "../etcd/key-value.ts";
import { type Recipe, stepRecipe } from "../etcd/recipe.ts";
import { changesAt, type Store } from "../etcd/store.ts";
import { type ClientRequest, RequestError } from "../kernel/request.ts";
import type { EtcdMember, RunningRecipe } from "./etcd-member.ts";
import { InternalBody, internalRequest } from "./internal.ts";
import type { MemberEnv } from "./member-env.ts";
import { enqueueRead } from "./reads.ts";
import { proposeChecked } from "./requests.ts";
import { refuse, respond } from "./respond.ts";

/** Begins a lock or an election. */
export function beginRecipe(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  recipe: Recipe,
  auth: AuthInfo,
): void {
  const id = member.nextRecipe++;
  member.recipes.push({ id, request, recipe, auth, waitsFor: "", fromRevision: 0 });
  goOnWithRecipe(member, env, id, null);
}

/** Goes on with the outcome of what was asked for last; null after a wait. */
export function goOnWithRecipe(member: EtcdMember, env: MemberEnv, id: number, last: unknown): void {
  const running = member.recipes.find((one) => one.id === id);
  if (running === undefined) return;
  running.waitsFor = "";
  let outcome = last as Response | EtcdError | null;
  for (;;) {
    const step = stepRecipe(running.recipe, outcome);
    switch (step.do) {
      case "done":
        end(member, running);
        respond(member, env, running.request, step.answer, revisionOf(step.answer));
        return;
      case "refuse":
        end(member, running);
        // Some of its steps may have been taken.
        refuse(member, env, running.request, new RequestError(step.error.code, step.error.message, false));
        return;
      case "wait":
        if (!isReleased(env.backend.store, step.key, step.fromRevision)) {
          running.waitsFor = step.key;
          running.fromRevision = step.fromRevision;
          return;
        }
        outcome = null;
        break;
      case "request": {
        const request = internalRequest(new InternalBody("recipe", id, 0, step.request, running.auth));
        if (step.request.kind === RequestKind.Range) enqueueRead(member, env, request);
        else proposeChecked(member, env, request, step.request, running.auth);
        return;
      }
    }
  }
}

function revisionOf(answer: object): number {
  return (answer as { readonly revision?: number }).revision ?? 0;
}

function end(member: EtcdMember, running: RunningRecipe): void {
  member.recipes = member.recipes.filter((one) => one !== running);
}

function isReleased(store: Store, key: string, fromRevision: number): boolean {
  for (let revision = Math.max(fromRevision, store.changes.first); revision <= store.revision; revision++) {
    for (const kv of changesAt(store, revision)) if (kv.key === key && isTombstone(kv)) return true;
  }
  return false;
}

/** A revision was applied: whoever waits for one of its deletions goes on. */
export function releaseRecipes(member: EtcdMember, env: MemberEnv): void {
  const { store } = env.backend;
  const released: number[] = [];
  for (const { id, waitsFor, fromRevision } of member.recipes) {
    if (waitsFor === "" || store.revision < fromRevision) continue;
    for (const kv of changesAt(store, store.revision)) {
      if (kv.key === waitsFor && isTombstone(kv)) {
        released.push(id);
        break;
      }
    }
  }
  for (const id of released) goOnWithRecipe(member, env, id, null);
}

/** The member's state was replaced by a snapshot: what was waited for may have happened in between. */
export function recheckRecipes(member: EtcdMember, env: MemberEnv): void {
  for (const { id, waitsFor } of [...member.recipes]) if (waitsFor !== "") goOnWithRecipe(member, env, id, null);
}
