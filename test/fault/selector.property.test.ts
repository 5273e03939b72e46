import { expect } from "vitest";
import type { SelectorView } from "../../src/fault/resolve-selector.ts";
import { resolveGroups, resolveSelector } from "../../src/fault/resolve-selector.ts";
import type { Selector } from "../../src/fault/selector.ts";
import {
  isSelectorProblem,
  members,
  parseSelector,
  printSelector,
  SELECTABLE_ROLES,
  unionOf,
} from "../../src/fault/selector.ts";
import { fc, test } from "../properties.ts";

const simple: fc.Arbitrary<Selector> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }).map((ids) => members(...ids)),
  fc.constantFrom<Selector>({ kind: "leader" }, { kind: "followers" }, { kind: "all" }),
  fc.constantFrom<Selector>({ kind: "majority" }, { kind: "minority" }, { kind: "minority-third" }),
  fc.integer({ min: 1, max: 9 }).map((others): Selector => ({ kind: "leader-plus", others })),
  fc.integer({ min: 1, max: 9 }).map((count): Selector => ({ kind: "any", count })),
  fc.constantFrom("a", "b", "eu-west").map((name): Selector => ({ kind: "zone", name })),
  fc.constantFrom(...SELECTABLE_ROLES).map((role): Selector => ({ kind: "role", role })),
  fc.constantFrom(0, 1, "rest" as const).map((group): Selector => ({ kind: "group", cut: "cut", group })),
);
const selector: fc.Arbitrary<Selector> = fc.oneof(
  simple,
  fc.array(simple, { minLength: 2, maxLength: 3 }).map(unionOf),
);

const view: fc.Arbitrary<SelectorView> = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 })
  .chain((ids) =>
    fc.record({
      members: fc.tuple(
        ...ids
          .sort((a, b) => a - b)
          .map((id) =>
            fc.record({
              id: fc.constant(id),
              up: fc.boolean(),
              role: fc.constantFrom("leader" as const, "follower" as const, "candidate" as const),
              configured: fc.constantFrom("voter" as const, "learner" as const),
              term: fc.integer({ min: 1, max: 5 }),
              zone: fc.constantFrom("a", "b", null),
              host: fc.constant(null),
            }),
          ),
      ),
      cuts: fc.constant([{ id: "cut", groups: [[1, 2, 20], [3]] }]),
    }),
  );

test.prop({ selector, view, draws: fc.infiniteStream(fc.nat()) })(
  "a selector gives existing members, ascending, without repeats",
  ({ selector, view, draws }) => {
    const ids = resolveSelector(selector, view, (n) => draws.next().value % n);
    const known = view.members.map((member) => member.id);
    for (const id of ids) expect(known).toContain(id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  },
);

test.prop({ selector })("what is printed is read back as the same selector", ({ selector }) => {
  const text = printSelector(selector);
  const read = parseSelector(text.replace(/^\[|\]$/g, ""));
  expect(isSelectorProblem(read)).toBe(false);
  expect(read).toEqual(selector);
});

test.prop({
  groups: fc.array(simple, { minLength: 1, maxLength: 4 }),
  rest: fc.boolean(),
  view,
  draws: fc.infiniteStream(fc.nat()),
})("the groups of a partition are disjoint and together are everybody", ({ groups, rest, view, draws }) => {
  const list = rest ? [...groups, { kind: "rest" } as const] : groups;
  const resolved = resolveGroups(list, view, (n) => draws.next().value % n).flat();
  expect([...resolved].sort((a, b) => a - b)).toEqual(view.members.map((member) => member.id));
});

test.prop({ count: fc.integer({ min: 1, max: 15 }), draws: fc.infiniteStream(fc.nat()) })(
  "a drawn majority and a drawn minority have the sizes that a quorum needs",
  ({ count, draws }) => {
    const of: SelectorView = {
      members: Array.from({ length: count }, (_, offset) => ({
        id: offset + 1,
        up: true,
        role: "follower" as const,
        configured: "voter" as const,
        term: 1,
        zone: null,
        host: null,
      })),
      cuts: [],
    };
    const choose = (n: number): number => draws.next().value % n;
    expect(resolveSelector({ kind: "majority" }, of, choose)).toHaveLength(Math.floor(count / 2) + 1);
    expect(resolveSelector({ kind: "minority" }, of, choose)).toHaveLength(Math.floor((count - 1) / 2));
  },
);
