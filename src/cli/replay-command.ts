// `lockstep replay`: makes recorded runs again and compares digests; or runs `seed:scenario`.

import { replayLines } from "../report/replay-lines.ts";
import type { ReplayDocument } from "../report/run-document.ts";
import { compareWithRecord } from "../run/artifact.ts";
import { openStore, writeArtifact } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import { drive, toldOf } from "./drive.ts";
import { ExitCode, exitOf, worseExit } from "./exit-code.ts";
import { interruptExit, listenForInterrupts } from "./interrupts.ts";
import { overrideWords } from "./override.ts";
import { openPresenter } from "./present.ts";
import { hideProgress, openProgress, showProgress } from "./progress.ts";
import { withReports } from "./report-files.ts";
import { resolveRuns } from "./resolve-run.ts";
import { formatOf, type RunOptions, wantsToken } from "./run-command.ts";
import { breakLines, isStopped, sayNever, stopOf, stopWords } from "./stop-options.ts";
import type { Terminal } from "./terminal.ts";

/** Runs again; returns the exit code. */
export async function replayCommand(
  names: readonly string[],
  options: RunOptions,
  terminal: Terminal,
): Promise<number> {
  const stop = stopOf(options);
  const { runs: replays, broken } = await resolveRuns(names, options);
  for (const lines of broken) terminal.err(lines);
  if (replays.length === 0 && broken.length > 0) return ExitCode.Usage;
  if (replays.length === 0)
    throw complaint(
      `there is no artifact in ${names.join(", ")}`,
      "artifacts are *.run.json files",
      ExitCode.NothingRan,
    );
  const store = openStore(options.out);
  const format = formatOf(options);
  const groups = replays.map(({ scenario, seed }) => ({
    name: scenario.variant === null ? scenario.name : `${scenario.name}/${scenario.variant}`,
    seeds: seed,
    runs: 1,
  }));
  const presenter = withReports(options.report, terminal, () => openPresenter(format, groups, terminal));
  const progress = openProgress(terminal, options.progress ?? "auto", replays.length, format !== "silent");
  const interrupts = listenForInterrupts();
  const tokenInFull = wantsToken(options, terminal);
  let cameTrue = 0;
  let exit: number = broken.length > 0 ? ExitCode.Usage : ExitCode.Held;
  try {
    for (const replay of replays) {
      const { record } = replay;
      progress.name = replay.scenario.name;
      const driven = await drive(replay.scenario, replay.seed, {
        interrupts,
        onSlice: (state) => showProgress(progress, terminal, state),
        ...(stop === null ? {} : { until: stop.predicate }),
        ...(record?.stoppedAfter == null ? {} : { stopAfterEvents: record.stoppedAfter }),
      });
      const { result } = driven;
      progress.done++;
      hideProgress(progress);
      const written =
        store.keepsAll || (record === null && result.verdict !== "held")
          ? writeArtifact(store, driven.scenario, result, replay.file)
          : replay.artifact;
      const run = {
        scenario: driven.scenario,
        result,
        file: replay.file,
        artifact: written,
        wallMicros: driven.wallMicros,
        overrides: record === null ? [...overrideWords(options), ...stopWords(options)] : null,
        ...(await toldOf(driven, { inFull: presenter.showsInFull(result.verdict === "held"), tokenInFull })),
      };
      exit = worseExit(exit, exitOf(result.verdict));
      const beside = breakLines(stop, driven.scenario, result, terminal);
      // A run that was stopped on the way is not the one that was recorded, and is not held against it.
      if (isStopped(result)) cameTrue++;
      if (record === null || (stop !== null && isStopped(result)) || interrupts.signal !== null)
        presenter.run(run, undefined, beside);
      else {
        const comparison = compareWithRecord(record, result);
        const document: ReplayDocument = {
          same: comparison.same,
          recordedDigest: record.digest,
          recordedEngine: comparison.recordedEngine,
          agreesUntil: comparison.agreesUntil,
          ...(comparison.contradicts ? { contradicts: true } : {}),
        };
        if (!comparison.same) exit = worseExit(exit, ExitCode.DigestDiffers);
        presenter.run(run, document, replayLines(record, result, comparison, terminal.layout));
      }
      if (interrupts.signal !== null) break;
    }
  } finally {
    hideProgress(progress);
    interrupts.close();
  }
  presenter.end();
  if (interrupts.signal !== null) return interruptExit(interrupts.signal);
  sayNever(stop, cameTrue, progress.done, terminal);
  return exit;
}
