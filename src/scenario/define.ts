/** Scenarios that a program writes: the same keys as in a file, for those that are computed. */

import type { ScenarioFile } from "./document.ts";

/**
 * Returns the scenario file that it is given, as it is; its use is that editors and the compiler know the keys.
 * It is judged when it is read, like any other file, and the whole of it is kept in artifacts.
 *
 *   export default defineScenario({ name: "two-crashes", cluster: { members: 5 }, faults: [...] });
 */
export function defineScenario(file: ScenarioFile): ScenarioFile {
  return file;
}
