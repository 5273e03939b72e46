// Failures as annotations of GitHub Actions, and the summary of a job. GitHub shows ten annotations of a kind a step; what
// is beyond stands in the summary alone.

import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import { headline, runBlock } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import { lineText } from "./span.ts";

const ANNOTATIONS_MAX = 10;
/** A summary may have 1 MiB; this leaves room for what others write. */
const SUMMARY_CHARACTERS_MAX = 500_000;

/** The workflow commands of the failed runs. */
export function githubAnnotations(runs: readonly ReportedRun[]): string {
  let text = "";
  for (const run of failedOf(runs).slice(0, ANNOTATIONS_MAX)) {
    const file = run.file === null || run.file === "-" ? "" : `file=${property(run.file)},line=1,`;
    const title = property(`${runName(run)} seed ${run.result.seed}`);
    const said = run.result.violation?.text ?? run.result.note;
    const message = [headline(run.result), said, replayCommand(run) ?? ""].filter((part) => part !== "").join("\n");
    text += `::error ${file}title=${title}::${data(message)}\n`;
  }
  return text;
}

/** The summary in Markdown. */
export function githubSummary(runs: readonly ReportedRun[], layout: Layout): string {
  const failed = failedOf(runs);
  let text = `### Lockstep: ${runs.length - failed.length} passed, ${failed.length} failed\n\n`;
  for (const run of failed) {
    const block = runBlock(run, layout).map(lineText).join("\n");
    const part = `<details><summary>${runName(run)} seed ${run.result.seed}: ${headline(run.result)}</summary>\n\n\`\`\`\n${block}\n\`\`\`\n</details>\n`;
    if (text.length + part.length > SUMMARY_CHARACTERS_MAX) return `${text}\nMore failed than there is room for.\n`;
    text += part;
  }
  return text;
}

function failedOf(runs: readonly ReportedRun[]): ReportedRun[] {
  return runs.filter((run) => run.result.verdict !== "held");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
