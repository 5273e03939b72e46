// `lockstep bugs hunt`: plants bugs and looks for them, and keeps a scoreboard of what that took.

import { dirname, join } from "node:path";
import { BUGS, type Bug } from "../explore/bugs.ts";
import { type Size, sizeOfFailing, sizeText } from "../explore/minimal.ts";
import type { Failing } from "../explore/shrink.ts";
import type { Strategy, StrategyId } from "../explore/strategy.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { counted, grouped, spentTime } from "../report/figures.ts";
import { fillText, labelSpan } from "../report/fill.ts";
import { type HuntRecord, rangesFound, type ScoreboardRow } from "../report/scoreboard.ts";
import { type Line, span } from "../report/span.ts";
import { parseDuration } from "../scenario/quantity.ts";
import { SEEDS_END } from "../scenario/seed.ts";
import { type Hunted, hunt } from "../sweep/hunt.ts";
import { openPool, type Pool } from "../sweep/pool.ts";
import { keepOf, runShrinker } from "../sweep/shrinker.ts";
import { type ArtifactStore, makeFolder, openStore, writeArtifact } from "./artifact-store.ts";
import { knownBug } from "./bugs-command.ts";
import { Complaint, complaint, complaintLines } from "./complaint.ts";
import { ExitCode, worseExit } from "./exit-code.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
import { writeMinimal } from "./minimal-file.ts";
import { hideProgress, openProgress, type Progress, type ProgressWish, showLine } from "./progress.ts";
import { readPage, readRecords, writeScoreboard } from "./scoreboard-file.ts";
import { jobsOf, type SeedOptions, seedsOf, strategyOf } from "./sweep-plan.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `bugs hunt`. */
export interface HuntOptions extends SeedOptions {
  readonly budget?: string;
  readonly scoreboard?: string;
  readonly ranges?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly out?: string;
  readonly progress?: ProgressWish;
}

/** Seeds of one range where nothing is said. */
const SEEDS_DEFAULT = 5000;

/** Seeds of a range without an end, as far as ranges are kept apart. */
const RUNS_OF_A_HUNT = 1e9;

/** Ranges of the scoreboard, by how hard a bug is thought to be. */
const RANGES: Readonly<Record<Bug["difficulty"], number>> = { easy: 20, medium: 5, hard: 1 };

const RESEED = 200;

/** Where hunts leave what they found. */
const BUGS_FOLDER = ".lockstep/bugs";

