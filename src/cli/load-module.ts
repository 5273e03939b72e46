// Scenarios written as programs: `*.ts` (and `.mts`, `.js`, `.mjs`) files whose default export is a scenario. The loader of
// TypeScript is itself loaded only when there is such a file.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Complaint, complaint } from "./complaint.ts";

/** Whether the name is that of a program. */
export function isModuleName(path: string): boolean {
  return /\.m?[jt]s$/i.test(path);
}

/** Among the files of a folder only those are taken that define a scenario; others are what they are made of. */
export function definesScenario(text: string): boolean {
  return /\bdefineScenario\s*\(/.test(text) && /\bexport\s+default\b/.test(text);
}

/** What the program exports by default, or why there is nothing. */
export async function loadModule(path: string): Promise<{ readonly value: unknown } | Complaint> {
  const { createJiti } = await import("jiti");
  const own = fileURLToPath(new URL("../index.js", import.meta.url));
  // Nothing is kept between runs: a cache would be one more thing that can be stale.
  const jiti = createJiti(import.meta.url, { alias: { lockstep: own }, fsCache: false, moduleCache: false });
  let loaded: unknown;
  try {
    loaded = await jiti.import(resolve(path));
  } catch (error) {
    const { place, text } = said(error);
    return complaint(`${place ?? path}: ${text}`, "the file is a program, and it could not be run");
  }
  if (typeof loaded !== "object" || loaded === null || !("default" in loaded) || loaded.default === undefined)
    return complaint(`${path} exports no scenario`, "export default defineScenario({ name: … })");
  return { value: loaded.default };
}

/** What an error says, in one line and without a stack; and the place that a parser names below it. */
function said(error: unknown): { readonly place: string | null; readonly text: string } {
  const text = error instanceof Error ? error.message : String(error);
  const [first = ""] = text.split("\n").filter((line) => line.trim() !== "");
  const place = /^\s*(\S+:\d+:\d+)\s*$/m.exec(text)?.[1] ?? null;
  const line = first.replace(/^ParseError: /, "").trim();
  return { place, text: line === "" ? "it threw something without a message" : line };
}
