/** The catalogue of bugs is whole, and says of each whether this version can be made to have it. */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { BUGS, bugOf, countedProperties } from "../../src/explore/bugs.ts";
import { huntingGround } from "../../src/explore/ground.ts";
import { MUTATION_IDS } from "../../src/fault/mutation.ts";
import { propertyOf } from "../../src/kernel/property.ts";
import { unsupported } from "../../src/run/execute.ts";

const shared = process.env.LOCKSTEP_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const catalogue = resolve(shared, "bugs/catalogue.json");
const present = existsSync(catalogue);
if (!present) console.log(`not compared with the catalogue of bugs: no ${"bugs/catalogue.json"} in the shared folder`);

describe("the bugs", () => {
  it("are those that can be switched on, each once", () => {
    expect(BUGS.map(({ id }) => id).sort()).toEqual([...MUTATION_IDS].sort());
  });

  it("break properties that exist", () => {
    for (const bug of BUGS) {
      for (const id of countedProperties(bug))
        expect({ bug: bug.id, id, known: propertyOf(id)?.id }).toEqual({ bug: bug.id, id, known: id });
    }
  });

  it("can be planted where nothing is said against it", () => {
    for (const { id, reason } of BUGS) {
      if (reason === null) expect({ id, missing: unsupported(huntingGround([id])) }).toEqual({ id, missing: [] });
    }
  });

  it.runIf(present)("are those of the catalogue, with its judgements", () => {
    const entries = JSON.parse(readFileSync(catalogue, "utf8")) as Record<string, unknown>[];
    for (const { id, category, difficulty, kind, property, also } of entries) {
      expect(bugOf(String(id))).toMatchObject({ category, difficulty, kind, property, also });
    }
  });
});
