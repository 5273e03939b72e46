import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { isMutationId, MUTATION_IDS, mutationsOf, NO_MUTATIONS } from "../../src/fault/mutation.ts";

const shared = process.env.LOCKSTEP_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const catalogue = resolve(shared, "bugs/catalogue.json");
const present = existsSync(catalogue);
if (!present) console.log(`not compared with the catalogue of bugs: no ${"bugs/catalogue.json"} in the shared folder`);

describe("planted bugs", () => {
  it("nothing is planted unless asked for", () => {
    expect(Object.values(NO_MUTATIONS).every((planted) => planted === false)).toBe(true);
    expect(mutationsOf([])).toEqual(NO_MUTATIONS);
  });

  it("each id plants its own switch and no other, in a record of one shape", () => {
    for (const id of MUTATION_IDS) {
      const planted = mutationsOf([id]);
      expect(Object.keys(planted)).toEqual(Object.keys(NO_MUTATIONS));
      const on = Object.entries(planted).filter(([, value]) => value);
      expect(on).toEqual([[id.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), true]]);
    }
  });

  it("an id that does not exist is none", () => {
    expect(isMutationId("vote-not-persisted")).toBe(true);
    expect(isMutationId("vote-not-persistent")).toBe(false);
  });

  it.runIf(present)("every entry of the catalogue has its switch", () => {
    const entries = JSON.parse(readFileSync(catalogue, "utf8")) as { id: string }[];
    expect([...MUTATION_IDS].sort()).toEqual(entries.map((entry) => entry.id).sort());
  });
});
