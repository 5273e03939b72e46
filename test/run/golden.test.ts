/**
 * The digests of all scenario files, as they were when `golden.json` was written. A change that alters runs shows here: then
 * the engine version rises, and the file is written anew with
 *
 *   LOCKSTEP_GOLDEN=write npx vitest run --config test/vitest.config.ts test/run/golden.test.ts
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ENGINE_VERSION } from "../../src/kernel/engine.ts";
import { CHECKPOINT_EVENTS } from "../../src/kernel/limits.ts";
import { executeScenario } from "../../src/run/execute.ts";
import type { RunResult } from "../../src/run/result.ts";
import { fileRuns } from "./files.ts";

const FILE = resolve(import.meta.dirname, "golden.json");

/** Checkpoints kept of one run: the first ones, then every second, every fourth …, so that long runs stay short here. */
const KEPT = 32;

interface Golden {
  readonly engine: string;
  readonly runs: Readonly<Record<string, GoldenRun>>;
}

interface GoldenRun {
  readonly seed: string;
  readonly events: number;
  readonly digest: string;
  /** `<events>:<digest after them>`, ascending. */
  readonly checkpoints: readonly string[];
}

function goldenOf(result: RunResult): GoldenRun {
  const stride = Math.max(1, Math.ceil(result.checkpoints.length / KEPT));
  const checkpoints = result.checkpoints
    .map((digest, at) => `${(at + 1) * CHECKPOINT_EVENTS}:${digest}`)
    .filter((_, at) => (at + 1) % stride === 0);
  return { seed: result.seed, events: result.events, digest: result.digest, checkpoints };
}

/** Where two runs part: the events between which the first difference lies; empty where they are the same. */
function difference(recorded: GoldenRun, again: GoldenRun): string {
  if (recorded.digest === again.digest && recorded.events === again.events) return "";
  let agreed = 0;
  for (const [at, checkpoint] of recorded.checkpoints.entries()) {
    const seen = again.checkpoints[at];
    if (seen === checkpoint) {
      agreed = Number(checkpoint.split(":")[0]);
      continue;
    }
    return `the runs agree on the first ${agreed} events and differ at event ${checkpoint.split(":")[0]} (was ${checkpoint}, is ${seen ?? "over"})`;
  }
  return `the runs agree on the first ${agreed} events; in the end ${recorded.events} events came to ${recorded.digest}, now ${again.events} to ${again.digest}`;
}

const RUNS = fileRuns();

if (process.env.LOCKSTEP_GOLDEN === "write") {
  const runs = Object.fromEntries(
    RUNS.map(({ name, scenario, seed }) => [name, goldenOf(executeScenario(scenario, seed))]),
  );
  writeFileSync(FILE, `${JSON.stringify({ engine: ENGINE_VERSION, runs } satisfies Golden, null, 1)}\n`);
}

const golden: Golden = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, "utf8")) as Golden)
  : { engine: "none", runs: {} };

describe("golden digests", () => {
  test("are those of this engine, one for each file and variant", () => {
    expect(golden.engine).toBe(ENGINE_VERSION);
    expect(Object.keys(golden.runs).sort()).toEqual(RUNS.map((run) => run.name).sort());
  });

  test.each(RUNS.map((run) => [run.name, run] as const))("%s", (name, { scenario, seed }) => {
    const recorded = golden.runs[name];
    if (recorded === undefined) throw new Error(`${name} has no golden digest yet: write the file anew`);
    expect(recorded.seed).toBe(seed);
    expect(difference(recorded, goldenOf(executeScenario(scenario, seed)))).toBe("");
  });

  test("a run that differs is told apart by its first differing checkpoint", () => {
    const { scenario } = RUNS.find((run) => run.name === "random/everything") ?? RUNS[0]!;
    const one = goldenOf(executeScenario(scenario, "1"));
    const other = goldenOf(executeScenario(scenario, "2"));
    expect(difference(one, one)).toBe("");
    expect(difference(one, other)).toContain(
      `agree on the first 0 events and differ at event ${one.checkpoints[0]!.split(":")[0]}`,
    );
    const later: GoldenRun = {
      ...one,
      digest: "0",
      checkpoints: [...one.checkpoints.slice(0, 3), "x", ...one.checkpoints.slice(4)],
    };
    expect(difference(one, later)).toContain(`agree on the first ${one.checkpoints[2]!.split(":")[0]} events`);
    expect(difference(one, { ...one, digest: "0" })).toContain("in the end");
  });
});
