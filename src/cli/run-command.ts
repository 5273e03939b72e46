// `lockstep run`: plans the runs of all scenarios that were named, makes them one after the other, shows each as it ends.

import { randomInt } from "node:crypto";
import { propertyOf } from "../kernel/property.ts";
import type { ReportedRun } from "../report/reported-run.ts";
import type { Line } from "../report/span.ts";
import { span } from "../report/span.ts";
import { createTally, judgeTally, needsGauge, tallyRun } from "../report/study-tally.ts";
import type { RunResult } from "../run/result.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import {
  parseSeed,
  parseSeedRange,
  printSeedRange,
  type SeedProblem,
  type SeedRange,
  seedsOf,
} from "../scenario/seed.ts";
import { type ArtifactStore, openStore, writeArtifact } from "./artifact-store.ts";
import { Complaint, complaint } from "./complaint.ts";
import { type Driven, drive, toldOf } from "./drive.ts";
import { ExitCode, exitOf, worseExit } from "./exit-code.ts";
import { type Interrupts, interruptExit, listenForInterrupts } from "./interrupts.ts";
import { type LoadedScenario, loadScenarios } from "./load-scenarios.ts";
import { type OverrideOptions, overridesOf, overrideWords } from "./override.ts";
import { type Format, openPresenter, type PlannedGroup, type Presenter } from "./present.ts";
import { hideProgress, openProgress, type Progress, type ProgressWish, showLine, showProgress } from "./progress.ts";
import { withReports } from "./report-files.ts";
import {
  breakLines,
  isStopped,
  judgedBy,
  propertiesAsked,
  type Stop,
  type StopOptions,
  sayNever,
  stopOf,
  stopWords,
} from "./stop-options.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `run`. */
export interface RunOptions extends OverrideOptions, StopOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly json?: boolean;
  readonly format?: Format;
  readonly out?: string;
  readonly progress?: ProgressWish;
  readonly soft?: boolean;
  readonly report?: string;
  /** False: failures stay as they were found. */
  readonly shrink?: boolean;
  /** Tokens are shown, however long they are. */
  readonly token?: boolean;
}

/** Kinds of failures that are made small by themselves, and the time for each. */
const SHRINKS_MAX = 3;
const SHRINK_MILLIS = 10_000;

/** Runs of one file that follow each other. */
interface PlannedFile {
  readonly loaded: LoadedScenario;
  readonly variants: readonly Scenario[];
  readonly seeds: SeedRange;
}

/** Makes the runs; returns the exit code. */
export async function runCommand(names: readonly string[], options: RunOptions, terminal: Terminal): Promise<number> {
  const seeds = seedsAsked(options);
  const overrides = overridesOf(options);
  const words = [...overrideWords(options), ...stopWords(options)];
  const stop = stopOf(options);
  const asked = propertiesAsked(options.properties);
  const read = await loadScenarios(names, overrides);
  const loaded = read.map((one) => ({ ...one, scenario: judgedBy(one.scenario, asked) }));
  const plan = loaded.map((one) => plannedFile(one, seeds));
  const store = openStore(options.out);
  const format = formatOf(options);
  const groups: PlannedGroup[] = plan.flatMap(({ variants, seeds: range }) =>
    variants.map((variant) => ({ name: groupName(variant), seeds: printSeedRange(range), runs: range.count })),
  );
  const count = groups.reduce((sum, group) => sum + group.runs, 0);
  const presenter = withReports(options.report, terminal, () => openPresenter(format, groups, terminal));
  const progress = openProgress(terminal, options.progress ?? "auto", count, format !== "silent");
  const interrupts = listenForInterrupts();
  const session: Session = {
    terminal,
    store,
    presenter,
    progress,
    interrupts,
    words,
    stop,
    shrinks: options.shrink !== false && stop === null,
    shrunk: new Set(),
    tokenInFull: wantsToken(options, terminal),
    cameTrue: 0,
    exit: ExitCode.Held,
  };
  try {
    for (const file of plan) {
      if (interrupts.signal !== null) break;
      await runFile(file, session);
    }
  } finally {
    hideProgress(progress);
    interrupts.close();
  }
  presenter.end();
  if (interrupts.signal !== null) {
    const whole = count === 1 ? "" : `${progress.done - 1} of ${count} runs are whole, `;
    const text = `interrupted: ${whole}what ran is written`;
    terminal.err([[span("lockstep: ", "warn"), span(text)]]);
    return interruptExit(interrupts.signal);
  }
  sayNever(stop, session.cameTrue, progress.done, terminal);
  return options.soft === true && session.exit === ExitCode.Violated ? ExitCode.Held : session.exit;
}

