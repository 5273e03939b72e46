// Runs as JUnit's XML, which most CI systems read: a suite for each scenario, a case for each seed.

import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import { headline, runBlock } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import { lineText } from "./span.ts";

/** Lines of a failure that are shown; the artifact has the rest. */
const FAILURE_LINES_MAX = 20;

/** The whole document; `others`: cases that are added to it, all of which passed. */
export function junitText(runs: readonly ReportedRun[], layout: Layout, others: number = 0): string {
  const names: string[] = [];
  for (const run of runs) if (!names.includes(runName(run))) names.push(runName(run));
  const failed = runs.filter((run) => run.result.verdict !== "held").length;
  let text = `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="lockstep" tests="${runs.length + others}" failures="${failed}">\n`;
  for (const name of names)
    text += suite(
      name,
      runs.filter((run) => runName(run) === name),
      layout,
    );
  return `${text}</testsuites>\n`;
}

function suite(name: string, runs: readonly ReportedRun[], layout: Layout): string {
  const failed = runs.filter((run) => run.result.verdict !== "held").length;
  let text = `  <testsuite name="${escaped(name)}" tests="${runs.length}" failures="${failed}">\n`;
  for (const run of runs) {
    const seconds = (run.wallMicros ?? 0) / 1e6;
    const head = `    <testcase classname="${escaped(name)}" name="seed ${run.result.seed}" time="${seconds.toFixed(3)}"`;
    if (run.result.verdict === "held") {
      text += `${head}/>\n`;
      continue;
    }
    const lines = runBlock(run, layout).map(lineText).slice(0, FAILURE_LINES_MAX).join("\n");
    const replay = replayCommand(run);
    text += `${head}>\n      <properties>\n        <property name="seed" value="${run.result.seed}"/>\n`;
    if (replay !== null) text += `        <property name="replay" value="${escaped(replay)}"/>\n`;
    text += `      </properties>\n      <failure message="${escaped(headline(run.result))}">${escaped(lines)}</failure>\n`;
    text += "    </testcase>\n";
  }
  return `${text}  </testsuite>\n`;
}

function escaped(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no place for them
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\uFFFD")
  );
}
