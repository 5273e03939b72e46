// `lockstep check`: judges histories from files, says why one is impossible, and writes them in other forms.

import { dirname, join } from "node:path";
import { CHECK_BUDGET, type CheckBudget, judge } from "../checker/linearizability/check.ts";
import { type FailCas, FormatError } from "../checker/linearizability/format/event.ts";
import { initialFrom } from "../checker/linearizability/format/lines.ts";
import { readManifest } from "../checker/linearizability/format/manifest.ts";
import {
  bundleHistory,
  detectFormat,
  type Format,
  NOTHING_TOLD,
  readBundle,
  readHistory,
  type Told,
} from "../checker/linearizability/format/read.ts";
import { LOOK_BUDGET } from "../checker/linearizability/late.ts";
import { MODEL_NAMES, modelOf } from "../checker/linearizability/models.ts";
import { ONLINE_BUDGET } from "../checker/linearizability/online.ts";
import { brokenText } from "../report/fill.ts";
import { type CaseAgainst, caseAgainst, historyText } from "../report/history-forms.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { nearest } from "../scenario/nearest.ts";
import { writeWhole } from "./artifact-store.ts";
import { isTooLarge, judgeStream, type OnlineBudget, readText, toldNearby } from "./check-files.ts";
import type { CheckOptions } from "./check-options.ts";
import { pictureLines } from "./check-picture.ts";
import { complaint, systemReason } from "./complaint.ts";
import { ExitCode, worseExit } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** What came out for one file. */
interface FileVerdict {
  readonly file: string;
  readonly verdict: "ok" | "illegal" | "undecided" | "error";
  readonly expected?: "ok" | "illegal";
  readonly agrees?: boolean;
  readonly ops: number;
  readonly ms: number;
  readonly method: string;
  readonly [more: string]: unknown;
}