/** What the runs of a command have in common. */
interface Session {
  readonly terminal: Terminal;
  readonly store: ArtifactStore;
  readonly presenter: Presenter;
  readonly progress: Progress;
  readonly interrupts: Interrupts;
  readonly words: readonly string[];
  readonly stop: Stop | null;
  readonly shrinks: boolean;
  /** Signatures of the failures that were made small. */
  readonly shrunk: Set<string>;
  readonly tokenInFull: boolean;
  /** Runs in which the predicate came true that they were to stop at. */
  cameTrue: number;
  exit: number;
}

async function runFile(file: PlannedFile, session: Session): Promise<void> {
  const { study } = file.loaded.scenario;
  const tally = study === null ? null : createTally(study, file.variants);
  let made = 0;
  for (const variant of file.variants) {
    for (let offset = 0; offset < file.seeds.count; offset++) {
      if (session.interrupts.signal !== null) return;
      const [seed] = seedsOf(file.seeds, offset, 1) as [string];
      const result = await runOne(file.loaded.file, variant, seed, session, tally !== null && needsGauge(tally));
      made++;
      if (tally !== null) tallyRun(tally, result);
    }
  }
  if (tally === null || session.interrupts.signal !== null) return;
  const expectations = judgeTally(tally);
  const held = expectations.every((expectation) => expectation.held);
  if (!held) session.exit = worseExit(session.exit, ExitCode.Violated);
  hideProgress(session.progress);
  // A study is judged as a whole: one that failed is a failure of its own beside its runs.
  if (!held) session.presenter.totals.failed++;
  session.presenter.study({
    document: { scenario: file.loaded.scenario.name, file: file.loaded.file, held, expectations },
    title: file.loaded.scenario.title,
    seeds: printSeedRange(file.seeds),
    runs: made,
  });
}

async function runOne(
  file: string,
  scenario: Scenario,
  seed: string,
  session: Session,
  gauge: boolean,
): Promise<RunResult> {
  const { progress, terminal, interrupts } = session;
  progress.name = groupName(scenario);
  const driven = await drive(scenario, seed, {
    interrupts,
    gauge,
    onSlice: (state) => showProgress(progress, terminal, state),
    ...(session.stop === null ? {} : { until: session.stop.predicate }),
  });
  const { result } = driven;
  progress.done++;
  progress.virtualDone += result.virtualMicros;
  if (result.verdict !== "held") progress.failed++;
  hideProgress(progress);
  const artifact = keepArtifact(session, driven.scenario, result, file);
  const inFull = session.presenter.showsInFull(result.verdict === "held");
  const run: ReportedRun = {
    scenario: driven.scenario,
    result,
    file,
    artifact,
    wallMicros: driven.wallMicros,
    overrides: session.words,
    ...(await toldOf(driven, { inFull, tokenInFull: session.tokenInFull })),
    ...(inFull ? await minimalOf(driven, artifact, session) : {}),
  };
  if (isStopped(result)) session.cameTrue++;
  session.presenter.run(run, undefined, breakLines(session.stop, driven.scenario, result, terminal));
  session.exit = worseExit(session.exit, exitOf(result.verdict));
  return result;
}

