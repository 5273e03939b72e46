import { describe, expect, it } from "vitest";
import { parseSeed, parseSeedRange, printSeedRange, seedsOf } from "../../src/scenario/seed.ts";

describe("seeds", () => {
  it.each([
    ["42", "42"],
    ["007", "7"],
    ["0xff", "255"],
    ["18446744073709551615", "18446744073709551615"],
    ["0xFFFFFFFFFFFFFFFF", "18446744073709551615"],
  ])("%s is %s", (text, canonical) => expect(parseSeed(text)).toBe(canonical));

  it("a word is hashed, each to its own number, and always the same", () => {
    expect(parseSeed("monday")).toBe(parseSeed("monday"));
    expect(parseSeed("monday")).not.toBe(parseSeed("tuesday"));
    expect(String(parseSeed("monday"))).toMatch(/^[0-9]+$/);
  });

  it.each([
    ["18446744073709551616", "below 2^64"],
    ["-1", "no seed"],
    ["1.5", "no seed"],
    ["Big Seed", "no seed"],
    ["", "empty"],
  ])("%j is no seed", (text, message) =>
    expect(parseSeed(text)).toMatchObject({ message: expect.stringContaining(message) }),
  );

  it("a range has both ends, the smaller first", () => {
    expect(parseSeedRange("1..20")).toEqual({ first: "1", last: "20", count: 20 });
    expect(parseSeedRange("5")).toEqual({ first: "5", last: "5", count: 1 });
    expect(parseSeedRange("18446744073709551614..18446744073709551615")).toMatchObject({ count: 2 });
    expect(parseSeedRange("20..1")).toMatchObject({ message: expect.stringContaining("backwards"), hint: "1..20" });
    expect(parseSeedRange("")).toMatchObject({ message: expect.stringContaining("empty") });
    expect(parseSeedRange("1..")).toMatchObject({ message: expect.stringContaining("one end"), hint: "1..20" });
    expect(parseSeedRange("1-20")).toMatchObject({ hint: "1..20" });
    expect(parseSeedRange("1..18446744073709551615")).toMatchObject({
      message: expect.stringContaining("1,000,000,000 are the most"),
    });
    expect(parseSeedRange("a..b")).toMatchObject({ message: expect.stringContaining("no number") });
  });

  it("the seeds of a range can be taken in slices, as shards do", () => {
    const range = parseSeedRange("9007199254740993..9007199254740999");
    if ("message" in range) throw new Error(range.message);
    expect(seedsOf(range, 5, 10)).toEqual(["9007199254740998", "9007199254740999"]);
    expect(printSeedRange(range)).toBe("9007199254740993..9007199254740999");
  });
});
