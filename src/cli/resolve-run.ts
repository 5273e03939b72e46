// What a name on the command line stands for where runs are asked for: an artifact, a folder of them, a token, or
// `seed:scenario#variant`. Everything in it is judged before anything runs.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import type { Line } from "../report/span.ts";
import { type Artifact, type RunRecord, recordOf } from "../run/artifact.ts";
import { restoreScenario } from "../run/restore-scenario.ts";
import { readToken, TOKEN_PREFIX } from "../run/token.ts";
import { nearest } from "../scenario/nearest.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import { parseSeed } from "../scenario/seed.ts";
import { lastingPath, loadArtifact } from "./artifact-store.ts";
import { Complaint, complaint } from "./complaint.ts";
import { probablyMeant } from "./find-files.ts";
import { loadScenarios } from "./load-scenarios.ts";
import { type OverrideOptions, overridesOf, overrideWords } from "./override.ts";
import { judgedBy, propertiesAsked } from "./stop-options.ts";

/** A run that can be made again. */
export interface NamedRun {
  /** As it was named; for artifacts the path. */
  readonly name: string;
  readonly scenario: Scenario;
  /** Canonical decimal. */
  readonly seed: string;
  /** Where the scenario was read from, for artifacts where it had been read from; null for tokens. */
  readonly file: string | null;
  /** What the run came to before; null for `seed:scenario`. */
  readonly record: RunRecord | null;
  /** The artifact's path; null for the others. */
  readonly artifact: string | null;
}

/** What names came to: runs, and what is wrong with files in folders that were named as a whole. */
export interface NamedRuns {
  readonly runs: readonly NamedRun[];
  readonly broken: readonly (readonly Line[])[];
}

/** Resolves names. Throws a complaint for a name that is wrong by itself; a broken file of a folder is only told of. */
export async function resolveRuns(names: readonly string[], options: OverrideOptions): Promise<NamedRuns> {
  const runs: NamedRun[] = [];
  const broken: (readonly Line[])[] = [];
  for (const name of names) {
    if (name.startsWith(TOKEN_PREFIX)) runs.push(fromToken(name, options));
    else if (!existsSync(name)) runs.push(...(await fromSeedAndFile(name, options)));
    else if (statSync(name).isDirectory()) {
      refuseOverrides(name, "a folder of artifacts", options);
      for (const path of artifactsIn(name)) {
        try {
          runs.push(fromArtifact(path, options));
        } catch (error) {
          if (!(error instanceof Complaint)) throw error;
          broken.push(error.lines);
        }
      }
    } else if (/\.(ya?ml|ts|mts|js|mjs)$/i.test(name))
      throw complaint(
        `${name} is a scenario, not an artifact`,
        `lockstep run ${name}, or lockstep replay <seed>:${name}`,
      );
    else runs.push(fromArtifact(name, options));
  }
  return { runs, broken };
}

/** The one run that a name stands for; `latest` alone is the newest failure. */
export async function resolveRun(name: string, options: OverrideOptions = {}): Promise<NamedRun> {
  const { runs, broken } = await resolveRuns([name], options);
  const [first] = runs;
  if (first !== undefined && runs.length === 1) return first;
  if (runs.length > 1) {
    const some = runs.slice(0, 3).map((run) => run.artifact ?? tokenText(run));
    throw complaint(`${name} is ${runs.length} runs`, `name one of them, such as ${some.join(" or ")}`);
  }
  if (broken[0] !== undefined) throw new Complaint(broken[0]);
  throw complaint(`there is no artifact in ${name}`, "artifacts are *.run.json files", 4);
}

function tokenText(run: NamedRun): string {
  const variant = run.scenario.variant === null ? "" : `#${run.scenario.variant}`;
  return `${run.seed}:${run.file ?? run.scenario.name}${variant}`;
}

