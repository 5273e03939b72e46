// `lockstep shrink`: makes a failure small and writes it as a scenario that a person can read.

import { basename, join } from "node:path";
import { minimalScenario, sizeOfFailing, sizeText } from "../explore/minimal.ts";
import type { Failing } from "../explore/shrink.ts";
import { signatureOf } from "../explore/signature.ts";
import { counted, grouped, shortTime, spentTime } from "../report/figures.ts";
import { fillText, labelSpan } from "../report/fill.ts";
import type { MinimalReport } from "../report/minimal-lines.ts";
import { shellWord } from "../report/reported-run.ts";
import type { Layout } from "../report/signs.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { brokenResult } from "../run/broken-result.ts";
import { executeScenario, expandScenario } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import { formatScenario } from "../scenario/format.ts";
import { parseDuration } from "../scenario/quantity.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { openPool, type Pool } from "../sweep/pool.ts";
import { runShrinker, type Shrunk } from "../sweep/shrinker.ts";
import { makeFolder, writeWhole } from "./artifact-store.ts";
import { Complaint, complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
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
  const pool = openPool(jobs, stopped);
  let exit: number = broken.length > 0 ? ExitCode.Usage : ExitCode.Held;
  const documents: object[] = [];
  try {
    for (const replay of replays) {
      if (stopped()) break;
      const from = failingOf(replay.scenario, replay.seed);
      if (signatureOf(from.result) === null) {
        const hint = replay.record === null ? "it held with this seed" : "the run held: was the engine changed since?";
        throw complaint(`${names.join(", ")}: there is nothing to shrink`, hint);
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
      const path = minimalPath(options.out, replay.artifact, from);
      const written = writeMinimal(path, from, shrunk);
      if (options.json === true) documents.push(documentOf(from, shrunk, path));
      else terminal.out(shrunkLines(from, shrunk, written, path, terminal));
    }
  } finally {
    await pool.close();
    interrupts.close();
  }
  if (options.json === true) terminal.write(`${JSON.stringify({ shrunk: documents }, null, 2)}\n`);
  if (interrupts.signal !== null) exit = interruptExit(interrupts.signal);
  return exit;
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
  /** Where the small scenario goes if there is no artifact to put it beside. */
  readonly folder: string;
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
  const written =
    found.artifact === null
      ? join(options.folder, minimalName(null, from))
      : minimalPath(undefined, found.artifact, from);
  let path: string | null = null;
  try {
    writeMinimal(written, from, shrunk);
    path = written;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    options.trouble(error);
  }
  return { from: sizeOfFailing(from), best: shrunk.best, runs: shrunk.runs, spentMicros: shrunk.spentMicros, path };
}

/** The run of a scenario with its random faults fixed. */
export function failingOf(given: Scenario, seed: string): Failing {
  const scenario = expandScenario({ ...given, variants: [], study: null }, seed);
  try {
    return { scenario, seed, result: executeScenario(scenario, seed) };
  } catch (error) {
    return { scenario, seed, result: brokenResult(scenario, seed, null, error) };
  }
}

function minimalName(artifact: string | null, from: Failing): string {
  if (artifact === null) return `${from.scenario.name}.${from.seed}.min.yaml`;
  return basename(artifact).replace(/(\.run)?\.json(\.gz)?$/, ".min.yaml");
}

function minimalPath(out: string | undefined, artifact: string | null, from: Failing): string {
  const name = minimalName(artifact, from);
  if (out !== undefined) {
    makeFolder(out);
    return join(out, name);
  }
  return artifact === null ? name : join(artifact, "..", name);
}

/** Writes the file; returns its text. Throws a complaint where the disk refuses. */
function writeMinimal(path: string, from: Failing, shrunk: Shrunk): string {
  const text = minimalText(from, shrunk);
  writeWhole(path, text);
  return text;
}

/** The text of the scenario that was found. */
export function minimalText(from: Failing, shrunk: Shrunk): string {
  return formatScenario(minimalScenario(shrunk.best, { name: from.scenario.name, size: sizeOfFailing(from) }));
}

function documentOf(from: Failing, shrunk: Shrunk, path: string): object {
  const { property, text } = shrunk.best.result.violation ?? { property: "error", text: shrunk.best.result.note };
  return {
    file: path,
    property,
    text,
    seed: shrunk.best.seed,
    digest: shrunk.best.result.digest,
    before: sizeOfFailing(from),
    after: sizeOfFailing(shrunk.best),
    runs: shrunk.runs,
    done: shrunk.done,
    confirmed: shrunk.confirmed,
  };
}

function shrunkLines(from: Failing, shrunk: Shrunk, text: string, path: string, terminal: Terminal): Line[] {
  const { layout } = terminal;
  const { best } = shrunk;
  const lines: Line[] = [];
  const end = shrunk.done ? "" : ", best so far when the time was up";
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
  for (const line of text.trimEnd().split("\n")) lines.push([span(`    ${line}`)]);
  lines.push(
    BLANK,
    [labelSpan("written"), span(path)],
    [labelSpan("run"), span(`npx lockstep ${shellWord(path)}`, "command")],
  );
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
