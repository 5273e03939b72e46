// `bench sweep`: many whole runs of the common work W, as a sweep makes them: one JSON line.
//
// Flags: --runs 200 --virtual 60 --members 3 --jobs 1 --no-faults. The first runs, in which everything is compiled, count.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import { hashString } from "../kernel/hash.ts";
import { inOrder } from "../sweep/in-order.ts";
import { openThreads } from "../sweep/pool.ts";
import { printLine, readFlags } from "./flags.ts";
import type { HandReply, HandTask } from "./sweep-hand.ts";

/** Runs of one task. */
const TASK_RUNS = 10;

interface Options {
  readonly runs: number;
  readonly virtualSeconds: number;
  readonly members: number;
  readonly jobs: number;
  readonly faults: boolean;
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
  const took = (reply: HandReply): boolean => {
    replies.push(reply);
    if (replies.length === Math.ceil(tasks.length / 10)) rssAfterTenth = process.memoryUsage().rss;
    return false;
  };
  const threads = openThreads(jobs, new URL("./sweep-hand.js", import.meta.url));
  const make = (task: HandTask): Promise<HandReply> => threads.run(task);
  await inOrder(tasks.values(), jobs, make, took, () => false);
  await threads.destroy();
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

const flags = readFlags("sweep", { runs: "200", virtual: "60", members: "3", jobs: "1" }, ["no-faults"]);
const options: Options = {
  runs: flags.whole("runs", 1, 1_000_000),
  virtualSeconds: flags.seconds("virtual", 1, 100_000),
  members: flags.whole("members", 1, 9),
  jobs: flags.whole("jobs", 1, 64),
  faults: !flags.on("no-faults"),
};
await printLine("sweep", () => measure(options));