/** Hunts bugs; returns the exit code. */
export async function bugsHuntCommand(
  ids: readonly string[],
  options: HuntOptions,
  terminal: Terminal,
): Promise<number> {
  const bugs = ids.length === 0 ? BUGS.filter((bug) => bug.reason === null) : ids.map(knownBug);
  strategyOf(options.strategy);
  const jobs = jobsOf(options.jobs);
  const millis = millisOf(options.budget);
  const ranges = rangesOf(options.ranges);
  const named = options.seeds !== undefined || options.runs !== undefined || options.for !== undefined;
  const asked = seedsOf(named ? options : { ...options, runs: String(SEEDS_DEFAULT) });
  if (options.shard !== undefined) throw complaint("--shard: a hunt ends with its first find and is not shared out");
  if (asked.micros !== null && options.scoreboard !== undefined)
    throw complaint("--for: a scoreboard counts seeds, and not time", "--runs 5000");
  const seedsMost =
    BigInt(Math.min(asked.count, RUNS_OF_A_HUNT)) *
    BigInt(ranges ?? (options.scoreboard === undefined ? 1 : RANGES.easy));
  if (BigInt(asked.first) + seedsMost > SEEDS_END)
    throw complaint("there are not so many seeds from there on", "--seed 1");
  const folder = options.out ?? BUGS_FOLDER;
  if (options.resume === true && options.scoreboard === undefined)
    throw complaint("--resume goes on with a scoreboard", "--scoreboard names its page");
  // An hour of hunts is too late to hear that there is no place for them.
  if (options.scoreboard !== undefined) makeFolder(dirname(options.scoreboard));
  const rows = options.scoreboard === undefined ? new Map<string, ScoreboardRow>() : readPage(options.scoreboard);
  const recordsPath = join(folder, "scoreboard.ndjson");
  const records = options.scoreboard === undefined ? new Map<string, HuntRecord>() : readRecords(recordsPath);
  const store: ArtifactStore = { ...openStore(folder), keepsAll: false };
  const interrupts = listenForInterrupts();
  const stopped = (): boolean => interrupts.signal !== null;
  const pool = openPool(jobs);
  const underway: Underway = { bug: null, next: asked.first, seeds: 0, range: 1, artifact: null, minimal: null };
  const progress = openProgress(terminal, options.progress ?? "auto", bugs.length, options.json !== true);
  let exit: number = ExitCode.Held;
  let done = 0;
  let open = bugs.length;
  // A find is told even where the disk has no room for it.
  const written = (write: () => void): boolean => {
    try {
      write();
      return true;
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      hideProgress(progress);
      terminal.err(error.lines);
      exit = worseExit(exit, error.exitCode);
      return false;
    }
  };
  try {
    for (const [at, bug] of bugs.entries()) {
      done = at;
      if (stopped()) break;
      if (bug.reason !== null) {
        exit = worseExit(exit, ExitCode.NothingRan);
        sayNotExpressible(bug, options, terminal);
        continue;
      }
      const count = ranges ?? (options.scoreboard === undefined ? 1 : RANGES[bug.difficulty]);
      if (options.resume === true && isDone(records.get(bug.id), rows.get(bug.id), asked.count, count)) {
        progress.done++;
        open--;
        continue;
      }
      const session: HuntSession = { pool, progress, terminal, stopped, millis, store, options, written, underway };
      let last: Found | null = null;
      for (const strategy of strategiesFor(bug, options)) {
        last = await huntIn(bug, strategy, count, asked, session);
        if (last === null || last.hunted.found) break;
      }
      if (last === null) break;
      hideProgress(progress);
      progress.done++;
      underway.bug = null;
      say(bug, last, session);
      if (!last.hunted.found) exit = worseExit(exit, ExitCode.Undecided);
      if (options.scoreboard !== undefined) {
        const page = options.scoreboard;
        records.set(bug.id, recordOf(bug, last, asked.count));
        written(() => writeScoreboard(page, recordsPath, records));
      }
    }
    if (!stopped()) done = bugs.length;
    if (open === 0 && options.json !== true)
      terminal.err([[span(`${options.scoreboard} has all of them by this engine: nothing is left to hunt`, "dim")]]);
  } finally {
    hideProgress(progress);
    await pool.close();
    interrupts.close();
  }
  if (interrupts.signal === null) return exit;
  const left = bugs.slice(done).map(({ id }) => id);
  terminal.err(interruptedLines(left, bugs.length, underway, asked, options));
  return interruptExit(interrupts.signal);
}

/** What a hunt was at. */
interface Underway {
  bug: Bug | null;
  /** The seed that comes next. */
  next: string;
  /** Seeds that were run without a find, of this range. */
  seeds: number;
  /** The range of seeds, from 1 on. */
  range: number;
  /** Of the first find of the bug. */
  artifact: string | null;
  /** What became of that, as far as it came. */
  minimal: string | null;
}

/** What was done before somebody stopped it, and how to go on. */
function interruptedLines(
  left: readonly string[],
  all: number,
  { bug, next, seeds, range, artifact, minimal }: Underway,
  asked: ReturnType<typeof seedsOf>,
  options: HuntOptions,
): Line[] {
  const small = minimal === null ? "not made small" : `as small as ${minimal} so far`;
  const further = range === 1 ? "" : `; range ${range} was under way`;
  const looked =
    artifact === null ? `not found in ${counted(seeds, "seed")} so far` : `found, and is ${small}${further}`;
  const at = bug === null ? "" : `; ${bug.id} was ${looked}`;
  const text = `interrupted: ${all - left.length} of ${counted(all, "bug")} hunted${at}`;
  if (options.scoreboard !== undefined)
    return complaintLines(text, "the same command with --resume leaves out what the scoreboard has");
  if (artifact !== null) return complaintLines(text, `lockstep shrink ${artifact}`);
  const end = BigInt(asked.first) + BigInt(Math.min(asked.count, RUNS_OF_A_HUNT)) - 1n;
  const seedsLeft = asked.count === Number.POSITIVE_INFINITY ? `--seed ${next}` : `--seeds ${next}..${end}`;
  const one = left.length === 1 && options.ranges === undefined && !strategyOf(options.strategy).learns;
  const named = left.length <= LEFT_NAMED ? left.join(" ") : `${left.slice(0, LEFT_NAMED).join(" ")} …`;
  const ids = options.strategy === undefined ? named : `${named} --strategy ${options.strategy}`;
  return complaintLines(text, `lockstep bugs hunt ${ids}${one ? ` ${seedsLeft} goes on from there` : ""}`);
}

