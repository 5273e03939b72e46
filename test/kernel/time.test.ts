import { expect, test } from "vitest";
import { formatMicros, HOUR, MILLISECOND, MINUTE, SECOND } from "../../src/kernel/time.ts";
import { fc } from "../properties.ts";

test("times are written in the largest unit up to seconds that they fill", () => {
  const times: [number, string][] = [
    [0, "0s"],
    [1, "1us"],
    [999, "999us"],
    [1000, "1ms"],
    [1500, "1.5ms"],
    [999_999, "999.999ms"],
    [1_000_000, "1s"],
    [1_842_000, "1.842s"],
    [1_000_001, "1.000001s"],
    [600_000_000, "600s"],
    [-250_000, "-250ms"],
  ];
  expect(times.map(([micros]) => formatMicros(micros))).toEqual(times.map(([, text]) => text));
});

test("a written time says exactly which it was", () => {
  const micros = fc.oneof(
    fc.integer({ min: -2_000_000, max: 2_000_000 }),
    fc.maxSafeNat().map((m) => m % 36_000_000_000_000),
  );
  fc.assert(
    fc.property(micros, (micros) => {
      const [, sign, whole, fraction = "", unit] = /^(-?)(\d+)(?:\.(\d+))?(us|ms|s)$/.exec(
        formatMicros(micros),
      ) as string[];
      const digits = unit === "s" ? 6 : unit === "ms" ? 3 : 0;
      expect(fraction.length).toBeLessThanOrEqual(digits);
      expect(fraction.endsWith("0")).toBe(false);
      const read = Number(`${whole}${fraction.padEnd(digits, "0")}`);
      expect(sign === "-" ? -read : read).toBe(micros);
    }),
  );
});

test("the units are multiples of each other", () => {
  expect([SECOND / MILLISECOND, MINUTE / SECOND, HOUR / MINUTE, MILLISECOND]).toEqual([1000, 60, 60, 1000]);
});
