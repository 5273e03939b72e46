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
  /** What waits, in the order in which it is due. */
  readonly events: readonly QueuedEvent[];
  /** Next number of each rank that was used: rank, number, rank, number, … */
  readonly sequences: readonly number[];
}

const SEQUENCE_SPAN = 0x100000000;

/** A kind that no event has: slots whose event was taken back. */
const CANCELLED = 255;

/** Width of a bucket of the wheel in micros, a power of two, and how many there are: it reaches 262 ms ahead. */
const BUCKET_MICROS = 1024;
const BUCKETS = 256;
const MASK = BUCKETS - 1;

/**
 * Events of a bucket that a new one is compared with before it goes to the heap instead: with thousands of clients a bucket
 * would hold hundreds, and each insertion would walk past half of them.
 */
const WALK_MAX = 32;

/** Fields of an event in the slab: whole numbers, of which all but the first two are int32. One event fills a cache line. */
const STRIDE_BITS = 3;
const AT = 0;
const KEY = 1;
const NEXT = 2;
const KIND = 3;
const A = 4;
const B = 5;
const CAUSE = 6;

/**
 * A timing wheel for what is due soon, with a 4-ary heap for the rest; events are fields in one typed array. `pop` loads the
 * earliest event into the fields `atMicros`, `kind`, `a`, `b` and `cause` of the queue itself, so that an event costs no object. Its
 * slot stays until the next is taken, for its payload: a new object in a field of an old one costs the collector work.
 *
 * A bucket is a list of slots sorted by (time, key), as a bucket rarely holds more than a few. What lies beyond the wheel, or too
 * far back in a crowded bucket, goes to the heap and stays there: the earliest event is the earlier of the two firsts. Invariant: every event of the wheel lies in one
 * of the `BUCKETS` buckets from `base` on. `docs/decisions/0003-event-queue.md` has the measurements.
 */
export class EventQueue {
  /** Fields of the event that `pop` took last. */
  atMicros: number = 0;
  kind: number = 0;
  a: number = 0;
  b: number = 0;
  /** Number of the step in which the event was scheduled: what it depends on. */
  cause: number = 0;

  /** Number of the step that is under way; whatever is pushed now has it as its cause. */
  step: number = 0;

  /** Events in wheel and heap, those taken back included, and of them those taken back. */
  private count: number = 0;
  private cancelled: number = 0;
  /** Number of the bucket at which the wheel begins: time / BUCKET_MICROS. */
  private base: number = 0;
  /** The earliest event's slot, -1: not looked for. */
  private first: number = -1;
  /** First slot of each bucket, -1: none; and behind them one bit a bucket that is not empty. */
  private readonly wheel: Int32Array = new Int32Array(BUCKETS + BUCKETS / 32).fill(-1, 0, BUCKETS);
  private wheelCount: number = 0;
  private heap: Int32Array = new Int32Array(256);
  private heapCount: number = 0;
  private capacity: number = 256;
  /** The fields of the event in slot s, from `s << STRIDE_BITS` on. */
  private slab: Float64Array = new Float64Array(256 << STRIDE_BITS);
  private payloads: unknown[] = new Array(256).fill(null);
  /** Slot of the event that was taken last, -1: none was. */
  private taken: number = -1;
  /** Head of the list of free slots (linked by NEXT), -1: none; slots from `used` on were never used. */
  private free: number = -1;
  private used: number = 0;
  private readonly sequences: Uint32Array = new Uint32Array(RANKS);

  /** Payload of the event that `pop` took last; null before the first. */
  get payload(): unknown {
    return this.taken < 0 ? null : this.payloads[this.taken];
  }

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

  private insert(at: number, key: number, kind: number, a: number, b: number, cause: number, payload: unknown): number {
    let slot = this.free;
    if (slot >= 0) this.free = (this.slab[(slot << STRIDE_BITS) + NEXT] as number) | 0;
    else {
      if (this.used === this.capacity) this.grow();
      slot = this.used++;
    }
    const slab = this.slab;
    const fields = slot << STRIDE_BITS;
    slab[fields + AT] = at;
    slab[fields + KEY] = key;
    slab[fields + KIND] = kind;
    slab[fields + A] = a;
    slab[fields + B] = b;
    slab[fields + CAUSE] = cause;
    this.payloads[slot] = payload;
    this.count++;
    const bucket = Math.floor(at / BUCKET_MICROS);
    const ahead = bucket - this.base;
    if (ahead >= 0 && ahead < BUCKETS) this.insertIntoWheel(bucket & MASK, slot, at, key);
    else this.insertIntoHeap(slot, at, key);
    const first = this.first;
    if (first >= 0 && isBefore(slab, at, key, first)) this.first = slot;
    return slot;
  }

