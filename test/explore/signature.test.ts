/** Failures that differ in names and numbers only are one kind. */

import { describe, expect, it } from "vitest";
import { shapeOf } from "../../src/explore/signature.ts";

const ALIKE: readonly (readonly [string, string])[] = [
  [
    "two leaders in term 4: n2 (since 1.712s) and n1 (since 1.842s)",
    "two leaders in term 12: n5 (since 13.5s) and n3 (since 14.001s)",
  ],
  [
    "n3 committed entry 77 with only 1 of 3 voters holding it on disk",
    "n1 committed entry 4 with only 2 of 5 voters holding it on disk",
  ],
  [
    "get k3 of c2 was answered at revision 45, but revision 46 had been answered before it began",
    "range k of c7 was answered at revision 649, but revision 651 had been answered before it began",
  ],
  [
    "c2 read k2 at revision 1675 and got 3.489____ (revision 1653); it was absent",
    "c9 read k0 at revision 12 and got absent; it was 1.1 (revision 9)",
  ],
  [
    "n8 has the membership {n7 n8}&{n2 n5} learners {n3} after entry 111; another member has {n1 n2}",
    "n1 has the membership {n1}&{n2 n5 n6} learners {n9} after entry 8; another member has {n1 n2 n3}",
  ],
];

describe("a signature", () => {
  it.each(ALIKE)("is the same for %s", (one, other) => {
    expect(shapeOf(one)).toBe(shapeOf(other));
  });

  it("tells apart what went wrong in other ways", () => {
    const shapes = new Set(ALIKE.map(([one]) => shapeOf(one)));
    expect(shapes.size).toBe(ALIKE.length);
  });
});
