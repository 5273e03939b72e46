// `lockstep shrink`: makes a failure small and writes it as a scenario that a person can read.

import { basename, dirname, join } from "node:path";
import { sizeOfFailing, sizeText } from "../explore/minimal.ts";
import type { Failing } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import { counted, grouped, shortTime, spentTime } from "../report/figures.ts";
import { fillText, labelSpan } from "../report/fill.ts";
import type { MinimalReport } from "../report/minimal-lines.ts";
import { shellWord } from "../report/reported-run.ts";
import type { Layout } from "../report/signs.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { brokenResult } from "../run/broken-result.ts";
import { expandScenario, type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import { parseDuration } from "../scenario/quantity.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { openPool, type Pool } from "../sweep/pool.ts";
import { keepOf, runShrinker, type Shrunk } from "../sweep/shrinker.ts";
import { makeFolder } from "./artifact-store.ts";
import { Complaint, complaint } from "./complaint.ts";
import { ExitCode, worseExit } from "./exit-code.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
import { type MinimalFile, minimalText, writeMinimal } from "./minimal-file.ts";
import type { OverrideOptions } from "./override.ts";
import { hideProgress, openProgress, type ProgressWish, showLine } from "./progress.ts";
import { resolveRuns } from "./resolve-run.ts";
import { jobsOf } from "./sweep-plan.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `shrink`. */
export interface ShrinkCommandOptions extends OverrideOptions {
  readonly budget?: string;
  readonly reseed?: string;
  readonly keep?: string;
  readonly jobs?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly progress?: ProgressWish;
}

/** Where small scenarios go that have no artifact to stand beside. */
const SHRUNK_FOLDER = ".lockstep/shrunk";

const BUDGET_DEFAULT_MILLIS = 60_000;
const RESEED_DEFAULT = 200;
const RESEED_SHORT = 40;

/** Makes failures small; returns the exit code. */
export async function shrinkCommand(
  names: readonly string[],
  options: ShrinkCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const millis = budgetOf(options.budget);
  const reseed = reseedOf(options.reseed);
  const keep = keepWord(options.keep);
  const jobs = jobsOf(options.jobs);
  const { runs: replays, broken } = await resolveRuns(names, options);
  for (const lines of broken) terminal.err(lines);
  if (replays.length === 0)
    throw complaint(
      `there is no artifact in ${names.join(", ")}`,
      "artifacts are *.run.json files",
      ExitCode.NothingRan,
    );
  const interrupts = listenForInterrupts();
  const stopped = (): boolean => interrupts.signal !== null;
  const pool = openPool(jobs);
  let exit: number = broken.length > 0 ? ExitCode.Usage : ExitCode.Held;
  let done = 0;
  const documents: object[] = [];
  try {
    for (const replay of replays) {
      if (stopped()) break;
      const from = await failingOf(replay.scenario, replay.seed, stopped);
      if (from === null) break;
      if (signatureOf(from.result) === null) {
        const hint = replay.record === null ? "it held with this seed" : "the run held: was the engine changed since?";
        terminal.err(complaint(`${replay.name}: there is nothing to shrink`, hint).lines);
        exit = ExitCode.Usage;
        continue;
      }
      const progress = openProgress(terminal, options.progress ?? "auto", 1, options.json !== true);
      const shrunk = await runShrinker(from, pool, {
        millis,
        reseed,
        keep,
        stopped,
        onBatch: (batch) => showLine(progress, terminal, () => shrinkingText(batch, millis, terminal.layout)),
      });
      hideProgress(progress);
      done++;
      const path = minimalPath(options.out, replay.artifact, from);
      let file: MinimalFile | null = null;
      try {
        file = writeMinimal(path, from, shrunk.best, keepOf(from, keep));
      } catch (error) {
        if (!(error instanceof Complaint)) throw error;
        terminal.err(error.lines);
        exit = worseExit(exit, error.exitCode);
      }
      if (options.json === true) documents.push(documentOf(from, shrunk, file, path));
      else terminal.out(shrunkLines(from, shrunk, file, path, stopped(), terminal));
    }
  } finally {
    await pool.close();
    interrupts.close();
  }
  if (options.json === true) terminal.write(`${JSON.stringify({ shrunk: documents }, null, 2)}\n`);
  if (interrupts.signal === null) return exit;
  const text = done === 0 ? "interrupted before anything was shrunk" : "interrupted; the best so far is written";
  terminal.err([[span("lockstep: ", "warn"), span(text)]]);
  return interruptExit(interrupts.signal);
}

/** What is said between batches: `2 faults, 3 operations, 3 members · 120 runs · at most 8s more`. */
export function shrinkingText(
  { runs, best, spentMicros }: { runs: number; best: Failing; spentMicros: number },
  millis: number,
  { signs }: Layout,
): string {
  const left = spentTime(Math.max(0, millis * 1000 - spentMicros));
  return [sizeText(sizeOfFailing(best)), counted(runs, "run"), `at most ${left} more`].join(` ${signs.point} `);
}

/** A failure that was found, and is to be made small in passing. */
export interface FoundFailure {
  readonly scenario: Scenario;
  readonly result: RunResult;
  /** Where its artifact is; null: nowhere. */
  readonly artifact: string | null;
}

/** How a failure is made small in passing. */
export interface PassingOptions {
  readonly pool: Pool;
  /** Where the small scenario goes if there is no artifact to put it beside; null: where such ones go. */
  readonly folder: string | null;
  readonly millis: number;
  readonly stopped: () => boolean;
  readonly onBatch?: (state: { runs: number; best: Failing; spentMicros: number }) => void;
  /** Told what went wrong; it ends nothing. */
  readonly trouble: (error: Complaint) => void;
}

/** Makes a failure small, in a short time. */
export async function shrinkFound(found: FoundFailure, options: PassingOptions): Promise<MinimalReport> {
  const { pool, millis, stopped, onBatch = () => {} } = options;
  const from: Failing = { scenario: found.scenario, seed: found.result.seed, result: found.result };
  const shrunk = await runShrinker(from, pool, { millis, reseed: RESEED_SHORT, keep: "signature", stopped, onBatch });
  const { best, runs, spentMicros, confirmed } = shrunk;
  const report = { from: sizeOfFailing(from), runs, spentMicros };
  if (!confirmed) return { ...report, best, path: null, why: "it did not fail again in the same way" };
  try {
    const path = minimalPath(options.folder ?? undefined, found.artifact, from);
    const { failing } = writeMinimal(path, from, best, keepOf(from, "signature"));
    return { ...report, best: failing, path, why: null };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    options.trouble(error);
    return { ...report, best, path: null, why: "it could not be written" };
  }
}

/** The run of a scenario with its random faults fixed; null where it was stopped. */
async function failingOf(given: Scenario, seed: string, stopped: () => boolean): Promise<Failing | null> {
  const scenario = expandScenario({ ...given, variants: [], study: null }, seed);
  const result = await runUnlessStopped(scenario, seed, stopped);
  return result === null ? null : { scenario, seed, result };
}

/** Events between two looks at whether to stop. */
const SLICE_EVENTS = 50_000;

/** One run, in this process; null where it was stopped before its end. */
async function runUnlessStopped(scenario: Scenario, seed: string, stopped: () => boolean): Promise<RunResult | null> {
  let run: ScenarioRun | null = null;
  try {
    run = startRun(scenario, seed);
    // Signals are heard of only between turns, and a short run has no slice but its first.
    do {
      await new Promise((resolve) => setImmediate(resolve));
      if (stopped()) return null;
    } while (!run.advance(SLICE_EVENTS));
    return run.result();
  } catch (error) {
    return brokenResult(scenario, seed, run, error);
  }
}

/** Where the small scenario goes: into the folder, beside the artifact, or where such ones go. */
function minimalPath(folder: string | undefined, artifact: string | null, { scenario, seed }: Failing): string {
  const variant = scenario.variant === null ? "" : `.${scenario.variant}`;
  const stem =
    artifact === null ? `${scenario.name}${variant}.${seed}` : basename(artifact).replace(/(\.run)?\.json(\.gz)?$/, "");
  const into = folder ?? (artifact === null ? SHRUNK_FOLDER : dirname(artifact));
  makeFolder(into);
  return join(into, `${stem}.min.yaml`);
}

/** `file`: null where it could not be written. */
function documentOf(from: Failing, shrunk: Shrunk, file: MinimalFile | null, path: string): object {
  const { property, text } = shrunk.best.result.violation ?? { property: "error", text: shrunk.best.result.note };
  return {
    file: file === null ? null : path,
    property,
    text,
    seed: shrunk.best.seed,
    digest: shrunk.best.result.digest,
    before: sizeOfFailing(from),
    after: sizeOfFailing(shrunk.best),
    runs: shrunk.runs,
    done: shrunk.done,
    confirmed: shrunk.confirmed,
    ...(file?.stays === true ? { stays: sizeOfFailing(file.failing) } : {}),
  };
}

function shrunkLines(
  from: Failing,
  shrunk: Shrunk,
  file: MinimalFile | null,
  path: string,
  interrupted: boolean,
  terminal: Terminal,
): Line[] {
  const { layout } = terminal;
  const { best } = shrunk;
  const lines: Line[] = [];
  const end = shrunk.done ? "" : `, best so far when ${interrupted ? "it was interrupted" : "the time was up"}`;
  const head = best.result.violation?.text ?? best.result.note;
  lines.push(...fillText([span(`${layout.signs.violated} `, "bad")], head, "strong", layout.width));
  const fact = (label: string, said: string): void => {
    lines.push(...fillText([labelSpan(label)], said, "plain", layout.width));
  };
  fact("was", `${sizeText(sizeOfFailing(from))}, ${shortTime(from.result.virtualMicros)}`);
  fact("is", `${sizeText(sizeOfFailing(best))}, ${shortTime(best.result.virtualMicros)}${end}`);
  fact("took", `${counted(shrunk.runs, "run")}, ${spentTime(shrunk.spentMicros)}`);
  if (!shrunk.confirmed) fact("but", "it did not fail again in the same way");
  lines.push(BLANK);
  // What could not be written is at least said.
  const text = file === null ? minimalText(from, best) : file.text;
  for (const line of text.trimEnd().split("\n")) lines.push([span(`    ${line}`)]);
  if (file === null) return lines;
  lines.push(BLANK);
  if (file.stays) fact("kept", `${path}, which is smaller: ${sizeText(sizeOfFailing(file.failing))}`);
  else lines.push([labelSpan("written"), span(path)]);
  lines.push([labelSpan("run"), span(`npx lockstep ${shellWord(path)}`, "command")]);
  return lines;
}

function budgetOf(text: string | undefined): number {
  if (text === undefined) return BUDGET_DEFAULT_MILLIS;
  const micros = parseDuration(text);
  if (typeof micros !== "number") throw complaint(`--budget: ${micros.message}`, micros.hint ?? "--budget 60s");
  if (micros <= 0) throw complaint("--budget: no time is too little", "--budget 60s");
  return micros / 1000;
}

function reseedOf(text: string | undefined): number {
  if (text === undefined) return RESEED_DEFAULT;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= 100_000))
    throw complaint(`--reseed takes a number of seeds from 1 to ${grouped(100_000)}, not "${text}"`);
  return value;
}

function keepWord(text: string | undefined): "property" | "signature" {
  if (text === undefined || text === "signature") return "signature";
  if (text === "property") return text;
  throw complaint(`--keep takes property or signature, not "${text}"`);
}
