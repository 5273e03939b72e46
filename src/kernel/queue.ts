// The event queue: what is to happen, ordered by (time, rank of the source, number within that source). It lives in the run's
// context, not in the world: its slabs are typed arrays, which a recorded step could not follow. A keyframe saves its content.

import { assert } from "./assert.ts";
import { QUEUE_MAX } from "./limits.ts";
import { RANKS } from "./rank.ts";

/** What waits in the queue, spelled out; for keyframes, listings and actions on messages in flight. */
export interface QueuedEvent {
  atMicros: number;
  rank: number;
  sequence: number;
  kind: number;
  a: number;
  b: number;
  cause: number;
  payload: unknown;
}

/** Saved content of a queue. */
export interface QueueImage {
  events: QueuedEvent[];
  sequences: Uint32Array;
}

const SEQUENCE_SPAN = 0x100000000;

/** A kind that no event has: slots whose event was taken back. */
const CANCELLED = 255;

/**
 * A 4-ary heap over typed arrays with the events' fields in slabs. `pop` loads the earliest event into the fields `atMicros`,
 * `kind`, `a`, `b` and `payload` of the queue itself, so that an event costs no object.
 *
 * `docs/decisions/0003-event-queue.md` has the measurements against a binary heap of objects and a timing wheel.
 */
export class EventQueue {
  /** Fields of the event that `pop` took last. */
  atMicros: number = 0;
  kind: number = 0;
  a: number = 0;
  b: number = 0;
  payload: unknown = null;
  /** Number of the step in which the event was scheduled: what it depends on. */
  cause: number = 0;

  /** Number of the step that is under way; whatever is pushed now has it as its cause. */
  step: number = 0;

  private count: number = 0;
  private cancelled: number = 0;
  private capacity: number = 256;
  private heapAt: Float64Array = new Float64Array(256);
  private heapKey: Float64Array = new Float64Array(256);
  private heapSlot: Int32Array = new Int32Array(256);
  private slotKind: Uint8Array = new Uint8Array(256);
  private slotA: Int32Array = new Int32Array(256);
  private slotB: Int32Array = new Int32Array(256);
  private slotCause: Int32Array = new Int32Array(256);
  private slotPayload: unknown[] = new Array(256).fill(null);
  private free: Int32Array = new Int32Array(256);
  private freeCount: number = 0;
  private used: number = 0;
  private sequences: Uint32Array = new Uint32Array(RANKS);

  /** Number of events that wait. */
  get size(): number {
    return this.count - this.cancelled;
  }

  /** Schedules an event. `a`, `b` are int32, `kind` 0..254. Returns its slot, good until the event is taken. */
  push(atMicros: number, rank: number, kind: number, a: number, b: number, payload: unknown): number {
    const sequence = this.sequences[rank] as number;
    this.sequences[rank] = sequence + 1;
    return this.insert(atMicros, rank * SEQUENCE_SPAN + sequence, kind, a, b, this.step, payload);
  }

