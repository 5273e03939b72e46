// `lockstep export`: makes a recorded run again and writes what it was in the form that is asked for.

import { type Exported, runHistoryText } from "../report/run-export.ts";
import type { RunModel } from "../report/run-history.ts";
import { type Story, tellRun } from "../report/story.ts";
import { MERMAID_ROWS, storyMermaid } from "../report/story-mermaid.ts";
import { SVG_ROWS, storySvg } from "../report/story-svg.ts";
import { traceChunks } from "../report/trace-lines.ts";
import { compareWithRecord } from "../run/artifact.ts";
import { type RunOptions as KeepOptions, type ScenarioRun, startRun } from "../run/execute.ts";
import type { RunResult } from "../run/result.ts";
import { nearest } from "../scenario/nearest.ts";
import type { Trace } from "../world/trace.ts";
import { writeWhole } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { type NamedRun, resolveRun } from "./resolve-run.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `export` as commander hands them over. */
export interface ExportOptions {
  readonly to?: string;
  readonly out?: string;
  readonly model?: string;
  readonly key?: string;
  readonly rows?: string;
}

/** A run that was made again, with what the target asked to be kept. */
export interface Remade {
  readonly named: NamedRun;
  readonly run: ScenarioRun;
  readonly result: RunResult;
}

/** One form of output: what has to be kept while the run is made again, and the text. */
interface Target {
  readonly keep: KeepOptions;
  readonly text: (remade: Remade, options: ExportOptions) => Exported | { readonly chunks: Iterable<string> };
}

/** The events that tell the run, as a picture. */
function story(draw: (story: Story, result: RunResult) => string, rows: number): Target {
  return {
    keep: {},
    text: ({ run, result }, options) => {
      const told = tellRun(run.scenario, result, rowsOf(options.rows, rows));
      return told.rows.length > 0
        ? { text: draw(told, result) }
        : { problem: "nothing happened in the run that a picture would show", hint: null };
    },
  };
}

function rowsOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw complaint(`--rows takes a number from 1 to 9999, not "${text}"`);
  return Number(text);
}

/** The history of the clients in `form`. */
function history(form: string): Target {
  return {
    keep: { history: true },
    text: ({ run, result }, options) =>
      runHistoryText(run.collector.history ?? [], result, {
        form,
        model: options.model as RunModel | undefined,
        key: options.key,
      }),
  };
}

/** All targets of `--to`, one a line. */
const TARGETS: Readonly<Record<string, Target>> = {
  ndjson: {
    keep: { trace: true },
    text: ({ run, result }) => ({ chunks: traceChunks(run.run.context.trace as Trace, run.scenario, result) }),
  },
  mermaid: story(storyMermaid, MERMAID_ROWS),
  svg: story(storySvg, SVG_ROWS),
  jsonl: history("jsonl"),
  edn: history("edn"),
  "jepsen-log": history("jepsen-log"),
  porcupine: history("porcupine"),
  "text-history": history("text"),
  "svg-history": history("svg"),
  html: history("html"),
};

/** Names of all targets. */
export const EXPORT_TARGETS: readonly string[] = Object.keys(TARGETS);

/** Writes the run of `path` in the form `--to`; returns the exit code. */
export async function exportCommand(path: string, options: ExportOptions, terminal: Terminal): Promise<number> {
  const name = options.to ?? "";
  const target = TARGETS[name];
  if (target === undefined) {
    const near = name === "" ? null : nearest(name, EXPORT_TARGETS);
    throw complaint(
      name === "" ? "export needs a form: --to <form>" : `there is no form "${name}"`,
      near === null ? `there is ${EXPORT_TARGETS.join(", ")}` : `did you mean ${near}?`,
    );
  }
  if (options.model !== undefined && options.model !== "kv-cas" && options.model !== "etcd")
    throw complaint(`a run is written for kv-cas or etcd, not "${options.model}"`);
  const remade = await makeAgain(await resolveRun(path), target.keep);
  const exported = target.text(remade, options);
  if ("problem" in exported) throw complaint(exported.problem, exported.hint);
  const chunks = "chunks" in exported ? exported.chunks : [exported.text];
  if (options.out === undefined || options.out === "-") for (const chunk of chunks) terminal.write(chunk);
  else writeWhole(options.out, chunks);
  return ExitCode.Held;
}

/** Makes the run again, to where its record ends. Throws a complaint where it is not the run that was recorded. */
export async function makeAgain(named: NamedRun, keep: KeepOptions): Promise<Remade> {
  const { scenario, seed, record } = named;
  const run = startRun(scenario, seed, keep);
  const stoppedAfter = record?.stoppedAfter ?? null;
  const stopAt = stoppedAfter ?? Number.POSITIVE_INFINITY;
  while (run.progress.steps < stopAt && !run.advance(Math.min(SLICE_EVENTS, stopAt - run.progress.steps))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const result = run.result(stoppedAfter !== null);
  if (record === null || compareWithRecord(record, result).same) return { named, run, result };
  throw complaint(
    `the run came out otherwise than recorded (digest ${result.digest}, recorded ${record.digest} by ${record.engine})`,
    "lockstep replay compares the two",
    ExitCode.DigestDiffers,
  );
}

const SLICE_EVENTS = 1 << 16;
