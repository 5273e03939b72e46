// What an etcd member puts into the log: a request with the name of who asked, as one immutable payload. A change of members
// travels as Raft's configuration change instead and carries the same beside it.

import type { MemberAddRequest, MemberIdRequest, MemberUpdateRequest, Request } from "../etcd/api.ts";
import { type AuthInfo, NOBODY } from "../etcd/auth-check.ts";
import { hashString, mix } from "../kernel/hash.ts";
import type { Payload } from "../raft/entry.ts";

/** Bytes that etcd's request header takes around a request, about. */
const HEADER_BYTES = 16;

/** A request in the log. After etcd's `InternalRaftRequest`. */
export class Command implements Payload {
  readonly body: Request;
  /** In whose name the state machine is to do it. */
  readonly auth: AuthInfo;
  readonly client: number;
  readonly operation: number;
  readonly attempt: number;
  /** The member that took the request, its boot and its number for the request: who answers when the entry is applied. */
  readonly member: number;
  readonly boot: number;
  readonly ticket: number;
  readonly size: number;
  readonly hash: number;

  constructor(
    body: Request,
    auth: AuthInfo,
    client: number,
    operation: number,
    attempt: number,
    member: number,
    boot: number,
    ticket: number,
  ) {
    this.body = body;
    this.auth = auth;
    this.client = client;
    this.operation = operation;
    this.attempt = attempt;
    this.member = member;
    this.boot = boot;
    this.ticket = ticket;
    this.size = body.size + HEADER_BYTES + auth.username.length;
    const hash = mix(mix(body.hash, client ^ (attempt << 24)), operation ^ (member << 24));
    this.hash = auth === NOBODY ? hash : mix(mix(hash, hashString(auth.username)), auth.revision);
  }
}

/** Makes a voter a learner again: Raft can, etcd's API has no such request. */
export class DemoteRequest {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** One change in the list of members. */
export type MemberChange = MemberAddRequest | MemberIdRequest | MemberUpdateRequest | DemoteRequest;

/** What a configuration change carries: the changes in the list of members, and who answers. Its text stands for it. */
export class MembershipCommand {
  readonly changes: readonly MemberChange[];
  readonly client: number;
  readonly operation: number;
  readonly member: number;
  readonly boot: number;
  readonly ticket: number;
  private readonly text: string;

  constructor(
    changes: readonly MemberChange[],
    client: number,
    operation: number,
    member: number,
    boot: number,
    ticket: number,
  ) {
    this.changes = changes;
    this.client = client;
    this.operation = operation;
    this.member = member;
    this.boot = boot;
    this.ticket = ticket;
    const parts = changes.map((change) => (change instanceof DemoteRequest ? `-${change.id}` : `${change.hash}`));
    this.text = `${member}/${boot}/${ticket}/${parts.join(",")}`;
  }

  toString(): string {
    return this.text;
  }
}