  private insertIntoWheel(index: number, slot: number, at: number, key: number): void {
    const slab = this.slab;
    const wheel = this.wheel;
    const next = (slot << STRIDE_BITS) + NEXT;
    let later = wheel[index] as number;
    if (later < 0 || isBefore(slab, at, key, later)) {
      slab[next] = later;
      wheel[index] = slot;
      const word = BUCKETS + (index >> 5);
      wheel[word] = (wheel[word] as number) | (1 << (index & 31));
      this.wheelCount++;
      return;
    }
    let walked = 0;
    let link = (later << STRIDE_BITS) + NEXT;
    later = (slab[link] as number) | 0;
    while (later >= 0 && !isBefore(slab, at, key, later)) {
      if (++walked === WALK_MAX) {
        this.insertIntoHeap(slot, at, key);
        return;
      }
      link = (later << STRIDE_BITS) + NEXT;
      later = (slab[link] as number) | 0;
    }
    slab[link] = slot;
    slab[next] = later;
    this.wheelCount++;
  }

  private insertIntoHeap(slot: number, at: number, key: number): void {
    const heap = this.heap;
    let i = this.heapCount++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      const above = heap[parent] as number;
      if (!isBefore(this.slab, at, key, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = slot;
  }

  /** Slot of the earliest event of the wheel, taken back or not. Precondition: the wheel is not empty. */
  private firstOfWheel(): number {
    const wheel = this.wheel;
    const start = this.base & MASK;
    const head = wheel[start] as number;
    if (head >= 0) return head;
    let word = start >> 5;
    let bits = (wheel[BUCKETS + word] as number) & (-1 << (start & 31));
    while (bits === 0) {
      word = (word + 1) & (BUCKETS / 32 - 1);
      bits = wheel[BUCKETS + word] as number;
    }
    return wheel[(word << 5) + 31 - Math.clz32(bits & -bits)] as number;
  }

  /** Slot of the earliest event, -1 when nothing waits. Events taken back are dropped on the way. */
  private find(): number {
    while (this.first < 0 && this.count > 0) {
      const slab = this.slab;
      let slot = this.wheelCount > 0 ? this.firstOfWheel() : -1;
      if (this.heapCount > 0) {
        const top = this.heap[0] as number;
        const fields = top << STRIDE_BITS;
        if (slot < 0 || isBefore(slab, slab[fields + AT] as number, slab[fields + KEY] as number, slot)) slot = top;
      }
      if (slab[(slot << STRIDE_BITS) + KIND] === CANCELLED) {
        this.unlink(slot);
        this.release(slot);
        this.cancelled--;
      } else this.first = slot;
    }
    return this.first;
  }

  /** Time of the earliest event, or Infinity when nothing waits. */
  peekMicros(): number {
    const slot = this.first >= 0 ? this.first : this.find();
    return slot < 0 ? Number.POSITIVE_INFINITY : (this.slab[(slot << STRIDE_BITS) + AT] as number);
  }

  /** Takes the earliest event into the queue's fields; false when nothing waits, or nothing that is due until `untilMicros`. */
  pop(untilMicros: number = Number.POSITIVE_INFINITY): boolean {
    const slot = this.first >= 0 ? this.first : this.find();
    if (slot < 0) return false;
    const slab = this.slab;
    const fields = slot << STRIDE_BITS;
    // What is read from the slab counts as a fraction for the engine until it is rounded, and would be kept so wherever it goes.
    const at = Math.floor(slab[fields + AT] as number);
    if (at > untilMicros) return false;
    this.atMicros = at;
    this.kind = (slab[fields + KIND] as number) | 0;
    this.a = (slab[fields + A] as number) | 0;
    this.b = (slab[fields + B] as number) | 0;
    this.cause = (slab[fields + CAUSE] as number) | 0;
    this.unlink(slot);
    if (this.taken >= 0) this.release(this.taken);
    this.taken = slot;
    this.first = -1;
    const bucket = Math.floor(at / BUCKET_MICROS);
    if (bucket > this.base) this.base = bucket;
    return true;
  }

  /** Takes an event out that is the first of its bucket or the top of the heap. */
  private unlink(slot: number): void {
    this.count--;
    const slab = this.slab;
    const fields = slot << STRIDE_BITS;
    if (this.heapCount > 0 && this.heap[0] === slot) this.removeTop();
    else {
      const index = Math.floor((slab[fields + AT] as number) / BUCKET_MICROS) & MASK;
      const wheel = this.wheel;
      const next = (slab[fields + NEXT] as number) | 0;
      wheel[index] = next;
      if (next < 0) {
        const word = BUCKETS + (index >> 5);
        wheel[word] = (wheel[word] as number) & ~(1 << (index & 31));
      }
      this.wheelCount--;
    }
  }

  /** Frees a slot. */
  private release(slot: number): void {
    this.payloads[slot] = null;
    this.slab[(slot << STRIDE_BITS) + NEXT] = this.free;
    this.free = slot;
  }

  private removeTop(): void {
    const heap = this.heap;
    const slab = this.slab;
    const n = --this.heapCount;
    if (n === 0) return;
    const slot = heap[n] as number;
    const at = slab[(slot << STRIDE_BITS) + AT] as number;
    const key = slab[(slot << STRIDE_BITS) + KEY] as number;
    let i = 0;
    for (;;) {
      const child = (i << 2) + 1;
      if (child >= n) break;
      let best = heap[child] as number;
      let bestAt = child;
      const end = Math.min(child + 4, n);
      for (let c = child + 1; c < end; c++) {
        const other = heap[c] as number;
        const fields = other << STRIDE_BITS;
        if (isBefore(slab, slab[fields + AT] as number, slab[fields + KEY] as number, best)) {
          best = other;
          bestAt = c;
        }
      }
      if (isBefore(slab, at, key, best)) break;
      heap[i] = best;
      i = bestAt;
    }
    heap[i] = slot;
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    assert(capacity <= QUEUE_MAX * 2, "more events wait than QUEUE_MAX allows");
    const heap = new Int32Array(capacity);
    heap.set(this.heap);
    this.heap = heap;
    const slab = new Float64Array(capacity << STRIDE_BITS);
    slab.set(this.slab);
    this.slab = slab;
    this.capacity = capacity;
  }

  /** Slots of all events that wait, in the order in which they are due. */
  private waiting(): number[] {
    const slots: number[] = [];
    for (let i = 0; i < this.heapCount; i++) slots.push(this.heap[i] as number);
    for (let index = 0; index < BUCKETS; index++) {
      for (let slot = this.wheel[index] as number; slot >= 0; slot = this.field(slot, NEXT)) slots.push(slot);
    }
    return slots
      .filter((slot) => this.field(slot, KIND) !== CANCELLED)
      .sort((x, y) => this.field(x, AT) - this.field(y, AT) || this.field(x, KEY) - this.field(y, KEY));
  }

  private field(slot: number, field: number): number {
    return this.slab[(slot << STRIDE_BITS) + field] as number;
  }

  /** Slots of the waiting events of one kind, in the order in which they are due. */
  slotsOf(kind: number): number[] {
    return this.waiting().filter((slot) => this.field(slot, KIND) === kind);
  }

  /** The event in `slot`, without taking it. */
  at(slot: number): QueuedEvent {
    const key = this.field(slot, KEY);
    const rank = Math.floor(key / SEQUENCE_SPAN);
    return {
      atMicros: this.field(slot, AT),
      rank,
      sequence: key - rank * SEQUENCE_SPAN,
      kind: this.field(slot, KIND),
      a: this.field(slot, A),
      b: this.field(slot, B),
      cause: this.field(slot, CAUSE),
      payload: this.payloads[slot],
    };
  }

  /** Takes an event back. */
  cancel(slot: number): void {
    assert(this.field(slot, KIND) !== CANCELLED, "an event was cancelled twice");
    this.slab[(slot << STRIDE_BITS) + KIND] = CANCELLED;
    this.payloads[slot] = null;
    this.cancelled++;
    if (this.first === slot) this.first = -1;
  }

  /** Content for a keyframe. Payloads are immutable values and are shared. */
  save(): QueueImage {
    const sequences: number[] = [];
    for (let rank = 0; rank < RANKS; rank++) {
      const next = this.sequences[rank] as number;
      if (next > 0) sequences.push(rank, next);
    }
    return { events: this.waiting().map((slot) => this.at(slot)), sequences };
  }

  /** A queue with the content of `image`; the image may be restored any number of times. */
  static restore(image: QueueImage): EventQueue {
    const queue = new EventQueue();
    const earliest = image.events[0];
    if (earliest !== undefined) queue.base = Math.floor(earliest.atMicros / BUCKET_MICROS);
    for (const e of image.events) {
      queue.insert(e.atMicros, e.rank * SEQUENCE_SPAN + e.sequence, e.kind, e.a, e.b, e.cause, e.payload);
    }
    for (let at = 0; at < image.sequences.length; at += 2) {
      queue.sequences[image.sequences[at] as number] = image.sequences[at + 1] as number;
    }
    return queue;
  }
}

/** Whether (at, key) comes before the event in `slot`. */
function isBefore(slab: Float64Array, at: number, key: number, slot: number): boolean {
  const fields = slot << STRIDE_BITS;
  const other = slab[fields + AT] as number;
  return at < other || (at === other && key < (slab[fields + KEY] as number));
}
