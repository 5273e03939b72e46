// The scenario of an artifact or token, judged like a file before anything runs. What is recorded is written as a file, the file
// is read by the parser, and what comes out must say the same as the record: so a number, name or distribution that was changed by
// hand meets every check that a file meets, and what no file can say is found by the difference.

import { fileOfScenario } from "../scenario/format.ts";
import { nearest } from "../scenario/nearest.ts";
import { parseScenarioValue } from "../scenario/parse.ts";
import { printPath } from "../scenario/problem.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { unsupported } from "./compile-run.ts";

/** Fields that a run does not depend on, or that a single variant cannot keep in a file of its own. */
const BESIDE: readonly string[] = ["variant", "variants", "study"];

/**
 * The scenario that a record holds, or what is wrong with it in a sentence. Never throws. A record of another engine may have
 * fields that this version does not know.
 */
export function restoreScenario(
  recorded: unknown,
  ofOtherEngine: boolean = false,
): { readonly scenario: Scenario } | { readonly problem: string } {
  let file: unknown;
  try {
    file = fileOfScenario({ ...(recorded as Scenario), variants: [], study: null });
  } catch {
    return { problem: "parts of it are missing or of the wrong kind" };
  }
  const again = readAgain(file);
  if ("problem" in again) return again;
  const { scenario } = again;
  const found = firstDifference(recorded, scenario, []);
  if (found !== null) return { problem: `${printPath(found)} does not fit the rest of it` };
  const unknown = ofOtherEngine ? null : unknownKey(recorded, scenario, []);
  if (unknown !== null) return { problem: unknown };
  const missing = unsupported(scenario)[0];
  if (missing !== undefined) return { problem: missing };
  const { variant } = recorded as Scenario;
  if (variant !== null && typeof variant !== "string") return { problem: "variant is no name" };
  return { scenario: { ...scenario, variant } };
}

/** The scenario that a value of a file's form says. */
export function readAgain(file: unknown): { readonly scenario: Scenario } | { readonly problem: string } {
  try {
    const { scenario, problems } = parseScenarioValue(file);
    if (scenario !== null) return { scenario };
    const [first] = problems;
    if (first === undefined) return { problem: "it is no scenario" };
    const hint = first.hint === null ? "" : ` – did you mean "${first.hint}"?`;
    return { problem: `${first.code} ${printPath(first.path)}: ${first.message}${hint}` };
  } catch {
    return { problem: "parts of it are missing or of the wrong kind" };
  }
}

/** Where the record first says something else than what was read from it; a field that one of them lacks says nothing. */
function firstDifference(
  recorded: unknown,
  read: unknown,
  path: readonly (string | number)[],
): (string | number)[] | null {
  if (Array.isArray(recorded) && Array.isArray(read)) {
    if (recorded.length !== read.length) return [...path];
    for (const [at, one] of recorded.entries()) {
      const found = firstDifference(one, read[at], [...path, at]);
      if (found !== null) return found;
    }
    return null;
  }
  if (isMap(recorded) && isMap(read)) {
    for (const key of Object.keys(recorded).sort()) {
      if (!(key in read) || (path.length === 0 && BESIDE.includes(key))) continue;
      const found = firstDifference(recorded[key], read[key], [...path, key]);
      if (found !== null) return found;
    }
    return null;
  }
  return Object.is(recorded, read) ? null : [...path];
}

/** What is said of the first key of the record that the scenario read from it does not have; null where it has all. */
function unknownKey(recorded: unknown, read: unknown, path: readonly (string | number)[]): string | null {
  if (typeof recorded !== "object" || recorded === null || typeof read !== "object" || read === null) return null;
  for (const [key, value] of Object.entries(recorded)) {
    if (path.length === 0 && BESIDE.includes(key)) continue;
    if (!Object.hasOwn(read, key)) {
      const near = nearest(key, Object.keys(read));
      return `unknown key "${key}" in ${printPath(path)}${near === null ? "" : ` – did you mean "${near}"?`}`;
    }
    const step = Array.isArray(recorded) ? Number(key) : key;
    const found = unknownKey(value, (read as Record<string, unknown>)[key], [...path, step]);
    if (found !== null) return found;
  }
  return null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
