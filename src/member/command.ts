// What an etcd member puts into the log: a client's request with the name of who asked, as one immutable payload.

import type { KvRequest } from "../etcd/api.ts";
import { mix } from "../kernel/hash.ts";
import type { Payload } from "../raft/entry.ts";

/** Bytes that etcd's request header takes around a request, about. */
const HEADER_BYTES = 16;

/** A request in the log. After etcd's `InternalRaftRequest`. */
export class Command implements Payload {
  readonly body: KvRequest;
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
    body: KvRequest,
    client: number,
    operation: number,
    attempt: number,
    member: number,
    boot: number,
    ticket: number,
  ) {
    this.body = body;
    this.client = client;
    this.operation = operation;
    this.attempt = attempt;
    this.member = member;
    this.boot = boot;
    this.ticket = ticket;
    this.size = body.size + HEADER_BYTES;
    this.hash = mix(mix(body.hash, client ^ (attempt << 24)), operation ^ (member << 24));
  }
}
