// `lockstep sweep`: many seeds of scenarios, on all cores, with what was drawn for each; failures in groups that look alike, one
// artifact each; goes on where it was interrupted.

import { basename, join } from "node:path";
import { sizeOfFailing, sizeText } from "../explore/minimal.ts";
import { lasting } from "../explore/swarm.ts";
import { counted, grouped } from "../report/figures.ts";
import type { ReportedRun } from "../report/reported-run.ts";
import { span } from "../report/span.ts";
import { type FailureGroup, SEEDS_NAMED_MAX, sweepProgress } from "../report/sweep-lines.ts";
import { countVerdict, createTotals } from "../report/totals.ts";
import { executeScenario } from "../run/execute.ts";
import { parseDuration } from "../scenario/quantity.ts";
import {
  appendRuns,
  beginLedger,
  closeLedger,
  continueLedger,
  hasLedger,
  identityOf,
  type Ledger,
  LedgerTrouble,
  pathIn,
} from "../sweep/ledger.ts";
import { FolderTaken, LOCK_FILE, lockFolder } from "../sweep/lock.ts";
import { openPool } from "../sweep/pool.ts";
import { searchSweep } from "../sweep/search-sweep.ts";
import { countRuns, type SweepPlan, sweep } from "../sweep/sweep.ts";
import type { Swept, SweptDocument } from "../sweep/task.ts";
import { type ArtifactStore, loadArtifact, openStore, writeArtifact } from "./artifact-store.ts";
import { Complaint, complaint, systemReason } from "./complaint.ts";
import { ExitCode, exitOf, worseExit } from "./exit-code.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
import { loadScenarios } from "./load-scenarios.ts";
import { type OverrideOptions, overridesOf } from "./override.ts";
import { hideProgress, openProgress, type ProgressWish, showLine } from "./progress.ts";
import { shrinkFound } from "./shrink-command.ts";
import { jobsOf, planOf, type SeedOptions, strategyOf } from "./sweep-plan.ts";
import { openSweepPresenter, type SweepFormat } from "./sweep-present.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `sweep`. */
export interface SweepOptions extends SeedOptions, OverrideOptions {
  readonly maxFailures?: string;
  readonly resume?: boolean;
  readonly shrink?: boolean;
  readonly json?: boolean;
  readonly format?: SweepFormat;
  readonly out?: string;
  readonly progress?: ProgressWish;
  readonly soft?: boolean;
}

/** Where sweeps keep their ledgers and artifacts when nothing is said. */
const SWEEPS_FOLDER = ".lockstep/sweeps";

/** Kinds of failures that are made small by themselves, and the time for each. */
const SHRINKS_MAX = 3;
const SHRINK_MILLIS = 10_000;

