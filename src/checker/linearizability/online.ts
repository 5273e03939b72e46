// Judges a history as it is written, event by event: one frontier a part, the open calls, and as much of the past as may still be
// needed. For files larger than memory, for `--online`, and for anyone who watches a running service. Where the frontier of a part
// grows too wide, that part is judged as a whole now and then instead (`late.ts`). Unknown here: files, clocks.

import type { CheckBudget } from "./check.ts";
import type { Frontier, FrontierBudget, FrontierVerdict } from "./configuration.ts";
import type { Dialect, HistoryEvent } from "./format/event.ts";
import { callOf, endingOf, FormatError } from "./format/event.ts";
import { complete, createFrontier, describeFrontier, failed, invoke, unknown } from "./frontier.ts";
import { beginTail, createTail, KEPT_IN_ALL_MAX, type Kept, keep, LOOK_BUDGET, look, type Tail } from "./late.ts";
import type { CallModel } from "./model/register.ts";
import { OBSERVES } from "./model.ts";
import type { Call, Value } from "./value.ts";

/** What the frontier of a part may cost before the part is judged late: less than where there is no other way. */
export const ONLINE_BUDGET: FrontierBudget = { frontier: 2000, perEvent: 20_000, lost: 100_000 };

/** A frontier that costs more than this many configurations an event, on the whole, is too wide too. */
const PER_EVENT_ON_AVERAGE = 64;
const FREE_CONFIGURATIONS = 200_000;

/** A call that has not ended. */
interface OpenCall {
  readonly operation: number;
  readonly kept: Kept;
  readonly part: OnlinePart;
}

/** One part of the object. */
interface OnlinePart {
  readonly name: string;
  /** Undefined once it has grown too wide. */
  frontier: Frontier<Value, Call, Value> | undefined;
  readonly tail: Tail;
  /** Calls that have not ended. */
  open: number;
}

/** The first event at which no order was left. */
export interface Violation {
  readonly line: number;
  readonly part: string;
  /** The operation that ended there, with its answer. */
  readonly operation: string;
  /** Line of its invocation. */
  readonly invokedAtLine: number;
  /** States that were possible just before; empty where that is not known. */
  readonly statesBefore: readonly string[];
  /** Line at which it was noticed: the same, or a later one where the part was judged late. */
  readonly noticedAtLine: number;
}

/** An online judgement. Plain data. */
export interface Online {
  readonly dialect: Dialect;
  readonly model: CallModel;
  readonly budget: FrontierBudget;
  /** What one look at a part that is judged late may cost. */
  readonly lookBudget: CheckBudget;
  parts: Map<string, OnlinePart>;
  open: Map<number, OpenCall>;
  events: number;
  /** Line of the last event. */
  line: number;
  operations: number;
  /** Operations kept in all parts. */
  kept: number;
  /** Parts that are judged late; `verdict` `ok` is then only as of their last look. */
  late: number;
  verdict: FrontierVerdict;
  reason: string;
  violation: Violation | undefined;
  /** Most configurations any part held at one time. */
  largest: number;
  explored: number;
}

/** An online judgement of a history of `dialect` that has not begun. */
export function createOnline(
  dialect: Dialect,
  model: CallModel,
  budget: FrontierBudget = ONLINE_BUDGET,
  lookBudget: CheckBudget = LOOK_BUDGET,
): Online {
  return {
    dialect,
    model,
    budget,
    lookBudget,
    parts: new Map(),
    open: new Map(),
    events: 0,
    line: 0,
    operations: 0,
    kept: 0,
    late: 0,
    verdict: "ok",
    reason: "",
    violation: undefined,
    largest: 0,
    explored: 0,
  };
}

function partOf(online: Online, name: string): OnlinePart {
  let part = online.parts.get(name);
  if (part === undefined) {
    const { model, budget } = online;
    const frontier = createFrontier(model, budget, name);
    part = { name, frontier, tail: createTail(name, model.init(name)), open: 0 };
    online.parts.set(name, part);
  }
  return part;
}

/**
 * Takes the next event and returns the verdict at it. Once illegal it stays so. Throws `FormatError`. At the end of the history
 * `finish` has the last word.
 */
export function observe(online: Online, event: HistoryEvent): FrontierVerdict {
  const { open } = online;
  online.events++;
  const current = open.get(event.process);
  if (event.type === "invoke") {
    if (current !== undefined) {
      const { call, invokedAtLine } = current.kept;
      throw new FormatError(
        event.line,
        `process ${event.process} invokes ${event.f}, but its ${call.f} of line ${invokedAtLine} is still open`,
      );
    }
    open.set(event.process, begin(online, event));
    return online.verdict;
  }
  if (current === undefined) {
    throw new FormatError(event.line, `process ${event.process} ends “${event.f}” without having invoked anything`);
  }
  open.delete(event.process);
  end(online, current, event);
  return online.verdict;
}

