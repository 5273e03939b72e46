// Runs as one page that needs nothing else: totals, and each run as the terminal shows it, in colours for light and dark ground.

import { type ReportedRun, runName } from "./reported-run.ts";
import { headline, runBlock } from "./run-block.ts";
import type { Layout } from "./signs.ts";
import type { Line } from "./span.ts";
import { lineText } from "./span.ts";

const STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1f2328; --dim: #6e7781; --bad: #cf222e; --good: #1a7f37; --warn: #9a6700; --leader: #0969da; --fault: #8250df; --command: #0a7ea4; --edge: #d1d9e0; }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --ink: #e6edf3; --dim: #8d96a0; --bad: #f85149; --good: #3fb950; --warn: #d29922; --leader: #4493f8; --fault: #bc8cff; --command: #39c5cf; --edge: #3d444d; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.45 ui-sans-serif, system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
pre { font: 13px/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-x: auto; }
details { border: 1px solid var(--edge); border-radius: 6px; margin: 0.6rem 0; padding: 0 1rem; } summary { cursor: pointer; padding: 0.5rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .dim, .label { color: var(--dim); } .strong { font-weight: 600; }
.leader { color: var(--leader); } .fault { color: var(--fault); } .command { color: var(--command); }`;

/** The page; ends with a newline. Failed runs are open, the others closed. */
export function htmlReport(runs: readonly ReportedRun[], layout: Layout): string {
  const failed = runs.filter((run) => run.result.verdict !== "held");
  const held = runs.length - failed.length;
  const title = `${held} passed, ${failed.length} not`;
  const parts = [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>lockstep: ${title}</title><style>${STYLE}</style></head><body>`,
    `<h1>lockstep: ${title}</h1>`,
  ];
  for (const run of [...failed, ...runs.filter((one) => one.result.verdict === "held")]) {
    const isHeld = run.result.verdict === "held";
    const said = isHeld ? "" : `: ${headline(run.result)}`;
    parts.push(
      `<details${isHeld ? "" : " open"}><summary><span class="${isHeld ? "good" : "bad"}">${isHeld ? "✓" : "✗"}</span> ${escaped(runName(run))} seed ${run.result.seed}${escaped(said)}</summary>`,
      `<pre>${runBlock(run, layout).map(lineHtml).join("\n")}</pre></details>`,
    );
  }
  parts.push("</body></html>");
  return `${parts.join("\n")}\n`;
}

function lineHtml(line: Line): string {
  if (lineText(line).trim() === "") return "";
  return line
    .map(({ text, role }) => (role === "plain" ? escaped(text) : `<span class="${role}">${escaped(text)}</span>`))
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
