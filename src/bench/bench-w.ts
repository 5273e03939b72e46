// `bench w`: the common work W on the etcd member, as one JSON line.
//
// Flags: --members 3 --clients 5 --virtual 600 --seed 1 --faults --no-checks --compact 0 --trace. The time is user and
// system time of this process over the run loop, as the peers measure theirs.

import { CounterAt } from "../kernel/counter.ts";
import { digestText } from "../kernel/digest.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { CLIENTS_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Backend } from "../member/etcd-member.ts";
import { Trace } from "../world/trace.ts";
import { printLine, readFlags } from "./flags.ts";
import { startW } from "./run-w.ts";
import type { WorkW } from "./work-w.ts";

/** What one run of the work came to. */
interface WLine {
  readonly work: "w";
  readonly members: number;
  readonly clients: number;
  readonly faults: boolean;
  readonly virtualSeconds: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly events: number;
  readonly messagesDelivered: number;
  readonly entriesCommitted: number;
  readonly opsCompleted: number;
  readonly opsUnknown: number;
  readonly leaderChanges: number;
  readonly peakRssBytes: number;
  readonly checks: boolean;
  readonly digest: string | null;
  readonly engine: string;
  readonly node: string;
}

/** Events between two slices; nothing is looked at between them. */
const SLICE = 200_000;

function measureW(work: WorkW, checks: boolean, trace: boolean): WLine {
  const { run, checker, operations } = startW(work, checks);
  const { world, context } = run;
  if (trace) context.trace = new Trace();
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  run.begin();
  while (!run.advance(SLICE)) {
    // Goes on until the end of virtual time.
  }
  const used = process.cpuUsage(cpu);
  const found = checker?.violations[0];
  if (found !== undefined) {
    process.stderr.write(
      `lockstep: bench w: stopped at ${formatMicros(found.atMicros)}: ${found.property}: ${found.text}\n`,
    );
  }
  let committed = 0;
  for (const id of world.ids)
    committed = Math.max(committed, (world.processes[id]?.disk.backend as Backend | null)?.appliedIndex ?? 0);
  return {
    work: "w",
    members: work.members,
    clients: work.clients,
    faults: work.faults,
    virtualSeconds: work.virtualSeconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    wallSeconds: Number((process.hrtime.bigint() - wall) / 1000n) / 1e6,
    events: world.steps,
    messagesDelivered: context.delivered,
    entriesCommitted: committed,
    opsCompleted: operations.completedCount,
    opsUnknown: operations.unknownCount,
    leaderChanges: world.counters[CounterAt["leader-change"]] as number,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    checks,
    digest: checks ? digestText(context.digest) : null,
    engine: ENGINE_VERSION,
    node: process.versions.node,
  };
}

const flags = readFlags("w", { members: "3", clients: "5", virtual: "600", seed: "1", compact: "0" }, [
  "faults",
  "no-checks",
  "trace",
]);
const work: WorkW = {
  members: flags.whole("members", 1, MEMBERS_MAX),
  clients: flags.whole("clients", 0, CLIENTS_MAX),
  virtualSeconds: flags.seconds("virtual", 1, 10_000_000),
  seed: flags.seed(),
  faults: flags.on("faults"),
  compact: flags.whole("compact", 0, 1_000_000_000),
};
await printLine("w", () => measureW(work, !flags.on("no-checks"), flags.on("trace")));
