// Exit codes, and which one stands where several apply. They are part of the contract.

import type { Verdict } from "../run/result.ts";

/** What a command ends with. */
export const ExitCode = {
  Held: 0,
  Violated: 1,
  Usage: 2,
  Undecided: 3,
  NothingRan: 4,
  DigestDiffers: 5,
  OwnError: 70,
  Interrupted: 130,
  Terminated: 143,
} as const;

/** From the one that hides all others to the one that any other hides. */
const ORDER: readonly number[] = [
  ExitCode.Interrupted,
  ExitCode.Terminated,
  ExitCode.OwnError,
  ExitCode.Usage,
  ExitCode.DigestDiffers,
  ExitCode.Violated,
  ExitCode.Undecided,
  ExitCode.NothingRan,
  ExitCode.Held,
];

/** The code that stands when both apply. */
export function worseExit(a: number, b: number): number {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}

/** The exit code of a verdict. */
export function exitOf(verdict: Verdict): number {
  switch (verdict) {
    case "held":
      return ExitCode.Held;
    case "violated":
      return ExitCode.Violated;
    case "undecided":
      return ExitCode.Undecided;
    case "error":
      return ExitCode.OwnError;
  }
}
