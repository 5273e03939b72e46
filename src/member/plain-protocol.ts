// What most protocols need not say: a start for those who write one of their own. It is enough to say how a process starts, what
// it does with messages, timers and requests, and what it looks like from outside.

import { clonePlain, hashPlain } from "../kernel/plain.ts";
import type { ClientRequest } from "../kernel/request.ts";
import type { MessageFacts, ProcessContext, ProcessFacts, Protocol } from "./protocol.ts";

/** Scratch for `office`. */
const FACTS: ProcessFacts = { role: 0, term: 0, commit: 0, applied: 0, lastIndex: 0 };

/** Bytes that a message is taken for. */
const MESSAGE_BYTES = 64;

/**
 * A protocol without a disk, whose state is plain data and whose messages are instances of a class, never changed after they were
 * sent: a message that is held or waits in an inbox is part of the world, and recorded mode shares instances as they are.
 */
export abstract class PlainProtocol<State, Message extends object> implements Protocol<State, Message> {
  abstract readonly name: string;
  /** Ids of the cluster's members. */
  protected readonly members: readonly number[];

  constructor(members: readonly number[]) {
    this.members = members;
  }

  abstract start(context: ProcessContext): State | null;
  abstract receive(state: State, from: number, message: Message, context: ProcessContext): void;
  abstract timer(state: State, timer: number, context: ProcessContext): void;
  abstract request(state: State, request: ClientRequest, context: ProcessContext): void;
  abstract describe(state: State, facts: ProcessFacts): void;

  init(_context: ProcessContext): void {}

  diskDone(_state: State, _ok: boolean, _context: ProcessContext): void {}

  messageType(_message: Message): string {
    return "Message";
  }

  mayDuplicate(_message: Message): boolean {
    return true;
  }

  messageHash(message: Message): number {
    return hashPlain(message);
  }

  traceMessage(_message: Message, facts: MessageFacts): void {
    facts.type = facts.term = facts.index = 0;
  }

  messageBytes(_message: Message): number {
    return MESSAGE_BYTES;
  }

  office(state: State): number {
    this.describe(state, FACTS);
    return FACTS.term * 4 + FACTS.role;
  }

  fingerprint(state: State): number {
    return hashPlain(state);
  }

  clone(state: State): State {
    return clonePlain(state);
  }

  cloneBackend(backend: unknown): unknown {
    return backend;
  }

  backupOf(_backend: unknown): unknown {
    return null;
  }

  restore(): boolean {
    return false;
  }
}
