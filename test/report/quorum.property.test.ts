import { expect } from "vitest";
import { quorumRow, splitOf } from "../../src/report/quorum.ts";
import { fc, test } from "../properties.ts";

const size = fc.integer({ min: 1, max: 12 });

test.prop([size])("any two quorums meet, and one member fewer is none", (members) => {
  const { quorum, tolerates } = quorumRow(members, null);
  expect(2 * quorum).toBeGreaterThan(members);
  expect(2 * (quorum - 1)).toBeLessThanOrEqual(members);
  expect(tolerates + quorum).toBe(members);
});

test.prop([size, fc.integer({ min: 0, max: 1_000_000 })])(
  "unavailability is the share of all up-and-down patterns without a quorum, each pattern counted",
  (members, failurePpm) => {
    const down = failurePpm / 1_000_000;
    let expected = 0;
    for (let pattern = 0; pattern < 2 ** members; pattern++) {
      let up = 0;
      let share = 1;
      for (let member = 0; member < members; member++) {
        const isUp = ((pattern >> member) & 1) === 1;
        if (isUp) up++;
        share *= isUp ? 1 - down : down;
      }
      if (up < quorumRow(members, null).quorum) expected += share;
    }
    expect(Number(quorumRow(members, failurePpm).unavailable)).toBeCloseTo(expected, 9);
  },
);

test.prop([fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 })])(
  "of a split at most one side decides, and it is the one that is named",
  (sides) => {
    const split = splitOf(sides);
    const able = split.sides.filter((side) => side.hasQuorum).length;
    expect(able).toBeLessThanOrEqual(1);
    expect(split.decides === null).toBe(able === 0);
    if (split.decides !== null) expect(split.sides[split.decides]?.hasQuorum).toBe(true);
  },
);