/** Bugs that are named for going on. */
const LEFT_NAMED = 6;

/** The strategies to go through until one finds the bug: for a scoreboard, whatever there is where bugs are hard. */
function strategiesFor(bug: Bug, options: HuntOptions): readonly Strategy[] {
  const first = strategyOf(options.strategy);
  if (options.strategy !== undefined || options.scoreboard === undefined || bug.difficulty !== "hard") return [first];
  return [first, strategyOf("pct"), strategyOf("targeted"), strategyOf("guided")];
}

/** A record, or a line of the page, of this engine over ranges as long, and as many, need not be made again. */
function isDone(
  record: HuntRecord | undefined,
  row: ScoreboardRow | undefined,
  range: number,
  ranges: number,
): boolean {
  if (record === undefined) return row !== undefined && rangesFound(row, ENGINE_VERSION) >= ranges;
  if (record.engine !== ENGINE_VERSION) return false;
  return record.range === range && record.seedsToFind.length >= ranges;
}

/** Hunts one bug by one strategy, on so many ranges; the first find is made small. Null: somebody stopped it. */
async function huntIn(
  bug: Bug,
  strategy: Strategy,
  ranges: number,
  asked: ReturnType<typeof seedsOf>,
  session: HuntSession,
): Promise<Found | null> {
  const { pool, stopped, underway } = session;
  const seedsToFind: (number | null)[] = [];
  Object.assign(underway, { artifact: null, minimal: null });
  let first: Found | null = null;
  for (let range = 0; range < ranges && !stopped(); range++) {
    const began = process.hrtime.bigint();
    const firstSeed = (BigInt(asked.first) + BigInt(range) * BigInt(Math.min(asked.count, RUNS_OF_A_HUNT))).toString();
    const over = (): boolean =>
      stopped() || (asked.micros !== null && Number((process.hrtime.bigint() - began) / 1000n) >= asked.micros);
    Object.assign(underway, { bug, next: firstSeed, seeds: 0, range: range + 1 });
    const hunted = await hunt({ bug, strategy, firstSeed, seeds: asked.count }, pool, over, (seeds, virtual) => {
      underway.seeds = seeds;
      underway.next = (BigInt(firstSeed) + BigInt(seeds)).toString();
      look(session, bug, range, ranges, seeds, virtual);
    });
    seedsToFind.push(hunted.found ? hunted.seeds : null);
    if (first === null || (!first.hunted.found && hunted.found)) {
      first = await madeSmall(hunted, strategy, session);
    }
  }
  return first === null || stopped() ? null : { ...first, seedsToFind };
}

/** What hunts of one command have in common. */
interface HuntSession {
  readonly pool: Pool;
  readonly progress: Progress;
  readonly terminal: Terminal;
  readonly stopped: () => boolean;
  readonly millis: number;
  readonly store: ArtifactStore;
  readonly options: HuntOptions;
  /** Writes; where the disk refuses it says so, and gives false. */
  readonly written: (write: () => void) => boolean;
  readonly underway: Underway;
}

/** A find with what became of it. */
interface Found {
  readonly strategy: StrategyId;
  readonly hunted: Hunted;
  /** Seeds that each range took; null: not found in it. */
  readonly seedsToFind: readonly (number | null)[];
  readonly before: Size | null;
  readonly after: Size | null;
  readonly artifact: string | null;
  readonly minimal: string | null;
}

async function madeSmall(hunted: Hunted, { id: strategy }: Strategy, session: HuntSession): Promise<Found> {
  const { failing } = hunted;
  const found = { strategy, hunted, seedsToFind: [] };
  if (failing === null) return { ...found, before: null, after: null, artifact: null, minimal: null };
  let artifact: string | null = null;
  session.written(() => {
    artifact = writeArtifact(session.store, failing.scenario, failing.result, null);
    session.underway.artifact = artifact;
  });
  const before = sizeOfFailing(failing);
  if (session.millis === 0) return { ...found, before, after: before, artifact, minimal: null };
  const { best, confirmed } = await runShrinker(failing, session.pool, {
    millis: session.millis,
    reseed: RESEED,
    keep: "property",
    stopped: session.stopped,
    onBatch: ({ best: now, runs }) =>
      showLine(
        session.progress,
        session.terminal,
        () => `shrinking: ${sizeText(sizeOfFailing(now))}, ${counted(runs, "run")}`,
      ),
  });
  if (!confirmed) return { ...found, before, after: null, artifact, minimal: null };
  const path = minimalPath(artifact, failing, session.store);
  const isThere = session.written(() => writeMinimal(path, failing, best, keepOf(failing, "property")));
  const minimal = isThere ? path : null;
  session.underway.minimal = minimal;
  return { ...found, before, after: sizeOfFailing(best), artifact, minimal };
}

