import { expect, test } from "vitest";
import { createDigest, digestText, fold4 } from "../../src/kernel/digest.ts";
import { fc } from "../properties.ts";

const int32 = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
const step = fc.tuple(int32, int32, int32, int32);
type Step = [number, number, number, number];

function digestOf(steps: readonly Step[]): string {
  const digest = createDigest();
  for (const [a, b, c, d] of steps) fold4(digest, a, b, c, d);
  return digestText(digest);
}

test("the same steps give the same digest", () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      expect(digestOf(steps.map((fields) => [...fields]))).toBe(digestOf(steps));
    }),
  );
});

// Not only likely: each fold is one-to-one in its state and in each single field, so that no later step brings two runs
// together again that differ in one field of one step.
test("one field changed in one step gives another digest, then and for ever after", () => {
  fc.assert(
    fc.property(
      fc.array(step),
      step,
      fc.array(step),
      fc.nat(3),
      int32.filter((x) => x !== 0),
      (earlier, changed, later, field, by) => {
        const other: Step = [...changed];
        other[field] = (other[field] as number) ^ by;
        expect(digestOf([...earlier, other, ...later])).not.toBe(digestOf([...earlier, changed, ...later]));
      },
    ),
  );
});

test("the order of two different steps shows", () => {
  fc.assert(
    fc.property(step, step, (one, other) => {
      fc.pre(one.some((x, at) => x !== other[at]));
      expect(digestOf([one, other])).not.toBe(digestOf([other, one]));
    }),
  );
});

test("lanes stay 32-bit integers", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), (steps) => {
      const digest = createDigest();
      for (const [a, b, c, d] of steps) fold4(digest, a, b, c, d);
      expect([digest.low, digest.high]).toEqual([digest.low | 0, digest.high | 0]);
    }),
  );
});