/** Judges `files`, or the manifest of `options`; returns the exit code. */
export async function checkCommand(
  files: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<number> {
  const told = toldByFlags(options);
  const budget = budgetOf(options);
  const form = options.json === true ? "json" : (options.format ?? "pretty");
  if (options.out !== undefined && options.export === undefined)
    throw complaint("-o/--out goes with --export", `lockstep check history.log --export svg -o history.svg`);
  if (options.export !== undefined && (options.manifest !== undefined || options.online === true))
    throw complaint(`--export takes one whole history, and no ${options.online === true ? "--online" : "--manifest"}`);
  if (options.manifest !== undefined)
    return checkManifest(options.manifest, files, told, budget, options, form, terminal);
  if (files.length === 0)
    throw complaint("check takes histories, or --manifest", "lockstep check history.edn --model cas-register");
  if (options.allowUndecided !== undefined) throw complaint("--allow-undecided goes with --manifest");
  if (options.export !== undefined) {
    if (files.length > 1) throw complaint("--export takes one history");
    return exportOne(files[0]!, told, budget, options, terminal);
  }
  let code: number = ExitCode.Held;
  const verdicts: FileVerdict[] = [];
  for (const file of files) {
    let verdict: FileVerdict;
    let against: CaseAgainst | undefined;
    try {
      if (options.online === true || isTooLarge(file))
        verdict = await checkOnline(file, merged(told, toldNearby(file)), onlineBudget(options));
      else ({ verdict, against } = await checkWhole(file, merged(told, toldNearby(file)), budget, true));
    } catch (error) {
      code = worseExit(code, ExitCode.Usage);
      verdict = troubled(file, error, terminal);
    }
    verdicts.push(verdict);
    if (verdict.verdict === "illegal") code = worseExit(code, ExitCode.Violated);
    if (verdict.verdict === "undecided") code = worseExit(code, ExitCode.Undecided);
    if (form === "ndjson") terminal.write(`${JSON.stringify(verdict)}\n`);
    else if (form !== "json" && form !== "silent") terminal.out(verdictLines(verdict, against, terminal));
  }
  if (form === "json") terminal.write(`${JSON.stringify(verdicts, null, 2)}\n`);
  return code;
}

function toldByFlags(options: CheckOptions): Told {
  const { model } = options;
  if (model !== undefined && modelOf(model, null) === undefined) {
    const near = nearest(model, MODEL_NAMES);
    throw complaint(
      `there is no model "${model}"`,
      near === null ? `there is ${MODEL_NAMES.join(", ")}` : `did you mean ${near}?`,
    );
  }
  let initial: Told["initial"];
  if (options.initial !== undefined) {
    try {
      initial = initialFrom(JSON.parse(options.initial), 0);
    } catch {
      throw complaint(
        `--initial takes JSON, not ${options.initial}`,
        "--initial 0, --initial null, --initial '{\"x\":0}'",
      );
    }
  }
  return {
    format: options.input as Format | undefined,
    model,
    initial,
    failCas: options.failCas as FailCas | undefined,
  };
}

function budgetOf(options: CheckOptions): CheckBudget {
  if (options.budget === undefined) return CHECK_BUDGET;
  if (!/^[1-9]\d{0,11}$/.test(options.budget))
    throw complaint(`--budget takes a number of configurations, not "${options.budget}"`);
  const configurations = Number(options.budget);
  return { configurations, remembered: Math.min(Math.max(CHECK_BUDGET.remembered, configurations), REMEMBERED_MAX) };
}

/** More would not fit into memory, whatever `--budget` says. */
const REMEMBERED_MAX = 20_000_000;

/** What `--online` may hold at one time, spend on one event and on one look: no more than `--budget`. */
function onlineBudget(options: CheckOptions): OnlineBudget {
  if (options.budget === undefined) return { frontier: ONLINE_BUDGET, look: LOOK_BUDGET };
  const { configurations, remembered } = budgetOf(options);
  const frontier = Math.min(ONLINE_BUDGET.frontier, configurations);
  const perEvent = Math.min(ONLINE_BUDGET.perEvent, configurations);
  return { frontier: { ...ONLINE_BUDGET, frontier, perEvent }, look: { configurations, remembered } };
}

/** Flags before what is said nearby. */
function merged(flags: Told, nearby: Told | undefined): Told {
  const base = nearby ?? NOTHING_TOLD;
  const other = flags.model !== undefined && flags.model !== base.model;
  return {
    format: flags.format ?? base.format,
    model: flags.model ?? base.model,
    initial: flags.initial ?? (other ? undefined : base.initial),
    failCas: flags.failCas ?? base.failCas,
  };
}

function troubled(file: string, error: unknown, terminal: Terminal): FileVerdict {
  const text = troubleText(file, error);
  if (text === undefined) throw error;
  terminal.err([[span("lockstep: ", "bad"), span(text)]]);
  return { file, verdict: "error", ops: 0, ms: 0, method: "none", error: text };
}

/** `file:line  what is wrong`, or undefined where the error is our own. */
function troubleText(file: string, error: unknown): string | undefined {
  const name = file === "-" ? "standard input" : file;
  if (error instanceof FormatError)
    return error.line > 0 ? `${name}:${error.line}  ${error.message}` : `${name}  ${error.message}`;
  if (error instanceof Error && "syscall" in error) return `${name}  ${systemReason(error)}`;
  return undefined;
}

function isBundle(text: string, told: Told): boolean {
  return (told.format ?? detectFormat(text.slice(0, 65_536))) === "bundle";
}

interface Checked {
  readonly verdict: FileVerdict;
  readonly against: CaseAgainst | undefined;
}

async function checkWhole(file: string, told: Told, budget: CheckBudget, withEvidence: boolean): Promise<Checked> {
  const text = await readText(file, told);
  if (isBundle(text, told)) return { verdict: checkBundle(file, text, budget), against: undefined };
  const read = readHistory(text, told);
  const from = performance.now();
  const judgement = judge(read.model, read.history, budget);
  const ms = rounded(performance.now() - from);
  const { verdict, method, configurations } = judgement;
  const plain = {
    file,
    verdict,
    ops: read.invoked,
    ms,
    method,
    configurations,
    model: read.model.name,
    format: read.format,
  };
  if (verdict === "undecided") return { verdict: { ...plain, reason: judgement.reason }, against: undefined };
  if (verdict === "ok" || !withEvidence) return { verdict: plain, against: undefined };
  const against = caseAgainst(read, judgement);
  const { evidence, operations } = against;
  const tell = (i: number): string => read.model.describe(operations[i]!.input, operations[i]!.output);
  const bad = operations[evidence.operation]!;
  return {
    verdict: {
      ...plain,
      evidence: {
        ...(judgement.part === "" ? {} : { part: judgement.part }),
        line: bad.line,
        operation: tell(evidence.operation),
        sentence: evidence.sentence,
        statesBefore: evidence.statesBefore,
        core: evidence.core.map((i) => ({
          process: operations[i]!.process,
          line: operations[i]!.line,
          operation: tell(i),
        })),
        longest: evidence.longest.length,
      },
    },
    against,
  };
}

function checkBundle(file: string, text: string, budget: CheckBudget): FileVerdict {
  const entries = readBundle(text);
  const wrong: string[] = [];
  let illegal = 0;
  let undecided = 0;
  let ops = 0;
  let ms = 0;
  for (const entry of entries) {
    const read = bundleHistory(entry);
    const from = performance.now();
    const { verdict } = judge(read.model, read.history, budget);
    ms += performance.now() - from;
    ops += read.invoked;
    if (verdict === "undecided") undecided++;
    else if (entry.verdict === undefined && verdict === "illegal") illegal++;
    else if (entry.verdict !== undefined && verdict !== entry.verdict) wrong.push(entry.id);
  }
  const verdict = wrong.length > 0 || illegal > 0 ? "illegal" : undecided > 0 ? "undecided" : "ok";
  const more = wrong.length === 0 ? {} : { wrong };
  return { file, verdict, ops, ms: rounded(ms), method: "frontier", histories: entries.length, ...more };
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Upper ends of the bars of the histogram, in microseconds; what is above stands in a last bar of its own. */
const BARS: readonly number[] = [0.5, 1, 2, 5, 10, 20, 50, 100, 1000, 10_000, 100_000];

/** Costs are counted in tenths of a microsecond up to this many, then in tenths of a millisecond up to as many. */
const FINE = 10_000;

/** Where a cost is counted, so that memory does not grow with the history. */
function fineIndex(micros: number): number {
  if (micros < FINE / 10) return Math.floor(micros * 10);
  return Math.min(2 * FINE, FINE + Math.floor(micros / 100));
}

async function checkOnline(file: string, told: Told, budget: OnlineBudget): Promise<FileVerdict> {
  const fine: number[] = Array.from({ length: 2 * FINE + 1 }, () => 0);
  const bars = [...BARS, Number.POSITIVE_INFINITY].map((upToMicros) => ({ upToMicros, events: 0 }));
  let total = 0;
  let longest = 0;
  let count = 0;
  const { online, format } = await judgeStream(file, told, budget, (micros) => {
    count++;
    total += micros;
    if (micros > longest) longest = micros;
    fine[fineIndex(micros)]!++;
    bars.find((bar) => micros <= bar.upToMicros)!.events++;
  });
  const quantile = (share: number): number => {
    let left = Math.ceil(count * share);
    for (let i = 0; i < 2 * FINE; i++) {
      left -= fine[i]!;
      if (left <= 0) return i < FINE ? i / 10 : (i - FINE) * 100;
    }
    return rounded(longest);
  };
  // JSON knows no infinity: the last bar ends with the longest.
  const histogram = bars.map((bar) =>
    bar.upToMicros === Number.POSITIVE_INFINITY
      ? { ...bar, upToMicros: Math.max(Math.ceil(longest), BARS[BARS.length - 1]!) }
      : bar,
  );
  const { verdict, violation, reason } = online;
  return {
    file,
    verdict,
    ops: online.operations,
    ms: rounded(total / 1000),
    method: online.late > 0 ? "frontier, then looks at the whole" : "frontier",
    configurations: online.explored,
    model: online.model.name,
    format,
    ...(violation === undefined
      ? {}
      : {
          evidence: {
            ...(violation.part === "" ? {} : { part: violation.part }),
            line: violation.line,
            operation: violation.operation,
            sentence: `${violation.operation} (invoked at line ${violation.invokedAtLine}) cannot be: no order is left at line ${violation.line}${violation.noticedAtLine > violation.line ? `, noticed at line ${violation.noticedAtLine}` : ""}`,
            statesBefore: violation.statesBefore,
          },
        }),
    ...(verdict === "undecided" ? { reason } : {}),
    online: {
      events: online.events,
      medianMicros: quantile(0.5),
      p99Micros: quantile(0.99),
      maxMicros: Math.round(longest * 10) / 10,
      largestFrontier: online.largest,
      partsJudgedLate: online.late,
      histogram,
    },
  };
}

async function checkManifest(
  manifest: string,
  files: readonly string[],
  flags: Told,
  budget: CheckBudget,
  options: CheckOptions,
  form: string,
  terminal: Terminal,
): Promise<number> {
  if (files.length > 0) throw complaint("--manifest names the histories; take the others away");
  const allowed = options.allowUndecided ?? "0";
  if (!/^\d{1,6}$/.test(allowed)) throw complaint(`--allow-undecided takes a number, not "${allowed}"`);
  let entries: ReturnType<typeof readManifest>;
  try {
    entries = readManifest(await readText(manifest));
  } catch (error) {
    const text = troubleText(manifest, error);
    if (text === undefined) throw error;
    throw complaint(text);
  }
  let code: number = ExitCode.Held;
  let passed = 0;
  let failed = 0;
  let undecided = 0;
  const verdicts: FileVerdict[] = [];
  for (const entry of entries) {
    const path = join(dirname(manifest), entry.file);
    let verdict: FileVerdict;
    try {
      const told = merged(flags, entry.told);
      const checked =
        options.online === true && entry.told.format !== "bundle"
          ? await checkOnline(path, told, onlineBudget(options))
          : (await checkWhole(path, told, budget, false)).verdict;
      const agrees =
        entry.expected === undefined ? checked.verdict !== "undecided" : checked.verdict === entry.expected;
      verdict = {
        ...checked,
        file: entry.file,
        ...(entry.expected === undefined ? {} : { expected: entry.expected }),
        agrees,
      };
    } catch (error) {
      code = worseExit(code, ExitCode.Usage);
      verdict = { ...troubled(path, error, terminal), file: entry.file, agrees: false };
    }
    verdicts.push(verdict);
    if (verdict.verdict === "undecided") undecided++;
    else if (verdict.agrees === true) passed++;
    else {
      failed++;
      if (verdict.verdict !== "error") code = worseExit(code, ExitCode.Violated);
    }
    if (form === "ndjson") terminal.write(`${JSON.stringify(verdict)}\n`);
    else if (form === "pretty" && (terminal.verbosity > 0 || verdict.agrees !== true))
      terminal.out([manifestLine(verdict, terminal)]);
  }
  if (undecided > Number(allowed)) {
    failed += undecided - Number(allowed);
    code = worseExit(code, ExitCode.Undecided);
  }
  if (entries.length === 0) code = worseExit(code, ExitCode.NothingRan);
  if (form === "json") terminal.write(`${JSON.stringify(verdicts, null, 2)}\n`);
  else if (form !== "ndjson" && form !== "silent") terminal.out([[span(`${passed} passed, ${failed} failed`)]]);
  return code;
}

function manifestLine(verdict: FileVerdict, terminal: Terminal): Line {
  const { signs } = terminal.layout;
  const good = verdict.agrees === true;
  const sign = good
    ? span(`${signs.held} `, "good")
    : span(`${signs.violated} `, verdict.verdict === "undecided" ? "warn" : "bad");
  const expected = good || verdict.expected === undefined ? "" : ` (expected ${verdict.expected})`;
  return [
    sign,
    span(verdict.file),
    span(`  ${verdict.verdict}${expected}`, good ? "plain" : "bad"),
    span(`  ${verdict.method}  ${counted(verdict.ops, "operation")}  ${verdict.ms} ms`, "dim"),
  ];
}

/** A text after its label, broken at the width, further lines four columns in. */
function hangingText(label: string, text: string, width: number): Line[] {
  return brokenText(label + text, width - 4).map((part, at) =>
    at === 0 ? [span(label, "label"), span(part.slice(label.trim().length + 1))] : [span(`    ${part}`)],
  );
}

function verdictLines(verdict: FileVerdict, against: CaseAgainst | undefined, terminal: Terminal): readonly Line[] {
  const { signs, width } = terminal.layout;
  if (verdict.verdict === "error") return [];
  const cost = span(`  ${counted(verdict.ops, "operation")}  ${verdict.method}  ${verdict.ms} ms`, "dim");
  const lines: Line[] = [];
  if (verdict.verdict === "ok") {
    lines.push([span(`${signs.held} `, "good"), span(`${verdict.file}  linearizable`), cost]);
  } else if (verdict.verdict === "undecided") {
    lines.push([span("? ", "warn"), span(`${verdict.file}  undecided: ${String(verdict.reason)}`), cost]);
  } else {
    lines.push([span(`${signs.violated} `, "bad"), span(`${verdict.file}  not linearizable`, "strong"), cost]);
    const evidence = verdict.evidence as
      | { part?: string; line: number; sentence: string; statesBefore: readonly string[] }
      | undefined;
    if (evidence !== undefined) {
      const where = evidence.part === undefined ? "" : ` (part ${evidence.part})`;
      const head = `  line ${evidence.line}${where}: `;
      lines.push(...hangingText(head, evidence.sentence, width));
      if (evidence.statesBefore.length > 0 && evidence.statesBefore.length <= 12) {
        const states = evidence.statesBefore.map((text) => (text === "" ? "(empty)" : text)).join(" | ");
        lines.push(...hangingText("  possible just before: ", states, width));
      }
    }
    const wrong = verdict.wrong as readonly string[] | undefined;
    if (wrong !== undefined)
      lines.push(...hangingText("  came out otherwise than they say: ", wrong.join(", "), width));
    if (against !== undefined) lines.push(BLANK, ...pictureLines(against, terminal), BLANK);
  }
  const online = verdict.online as
    | {
        events: number;
        medianMicros: number;
        p99Micros: number;
        maxMicros: number;
        largestFrontier: number;
        histogram: readonly { upToMicros: number; events: number }[];
      }
    | undefined;
  if (online !== undefined) {
    lines.push([
      span(
        `  ${counted(online.events, "event")}  median ${online.medianMicros} µs  p99 ${online.p99Micros} µs  longest ${online.maxMicros} µs  largest frontier ${online.largestFrontier}`,
        "dim",
      ),
    ]);
    const most = Math.max(1, ...online.histogram.map((bar) => bar.events));
    for (const bar of online.histogram) {
      if (bar.events > 0)
        lines.push([
          span(
            `  ≤ ${String(bar.upToMicros).padStart(6)} µs  ${"#".repeat(Math.ceil((bar.events * 40) / most))} ${bar.events}`,
            "dim",
          ),
        ]);
    }
  }
  return lines;
}

async function exportOne(
  file: string,
  told: Told,
  budget: CheckBudget,
  options: CheckOptions,
  terminal: Terminal,
): Promise<number> {
  let text: string | undefined;
  try {
    const full = merged(told, toldNearby(file));
    const source = await readText(file, full);
    if (isBundle(source, full)) throw new FormatError(0, "a bundle holds many histories; export one of them");
    const read = readHistory(source, full);
    text = historyText(read, options.export!, () => {
      const judgement = judge(read.model, read.history, budget);
      if (judgement.verdict !== "illegal") return undefined;
      return caseAgainst(read, judgement);
    });
  } catch (error) {
    const trouble = troubleText(file, error);
    if (trouble === undefined) throw error;
    throw complaint(trouble);
  }
  if (text === undefined)
    throw complaint(
      `this history cannot be written as ${options.export}: a Jepsen log holds reads, writes and cas of whole numbers`,
    );
  if (options.out === undefined || options.out === "-") {
    terminal.write(text);
    return ExitCode.Held;
  }
  writeWhole(options.out, text);
  return ExitCode.Held;
}
