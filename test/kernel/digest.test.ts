// The expected values were computed a second time outside this project, by arithmetic on whole numbers in another language.

import { expect, test } from "vitest";
import { createDigest, digestText, fold4 } from "../../src/kernel/digest.ts";

test("a digest is sixteen hexadecimal digits, the high lane first", () => {
  expect(digestText({ low: 1, high: -1 })).toBe("ffffffff00000001");
});

test("every run begins at the same digest", () => {
  expect(digestText(createDigest())).toBe("4cf5ad432b992ddf");
  expect(createDigest()).not.toBe(createDigest());
});

test("these fields give this digest: a change here changes every recorded run", () => {
  const digest = createDigest();
  fold4(digest, 1, 2, 3, 4);
  expect(digestText(digest)).toBe("6e8255a8dabac83d");
  fold4(digest, -1, 0, 0x7fffffff, -0x80000000);
  expect(digestText(digest)).toBe("b2ef5167017fb885");
});
