// How runs are shown as they come: one presenter for each `--format`. What is shown is made by `report`; here it is only
// decided how much of it, and where it goes.

import { appendFileSync } from "node:fs";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { githubAnnotations, githubSummary } from "../report/github.ts";
import { junitText } from "../report/junit.ts";
import { type ReportedRun, replayCommand, runName } from "../report/reported-run.ts";
import { bannerLine, runBlock } from "../report/run-block.ts";
import {
  type ReplayDocument,
  type RunDocument,
  runDocument,
  runsDocument,
  type StudyDocument,
} from "../report/run-document.ts";
import { groupLine, runColumns, runHeading, runLines, type SeedGroup, shortLines } from "../report/run-line.ts";
import type { Layout } from "../report/signs.ts";
import { BLANK, type Line } from "../report/span.ts";
import { type FinishedStudy, studyLines } from "../report/study-lines.ts";
import { tapHead, tapRun } from "../report/tap.ts";
import { countVerdict, createTotals, type Totals, totalsLines } from "../report/totals.ts";
import type { Terminal } from "./terminal.ts";

/** Forms of the output. */
export const FORMATS = ["pretty", "compact", "json", "ndjson", "tap", "junit", "github", "silent"] as const;

/** A form of the output. */
export type Format = (typeof FORMATS)[number];

/** Runs of one scenario or variant, as planned. */
export interface PlannedGroup {
  readonly name: string;
  readonly seeds: string;
  readonly runs: number;
}

/** Takes runs as they end. */
export interface Presenter {
  readonly totals: Totals;
  /** Whether the next run will be shown in full, so that it is worth telling its story. */
  showsInFull(held: boolean): boolean;
  /** `beside` is said after the run: what a replay compared. */
  run(run: ReportedRun, replayed?: ReplayDocument, beside?: readonly Line[]): void;
  study(study: FinishedStudy): void;
  end(): void;
}

/** Counts a run; one that is not the run that was recorded counts as failed, whatever it came to. */
function count(totals: Totals, run: ReportedRun, replayed: ReplayDocument | undefined): void {
  countVerdict(totals, replayed?.same === false ? "error" : run.result.verdict);
}

/** Failed runs that are shown in full; of more, the line and the command. */
const BLOCKS_MAX = 5;

/** The presenter of a format. */
export function openPresenter(format: Format, groups: readonly PlannedGroup[], terminal: Terminal): Presenter {
  switch (format) {
    case "pretty":
      return process.env.GITHUB_ACTIONS === "true"
        ? githubPresenter(prettyPresenter(groups, terminal), terminal)
        : prettyPresenter(groups, terminal);
    case "github":
      return githubPresenter(prettyPresenter(groups, terminal), terminal);
    case "compact":
      return compactPresenter(groups, terminal);
    case "json":
    case "ndjson":
      return jsonPresenter(format, terminal);
    case "tap":
      return tapPresenter(groups, terminal);
    case "junit":
      return junitPresenter(terminal);
    case "silent":
      return silentPresenter();
  }
}

/** A run where only what went wrong is wanted; for a replay that is another run than recorded, too. */
function quietLines(
  run: ReportedRun,
  replayed: ReplayDocument | undefined,
  beside: readonly Line[],
  layout: Layout,
): readonly Line[] {
  const differs = replayed?.same === false;
  if (run.result.verdict === "held" && !differs) return [];
  return [...shortLines(run, layout), ...(differs ? beside : [])];
}

/** A study where only what went wrong is wanted: of one that failed the expectations that did. */
function quietStudy(study: FinishedStudy, layout: Layout): readonly Line[] {
  if (study.document.held) return [];
  const expectations = study.document.expectations.filter(({ held }) => !held);
  return studyLines({ ...study, document: { ...study.document, expectations } }, layout);
}

