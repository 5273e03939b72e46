// `--report html,junit=path`: the runs of a command in further forms, in files, beside what is printed.

import { dirname } from "node:path";
import { githubSummary } from "../report/github.ts";
import { htmlReport } from "../report/html-page.ts";
import { junitText } from "../report/junit.ts";
import type { ReportedRun } from "../report/reported-run.ts";
import { runDocument, runsDocument } from "../report/run-document.ts";
import type { Layout } from "../report/signs.ts";
import { tapHead, tapRun } from "../report/tap.ts";
import { countVerdict, createTotals } from "../report/totals.ts";
import { oneOf } from "../scenario/nearest.ts";
import { makeFolder, writeWhole } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import type { Presenter } from "./present.ts";
import type { Terminal } from "./terminal.ts";

type Form = (runs: readonly ReportedRun[], layout: Layout) => string;

/** Forms by name, with the file that is written where none is named. */
const FORMS: Readonly<Record<string, readonly [file: string, form: Form]>> = {
  html: ["lockstep-report.html", htmlReport],
  junit: ["lockstep-report.xml", junitText],
  json: ["lockstep-report.json", jsonText],
  tap: ["lockstep-report.tap", tapText],
  markdown: ["lockstep-report.md", githubSummary],
};

/** What some call them. */
const OTHER_NAMES: Readonly<Record<string, string>> = { xml: "junit", md: "markdown" };

/** One report that is asked for. */
interface Wanted {
  readonly path: string;
  readonly form: Form;
}

/** The presenter, which also writes what `--report` asks for when all is over. That is judged, and its folders made, at once. */
export function withReports(text: string | undefined, terminal: Terminal, open: () => Presenter): Presenter {
  if (text === undefined) return open();
  const wanted = text.split(",").map(wantedOf);
  for (const { path } of wanted) makeFolder(dirname(path));
  const inner = open();
  const runs: ReportedRun[] = [];
  return {
    totals: inner.totals,
    showsInFull: (held) => inner.showsInFull(held) || (!held && runs.length < 5),
    run(run, replayed, beside) {
      runs.push(run);
      inner.run(run, replayed, beside);
    },
    study: (study) => inner.study(study),
    end() {
      for (const { path, form } of wanted) writeWhole(path, form(runs, { ...terminal.layout, width: 100 }));
      inner.end();
    },
  };
}

function wantedOf(text: string): Wanted {
  const [name = "", ...rest] = text.split("=");
  const known = FORMS[name.trim()];
  if (known === undefined) {
    throw complaint(`--report: there is no form "${name}"`, oneOf(OTHER_NAMES[name] ?? name, Object.keys(FORMS)));
  }
  const path = rest.join("=").trim();
  return { path: path === "" ? known[0] : path, form: known[1] };
}

function jsonText(runs: readonly ReportedRun[]): string {
  const totals = createTotals();
  for (const run of runs) countVerdict(totals, run.result.verdict);
  return `${JSON.stringify(
    runsDocument(
      runs.map((run) => runDocument(run)),
      totals,
    ),
    null,
    2,
  )}\n`;
}

function tapText(runs: readonly ReportedRun[]): string {
  return tapHead(runs.length) + runs.map((run, at) => tapRun(run, at + 1)).join("");
}
