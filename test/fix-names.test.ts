// The joined file says the same with constant names as it did with declared ones.

import { expect, test } from "vitest";

const { fixNames } = (await import(new URL("../src/fix-names.mjs", import.meta.url).href)) as {
  fixNames: (code: string) => string;
};

/** What a module exports. */
async function exportsOf(code: string): Promise<Record<string, unknown>> {
  return (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as Record<
    string,
    unknown
  >;
}

const MODULE = `
let count = 0;
const first = on(2);
var Shape = class { sides() { return n(4); } };
function on(x) { return n(x) + 1; }
function n(x) { count++; return x; }
async function f() { return "later"; }
function* numbers() { yield 1; yield 2; }
export { first as a, Shape as b, on as c, f as d, numbers as e, count as g };
`;

test("functions are there before they stand, under the names they are exported by", async () => {
  const module = await exportsOf(fixNames(MODULE));
  expect(module.a).toBe(3);
  const Shape = module.b as new () => { sides(): number };
  expect(new Shape().sides()).toBe(4);
  expect(Shape.name).toBe("Shape");
  expect((module.c as (x: number) => number)(5)).toBe(6);
  expect((module.c as () => void).name).toBe("on");
  expect(await (module.d as () => Promise<string>)()).toBe("later");
  expect([...(module.e as () => Iterable<number>)()]).toEqual([1, 2]);
});

test("a variable that changes is seen to change by whoever imports it", async () => {
  const module = await exportsOf(fixNames(MODULE));
  const before = module.g as number;
  (module.c as (x: number) => number)(1);
  expect(module.g).toBe(before + 1);
});

test("no function is declared any more, nor a class a variable", () => {
  const fixed = fixNames(MODULE);
  expect(fixed).not.toMatch(/^(async )?function/m);
  expect(fixed).not.toMatch(/^var /m);
});
