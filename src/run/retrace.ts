// A run made once more to be looked at: with its trace, with every change of role, term and vote, and with a close look at the
// steps that somebody asks for. Runs keep none of this while they are made; they can be made again at any time.

import { CounterAt } from "../kernel/counter.ts";
import type { EtcdMember } from "../member/etcd-member.ts";
import type { ProcessFacts } from "../member/protocol.ts";
import { MessageType } from "../raft/raft.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EventKind } from "../world/event.ts";
import { RecordKind, type Trace, type TraceRecord } from "../world/trace.ts";
import { type Process, processOf, type World } from "../world/world.ts";
import { type ScenarioRun, startRun } from "./execute.ts";

/** What one member looks like from outside. A plain value. */
export interface MemberLook {
  readonly up: boolean;
  /** 0 follower, 1 candidate, 2 leader, 3 pre-candidate. */
  readonly role: number;
  readonly term: number;
  /** Whom it voted for in its term, and whom it takes for the leader; 0: nobody, or the protocol has no such thing. */
  readonly vote: number;
  readonly lead: number;
  readonly last: number;
  readonly commit: number;
  readonly applied: number;
}

/** A step that changed a member's role, term or vote, whether it runs, or whether it has or has committed the entry asked for. */
export interface Change {
  readonly step: number;
  readonly atMicros: number;
  readonly member: number;
  readonly before: MemberLook;
  readonly after: MemberLook;
}

/** One step, seen closely. */
export interface Moment {
  readonly step: number;
  readonly atMicros: number;
  /** `EventKind`, with its `a` and `b`. */
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  /** The step that scheduled it; 0: the beginning. */
  readonly cause: number;
  /** Message, request or response. */
  readonly payload: unknown;
  /** Name of the message's type; empty for other kinds. */
  readonly type: string;
  /** The member whose state it may have changed, 0: nobody's. */
  readonly member: number;
  readonly before: MemberLook | null;
  readonly after: MemberLook | null;
}

/** Which steps to look at closely: a set, a stretch, or both; and an entry whose fate in each log counts as a change. */
export interface Closely {
  readonly entry?: number;
  readonly steps?: ReadonlySet<number>;
  readonly from?: number;
  readonly to?: number;
}

/** A run that was made again. */
export interface Retrace {
  readonly run: ScenarioRun;
  readonly trace: Trace;
  /** In the order of the steps. */
  readonly changes: readonly Change[];
  readonly moments: ReadonlyMap<number, Moment>;
}

/** Changes that are kept; a run with more flaps without end, and its beginning is not what is asked for. */
const CHANGES_MAX = 200_000;

/** A retrace under way: hosts drive `run` in slices, as they do when it is made first. */
export class Retracing implements Retrace {
  readonly run: ScenarioRun;
  readonly trace: Trace;
  readonly changes: Change[] = [];
  readonly moments: Map<number, Moment> = new Map();
  private readonly looks: (MemberLook | undefined)[] = [];
  private readonly closely: Closely;
  private fired: number = 0;
  private readonly facts: ProcessFacts = { role: 0, term: 0, commit: 0, applied: 0, lastIndex: 0 };

  constructor(scenario: Scenario, seed: string, closely: Closely = {}) {
    this.closely = closely;
    this.run = startRun(scenario, seed, { trace: true, history: true });
    const { world, context } = this.run.run;
    this.trace = context.trace as Trace;
    for (const id of world.ids) {
      const after = this.look(world, id);
      this.looks[id] = after;
      if (after.role !== 0) this.changes.push({ step: 0, atMicros: 0, member: id, before: ABSENT, after });
    }
    // Before anybody else looks; and after, as actions without a time are done between two steps.
    this.run.run.observers.unshift({ stepped: (now, member) => this.stepped(now, member) });
    this.run.run.observers.push({ stepped: (now) => this.acted(now) });
  }

  private stepped(world: World, member: number): boolean {
    const { queue, protocol } = this.run.run.context;
    const kind = queue.kind & 31;
    const before = member === 0 ? null : (this.looks[member] ?? null);
    if (member !== 0) this.note(world, member);
    if (this.isClose(world.steps)) {
      const type =
        kind === EventKind.Message || kind === EventKind.DamagedMessage ? protocol.messageType(queue.payload) : "";
      this.moments.set(world.steps, {
        step: world.steps,
        atMicros: world.atMicros,
        kind,
        a: queue.a,
        b: queue.b,
        cause: queue.cause,
        payload: queue.payload,
        type,
        member,
        before,
        after: member === 0 ? null : (this.looks[member] ?? null),
      });
    }
    return false;
  }

