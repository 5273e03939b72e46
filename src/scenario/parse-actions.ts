/**
 * Actions without a time, to be done now to a cluster that runs: what a served cluster takes by `POST /faults` and the
 * lab by its buttons. They are written as in a file, and may refer to what the scenario so far has named.
 */

import { fileOfScenario } from "./format.ts";
import { parseScenarioValue } from "./parse.ts";
import type { Problem } from "./problem.ts";
import type { Fault, Scenario } from "./scenario.ts";

/** Actions that one call may bring. */
const ACTIONS_MAX = 1_000;

/**
 * The actions as faults, in order, with ids that the scenario does not use yet; or all that is wrong, with paths that
 * begin at the place in the list. The trigger of each is a placeholder: the caller knows what "now" is.
 */
export function parseActions(
  value: unknown,
  scenario: Scenario,
): { readonly faults: readonly Fault[] | null; readonly problems: readonly Problem[] } {
  const refuse = (message: string, path: Problem["path"] = []): ReturnType<typeof parseActions> => ({
    faults: null,
    problems: [{ code: "LS2005", message, path, line: 0, column: 0, length: 1, hint: null }],
  });
  if (!Array.isArray(value)) return refuse("a list of actions is needed");
  if (value.length > ACTIONS_MAX) return refuse(`${value.length} actions at once: ${ACTIONS_MAX} are the most`);
  const before = scenario.faults.length;
  const entries: unknown[] = [];
  for (const [at, entry] of value.entries()) {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return refuse("an action is a map", [at]);
    if (Object.hasOwn(entry, "at") || Object.hasOwn(entry, "when"))
      return refuse("an action for now has no time", [at]);
    // A trigger without a time: whatever the scenario has begun, this comes after it.
    entries.push({ ...entry, at: { event: 1 } });
  }
  const { faults, ...rest } = fileOfScenario({ ...scenario, expect: [], variants: [], study: null, stepLimit: 0 });
  const { scenario: judged, problems } = parseScenarioValue({ ...rest, faults: [...(faults ?? []), ...entries] });
  if (judged !== null) return { faults: judged.faults.slice(before), problems };
  return {
    faults: null,
    problems: problems.map((problem) => {
      const [list, place, ...inner] = problem.path;
      return list === "faults" && typeof place === "number"
        ? { ...problem, path: [place - before, ...inner] }
        : problem;
    }),
  };
}
