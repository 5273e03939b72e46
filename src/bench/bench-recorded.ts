// `lockstep bench recorded`: what time travel costs. The work is W as a scenario, with every check on: once in fast mode with
// keyframes (the timeline), once recorded step by step on drafts; then random steps of the timeline are sought. One JSON line.

import { RandomChoices } from "../kernel/choose.ts";
import { digestText } from "../kernel/digest.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { CLIENTS_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { startRun } from "../run/execute.ts";
import { Recorder } from "../run/recorder.ts";
import { openTimeline } from "../run/timeline.ts";
import { parseScenarioValue } from "../scenario/parse.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { printLine, readFlags } from "./flags.ts";

/** What the bench came to. */
interface RecordedLine {
  readonly work: "recorded";
  readonly members: number;
  readonly clients: number;
  readonly faults: boolean;
  readonly events: number;
  /** The timeline: fast mode, keyframes included. */
  readonly fastEventsPerCpuSecond: number;
  readonly keyframes: number;
  /** Recorded mode: every step with its world and its patches both ways. */
  readonly recordedEventsPerCpuSecond: number;
  readonly recordedWallSeconds: number;
  /** How many times the CPU time of the timeline that took. */
  readonly timesFast: number;
  readonly patchesPerEvent: number;
  /** Seeks to random steps, by the wall clock, in ms. */
  readonly seeks: number;
  readonly seekMsMedian: number;
  readonly seekMsP99: number;
  readonly seekMsMax: number;
  /** The longest one by CPU time: on a busy machine the wall clock counts the others' work. */
  readonly seekCpuMsMax: number;
  /** Both modes ended with the digest below. */
  readonly agrees: boolean;
  readonly digest: string;
  readonly peakRssBytes: number;
  readonly engine: string;
  readonly node: string;
}

interface Options {
  readonly members: number;
  readonly clients: number;
  readonly events: number;
  readonly seeks: number;
  readonly seed: string;
  readonly faults: boolean;
}

/** Virtual time that no run of this bench comes to the end of. */
const SECONDS = 36_000;

/** Faults are listed for so long: about 800,000 events of three members. */
const FAULT_SECONDS = 600;

function scenarioOf({ members, clients, faults }: Options): Scenario {
  const timetable: unknown[] = [];
  if (faults) {
    for (let at = 10; at <= FAULT_SECONDS; at += 10) {
      if (members > 1) timetable.push({ at: `${at}s`, for: "5s", partition: { isolate: "any(1)" } });
    }
    for (let at = 15; at <= FAULT_SECONDS; at += 15) timetable.push({ at: `${at}s`, for: "2s", crash: "any(1)" });
  }
  const { scenario, problems } = parseScenarioValue({
    apiVersion: "lockstep/v1",
    name: "work-w",
    duration: `${SECONDS}s`,
    cluster: { members, disk: "instant" },
    network: {
      latency: { dist: "uniform", min: "1ms", max: "10ms" },
      clientLatency: { dist: "uniform", min: "1ms", max: "10ms" },
      ...(faults ? { loss: "5%" } : {}),
    },
    workload: [{ name: "w", clients, closed: "0ms", ops: { put: 1, get: 1 }, keys: 5, timeout: "2s", failover: true }],
    faults: timetable,
    expect: [{ always: "no-split-brain" }],
  });
  if (scenario === null) throw new Error(problems.map((problem) => problem.message).join("; "));
  return scenario;
}

/** CPU time of this process, in micros. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function measure(options: Options): RecordedLine {
  const { events, seeks, seed } = options;
  const scenario = scenarioOf(options);

  let cpu = cpuMicros();
  const timeline = openTimeline(scenario, seed, { freeze: false });
  timeline.record(events);
  const fastMicros = cpuMicros() - cpu;
  const taken = timeline.length;

  cpu = cpuMicros();
  const wall = performance.now();
  const recorder = new Recorder();
  const recorded = startRun(scenario, seed, { recorder });
  let patches = 0;
  while (recorded.run.world.steps < taken && !recorded.advance(1)) patches += recorder.changes.patches.length;
  const recordedMicros = cpuMicros() - cpu;
  const recordedWallSeconds = (performance.now() - wall) / 1000;
  const digest = digestText(recorded.run.context.digest);

  const steps = new RandomChoices(seed).open("fault", 0);
  const walls: number[] = [];
  let cpuMax = 0;
  for (let i = 0; i < seeks; i++) {
    const step = steps.below(taken + 1);
    const begun = performance.now();
    cpu = cpuMicros();
    timeline.seek(step);
    cpuMax = Math.max(cpuMax, cpuMicros() - cpu);
    walls.push(performance.now() - begun);
  }
  const agrees = timeline.seek(taken).digest === digest;
  walls.sort((a, b) => a - b);
  const part = (share: number): number => round(walls[Math.min(seeks - 1, Math.floor(seeks * share))] ?? 0, 10);
  return {
    work: "recorded",
    members: options.members,
    clients: options.clients,
    faults: options.faults,
    events: taken,
    fastEventsPerCpuSecond: Math.round((taken * 1e6) / fastMicros),
    keyframes: timeline.keyframeCount,
    recordedEventsPerCpuSecond: Math.round((taken * 1e6) / recordedMicros),
    recordedWallSeconds: round(recordedWallSeconds, 1000),
    timesFast: round(recordedMicros / fastMicros, 10),
    patchesPerEvent: round(patches / taken, 10),
    seeks,
    seekMsMedian: part(0.5),
    seekMsP99: part(0.99),
    seekMsMax: part(1),
    seekCpuMsMax: round(cpuMax / 1000, 10),
    agrees,
    digest,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    engine: ENGINE_VERSION,
    node: process.versions.node,
  };
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}

const flags = readFlags("recorded", { members: "3", clients: "5", events: "100000", seeks: "200", seed: "1" }, [
  "faults",
]);
const options: Options = {
  members: flags.whole("members", 1, MEMBERS_MAX),
  clients: flags.whole("clients", 1, CLIENTS_MAX),
  events: flags.whole("events", 1, 100_000_000),
  seeks: flags.whole("seeks", 1, 1_000_000),
  seed: flags.seed(),
  faults: flags.on("faults"),
};
await printLine("recorded", () => measure(options));
