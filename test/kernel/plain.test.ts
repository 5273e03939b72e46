import { expect, test } from "vitest";
import { hashPlain } from "../../src/kernel/plain.ts";
import { fc } from "../properties.ts";

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.maxSafeNat(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 4 }),
  ),
})).value;

test("equal plain data hash alike, and a copy is equal", () => {
  fc.assert(fc.property(plain, (value) => hashPlain(structuredClone(value)) === hashPlain(value)));
});

test("the order of fields and of Map entries says nothing", () => {
  expect(hashPlain({ a: 1, b: [2] })).toBe(hashPlain({ b: [2], a: 1 }));
  const forth = new Map([
    ["x", 1],
    ["y", 2],
  ]);
  const back = new Map([
    ["y", 2],
    ["x", 1],
  ]);
  expect(hashPlain(forth)).toBe(hashPlain(back));
});

test("any change shows, and so does the order of a list", () => {
  const base = { a: [1, 2], b: new Map([["k", { n: 5 }]]), c: "t", d: null, e: true };
  const others: unknown[] = [
    { ...base, a: [2, 1] },
    { ...base, b: new Map([["k", { n: 6 }]]) },
    { ...base, c: "u" },
    { ...base, d: 0 },
    { ...base, e: false },
    { ...base, a: [1, 2, 0] },
    { ...base, a: [-1, 2] },
  ];
  for (const other of others) expect(hashPlain(other)).not.toBe(hashPlain(base));
});

test("ignored fields do not count", () => {
  expect(hashPlain({ a: 1, cache: 5 }, new Set(["cache"]))).toBe(hashPlain({ a: 1, cache: 6 }, new Set(["cache"])));
});
