/**
 * The messages that Raft members exchange, and those with which a member talks to its own storage threads.
 *
 * What is unknown here: what a message does (`step.ts`), how it travels (the network), when it was sent.
 * Names and order of the types follow etcd-io/raft `raftpb/raft.proto`, so that traces read like etcd's.
 */

import { createList } from "../kernel/list.ts";
import type { Entry } from "./entry.ts";
import type { Snapshot } from "./snapshot.ts";

/** "No member": the value of a vote not cast, a leader not known, a sender not yet filled in. */
export const NONE = 0;
/** Reserved id: the local thread that persists entries, hard state and snapshots (asynchronous storage writes). */
export const APPEND_THREAD: number = -1;
/** Reserved id: the local thread that applies committed entries (asynchronous storage writes). */
export const APPLY_THREAD: number = -2;

/** `Message.context` of a vote request in a leadership transfer: it overrides the lease of the voters. */
export const CAMPAIGN_TRANSFER: number = -1;

/** Kinds of messages as small integers, in etcd's order. */
export const MessageType = {
  MsgHup: 0,
  MsgBeat: 1,
  MsgProp: 2,
  MsgApp: 3,
  MsgAppResp: 4,
  MsgVote: 5,
  MsgVoteResp: 6,
  MsgSnap: 7,
  MsgHeartbeat: 8,
  MsgHeartbeatResp: 9,
  MsgUnreachable: 10,
  MsgSnapStatus: 11,
  MsgCheckQuorum: 12,
  MsgTransferLeader: 13,
  MsgTimeoutNow: 14,
  MsgReadIndex: 15,
  MsgReadIndexResp: 16,
  MsgPreVote: 17,
  MsgPreVoteResp: 18,
  MsgStorageAppend: 19,
  MsgStorageAppendResp: 20,
  MsgStorageApply: 21,
  MsgStorageApplyResp: 22,
  MsgForgetLeader: 23,
} as const;

/** One of the values of `MessageType`, 0 to 23. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** The names of the message types, at the position of their number. */
export const MESSAGE_TYPE_NAMES: readonly string[] = Object.freeze([
  "MsgHup",
  "MsgBeat",
  "MsgProp",
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgSnap",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgTransferLeader",
  "MsgTimeoutNow",
  "MsgReadIndex",
  "MsgReadIndexResp",
  "MsgPreVote",
  "MsgPreVoteResp",
  "MsgStorageAppend",
  "MsgStorageAppendResp",
  "MsgStorageApply",
  "MsgStorageApplyResp",
  "MsgForgetLeader",
]);

/** Returns etcd's name of a message type, `MsgApp`; for a number outside 0..23 the number itself. */
export function messageTypeName(type: number): string {
  return MESSAGE_TYPE_NAMES[type] ?? `${type}`;
}

/** Returns the type with this name, or -1. */
export function messageTypeOf(name: string): number {
  return MESSAGE_TYPE_NAMES.indexOf(name);
}

/** A bit of `senderOf`. */
export const LOCAL = 1 as const;
const RESPONSE = 2;

// What kind of sender a type asks for, at the position of its number.
const FLAGS: readonly number[] = [
  LOCAL, // MsgHup
  LOCAL, // MsgBeat
  0, // MsgProp
  0, // MsgApp
  RESPONSE, // MsgAppResp
  0, // MsgVote
  RESPONSE, // MsgVoteResp
  0, // MsgSnap
  0, // MsgHeartbeat
  RESPONSE, // MsgHeartbeatResp
  LOCAL | RESPONSE, // MsgUnreachable
  LOCAL, // MsgSnapStatus
  LOCAL, // MsgCheckQuorum
  0, // MsgTransferLeader
  0, // MsgTimeoutNow
  0, // MsgReadIndex
  RESPONSE, // MsgReadIndexResp
  0, // MsgPreVote
  RESPONSE, // MsgPreVoteResp
  LOCAL, // MsgStorageAppend
  LOCAL | RESPONSE, // MsgStorageAppendResp
  LOCAL, // MsgStorageApply
  LOCAL | RESPONSE, // MsgStorageApplyResp
  0, // MsgForgetLeader
];

/**
 * Returns who may send a type, in bits: 0 anybody, `LOCAL` the member to itself (it never travels over a network), others a
 * known peer or a storage thread, for it answers something.
 */
export function senderOf(type: number): number {
  return FLAGS[type]!;
}

/** True for the two reserved ids of the storage threads. */
export function isStorageThread(id: number): boolean {
  return id === APPEND_THREAD || id === APPLY_THREAD;
}

/**
 * The shared empty list of entries. It is a list like any other to V8, and not frozen: then it would be of another hidden class,
 * and whoever reads lists of entries would look twice.
 */
export const NO_ENTRIES: readonly Entry[] = createList<Entry>();
/** The shared empty list of messages. */
export const NO_MESSAGES: readonly Message[] = createList<Message>();

/**
 * One message. Immutable, one shape: every field is set for every type, so that V8 keeps one hidden class.
 *
 * Meaning of the fields that several types share (after raft.proto):
 * `logTerm`/`index` are the entry before `entries` (MsgApp), the candidate's last entry (MsgVote, MsgPreVote), the
 * acknowledged or rejected position (MsgAppResp), or the confirmed read index (MsgReadIndexResp).
 */
export class Message {
  readonly type: number;
  readonly to: number;
  /** 0 only in a local proposal; it becomes the sender's id when the message is forwarded. */
  readonly from: number;
  /** 0 for messages that belong to no term: local ones, MsgProp, MsgReadIndex. */
  readonly term: number;
  readonly logTerm: number;
  readonly index: number;
  readonly commit: number;
  readonly vote: number;
  readonly reject: boolean;
  readonly rejectHint: number;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | null;
  /**
   * 0: none. MsgReadIndex and MsgReadIndexResp: the reader's request id, below 2^53. MsgHeartbeat and its response: the
   * leader's own number of the read round that it confirms. MsgVote: `CAMPAIGN_TRANSFER` in a transfer.
   */
  readonly context: number;
  /** MsgStorageAppend, MsgStorageApply: what to deliver once the work is durable. */
  readonly responses: readonly Message[];

  constructor(
    type: number,
    to: number,
    from: number,
    term: number,
    logTerm: number,
    index: number,
    commit: number,
    vote: number,
    reject: boolean,
    rejectHint: number,
    entries: readonly Entry[],
    snapshot: Snapshot | null,
    context: number,
    responses: readonly Message[],
  ) {
    this.type = type;
    this.to = to;
    this.from = from;
    this.term = term;
    this.logTerm = logTerm;
    this.index = index;
    this.commit = commit;
    this.vote = vote;
    this.reject = reject;
    this.rejectHint = rejectHint;
    this.entries = entries;
    this.snapshot = snapshot;
    this.context = context;
    this.responses = responses;
  }
}
