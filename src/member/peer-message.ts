// What members say to each other besides Raft's messages: that they are there, and the few questions that etcd's members ask
// over HTTP. Immutable values.

import type { EtcdError } from "../etcd/api.ts";
import type { Message } from "../raft/message.ts";

/** Kinds of these messages; numbers above all of Raft's. */
export const PeerType = {
  /** "I am here": sent at the start and now and then, so that members know who is connected. */
  Hello: 64,
  HelloBack: 65,
  /** Questions for the leader: a lease renewed, what is left of one, a learner promoted. */
  LeaseRenew: 66,
  LeaseTimeToLive: 67,
  Promote: 68,
  /** The leader's questions: the hash at a revision, the version of the program. */
  HashKv: 69,
  Version: 70,
  /** An answer to any of them. */
  Answer: 71,
} as const;

const NAMES: readonly string[] = [
  "PeerHello",
  "PeerHelloBack",
  "PeerLeaseRenew",
  "PeerLeaseTimeToLive",
  "PeerPromote",
  "PeerHashKV",
  "PeerVersion",
  "PeerAnswer",
];

/** Name of a kind, for faults that pick by type and for people. */
export function peerTypeName(type: number): string {
  return NAMES[type - PeerType.Hello] ?? "Peer";
}

/** Tells the two kinds of what members send apart, by the number alone. */
export function isRaftMessage(message: Message | PeerMessage): message is Message {
  return message.type < PeerType.Hello;
}

/** One message. */
export class PeerMessage {
  readonly type: number;
  /** Number of the question at whoever asked; answers carry it back. */
  readonly number: number;
  /** What is asked or answered; null where the kind says it all, or with an error. */
  readonly body: unknown;
  readonly error: EtcdError | null;

  constructor(type: number, number: number, body: unknown = null, error: EtcdError | null = null) {
    this.type = type;
    this.number = number;
    this.body = body;
    this.error = error;
  }
}
