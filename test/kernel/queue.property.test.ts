import { expect, test } from "vitest";
import { EventQueue } from "../../src/kernel/queue.ts";
import { fc } from "../properties.ts";

/** An event as the twin keeps it; `payload` names it. */
interface Waiting {
  readonly atMicros: number;
  readonly rank: number;
  readonly sequence: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly cause: number;
  readonly payload: string;
}

/** The naive queue: an array that is sorted again after each push. */
interface Twin {
  waiting: Waiting[];
  sequences: Map<number, number>;
  named: number;
}

type Command =
  | {
      readonly do: "push";
      readonly afterMicros: number;
      readonly rank: number;
      readonly kind: number;
      readonly a: number;
    }
  | { readonly do: "burst"; readonly count: number; readonly spread: number }
  | { readonly do: "pop"; readonly count: number }
  | { readonly do: "cancel"; readonly kind: number; readonly nth: number }
  | { readonly do: "peek" }
  | { readonly do: "list"; readonly kind: number }
  | { readonly do: "restore" };

// Few ranks, few times: ties are the rule. The last rank is near the end of the table.
const rank = fc.constantFrom(0, 1, 2, 127, 128, 16_511, 16_512, 28_514);
const int32 = fc.oneof(fc.integer({ min: -5, max: 300 }), fc.constantFrom(-2_147_483_648, 2_147_483_647));
// Near and far: within one bucket of the wheel, over all of it, at its end 256 buckets of 1,024 us ahead, and far beyond.
const micros = fc.oneof(
  fc.nat(4),
  fc.nat(3000),
  fc.nat(300_000),
  fc.integer({ min: 260_000, max: 264_000 }),
  fc.constantFrom(1023, 1024, 262_143, 262_144, 2_000_000, 30_000_000_000_000),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("push" as const), afterMicros: micros, rank, kind: fc.nat(4), a: int32 }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("burst" as const),
      count: fc.integer({ min: 1, max: 400 }),
      spread: fc.constantFrom(0, 3, 50, 5000, 400_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pop" as const), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), kind: fc.nat(4), nth: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("peek" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("list" as const), kind: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restore" as const) }) },
);

function before(x: Waiting, y: Waiting): number {
  return x.atMicros - y.atMicros || x.rank - y.rank || x.sequence - y.sequence;
}

function pushBoth(queue: EventQueue, twin: Twin, atMicros: number, rank: number, kind: number, a: number): void {
  const sequence = twin.sequences.get(rank) ?? 0;
  twin.sequences.set(rank, sequence + 1);
  const payload = `e${twin.named++}`;
  const b = twin.named * 3;
  twin.waiting.push({ atMicros, rank, sequence, kind, a, b, cause: queue.step, payload });
  twin.waiting.sort(before);
  queue.push(atMicros, rank, kind, a, b, payload);
}

function popBoth(queue: EventQueue, twin: Twin): boolean {
  const expected = twin.waiting.shift();
  expect(queue.pop()).toBe(expected !== undefined);
  if (expected === undefined) return false;
  const { atMicros, kind, a, b, cause, payload } = queue;
  const { rank: _rank, sequence: _sequence, ...fields } = expected;
  expect({ atMicros, kind, a, b, cause, payload }).toEqual(fields);
  queue.step++;
  return true;
}

test("the queue gives out what a sorted array gives out, through pushes, cancels, saves and restores", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      let queue = new EventQueue();
      const twin: Twin = { waiting: [], sequences: new Map(), named: 0 };
      let now = 0;
      for (const c of commands) {
        switch (c.do) {
          case "push":
            pushBoth(queue, twin, now + c.afterMicros, c.rank, c.kind, c.a);
            break;
          case "burst":
            for (let i = 0; i < c.count; i++)
              pushBoth(queue, twin, now + ((i * 7919) % (c.spread + 1)), i % 3, i % 5, i);
            break;
          case "pop":
            for (let i = 0; i < c.count && popBoth(queue, twin); i++) now = Math.max(now, queue.atMicros);
            break;
          case "cancel": {
            const of = twin.waiting.filter((e) => e.kind === c.kind);
            const slots = queue.slotsOf(c.kind);
            expect(slots.length).toBe(of.length);
            const victim = of[c.nth];
            if (victim === undefined) break;
            queue.cancel(slots[c.nth] as number);
            twin.waiting.splice(twin.waiting.indexOf(victim), 1);
            break;
          }
          case "peek":
            expect(queue.peekMicros()).toBe(twin.waiting[0]?.atMicros ?? Number.POSITIVE_INFINITY);
            break;
          case "list":
            expect(queue.slotsOf(c.kind).map((slot) => queue.at(slot).payload)).toEqual(
              twin.waiting.filter((e) => e.kind === c.kind).map((e) => e.payload),
            );
            break;
          case "restore": {
            const image = queue.save();
            expect(image.events).toEqual(twin.waiting);
            const { step } = queue;
            queue = EventQueue.restore(image);
            queue.step = step;
            break;
          }
        }
        expect(queue.size).toBe(twin.waiting.length);
      }
      while (popBoth(queue, twin));
      expect(queue.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("taking one source away leaves the others' events and their order as they were", () => {
  const event = fc.record({ atMicros: fc.nat(6), rank: fc.integer({ min: 1, max: 6 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), (events, gone) => {
      const order = (without: number): string[] => {
        const queue = new EventQueue();
        const count = new Map<number, number>();
        for (const { atMicros, rank } of events) {
          if (rank === without) continue;
          const nth = (count.get(rank) ?? 0) + 1;
          count.set(rank, nth);
          queue.push(atMicros, rank, 0, 0, 0, `${rank}#${nth}`);
        }
        const taken: string[] = [];
        while (queue.pop()) taken.push(queue.payload as string);
        return taken;
      };
      expect(order(gone)).toEqual(order(0).filter((name) => !name.startsWith(`${gone}#`)));
    }),
  );
});
