// `lockstep replay`: makes recorded runs again and compares digests; or runs `seed:scenario`.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { replayLines } from "../report/replay-lines.ts";
import type { ReplayDocument } from "../report/run-document.ts";
import { type Artifact, compareWithRecord } from "../run/artifact.ts";
import { unsupported } from "../run/execute.ts";
import { fileOfScenario } from "../scenario/format.ts";
import { nearest } from "../scenario/nearest.ts";
import { parseScenarioValue } from "../scenario/parse.ts";
import { formatProblem } from "../scenario/problem.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import { parseSeed } from "../scenario/seed.ts";
import { loadArtifact, openStore, writeArtifact } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import { drive } from "./drive.ts";
import { ExitCode, worseExit } from "./exit-code.ts";
import { probablyMeant } from "./find-files.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
import { loadScenarios } from "./load-scenarios.ts";
import { overridesOf, overrideWords } from "./override.ts";
import { openPresenter } from "./present.ts";
import { hideProgress, openProgress, showProgress } from "./progress.ts";
import { exitOf, formatOf, type RunOptions } from "./run-command.ts";
import type { Terminal } from "./terminal.ts";

interface Replayed {
  readonly scenario: Scenario;
  readonly seed: string;
  /** Where the scenario came from; for artifacts the file named in them does not matter. */
  readonly file: string | null;
  readonly artifact: { readonly path: string; readonly record: Artifact } | null;
}

/** Runs again; returns the exit code. */
export async function replayCommand(
  names: readonly string[],
  options: RunOptions,
  terminal: Terminal,
): Promise<number> {
  const replays: Replayed[] = [];
  for (const name of names) replays.push(...(await resolveName(name, options)));
  if (replays.length === 0)
    throw complaint(
      `there is no artifact in ${names.join(", ")}`,
      "artifacts are *.run.json files",
      ExitCode.NothingRan,
    );
  const store = openStore(options.out);
  const format = formatOf(options);
  const groups = replays.map(({ scenario, seed }) => ({
    name: scenario.variant === null ? scenario.name : `${scenario.name}/${scenario.variant}`,
    seeds: seed,
    runs: 1,
  }));
  const presenter = openPresenter(format, groups, terminal);
  const progress = openProgress(terminal, options.progress ?? "auto", replays.length, format !== "silent");
  const interrupts = listenForInterrupts();
  let exit: number = ExitCode.Held;
  try {
    for (const replay of replays) {
      const record = replay.artifact?.record ?? null;
      progress.name = replay.scenario.name;
      const driven = await drive(replay.scenario, replay.seed, {
        interrupts,
        onSlice: (state) => showProgress(progress, terminal, state),
        ...(record?.result.interrupted === true ? { stopAfterEvents: record.result.events } : {}),
      });
      const { result } = driven;
      progress.done++;
      hideProgress(progress);
      const written =
        store.keepsAll || (record === null && result.verdict !== "held")
          ? writeArtifact(store, driven.scenario, result, replay.file)
          : (replay.artifact?.path ?? null);
      const run = {
        scenario: driven.scenario,
        result,
        file: replay.file,
        artifact: written,
        wallMicros: driven.wallMicros,
        overrides: record === null ? overrideWords(options) : null,
      };
      exit = worseExit(exit, exitOf(result.verdict));
      if (record === null || interrupts.signal !== null) presenter.run(run);
      else {
        const comparison = compareWithRecord(record, result);
        const document: ReplayDocument = {
          same: comparison.same,
          recordedDigest: record.result.digest,
          recordedEngine: comparison.recordedEngine,
          agreesUntil: comparison.agreesUntil,
        };
        if (!comparison.same) exit = worseExit(exit, ExitCode.DigestDiffers);
        presenter.run(run, document, replayLines(record, result, comparison, terminal.layout));
      }
      if (interrupts.signal !== null) break;
    }
  } finally {
    hideProgress(progress);
    interrupts.close();
  }
  presenter.end();
  return interrupts.signal === null ? exit : interruptExit(interrupts.signal);
}

/** What a name stands for: a file, a folder of artifacts, or `seed:scenario#variant`. */
async function resolveName(name: string, options: RunOptions): Promise<Replayed[]> {
  if (existsSync(name)) {
    if (statSync(name).isDirectory()) return artifactsIn(name).map(recorded);
    if (/\.ya?ml$/i.test(name))
      throw complaint(
        `${name} is a scenario, not an artifact`,
        `lockstep run ${name}, or lockstep replay <seed>:${name}`,
      );
    return [recorded(name)];
  }
  const colon = name.indexOf(":");
  if (colon <= 0) {
    const hint = "an artifact is a *.run.json that a run wrote; a token is <seed>:<scenario file>";
    throw complaint(`there is no file ${name}`, probablyMeant(name) ?? hint);
  }
  const seed = parseSeed(name.slice(0, colon));
  if (typeof seed !== "string") {
    const hint = seed.hint === null ? null : `did you mean ${seed.hint}:${name.slice(colon + 1)}?`;
    throw complaint(`${name}: ${seed.message}`, hint);
  }
  const rest = name.slice(colon + 1);
  const hash = existsSync(rest) ? -1 : rest.lastIndexOf("#");
  const file = hash === -1 ? rest : rest.slice(0, hash);
  const variant = hash === -1 ? null : rest.slice(hash + 1);
  const loaded = await loadScenarios([file], overridesOf(options));
  return loaded.flatMap((one) =>
    variantsOf(one.scenario, variant, file).map((scenario) => ({ scenario, seed, file: one.file, artifact: null })),
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

/** A recorded run. What was changed by hand in it is judged like a file, before anything runs. */
function recorded(path: string): Replayed {
  const record = loadArtifact(path);
  const problem = problemOf(record, path);
  if (problem !== null) {
    const other = record.engine === ENGINE_VERSION ? "" : ` (of engine ${record.engine}, this is ${ENGINE_VERSION})`;
    throw complaint(`${path}: the scenario in this artifact${other} cannot be run`, problem);
  }
  return { scenario: record.scenario, seed: record.result.seed, file: record.file, artifact: { path, record } };
}

function problemOf(record: Artifact, path: string): string | null {
  const seed = parseSeed(String(record.result.seed));
  if (typeof seed !== "string") return seed.message;
  try {
    const { problems } = parseScenarioValue(fileOfScenario(record.scenario));
    const [first] = problems;
    if (first !== undefined) return formatProblem(first, path, "");
    return unsupported(record.scenario)[0] ?? null;
  } catch {
    return "parts of it are missing or of the wrong kind";
  }
}
