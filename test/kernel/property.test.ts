import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { NO_SPLIT_BRAIN, PROPERTIES, propertyOf } from "../../src/kernel/property.ts";

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const catalogue = `${shared}/bugs/CATALOGUE.md`;
const present = existsSync(catalogue);
if (!present) console.log("the properties were not compared with the bug catalogue: it is not here (LOCKSTEP_SHARED)");

test("every property has an id and a code of its own", () => {
  expect(new Set(PROPERTIES.map((p) => p.id)).size).toBe(PROPERTIES.length);
  expect(new Set(PROPERTIES.map((p) => p.code)).size).toBe(PROPERTIES.length);
});

test("ids are words joined by hyphens, codes LS and four digits, and the codes of a group share their hundred", () => {
  const hundreds = new Map<string, string>();
  for (const { id, code, group, rule } of PROPERTIES) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(code).toMatch(/^LS1[0-9]{3}$/);
    expect(rule.length).toBeGreaterThan(10);
    const hundred = code.slice(0, 4);
    expect(hundreds.get(group) ?? hundred).toBe(hundred);
    hundreds.set(group, hundred);
  }
  expect(new Set(hundreds.values()).size).toBe(hundreds.size);
});

test("a property is found by its id, and an unknown id finds none", () => {
  for (const property of PROPERTIES) expect(propertyOf(property.id)).toBe(property);
  expect(propertyOf("no-split-brain")).toBeUndefined();
});

test("no-split-brain stands for properties that exist", () => {
  expect(NO_SPLIT_BRAIN.map((id) => propertyOf(id)?.id)).toEqual([
    "election-safety",
    "commit-support",
    "state-machine-safety",
  ]);
});

test.runIf(present)("the properties are those of section 2 of the bug catalogue", () => {
  const text = readFileSync(catalogue, "utf8");
  const section = text.slice(text.indexOf("\n## 2."), text.indexOf("\n## 3."));
  const named = new Set<string>();
  for (const line of section.split("\n")) {
    const cell = /^\|([^|]*)\|/.exec(line)?.[1] ?? "";
    for (const [, id] of cell.matchAll(/`([a-z-]+)`/g)) named.add(id as string);
  }
  // Promises that no server makes stand in the text below the tables.
  for (const id of ["mutual-exclusion", "fencing-monotonic"]) {
    expect(section).toContain(`\`${id}\``);
    named.add(id);
  }
  expect(PROPERTIES.map((p) => p.id).sort()).toEqual([...named].sort());
});