  /** Actions may stop, start and change any member. */
  private acted(world: World): boolean {
    const kind = this.run.run.context.queue.kind & 31;
    const fired = world.counters[CounterAt["fault-effective"]] as number;
    if (fired === this.fired && kind !== EventKind.FaultEnds && kind !== EventKind.Response) return false;
    this.fired = fired;
    for (const id of world.ids) this.note(world, id);
    return false;
  }

  private isClose(step: number): boolean {
    const { steps, from, to } = this.closely;
    return steps?.has(step) === true || (from !== undefined && step >= from && step <= (to ?? from));
  }

  private note(world: World, id: number): void {
    const before = this.looks[id] ?? ABSENT;
    const after = this.look(world, id);
    this.looks[id] = after;
    const same =
      before.up === after.up && before.role === after.role && before.term === after.term && before.vote === after.vote;
    const { entry } = this.closely;
    const isSameEntry =
      entry === undefined ||
      (before.last < entry === after.last < entry && before.commit < entry === after.commit < entry);
    if ((same && isSameEntry) || this.changes.length >= CHANGES_MAX) return;
    this.changes.push({ step: world.steps, atMicros: world.atMicros, member: id, before, after });
  }

  private look(world: World, id: number): MemberLook {
    const process: Process = processOf(world, id);
    const before = this.looks[id] ?? ABSENT;
    if (process.state === null) return before.up ? { ...before, up: false, role: 0, lead: 0 } : before;
    const { protocol } = this.run.run.context;
    const facts = this.facts;
    protocol.describe(process.state, facts);
    const raft = protocol.name === "etcd" ? (process.state as EtcdMember).raft : null;
    return {
      up: true,
      role: facts.role,
      term: facts.term,
      vote: raft?.vote ?? 0,
      lead: raft?.lead ?? 0,
      last: facts.lastIndex,
      commit: facts.commit,
      applied: facts.applied,
    };
  }
}

const ABSENT: MemberLook = { up: false, role: 0, term: 0, vote: 0, lead: 0, last: 0, commit: 0, applied: 0 };

/** Makes the run again to its end, or through `stopAfterEvents`. */
export function retrace(
  scenario: Scenario,
  seed: string,
  stopAfterEvents: number = Number.POSITIVE_INFINITY,
  closely: Closely = {},
): Retrace {
  const retracing = new Retracing(scenario, seed, closely);
  const { run } = retracing;
  while (run.progress.steps < stopAfterEvents) {
    if (run.advance(Math.min(1 << 16, stopAfterEvents - run.progress.steps))) break;
  }
  return retracing;
}

/** Position in the trace of the record of a step itself; -1 where there is no such step. */
export function recordOfStep(trace: Trace, step: number): number {
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (trace.record(middle).step <= step) low = middle + 1;
    else high = middle;
  }
  for (let at = low - 1; at >= 0; at--) {
    const record = trace.record(at);
    if (record.step !== step) return -1;
    if (record.kind < RecordKind.Lost) return at;
  }
  return -1;
}

/** The steps that led to `step`, each scheduled by the next: from the step itself back, at most `max`. */
export function causesOf(trace: Trace, step: number, max: number): TraceRecord[] {
  const chain: TraceRecord[] = [];
  for (let next = step; next > 0 && chain.length < max; ) {
    const at = recordOfStep(trace, next);
    if (at < 0) break;
    const record = trace.record(at);
    chain.push(record);
    next = record.cause;
  }
  return chain;
}

/** Whether a Raft message asks for a vote or answers that: the messages that make leaders. */
export function isAboutVotes(type: number): boolean {
  return (
    type === MessageType.MsgVote ||
    type === MessageType.MsgVoteResp ||
    type === MessageType.MsgPreVote ||
    type === MessageType.MsgPreVoteResp ||
    type === MessageType.MsgTimeoutNow
  );
}

/** Whether a Raft message asks for a vote. */
export function isRequestForVote(type: number): boolean {
  return type === MessageType.MsgVote;
}

/** Whether a Raft message answers a request for a vote. */
export function isVote(type: number): boolean {
  return type === MessageType.MsgVoteResp;
}
