// Judges a whole history: apart into its parts, each by the method that its model and its values call for, cheapest first,
// until one is decided or the budget is spent. Stops at the first part without an order. Every method is exact; they differ
// in cost only, and the verdict says which one spoke.

import type { Frontier, FrontierBudget } from "./configuration.ts";
import { searchDepthFirst } from "./depth-first.ts";
import { complete, createFrontier, invoke, unknown } from "./frontier.ts";
import type { History, Operation } from "./history.ts";
import { endsInOrder, partsOf } from "./history.ts";
import { judgeByVersions } from "./list-versions.ts";
import type { CallModel } from "./model/register.ts";
import type { Model, Monitor } from "./model.ts";
import { judgeQueue } from "./queue-aspects.ts";
import { judgeByRevisions } from "./revisions.ts";
import { judgeStack } from "./stack-nesting.ts";
import type { Refutation, ZoneVerdict } from "./zones.ts";
import { judgeByZones } from "./zones.ts";

/** How a verdict came about. */
export type Method = Monitor | "frontier" | "depth-first";

/** What a check may cost, in configurations: steps of the searches and memory, never wall time. */
export interface CheckBudget {
  /** Of all searches of one part together; an operation of the part adds `perOperation` to them. */
  readonly configurations: number;
  readonly perOperation?: number;
  /** Held in memory at one time. */
  readonly remembered: number;
}

/** Some seconds and some hundred megabytes at worst. */
export const CHECK_BUDGET: CheckBudget = { configurations: 1_500_000, perOperation: 32, remembered: 1_000_000 };

/** The verdict on one part. */
export interface PartJudgement {
  readonly verdict: "ok" | "illegal" | "undecided";
  readonly method: Method;
  readonly configurations: number;
  /** An order of the part's operations (indexes into it), where the method found one: of all if `ok`. */
  readonly order: readonly number[] | undefined;
  /** What contradicts what, where the method knows; indexes into the part. */
  readonly refutation: Refutation | undefined;
  /** Operation (index into the part) the search could not get beyond; -1 where there is none. */
  readonly brokeAt: number;
}

/** The verdict on a history. */
export interface Judgement {
  readonly verdict: "ok" | "illegal" | "undecided";
  /** The method of the part that decided, or of the part that cost most. */
  readonly method: Method;
  readonly configurations: number;
  readonly parts: number;
  /** Parts judged `ok` before the judgement ended. */
  readonly partsOk: number;
  /** The part without an order, or the first undecided one; else undefined. */
  readonly part: string | undefined;
  readonly partJudgement: PartJudgement | undefined;
  /** Why `undecided` and how far it got; empty otherwise. */
  readonly reason: string;
}

/** A whole history is at hand: its lost operations cost nothing until they are used. */
const LOST_MAX = 1_000_000;
/** Parts up to this many operations go to the frontier at once; anything else costs more to set up than to search. */
const TINY = 10;

function part(
  verdict: PartJudgement["verdict"],
  method: Method,
  configurations: number,
  more: Partial<PartJudgement> = {},
): PartJudgement {
  return { verdict, method, configurations, order: undefined, refutation: undefined, brokeAt: -1, ...more };
}

/** Runs the frontier along `operations` with all answers known beforehand. Returns it as it stood at the end. */
function lookAlong<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
  ends: readonly number[],
  budget: FrontierBudget,
): Frontier<S, I, O> {
  const f = createFrontier(model, budget, name);
  for (let i = 0; i < ends.length && f.verdict === "ok"; i++) {
    const end = ends[i]!;
    const index = end >> 1;
    const operation = operations[index]!;
    if (operation.output === undefined) {
      if (end & 1) continue;
      invoke(f, model, index, operation.input);
      unknown(f, model, index);
    } else if (end & 1) {
      complete(f, model, index, operation.output);
    } else {
      invoke(f, model, index, operation.input, operation.output, operation.endedAt);
    }
  }
  return f;
}

