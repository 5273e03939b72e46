// What a replay says about its record: the same run, or where it left it.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import type { ReplayComparison, RunRecord } from "../run/artifact.ts";
import type { RunResult } from "../run/result.ts";
import { counted, grouped } from "./figures.ts";
import { fillText } from "./fill.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";

/** One line when it is the same run, up to four when it is not. */
export function replayLines(
  recorded: RunRecord,
  again: RunResult,
  comparison: ReplayComparison,
  layout: Layout,
): Line[] {
  const { signs } = layout;
  const other =
    comparison.recordedEngine === ENGINE_VERSION
      ? ""
      : `, recorded by engine ${comparison.recordedEngine} and run by ${ENGINE_VERSION}`;
  if (comparison.same) {
    const text = ` the same run as recorded: digest ${again.digest}, ${counted(again.events, "event")}${other}`;
    return [[span(signs.held, "good"), span(text)]];
  }
  const lines: Line[] = [
    [span(signs.violated, "bad"), span(" not the run that was recorded", "strong"), span(other)],
    [span(`    recorded  ${recorded.digest}  ${counted(recorded.events, "event")}`)],
    [span(`    replayed  ${again.digest}  ${counted(again.events, "event")}`)],
  ];
  if (comparison.contradicts) {
    const what = recorded.digest === again.digest ? "number of events" : "digest";
    const text = `the artifact contradicts itself: all else that it recorded is as replayed, its ${what} alone is not (was it edited?)`;
    return [...lines, ...fillText([span("    ")], text, "dim", layout.width)];
  }
  if (recorded.checkpoints.length === 0) return lines;
  const from = comparison.agreesUntil;
  lines.push([
    span(
      from === 0
        ? "    they part within the first 1,024 events"
        : `    they agree for the first ${grouped(from)} events and part within the next 1,024`,
      "dim",
    ),
  ]);
  return lines;
}
