// A sweep in lines: its failures in groups that look alike, and what all runs together came to.

import { counted, grouped, shortTime, spentTime } from "./figures.ts";
import { fillItems, fillText, labelSpan } from "./fill.ts";
import { shellWord } from "./reported-run.ts";
import type { Layout } from "./signs.ts";
import { type Line, type Span, span } from "./span.ts";

/** Failures with one signature. */
export interface FailureGroup {
  readonly signature: string;
  runs: number;
  /** The first few seeds, each with its scenario. */
  readonly seeds: string[];
  /** Where the first one was written. */
  artifact: string | null;
  /** Where a small scenario that fails alike was written, and how large it is. */
  minimal: string | null;
  size: string | null;
  /** Why there is no small scenario; null where there is one. */
  unshrunk: string | null;
}

/** Seeds that are named of each group. */
export const SEEDS_NAMED_MAX = 8;

/** What a sweep came to besides its verdicts. */
export interface SweepFigures {
  readonly runs: number;
  readonly virtualMicros: number;
  readonly wallMicros: number;
  /** Runs that were made before the sweep was resumed, in other time. */
  readonly earlier: number;
  readonly events: number;
  /** Sums of what was reached, by counter. */
  readonly coverage: ReadonlyMap<string, number>;
}

/** The line while it goes on: `1,204 of 10,000 seeds · 18.2 seeds/s · 1,092x real time · ETA 8m 3s · 2 failed`. */
export function sweepProgress(
  done: number,
  planned: number,
  virtualMicros: number,
  spentMicros: number,
  leftMicros: number | null,
  failed: number,
  layout: Layout,
): string {
  const seconds = Math.max(1, spentMicros) / 1e6;
  const rate = done / seconds;
  const parts = [
    planned === Number.POSITIVE_INFINITY ? counted(done, "run") : `${grouped(done)} of ${counted(planned, "run")}`,
  ];
  parts.push(`${rate < 100 ? rate.toFixed(1) : grouped(Math.floor(rate))} seeds/s`);
  parts.push(`${grouped(Math.floor(virtualMicros / Math.max(1, spentMicros)))}x real time`);
  const left = leftMicros ?? (rate > 0 ? ((planned - done) / rate) * 1e6 : null);
  if (left !== null && Number.isFinite(left)) parts.push(`ETA ${spentTime(Math.max(0, left))}`);
  if (failed > 0) parts.push(`${grouped(failed)} failed`);
  return parts.join(` ${layout.signs.point} `);
}

/** The groups, the largest first. */
export function groupLines(groups: readonly FailureGroup[], layout: Layout): Line[] {
  const lines: Line[] = [];
  for (const group of [...groups].sort((a, b) => b.runs - a.runs || (a.signature < b.signature ? -1 : 1))) {
    const head: Span[] = [
      span(layout.signs.violated, "bad"),
      span(` ${counted(group.runs, "run")}  `.padStart(10), "strong"),
    ];
    lines.push(...fillText(head, group.signature, "bad", layout.width));
    const more = group.runs > group.seeds.length ? `, ${layout.signs.more}` : "";
    lines.push(
      ...fillText([span("    seeds     ", "label")], `${group.seeds.join(", ")}${more}`, "plain", layout.width),
    );
    if (group.artifact !== null) {
      lines.push([
        span("    replay    ", "label"),
        span(`npx lockstep replay ${shellWord(group.artifact)}`, "command"),
      ]);
    }
    if (group.minimal !== null) {
      lines.push([span("    minimal   ", "label"), span(`npx lockstep ${shellWord(group.minimal)}`, "command")]);
      if (group.size !== null) lines.push([span("              "), span(group.size, "dim")]);
    } else if (group.unshrunk !== null) {
      lines.push(...fillText([span("    minimal   ", "label")], `none: ${group.unshrunk}`, "dim", layout.width));
    }
  }
  return lines;
}

/** What all runs together came to. */
export function sweepFigureLines(figures: SweepFigures, layout: Layout): Line[] {
  const { runs, virtualMicros, wallMicros, earlier, events, coverage } = figures;
  const seconds = Math.max(1, wallMicros) / 1e6;
  const rate = ((runs - earlier) / seconds).toFixed(1);
  const made =
    earlier === 0
      ? ` in ${spentTime(wallMicros)}: ${rate} seeds/s`
      : `; ${counted(runs - earlier, "run")} of them now in ${spentTime(wallMicros)}: ${rate} seeds/s`;
  const facts = `${counted(runs, "run")} of ${shortTime(virtualMicros)} virtual time together, ${counted(events, "event")}${made}`;
  const seen = [...coverage]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]): Line => [span(`${name} ${grouped(count)}`, "dim")]);
  return [
    ...fillText([labelSpan("swept")], facts, "plain", layout.width),
    ...fillItems(labelSpan("seen"), seen, span("  "), layout.width),
  ];
}
