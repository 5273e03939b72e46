// `bench w`: the common work W on the etcd member, as one JSON line.
//
// Flags: --members 3 --clients 5 --virtual 600 --seed 1 --faults --no-checks --compact 0 --trace. The time is user and
// system time of this process over the run loop, as the peers measure theirs.

import { parseArgs } from "node:util";
import { AssertionError } from "../kernel/assert.ts";
import { CounterAt } from "../kernel/counter.ts";
import { digestText } from "../kernel/digest.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { CLIENTS_MAX, MEMBERS_MAX } from "../kernel/limits.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Backend } from "../member/etcd-member.ts";
import { parseSeed } from "../scenario/seed.ts";
import { Trace } from "../world/trace.ts";
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

function fail(message: string): never {
  process.stderr.write(`lockstep: bench w: ${message}\n`);
  process.exit(2);
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) fail(`--${name} takes a whole number from ${from} to ${to}, not "${text}"`);
  return value;
}

function optionsOf(args: readonly string[]): { work: WorkW; checks: boolean; trace: boolean } {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        members: { type: "string", default: "3" },
        clients: { type: "string", default: "5" },
        virtual: { type: "string", default: "600" },
        seed: { type: "string", default: "1" },
        faults: { type: "boolean", default: false },
        "no-checks": { type: "boolean", default: false },
        compact: { type: "string", default: "0" },
        trace: { type: "boolean", default: false },
      },
    }));
  } catch {
    fail("flags are --members --clients --virtual --seed --faults --no-checks --compact --trace");
  }
  const seed = parseSeed(String(values.seed));
  if (typeof seed !== "string") fail(`--seed: ${seed.message}`);
  return {
    work: {
      members: whole("members", String(values.members), 1, MEMBERS_MAX),
      clients: whole("clients", String(values.clients), 0, CLIENTS_MAX),
      virtualSeconds: whole("virtual", String(values.virtual).replace(/s$/, ""), 1, 10_000_000),
      seed,
      faults: values.faults === true,
      compact: whole("compact", String(values.compact), 0, 1_000_000_000),
    },
    checks: values["no-checks"] !== true,
    trace: values.trace === true,
  };
}

const { work, checks, trace } = optionsOf(process.argv.slice(2));
try {
  process.stdout.write(`${JSON.stringify(measureW(work, checks, trace))}\n`);
} catch (error) {
  const said = error instanceof AssertionError ? `: ${error.message}` : "";
  process.stderr.write(`lockstep: bench w: internal error${said}\n`);
  if (process.env.LOCKSTEP_DEBUG === "1" && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 70;
}
