// The built command line in a process of its own, as people start it.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const PROGRAM = join(ROOT, "dist/cli/lockstep.js");
export const FLAGSHIP = join(ROOT, "scenarios/partition/minority-leader.yaml");
/** Over at once, without clients or faults; its own, so that no scenario has to stay as it is for these tests. */
export const QUICK = join(ROOT, "test/cli/first-election.yaml");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Variables that decide about colour and form are taken away, so that a test means the same everywhere. */
const ENV: Record<string, string | undefined> = { ...process.env };
for (const name of [
  "NO_COLOR",
  "FORCE_COLOR",
  "COLORTERM",
  "GITHUB_ACTIONS",
  "GITHUB_STEP_SUMMARY",
  "COLUMNS",
  "LC_ALL",
  "LANG",
])
  delete ENV[name];
ENV.TERM = "xterm-256color";
ENV.LANG = "C.UTF-8";

/** A fresh folder, in which `.lockstep` may be written. */
export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), "lockstep-test-"));
}

/** Runs to the end. */
export function lockstep(
  args: readonly string[],
  options: { cwd?: string; input?: string; env?: Record<string, string> } = {},
): Ended {
  const ended = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd ?? freshFolder(),
    input: options.input ?? "",
    encoding: "utf8",
    env: { ...ENV, ...options.env },
    maxBuffer: 1 << 28,
    // A run that never ends fails its test instead of holding up the gate.
    timeout: 250_000,
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

/** Starts it, sends the signal once `isReady` says so of what was written, into files or to standard output, and waits. */
export async function interrupted(
  args: readonly string[],
  signal: NodeJS.Signals,
  cwd: string,
  isReady: (out: string) => boolean,
): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: ENV as NodeJS.ProcessEnv });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const timer = setInterval(() => {
    if (!isReady(out)) return;
    clearInterval(timer);
    child.kill(signal);
  }, 50);
  const code = await new Promise<number | null>((done) => child.on("close", done));
  clearInterval(timer);
  return { code, out, err };
}
