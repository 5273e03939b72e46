// Runs in the Test Anything Protocol, version 14.

import { formatMicros } from "../kernel/time.ts";
import { type ReportedRun, replayCommand, runName } from "./reported-run.ts";
import { headline } from "./run-block.ts";

/** The head, once the number of runs is known. */
export function tapHead(runs: number): string {
  return `TAP version 14\n1..${runs}\n`;
}

/** The lines of one run, numbered from 1. */
export function tapRun(run: ReportedRun, number: number): string {
  const { result } = run;
  const held = result.verdict === "held";
  const name = `${runName(run)} seed ${result.seed}`.replaceAll("#", "\\#");
  const point = `${held ? "ok" : "not ok"} ${number} - ${name}\n`;
  if (held) return point;
  const lines = [
    "  ---",
    `  verdict: ${result.verdict}`,
    `  message: ${JSON.stringify(headline(result))}`,
    `  text: ${JSON.stringify(result.violation?.text ?? result.note)}`,
    `  at: ${JSON.stringify(formatMicros(result.violation?.atMicros ?? result.virtualMicros))}`,
    `  digest: "${result.digest}"`,
  ];
  const command = replayCommand(run);
  if (command !== null) lines.push(`  replay: ${JSON.stringify(command)}`);
  return `${point}${lines.join("\n")}\n  ...\n`;
}
