// `lockstep explain`: tells a run by the events that matter, or one event by what led to it.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import { explainEvent, explanationLines } from "../report/explain.ts";
import { grouped, memberName } from "../report/figures.ts";
import { laneLines } from "../report/lanes.ts";
import { bannerLine, runBlock } from "../report/run-block.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { type Story, tellRun, tellStretch } from "../report/story.ts";
import type { RunResult } from "../run/result.ts";
import { recordOfStep, retrace } from "../run/retrace.ts";
import { tokenOf } from "../run/token.ts";
import { isQuantityProblem, parseDuration } from "../scenario/quantity.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { makeAgain } from "./export-command.ts";
import { type OverrideOptions, overrideWords } from "./override.ts";
import { resolveRun } from "./resolve-run.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `explain`. */
export interface ExplainOptions extends OverrideOptions {
  readonly event?: string;
  readonly member?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly rows?: string;
  readonly every?: boolean;
  readonly json?: boolean;
}

/** Rows that are told when nothing is said, and at most. */
const ROWS = 48;
const ROWS_MAX = 5_000;

/** Explains; exit 0 whatever the run came to: it is looked at, not judged. */
export async function explainRunCommand(name: string, options: ExplainOptions, terminal: Terminal): Promise<number> {
  const named = await resolveRun(name, options);
  const { run, result } = await makeAgain(named, {});
  const { scenario } = run;
  if (options.event !== undefined) return oneEvent(scenario, result, options, terminal);
  const rows = numberOf("--rows", options.rows, ROWS, ROWS_MAX);
  const story = storyOf(scenario, result, options, rows);
  if (options.json === true) {
    terminal.write(
      `${JSON.stringify({ scenario: scenario.name, seed: result.seed, digest: result.digest, ...plain(story) }, null, 2)}\n`,
    );
    return ExitCode.Held;
  }
  if (terminal.verbosity > 0)
    terminal.out([bannerLine(ENGINE_VERSION, `node ${process.versions.node}`, terminal.layout), BLANK]);
  const whole =
    options.from === undefined && options.to === undefined && options.member === undefined && options.every !== true;
  if (whole && result.violation !== null) {
    const reported = {
      scenario,
      result,
      file: named.file,
      artifact: named.artifact,
      wallMicros: null,
      overrides: named.record === null ? overrideWords(options) : null,
      story,
      token: tokenOf(scenario, result),
      tokenInFull: terminal.verbosity >= 2,
    };
    terminal.out([...runBlock(reported, terminal.layout), BLANK, ...hintLines(name, result.violation.step)]);
    return ExitCode.Held;
  }
  const lines = laneLines(story, terminal.layout);
  terminal.out([
    [
      span(scenario.name, "strong"),
      span(`  seed ${result.seed}  ${grouped(result.events)} events  digest ${result.digest}`, "dim"),
    ],
    BLANK,
    ...(lines.length === 0 ? [[span("  nothing is to be told of that stretch", "dim")]] : lines),
    BLANK,
    ...hintLines(name, story.rows[story.rows.length - 1]?.step ?? 1),
  ]);
  return ExitCode.Held;
}

function hintLines(name: string, step: number): Line[] {
  const shown = name.length > 60 ? "<run>" : name;
  return [[span(`lockstep explain ${shown} --event ${step}`, "command"), span("  says why an event is there", "dim")]];
}

async function oneEvent(
  scenario: Scenario,
  result: RunResult,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<number> {
  const step = numberOf("--event", options.event, 1, Number.MAX_SAFE_INTEGER);
  if (step > result.events)
    throw complaint(
      `there is no event ${grouped(step)}: the run has ${grouped(result.events)}`,
      `--event ${result.events} is the last`,
    );
  const explanation = explainEvent(scenario, result, step);
  if (options.json === true) terminal.write(`${JSON.stringify(explanation, null, 2)}\n`);
  else terminal.out(explanationLines(explanation, scenario, result, terminal.layout));
  return ExitCode.Held;
}

function storyOf(scenario: Scenario, result: RunResult, options: ExplainOptions, rows: number): Story {
  const { from, to, every } = options;
  const story =
    from === undefined && to === undefined && every !== true
      ? tellRun(scenario, result, rows)
      : tellStretch(scenario, result, stretchOf(scenario, result, options), rows);
  return options.member === undefined ? story : onlyOf(story, membersOf(options.member, result));
}

function stretchOf(
  scenario: Scenario,
  result: RunResult,
  { from, to, every }: ExplainOptions,
): { fromStep: number; toStep: number; every: boolean; here: number } {
  const fromMicros = timeOf("--from", from, 0);
  const toMicros = timeOf("--to", to, result.virtualMicros);
  if (fromMicros > result.virtualMicros)
    throw complaint(
      `--from ${from} is after the end of the run`,
      `it lasted ${Math.floor(result.virtualMicros / 1000)}ms`,
    );
  if (toMicros < fromMicros) throw complaint("--to is before --from", `--from ${to} --to ${from}`);
  const { trace } = retrace(scenario, result.seed, result.events);
  const stepAt = (micros: number): number => {
    let low = 0;
    let high = trace.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (trace.record(middle).atMicros <= micros) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : trace.record(low - 1).step;
  };
  const here = result.violation === null ? -1 : result.violation.step;
  const toStep = Math.max(1, stepAt(toMicros));
  const shown = here >= 1 && here <= toStep && recordOfStep(trace, here) >= 0 ? here : -1;
  return { fromStep: Math.max(1, stepAt(fromMicros - 1) + 1), toStep, every: every === true, here: shown };
}

/** The rows in which one of the members takes part. */
function onlyOf(story: Story, members: readonly number[]): Story {
  const takesPart = (id: number): boolean => members.includes(id);
  const rows = story.rows.filter(
    ({ arrow, marks, isHere }) =>
      isHere ||
      (arrow !== null && (takesPart(arrow.from) || takesPart(arrow.to))) ||
      marks.some(({ member }) => takesPart(member)),
  );
  return { ...story, rows };
}

function membersOf(names: readonly string[], result: RunResult): number[] {
  return names
    .flatMap((text) => text.split(","))
    .map((text) => {
      const id = /^n(\d{1,4})$/.exec(text.trim());
      const found = id === null ? undefined : result.members.find((member) => member === Number(id[1]));
      if (found !== undefined) return found;
      throw complaint(
        `--member ${text}: there is no such member`,
        `there are ${result.members.map(memberName).join(", ")}`,
      );
    });
}

function timeOf(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const micros = parseDuration(text);
  if (isQuantityProblem(micros)) throw complaint(`${option}: ${micros.message}`, `${option} 2s, ${option} 1500ms`);
  return micros;
}

function numberOf(option: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const plainText = text.replaceAll(/[_,]/g, "");
  if (!/^[1-9]\d{0,14}$/.test(plainText) || Number(plainText) > max)
    throw complaint(`${option} takes a number from 1 on, not "${text}"`);
  return Number(plainText);
}

function plain(story: Story): object {
  return {
    members: story.members.map(memberName),
    rows: story.rows.map(({ step, atMicros, arrow, marks, note, isHere }) => ({
      event: step,
      atMicros,
      ...(arrow === null
        ? {}
        : { message: { from: memberName(arrow.from), to: memberName(arrow.to), type: arrow.label, lost: arrow.lost } }),
      marks: marks.map(({ member, sign }) => ({ member: memberName(member), sign })),
      note,
      ...(isHere ? { here: true } : {}),
    })),
  };
}
