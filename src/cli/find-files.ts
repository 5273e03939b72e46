// From what was named on the command line to files: files, directories, patterns and `-`. Sorted, each once.

import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nearest } from "../scenario/nearest.ts";
import { systemReason } from "./complaint.ts";
import { isModuleName } from "./load-module.ts";

/** A name that leads to nothing. */
export interface FileProblem {
  /** As it was named. */
  readonly file: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What was found. `fromWalk` files were not named themselves, so that what is no scenario among them may be passed over. */
export interface FoundFile {
  readonly path: string;
  readonly fromWalk: boolean;
}

/** Files and problems, both in the order of the arguments. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly problems: readonly FileProblem[];
}

/** Directories this deep are not looked into: a link that leads back would never end. */
const DEPTH_MAX = 24;

/** The files behind the names; `-` stands for standard input and is passed on. */
export function findFiles(names: readonly string[]): FoundFiles {
  const files = new Map<string, FoundFile>();
  const problems: FileProblem[] = [];
  const add = (path: string, fromWalk: boolean): void => {
    if (!files.has(path)) files.set(path, { path, fromWalk });
  };
  for (const name of names) {
    if (name === "-") {
      add("-", false);
      continue;
    }
    let stat: ReturnType<typeof statSync> | undefined;
    try {
      stat = statSync(name, { throwIfNoEntry: false });
    } catch (error) {
      problems.push({ file: name, message: `${name}: ${systemReason(error)}`, hint: null });
      continue;
    }
    if (stat?.isDirectory() === true) {
      try {
        for (const path of walk(name, 0)) add(path, true);
      } catch (error) {
        problems.push({ file: name, message: `${name}: ${systemReason(error)}`, hint: null });
      }
    } else if (stat?.isFile() === true && /\.run\.json(\.gz)?$/i.test(name))
      problems.push({ file: name, message: `${name} is an artifact of a run`, hint: `lockstep replay ${name}` });
    else if (stat?.isFile() === true || stat?.isFIFO() === true) add(name, false);
    else if (stat !== undefined)
      problems.push({ file: name, message: `${name} is neither a file nor a directory`, hint: null });
    else if (/[*?]/.test(name)) {
      try {
        for (const path of matching(name)) add(path, true);
      } catch (error) {
        problems.push({ file: name, message: `${name}: ${systemReason(error)}`, hint: null });
      }
    } else if (lstatSync(name, { throwIfNoEntry: false }) !== undefined)
      problems.push({ file: name, message: `${name} is a link to a file that is not there`, hint: null });
    else problems.push({ file: name, message: `there is no file ${name}`, hint: probablyMeant(name) });
  }
  return { files: [...files.values()], problems };
}

/** Whether the name is that of a scenario file. */
export function isScenarioName(path: string): boolean {
  return (/\.(ya?ml|json)$/i.test(path) && !/\.run\.json$/i.test(path)) || isModuleName(path);
}

function walk(folder: string, depth: number, depthMax: number = DEPTH_MAX): string[] {
  if (depth > depthMax) return [];
  const paths: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? behindLink(path) : entry;
    if (kind === null) continue;
    if (kind.isDirectory()) paths.push(...walk(path, depth + 1, depthMax));
    else if (kind.isFile() && isScenarioName(entry.name)) paths.push(path);
  }
  return paths;
}

/** What a link leads to; null where it leads nowhere, or round in a ring. */
function behindLink(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Files that a pattern names: `*` within a folder, `**` through folders, `?` one character. */
function matching(pattern: string): string[] {
  const parts = pattern.split("/");
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const root = fixed === 0 ? "." : parts.slice(0, fixed).join("/") || "/";
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    if (pattern.startsWith("**/", at)) {
      source += "(?:.*/)?";
      at += 2;
    } else if (pattern.startsWith("**", at)) {
      source += ".*";
      at += 1;
    } else if (pattern[at] === "*") source += "[^/]*";
    else if (pattern[at] === "?") source += "[^/]";
    else source += (pattern[at] as string).replace(/[.+^${}()|[\]\\]/g, "\\$&");
  }
  const expression = new RegExp(`^${source.replace(/^\\\.\//, "")}$`);
  // Without a `**` the pattern says how deep it goes.
  const depthMax = pattern.includes("**") ? DEPTH_MAX : parts.length - fixed - 1;
  return walk(root, 0, depthMax).filter((path) => expression.test(path));
}

/** The file that was probably meant: a near name in the same folder, or a scenario of that name. */
export function probablyMeant(name: string): string | null {
  const folder = dirname(name);
  try {
    const names = readdirSync(folder).filter((entry) => isScenarioName(entry) || /\.run\.json/.test(entry));
    const near = nearest(basename(name), names);
    if (near !== null) return `did you mean ${join(folder, near)}?`;
  } catch {
    // The folder is not there either; the scenarios may still know the name.
  }
  try {
    const known = walk("scenarios", 0);
    const wanted = basename(name).replace(/\.(ya?ml|json)$/i, "");
    const stems = known.map((path) => basename(path).replace(/\.(ya?ml|json)$/i, ""));
    const near = nearest(wanted, stems);
    if (near !== null) return `did you mean ${known[stems.indexOf(near)]}?`;
  } catch {
    // No folder of scenarios here: there is nothing to suggest.
  }
  return null;
}
