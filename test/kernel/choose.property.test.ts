import { expect, test } from "vitest";
import { type Purpose, RandomChoices } from "../../src/kernel/choose.ts";
import { fc } from "../properties.ts";

const purpose = fc.constantFrom<Purpose>("latency", "loss", "disk", "key");
const draw = fc.record({ purpose, entity: fc.nat(3), n: fc.oneof(fc.nat(8), fc.constantFrom(1_000_000, 2 ** 31 - 1)) });
const seed = fc.oneof(fc.nat().map(String), fc.stringMatching(/^[a-z0-9-]{1,12}$/));

test("a choice lies between 0 and n - 1", () => {
  fc.assert(
    fc.property(seed, fc.array(draw), (seed, draws) => {
      const source = new RandomChoices(seed);
      for (const { purpose, entity, n } of draws) {
        const chosen = source.open(purpose, entity).below(n);
        expect(Number.isSafeInteger(chosen)).toBe(true);
        expect(chosen).toBeGreaterThanOrEqual(0);
        expect(chosen).toBeLessThanOrEqual(Math.max(0, n - 1));
      }
    }),
  );
});

test("what one stream gives does not depend on what was drawn from others, or when they were opened", () => {
  fc.assert(
    fc.property(seed, fc.array(draw), (seed, draws) => {
      const together = new RandomChoices(seed);
      const mixed = draws.map(({ purpose, entity, n }) => together.open(purpose, entity).below(n));
      const names = [...new Set(draws.map((d) => `${d.purpose}/${d.entity}`))];
      for (const name of names) {
        const alone = new RandomChoices(seed);
        draws.forEach((d, at) => {
          if (`${d.purpose}/${d.entity}` === name) expect(alone.open(d.purpose, d.entity).below(d.n)).toBe(mixed[at]);
        });
      }
    }),
  );
});

test("a source restored from its saved state goes on exactly, and leaves the one it came from alone", () => {
  fc.assert(
    fc.property(seed, fc.array(draw), fc.array(draw), (seed, first, then) => {
      const source = new RandomChoices(seed);
      for (const { purpose, entity, n } of first) source.open(purpose, entity).below(n);
      const saved = source.save();
      const go = (s: RandomChoices): number[] => then.map(({ purpose, entity, n }) => s.open(purpose, entity).below(n));
      const continued = go(RandomChoices.restore(saved));
      expect(go(RandomChoices.restore(saved))).toEqual(continued);
      expect(go(source)).toEqual(continued);
    }),
  );
});
