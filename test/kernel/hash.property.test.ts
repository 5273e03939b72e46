import { expect, test } from "vitest";
import { finish, hashString, mix, mixWide } from "../../src/kernel/hash.ts";
import { fc } from "../properties.ts";

const int32 = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer());
const wide = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(10),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
);

test("hashes are 32-bit integers", () => {
  fc.assert(
    fc.property(int32, int32, wide, fc.string(), (h, x, w, text) => {
      for (const hash of [mix(h, x), mixWide(h, w), finish(h), hashString(text, h)]) expect(hash).toBe(hash | 0);
    }),
  );
});

test("two different values folded into one hash, or one value into two hashes, give different hashes", () => {
  fc.assert(
    fc.property(int32, int32, int32, (h, x, other) => {
      fc.pre(x !== other);
      expect(mix(h, x)).not.toBe(mix(h, other));
      expect(mix(x, h)).not.toBe(mix(other, h));
      expect(finish(x)).not.toBe(finish(other));
    }),
  );
});

test("one character changed in a text changes its hash", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ minLength: 1, maxLength: 1 }),
      fc.string(),
      fc.nat(),
      (head, unit, tail, by) => {
        const changed = String.fromCharCode((unit.charCodeAt(0) + 1 + (by % 0xfffe)) % 0x10000);
        fc.pre(changed !== unit);
        expect(hashString(head + changed + tail)).not.toBe(hashString(head + unit + tail));
      },
    ),
  );
});

test("the seed of a text's hash shows in it", () => {
  fc.assert(
    fc.property(fc.string(), int32, int32, (text, seed, other) => {
      fc.pre(seed !== other);
      expect(hashString(text, seed)).not.toBe(hashString(text, other));
    }),
  );
});

test("the upper half of a number above 2^31 shows in its hash", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }),
      fc.nat(2 ** 20),
      fc.nat(2 ** 20),
      (low, high, other) => {
        fc.pre(high !== other);
        expect(mixWide(1, low + high * 2 ** 32)).not.toBe(mixWide(1, low + other * 2 ** 32));
      },
    ),
  );
});