/** An artifact or token is a run as it was: flags that change the scenario would make another one of it. */
function refuseOverrides(name: string, what: string, options: OverrideOptions): void {
  const [flag] = overrideWords(options);
  if (flag === undefined) return;
  throw complaint(
    `${flag} changes the scenario, and ${name} is ${what}: it is run as it was`,
    `lockstep replay <seed>:<scenario> ${flag} …`,
  );
}

async function fromSeedAndFile(name: string, options: OverrideOptions): Promise<NamedRun[]> {
  const colon = name.indexOf(":");
  if (colon <= 0) {
    const hint = "an artifact is a *.run.json that a run wrote; a token is ls1_… or <seed>:<scenario file>";
    throw complaint(`there is no file ${name}`, probablyMeant(name) ?? hint);
  }
  const seed = parseSeed(name.slice(0, colon));
  if (typeof seed !== "string") {
    const hint = seed.hint === null ? null : `did you mean ${seed.hint}:${name.slice(colon + 1)}?`;
    throw complaint(`${name}: ${seed.message}`, hint);
  }
  const rest = name.slice(colon + 1);
  if (rest === "") throw complaint(`${name} names a seed and no file`, `${name}<scenario file>`);
  const hash = existsSync(rest) ? -1 : rest.lastIndexOf("#");
  const file = hash === -1 ? rest : rest.slice(0, hash);
  const variant = hash === -1 ? null : rest.slice(hash + 1);
  const asked = propertiesAsked(options.properties);
  const loaded = await loadScenarios([file], overridesOf(options));
  return loaded.flatMap((one) =>
    variantsOf(one.scenario, variant, file).map((scenario) => ({
      name,
      scenario: judgedBy(scenario, asked),
      seed,
      file: one.file,
      record: null,
      artifact: null,
    })),
  );
}

function variantsOf(scenario: Scenario, variant: string | null, file: string): readonly Scenario[] {
  const all = expandVariants(scenario);
  if (variant === null) return all;
  const found = all.filter((one) => one.variant === variant);
  if (found.length > 0) return found;
  const names = all.map((one) => one.variant ?? "").filter((one) => one !== "");
  if (names.length === 0) throw complaint(`${file} has no variants`);
  const near = nearest(variant, names);
  throw complaint(
    `${file} has no variant "${variant}"`,
    near === null ? `it has ${names.join(", ")}` : `did you mean "${near}"?`,
  );
}

function artifactsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.run\.json(\.gz)?$/.test(name) && !name.startsWith("."))
    .sort()
    .map((name) => join(folder, name));
}

function fromToken(token: string, options: OverrideOptions): NamedRun {
  const name = `${token.slice(0, 12)}…`;
  refuseOverrides(name, "a token", options);
  const read = readToken(token);
  if ("problem" in read) throw complaint(`${name}: ${read.problem}`);
  const { scenario, seed, engine, digest, events, stoppedAfter } = read;
  return {
    name,
    scenario,
    seed,
    file: null,
    record: { engine, digest, events, checkpoints: [], rest: null, stoppedAfter },
    artifact: null,
  };
}

function fromArtifact(given: string, options: OverrideOptions): NamedRun {
  refuseOverrides(given, "an artifact", options);
  const record: Artifact = loadArtifact(given);
  const path = lastingPath(given);
  const seed = parseSeed(String(record.result.seed));
  const restored =
    typeof seed === "string"
      ? restoreScenario(record.scenario, record.engine !== ENGINE_VERSION)
      : { problem: seed.message };
  if ("problem" in restored || typeof seed !== "string") {
    const other = record.engine === ENGINE_VERSION ? "" : ` (of engine ${record.engine}, this is ${ENGINE_VERSION})`;
    const problem = "problem" in restored ? restored.problem : "";
    throw complaint(`${given}: the scenario in this artifact${other} cannot be run`, problem);
  }
  return {
    name: path,
    scenario: restored.scenario,
    seed,
    file: typeof record.file === "string" ? record.file : null,
    record: recordOf(record),
    artifact: path,
  };
}
