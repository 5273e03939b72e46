import { describe, expect, it } from "vitest";
import {
  parseBandwidth,
  parseCount,
  parseDuration,
  parsePpm,
  parseRate,
  parseSignedDuration,
  parseSize,
} from "../../src/scenario/quantity.ts";

describe("quantities", () => {
  it.each([
    ["3s", 3_000_000],
    ["250ms", 250_000],
    ["10us", 10],
    ["2m", 120_000_000],
    ["1h", 3_600_000_000],
    ["6.5s", 6_500_000],
    ["0.000001s", 1],
    ["1.1ms", 1_100],
    ["0", 0],
    [" 5 s ", 5_000_000],
    ["10000h", 36_000_000_000_000],
  ])("%s is %i microseconds", (text, micros) => expect(parseDuration(text)).toBe(micros));

  it.each([
    ["3", "has no unit", "3s"],
    ["250", "has no unit", "250ms"],
    ["3 sec", 'unknown unit of time "sec"', "3s"],
    ["-3s", "is negative", null],
    ["1.5us", "finer than a microsecond", null],
    ["3x", "unknown unit", "us, ms, s, m, h"],
    ["soon", "is no duration", "a number with a unit, such as 250ms or 3s"],
    ["10001h", "longest run", null],
    ["1e3s", "is no duration", "a number with a unit, such as 250ms or 3s"],
  ])("%s is no duration", (text, message, hint) =>
    expect(parseDuration(text)).toMatchObject({ message: expect.stringContaining(message), hint }),
  );

  it("a signed duration keeps its sign", () => {
    expect(parseSignedDuration("+200ms")).toBe(200_000);
    expect(parseSignedDuration("-3s")).toBe(-3_000_000);
  });

  it.each([
    ["30%", 300_000],
    ["0.5%", 5_000],
    ["500ppm", 500],
    ["100%", 1_000_000],
  ])("%s is %i millionths", (text, ppm) => expect(parsePpm(text)).toBe(ppm));

  it.each([
    ["0.3", "30%"],
    ["30", "30%"],
    ["101%", "100%"],
  ])("%s is no share, and %s was meant", (text, hint) => expect(parsePpm(text)).toMatchObject({ hint }));

  it("sizes, counts, rates and bandwidths have units of their own", () => {
    expect(parseSize("64KiB")).toBe(65_536);
    expect(parseSize("1.5MiB")).toBe(1_572_864);
    expect(parseSize("64")).toMatchObject({ hint: "64B" });
    expect(parseCount("100 entries", "entries")).toBe(100);
    expect(parseCount("100", "entries")).toMatchObject({ hint: "100 entries" });
    expect(parseCount("100 seconds", "entries")).toMatchObject({ message: expect.stringContaining("seconds") });
    expect(parseRate("50/s")).toEqual({ operations: 50, perMicros: 1_000_000 });
    expect(parseRate("50")).toMatchObject({ hint: "50/s" });
    expect(parseRate("0/s")).toMatchObject({ message: expect.stringContaining("no requests") });
    expect(parseBandwidth("1MiB/s")).toBe(1_048_576);
  });
});