/** Makes the runs; returns the exit code. */
export async function sweepCommand(
  names: readonly string[],
  options: SweepOptions,
  terminal: Terminal,
): Promise<number> {
  const strategy = strategyOf(options.strategy);
  const jobs = jobsOf(options.jobs);
  const maxFailures = failuresOf(options.maxFailures);
  // Whatever draws a story of its own may take any time for it; only the story as it stands must fit into its own.
  const asItStands = strategy.id === "random";
  const durationMicros = asItStands ? null : durationOf(options.duration);
  const loaded = await loadScenarios(names, overridesOf(asItStands ? options : withoutDuration(options)));
  const given = planOf(loaded, strategy, options, (options.mutate ?? []).length > 0);
  const { leftOut, micros } = given;
  const plan: SweepPlan =
    durationMicros === null
      ? given.plan
      : { ...given.plan, bases: given.plan.bases.map((base) => lasting(base, durationMicros)) };
  const planned = countRuns(plan);
  if (planned === 0)
    throw complaint(
      plan.bases.length === 0 ? "every scenario here is broken on purpose" : "no run falls to this shard",
      plan.bases.length === 0 ? "--mutate names the bug to plant, and sweeps them all the same" : null,
      ExitCode.NothingRan,
    );
  const format = options.format ?? (options.json === true ? "json" : "pretty");
  const folder = options.out ?? join(SWEEPS_FOLDER, identityOf(plan));
  const store: ArtifactStore = { ...openStore(folder), keepsAll: false };
  takeFolder(folder);
  const resumes = options.resume === true && isContinued(folder, plan);
  const presenter = openSweepPresenter(format, terminal);
  const progress = openProgress(terminal, options.progress ?? "auto", planned, format !== "silent");
  const interrupts = listenForInterrupts();
  const totals = createTotals();
  const groups = new Map<string, FailureGroup>();
  const firsts = new Map<string, Swept>();
  const coverage = new Map<string, number>();
  const figures = { runs: 0, virtualMicros: 0, wallMicros: 0, earlier: 0, events: 0, coverage };
  let exit: number = ExitCode.Held;
  let ledger: Ledger | null = null;

  const trouble = (error: Complaint): void => {
    hideProgress(progress);
    terminal.err(error.lines);
    exit = worseExit(exit, error.exitCode);
  };
  const take = (document: SweptDocument): FailureGroup | null => {
    countVerdict(totals, document.verdict);
    exit = worseExit(exit, exitOf(document.verdict));
    figures.runs++;
    figures.virtualMicros += document.virtualMicros;
    figures.events += document.events;
    for (const [name, count] of Object.entries(document.coverage))
      coverage.set(name, (coverage.get(name) ?? 0) + count);
    presenter.run(document);
    const { signature } = document;
    if (signature === undefined) return null;
    let group = groups.get(signature);
    if (group === undefined) {
      group = {
        signature,
        runs: 0,
        seeds: [],
        artifact: document.artifact ?? null,
        minimal: null,
        size: null,
        unshrunk: null,
      };
      groups.set(signature, group);
    }
    group.runs++;
    const { scenario, variant, seed } = document;
    const from = variant === undefined ? scenario : `${scenario}#${variant}`;
    const named = plan.bases.length === 1 ? seed : `${seed} of ${from}`;
    if (group.seeds.length < SEEDS_NAMED_MAX) group.seeds.push(named);
    return group;
  };
  const enough = (): boolean => totals.failed + totals.undecided >= maxFailures;

  presenter.begin([
    `${strategy.id}: ${strategy.about}`,
    ...(asItStands ? [] : ["the file's cluster, load and faults change; as it stands: --strategy random"]),
    `${planned === Number.POSITIVE_INFINITY ? `${counted(micros === null ? 0 : micros / 1e6, "second")}` : counted(planned, "run")} on ${counted(jobs, "thread")}, results in ${folder}`,
    ...(leftOut === 0 ? [] : [`${counted(leftOut, "scenario")} broken on purpose left out`]),
  ]);
  const spent = (): number => Number((process.hrtime.bigint() - progress.beganAt) / 1000n);
  const stopped = (): boolean => interrupts.signal !== null || (micros !== null && spent() >= micros);
  const pool = openPool(jobs);
  let known = 0;
  try {
    try {
      if (resumes) {
        ledger = continueLedger(folder, plan, (document) => {
          known++;
          // Two runs of a search may have one seed.
          if (document.artifact !== undefined) store.taken.add(basename(document.artifact));
          take(document);
        });
        if (known > 0) terminal.err([[span(`goes on after ${counted(known, "run")} in ${pathIn(folder)}`, "dim")]]);
      } else {
        if (options.resume === true)
          terminal.err([[span(`there is no ledger in ${folder}: the sweep begins at its first run`, "warn")]]);
        ledger = beginLedger(folder, plan);
      }
    } catch (error) {
      trouble(complaint(`cannot keep a ledger in ${folder}: ${systemReason(error)}`, "the sweep cannot be resumed"));
    }
    const before = figures.virtualMicros;
    const look = (): void => {
      const left = micros === null ? null : micros - spent();
      const virtual = figures.virtualMicros - before;
      showLine(progress, terminal, (took) =>
        sweepProgress(
          figures.runs - known,
          planned === Number.POSITIVE_INFINITY ? planned : planned - known,
          virtual,
          took,
          left,
          totals.failed,
          terminal.layout,
        ),
      );
    };
    const timer = setInterval(look, 250);
    const onSwept = (swept: Swept): boolean => {
      const first = swept.document.signature !== undefined && !groups.has(swept.document.signature);
      const artifact = first && swept.failure !== null ? keep(store, swept.failure, trouble) : null;
      const document = artifact === null ? swept.document : { ...swept.document, artifact };
      const group = take(document);
      if (group !== null && first && swept.failure !== null) {
        firsts.set(group.signature, swept);
        group.artifact = artifact;
        hideProgress(progress);
        presenter.failure(reportedOf(swept, artifact), group.signature, document.drawn ?? []);
      }
      if (ledger !== null) {
        try {
          appendRuns(ledger, [document]);
        } catch (error) {
          trouble(
            complaint(`cannot write the ledger: ${systemReason(error)}`, "the sweep goes on, and cannot be resumed"),
          );
          closeLedger(ledger);
          ledger = null;
        }
      }
      look();
      return enough();
    };
    try {
      if (!enough()) {
        if (strategy.learns) await searchSweep(plan, pool, known, onSwept, stopped);
        else await sweep(plan, pool, known, onSwept, stopped);
      }
    } finally {
      clearInterval(timer);
    }
    figures.wallMicros = spent();
    figures.earlier = known;
    let shrunk = 0;
    for (const group of groups.values()) {
      const failure = firsts.get(group.signature)?.failure ?? keptFailure(group.artifact);
      group.unshrunk = whyUnshrunk(failure, options.shrink !== false, interrupts.signal !== null, shrunk);
      if (group.unshrunk !== null || failure === null) continue;
      shrunk++;
      const { from, best, runs, path, why } = await shrinkFound(
        { ...failure, artifact: group.artifact },
        { pool, folder, millis: SHRINK_MILLIS, stopped: () => interrupts.signal !== null, trouble },
      );
      group.minimal = path;
      group.unshrunk = why;
      group.size = `${sizeText(sizeOfFailing(best))}; it was ${sizeText(from)} (${counted(runs, "run")} to shrink)`;
    }
  } finally {
    hideProgress(progress);
    if (ledger !== null) closeLedger(ledger);
    await pool.close();
    interrupts.close();
  }
  presenter.end({ strategy: strategy.id, totals, groups: [...groups.values()], figures });
  if (interrupts.signal !== null) {
    const text = `interrupted after ${grouped(figures.runs)} runs; the same command with --resume goes on`;
    terminal.err([[span("lockstep: ", "warn"), span(text)]]);
    return interruptExit(interrupts.signal);
  }
  if (figures.runs === 0) {
    if (micros !== null)
      terminal.err([[span("lockstep: ", "warn"), span("the time was up before the first run ended")]]);
    return worseExit(exit, ExitCode.NothingRan);
  }
  return options.soft === true && exit === ExitCode.Violated ? ExitCode.Held : exit;
}

