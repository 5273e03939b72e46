import { describe, expect, it } from "vitest";
import { PROPERTIES } from "../../src/kernel/property.ts";
import { CODE_EXAMPLES, PROPERTY_TEXTS } from "../../src/report/property-texts.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { SCENARIO_CODES } from "../../src/scenario/problem.ts";

/** A part of a file as a whole one. */
function whole(part: string): string {
  const indented = part.startsWith("partition:") ? `faults:\n  - { at: 1s, ${part} }` : part;
  const named = /^(name|- )/.test(part) ? indented : `name: x\n${indented}`;
  return /duration/.test(part) || part.startsWith("- ") ? named : `${named}\n`;
}

describe("the long texts", () => {
  it("are there for every property, and for nothing else", () => {
    expect(Object.keys(PROPERTY_TEXTS).sort()).toEqual(PROPERTIES.map(({ id }) => id).sort());
    for (const { why, example, source } of Object.values(PROPERTY_TEXTS)) {
      for (const text of [why, example]) expect(text.length).toBeGreaterThan(40);
      expect(source).not.toBe("");
    }
  });

  it("have an example for every code of scenario files", () => {
    expect(Object.keys(CODE_EXAMPLES).sort()).toEqual(SCENARIO_CODES.map(({ code }) => code).sort());
  });

  it.each(Object.entries(CODE_EXAMPLES).filter(([code]) => code !== "LS2023"))(
    "%s: what is refused is refused with it, what was meant is not",
    (code, [refused, meant]) => {
      expect(parseScenario(whole(refused)).problems.map((problem) => problem.code)).toContain(code);
      expect(parseScenario(whole(meant)).problems.map((problem) => problem.code)).not.toContain(code);
    },
  );
});