  private insert(
    at: number,
    key: number,
    kind: number,
    a: number,
    b: number,
    cause: number,
    payload: unknown,
  ): number {
    let slot: number;
    if (this.freeCount > 0) slot = this.free[--this.freeCount] as number;
    else {
      if (this.used === this.capacity) this.grow();
      slot = this.used++;
    }
    this.slotKind[slot] = kind;
    this.slotA[slot] = a;
    this.slotB[slot] = b;
    this.slotCause[slot] = cause;
    this.slotPayload[slot] = payload;
    const heapAt = this.heapAt;
    const heapKey = this.heapKey;
    const heapSlot = this.heapSlot;
    let i = this.count++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      const parentAt = heapAt[parent] as number;
      if (at > parentAt || (at === parentAt && key > (heapKey[parent] as number))) break;
      heapAt[i] = parentAt;
      heapKey[i] = heapKey[parent] as number;
      heapSlot[i] = heapSlot[parent] as number;
      i = parent;
    }
    heapAt[i] = at;
    heapKey[i] = key;
    heapSlot[i] = slot;
    return slot;
  }

  /** Time of the earliest event, or Infinity when nothing waits. */
  peekMicros(): number {
    while (this.count > 0) {
      if (this.slotKind[this.heapSlot[0] as number] !== CANCELLED) return this.heapAt[0] as number;
      this.removeTop();
      this.cancelled--;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes the earliest event into the queue's fields; false when nothing waits. */
  pop(): boolean {
    for (;;) {
      if (this.count === 0) return false;
      const slot = this.heapSlot[0] as number;
      const kind = this.slotKind[slot] as number;
      if (kind === CANCELLED) {
        this.removeTop();
        this.cancelled--;
        continue;
      }
      this.atMicros = this.heapAt[0] as number;
      this.kind = kind;
      this.a = this.slotA[slot] as number;
      this.b = this.slotB[slot] as number;
      this.cause = this.slotCause[slot] as number;
      this.payload = this.slotPayload[slot];
      this.removeTop();
      return true;
    }
  }

  private removeTop(): void {
    const heapAt = this.heapAt;
    const heapKey = this.heapKey;
    const heapSlot = this.heapSlot;
    const slot = heapSlot[0] as number;
    this.slotPayload[slot] = null;
    this.free[this.freeCount++] = slot;
    const n = --this.count;
    if (n === 0) return;
    const at = heapAt[n] as number;
    const key = heapKey[n] as number;
    let i = 0;
    for (;;) {
      const first = (i << 2) + 1;
      if (first >= n) break;
      let best = first;
      let bestAt = heapAt[first] as number;
      const end = first + 4 < n ? first + 4 : n;
      for (let c = first + 1; c < end; c++) {
        const cAt = heapAt[c] as number;
        if (cAt < bestAt || (cAt === bestAt && (heapKey[c] as number) < (heapKey[best] as number))) {
          best = c;
          bestAt = cAt;
        }
      }
      if (bestAt > at || (bestAt === at && (heapKey[best] as number) > key)) break;
      heapAt[i] = bestAt;
      heapKey[i] = heapKey[best] as number;
      heapSlot[i] = heapSlot[best] as number;
      i = best;
    }
    heapAt[i] = at;
    heapKey[i] = key;
    heapSlot[i] = heapSlot[n] as number;
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    assert(capacity <= QUEUE_MAX * 2, "more events wait than QUEUE_MAX allows");
    this.heapAt = copyInto(new Float64Array(capacity), this.heapAt);
    this.heapKey = copyInto(new Float64Array(capacity), this.heapKey);
    this.heapSlot = copyInto(new Int32Array(capacity), this.heapSlot);
    this.slotKind = copyInto(new Uint8Array(capacity), this.slotKind);
    this.slotA = copyInto(new Int32Array(capacity), this.slotA);
    this.slotB = copyInto(new Int32Array(capacity), this.slotB);
    this.slotCause = copyInto(new Int32Array(capacity), this.slotCause);
    this.free = copyInto(new Int32Array(capacity), this.free);
    this.capacity = capacity;
  }

  /** Slots of the waiting events of one kind, in the order in which they are due. */
  slotsOf(kind: number): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.count; i++) if (this.slotKind[this.heapSlot[i] as number] === kind) found.push(i);
    found.sort((x, y) => this.compare(x, y));
    return found.map((i) => this.heapSlot[i] as number);
  }

  private compare(i: number, j: number): number {
    const d = (this.heapAt[i] as number) - (this.heapAt[j] as number);
    return d !== 0 ? d : (this.heapKey[i] as number) - (this.heapKey[j] as number);
  }

  /** The event in `slot`, without taking it. `rank` and `sequence` are left out (0): they are the queue's own business. */
  at(slot: number): QueuedEvent {
    let atMicros = 0;
    for (let i = 0; i < this.count; i++) if (this.heapSlot[i] === slot) atMicros = this.heapAt[i] as number;
    return {
      atMicros,
      rank: 0,
      sequence: 0,
      kind: this.slotKind[slot] as number,
      a: this.slotA[slot] as number,
      b: this.slotB[slot] as number,
      cause: this.slotCause[slot] as number,
      payload: this.slotPayload[slot],
    };
  }

  /** Takes an event back. */
  cancel(slot: number): void {
    assert(this.slotKind[slot] !== CANCELLED, "an event was cancelled twice");
    this.slotKind[slot] = CANCELLED;
    this.slotPayload[slot] = null;
    this.cancelled++;
  }

  /** Content for a keyframe. Payloads are immutable values and are shared. */
  save(): QueueImage {
    const order: number[] = [];
    for (let i = 0; i < this.count; i++) {
      if (this.slotKind[this.heapSlot[i] as number] !== CANCELLED) order.push(i);
    }
    order.sort((x, y) => this.compare(x, y));
    const events = order.map((i): QueuedEvent => {
      const slot = this.heapSlot[i] as number;
      const key = this.heapKey[i] as number;
      const rank = Math.floor(key / SEQUENCE_SPAN);
      return {
        atMicros: this.heapAt[i] as number,
        rank,
        sequence: key - rank * SEQUENCE_SPAN,
        kind: this.slotKind[slot] as number,
        a: this.slotA[slot] as number,
        b: this.slotB[slot] as number,
        cause: this.slotCause[slot] as number,
        payload: this.slotPayload[slot],
      };
    });
    return { events, sequences: this.sequences.slice() };
  }

  /** A queue with the content of `image`; the image may be restored any number of times. */
  static restore(image: QueueImage): EventQueue {
    const queue = new EventQueue();
    for (const e of image.events) {
      queue.insert(e.atMicros, e.rank * SEQUENCE_SPAN + e.sequence, e.kind, e.a, e.b, e.cause, e.payload);
    }
    queue.sequences = image.sequences.slice();
    return queue;
  }
}

function copyInto<A extends { set(from: A): void }>(to: A, from: A): A {
  to.set(from);
  return to;
}
