// One line on standard error that says how far it is: a spinner where there is a terminal, a plain line every ten seconds
// where there is none. Runs that are over at once show nothing.

import type { Ora } from "ora";
import { counted, grouped, shortTime } from "../report/figures.ts";
import { span } from "../report/span.ts";
import type { Terminal } from "./terminal.ts";

/** What `--progress` may say. */
export type ProgressWish = "auto" | "plain" | "none";

/** Runs shorter than this together show no progress. */
const QUIET_MICROS = 400_000;
/** Three writes a second are enough for eyes and few enough for slow terminals. */
const FRAME_MILLIS = 340;
const PLAIN_MICROS = 10_000_000;

/** Progress of a command. */
export interface Progress {
  /** How many runs there are in all. */
  readonly runs: number;
  done: number;
  failed: number;
  name: string;
  virtualDone: number;
  readonly beganAt: bigint;
  readonly style: "spinner" | "plain" | "none";
  spinner: Ora | null;
  opening: boolean;
  saidAt: bigint;
}

/** Progress over so many runs. */
export function openProgress(terminal: Terminal, wish: ProgressWish, runs: number, isShown: boolean): Progress {
  const wanted = isShown && terminal.verbosity > 0 && wish !== "none";
  const style = !wanted ? "none" : wish === "auto" && terminal.errIsTTY ? "spinner" : "plain";
  const now = process.hrtime.bigint();
  return {
    runs,
    done: 0,
    failed: 0,
    name: "",
    virtualDone: 0,
    beganAt: now,
    style,
    spinner: null,
    opening: false,
    saidAt: now,
  };
}

/** Called between slices of a run. */
export function showProgress(
  progress: Progress,
  terminal: Terminal,
  run: { readonly atMicros: number; readonly durationMicros: number },
): void {
  showLine(progress, terminal, (spent) => progressText(progress, run, spent, terminal));
}

/** Shows the line that `write` makes of the real time spent so far, when it is time for one. */
export function showLine(progress: Progress, terminal: Terminal, write: (spentMicros: number) => string): void {
  if (progress.style === "none") return;
  const now = process.hrtime.bigint();
  const spent = Number((now - progress.beganAt) / 1000n);
  if (spent < QUIET_MICROS) return;
  const text = (): string => write(spent);
  if (progress.style === "plain") {
    if (Number((now - progress.saidAt) / 1000n) < PLAIN_MICROS) return;
    progress.saidAt = now;
    terminal.err([[span(text(), "dim")]]);
    return;
  }
  if (progress.spinner !== null) {
    if (!progress.spinner.isSpinning) progress.spinner.start();
    progress.spinner.text = text();
  } else if (!progress.opening) {
    progress.opening = true;
    void openSpinner(progress, terminal);
  }
}

async function openSpinner(progress: Progress, terminal: Terminal): Promise<void> {
  const { default: ora } = await import("ora");
  const frames = terminal.layout.signs.held === "ok" ? ["-", "\\", "|", "/"] : ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇"];
  progress.spinner = ora({
    stream: process.stderr,
    discardStdin: false,
    hideCursor: false,
    spinner: { interval: FRAME_MILLIS, frames },
    ...(terminal.outLevel === 0 ? { color: false as const } : { color: "cyan" as const }),
  });
}

/** `minority-leader  45%  3 of 220 runs  12x real time  ETA 4s`. */
function progressText(
  progress: Progress,
  run: { readonly atMicros: number; readonly durationMicros: number },
  spentMicros: number,
  terminal: Terminal,
): string {
  const share = run.durationMicros === 0 ? 0 : run.atMicros / run.durationMicros;
  const whole = (progress.done + share) / Math.max(1, progress.runs);
  const parts = [progress.name];
  if (progress.runs === 1) parts.push(`${shortTime(run.atMicros)} of ${shortTime(run.durationMicros)}`);
  else parts.push(`${grouped(progress.done)} of ${counted(progress.runs, "run")}`);
  parts.push(`${Math.floor(whole * 100)}%`);
  const speed = Math.floor((progress.virtualDone + run.atMicros) / Math.max(1, spentMicros));
  if (speed > 0) parts.push(`${grouped(speed)}x real time`);
  if (whole > 0.01) parts.push(`ETA ${Math.max(1, Math.round((spentMicros * (1 - whole)) / whole / 1e6))}s`);
  if (progress.failed > 0) parts.push(`${progress.failed} failed`);
  return parts.join(` ${terminal.layout.signs.point} `).slice(0, terminal.layout.width - 4);
}

/** Takes the line away, for other lines to be written; the next `showProgress` brings it back. */
export function hideProgress(progress: Progress): void {
  if (progress.spinner !== null) progress.spinner.stop();
}
