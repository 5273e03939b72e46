// The expected values were computed a second time outside this project, by arithmetic on whole numbers in another language.

import { expect, test } from "vitest";
import { finish, hashString, mix, mixWide } from "../../src/kernel/hash.ts";

test("these values have these hashes: a change here changes every recorded run", () => {
  expect([mix(0, 0), mix(1, 2), mix(-1, -2)]).toEqual([-430675100, 2001329867, 147074883]);
  expect([mixWide(1, 5), mixWide(1, 2 ** 40 + 5)]).toEqual([1488350092, 1206987630]);
  expect([finish(0), finish(1), finish(-1)]).toEqual([0, 1364076727, -2114883783]);
  expect([hashString(""), hashString("etcd"), hashString("etcd", 7), hashString("é€")]).toEqual([
    0, 212795684, 1954670771, -357023112,
  ]);
});

test("a small number has one hash, whichever function folds it", () => {
  expect(mixWide(9, 12345)).toBe(mix(9, 12345));
});
