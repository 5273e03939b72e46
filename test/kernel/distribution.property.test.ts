import { expect, test } from "vitest";
import { RandomChoices } from "../../src/kernel/choose.ts";
import { type Distribution, drawMicros } from "../../src/kernel/distribution.ts";
import { fc } from "../properties.ts";

const micros = fc.oneof(fc.nat(3), fc.nat(1_000_000), fc.constant(600_000_000));
const bounds = fc.tuple(micros, micros, micros).map((three) => three.sort((x, y) => x - y) as [number, number, number]);
const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  micros.map((m): Distribution => ({ kind: "constant", micros: m })),
  bounds.map(([minMicros, , maxMicros]): Distribution => ({ kind: "uniform", minMicros, maxMicros })),
  bounds.map(
    ([minMicros, meanMicros, maxMicros]): Distribution => ({ kind: "exponential", minMicros, meanMicros, maxMicros }),
  ),
  bounds.map(
    ([minMicros, meanMicros, maxMicros]): Distribution => ({ kind: "pareto", minMicros, meanMicros, maxMicros }),
  ),
  fc
    .tuple(micros, micros)
    .map(([meanMicros, deviationMicros]): Distribution => ({ kind: "normal", meanMicros, deviationMicros })),
);

test("every duration is a whole number of micros within the distribution's bounds", () => {
  fc.assert(
    fc.property(distribution, fc.nat(), (distribution, seed) => {
      const stream = new RandomChoices(String(seed)).open("latency", 1);
      const low = "minMicros" in distribution ? distribution.minMicros : 0;
      const high = "maxMicros" in distribution ? distribution.maxMicros : Number.MAX_SAFE_INTEGER;
      for (let i = 0; i < 20; i++) {
        const drawn = drawMicros(distribution, stream);
        expect(Number.isSafeInteger(drawn)).toBe(true);
        expect(drawn).toBeGreaterThanOrEqual(low);
        expect(drawn).toBeLessThanOrEqual(high);
      }
    }),
  );
});
