import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedPages } from "../../src/cli/docs.ts";
import { freshFolder, lockstep, PROGRAM, ROOT } from "./lockstep-process.ts";

const pages = generatedPages(ROOT, PROGRAM);

describe("pages made from the program", () => {
  it.each([...pages.keys()])("%s is fresh (npm run docs writes it)", (path) => {
    expect(existsSync(join(ROOT, path)), `${path} is missing`).toBe(true);
    expect(readFileSync(join(ROOT, path), "utf8")).toBe(pages.get(path));
  });

  it("are all there is in their folders", () => {
    const there = ["docs/reference", "docs/failures"].flatMap((folder) =>
      readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
    );
    expect(there.sort()).toEqual([...pages.keys()].sort());
  });

  it("show every scenario of the history failing by the property that it is about, within 60 lines", () => {
    const names = readdirSync(join(ROOT, "scenarios/history")).map((name) => name.replace(/\.yaml$/, ""));
    expect(names.length).toBeGreaterThanOrEqual(10);
    for (const name of names) {
      const text = pages.get(`docs/failures/${name}.md`) as string;
      const source = readFileSync(join(ROOT, `scenarios/history/${name}.yaml`), "utf8");
      const property = /violates: *([a-z-]+)/.exec(source)?.[1];
      expect(text).toContain(`✗ ${property} violated at `);
      const block = /```text\n(.*?)\n```/s.exec(text)?.[1] as string;
      expect(block.split("\n").length).toBeLessThanOrEqual(60);
      for (const line of block.split("\n"))
        if (!line.includes("npx")) expect([...line].length, line).toBeLessThanOrEqual(80);
    }
  });

  it("name commands that do what they say", () => {
    const text = pages.get("docs/failures/quorum-of-reachable.md") as string;
    const words = (/npx lockstep (replay .*)/.exec(text)?.[1] ?? "").split(" ").map((word) => word.replaceAll("'", ""));
    const [verb, token, ...rest] = words as [string, string, ...string[]];
    const absolute = token.replace("scenarios/", `${ROOT}/scenarios/`);
    const { code, out } = lockstep([verb, absolute, ...rest], { cwd: freshFolder() });
    expect(code).toBe(1);
    const shown = /```text\n(.*?)\n```/s.exec(text)?.[1] as string;
    const lanes = shown.split("\n").filter((line) => /^ +\d+\.\d{4}s /.test(line));
    expect(lanes.length).toBeGreaterThan(5);
    for (const line of lanes) expect(out).toContain(line);
  });
});