function prettyPresenter(groups: readonly PlannedGroup[], terminal: Terminal): Presenter {
  const { layout, verbosity } = terminal;
  const totals = createTotals();
  const planned = groups.reduce((sum, group) => sum + group.runs, 0);
  const columns = runColumns(
    groups.map((group) => group.name),
    groups.map((group) => (group.runs === 1 ? group.seeds : "")),
    terminal.layout.width,
  );
  const inFull = planned === 1 || verbosity >= 2;
  let blocks = 0;
  let isHeaded = false;
  let last: ReportedRun | null = null;
  /** Whether the last thing shown was a block, which wants air around it. */
  let afterBlock = true;
  let current: SeedGroup | null = null;
  if (verbosity > 0) terminal.out([bannerLine(ENGINE_VERSION, `node ${process.versions.node}`, layout), BLANK]);
  const showBlock = (lines: readonly Line[]): void => {
    terminal.out(afterBlock ? [...lines, BLANK] : [BLANK, ...lines, BLANK]);
    afterBlock = true;
  };
  const showLines = (lines: readonly Line[]): void => {
    terminal.out(lines);
    afterBlock = false;
  };
  const countInGroup = (run: ReportedRun): void => {
    const group = groups.find((one) => one.name === runName(run));
    if (group === undefined || group.runs < 2 || inFull) return;
    if (current === null || current.name !== group.name)
      current = { name: group.name, seeds: group.seeds, runs: 0, held: 0, undecided: 0, events: 0, wallMicros: 0 };
    const { result } = run;
    current = {
      ...current,
      runs: current.runs + 1,
      held: current.held + (result.verdict === "held" ? 1 : 0),
      undecided: current.undecided + (result.verdict === "undecided" ? 1 : 0),
      events: current.events + result.events,
      wallMicros: (current.wallMicros ?? 0) + (run.wallMicros ?? 0),
    };
    if (current.runs < group.runs) return;
    showLines([groupLine(current, columns, layout)]);
    current = null;
  };
  const showsInFull = (held: boolean): boolean => verbosity > 0 && (inFull || (!held && blocks < BLOCKS_MAX));
  return {
    totals,
    showsInFull,
    run(run, replayed, beside = []) {
      count(totals, run, replayed);
      last = run;
      const held = run.result.verdict === "held";
      if (verbosity === 0) {
        terminal.out(quietLines(run, replayed, beside, layout));
        return;
      }
      const alone = (groups.find((one) => one.name === runName(run))?.runs ?? 1) === 1;
      if (showsInFull(held)) {
        if (!held) blocks++;
        showBlock(beside.length === 0 ? runBlock(run, layout) : [...runBlock(run, layout), BLANK, ...beside]);
      } else if (!held || alone) {
        const heading = isHeaded ? [] : [runHeading(columns)];
        isHeaded = true;
        showLines([...heading, ...runLines(run, columns, layout), ...beside]);
      }
      countInGroup(run);
    },
    study(study) {
      if (verbosity > 0) showBlock(studyLines(study, layout));
      else terminal.out(quietStudy(study, layout));
    },
    end() {
      const command = planned === 1 && last !== null && totals.passed === 1 ? replayCommand(last) : null;
      if (!afterBlock) terminal.out([BLANK]);
      terminal.out(totalsLines(totals, command, layout));
    },
  };
}

function compactPresenter(groups: readonly PlannedGroup[], terminal: Terminal): Presenter {
  const totals = createTotals();
  const columns = runColumns(
    groups.map((group) => group.name),
    groups.map((group) => (group.runs === 1 ? group.seeds : "")),
    terminal.layout.width,
  );
  return {
    totals,
    showsInFull: () => false,
    run(run, replayed, beside = []) {
      count(totals, run, replayed);
      const { layout, verbosity } = terminal;
      terminal.out(
        verbosity > 0 ? [...runLines(run, columns, layout), ...beside] : quietLines(run, replayed, beside, layout),
      );
    },
    study(study) {
      const { layout, verbosity } = terminal;
      terminal.out(verbosity > 0 ? studyLines(study, layout) : quietStudy(study, layout));
    },
    end: () => terminal.out(totalsLines(totals, null, terminal.layout)),
  };
}

function jsonPresenter(format: "json" | "ndjson", terminal: Terminal): Presenter {
  const totals = createTotals();
  const runs: RunDocument[] = [];
  const studies: StudyDocument[] = [];
  return {
    totals,
    showsInFull: () => false,
    run(run, replayed) {
      count(totals, run, replayed);
      const document = runDocument(run, replayed ?? null);
      if (format === "ndjson") terminal.write(`${JSON.stringify(document)}\n`);
      else runs.push(document);
    },
    study({ document }) {
      if (format === "json") studies.push(document);
      else terminal.write(`${JSON.stringify({ study: document })}\n`);
    },
    end() {
      if (format === "json") terminal.write(`${JSON.stringify(runsDocument(runs, totals, studies), null, 2)}\n`);
    },
  };
}

function tapPresenter(groups: readonly PlannedGroup[], terminal: Terminal): Presenter {
  const totals = createTotals();
  let number = 0;
  terminal.write(tapHead(groups.reduce((sum, group) => sum + group.runs, 0)));
  return {
    totals,
    showsInFull: () => false,
    run(run, replayed) {
      count(totals, run, replayed);
      terminal.write(tapRun(run, ++number));
    },
    study({ document }) {
      // Beyond the plan on purpose when it failed: no reader of TAP then takes the whole for good.
      if (document.held) terminal.write(`# study ${document.scenario} held\n`);
      else terminal.write(`not ok ${++number} - study ${document.scenario} failed\n`);
    },
    end() {},
  };
}

function junitPresenter(terminal: Terminal): Presenter {
  const totals = createTotals();
  const runs: ReportedRun[] = [];
  return {
    totals,
    showsInFull: () => false,
    run(run, replayed) {
      count(totals, run, replayed);
      runs.push(run);
    },
    study() {},
    end: () => terminal.write(junitText(runs, terminal.layout)),
  };
}

/** Annotations and a summary after what is shown anyway. */
function githubPresenter(inner: Presenter, terminal: Terminal): Presenter {
  const runs: ReportedRun[] = [];
  return {
    totals: inner.totals,
    showsInFull: (held) => inner.showsInFull(held),
    run(run, replayed, beside) {
      runs.push(run);
      inner.run(run, replayed, beside);
    },
    study: (study) => inner.study(study),
    end() {
      inner.end();
      terminal.write(githubAnnotations(runs));
      const path = process.env.GITHUB_STEP_SUMMARY;
      if (path === undefined || path === "") return;
      try {
        appendFileSync(path, githubSummary(runs, terminal.layout));
      } catch {
        // The summary is beside the point; the lines above have said it all.
      }
    },
  };
}

function silentPresenter(): Presenter {
  const totals = createTotals();
  return {
    totals,
    showsInFull: () => false,
    run: (run, replayed) => count(totals, run, replayed),
    study() {},
    end() {},
  };
}