function searched<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
  budget: CheckBudget,
): PartJudgement {
  const knowing = model.foresee === undefined ? model : model.foresee(operations, model.init(name));
  const ends = endsInOrder(operations);
  const most = budget.configurations + (budget.perOperation ?? 0) * operations.length;
  let spent = 0;
  const depth = (configurations: number, last: boolean): PartJudgement | undefined => {
    const allowed = Math.min(configurations, most - spent);
    if (allowed <= 0 && !last) return undefined;
    const result = searchDepthFirst(knowing, operations, name, Math.max(0, allowed), budget.remembered);
    spent += result.configurations;
    if (result.verdict === "undecided" && !last) return undefined;
    return part(result.verdict, "depth-first", spent, { order: result.order, brokeAt: result.brokeAt });
  };
  const breadth = (frontier: number, perEvent: number): PartJudgement | undefined => {
    const total = most - spent;
    if (total <= 0) return undefined;
    const f = lookAlong(knowing, operations, name, ends, {
      frontier,
      perEvent: Math.min(perEvent, total),
      lost: LOST_MAX,
      total,
    });
    spent += f.explored;
    return f.verdict === "undecided" ? undefined : part(f.verdict, "frontier", spent, { brokeAt: f.failedOperation });
  };
  // Depth and breadth by turns, each with more than before: whichever suits the history decides it early. The first look is
  // cheap where the frontier stays narrow, and given up soon where it does not.
  return (
    breadth(96, 600) ??
    depth(4000 + 4 * operations.length, false) ??
    breadth(400, 2000) ??
    depth(60_000, false) ??
    breadth(2000, 10_000) ??
    depth(most, true)!
  );
}

/** Judges `operations`, all of one part. Calls of the built-in models go through their monitors first. */
export function judgePart<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
  budget: CheckBudget = CHECK_BUDGET,
): PartJudgement {
  if (operations.length > TINY && model.monitor !== undefined) {
    const calls = operations as unknown as readonly Operation[];
    const judgement = monitored(model.monitor, model as unknown as CallModel, calls, name);
    if (judgement !== undefined) return judgement;
  }
  return searched(model, operations, name, budget);
}

/**
 * An order of `operations`: of all where one was found, else the longest that a search of at most `configurationsMax` came to.
 * For pictures, which want something to show.
 */
export function bestOrder<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
  configurationsMax: number,
): readonly number[] {
  const budget = { configurations: configurationsMax, remembered: configurationsMax };
  const judged = judgePart(model, operations, name, budget);
  if (judged.order !== undefined) return judged.order;
  const knowing = model.foresee === undefined ? model : model.foresee(operations, model.init(name));
  return searchDepthFirst(knowing, operations, name, configurationsMax).order;
}

const MONITORS: Readonly<Record<Monitor, typeof judgeByZones | typeof judgeQueue>> = {
  zones: judgeByZones,
  revisions: judgeByRevisions,
  "queue-aspects": judgeQueue,
  "stack-nesting": judgeStack,
  "list-versions": judgeByVersions,
};

/** What the polynomial method of `model` says; undefined where it leaves the history to the search. */
function monitored(
  method: Monitor,
  model: CallModel,
  operations: readonly Operation[],
  name: string,
): PartJudgement | undefined {
  const said = MONITORS[method](model, operations, name);
  if (said === undefined) return undefined;
  const { refutation, order }: Partial<ZoneVerdict> = said;
  if (refutation !== undefined) return part("illegal", method, operations.length, { refutation });
  // Only the aspects of a queue prove without showing an order.
  if (order === undefined && method !== "queue-aspects") return undefined;
  return part("ok", method, operations.length, { order });
}

/** Judges `history` part by part. */
export function judge<S, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
  budget: CheckBudget = CHECK_BUDGET,
): Judgement {
  const parts = partsOf(model, history.operations);
  let configurations = 0;
  let method: Method = "frontier";
  let costliest = -1;
  let partsOk = 0;
  let open: { name: string; judgement: PartJudgement; size: number } | undefined;
  for (const { name, indexes } of parts) {
    const operations =
      indexes.length === history.operations.length ? history.operations : indexes.map((i) => history.operations[i]!);
    const judgement = judgePart(model, operations, name, budget);
    configurations += judgement.configurations;
    if (judgement.configurations > costliest) {
      costliest = judgement.configurations;
      method = judgement.method;
    }
    if (judgement.verdict === "ok") {
      partsOk++;
    } else if (judgement.verdict === "illegal") {
      const done = { configurations, parts: parts.length, partsOk, part: name, partJudgement: judgement, reason: "" };
      return { verdict: "illegal", method: judgement.method, ...done };
    } else if (open === undefined) {
      open = { name, judgement, size: operations.length };
    }
  }
  const done = { configurations, parts: parts.length, partsOk };
  if (open === undefined)
    return { verdict: "ok", method, ...done, part: undefined, partJudgement: undefined, reason: "" };
  const where = open.name === "" ? "" : ` of ${open.name}`;
  const got = open.judgement.order?.length ?? 0;
  const reason = `${open.judgement.configurations} configurations were not enough: ${got} of ${open.size} operations${where} could be put in order, ${partsOk} of ${parts.length} parts are decided`;
  return { verdict: "undecided", method, ...done, part: open.name, partJudgement: open.judgement, reason };
}
