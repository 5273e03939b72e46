import { describe, expect, test } from "vitest";
import { LINK_STRIDE } from "../../src/kernel/rank.ts";
import {
  addEffect,
  cloneNetwork,
  createNetwork,
  cutLinks,
  isOpen,
  type LinkEffect,
  type LinkName,
  linkIndex,
  linkOf,
  linksBetweenGroups,
  linksOfBridge,
  linksOfRing,
  mendLinks,
  type Network,
  removeEffects,
} from "../../src/network/network.ts";

function effect(fault: number, kind: LinkEffect["kind"]): LinkEffect {
  return {
    fault,
    kind,
    ppm: 1_000_000,
    types: [],
    addMicros: 0,
    jitter: null,
    correlationPpm: 0,
    copies: 0,
    bytesPerSecond: 0,
    bufferBytes: 0,
  };
}

/** Which of 1..n each member can send to, itself included: `1:13` says that 1 reaches 1 and 3. */
function reach(network: Network, n: number): string[] {
  return Array.from({ length: n }, (_, i) => {
    const to = Array.from({ length: n }, (_, j) => j + 1).filter((j) => j === i + 1 || isOpen(network, i + 1, j));
    return `${i + 1}:${to.join("")}`;
  });
}

function cut(n: number, links: readonly LinkName[]): string[] {
  const network = createNetwork();
  cutLinks(network, links);
  return reach(network, n);
}

const names = (links: readonly LinkName[]): string[] => links.map(({ from, to }) => `${from}>${to}`).sort();

describe("cuts", () => {
  test("a network on which nothing happened is open everywhere", () => {
    expect(reach(createNetwork(), 3)).toEqual(["1:123", "2:123", "3:123"]);
  });

  test("a partition into groups leaves links within groups only", () => {
    expect(
      cut(
        5,
        linksBetweenGroups([
          [1, 2],
          [3, 4, 5],
        ]),
      ),
    ).toEqual(["1:12", "2:12", "3:345", "4:345", "5:345"]);
    expect(cut(4, linksBetweenGroups([[1], [2], [3, 4]]))).toEqual(["1:1", "2:2", "3:34", "4:34"]);
  });

  test("members in no group of a partition keep all their links", () => {
    expect(cut(4, linksBetweenGroups([[1], [2]]))).toEqual(["1:134", "2:234", "3:1234", "4:1234"]);
  });

  test("a member in two groups is not cut from itself", () => {
    expect(
      names(
        linksBetweenGroups([
          [1, 2],
          [2, 3],
        ]),
      ),
    ).not.toContain("2>2");
  });

  test("a one-way cut lets answers through and questions not", () => {
    expect(
      cut(3, [
        { from: 1, to: 2 },
        { from: 1, to: 3 },
      ]),
    ).toEqual(["1:1", "2:123", "3:123"]);
  });

  test("a partial partition parts two members that still see the third", () => {
    expect(
      cut(3, [
        { from: 1, to: 2 },
        { from: 2, to: 1 },
      ]),
    ).toEqual(["1:13", "2:23", "3:123"]);
  });

  test("a bridge sees both halves, and they see each other only through it", () => {
    expect(cut(5, linksOfBridge(3, [1, 2], [4, 5]))).toEqual(["1:123", "2:123", "3:12345", "4:345", "5:345"]);
  });

  test("a bridge that was counted into a half stays a bridge", () => {
    expect(names(linksOfBridge(3, [1, 2, 3], [4, 5]))).toEqual(names(linksOfBridge(3, [1, 2], [4, 5])));
  });

  test("two cuts over one link heal one by one", () => {
    const network = createNetwork();
    const one = linksBetweenGroups([[1], [2, 3]]);
    const other = linksBetweenGroups([[1, 2], [3]]);
    cutLinks(network, one);
    cutLinks(network, other);
    mendLinks(network, one);
    expect(reach(network, 3)).toEqual(["1:12", "2:12", "3:3"]);
    mendLinks(network, other);
    expect(reach(network, 3)).toEqual(["1:123", "2:123", "3:123"]);
  });

  test("mending what is whole leaves it whole: the next cut still cuts", () => {
    const network = createNetwork();
    const links = [{ from: 1, to: 2 }];
    mendLinks(network, links);
    cutLinks(network, links);
    expect(isOpen(network, 1, 2)).toBe(false);
  });
});

