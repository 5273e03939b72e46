// Changing a scenario from the command line: `--set a.b=c` and the short forms of it. A change is made to the file as it is
// written, before anything is filled in, and judged like the file.

import { parseDocument } from "yaml";
import type { Path } from "../scenario/problem.ts";
import { complaint } from "./complaint.ts";

/** Options that change a scenario. */
export interface OverrideOptions {
  readonly set?: readonly string[];
  readonly members?: string;
  readonly duration?: string;
  readonly stepLimit?: string;
  readonly mutate?: readonly string[];
  /** Judge by these only; no change of the file, but of what is judged. */
  readonly properties?: string;
}

/** One change: what is put where. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
}

/** The changes that the options ask for, in their order. Throws a complaint where one makes no sense by itself. */
export function overridesOf(options: OverrideOptions): Override[] {
  const overrides: Override[] = [];
  if (options.members !== undefined)
    overrides.push({ path: ["cluster", "members"], value: wholeNumber("--members", options.members) });
  if (options.duration !== undefined) overrides.push({ path: ["duration"], value: options.duration });
  if (options.stepLimit !== undefined)
    overrides.push({ path: ["stepLimit"], value: wholeNumber("--step-limit", options.stepLimit) });
  if (options.mutate !== undefined && options.mutate.length > 0)
    overrides.push({ path: ["mutate"], value: options.mutate.flatMap((ids) => ids.split(",")) });
  for (const text of options.set ?? []) overrides.push(parseSet(text));
  return overrides;
}

/** The words that give the same options again. */
export function overrideWords(options: OverrideOptions): string[] {
  const words: string[] = [];
  if (options.members !== undefined) words.push("--members", options.members);
  if (options.duration !== undefined) words.push("--duration", options.duration);
  if (options.stepLimit !== undefined) words.push("--step-limit", options.stepLimit);
  for (const id of options.mutate ?? []) words.push("--mutate", id);
  for (const text of options.set ?? []) words.push("--set", text);
  if (options.properties !== undefined) words.push("--properties", options.properties);
  return words;
}

function wholeNumber(option: string, text: string): number {
  const plain = text.replaceAll("_", "");
  if (!/^-?\d{1,15}$/.test(plain)) throw complaint(`${option} takes a whole number, not "${text}"`);
  return Number(plain);
}

function parseSet(text: string): Override {
  const equals = text.indexOf("=");
  const usage = "--set cluster.members=5, --set faults[0].at=4s";
  if (equals <= 0) throw complaint(`--set takes key=value, not "${text}"`, usage);
  const path: (string | number)[] = [];
  for (const part of text.slice(0, equals).split(".")) {
    const match = /^([A-Za-z_][\w-]*)((?:\[\d{1,6}\])*)$/.exec(part);
    if (match === null) throw complaint(`--set ${text}: "${part}" is no key`, usage);
    path.push(match[1] as string);
    for (const place of (match[2] as string).matchAll(/\[(\d+)\]/g)) path.push(Number(place[1]));
  }
  if (path.includes("__proto__")) throw complaint(`--set ${text}: there is no such key`);
  const document = parseDocument(text.slice(equals + 1), { version: "1.2", logLevel: "silent" });
  const wrong = [...document.errors, ...document.warnings][0];
  if (wrong !== undefined) throw complaint(`--set ${text}: the value is no YAML`, usage);
  try {
    return { path, value: document.toJS({ maxAliasCount: 100 }) };
  } catch {
    throw complaint(`--set ${text}: the value is no YAML`, usage);
  }
}

/** The file with the change made; `file` stays as it is. Throws a complaint where the path leads through a text or number. */
export function withOverride(file: unknown, override: Override): unknown {
  return put(file, override.path, 0, override.value);
}

function put(under: unknown, path: Path, depth: number, value: unknown): unknown {
  if (depth === path.length) return value;
  const key = path[depth] as string | number;
  if (typeof key === "number") {
    const list = Array.isArray(under) ? [...under] : [];
    if (key > list.length) throw complaint(`--set: ${shown(path, depth + 1)} is beyond the ${list.length} there are`);
    list[key] = put(list[key], path, depth + 1, value);
    return list;
  }
  if (Array.isArray(under)) {
    throw complaint(`--set: ${shown(path, depth)} is a list`, `${shown(path, depth)}[0].${key}=…`);
  }
  const map: Record<string, unknown> =
    typeof under === "object" && under !== null ? { ...(under as Record<string, unknown>) } : {};
  map[key] = put(map[key], path, depth + 1, value);
  return map;
}

function shown(path: Path, depth: number): string {
  let text = "";
  for (const part of path.slice(0, depth))
    text += typeof part === "number" ? `[${part}]` : text === "" ? part : `.${part}`;
  return text;
}
