// What each measured work is as a program: flags in, one JSON line out. What is wrong with a flag is said in words, exit 2.

import { parseArgs } from "node:util";
import { AssertionError } from "../kernel/assert.ts";
import { parseSeed } from "../scenario/seed.ts";

/** The flags of one call, each read under a bound of its own. */
export interface Flags {
  /** A whole number, `from` to `to`. */
  whole(name: string, from: number, to: number): number;
  /** As `whole`, in seconds; `60s` is 60. */
  seconds(name: string, from: number, to: number): number;
  /** Whether a switch is given. */
  on(name: string): boolean;
  /** The flag `seed`, in canonical form. */
  seed(): string;
}

/** Reads the flags of `lockstep bench <work>`: those with a value and their defaults, then switches. Ends the process on others. */
export function readFlags(
  work: string,
  defaults: Readonly<Record<string, string>>,
  switches: readonly string[] = [],
): Flags {
  const fail = (message: string): never => {
    process.stderr.write(`lockstep: bench ${work}: ${message}\n`);
    process.exit(2);
  };
  const names = [...Object.keys(defaults), ...switches];
  const options = Object.fromEntries([
    ...Object.entries(defaults).map(([name, value]) => [name, { type: "string", default: value }] as const),
    ...switches.map((name) => [name, { type: "boolean", default: false }] as const),
  ]);
  let values: Readonly<Record<string, unknown>>;
  try {
    ({ values } = parseArgs({ args: process.argv.slice(2), strict: true, allowPositionals: false, options }));
  } catch {
    return fail(`flags are ${names.map((name) => `--${name}`).join(" ")}`);
  }
  const whole = (name: string, from: number, to: number, unit = ""): number => {
    const text = String(values[name]);
    const digits = text.endsWith(unit) ? text.slice(0, text.length - unit.length) : text;
    const value = /^\d{1,12}$/.test(digits) ? Number(digits) : Number.NaN;
    return value >= from && value <= to
      ? value
      : fail(`--${name} takes a whole number from ${from} to ${to}, not "${text}"`);
  };
  return {
    whole,
    seconds: (name, from, to) => whole(name, from, to, "s"),
    on: (name) => values[name] === true,
    seed: () => {
      const seed = parseSeed(String(values.seed));
      return typeof seed === "string" ? seed : fail(`--seed: ${seed.message}`);
    },
  };
}

/** Prints the line that `measure` gives; what goes wrong in it is an error of our own, exit 70. */
export async function printLine(work: string, measure: () => object | Promise<object>): Promise<void> {
  try {
    process.stdout.write(`${JSON.stringify(await measure())}\n`);
  } catch (error) {
    const said = error instanceof AssertionError ? `: ${error.message}` : "";
    process.stderr.write(`lockstep: bench ${work}: internal error${said}\n`);
    if (process.env.LOCKSTEP_DEBUG === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 70;
  }
}
