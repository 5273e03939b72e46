import { describe, expect, it } from "vitest";
import type { SelectorView } from "../../src/fault/resolve-selector.ts";
import { resolveClients, resolveGroups, resolveSelector } from "../../src/fault/resolve-selector.ts";
import { isSelectorProblem, parseSelector, printSelector } from "../../src/fault/selector.ts";

function clusterOf(count: number, leader: number | null = 1): SelectorView {
  return {
    members: Array.from({ length: count }, (_, offset) => ({
      id: offset + 1,
      up: true,
      role: offset + 1 === leader ? ("leader" as const) : ("follower" as const),
      configured: "voter" as const,
      term: offset + 1 === leader ? 2 : 1,
      zone: offset < 2 ? "a" : "b",
      host: `h${offset + 1}`,
    })),
    cuts: [],
  };
}

const first = (): number => 0;

function select(text: string, view: SelectorView): number[] {
  const selector = parseSelector(text);
  if (isSelectorProblem(selector)) throw new Error(selector.message);
  return resolveSelector(selector, view, first);
}

describe("selectors", () => {
  it.each([
    ["n2", [2]],
    ["n3, n1", [1, 3]],
    ["leader", [4]],
    ["leader+1", [1, 4]],
    ["followers", [1, 2, 3, 5]],
    ["any(2)", [1, 2]],
    ["majority", [1, 2, 3]],
    ["minority", [1, 2]],
    ["minority-third", [1]],
    ["all", [1, 2, 3, 4, 5]],
    ["zone:a", [1, 2]],
    ["host:h5", [5]],
    ["role:learner", []],
    ["role:voter", [1, 2, 3, 4, 5]],
    ["role:leader", [4]],
    ["leader, n1", [1, 4]],
  ])("%s selects the members it says", (text, ids) => {
    expect(select(text, clusterOf(5, 4))).toEqual(ids);
  });

  it("of several leaders the one of the highest term is meant", () => {
    const view = clusterOf(3, 1);
    const members = view.members.map((member) =>
      member.id === 3 ? { ...member, role: "leader" as const, term: 5 } : member,
    );
    expect(select("leader", { ...view, members })).toEqual([3]);
  });

  it("without a leader nobody is selected, so that the fault is ineffective", () => {
    expect(select("leader", clusterOf(5, null))).toEqual([]);
    expect(select("leader+2", clusterOf(5, null))).toEqual([]);
  });

  it("a leader that is down is no leader", () => {
    const view = clusterOf(3, 2);
    const members = view.members.map((member) => ({ ...member, up: member.id !== 2 }));
    expect(select("leader", { ...view, members })).toEqual([]);
  });

  it("the groups of a cut stay what they were when it fired, less the members that are gone", () => {
    const view = {
      ...clusterOf(3),
      cuts: [
        {
          id: "cut",
          groups: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    };
    expect(select("cut.0", view)).toEqual([1, 2]);
    expect(select("cut.rest", view)).toEqual([3]);
    expect(select("cut.7", view)).toEqual([]);
  });

  it("clients are selected as clients and never as members", () => {
    expect(resolveClients(parseSelector("c2, c9") as never, 4)).toEqual([2]);
    expect(resolveClients(parseSelector("clients") as never, 3)).toEqual([1, 2, 3]);
    expect(select("clients", clusterOf(3))).toEqual([]);
  });

  it("groups share out the members, and whoever nobody names stands apart", () => {
    const groups = ["leader", "n1", "rest"].map((text) => parseSelector(text) as never);
    expect(resolveGroups(groups, clusterOf(4, 1), first)).toEqual([[1], [], [2, 3, 4]]);
    expect(resolveGroups([parseSelector("n2") as never], clusterOf(3), first)).toEqual([[2], [1, 3]]);
  });

  it("any(2) in a second group draws from those that are still free", () => {
    const groups = ["any(2)", "any(2)", "rest"].map((text) => parseSelector(text) as never);
    expect(resolveGroups(groups, clusterOf(5), first)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it("majority after a drawn minority draws from those that are still free, and is whole", () => {
    const groups = ["minority", "majority"].map((text) => parseSelector(text) as never);
    expect(resolveGroups(groups, clusterOf(5), first)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it.each(["n0", "n01", "n128", "any(0)", "role:king", "", "leader-1", "bogus", "n1,,n2"])(
    "%j selects nobody",
    (text) => {
      expect(isSelectorProblem(parseSelector(text))).toBe(true);
    },
  );

  it("a role that does not exist is answered with those that do", () => {
    expect(parseSelector("role:king")).toMatchObject({ hint: expect.stringContaining("role:learner") });
  });

  it("is printed in the words of the file", () => {
    for (const text of ["n1", "[n1, n3]", "leader+2", "any(3)", "zone:a", "cut.rest", "clients", "[leader, n3]"])
      expect(
        printSelector(parseSelector(text.replace(/^\[|\]$/g, "")) as never).replace("[n3, leader]", "[leader, n3]"),
      ).toBe(text);
  });
});
