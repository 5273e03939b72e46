/**
 * Where a member puts outgoing messages until its host takes them.
 *
 * What is unknown here: what is in them. There are two lists: messages that may leave at once, and promises (votes,
 * acknowledgements) that must wait until everything up to now is on disk. Both are filled and emptied all the time and keep
 * their storage.
 */

import { Message, MessageType, NO_ENTRIES, NO_MESSAGES } from "./message.ts";
import type { Raft } from "./state.ts";

/** Sends a message as soon as the host looks. */
export function send(raft: Raft, message: Message): void {
  raft.messages.push(message);
}

/** Sends a message once all state up to now is on disk. */
export function sendAfterAppend(raft: Raft, message: Message): void {
  raft.messagesAfterAppend.push(message);
}

/** Returns a message of the own term that carries nothing but its fields here. */
export function plainMessage(
  raft: Raft,
  type: number,
  to: number,
  index: number,
  commit: number,
  context: number,
): Message {
  return new Message(
    type,
    to,
    raft.id,
    raft.term,
    0,
    index,
    commit,
    0,
    false,
    0,
    NO_ENTRIES,
    null,
    context,
    NO_MESSAGES,
  );
}

/** Acknowledges everything up to `index`; it waits for the disk, because it promises durability. */
export function sendAppendResponse(raft: Raft, to: number, index: number): void {
  sendAfterAppend(raft, plainMessage(raft, MessageType.MsgAppResp, to, index, 0, 0));
}

/**
 * Leader: acknowledges its own entries up to `index` to itself, once they are on disk. The commonest case, one proposal
 * in a Ready of a synchronous host, is kept as a number; it means the same as the message.
 */
export function acknowledgeOwn(raft: Raft, index: number): void {
  if (raft.ownAppend === 0 && raft.messagesAfterAppend.length === 0 && !raft.config.asyncStorageWrites) {
    raft.ownAppend = index;
    raft.ownAppendTerm = raft.term;
  } else sendAppendResponse(raft, raft.id, index);
}
