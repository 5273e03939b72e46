// `bench sweep`: many whole runs of the common work W, as a sweep makes them: one JSON line.
//
// Flags: --runs 200 --virtual 60 --members 3 --jobs 1 --no-faults. The first runs, in which everything is compiled, count.

import { parseArgs } from "node:util";
import { Tinypool } from "tinypool";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { hashString } from "../kernel/hash.ts";
import makeRuns, { type HandReply, type HandTask } from "./sweep-hand.ts";

/** Runs of one task. */
const TASK_RUNS = 10;

interface Options {
  readonly runs: number;
  readonly virtualSeconds: number;
  readonly members: number;
  readonly jobs: number;
  readonly faults: boolean;
}

function fail(message: string): never {
  process.stderr.write(`lockstep: bench sweep: ${message}\n`);
  process.exit(2);
}

function optionsOf(args: readonly string[]): Options {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        runs: { type: "string", default: "200" },
        virtual: { type: "string", default: "60" },
        members: { type: "string", default: "3" },
        jobs: { type: "string", default: "1" },
        "no-faults": { type: "boolean", default: false },
      },
    }));
  } catch {
    fail("flags are --runs --virtual --members --jobs --no-faults");
  }
  const whole = (name: string, most: number): number => {
    const text = String(values[name]);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 1 && value <= most)) fail(`--${name} takes a whole number from 1 to ${most}, not "${text}"`);
    return value;
  };
  return {
    runs: whole("runs", 1_000_000),
    virtualSeconds: whole("virtual", 100_000),
    members: whole("members", 9),
    jobs: whole("jobs", 64),
    faults: values["no-faults"] !== true,
  };
}

async function measure(options: Options): Promise<object> {
  const { runs, virtualSeconds, members, jobs, faults } = options;
  const work = { members, clients: 5, virtualSeconds, faults, compact: 0 };
  const tasks: HandTask[] = [];
  for (let from = 1; from <= runs; from += TASK_RUNS)
    tasks.push({ work, from, count: Math.min(TASK_RUNS, runs - from + 1) });
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const replies: HandReply[] = [];
  let rssAfterTenth = 0;
  const took = (reply: HandReply): void => {
    replies.push(reply);
    if (replies.length === Math.ceil(tasks.length / 10)) rssAfterTenth = process.memoryUsage().rss;
  };
  if (jobs === 1) for (const task of tasks) took(makeRuns(task));
  else {
    const filename = new URL("./sweep-hand.js", import.meta.url).href;
    const pool = new Tinypool({
      filename,
      runtime: "worker_threads",
      isolateWorkers: false,
      minThreads: jobs,
      maxThreads: jobs,
    });
    const all = tasks.map((task) => pool.run(task) as Promise<HandReply>);
    for (const one of all) took(await one);
    await pool.destroy();
  }
  const used = process.cpuUsage(cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const wallSeconds = Number((process.hrtime.bigint() - wall) / 1000n) / 1e6;
  const digests = replies.flatMap((reply) => reply.digests).join(" ");
  const hex = (salt: number): string => (hashString(digests, salt) >>> 0).toString(16).padStart(8, "0");
  return {
    work: "sweep",
    members,
    faults,
    virtualSeconds,
    runs,
    jobs,
    cpuSeconds,
    wallSeconds,
    runsPerCpuSecond: Math.round((runs / cpuSeconds) * 10) / 10,
    runsPerWallSecond: Math.round((runs / wallSeconds) * 10) / 10,
    events: replies.reduce((sum, reply) => sum + reply.events, 0),
    violations: replies.reduce((sum, reply) => sum + reply.violations, 0),
    rssAfterTenthBytes: rssAfterTenth,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    digest: `${hex(1)}${hex(2)}`,
    engine: ENGINE_VERSION,
    node: process.versions.node,
  };
}

process.stdout.write(`${JSON.stringify(await measure(optionsOf(process.argv.slice(2))))}\n`);
