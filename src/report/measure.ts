// The numbers that a run gives to a study: what its result tells, and what was gauged while it ran.

import { unreachable } from "../kernel/assert.ts";
import type { GaugedMeasure } from "../run/gauge.ts";
import type { FaultReport, LeaderReport, RunResult } from "../run/result.ts";
import type { Measure } from "../scenario/study.ts";

const HOUR_MICROS = 3_600_000_000;

/** Kinds of actions that can take a leader away; of those on members only a removal, or a demotion, aims at one. */
const HARMING: readonly string[] = ["crash", "destroy", "pause", "partition", "member"];

/** The numbers of one run for one measure: none, one or many. Whole numbers in the unit of the measure. */
export function measureRun(result: RunResult, measure: Measure): number[] {
  const counter = (name: string): number => result.coverage[name] ?? 0;
  switch (measure) {
    case "failover":
      return failovers(result);
    case "first-election":
      return result.leaders.length === 0 ? [] : [(result.leaders[0] as LeaderReport).fromMicros];
    case "stale-leader":
      return staleTimes(result);
    case "handover":
      return handovers(result);
    case "step-down":
      return giveUps(result);
    case "regain":
      return regains(result);
    case "leader-changes":
      return [counter("leader-change")];
    case "leader-changes-per-hour":
      return result.virtualMicros === 0
        ? []
        : [Math.floor((counter("leader-change") * HOUR_MICROS) / result.virtualMicros)];
    case "elections":
      return [counter("election")];
    case "split-votes":
      return [counter("split-vote")];
    case "stale-reads":
      return [counter("stale-read")];
    case "events":
      return [result.events];
    case "write-availability":
      return share(result.writes.ok, result.writes.invoked);
    case "read-availability":
      return share(result.reads.ok, result.reads.invoked);
    case "availability":
      return share(result.writes.ok + result.reads.ok, result.writes.invoked + result.reads.invoked);
    case "messages":
      return [result.messages];
    case "write-latency":
    case "read-latency":
    case "write-gap":
    case "commit-latency":
    case "follower-lag":
    case "follower-lag-entries":
    case "convergence":
      return [...(result.numbers?.[measure] ?? [])];
    default:
      return unreachable(measure);
  }
}

/** Whether a run has to be gauged for the measure (`RunOptions.gauge`). */
export function isGauged(measure: Measure): boolean {
  return GAUGED.includes(measure);
}

const GAUGED: readonly Measure[] = [
  "write-latency",
  "read-latency",
  "write-gap",
  "commit-latency",
  "follower-lag",
  "follower-lag-entries",
  "convergence",
] satisfies readonly GaugedMeasure[];

function share(ok: number, invoked: number): number[] {
  return invoked === 0 ? [] : [Math.floor((ok * 1_000_000) / invoked)];
}

/** The leader of the highest term at that moment, just before anything happened in it. */
function leaderAt(result: RunResult, atMicros: number): LeaderReport | null {
  let found: LeaderReport | null = null;
  for (const leader of result.leaders) {
    const leads = leader.fromMicros < atMicros && (leader.untilMicros === null || leader.untilMicros >= atMicros);
    if (leads && (found === null || leader.term > found.term)) found = leader;
  }
  return found;
}

/** From a fault that hit the leader to the next leader of a higher term. */
function failovers(result: RunResult): number[] {
  const times: number[] = [];
  for (const fault of result.faults) {
    if (!HARMING.includes(fault.kind) || !tookEffect(fault)) continue;
    const leader = leaderAt(result, fault.firedAtMicros);
    if (leader === null || !fault.targets.includes(leader.member)) continue;
    const next = nextLeader(result, fault.firedAtMicros, leader.term);
    if (next !== null) times.push(next.fromMicros - fault.firedAtMicros);
  }
  return times;
}

/** How long the leader of the moment went on calling itself one after a fault that left it running. */
function giveUps(result: RunResult): number[] {
  const times: number[] = [];
  for (const fault of result.faults) {
    if (!HARMING.includes(fault.kind) || !tookEffect(fault)) continue;
    const leader = leaderAt(result, fault.firedAtMicros);
    const until = leader?.untilMicros ?? null;
    if (until !== null && until > fault.firedAtMicros) times.push(until - fault.firedAtMicros);
  }
  return times;
}

/** From the end of a fault to whoever leads then (no time at all), or the next to lead. */
function regains(result: RunResult): number[] {
  const times: number[] = [];
  for (const { kind, endedAtMicros } of result.faults) {
    if (!HARMING.includes(kind) || endedAtMicros === null) continue;
    if (leaderAt(result, endedAtMicros) !== null) {
      times.push(0);
      continue;
    }
    const next = nextLeader(result, endedAtMicros, -1);
    if (next !== null) times.push(next.fromMicros - endedAtMicros);
  }
  return times;
}

function handovers(result: RunResult): number[] {
  const times: number[] = [];
  for (const fault of result.faults) {
    if (fault.kind !== "transferLeader" || !tookEffect(fault)) continue;
    const leader = leaderAt(result, fault.firedAtMicros);
    const next = leader === null ? null : nextLeader(result, fault.firedAtMicros, leader.term);
    if (next !== null) times.push(next.fromMicros - fault.firedAtMicros);
  }
  return times;
}

function nextLeader(result: RunResult, afterMicros: number, term: number): LeaderReport | null {
  let next: LeaderReport | null = null;
  for (const leader of result.leaders) {
    if (leader.fromMicros < afterMicros || leader.term <= term) continue;
    if (next === null || leader.fromMicros < next.fromMicros) next = leader;
  }
  return next;
}

/** For each leader that was overtaken: how long it went on after the next one had begun. */
function staleTimes(result: RunResult): number[] {
  const times: number[] = [];
  for (const leader of result.leaders) {
    const next = nextLeader(result, leader.fromMicros, leader.term);
    if (next === null) continue;
    const until = leader.untilMicros ?? result.virtualMicros;
    if (until > next.fromMicros) times.push(until - next.fromMicros);
  }
  return times;
}

function tookEffect(fault: FaultReport): boolean {
  return fault.firedAtMicros >= 0 && (fault.status === "active" || fault.status === "done");
}
