import { describe, expect, it } from "vitest";
import type { MeasuredNumbers } from "../../src/scenario/judge-study.ts";
import { judgeStudy, statisticOf } from "../../src/scenario/judge-study.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Study } from "../../src/scenario/study.ts";

function studyOf(expectations: string, variants: string = ""): Study {
  const { scenario, problems } = parseScenario(
    `name: x\nover: { seeds: 1..10 }\nexpect:\n${expectations}\n${variants}`,
  );
  if (scenario === null) throw new Error(problems.map((problem) => problem.message).join("; "));
  return scenario.study!;
}

const VARIANTS = "variants: { three: { title: a }, five: { title: b } }";
const numbers = (variant: string | null, ...list: number[]): MeasuredNumbers => ({
  variant,
  measure: "failover",
  numbers: list,
});

describe("statistics", () => {
  const list = [5, 1, 4, 2, 3, 6, 7, 8, 9, 10];
  it.each([
    ["min", 1],
    ["p5", 1],
    ["median", 5],
    ["p90", 9],
    ["p95", 10],
    ["p99", 10],
    ["max", 10],
    ["mean", 5],
    ["count", 10],
  ] as const)("%s of one to ten is %i, by nearest rank", (statistic, value) =>
    expect(statisticOf(statistic, list)).toBe(value),
  );

  it("a share counts both bounds in, and a missing bound is open", () => {
    expect(statisticOf("share", list, 2, 4)).toBe(300_000);
    expect(statisticOf("share", list, null, 4)).toBe(400_000);
  });

  it("of no numbers there is no statistic but their count", () => {
    expect(statisticOf("median", [])).toBeNull();
    expect(statisticOf("count", [])).toBe(0);
  });
});

describe("studies", () => {
  it("a median is compared with a duration, and the figure is told", () => {
    const study = studyOf('  - median: { of: failover, is: "< 2s" }');
    expect(judgeStudy(study, [numbers(null, 1_000_000, 1_500_000, 2_500_000)])).toEqual([
      { held: true, expected: "median of failover < 2s", seen: "1.5s of 3 numbers", figure: 1_500_000, variant: null },
    ]);
    expect(judgeStudy(study, [numbers(null, 2_000_000)])[0]!.held).toBe(false);
  });

  it("a study without numbers fails: nothing was measured", () => {
    const study = studyOf('  - median: { of: failover, is: "< 2s" }');
    expect(judgeStudy(study, [])).toMatchObject([{ held: false, seen: "no run gave a failover" }]);
  });

  it("without a variant every variant is judged by itself", () => {
    const study = studyOf('  - share: { of: failover, between: [1s, 3s], is: ">= 50%" }', VARIANTS);
    const results = judgeStudy(study, [numbers("three", 1_000_000, 9_000_000), numbers("five", 1, 2, 1_000_000)]);
    expect(results.map((result) => [result.variant, result.held, result.figure])).toEqual([
      ["three", true, 500_000],
      ["five", false, 333_333],
    ]);
  });

  it("variants are compared with each other, by a factor where one is given", () => {
    const study = studyOf('  - p99: { of: failover, variant: five, is: ">= 1.5x three" }', VARIANTS);
    expect(judgeStudy(study, [numbers("three", 100), numbers("five", 150)])[0]).toMatchObject({ held: true });
    expect(judgeStudy(study, [numbers("three", 100), numbers("five", 149)])[0]).toMatchObject({ held: false });
    expect(judgeStudy(study, [numbers("five", 149)])[0]).toMatchObject({
      held: false,
      seen: "no run of three gave a failover",
    });
  });
});
