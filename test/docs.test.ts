/** What the pages say is there: links lead somewhere, commands and files that are named exist, the picture is the program's. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`)
    .sort();
}

const PAGES: readonly string[] = ["README.md", ...pagesIn("docs")];

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** Names of a page's headings as links write them. */
function anchorsOf(page: string): Set<string> {
  const prose = read(page).replace(/^```.*?^```/gms, "");
  const titles = [...prose.matchAll(/^#+ +(.*)$/gm)].map((match) => match[1] as string);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Where a link of a page leads to nothing, or null. */
function brokenLink(page: string, target: string): string | null {
  const [path, anchor] = target.split("#") as [string, string | undefined];
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return `${page}: there is no ${file}`;
  if (anchor === undefined || statSync(join(ROOT, file)).isDirectory()) return null;
  return anchorsOf(file).has(anchor) ? null : `${page}: ${file} has no heading #${anchor}`;
}

function workSources(): string[] {
  const folder = join(ROOT, "src/bench");
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
}

/** Each command line on a page that begins with `npx lockstep`, to its end or its closing quote. */
function commandsOn(page: string): string[] {
  return [...read(page).matchAll(/npx lockstep ([^`\n]*)/g)].map((match) => (match[1] as string).trim());
}

describe("the pages", () => {
  test("link to what is there", () => {
    const links = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({ page, target: match[1] as string })),
    ).filter(({ target }) => !/^[a-z]+:/.test(target));
    expect(links.length).toBeGreaterThan(50);
    expect(links.map(({ page, target }) => brokenLink(page, target)).filter((what) => what !== null)).toEqual([]);
    expect(brokenLink("README.md", "docs/GONE.md")).toContain("there is no");
    expect(brokenLink("README.md", "docs/GLOSSARY.md#gone")).toContain("no heading #gone");
  });

  test("name commands and options that the program has, and scenarios that exist", () => {
    // The options of `bench` stand with each work.
    const reference = [read("docs/reference/cli.md"), ...workSources()].join("\n");
    const wrong: string[] = [];
    let commands = 0;
    for (const page of PAGES) {
      for (const command of commandsOn(page)) {
        commands++;
        const words = command.split("#")[0]!.split(/\s+/);
        const verb = words[0] as string;
        if (/^[a-z-]+$/.test(verb) && !reference.includes(`## lockstep ${verb}\n`)) wrong.push(`${page}: ${command}`);
        for (const option of command.match(/(?<=\s)--[a-z][a-z-]*/g) ?? [])
          if (!new RegExp(`${option}(?![a-z-])`).test(reference)) wrong.push(`${page}: ${option} in ${command}`);
        for (const file of command.match(/scenarios\/[\w/-]{2,}\.yaml/g) ?? [])
          if (!existsSync(join(ROOT, file))) wrong.push(`${page}: ${file} in ${command}`);
      }
    }
    expect(commands).toBeGreaterThan(40);
    expect(wrong).toEqual([]);
  });

  test("show of `npm start` what it prints", () => {
    const printed = read("test/cli/terminal/start.txt");
    const picture = /npm start` runs.*?```\n(.*?)```/s.exec(read("README.md"))?.[1] as string;
    expect(picture).toContain("digest");
    expect(printed).toContain(picture.trimEnd().replace(/virtual in \d+ms/, "virtual in <time>"));
  });
});
