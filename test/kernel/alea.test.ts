import seedrandom from "seedrandom";
import { expect, test } from "vitest";
import { RandomChoices } from "../../src/kernel/choose.ts";

test("a stream draws what seedrandom's alea draws", () => {
  const stream = new RandomChoices("a seed").open("latency", 7);
  const alea = seedrandom.alea("a seed/latency/7");
  for (let n = 2; n < 100_000; n += 7) expect(stream.below(n)).toBe(Math.floor(alea() * n));
});
