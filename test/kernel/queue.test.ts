import { expect, test } from "vitest";
import { AssertionError } from "../../src/kernel/assert.ts";
import { EventQueue } from "../../src/kernel/queue.ts";

function drain(queue: EventQueue): unknown[] {
  const taken: unknown[] = [];
  while (queue.pop()) taken.push(queue.payload);
  return taken;
}

test("events come in the order of their times, whatever the order of scheduling", () => {
  const queue = new EventQueue();
  for (const at of [30, 10, 50, 20, 40]) queue.push(at, 1, 0, 0, 0, at);
  expect(drain(queue)).toEqual([10, 20, 30, 40, 50]);
});

test("at one instant the lower rank goes first, and within a source the earlier scheduled", () => {
  const queue = new EventQueue();
  queue.push(5, 2, 0, 0, 0, "second of two");
  queue.push(5, 1, 0, 0, 0, "first of one");
  queue.push(5, 2, 0, 0, 0, "third of two");
  queue.push(5, 0, 0, 0, 0, "fault");
  expect(drain(queue)).toEqual(["fault", "first of one", "second of two", "third of two"]);
});

test("an event knows the step in which it was scheduled", () => {
  const queue = new EventQueue();
  queue.step = 7;
  queue.push(1, 1, 3, -4, 5, "x");
  queue.step = 8;
  expect(queue.pop()).toBe(true);
  expect([queue.atMicros, queue.kind, queue.a, queue.b, queue.cause]).toEqual([1, 3, -4, 5, 7]);
});

test("an empty queue says so, and its earliest time is never", () => {
  const queue = new EventQueue();
  expect(queue.pop()).toBe(false);
  expect(queue.peekMicros()).toBe(Number.POSITIVE_INFINITY);
  expect(queue.size).toBe(0);
});

test("an event that was taken back does not happen, and counts no more", () => {
  const queue = new EventQueue();
  const slot = queue.push(1, 1, 0, 0, 0, "gone");
  queue.push(2, 1, 0, 0, 0, "stays");
  queue.cancel(slot);
  expect(queue.size).toBe(1);
  expect(queue.peekMicros()).toBe(2);
  expect(drain(queue)).toEqual(["stays"]);
});

test("taking an event back twice is our own mistake", () => {
  const queue = new EventQueue();
  const slot = queue.push(1, 1, 0, 0, 0, null);
  queue.cancel(slot);
  expect(() => queue.cancel(slot)).toThrow(AssertionError);
});

test("an image can be restored any number of times, and the copies go their own ways", () => {
  const queue = new EventQueue();
  queue.push(1, 1, 0, 0, 0, "a");
  queue.push(2, 1, 0, 0, 0, "b");
  const image = queue.save();
  const one = EventQueue.restore(image);
  one.push(1, 1, 0, 0, 0, "c");
  const other = EventQueue.restore(image);
  other.pop();
  expect(drain(one)).toEqual(["a", "c", "b"]);
  expect(drain(other)).toEqual(["b"]);
  expect(drain(queue)).toEqual(["a", "b"]);
  expect(EventQueue.restore(image).save()).toEqual(image);
  expect(image.sequences).toEqual([1, 2]);
  expect(drain(EventQueue.restore(image))).toEqual(["a", "b"]);
});

test("numbers of a source go on after a restore, so that ties fall as they would have", () => {
  const push = (queue: EventQueue, names: string): void => {
    for (const name of names) queue.push(9, 4, 0, 0, 0, name);
  };
  const whole = new EventQueue();
  push(whole, "abcd");
  const half = new EventQueue();
  push(half, "ab");
  const rest = EventQueue.restore(half.save());
  push(rest, "cd");
  expect(rest.save()).toEqual(whole.save());
});

test("a payload stays until the next event is taken, whatever is scheduled meanwhile, and is let go then", () => {
  const queue = new EventQueue();
  const slot = queue.push(1, 1, 0, 0, 0, "old");
  queue.pop();
  queue.push(2, 1, 0, 0, 0, "new");
  expect(queue.payload).toBe("old");
  queue.pop();
  expect(queue.payload).toBe("new");
  expect(queue.at(slot).payload).toBeNull();
});

test("more events than it was made for fit, in order", () => {
  const queue = new EventQueue();
  const n = 5000;
  for (let i = 0; i < n; i++) queue.push((i * 7919) % n, 1, 0, i, 0, i);
  expect(queue.size).toBe(n);
  for (let at = 0; at < n; at++) {
    queue.pop();
    expect(queue.atMicros).toBe(at);
    expect((queue.a * 7919) % n).toBe(at);
    expect(queue.payload).toBe(queue.a);
  }
});
