// Ctrl-C and a polite kill: the first one asks a run to stop where it is, so that what ran can be written; the second one
// ends the process at once.

import { ExitCode } from "./exit-code.ts";

/** Whether and how the command was asked to stop. */
export interface Interrupts {
  readonly signal: "SIGINT" | "SIGTERM" | null;
  /** Goes back to what signals did before. */
  close(): void;
}

/** Listens from now on. */
export function listenForInterrupts(): Interrupts {
  let signal: "SIGINT" | "SIGTERM" | null = null;
  const onSignal = (name: "SIGINT" | "SIGTERM"): void => {
    if (signal !== null) process.exit(interruptExit(name));
    signal = name;
  };
  const onInt = (): void => onSignal("SIGINT");
  const onTerm = (): void => onSignal("SIGTERM");
  process.on("SIGINT", onInt);
  process.on("SIGTERM", onTerm);
  return {
    get signal() {
      return signal;
    },
    close() {
      process.off("SIGINT", onInt);
      process.off("SIGTERM", onTerm);
    },
  };
}

/** The exit code of a signal. */
export function interruptExit(signal: "SIGINT" | "SIGTERM"): number {
  return signal === "SIGINT" ? ExitCode.Interrupted : ExitCode.Terminated;
}
