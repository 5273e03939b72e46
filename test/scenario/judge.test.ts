import { describe, expect, it } from "vitest";
import type { Judge } from "../../src/scenario/judge.ts";
import {
  askedProperties,
  awaitsViolation,
  cloneJudge,
  createJudge,
  exactTimes,
  finish,
  isLooking,
  judgedFrom,
  observe,
  observeAnswer,
  observeInvocation,
  observeLoss,
  observeViolation,
} from "../../src/scenario/judge.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { formatProblem } from "../../src/scenario/problem.ts";
import { viewOf } from "./view.ts";

/** A judge of the expectations of a ten-second file, which has the partition `cut` and two workloads. */
function judgeOf(expectations: string): Judge {
  const source = `name: x
duration: 10s
cluster: { members: 3 }
workload: [{ name: left, clients: 1 }, { name: right, clients: 1 }]
faults:
  - { at: 3s, id: cut, partition: { groups: [n1, rest] } }
expect:
${expectations
  .trim()
  .split("\n")
  .map((line) => `  ${line.startsWith("-") ? line : `- ${line}`}`)
  .join("\n")}
`;
  const { scenario, problems } = parseScenario(source);
  if (scenario === null) throw new Error(problems.map((problem) => formatProblem(problem, "x", source)).join("\n"));
  return createJudge(
    scenario.expect,
    scenario.durationMicros,
    scenario.workload.map((workload) => workload.name),
  );
}

const S = 1_000_000;
const led = (second: number): ReturnType<typeof viewOf> => viewOf(second * S, ["L1", "F1", "F1"]);
const unled = (second: number): ReturnType<typeof viewOf> => viewOf(second * S, ["F1", "F1", "F1"]);

function verdicts(judge: Judge, views: readonly ReturnType<typeof viewOf>[]): boolean[] {
  for (const view of views) observe(judge, view);
  return finish(judge, views[views.length - 1]!).map((result) => result.held);
}

