/** Short stories about worlds: a scenario as text, run to its end or to a moment, and its trace as questions can be put to it. */

import type { EtcdMember } from "../../src/member/etcd-member.ts";
import { MESSAGE_TYPE_NAMES } from "../../src/raft/message.ts";
import { type RunOptions, type ScenarioRun, startRun } from "../../src/run/execute.ts";
import type { FaultReport, RunResult } from "../../src/run/result.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { formatProblem } from "../../src/scenario/problem.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";
import { LossReason } from "../../src/world/context.ts";
import { EventKind } from "../../src/world/event.ts";
import { roleOf, termOf } from "../../src/world/life.ts";
import { RecordKind, type TraceRecord } from "../../src/world/trace.ts";
import { type Process, processOf } from "../../src/world/world.ts";

/** The scenario that the text says; fails with everything that is wrong with it. */
export function scenarioOf(text: string): Scenario {
  const source = `name: story\n${text}`;
  const { scenario, problems } = parseScenario(source);
  if (scenario === null) throw new Error(problems.map((one) => formatProblem(one, "story", source)).join("\n"));
  return scenario;
}

/** A run whose trace is kept, not yet begun to advance. */
export function begin(text: string, seed: string = "1", options: RunOptions = {}): ScenarioRun {
  return startRun(scenarioOf(text), seed, { trace: true, history: true, ...options });
}

/** Goes on until virtual time has reached `atMicros` (the last event before it), or the run is over. */
export function advanceTo(run: ScenarioRun, atMicros: number): void {
  while (run.run.context.queue.peekMicros() <= atMicros && !run.advance(1)) {
    // One event at a time.
  }
}

/** A finished run. */
export interface Told {
  readonly run: ScenarioRun;
  readonly result: RunResult;
  readonly trace: readonly TraceRecord[];
}

/** Runs the story to its end. */
export function tell(text: string, seed: string = "1", options: RunOptions = {}): Told {
  return end(begin(text, seed, options));
}

/** Runs what was begun to its end. */
export function end(run: ScenarioRun): Told {
  while (!run.advance(1 << 16)) {
    // Goes on until it is over.
  }
  return { run, result: run.result(), trace: traceOf(run) };
}

/** All records kept so far. */
export function traceOf(run: ScenarioRun): TraceRecord[] {
  const trace = run.run.context.trace;
  if (trace === null) throw new Error("the run keeps no trace");
  return Array.from({ length: trace.length }, (_, at) => trace.record(at));
}

/** What a message must be like. */
export interface Match {
  readonly from?: number | readonly number[];
  readonly to?: number | readonly number[];
  readonly type?: string | readonly string[];
  readonly since?: number;
  readonly until?: number;
}

function includes<T>(wanted: T | readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || (Array.isArray(wanted) ? wanted.includes(value) : wanted === value);
}

function fits(record: TraceRecord, match: Match): boolean {
  return (
    includes(match.from, record.b) &&
    includes(match.to, record.a) &&
    includes(match.type, typeName(record)) &&
    record.atMicros >= (match.since ?? 0) &&
    record.atMicros < (match.until ?? Number.POSITIVE_INFINITY)
  );
}

/** etcd's name for the message of a record. */
export function typeName(record: TraceRecord): string {
  return MESSAGE_TYPE_NAMES[record.type] ?? `type ${record.type}`;
}

/** Messages between members that reached a process that was up, over a link that was whole. */
export function delivered(trace: readonly TraceRecord[], match: Match = {}): TraceRecord[] {
  const lostAt = new Set(
    trace
      .filter((one) => one.kind === RecordKind.Lost && (one.x === LossReason.Cut || one.x === LossReason.Down))
      .map((one) => `${one.step} ${one.b}>${one.a}`),
  );
  return trace.filter(
    (record) =>
      record.kind === EventKind.Message && fits(record, match) && !lostAt.has(`${record.step} ${record.b}>${record.a}`),
  );
}

/** Messages between members that were lost, for a reason if one is given. */
export function lost(trace: readonly TraceRecord[], match: Match = {}, reason?: number): TraceRecord[] {
  return trace.filter(
    (record) => record.kind === RecordKind.Lost && fits(record, match) && (reason === undefined || record.x === reason),
  );
}

/** Records of steps of one kind. */
export function steps(trace: readonly TraceRecord[], kind: number, a?: number): TraceRecord[] {
  return trace.filter((record) => record.kind === kind && (a === undefined || record.a === a));
}

/** Starts and ends of processes: `+n1@3000000`, `-n1@…`. */
export function lives(trace: readonly TraceRecord[]): string[] {
  return trace
    .filter((record) => record.kind === RecordKind.Life && record.step > 0)
    .map((record) => `${record.x === 1 ? "+" : "-"}n${record.a}@${record.atMicros}`);
}

/** The report of a fault. */
export function faultOf(result: RunResult, id: string): FaultReport {
  const found = result.faults.find((fault) => fault.id === id);
  if (found === undefined) throw new Error(`there is no fault ${id}`);
  return found;
}

/** A member's process. */
export function processIn(run: ScenarioRun, id: number): Process {
  return processOf(run.run.world, id);
}

/** A member's state. Precondition: it is up. */
export function memberIn(run: ScenarioRun, id: number): EtcdMember {
  const state = processIn(run, id).state;
  if (state === null) throw new Error(`n${id} is not up`);
  return state as EtcdMember;
}

/** The one that leads, of the highest term; 0: nobody. */
export function leaderIn(run: ScenarioRun): number {
  let leader = 0;
  let term = -1;
  for (const id of run.run.world.ids) {
    const process = processIn(run, id);
    if (process.status === "up" && roleOf(process) === 2 && termOf(process) > term) {
      leader = id;
      term = termOf(process);
    }
  }
  return leader;
}

/** What an operation of the history came to, in a line: `put ok`, `get fail etcdserver: request timed out`. */
export function answers(told: Told, since: number = 0, until: number = Number.POSITIVE_INFINITY): string[] {
  const history = told.run.collector.history ?? [];
  const invoked = new Map<string, number>();
  const lines: string[] = [];
  for (const event of history) {
    const name = `${event.client}/${event.operation}`;
    if (event.type === "invoke") invoked.set(name, event.atMicros);
    else {
      const from = invoked.get(name) as number;
      if (from < since || from >= until) continue;
      const error =
        event.response === null
          ? " no answer"
          : event.response.error === null
            ? ""
            : ` ${event.response.error.message}`;
      lines.push(`${event.kind} ${event.type}${error}`);
    }
  }
  return lines;
}

export { EventKind, LossReason, RecordKind };
