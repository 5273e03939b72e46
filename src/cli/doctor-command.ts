// `lockstep doctor`: whether this machine runs lockstep as every other does. The same story with the same seed in two
// processes must give one digest, and the one that this engine version is known for.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ENGINE_VERSION, PROGRAM_VERSION } from "../kernel/engine.ts";
import { type Line, padded, span } from "../report/span.ts";
import { templateText } from "../scenario/template.ts";
import { ExitCode } from "./exit-code.ts";
import { GOLDEN } from "./golden.ts";
import { showsUnicode, type Terminal } from "./terminal.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Oldest Node that is supported. */
const NODE_MIN: readonly [number, number] = [20, 19];

/** The story: random faults over half a minute, so that every room of the simulator has a part in it. */
export function doctorScenario(): string {
  return templateText("random", "doctor") ?? "";
}

/** Checks the machine; 5 where digests differ. */
export async function doctorCommand(options: { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  const checks: Check[] = [nodeCheck()];
  const [first, second] = await Promise.all([digestOfChild(), digestOfChild()]);
  const isSame = first !== null && first === second;
  checks.push({
    name: "determinism",
    ok: isSame,
    detail: isSame
      ? `the same seed in two processes gives ${first}`
      : `two processes gave ${first ?? "nothing"} and ${second ?? "nothing"} for the same seed`,
  });
  const golden = GOLDEN.runs.doctor?.digest;
  const isGolden = golden !== undefined && first === golden;
  checks.push({
    name: "golden digest",
    ok: isGolden,
    detail: isGolden
      ? `engine ${ENGINE_VERSION} gives ${golden} here as elsewhere`
      : `engine ${ENGINE_VERSION} is known for ${golden ?? "no digest"}, here it gives ${first ?? "nothing"}`,
  });
  checks.push(terminalCheck(terminal));
  const { node } = process.versions;
  if (options.json === true) {
    terminal.write(`${JSON.stringify({ node, engine: ENGINE_VERSION, program: PROGRAM_VERSION, checks }, null, 2)}\n`);
  } else {
    const { signs } = terminal.layout;
    for (const { name, ok, detail } of checks) {
      const line: Line = [
        span(ok ? signs.held : signs.violated, ok ? "good" : "bad"),
        span(` ${padded(name, 15)}`),
        span(detail, "dim"),
      ];
      terminal.out([line]);
    }
  }
  if (!isSame || !isGolden) return ExitCode.DigestDiffers;
  return checks.every((check) => check.ok) ? ExitCode.Held : ExitCode.Violated;
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return { name: "node", ok, detail: `${process.versions.node}, ${NODE_MIN.join(".")} or later is needed` };
}

/** What the terminal can show; never a failure. */
function terminalCheck(terminal: Terminal): Check {
  const where = process.stdout.isTTY === true ? `a terminal of ${process.stdout.columns} columns` : "no terminal";
  const colours = ["no colour", "16 colours", "256 colours", "all colours"][terminal.outLevel] ?? "";
  const signs = showsUnicode(process.env) ? "Unicode" : "ASCII";
  return { name: "terminal", ok: true, detail: `${where}, ${colours}, ${signs}` };
}

/** The digest of the story in a process of its own; null where it gave none. */
async function digestOfChild(): Promise<string | null> {
  const path = fileURLToPath(new URL("../cli/lockstep.js", import.meta.url));
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path, "run", "-", "--seed", "1", "--json", "--progress", "none"],
      { maxBuffer: 1 << 26, cwd: fileURLToPath(new URL(".", import.meta.url)) },
      (_error, out) => resolve(digestIn(out)),
    );
    child.stdin?.on("error", () => {
      // The child is gone already; its answer says why.
    });
    child.stdin?.end(doctorScenario());
  });
}

function digestIn(text: string): string | null {
  try {
    const { runs } = JSON.parse(text) as { readonly runs: readonly { readonly digest: string }[] };
    return runs[0]?.digest ?? null;
  } catch {
    return null;
  }
}
