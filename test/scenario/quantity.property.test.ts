import { expect } from "vitest";
import { formatMicros } from "../../src/kernel/time.ts";
import { parseDuration, parsePpm, parseSize, printPpm, printSize } from "../../src/scenario/quantity.ts";
import { fc, test } from "../properties.ts";

test.prop([fc.integer({ min: 0, max: 36_000_000_000_000 })])(
  "a duration that is printed reads back exactly",
  (micros) => {
    expect(parseDuration(formatMicros(micros))).toBe(micros);
  },
);

test.prop([fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 999_999 })])(
  "fractions of seconds are exact, not nearly so",
  (seconds, fraction) => {
    expect(parseDuration(`${seconds}.${String(fraction).padStart(6, "0")}s`)).toBe(seconds * 1_000_000 + fraction);
  },
);

test.prop([fc.integer({ min: 0, max: 1_000_000 })])("a share that is printed reads back exactly", (ppm) => {
  expect(parsePpm(printPpm(ppm))).toBe(ppm);
});

test.prop([fc.integer({ min: -1_000_000, max: 1_000_000 })])(
  "a signed share that is printed reads back exactly",
  (ppm) => {
    expect(parsePpm(printPpm(ppm), true) === ppm || ppm === 0).toBe(true);
  },
);

test.prop([fc.integer({ min: 0, max: 1_000_000_000_000 })])("a size that is printed reads back exactly", (bytes) => {
  expect(parseSize(printSize(bytes))).toBe(bytes);
});

test.prop([fc.string()])("no text makes a reader throw", (text) => {
  for (const read of [parseDuration(text), parsePpm(text), parseSize(text)])
    expect(["number", "object"]).toContain(typeof read);
});
