// `lockstep bench recovery`: a crash at every event of a run, each event once, with what is not synced lost, kept and torn. One
// JSON line with the counts; what went wrong is on stderr, a line each.
//
// Flags: --from 1 --events 3000 --seed 1.

import { parseArgs } from "node:util";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { parseSeed } from "../scenario/seed.ts";
import { FATES, recoverFrom } from "./work-recovery.ts";

function fail(message: string): never {
  process.stderr.write(`lockstep: bench recovery: ${message}\n`);
  process.exit(2);
}

let values: Record<string, string | undefined>;
try {
  ({ values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      from: { type: "string", default: "1" },
      events: { type: "string", default: "3000" },
      seed: { type: "string", default: "1" },
    },
  }) as { values: Record<string, string | undefined> });
} catch (error) {
  fail((error as Error).message);
}

function numberOf(name: string): number {
  const text = values[name] as string;
  if (!/^[1-9]\d{0,6}$/.test(text)) fail(`--${name} takes a number from 1, not "${text}"`);
  return Number(text);
}

const from = numberOf("from");
const events = numberOf("events");
const seed = parseSeed(values.seed as string);
if (typeof seed !== "string") fail(`--seed: ${seed.message}`);

const counts = { runs: 0, crashes: 0, recovered: 0, wrong: 0, eventsTotal: 0, acknowledged: 0, acknowledgedAfter: 0 };
const cpu = process.cpuUsage();
for (let event = from; event < from + events; event++) {
  for (const fate of FATES) {
    const one = recoverFrom(event, fate, seed);
    counts.runs++;
    if (one.crashed) counts.crashes++;
    counts.eventsTotal += one.events;
    counts.acknowledged += one.acknowledged;
    counts.acknowledgedAfter += one.acknowledgedAfter;
    if (one.wrong === "") counts.recovered++;
    else {
      counts.wrong++;
      process.stderr.write(`event ${event}, unsynced ${fate}, ${one.who}: ${one.wrong}\n`);
    }
  }
}
const spent = process.cpuUsage(cpu);
const cpuSeconds = Math.round((spent.user + spent.system) / 1e4) / 100;
const line = {
  work: "recovery",
  from,
  events,
  seed,
  ...counts,
  cpuSeconds,
  engine: ENGINE_VERSION,
  node: process.version,
};
process.stdout.write(`${JSON.stringify(line)}\n`);
