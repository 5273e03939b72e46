// `lockstep bench recovery`: a crash at every event of a run, each event once, with what is not synced lost, kept and torn. One
// JSON line with the counts; what went wrong is on stderr, a line each.
//
// Flags: --from 1 --events 3000 --seed 1.

import { ENGINE_VERSION } from "../kernel/engine.ts";
import { printLine, readFlags } from "./flags.ts";
import { FATES, recoverFrom } from "./work-recovery.ts";

const flags = readFlags("recovery", { from: "1", events: "3000", seed: "1" });
const from = flags.whole("from", 1, 9_999_999);
const events = flags.whole("events", 1, 9_999_999);
const seed = flags.seed();

await printLine("recovery", () => {
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
  return {
    work: "recovery",
    from,
    events,
    seed,
    ...counts,
    cpuSeconds,
    engine: ENGINE_VERSION,
    node: process.version,
  };
});
