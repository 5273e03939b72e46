// Answers. Requests of clients and of the operator are answered over the network; those that the member makes itself, as a
// step of a recipe or to make sure that it leads, go back to whoever made them here.

import { type EtcdError, EtcdError as Refusal } from "../etcd/api.ts";
import { httpAnswer } from "../etcd/health.ts";
import { type ClientRequest, ClientResponse, RequestError } from "../kernel/request.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { internalAnswered } from "./internal.ts";
import type { MemberEnv } from "./member-env.ts";

/** Number of the client that a member is to itself. */
export const INTERNAL = -1;

/** Answers a request with a body. `revision` is that of the header. */
export function respond(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  body: unknown,
  revision: number,
): void {
  if (request.client === INTERNAL) internalAnswered(member, env, request, body);
  else {
    const { context } = env;
    context.reply(request, new ClientResponse(request, body, null, revision, context.self, member.raft.term));
  }
}

/** Answers a request with an error that the server gives; `revision` is not 0 where the state machine gave it. */
export function refuse(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  error: RequestError,
  revision: number = 0,
): void {
  const call = request.body as { readonly call?: string; readonly target?: string };
  if (request.client === INTERNAL) internalAnswered(member, env, request, new Refusal(error.code, error.message));
  else if (call.call === "http") {
    // A probe is answered all the same: with what is wrong.
    respond(member, env, request, httpAnswer(env.desk, call.target ?? "", error.message), 0);
  } else {
    const { context } = env;
    context.reply(request, new ClientResponse(request, null, error, revision, context.self, member.raft.term));
  }
}

/** An error of etcd's that says for certain that nothing was done. */
export function definite(error: EtcdError): RequestError {
  return new RequestError(error.code, error.message, true);
}

/** Answers with what came of a request: an answer or a refusal. */
export function conclude(member: EtcdMember, env: MemberEnv, request: ClientRequest, outcome: object): void {
  const { revision } = env.backend.store;
  if (outcome instanceof Refusal) refuse(member, env, request, definite(outcome), revision);
  else respond(member, env, request, outcome, (outcome as { readonly revision?: number }).revision ?? revision);
}
