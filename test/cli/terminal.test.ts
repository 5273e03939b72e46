import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FLAGSHIP, freshFolder, lockstep, ROOT } from "./lockstep-process.ts";

const FAILING = [
  "replay",
  "1:scenarios/history/vote-not-persisted.yaml#broken",
  "--set",
  "variants.broken.expect=[]",
  "--properties",
  "election-safety",
];

/** What is seen, without what differs from one time to the next. */
function seen(args: readonly string[]): string {
  const { out } = lockstep([...args, "--width", "80"], { cwd: args[0] === "replay" ? ROOT : freshFolder() });
  return out
    .replace(/node \d+\.\d+\.\d+/, "node <version>")
    .replace(/ in [\d.]+m?s/, " in <time>")
    .replace(/\d{4}-\d\d-\d\dT[\d-]+/g, "<run>")
    .replaceAll(`${ROOT}/`, "")
    .replaceAll("\u001b", "<esc>");
}

describe.each([
  ["the flagship", "start", ["run", FLAGSHIP]],
  ["a failing run", "failing", FAILING],
] as const)("%s in a terminal of 80 columns", (_title, name, args) => {
  it("is as it was looked at", async () => {
    const text = seen(args);
    for (const line of text.split("\n"))
      if (!/npx|ls1_|\.run\.json/.test(line)) expect([...line].length, line).toBeLessThanOrEqual(80);
    await expect(text).toMatchFileSnapshot(join("terminal", `${name}.txt`));
  });

  it("is the same with colour", async () => {
    const painted = seen([...args, "--color", "always"]);
    expect(painted.replace(/<esc>\[\d+m/g, "")).toBe(seen(args));
    await expect(painted).toMatchFileSnapshot(join("terminal", `${name}-painted.txt`));
  });

  it("is ASCII where that is asked for", async () => {
    const text = seen([...args, "--ascii"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant
    expect(text).toMatch(/^[\x00-\x7f]*$/);
    await expect(text).toMatchFileSnapshot(join("terminal", `${name}-ascii.txt`));
  });
});
