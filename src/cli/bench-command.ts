// `lockstep bench <work>`: starts the work in a process of its own, with the settings of V8 under which it is measured.
//
// A young generation of 16 MiB a half instead of 1 to 16 growing keeps the short-lived messages of a run from being promoted;
// less inlining and a later start of the optimizing compiler keep its own time down, which counts in a short run. The settings
// are the same for every work and are named in docs/BENCHMARKS.md.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nearest } from "../scenario/nearest.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";

/** Settings of V8. */
const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=16",
  "--min-semi-space-size=16",
  "--single-threaded-gc",
  "--max-inlined-bytecode-size-cumulative=400",
  "--interrupt-budget=150000",
];

/** Works by name, each a module of the bench room that takes its own arguments. */
const WORKS: readonly string[] = ["w", "check"];

/** Runs the work; returns its exit code. */
export async function benchCommand(work: string, args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(`../bench/bench-${work}.js`, import.meta.url));
  if (!WORKS.includes(work) || !existsSync(path)) {
    const there = WORKS.filter((name) =>
      existsSync(fileURLToPath(new URL(`../bench/bench-${name}.js`, import.meta.url))),
    );
    const near = nearest(work, there);
    throw complaint(
      `there is no work "${work}"`,
      near === null ? `there is ${there.join(", ")}` : `did you mean ${near}?`,
    );
  }
  const child = spawn(process.execPath, [...V8_FLAGS, path, ...args], { stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  return await new Promise((resolve) => {
    child.on("error", () => resolve(ExitCode.OwnError));
    child.on("exit", (code, signal) => {
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
      if (signal === "SIGINT") resolve(ExitCode.Interrupted);
      else if (signal === "SIGTERM") resolve(ExitCode.Terminated);
      else resolve(code ?? ExitCode.OwnError);
    });
  });
}