function begin(online: Online, event: HistoryEvent): OpenCall {
  const { model } = online;
  const call = callOf(online.dialect, event);
  const part = partOf(online, model.partition?.(call) ?? "");
  const operation = online.operations++;
  const kept: Kept = {
    process: event.process,
    call,
    invokedAt: online.events,
    invokedAtLine: event.line,
    output: undefined,
    endedAt: -1,
    endedAtLine: event.line,
    failed: false,
  };
  const { frontier, tail } = part;
  if (online.verdict !== "illegal") {
    if (frontier !== undefined) {
      if (part.open === 0 && isCertain(frontier)) {
        online.kept -= tail.kept.length;
        beginTail(tail, frontier.states[frontier.configurations[0]!.state]!);
      }
      invoke(frontier, model, operation, call);
    }
    const before = tail.kept.length;
    keep(tail, kept, online.kept < KEPT_IN_ALL_MAX);
    online.kept += tail.kept.length - before;
  }
  part.open++;
  return { operation, kept, part };
}

/** Whether only one state is possible and no lost operation can change that. */
function isCertain(frontier: Frontier<Value, Call, Value>): boolean {
  if (frontier.configurations.length !== 1) return false;
  for (const family of frontier.families) if (family.members.length > 0) return false;
  return true;
}

function end(online: Online, current: OpenCall, event: HistoryEvent): void {
  const { model } = online;
  const { kept, part, operation } = current;
  const ending = endingOf(online.dialect, kept.call, event);
  part.open--;
  kept.endedAtLine = event.line;
  if (ending.kind === "answered") kept.output = ending.output;
  const observes = (model.effect(kept.call, undefined) & OBSERVES) !== 0;
  kept.failed = ending.kind === "failed" && !observes;
  if (ending.kind !== "unknown" || observes) kept.endedAt = online.events;
  online.line = event.line;
  if (online.verdict === "illegal") return;
  const f = part.frontier;
  if (f === undefined) {
    if (part.tail.kept.length >= part.tail.nextLook) lookAt(online, part);
    return;
  }
  const configurations = f.configurations;
  const exploredBefore = f.explored;
  if (ending.kind === "answered") complete(f, model, operation, ending.output);
  else if (kept.failed) failed(f, model, operation);
  else unknown(f, model, operation);
  online.explored += f.explored - exploredBefore;
  if (f.configurations.length > online.largest) online.largest = f.configurations.length;
  if (f.verdict === "illegal") {
    f.configurations = configurations;
    accuse(online, part, kept, describeFrontier(f, model));
  } else if (f.verdict === "undecided" || f.explored > FREE_CONFIGURATIONS + PER_EVENT_ON_AVERAGE * f.events) {
    goLate(online, part, f.reason);
  }
}

function accuse(online: Online, accused: OnlinePart, kept: Kept, statesBefore: readonly string[]): void {
  const { model } = online;
  let part = accused;
  let first = kept;
  // A part that is judged late may have broken before, unnoticed so far.
  if (online.late > 0) {
    for (const other of online.parts.values()) {
      if (other === accused || other.frontier !== undefined || other.tail.overflown) continue;
      const { verdict, configurations, at } = look(model, other.tail, online.lookBudget);
      online.explored += configurations;
      if (verdict !== "illegal" || at === undefined || at.endedAt > first.endedAt) continue;
      part = other;
      first = at;
    }
  }
  online.verdict = "illegal";
  online.violation = {
    line: first.endedAtLine,
    part: part.name,
    operation: model.describe(first.call, first.output),
    invokedAtLine: first.invokedAtLine,
    statesBefore: part === accused ? statesBefore : [],
    noticedAtLine: online.line,
  };
}

/** The frontier of `part` is given up. */
function goLate(online: Online, part: OnlinePart, reason: string): void {
  if (part.tail.overflown) {
    giveUp(online, part, reason === "" ? "the frontier is too wide" : reason);
    return;
  }
  part.frontier = undefined;
  online.late++;
  lookAt(online, part);
}

function giveUp(online: Online, part: OnlinePart, reason: string): void {
  part.tail.nextLook = Number.POSITIVE_INFINITY;
  if (online.verdict !== "ok") return;
  online.verdict = "undecided";
  const where = part.name === "" ? "" : ` of ${part.name}`;
  online.reason = `at line ${online.line}${where}: ${reason}`;
}

function lookAt(online: Online, part: OnlinePart): void {
  const { tail } = part;
  if (tail.overflown) {
    giveUp(online, part, "too many operations since the last moment at which one state was certain");
    return;
  }
  const { verdict, configurations, at } = look(online.model, tail, online.lookBudget);
  online.explored += configurations;
  if (verdict === "illegal" && at !== undefined) accuse(online, part, at, []);
  else if (verdict === "undecided") giveUp(online, part, `${configurations} configurations were not enough`);
}

/** The history ends here: parts that are judged late get their last look. Returns the verdict. */
export function finish(online: Online): FrontierVerdict {
  if (online.late === 0) return online.verdict;
  for (const part of online.parts.values()) {
    if (online.verdict === "illegal") break;
    if (part.frontier === undefined && Number.isFinite(part.tail.nextLook)) lookAt(online, part);
  }
  return online.verdict;
}
