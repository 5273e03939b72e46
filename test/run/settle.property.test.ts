import { applyPatches, enableMapSet, enablePatches } from "immer";
import { expect } from "vitest";
import { type Patch, settle } from "../../src/run/settle.ts";
import { fc, test } from "../properties.ts";

enablePatches();
enableMapSet();

/** Plain data as worlds are made of: records of fixed fields, lists, Maps, values. */
const tree = fc.letrec((tie) => ({
  value: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("a", "b", null, true)),
  list: fc.array(tie("node"), { maxLength: 5 }),
  record: fc.record({ x: tie("node"), y: tie("value"), z: tie("node") }, { noNullPrototype: true }),
  map: fc.array(fc.tuple(fc.constantFrom("k", "l", "m"), tie("node")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  node: fc.oneof({ depthSize: "small", maxDepth: 4 }, tie("value"), tie("list"), tie("record"), tie("map")),
})).node;

interface Holder {
  all: unknown;
}

function copyOf(value: unknown): unknown {
  return structuredClone(value);
}

function settled(before: unknown, after: unknown): { kept: Holder; from: Holder; patches: Patch[]; inverse: Patch[] } {
  const out = { patches: [], inverse: [], known: null };
  const from = { all: before };
  const kept = settle(from, { all: copyOf(after) }, [], out);
  return { kept, from, patches: out.patches, inverse: out.inverse };
}

test.prop([tree, tree])("the patches lead from before to after, and the inverse ones back", (before, after) => {
  const { kept, from, patches, inverse } = settled(before, after);
  expect(kept).toEqual({ all: after });
  expect(applyPatches(from, patches as never)).toEqual({ all: after });
  expect(applyPatches({ all: copyOf(after) }, inverse as never)).toEqual({ all: before });
});

test.prop([tree])("what did not change is the same object as before, and gives no patch", (value) => {
  const { kept, from, patches } = settled(value, value);
  expect(kept).toBe(from);
  expect(patches).toEqual([]);
});

test.prop([tree, tree])(
  "an equal part of a changed record is shared, also where the later one may not be written",
  (part, other) => {
    const before = { part, number: 1 };
    const out = { patches: [] as Patch[], inverse: [] as Patch[], known: null };
    const kept = settle(before, { part: copyOf(part), number: 2 }, ["here"], out);
    expect(kept.part).toBe(part);
    expect(out.patches).toEqual([{ op: "replace", path: ["here", "number"], value: 2 }]);
    const frozen = Object.freeze({ part: copyOf(other), number: 3 });
    expect(settle({ part: other, number: 1 }, frozen, [], out)).toBe(frozen);
  },
);

test("what is among the patches already is kept and gives none", () => {
  const known = { revision: 2 };
  const out = { patches: [] as Patch[], inverse: [] as Patch[], known };
  const kept = settle({ store: { revision: 1 }, n: 1 }, { store: known, n: 1 }, [], out);
  expect(kept.store).toBe(known);
  expect(out.patches).toEqual([]);
});