describe("expectations", () => {
  it("always fails at the first moment at which it is not so, and says what was seen", () => {
    const judge = judgeOf("always: leaders = 1");
    observe(judge, led(1));
    observe(judge, unled(2));
    observe(judge, led(3));
    expect(finish(judge, led(10))).toEqual([
      { name: "expectation/1", held: false, expected: "always leaders = 1", seen: "no leader", atMicros: 2 * S },
    ]);
  });

  it("windows are half-open: the end is outside, the beginning inside", () => {
    const source = "{ never: leaders = 0, during: [3s, 7s] }";
    expect(verdicts(judgeOf(source), [unled(2), led(3), unled(7), unled(10)])).toEqual([true]);
    expect(verdicts(judgeOf(source), [led(2), unled(3), led(4), led(10)])).toEqual([false]);
  });

  it("a window into which nobody looked proves nothing", () => {
    expect(verdicts(judgeOf("{ never: leaders = 0, during: [3s, 7s] }"), [led(1), led(8)])).toEqual([false]);
  });

  it("sometimes needs one moment, and eventually one in time", () => {
    const source = "sometimes: leaders = 0\n- { eventually: leaders = 1, after: 4s, within: 2s }";
    expect(verdicts(judgeOf(source), [led(1), unled(4), led(5), led(10)])).toEqual([true, true]);
    expect(verdicts(judgeOf(source), [led(1), led(3), led(10)])).toEqual([false, false]);
    // Exactly when the time has run out is too late.
    expect(verdicts(judgeOf(source), [unled(4), led(6), led(10)])).toEqual([true, false]);
  });

  it("at a time means after every event of that time", () => {
    const source = "{ at: 5s, leaders: 0 }";
    expect(verdicts(judgeOf(source), [led(4), led(5), unled(5), led(6)])).toEqual([true]);
    expect(verdicts(judgeOf(source), [unled(4), unled(5), led(5), unled(6)])).toEqual([false]);
    expect(verdicts(judgeOf(source), [unled(4)])).toEqual([false]);
  });

  it("without a time it means the end", () => {
    expect(verdicts(judgeOf("{ leaders: 1 }"), [unled(4), led(10)])).toEqual([true]);
    expect(verdicts(judgeOf("{ leaders: 1 }"), [led(4), unled(10)])).toEqual([false]);
  });

  it("counts within a window begin with the window", () => {
    const source = "{ never: election, during: [4s, 8s] }";
    const elected = (second: number, elections: number): ReturnType<typeof viewOf> =>
      viewOf(second * S, ["L1"], { election: elections });
    expect(verdicts(judgeOf(source), [elected(1, 3), elected(4, 3), elected(7, 3), elected(10, 5)])).toEqual([true]);
    expect(verdicts(judgeOf(source), [elected(1, 3), elected(4, 3), elected(7, 4), elected(10, 4)])).toEqual([false]);
  });

  it("counts over a whole run begin at nothing, so that the first look sees the first event", () => {
    expect(verdicts(judgeOf("sometimes: leader-change"), [viewOf(1, ["L1"], { "leader-change": 1 })])).toEqual([true]);
  });

  it("availability is answered of invoked, by when they were invoked, and by workload", () => {
    const judge = judgeOf(
      "availability: { during: [3s, 6s], writes: '>= 50%', reads: 0% }\n- availability: { during: [3s, 6s], workload: right, writes: 0% }",
    );
    for (const at of [3, 4, 5]) observeInvocation(judge, at * S, true, at === 5 ? 1 : 0);
    observeInvocation(judge, 6 * S, true, 0);
    observeInvocation(judge, 5 * S, false, 0);
    observeAnswer(judge, 3 * S, true, 0);
    observeAnswer(judge, 4 * S, true, 0);
    observeAnswer(judge, 6 * S, true, 0);
    expect(finish(judge, led(10))).toMatchObject([
      { held: true, seen: "writes 66% (2 of 3), reads 0% (0 of 1)" },
      { held: true, seen: "writes 0% (0 of 1)" },
    ]);
  });

  it("availability of what nobody asked for is not had", () => {
    expect(verdicts(judgeOf("availability: { during: [3s, 6s], writes: 0% }"), [led(1)])).toEqual([false]);
  });

  it("properties that fire fail what says always, and fulfil what says violates", () => {
    const judge = judgeOf(
      "always: no-split-brain\n- violates: vote-once\n- linearizable: true\n- violates: log-matching",
    );
    expect(awaitsViolation(judge)).toBe(true);
    observeViolation(judge, "election-safety", 2 * S, "two leaders in term 4");
    observeViolation(judge, "vote-once", 3 * S, "n3 voted twice in term 4");
    expect(finish(judge, led(10))).toMatchObject([
      { held: false, seen: "election-safety: two leaders in term 4", atMicros: 2 * S },
      { held: true, seen: "n3 voted twice in term 4" },
      { held: true },
      { held: false, seen: "it never fired" },
    ]);
  });

  it("losses are forgiven in their window only", () => {
    const judge = judgeOf("dataLoss: { allow: [5s, 8s] }");
    observeLoss(judge, 5 * S, 9 * S);
    expect(finish(cloneJudge(judge), led(10))[0]).toMatchObject({ held: true, seen: "1 lost, as allowed" });
    observeLoss(judge, 8 * S, 9 * S);
    expect(finish(judge, led(10))[0]).toMatchObject({ held: false, seen: "a write acknowledged at 8s is gone" });
    expect(verdicts(judgeOf("dataLoss: none"), [led(1)])).toEqual([true]);
  });

  it("the run is told when the judge has to look, and need not build views otherwise", () => {
    const judge = judgeOf(
      "{ at: 6500ms, leaders: 2 }\n- { never: leader(n1), during: [3s, 7s] }\n- { eventually: leader, after: 7s }",
    );
    expect(exactTimes(judge.expectations)).toEqual([3 * S, 6_500_000, 7 * S]);
    expect(isLooking(judge, S)).toBe(false);
    expect(isLooking(judge, 3 * S)).toBe(true);
  });

  it("a clone goes its own way", () => {
    const judge = judgeOf("{ sometimes: commits(cut.0), during: [3s, 7s] }");
    const cuts = [{ id: "cut", groups: [[1], [2, 3]] }];
    observe(judge, viewOf(3 * S, ["L1 c5", "F1", "F1"], {}, cuts));
    const fork = cloneJudge(judge);
    observe(fork, viewOf(4 * S, ["L1 c6", "F1", "F1"], {}, cuts));
    expect(finish(fork, led(10))[0]!.held).toBe(true);
    expect(finish(judge, led(10))[0]!.held).toBe(false);
  });

  it("the state of a judge is plain data", () => {
    const judge = judgeOf("sometimes: leader\n- linearizable: { since: 2s }");
    observe(judge, led(1));
    expect(JSON.parse(JSON.stringify(judge))).toEqual(judge);
  });

  it("scopes say from when a property is judged, and whether", () => {
    const judge = judgeOf("scope: { property: durability }\n- linearizable: { since: 2s }\n- always: mutual-exclusion");
    expect(judgedFrom(judge.expectations, "durability")).toBeNull();
    expect(judgedFrom(judge.expectations, "linearizability")).toBe(2 * S);
    expect(judgedFrom(judge.expectations, "vote-once")).toBe(0);
    expect(askedProperties(judge.expectations)).toEqual(["mutual-exclusion"]);
  });
});
