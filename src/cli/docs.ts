// `npm run docs`: writes the pages that are made from the program itself. Everything is made before anything is written.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scenarioJsonSchema } from "../scenario/json-schema.ts";
import { parseScenario } from "../scenario/parse.ts";
import type { CommandNode } from "./command-tree.ts";
import { cliPage } from "./reference/cli-page.ts";
import { failurePages, type HistoryScenario } from "./reference/failure-pages.ts";
import { propertiesPage } from "./reference/properties-page.ts";
import { scenarioPage } from "./reference/scenario-page.ts";

/** The pages by their place in the project. `program` is the built command line. */
export function generatedPages(root: string, program: string): Map<string, string> {
  const tree = JSON.parse(execFileSync(process.execPath, [program, "__tree"], { encoding: "utf8" })) as CommandNode;
  const pages = new Map<string, string>();
  pages.set("docs/reference/cli.md", cliPage(tree));
  pages.set("docs/reference/scenario.md", scenarioPage(scenarioJsonSchema("draft-7") as Record<string, unknown>));
  pages.set("docs/reference/properties.md", propertiesPage());
  for (const [name, text] of failurePages(histories(root))) pages.set(`docs/failures/${name}`, text);
  return pages;
}

function histories(root: string): HistoryScenario[] {
  const folder = "scenarios/history";
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => {
      const file = `${folder}/${name}`;
      const { scenario } = parseScenario(readFileSync(join(root, file), "utf8"));
      return scenario === null ? [] : [{ file, scenario }];
    });
}

function write(root: string, program: string): void {
  const pages = generatedPages(root, program);
  for (const [path, text] of pages) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  process.stdout.write(`${pages.size} pages written\n`);
}

const own = fileURLToPath(import.meta.url);
if (process.argv[1] === own) write(join(dirname(own), "../.."), join(dirname(own), "lockstep.js"));