/** Throws a complaint where another sweep is at work in the folder, or nobody can tell. */
function takeFolder(folder: string): void {
  try {
    lockFolder(folder);
  } catch (error) {
    const path = join(folder, LOCK_FILE);
    if (error instanceof FolderTaken)
      throw complaint(
        `another sweep (${error.message}) writes into ${folder}`,
        `-o names another folder; where there is no such sweep, remove ${path}`,
      );
    throw complaint(`cannot tell whether another sweep writes into ${folder}: ${systemReason(error)}`, `see ${path}`);
  }
}

/** Whether there is a ledger to go on with. Throws a complaint where it is of another sweep, or damaged. */
function isContinued(folder: string, plan: SweepPlan): boolean {
  try {
    return hasLedger(folder, plan);
  } catch (error) {
    if (error instanceof LedgerTrouble) throw complaint(error.message, "without --resume the sweep begins anew");
    throw complaint(
      `cannot read the ledger in ${folder}: ${systemReason(error)}`,
      "without --resume the sweep begins anew",
    );
  }
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const micros = parseDuration(text);
  if (typeof micros !== "number") throw complaint(`--duration: ${micros.message}`, micros.hint ?? "--duration 60s");
  if (micros <= 0) throw complaint("--duration: a run of no time shows nothing", "--duration 60s");
  return micros;
}

function withoutDuration({ duration: _duration, ...rest }: SweepOptions): SweepOptions {
  return rest;
}

function failuresOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1)) throw complaint(`--max-failures takes a whole number from 1 on, not "${text}"`);
  return value;
}

/** Why the first failure of a kind is left as it was found; null: it is made small. */
function whyUnshrunk(failure: Swept["failure"], asked: boolean, interrupted: boolean, shrunk: number): string | null {
  if (!asked) return "--no-shrink";
  if (failure === null) return "it was found before the sweep was resumed, and its artifact cannot be read";
  if (failure.result.violation === null) return "no property was violated";
  if (interrupted) return "the sweep was interrupted";
  return shrunk < SHRINKS_MAX ? null : `only ${SHRINKS_MAX} kinds of failures are made small by themselves`;
}

/** A failure that was found before the sweep was resumed, from its artifact; null where that is gone, or does not fail any more. */
function keptFailure(artifact: string | null): Swept["failure"] {
  if (artifact === null) return null;
  try {
    const { scenario, result: record } = loadArtifact(artifact);
    const result = executeScenario(scenario, record.seed);
    return result.verdict === "held" ? null : { scenario, result };
  } catch {
    return null;
  }
}

/** A run that failed, as reports take it: it is run again from its artifact, which has what was drawn. */
export function reportedOf(swept: Swept, artifact: string | null): ReportedRun {
  const failure = swept.failure as NonNullable<Swept["failure"]>;
  const { scenario, result } = failure;
  return { scenario, result, file: null, artifact, wallMicros: swept.wallMicros, overrides: null };
}

/** Writes an artifact; a disk that refuses is said, and does not end the sweep. */
function keep(
  store: ArtifactStore,
  { scenario, result }: NonNullable<Swept["failure"]>,
  trouble: (error: Complaint) => void,
): string | null {
  try {
    return writeArtifact(store, scenario, result, null);
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    trouble(error);
    return null;
  }
}
