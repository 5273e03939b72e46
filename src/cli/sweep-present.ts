// How a sweep is shown: the first failure of each kind in full as it comes, all kinds at the end; or every run as JSON, written
// as it comes, so that memory stays flat.

import { appendFileSync } from "node:fs";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { fillText, labelSpan } from "../report/fill.ts";
import { githubAnnotations, githubSummary } from "../report/github.ts";
import { junitText } from "../report/junit.ts";
import type { ReportedRun } from "../report/reported-run.ts";
import { bannerLine, runBlock } from "../report/run-block.ts";
import { BLANK } from "../report/span.ts";
import { type FailureGroup, groupLines, type SweepFigures, sweepFigureLines } from "../report/sweep-lines.ts";
import { type Totals, totalsLines } from "../report/totals.ts";
import type { SweptDocument } from "../sweep/task.ts";
import type { Terminal } from "./terminal.ts";

/** Forms of the output of a sweep. */
export const SWEEP_FORMATS = ["pretty", "json", "ndjson", "junit", "github", "silent"] as const;

export type SweepFormat = (typeof SWEEP_FORMATS)[number];

/** What a sweep came to at its end. */
export interface SweepEnd {
  readonly strategy: string;
  readonly totals: Totals;
  readonly groups: readonly FailureGroup[];
  readonly figures: SweepFigures;
}

/** Takes the runs of a sweep in their order. */
export interface SweepPresenter {
  begin(facts: readonly string[]): void;
  run(document: SweptDocument): void;
  /** The first failure of its kind. */
  failure(run: ReportedRun, signature: string, drawn: readonly string[]): void;
  end(end: SweepEnd): void;
}

/** Kinds of failures that are shown in full. */
const BLOCKS_MAX = 5;

export function openSweepPresenter(format: SweepFormat, terminal: Terminal): SweepPresenter {
  switch (format) {
    case "pretty":
      return process.env.GITHUB_ACTIONS === "true" ? github(terminal) : pretty(terminal);
    case "github":
      return github(terminal);
    case "json":
    case "ndjson":
      return json(format, terminal);
    case "junit":
      return junit(terminal);
    case "silent":
      return { begin() {}, run() {}, failure() {}, end() {} };
  }
}

function pretty(terminal: Terminal): SweepPresenter {
  const { layout, verbosity } = terminal;
  let blocks = 0;
  return {
    begin(facts) {
      if (verbosity === 0) return;
      terminal.out([bannerLine(ENGINE_VERSION, `node ${process.versions.node}`, layout)]);
      for (const fact of facts) terminal.out(fillText([], fact, "dim", layout.width));
      terminal.out([BLANK]);
    },
    run() {},
    failure(run, _signature, drawn) {
      // What went wrong is said at the end, by kinds.
      if (verbosity === 0 || ++blocks > BLOCKS_MAX) return;
      terminal.out(runBlock(run, layout));
      if (drawn.length > 0) terminal.out(fillText([labelSpan("drawn")], drawn.join(", "), "dim", layout.width));
      terminal.out([BLANK]);
    },
    end({ totals, groups, figures }) {
      if (groups.length > 0) terminal.out([...groupLines(groups, layout), BLANK]);
      if (verbosity > 0) terminal.out([...sweepFigureLines(figures, layout), BLANK]);
      terminal.out(totalsLines(totals, null, layout));
    },
  };
}

function github(terminal: Terminal): SweepPresenter {
  const inner = pretty(terminal);
  const firsts: ReportedRun[] = [];
  return {
    ...inner,
    failure(run, signature, drawn) {
      firsts.push(run);
      inner.failure(run, signature, drawn);
    },
    end(end) {
      inner.end(end);
      terminal.write(githubAnnotations(firsts));
      const path = process.env.GITHUB_STEP_SUMMARY;
      if (path === undefined || path === "") return;
      try {
        appendFileSync(path, githubSummary(firsts, terminal.layout));
      } catch {
        // The summary is beside the point; the lines above have said it all.
      }
    },
  };
}

/** One document whose runs are written as they come, or a line a run. */
function json(format: "json" | "ndjson", terminal: Terminal): SweepPresenter {
  let runs = 0;
  return {
    begin() {
      if (format === "json") terminal.write(`{"engine":${JSON.stringify(ENGINE_VERSION)},"runs":[`);
    },
    run(document) {
      if (format === "ndjson") terminal.write(`${JSON.stringify(document)}\n`);
      else terminal.write(`${runs++ === 0 ? "\n" : ",\n"}${JSON.stringify(document)}`);
    },
    failure() {},
    end({ strategy, totals, groups }) {
      if (format === "ndjson") return;
      const rest = JSON.stringify({ strategy, groups, ...totals });
      terminal.write(`\n],${rest.slice(1)}\n`);
    },
  };
}

/** A case for the first failure of each kind, and one for all that held: a case a seed would make files explode. */
function junit(terminal: Terminal): SweepPresenter {
  const firsts: ReportedRun[] = [];
  return {
    begin() {},
    run() {},
    failure: (run) => void firsts.push(run),
    end({ strategy, totals }) {
      const text = junitText(firsts, terminal.layout, 1);
      const all = `  <testsuite name="sweep" tests="1" failures="0">\n    <testcase classname="sweep" name="${totals.passed} of ${totals.passed + totals.failed + totals.undecided} runs held (${strategy})"/>\n  </testsuite>\n`;
      terminal.write(text.replace("</testsuites>\n", `${all}</testsuites>\n`));
    },
  };
}
