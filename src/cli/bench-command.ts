// `lockstep bench <work>`: starts the work in a process of its own, so that its memory and time are its alone.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { nearest } from "../scenario/nearest.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { RECORDING_SETTINGS, V8_SETTINGS } from "./v8-settings.ts";

/** Works by name, each a module of the bench room that takes its own arguments. */
const WORKS: readonly (readonly [name: string, usage: string])[] = [
  ["w", "[--members n] [--clients n] [--virtual s] [--seed n] [--faults] [--no-checks] [--compact n] [--trace]"],
  ["recorded", "[--members n] [--clients n] [--events n] [--seeks n] [--seed n] [--faults]"],
  ["mvcc", "[--keys n] [--ops n] [--value bytes]"],
  ["recovery", "[--from n] [--events n] [--seed n]"],
  ["check", "<histories...> [--repeat n] [--model name]"],
  ["blackbox", "[--members n] [--clients n] [--virtual s] [--seed n] [--no-faults] [--repeat n]"],
  ["sweep", "[--runs n] [--virtual s] [--members n] [--jobs n] [--no-faults]"],
];

/** Runs the work; returns its exit code. */
export async function benchCommand(work: string, args: readonly string[]): Promise<number> {
  const asked = WORKS.find(([name]) => name === work);
  if (asked !== undefined && args.some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(`Usage: lockstep bench ${work} ${asked[1]}\n\nOne JSON line; see docs/BENCHMARKS.md.\n`);
    return ExitCode.Held;
  }
  const path = fileURLToPath(new URL(`../bench/bench-${work}.js`, import.meta.url));
  if (asked === undefined || !existsSync(path)) {
    const there = WORKS.map(([name]) => name).filter((name) =>
      existsSync(fileURLToPath(new URL(`../bench/bench-${name}.js`, import.meta.url))),
    );
    const near = nearest(work, there);
    throw complaint(
      `there is no work "${work}"`,
      near === null ? `there is ${there.join(", ")}` : `did you mean ${near}?`,
    );
  }
  const settings = work === "recorded" ? [...V8_SETTINGS, ...RECORDING_SETTINGS] : V8_SETTINGS;
  const child = spawn(process.execPath, [...settings, path, ...args], { stdio: "inherit" });
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
