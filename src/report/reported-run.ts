// What a report is made from: a run with where it came from, and the line that runs it again.

import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { MinimalReport } from "./minimal-lines.ts";
import type { Story } from "./story.ts";

/** A run as a host hands it to a report. */
export interface ReportedRun {
  /** Of the variant, with random faults expanded. */
  readonly scenario: Scenario;
  readonly result: RunResult;
  /** Where the scenario was read from, as it was named; null: not from a file. */
  readonly file: string | null;
  /** Where the artifact was written; null: nowhere. */
  readonly artifact: string | null;
  /** Real time that the run took; null where it does not matter. */
  readonly wallMicros: number | null;
  /**
   * What was given on the command line to change the scenario: needed to run it again. Null: unknown, and only the artifact
   * has it whole.
   */
  readonly overrides: readonly string[] | null;
  /** The events that tell what went wrong; absent where nobody looked. */
  readonly story?: Story;
  /** The small scenario that fails in the same way; absent where nobody looked for one. */
  readonly minimal?: MinimalReport;
  /** The run in one word, for a shell, a link or an issue; absent where nobody asked. */
  readonly token?: string;
  /** The token is wanted, however long it is. */
  readonly tokenInFull?: boolean;
}

/** A word as a shell reads it back: quoted where it must be. */
export function shellWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** `42:scenarios/x.yaml`, with `#variant` behind it where the file has variants. */
export function replayToken(seed: string, file: string, variant: string | null): string {
  return variant === null ? `${seed}:${file}` : `${seed}:${file}#${variant}`;
}

/** The command that runs it again, or null where there is nothing left to run it from. Only the artifact knows where a run
 * was interrupted. */
export function replayCommand(run: ReportedRun): string | null {
  const isWhole = !run.result.interrupted || run.artifact === null;
  if (isWhole && run.file !== null && run.file !== "-" && run.overrides !== null) {
    const words = [replayToken(run.result.seed, run.file, run.result.variant), ...run.overrides];
    return `npx lockstep replay ${words.map(shellWord).join(" ")}`;
  }
  return run.artifact === null ? null : `npx lockstep replay ${shellWord(run.artifact)}`;
}

/** The name with its variant: `failover/check-quorum`. */
export function runName(run: ReportedRun): string {
  return run.result.variant === null ? run.result.scenario : `${run.result.scenario}/${run.result.variant}`;
}
