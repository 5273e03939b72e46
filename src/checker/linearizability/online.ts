// Judges a history as it is written, event by event, without keeping it: one frontier a part, the open calls, nothing else.
// For files larger than memory, for `--online`, and for anyone who watches a running service. Unknown here: files, clocks.

import type { Frontier, FrontierBudget, FrontierVerdict } from "./configuration.ts";
import type { Dialect, HistoryEvent } from "./format/event.ts";
import { callOf, endingOf, FormatError } from "./format/event.ts";
import { complete, createFrontier, describeFrontier, FRONTIER_BUDGET, failed, invoke, unknown } from "./frontier.ts";
import type { CallModel } from "./model/register.ts";
import { OBSERVES } from "./model.ts";
import type { Call, Value } from "./value.ts";

/** A call that has not ended. */
interface OpenCall {
  readonly operation: number;
  readonly call: Call;
  readonly part: string;
  readonly line: number;
}

/** The first event at which no order was left. */
export interface Violation {
  readonly line: number;
  readonly part: string;
  /** The operation that ended there, with its answer. */
  readonly operation: string;
  /** Line of its invocation. */
  readonly invokedAtLine: number;
  /** States that were possible just before. */
  readonly statesBefore: readonly string[];
}

/** An online judgement. Plain data. */
export interface Online {
  readonly dialect: Dialect;
  readonly model: CallModel;
  readonly budget: FrontierBudget;
  parts: Map<string, Frontier<Value, Call, Value>>;
  open: Map<number, OpenCall>;
  events: number;
  operations: number;
  verdict: FrontierVerdict;
  reason: string;
  violation: Violation | undefined;
  /** Most configurations any part held at one time. */
  largest: number;
  explored: number;
}

/** An online judgement of a history of `dialect` that has not begun. */
export function createOnline(dialect: Dialect, model: CallModel, budget: FrontierBudget = FRONTIER_BUDGET): Online {
  return {
    dialect,
    model,
    budget,
    parts: new Map(),
    open: new Map(),
    events: 0,
    operations: 0,
    verdict: "ok",
    reason: "",
    violation: undefined,
    largest: 0,
    explored: 0,
  };
}

function partOf(online: Online, name: string): Frontier<Value, Call, Value> {
  let f = online.parts.get(name);
  if (f === undefined) {
    f = createFrontier(online.model, online.budget, name);
    online.parts.set(name, f);
  }
  return f;
}

/** Takes the next event and returns the verdict at it. Once illegal it stays so. Throws `FormatError`. */
export function observe(online: Online, event: HistoryEvent): FrontierVerdict {
  const { model, open } = online;
  online.events++;
  const current = open.get(event.process);
  if (event.type === "invoke") {
    if (current !== undefined) {
      throw new FormatError(
        event.line,
        `process ${event.process} invokes ${event.f}, but its ${current.call.f} of line ${current.line} is still open`,
      );
    }
    const call = callOf(online.dialect, event);
    const part = model.partition?.(call) ?? "";
    const operation = online.operations++;
    open.set(event.process, { operation, call, part, line: event.line });
    if (online.verdict !== "illegal") invoke(partOf(online, part), model, operation, call);
    return online.verdict;
  }
  if (current === undefined) {
    throw new FormatError(event.line, `process ${event.process} ends “${event.f}” without having invoked anything`);
  }
  open.delete(event.process);
  const ending = endingOf(online.dialect, current.call, event);
  if (online.verdict === "illegal") return online.verdict;
  const f = partOf(online, current.part);
  const configurations = f.configurations;
  const exploredBefore = f.explored;
  if (ending.kind === "answered") complete(f, model, current.operation, ending.output);
  else if (ending.kind === "unknown" || model.effect(current.call, undefined) & OBSERVES)
    unknown(f, model, current.operation);
  else failed(f, model, current.operation);
  online.explored += f.explored - exploredBefore;
  if (f.configurations.length > online.largest) online.largest = f.configurations.length;
  if (f.verdict === "illegal") {
    f.configurations = configurations;
    online.verdict = "illegal";
    online.violation = {
      line: event.line,
      part: current.part,
      operation: model.describe(current.call, ending.kind === "answered" ? ending.output : undefined),
      invokedAtLine: current.line,
      statesBefore: describeFrontier(f, model),
    };
  } else if (f.verdict === "undecided" && online.verdict === "ok") {
    online.verdict = "undecided";
    const where = current.part === "" ? "" : ` of ${current.part}`;
    online.reason = `at line ${event.line}${where}: ${f.reason}`;
  }
  return online.verdict;
}