function minimalPath(artifact: string | null, { scenario, seed }: Failing, { folder }: ArtifactStore): string {
  if (artifact !== null) return artifact.replace(/\.run\.json$/, ".min.yaml");
  return join(folder ?? ".", `${scenario.name}.${seed}.min.yaml`);
}

function look(session: HuntSession, bug: Bug, range: number, ranges: number, seeds: number, virtual: number): void {
  const { progress, terminal } = session;
  showLine(progress, terminal, (spent) => {
    const point = ` ${terminal.layout.signs.point} `;
    const where = ranges === 1 ? "" : `${point}range ${range + 1} of ${ranges}`;
    return `${bug.id}${where}${point}${counted(seeds, "seed")}${point}${grouped(Math.floor(virtual / 1e6))} virtual seconds${point}${spentTime(spent)}`;
  });
}

function say(bug: Bug, found: Found, session: HuntSession): void {
  const { terminal, options } = session;
  const { strategy, seedsToFind, hunted, after, artifact, minimal } = found;
  const { failing } = hunted;
  if (options.json === true) {
    const line = {
      id: bug.id,
      found: hunted.found,
      seed: failing?.seed ?? null,
      seeds: hunted.seeds,
      events: hunted.events,
      virtualSeconds: Math.floor(hunted.virtualMicros / 1e6),
      property: failing?.result.violation?.property ?? null,
      firstProperty: hunted.firstProperty,
      strategy,
      shrunk: after === null ? null : { faults: after.faults, operations: after.operations, members: after.members },
      artifact,
      minimal,
      ...(seedsToFind.length > 1 ? { seedsToFind } : {}),
    };
    terminal.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const { signs, width } = terminal.layout;
  const lines: Line[] = [];
  if (failing === null) {
    const rest = hunted.uncounted === 0 ? "" : `; in ${hunted.uncounted} of them another property fired`;
    lines.push(
      ...fillText(
        [span(`${signs.undecided} `, "warn"), span(`${bug.id}  `, "strong")],
        `not found in ${counted(hunted.seeds, "seed")} by ${strategy}${rest}`,
        "plain",
        width,
      ),
    );
  } else {
    const head = [span(`${signs.held} `, "good"), span(`${bug.id}  `, "strong")];
    const seeds = seedsToFind.length === 1 ? "" : `, in ${seedsToFind.map((one) => one ?? signs.dash).join(" ")} seeds`;
    lines.push(
      ...fillText(
        head,
        `found with seed ${failing.seed} after ${counted(hunted.seeds, "seed")}${seeds}`,
        "plain",
        width,
      ),
    );
    lines.push(
      ...fillText(
        [labelSpan("broke")],
        `${failing.result.violation?.property}: ${failing.result.violation?.text}`,
        "plain",
        width,
      ),
    );
    if (after !== null) lines.push([labelSpan("small"), span(sizeText(after))]);
    if (minimal !== null) lines.push([labelSpan("run"), span(`npx lockstep ${minimal}`, "command")]);
  }
  terminal.out(lines);
}

function sayNotExpressible(bug: Bug, options: HuntOptions, terminal: Terminal): void {
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ id: bug.id, found: false, expressible: false, reason: bug.reason })}\n`);
    return;
  }
  const head = [span(`${terminal.layout.signs.undecided} `, "warn"), span(`${bug.id}  `, "strong")];
  terminal.out(fillText(head, `cannot be hunted yet: ${bug.reason}`, "plain", terminal.layout.width));
}

function recordOf(bug: Bug, { strategy, seedsToFind, hunted, before, after }: Found, range: number): HuntRecord {
  return {
    id: bug.id,
    engine: ENGINE_VERSION,
    strategy,
    seedsToFind,
    range,
    property: hunted.failing?.result.violation?.property ?? null,
    firstProperty: hunted.firstProperty,
    virtualSeconds: Math.floor(hunted.virtualMicros / 1e6),
    before,
    after,
  };
}

function millisOf(text: string | undefined): number {
  const micros = parseDuration(text ?? "60s");
  if (typeof micros !== "number") throw complaint(`--budget: ${micros.message}`, micros.hint ?? "--budget 60s");
  return Math.max(0, micros / 1000);
}

function rangesOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1)) throw complaint(`--ranges takes a whole number from 1 on, not "${text}"`);
  return value;
}
