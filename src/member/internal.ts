// Requests that a member makes of itself: steps of recipes, the question whether it still leads, a change that another member
// passed on. They go the way of clients' requests and end here.

import { EtcdError, type Request, RequestKind } from "../etcd/api.ts";
import { range } from "../etcd/apply-kv.ts";
import { type AuthInfo, NOBODY, refuseRange } from "../etcd/auth-check.ts";
import { ClientRequest } from "../kernel/request.ts";
import { checkOthers } from "./corruption.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { proposeDue } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";
import { goOnWithRecipe } from "./recipes.ts";
import { INTERNAL } from "./respond.ts";

/** What such a request is for. */
export class InternalBody {
  readonly does: "recipe" | "confirm-leading" | "check-corruption" | "passed-on";
  /** The recipe; or number of the question that a peer asked. */
  readonly id: number;
  /** The peer. */
  readonly from: number;
  readonly request: Request | null;
  readonly auth: AuthInfo;

  constructor(does: InternalBody["does"], id: number, from: number, request: Request | null, auth: AuthInfo = NOBODY) {
    this.does = does;
    this.id = id;
    this.from = from;
    this.request = request;
    this.auth = auth;
  }
}

/** Makes a request of the member's own. */
export function internalRequest(body: InternalBody): ClientRequest {
  return new ClientRequest(INTERNAL, body.id, 1, body);
}

/** A read of the member's own was confirmed and may be answered. */
export function internalRead(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const { request: asked, auth } = request.body as InternalBody;
  const { store } = env.backend;
  if (asked === null || asked.kind !== RequestKind.Range) internalAnswered(member, env, request, null);
  else {
    const outcome = refuseRange(store.auth, auth, asked.key, asked.rangeEnd) ?? range(store, asked);
    internalAnswered(member, env, request, outcome);
  }
}

/** A request of the member's own has come to its end. */
export function internalAnswered(member: EtcdMember, env: MemberEnv, request: ClientRequest, outcome: unknown): void {
  const body = request.body as InternalBody;
  const error = outcome instanceof EtcdError ? outcome : null;
  switch (body.does) {
    case "recipe":
      goOnWithRecipe(member, env, body.id, outcome);
      return;
    case "confirm-leading":
      member.confirmsLeading = false;
      if (error === null) proposeDue(member, env);
      return;
    case "check-corruption":
      if (error === null) checkOthers(member, env);
      return;
    case "passed-on":
      env.context.send(body.from, new PeerMessage(PeerType.Answer, body.id, error === null ? outcome : null, error));
  }
}
