// `lockstep bugs`: the bugs that can be planted.

import { MUTATION_IDS } from "../fault/mutation.ts";
import { complaint } from "./complaint.ts";
import type { Terminal } from "./terminal.ts";

/** Lists the bugs. */
export async function bugsListCommand(_options: object, terminal: Terminal): Promise<number> {
  for (const id of MUTATION_IDS) terminal.write(`${id}\n`);
  return 0;
}

export async function bugsShowCommand(id: string, _options: object, _terminal: Terminal): Promise<number> {
  throw complaint(`there is nothing to show of ${id} yet`);
}

export async function bugsHuntCommand(_ids: readonly string[], _options: object, _terminal: Terminal): Promise<number> {
  throw complaint("bugs are not hunted yet");
}
