/**
 * Which Raft conformance scripts there are in a folder, and how one is run.
 */

import { runDirectives, type ScriptResult } from "./datadriven.ts";
import { ConfChangeScript } from "./raft-confchange.ts";
import { InteractionScript } from "./raft-interaction.ts";
import { runQuorumCommand } from "./raft-quorum.ts";

/** Command sets of scripts. `generated` scripts use that of `interaction`. */
export type RaftScriptKind = "confchange" | "quorum" | "interaction";

/** Returns the command set for a file by the innermost folder on its path that names one, or null. */
export function raftScriptKind(folders: readonly string[]): RaftScriptKind | null {
  for (let at = folders.length - 1; at >= 0; at--) {
    const name = folders[at]!;
    if (name === "generated") return "interaction";
    if (name === "confchange" || name === "quorum" || name === "interaction") return name;
  }
  return null;
}

/** The one text that Go's protobuf prints with spaces that differ from build to build. */
const UNSTABLE = /(attempted to restore snapshot but it is not in the ConfState ).*(; should never happen)/g;

/** Runs one script in a fresh environment, up to its first difference. */
export function runRaftScript(text: string, kind: RaftScriptKind): ScriptResult {
  if (kind === "quorum") return runDirectives(text, runQuorumCommand);
  if (kind === "confchange") {
    const script = new ConfChangeScript();
    return runDirectives(text, (directive) => script.run(directive));
  }
  const script = new InteractionScript();
  return runDirectives(
    text,
    (directive) => script.run(directive),
    (all) => all.replace(UNSTABLE, "$1…$2"),
  );
}
