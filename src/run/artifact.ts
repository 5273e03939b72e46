// An artifact: everything that is needed to run a run again, and what it came to then. Plain JSON text; compressing and
// storing it is the host's.

import { ENGINE_VERSION, PROGRAM_VERSION } from "../kernel/engine.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { RunResult } from "./result.ts";

/** Name and version of the format. */
export const ARTIFACT_FORMAT = "lockstep-run/1" as const;

/** The content of a `*.run.json`. */
export interface Artifact {
  readonly format: typeof ARTIFACT_FORMAT;
  readonly engine: string;
  readonly program: string;
  /** Where the scenario was read from, as it was named; for people. */
  readonly file: string | null;
  /** Complete, normalised, with random faults expanded: nothing has to be looked up or drawn again to read it. */
  readonly scenario: Scenario;
  readonly result: RunResult;
}

/** What is wrong with a text that should be an artifact. */
export interface ArtifactProblem {
  readonly problem: string;
  readonly hint: string;
}

/** The artifact of a run. */
export function artifactOf(scenario: Scenario, measured: RunResult, file: string | null): Artifact {
  const { numbers: _numbers, ...result } = measured;
  return { format: ARTIFACT_FORMAT, engine: ENGINE_VERSION, program: PROGRAM_VERSION, file, scenario, result };
}

/** Text of an artifact; ends with a newline. */
export function artifactText(artifact: Artifact): string {
  return `${JSON.stringify(artifact)}\n`;
}

/** Reads an artifact, or says what is wrong with it. Never throws. */
export function readArtifact(text: string): Artifact | ArtifactProblem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const cut = text.trimStart().startsWith("{");
    return cut
      ? { problem: "the file is not complete JSON", hint: "it looks truncated: was it still being written?" }
      : { problem: "the file is no JSON", hint: "an artifact is a *.run.json that a run wrote" };
  }
  if (typeof value !== "object" || value === null || !("format" in value)) {
    return {
      problem: "the file is JSON, but no artifact",
      hint: `an artifact begins with "format":"${ARTIFACT_FORMAT}"`,
    };
  }
  const artifact = value as Partial<Artifact>;
  if (artifact.format !== ARTIFACT_FORMAT) {
    return { problem: `the format is "${String(artifact.format)}"`, hint: `this program reads "${ARTIFACT_FORMAT}"` };
  }
  const { scenario, result } = artifact;
  const whole =
    typeof artifact.engine === "string" &&
    typeof scenario === "object" &&
    scenario !== null &&
    Array.isArray(scenario.faults) &&
    typeof scenario.cluster === "object" &&
    typeof result === "object" &&
    result !== null &&
    typeof result.digest === "string" &&
    typeof result.seed === "string" &&
    Number.isSafeInteger(result.events) &&
    result.events >= 0 &&
    Array.isArray(result.checkpoints);
  if (!whole) return { problem: "parts of the artifact are missing", hint: "run the scenario again to make a new one" };
  return artifact as Artifact;
}

/** How a run that was made again compares with its record. */
export interface ReplayComparison {
  readonly same: boolean;
  /** Events up to which both agree for certain, by checkpoints. */
  readonly agreesUntil: number;
  readonly recordedEngine: string;
  /** All that was recorded is as replayed but the digest at the end, or the number of events: the record contradicts itself. */
  readonly contradicts: boolean;
}

/** What is known of a run that was made before. */
export interface RunRecord {
  readonly engine: string;
  readonly digest: string;
  readonly events: number;
  /** Digests after every 1,024 events; a token has none. */
  readonly checkpoints: readonly string[];
  /** What else the run came to, as JSON; null: nothing else was recorded. */
  readonly rest: string | null;
  /** It was stopped after so many events; null: it went to its end. */
  readonly stoppedAfter: number | null;
}

/** The record in an artifact. */
export function recordOf(artifact: Artifact): RunRecord {
  const { digest, events, checkpoints, interrupted } = artifact.result;
  const stoppedAfter = interrupted === true ? events : null;
  return { engine: artifact.engine, digest, events, checkpoints, rest: restOf(artifact.result), stoppedAfter };
}

/** What a run came to beside its digest and its number of events. */
function restOf({ numbers: _numbers, digest: _digest, events: _events, ...rest }: RunResult): string {
  return JSON.stringify(rest);
}

/** Compares a replayed run with the record of it. */
export function compareWithRecord(recorded: RunRecord, again: RunResult): ReplayComparison {
  const sameDigest = recorded.digest === again.digest;
  const sameEvents = recorded.events === again.events;
  const same = sameDigest && sameEvents;
  const contradicts = sameDigest !== sameEvents && recorded.rest === restOf(again);
  let blocks = 0;
  const shared = Math.min(recorded.checkpoints.length, again.checkpoints.length);
  while (blocks < shared && recorded.checkpoints[blocks] === again.checkpoints[blocks]) blocks++;
  return { same, agreesUntil: same ? again.events : blocks * 1024, recordedEngine: recorded.engine, contradicts };
}
