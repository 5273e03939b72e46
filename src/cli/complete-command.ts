// `lockstep __complete`, which completion scripts call: candidates for an argument or an option's value, one a line. Never fails:
// a shell that completes has no place for complaints.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MUTATION_IDS } from "../fault/mutation.ts";
import { PROPERTIES } from "../kernel/property.ts";
import { WORD_TEXTS } from "../report/word-texts.ts";
import { PREDICATE_NAMES, propertyNames } from "../scenario/parse-predicate.ts";
import { SCENARIO_CODES } from "../scenario/problem.ts";
import { TEMPLATES } from "../scenario/template.ts";
import { RUNS_FOLDER } from "./artifact-store.ts";
import { findFiles } from "./find-files.ts";
import type { Terminal } from "./terminal.ts";

/** Candidates that are offered at most. */
const CANDIDATES_MAX = 500;

/** Prints candidates for `current` after `previous`, in the command `path`. */
export async function completeCommand(
  path: string,
  previous: string,
  current: string,
  terminal: Terminal,
): Promise<number> {
  let candidates: readonly string[] = [];
  try {
    candidates = candidatesOf(path, previous, current);
  } catch {
    // Nothing to offer.
  }
  const fitting = candidates.filter((one) => one.startsWith(current)).slice(0, CANDIDATES_MAX);
  if (fitting.length > 0) terminal.write(`${fitting.join("\n")}\n`);
  return 0;
}

function candidatesOf(path: string, previous: string, current: string): readonly string[] {
  switch (previous) {
    case "--mutate":
      return MUTATION_IDS;
    case "--properties":
      return ["all", ...propertyNames()];
    case "--until":
    case "--break":
      return PREDICATE_NAMES;
    case "--template":
    case "-t":
      return TEMPLATES.map((template) => template.id);
  }
  const [word] = path.split(" ");
  switch (word) {
    case "run":
    case "sweep":
    case "scenario":
    case "serve":
    case "lab":
      return scenarioFiles();
    case "replay":
    case "explain":
    case "diff":
    case "export":
    case "shrink": {
      const seed = /^([^:/]+:)/.exec(current)?.[1];
      return seed === undefined ? artifacts() : scenarioFiles().map((file) => seed + file);
    }
    case "bugs":
      return MUTATION_IDS;
    case "explain-code":
      return [
        ...PROPERTIES.flatMap(({ id, code }) => [id, code]),
        ...SCENARIO_CODES.map(({ code }) => code),
        ...new Set(WORD_TEXTS.map(({ word }) => word)),
      ];
    default:
      return [];
  }
}

function scenarioFiles(): string[] {
  return existsSync("scenarios") ? findFiles(["scenarios"]).files.map(({ path }) => path) : [];
}

/** Artifacts below the folder of runs, newest first. */
function artifacts(): string[] {
  if (!existsSync(RUNS_FOLDER)) return [];
  return readdirSync(RUNS_FOLDER)
    .sort()
    .reverse()
    .flatMap((run) => {
      const folder = join(RUNS_FOLDER, run);
      return readdirSync(folder)
        .filter((name) => /\.run\.json(\.gz)?$/.test(name))
        .map((name) => join(folder, name));
    });
}
