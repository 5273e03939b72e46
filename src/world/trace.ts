// The retained trace: one fixed binary record for each step and for the few facts that are no step (a message lost, a fault
// that did something). Rendered only when somebody looks. It lives in the run's context; it is no part of the world.

import type { MessageFacts, Protocol } from "../member/protocol.ts";

/** Integers per record: 48 bytes. */
export const RECORD_INTS = 12;

/** Records per chunk. */
const CHUNK_RECORDS = 4096;

/** Kinds of records beyond `EventKind`. */
export const RecordKind = {
  /** A message was lost. a: to, b: from, x: LossReason. */
  Lost: 64,
  /** An action of the timetable fired or ended. a: its position, b: 1 fired, 2 ended, 3 had no effect; x: targets as bits. */
  Fault: 65,
  /** A process started (x: 1) or is gone (x: 0). a: member. */
  Life: 66,
} as const;

/** One record, spelled out. */
export interface TraceRecord {
  /** Number of the step, from 1. */
  step: number;
  atMicros: number;
  kind: number;
  a: number;
  b: number;
  /** Number of the step that caused it; 0: the start of the run. */
  cause: number;
  /** What the message was, by `Protocol.traceMessage`; for other kinds see there. */
  type: number;
  term: number;
  index: number;
  x: number;
  /** Role, term of the member after the step. */
  role: number;
  roleTerm: number;
}

/** An append-only list of binary records. */
export class Trace {
  private readonly chunks: Int32Array[] = [];
  private chunk: Int32Array = new Int32Array(0);
  private at: number = 0;
  /** Number of the step under way; written into records. */
  step: number = 0;
  /** Number of records. */
  length: number = 0;

  private put(
    atMicros: number,
    kind: number,
    a: number,
    b: number,
    cause: number,
    type: number,
    term: number,
    index: number,
    x: number,
    role: number,
    roleTerm: number,
  ): void {
    if (this.at === this.chunk.length) {
      this.chunk = new Int32Array(CHUNK_RECORDS * RECORD_INTS);
      this.chunks.push(this.chunk);
      this.at = 0;
    }
    const chunk = this.chunk;
    const i = this.at;
    const high = Math.floor(atMicros / 0x40000000);
    chunk[i] = atMicros - high * 0x40000000;
    chunk[i + 1] = (high << 8) | kind;
    chunk[i + 2] = a | (role << 16);
    chunk[i + 3] = b;
    chunk[i + 4] = this.step;
    chunk[i + 5] = cause;
    chunk[i + 6] = type;
    chunk[i + 7] = term;
    chunk[i + 8] = index;
    chunk[i + 9] = x;
    chunk[i + 10] = roleTerm;
    this.at = i + RECORD_INTS;
    this.length++;
  }

  /** Keeps a step. */
  stepped(
    atMicros: number,
    kind: number,
    a: number,
    b: number,
    cause: number,
    type: number,
    term: number,
    index: number,
    role: number,
    roleTerm: number,
  ): void {
    this.put(atMicros, kind, a, b, cause, type, term, index, 0, role, roleTerm);
  }

  /** Keeps the loss of a message. */
  lost(
    atMicros: number,
    from: number,
    to: number,
    reason: number,
    protocol: Protocol<unknown, unknown>,
    message: unknown,
  ): void {
    const out = MESSAGE;
    protocol.traceMessage(message, out);
    this.put(atMicros, RecordKind.Lost, to, from, this.step, out.type, out.term, out.index, reason, 0, 0);
  }

  /** Keeps that an action fired (1), ended (2) or had no effect (3). `targets` is a bit set of member ids mod 31. */
  fault(atMicros: number, position: number, what: number, targets: number): void {
    this.put(atMicros, RecordKind.Fault, position, what, this.step, 0, 0, 0, targets, 0, 0);
  }

  /** Keeps that a process started or is gone. */
  life(atMicros: number, member: number, started: boolean): void {
    this.put(atMicros, RecordKind.Life, member, 0, this.step, 0, 0, 0, started ? 1 : 0, 0, 0);
  }

  /** The record at `position`, 0..length-1. */
  record(position: number): TraceRecord {
    const chunk = this.chunks[Math.floor(position / CHUNK_RECORDS)] as Int32Array;
    const i = (position % CHUNK_RECORDS) * RECORD_INTS;
    const second = chunk[i + 1] as number;
    const third = chunk[i + 2] as number;
    return {
      step: chunk[i + 4] as number,
      atMicros: (second >> 8) * 0x40000000 + (chunk[i] as number),
      kind: second & 255,
      a: third & 0xffff,
      b: chunk[i + 3] as number,
      cause: chunk[i + 5] as number,
      type: chunk[i + 6] as number,
      term: chunk[i + 7] as number,
      index: chunk[i + 8] as number,
      x: chunk[i + 9] as number,
      role: third >>> 16,
      roleTerm: chunk[i + 10] as number,
    };
  }
}

/** Scratch for one message at a time. */
const MESSAGE: MessageFacts = { type: 0, term: 0, index: 0 };