describe("a majorities ring", () => {
  for (let n = 3; n <= 9; n++) {
    const members = Array.from({ length: n }, (_, i) => i + 1);
    const seen = (): string[] => cut(n, linksOfRing(members));

    test(`of ${n}: each member sees a majority, and one neighbour fewer on each side would be none`, () => {
      const majority = Math.floor(n / 2) + 1;
      for (const line of seen()) {
        const count = (line.split(":")[1] as string).length;
        expect(count).toBeGreaterThanOrEqual(majority);
        expect(count - 2).toBeLessThan(majority);
      }
    });

    test(`of ${n}: who sees is seen`, () => {
      const links = new Set(names(linksOfRing(members)));
      for (const link of links) expect(links).toContain(link.split(">").reverse().join(">"));
    });

    if (n > 3) {
      test(`of ${n}: no two members see the same majority`, () => {
        expect(new Set(seen().map((line) => line.split(":")[1])).size).toBe(n);
      });
    }
  }

  test("of three cuts nothing: each needs both of its neighbours", () => {
    expect(linksOfRing([1, 2, 3])).toEqual([]);
  });

  test("of five, in the order in which it was given", () => {
    expect(cut(5, linksOfRing([3, 1, 4, 5, 2]))).toEqual(["1:134", "2:235", "3:123", "4:145", "5:245"]);
  });
});

describe("effects", () => {
  const links = [
    { from: 1, to: 2 },
    { from: 3, to: 1 },
  ];

  test("stand on the links they were put on, and go with their fault", () => {
    const network = createNetwork();
    addEffect(network, links, effect(1, "drop"));
    addEffect(network, [{ from: 1, to: 2 }], effect(2, "delay"));
    expect(linkOf(network, 1, 2).effects.map((e) => e.kind)).toEqual(["drop", "delay"]);
    expect(linkOf(network, 2, 1).effects).toEqual([]);
    expect(removeEffects(network, 1)).toEqual([]);
    expect(linkOf(network, 1, 2).effects.map((e) => e.kind)).toEqual(["delay"]);
    expect(linkOf(network, 3, 1).effects).toEqual([]);
  });

  test("of a hold give back what it held, oldest first on each link, and leave what another holds", () => {
    const network = createNetwork();
    addEffect(network, links, effect(1, "hold"));
    linkOf(network, 3, 1).held.push({ fault: 1, message: "c" });
    linkOf(network, 1, 2).held.push({ fault: 1, message: "a" }, { fault: 2, message: "x" }, { fault: 1, message: "b" });
    expect(removeEffects(network, 1)).toEqual([
      { from: 1, to: 2, message: "a" },
      { from: 1, to: 2, message: "b" },
      { from: 3, to: 1, message: "c" },
    ]);
    expect(linkOf(network, 1, 2).held).toEqual([{ fault: 2, message: "x" }]);
    expect(removeEffects(network, 1)).toEqual([]);
    expect(removeEffects(network, 2)).toEqual([{ from: 1, to: 2, message: "x" }]);
  });
});

test("a link is one object, made when it is first asked for, and is not its way back", () => {
  const network = createNetwork();
  const link = linkOf(network, 2, 7);
  expect(linkOf(network, 2, 7)).toBe(link);
  expect(linkOf(network, 7, 2)).not.toBe(link);
  expect(link).toEqual({
    cuts: 0,
    denied: 0,
    effects: [],
    held: [],
    lastAtMicros: 0,
    busyUntilMicros: 0,
    lastJitterMicros: 0,
  });
});

test("every link has an index of its own", () => {
  const all = new Set<number>();
  for (let from = 1; from < LINK_STRIDE; from++) for (let to = 1; to < LINK_STRIDE; to++) all.add(linkIndex(from, to));
  expect(all.size).toBe((LINK_STRIDE - 1) ** 2);
});

test("a copy of a network shares nothing that changes", () => {
  const network = createNetwork();
  addEffect(network, [{ from: 1, to: 2 }], effect(1, "hold"));
  linkOf(network, 1, 2).held.push({ fault: 1, message: "a" });
  const before = JSON.stringify(network);
  const copy = cloneNetwork(network);
  expect(JSON.stringify(copy)).toBe(before);
  cutLinks(copy, [
    { from: 1, to: 2 },
    { from: 5, to: 1 },
  ]);
  addEffect(copy, [{ from: 1, to: 2 }], effect(2, "drop"));
  linkOf(copy, 1, 2).lastAtMicros = 9;
  linkOf(copy, 1, 2).held.push({ fault: 2, message: "b" });
  removeEffects(copy, 1);
  expect(JSON.stringify(network)).toBe(before);
});
