// Sketches: a failure told again in a few strokes. Where hundreds of draws decide whether a long run fails, taking its parts away one
// by one gets nowhere: every loss shifts the draws of what is left. A sketch takes a few of its faults, in their order and closer
// together, under a light load, and is a hundred times as cheap to run. Many are tried; whether one fails in the same way is all
// that is asked of it.

import { lasts } from "../fault/action.ts";
import type { Stream } from "../kernel/choose.ts";
import { propertyOf } from "../kernel/property.ts";
import { MILLISECOND, SECOND } from "../kernel/time.ts";
import type { FaultReport, RunResult } from "../run/result.ts";
import type { Fault, Scenario, Workload } from "../scenario/scenario.ts";
import { between, happens, oneOf, someOf, weighted } from "./draw.ts";
import { drawStorm } from "./storm.ts";
import type { StormKind } from "./storm-state.ts";

/** Faults that anybody would think of first. */
const PLAIN: readonly StormKind[] = ["cut-leader", "cut", "crash", "power-cut", "pause", "transfer", "campaign"];

/** Of so many last faults one is taken half of the time: what went before is less often to blame. */
const LATE = 6;

/** What stays as it is between two faults, or between the last one and the failure. */
const QUIET_MICROS_MAX = 4 * SECOND;
const TAIL_MICROS_MAX = 40 * SECOND;

/** A fault that took effect, and when. */
interface Struck {
  readonly fault: Fault;
  readonly atMicros: number;
}

/** A sketch of the failure. Null where it has none: it is about moments of the story. */
export function sketchOf(scenario: Scenario, result: RunResult, stream: Stream): Scenario | null {
  const { violation } = result;
  if (violation === null || violation.property.startsWith("expectation/")) return null;
  const struck = struckIn(scenario, result.faults);
  const electionMicros = scenario.cluster.raft.electionMicros;
  const leadMicros = Math.max(SECOND, 2 * electionMicros);
  const faults: Fault[] = [];
  let at = leadMicros;
  let end = at;
  let before: number | null = null;
  for (const { fault, atMicros } of pick(struck, between(stream, 0, 4), stream)) {
    if (before !== null) at += gap(atMicros - before, electionMicros, stream);
    before = atMicros;
    const forMicros = lengthOf(fault, stream);
    faults.push(
      fault.trigger.kind === "time" ? { ...fault, trigger: { kind: "time", atMicros: at }, forMicros } : fault,
    );
    end = Math.max(end, at + (forMicros ?? 0));
  }
  // What the failure needs may have come about in it by many small things: a plain fault does it at one stroke.
  if (happens(stream, 1, 2)) {
    const untilMicros = leadMicros + 8 * electionMicros;
    const ids = scenario.cluster.members.map(({ id }) => id);
    const plain = drawStorm(
      {
        ids,
        fromMicros: leadMicros,
        untilMicros,
        electionMicros,
        kinds: PLAIN,
        tempo: "any",
        driftPpmMax: 0,
        reconfigures: false,
        nextId: Math.max(...ids) + 1,
        clients: 0,
        watchers: [],
      },
      stream,
    ).filter(({ trigger }) => trigger.kind === "time");
    faults.push(...someOf(stream, plain, between(stream, 1, 3)));
    end = Math.max(end, untilMicros);
  }
  const last = struck[struck.length - 1]?.atMicros ?? 0;
  const isLiveness = propertyOf(violation.property)?.group === "liveness";
  const tail = isLiveness ? Math.min(TAIL_MICROS_MAX, violation.atMicros - last + 2 * SECOND) : SECOND;
  const durationMicros = Math.min(scenario.durationMicros, wholeMillis(end + tail + 4 * electionMicros));
  return {
    ...scenario,
    durationMicros,
    faults: faults.map((fault, n) => ({ ...fault, id: `s${n + 1}` })),
    workload: lightLoad(scenario.workload, durationMicros, stream),
  };
}

/** The faults that took effect, in the order in which they did. */
function struckIn(scenario: Scenario, reports: readonly FaultReport[]): Struck[] {
  const struck: Struck[] = [];
  for (const [at, fault] of scenario.faults.entries()) {
    const report = reports[at];
    const fired = report?.firedAtMicros ?? -1;
    if (fired < 0 || report?.status === "waiting" || report?.status === "ineffective") continue;
    struck.push({ fault, atMicros: fired });
  }
  return struck.sort((a, b) => a.atMicros - b.atMicros);
}

/** `count` of them in their order, late ones more often. */
function pick(struck: readonly Struck[], count: number, stream: Stream): Struck[] {
  const taken = new Set<number>();
  for (let n = 0; n < count && taken.size < struck.length; n++) {
    const from = happens(stream, 1, 2) ? Math.max(0, struck.length - LATE) : 0;
    taken.add(between(stream, from, struck.length - 1));
  }
  return struck.filter((_, at) => taken.has(at));
}

/** Time from one fault to the next: what it was, or closer by. */
function gap(was: number, electionMicros: number, stream: Stream): number {
  if (happens(stream, 1, 2)) return wholeMillis(Math.min(was, QUIET_MICROS_MAX));
  return Math.min(wholeMillis(was), oneOf(stream, [0, electionMicros >> 2, electionMicros, 3 * electionMicros]));
}

function lengthOf({ action, forMicros }: Fault, stream: Stream): number | null {
  if (!lasts(action) || forMicros === null) return forMicros;
  return weighted<number | null>(stream, [
    [4, forMicros],
    [1, Math.min(forMicros * 4, 2 * QUIET_MICROS_MAX)],
    [1, null],
  ]);
}

/** Some of the loads, each with a client or two; requests with one client a member that stays there, more often than not. */
function lightLoad(loads: readonly Workload[], durationMicros: number, stream: Stream): Workload[] {
  const light: Workload[] = [];
  for (const load of loads) {
    if (!happens(stream, 1, 2)) continue;
    const { loop } = load;
    const stays = load.kind === "kv" && happens(stream, 2, 3);
    light.push({
      ...load,
      clients: stays ? 3 : between(stream, 1, Math.min(2, load.clients)),
      failover: load.failover && !stays,
      loop:
        loop.kind === "closed" ? { kind: "closed", thinkMicros: Math.max(50 * MILLISECOND, loop.thinkMicros) } : loop,
      keys: { ...load.keys, count: Math.min(load.keys.count, 2) },
      fromMicros: 0,
      untilMicros: durationMicros,
    });
  }
  return light;
}

function wholeMillis(micros: number): number {
  return Math.floor(micros / MILLISECOND) * MILLISECOND;
}
