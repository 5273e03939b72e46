/** Scenarios written as programs. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineScenario } from "../../src/scenario/document.ts";
import { parseScenarioValue } from "../../src/scenario/parse.ts";
import { freshFolder, lockstep } from "./lockstep-process.ts";

const SIZES = `import { defineScenario } from "lockstep";
const sizes: number[] = [3, 5];
export default defineScenario({
  name: "sizes",
  duration: "8s",
  seed: 1,
  faults: [{ at: "3s", crash: "leader" }],
  expect: [{ always: "no-split-brain" }],
  variants: Object.fromEntries(sizes.map((members) => [\`of-\${members}\`, { cluster: { members } }])),
});
`;

describe("a scenario written as a program", () => {
  it("is run like a file, wherever it lies, and told apart from its neighbours in a folder", () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "sizes.ts"), SIZES);
    writeFileSync(join(cwd, "part.ts"), "export const members = 3;\n");
    const named = lockstep(["run", "sizes.ts", "--json"], { cwd });
    expect(named.code).toBe(0);
    expect(JSON.parse(named.out).runs.map(({ variant }: { variant: string }) => variant)).toEqual(["of-3", "of-5"]);
    const { code, out } = lockstep(["run", ".", "--set", "duration=9s", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(out).runs).toMatchObject([{ virtualMicros: 9_000_000 }, { virtualMicros: 9_000_000 }]);
    expect(lockstep(["replay", "4:sizes.ts#of-5"], { cwd }).code).toBe(0);
  });

  it.each([
    [
      "unknown keys",
      `export default { name: "x", faults: [{ at: "3s", crsh: "n1" }] };`,
      /faults\[0\]\.crsh {2}LS2004/,
    ],
    ["nothing to give", "export const x = 3;", /exports no scenario/],
    ["a text in place of a scenario", `export default "x";`, /LS2002 a scenario is a map/],
    ["bad syntax", "const x: = 3;", /a\.ts:1:9: Unexpected token/],
    ["a mistake that shows when it runs", `throw new Error("boom");`, /a\.ts: boom/],
    [
      "what cannot be simulated",
      `export default { name: "x", workload: { clients: 1, ops: { watch: 1 } } };`,
      /a\.ts:\S+ {2}LS2023/,
    ],
  ])("with %s is refused in words", (_what, text, wanted) => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "a.ts"), text);
    const { code, out, err } = lockstep(["run", "a.ts"], { cwd });
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(wanted);
    expect(err).not.toMatch(/\n\s+at .*:\d+:\d+/);
  });

  it("is what a file of the same content is", () => {
    const file = defineScenario({ name: "x", cluster: { members: 5 }, faults: [{ at: "1s", crash: "leader" }] });
    expect(parseScenarioValue(file).scenario).toMatchObject({
      name: "x",
      faults: [{ trigger: { atMicros: 1_000_000 } }],
    });
  });
});
