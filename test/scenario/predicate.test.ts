import { describe, expect, it } from "vitest";
import { createMemory, evaluatePredicate } from "../../src/scenario/evaluate-predicate.ts";
import { parsePredicate } from "../../src/scenario/parse-predicate.ts";
import type { Predicate } from "../../src/scenario/predicate.ts";
import { viewOf } from "./view.ts";

function predicate(text: Parameters<typeof parsePredicate>[0]): Predicate {
  const { predicate: read, problems } = parsePredicate(text);
  if (read === null) throw new Error(problems[0]!.message);
  return read;
}

const now = viewOf(5_000_000, ["L3 c10 a9 i12", "F3 c9 a9", "-", "L2 c4 a4", "C4"]);

describe("predicates", () => {
  it.each([
    ["leader", true],
    ["leader(n1)", true],
    ["leader(n2)", false],
    ["leader(n2, n4)", true],
    ["leader(leader)", true],
    ["leaders = 2", true],
    ["leaders(different-terms) = 2", true],
    ["leaders(same-term) >= 2", false],
    ["term > 3", true],
    ["term(n1) > 3", false],
    ["commit(n1) >= 10", true],
    ["commit(n1, n2) = 10", true],
    ["applied(n2) < 9", false],
    ["last-index(n1) = 12", true],
    ["up(n1) and down(n3)", true],
    ["up", false],
    ["not up(n3)", true],
    ["role(n5) = candidate", true],
    ["time >= 5s and time < 5001ms", true],
    ["event > 1", true],
    ["violated(vote-once)", false],
    ["leader(n2) or (term > 3 and not down(n1))", true],
    ["leader(n2) or term > 3 and down(n1)", false],
    ["converged(n1)", true],
    ["converged", false],
    ["leader(host:h1)", false],
  ])("%s is %s", (text, value) => {
    expect(evaluatePredicate(predicate(text), now, createMemory())).toBe(value);
  });

  it("nobody is not everybody: what is said of nobody is false", () => {
    expect(evaluatePredicate(predicate("up(zone:x)"), now, createMemory())).toBe(false);
    expect(evaluatePredicate(predicate("term(zone:x) >= 0"), now, createMemory())).toBe(false);
  });

  it("the object form says the same as the text", () => {
    expect(predicate({ leaders: { count: 2, sameTerm: false } })).toEqual(predicate("leaders(different-terms) = 2"));
    expect(predicate({ commit: { in: "cut.0" } })).toEqual(predicate("commits(cut.0)"));
    expect(predicate({ commit: { of: "n1", is: ">= 10" } })).toEqual(predicate("commit(n1) >= 10"));
    expect(predicate({ up: "n1", down: "n3" })).toEqual(predicate("up(n1) and down(n3)"));
    expect(predicate({ any: ["leader(n1)", { not: { term: "> 5" } }] })).toEqual(
      predicate("leader(n1) or not term > 5"),
    );
    expect(predicate({ count: { "leader-change": ">= 2" } })).toEqual(predicate("leader-change >= 2"));
    expect(predicate({ leader: ["n2", "n4"] })).toEqual(predicate("leader(n2, n4)"));
  });

  it("what is counted counts from when the predicate was armed", () => {
    const changed = predicate("leader-change");
    const memory = createMemory();
    expect(evaluatePredicate(changed, viewOf(1, ["L1"], { "leader-change": 4 }), memory)).toBe(false);
    expect(evaluatePredicate(changed, viewOf(2, ["L1"], { "leader-change": 5 }), memory)).toBe(true);
  });

  it("what a cut commits counts from when the cut was there", () => {
    const commits = predicate("commits(cut.0)");
    const memory = createMemory();
    const cut = [{ id: "cut", groups: [[1], [2, 3]] }];
    expect(evaluatePredicate(commits, viewOf(1, ["L1 c5", "F1 c5", "F1 c5"]), memory)).toBe(false);
    expect(evaluatePredicate(commits, viewOf(2, ["L1 c7", "F1 c5", "F1 c5"], {}, cut), memory)).toBe(false);
    expect(evaluatePredicate(commits, viewOf(3, ["L1 c7", "L2 c9", "F2 c9"], {}, cut), memory)).toBe(false);
    expect(evaluatePredicate(commits, viewOf(4, ["L1 c8", "L2 c9", "F2 c9"], {}, cut), memory)).toBe(true);
  });

  it("each test about change has a memory of its own, whatever the others say", () => {
    const both = predicate("crash and (election >= 2 or restart)");
    const memory = createMemory();
    expect(evaluatePredicate(both, viewOf(1, ["F1"], { crash: 1, election: 1 }), memory)).toBe(false);
    expect(evaluatePredicate(both, viewOf(2, ["F1"], { crash: 1, election: 3 }), memory)).toBe(false);
    expect(evaluatePredicate(both, viewOf(3, ["F1"], { crash: 2, election: 2 }), memory)).toBe(false);
    expect(evaluatePredicate(both, viewOf(4, ["F1"], { crash: 2, election: 2, restart: 1 }), memory)).toBe(true);
  });

  it("a predicate nested without end is refused", () => {
    expect(parsePredicate(`${"not ".repeat(10_000)}leader`).predicate).toBeNull();
    expect(parsePredicate(`${"(".repeat(10_000)}leader`).predicate).toBeNull();
  });
});
