/** What the checks of sense share: the file, what it compiles to, and where findings go. */

import type { ScenarioFile } from "./document.ts";
import type { Path } from "./problem.ts";
import type { Scenario } from "./scenario.ts";
import type { Finding } from "./shape.ts";

/** Names that entries taken out of the file because of other mistakes would have defined, and where entries stood. */
export interface Lenience {
  readonly names: readonly string[];
  /** By list (`faults`, `expect`, `workload`): the place in the file of each entry that is left. */
  readonly origins: Readonly<Record<string, readonly number[]>>;
  /** What the file says about these is not known, because it is wrong: nothing is judged by them. */
  readonly unknownMembers: boolean;
  readonly unknownClients: boolean;
}

/** Nothing was taken out. */
export const STRICT: Lenience = { names: [], origins: {}, unknownMembers: false, unknownClients: false };

/** One judging of one file. */
export interface Check {
  readonly scenario: Scenario;
  readonly file: ScenarioFile;
  readonly lenience: Lenience;
  readonly findings: Finding[];
  /** Members of the cluster, and those that the file brings in later; ascending. */
  readonly known: readonly number[];
  readonly clients: number;
}

/** Adds a finding at the path, which leads into the file as it was before broken entries were taken out. */
export function say(
  check: Check,
  code: string,
  path: Path,
  message: string,
  hint: string | null = null,
  onKey: boolean = false,
): void {
  check.findings.push({ code, path: originPath(check, path), message, hint, onKey });
}

function originPath(check: Check, path: Path): Path {
  const [list, place] = path;
  if (typeof list !== "string" || typeof place !== "number") return path;
  const origin = Object.hasOwn(check.lenience.origins, list) ? check.lenience.origins[list]![place] : undefined;
  return origin === undefined ? path : [list, origin, ...path.slice(2)];
}

/** The names of the members, the middle left out where there are many. */
export function memberNames(ids: readonly number[]): string {
  if (ids.length <= 5) return ids.map((id) => `n${id}`).join(", ");
  return `n${ids[0]}, n${ids[1]}, … n${ids[ids.length - 1]}`;
}