/** The first failure of its kind made small. An expectation that failed is not: the smallest run has nothing to expect. */
async function minimalOf(
  { scenario, result }: Driven,
  artifact: string | null,
  session: Session,
): Promise<Pick<ReportedRun, "minimal">> {
  const { progress, terminal, interrupts, store } = session;
  if (!session.shrinks || interrupts.signal !== null || result.verdict !== "violated") return {};
  if (result.violation === null || propertyOf(result.violation.property) === undefined) return {};
  const [{ signatureOf }, { openPool }, { shrinkFound, shrinkingText }, { jobsOf }] = await Promise.all([
    import("../explore/signature.ts"),
    import("../sweep/pool.ts"),
    import("./shrink-command.ts"),
    import("./sweep-plan.ts"),
  ]);
  const signature = signatureOf(result) as string;
  if (session.shrunk.has(signature) || session.shrunk.size >= SHRINKS_MAX) return {};
  session.shrunk.add(signature);
  const stopped = (): boolean => interrupts.signal !== null;
  const pool = openPool(jobsOf(undefined));
  try {
    const minimal = await shrinkFound(
      { scenario, result, artifact },
      {
        pool,
        folder: store.folder,
        millis: SHRINK_MILLIS,
        stopped,
        onBatch: (state) => showLine(progress, terminal, () => shrinkingText(state, SHRINK_MILLIS, terminal.layout)),
        trouble: (error) => {
          terminal.err(error.lines as Line[]);
          session.exit = worseExit(session.exit, error.exitCode);
        },
      },
    );
    return { minimal };
  } finally {
    hideProgress(progress);
    await pool.close();
  }
}

/** Writes the artifact where there is to be one. A disk that refuses does not take the report with it. */
function keepArtifact(session: Session, scenario: Scenario, result: RunResult, file: string): string | null {
  if (result.verdict === "held" && !session.store.keepsAll) return null;
  try {
    return writeArtifact(session.store, scenario, result, file);
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    session.terminal.err(error.lines as Line[]);
    session.exit = worseExit(session.exit, error.exitCode);
    return null;
  }
}

/** The form of the output: `--json` is short for `--format json`. */
export function formatOf(options: { readonly json?: boolean; readonly format?: Format }): Format {
  if (options.json === true && options.format !== undefined && options.format !== "json" && options.format !== "ndjson")
    throw complaint(`--json and --format ${options.format} exclude each other`);
  return options.format ?? (options.json === true ? "json" : "pretty");
}

/** Whether tokens are shown however long they are: asked for by name, or with everything else. */
export function wantsToken(options: { readonly token?: boolean }, terminal: Terminal): boolean {
  return options.token === true || terminal.verbosity >= 2;
}

function groupName(scenario: Scenario): string {
  return scenario.variant === null ? scenario.name : `${scenario.name}/${scenario.variant}`;
}

function seedComplaint(option: string, problem: SeedProblem): Complaint {
  const hint =
    problem.hint === null || problem.hint.includes(" ") ? problem.hint : `did you mean ${option} ${problem.hint}?`;
  return complaint(`${option}: ${problem.message}`, hint);
}

/** The seeds that the options name; null where each scenario has its own. */
function seedsAsked(options: RunOptions): SeedRange | null {
  if (options.seed !== undefined && options.seeds !== undefined)
    throw complaint("--seed and --seeds exclude each other", "--seeds 7 is the same as --seed 7");
  if (options.seeds !== undefined) {
    const range = parseSeedRange(options.seeds);
    if ("message" in range) throw seedComplaint("--seeds", range);
    return range;
  }
  if (options.seed === undefined) return null;
  const seed = parseSeed(options.seed);
  if (typeof seed !== "string") throw seedComplaint("--seed", seed);
  return { first: seed, last: seed, count: 1 };
}

function plannedFile(loaded: LoadedScenario, asked: SeedRange | null): PlannedFile {
  const { scenario } = loaded;
  const variants = expandVariants(scenario);
  if (scenario.study !== null) {
    const range = parseSeedRange(`${scenario.study.firstSeed}..${scenario.study.lastSeed}`);
    if (!("message" in range)) return { loaded, variants, seeds: range };
  }
  if (asked !== null && !(scenario.ownSeed && asked.count > 1)) return { loaded, variants, seeds: asked };
  // Without a seed one is drawn here, outside of everything that is simulated, and printed.
  const own = scenario.seed ?? String(randomInt(1, 2 ** 32));
  return { loaded, variants, seeds: { first: own, last: own, count: 1 } };
}
