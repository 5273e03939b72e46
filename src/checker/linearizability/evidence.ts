// Why there is no order: the first event at which none is left, and the history shrunk to the few operations that
// contradict each other, in a sentence.
//
// Shrinking has to stay honest: what is shown must prove that the whole is impossible. Leaving out an operation that
// changes nothing proves that; leaving out one that changes something does not, so it is weakened to "may have happened at any later
// time, or never" instead. Only in the picture are weakened operations dropped whose values nobody in it speaks of.

import type { CheckBudget } from "./check.ts";
import { judgePart } from "./check.ts";
import type { FrontierBudget } from "./configuration.ts";
import { searchDepthFirst } from "./depth-first.ts";
import { complete, createFrontier, describeFrontier, invoke, unknown } from "./frontier.ts";
import type { Operation } from "./history.ts";
import { endsInOrder, prefixOf } from "./history.ts";
import type { Model } from "./model.ts";
import { OBSERVES } from "./model.ts";

/** The case against one part of a history. Indexes count the operations of that part. */
export interface Evidence {
  /** Position of the event at which no order was left, and the operation that ended there. */
  readonly eventAt: number;
  readonly operation: number;
  /** States the object may have been in just before that event, as text; empty where that is not known. */
  readonly statesBefore: readonly string[];
  /** Operations that cannot be put in order, by time of invocation; those of `maybe` may have happened or not. */
  readonly core: readonly number[];
  readonly maybe: readonly number[];
  /** One sentence. */
  readonly sentence: string;
  /** The longest order found before it broke. */
  readonly longest: readonly number[];
}

const ONLINE: FrontierBudget = { frontier: 3000, perEvent: 20_000, lost: 1_000_000 };
const TRIAL: CheckBudget = { configurations: 20_000, remembered: 20_000 };
/** Trials of the shrinker; each costs at most `TRIAL`. */
const TRIALS_MAX = 400;
/** Operations further back than this from the first impossible event are weakened without being tried one by one. */
const NEAR = 48;

interface FirstBad {
  readonly operation: number;
  readonly statesBefore: readonly string[];
}

/** The operation at whose end no order is left, found online; undefined where the frontier grows too wide. */
function firstBadOnline<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
): FirstBad | undefined {
  const f = createFrontier(model, ONLINE, name);
  for (const end of endsInOrder(operations)) {
    const index = end >> 1;
    const { input, output } = operations[index]!;
    if ((end & 1) === 0) {
      invoke(f, model, index, input);
    } else if (output === undefined) {
      unknown(f, model, index);
    } else {
      const before = f.configurations;
      const states = before.length > 50 ? [] : describeFrontier(f, model);
      if (complete(f, model, index, output) === "illegal") return { operation: index, statesBefore: states };
    }
    if (f.verdict === "undecided") return undefined;
  }
  return undefined;
}

/** The same by halving: linearizability is closed under prefixes. */
function firstBadByHalves<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
): FirstBad | undefined {
  const ends = operations.map((_, i) => i).filter((i) => operations[i]!.output !== undefined);
  ends.sort((a, b) => operations[a]!.endedAt - operations[b]!.endedAt);
  const history = { operations, events: Number.POSITIVE_INFINITY };
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const prefix = prefixOf(history, operations[ends[middle]!]!.endedAt + 1);
    const useful = prefix.operations.filter(
      (operation) => operation.output !== undefined || (model.effect(operation.input, undefined) & OBSERVES) === 0,
    );
    const { verdict } = judgePart(model, useful, name, { configurations: 200_000, remembered: 200_000 });
    if (verdict === "undecided") return undefined;
    if (verdict === "illegal") high = middle;
    else low = middle + 1;
  }
  return ends[low] === undefined ? undefined : { operation: ends[low]!, statesBefore: [] };
}

/** The part with only `kept` as recorded: of the others those that change nothing are gone, the rest may or may not happen. */
function weakened<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  kept: ReadonlySet<number>,
): { operations: Operation<I, O>[]; indexes: number[] } {
  const rest: Operation<I, O>[] = [];
  const indexes: number[] = [];
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]!;
    if (!kept.has(i) && model.effect(operation.input, undefined) & OBSERVES) continue;
    indexes.push(i);
    rest.push(kept.has(i) || operation.output === undefined ? operation : { ...operation, output: undefined });
  }
  return { operations: rest, indexes };
}

/** Builds the case against `operations`, one part of a history, which is known to have no order. */
export function findEvidence<S, I, O>(
  model: Model<S, I, O>,
  all: readonly Operation<I, O>[],
  name: string,
  suspects: readonly number[],
  brokeAt: number,
): Evidence {
  const last = all.length - 1;
  const bad = firstBadOnline(model, all, name) ??
    firstBadByHalves(model, all, name) ?? { operation: brokeAt < 0 ? last : brokeAt, statesBefore: [] };
  const eventAt = all[bad.operation]!.endedAt;
  // Only what was invoked by then, and known by then, can be part of the case.
  const positions: number[] = [];
  const operations: Operation<I, O>[] = [];
  for (let i = 0; i < all.length; i++) {
    const operation = all[i]!;
    if (operation.invokedAt >= eventAt) continue;
    positions.push(i);
    operations.push(operation.endedAt <= eventAt ? operation : { ...operation, output: undefined });
  }
  let trials = 0;
  const impossible = (kept: ReadonlySet<number>): boolean => {
    if (trials++ >= TRIALS_MAX) return false;
    return judgePart(model, weakened(model, operations, kept).operations, name, TRIAL).verdict === "illegal";
  };
  const known: number[] = [];
  for (let i = 0; i < operations.length; i++) if (operations[i]!.output !== undefined) known.push(i);
  known.sort((a, b) => operations[a]!.endedAt - operations[b]!.endedAt);
  let kept = new Set(known);
  const seeds: number[][] = [suspects.map((suspect) => positions.indexOf(suspect)).filter((i) => i >= 0)];
  for (let near = 2; near <= 4 * NEAR && near < known.length; near *= 2) seeds.push(known.slice(-near));
  for (const seed of seeds) {
    const candidate = new Set(seed.filter((i) => operations[i]!.output !== undefined));
    if (candidate.size === 0 || !impossible(candidate)) continue;
    kept = candidate;
    break;
  }
  for (let size = kept.size >> 1; size >= 1; size >>= 1) {
    const order = [...kept].sort((a, b) => operations[a]!.endedAt - operations[b]!.endedAt);
    for (let from = 0; from < order.length; from += size) {
      const without = new Set(kept);
      for (const i of order.slice(from, from + size)) without.delete(i);
      if (without.size < kept.size && impossible(without)) kept = without;
    }
    if (kept.size > NEAR && size === 1) break;
  }
  const core = [...kept].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  const maybe = spokenOf(model, operations, core);
  const { operations: shown } = weakened(model, operations, kept);
  const search = searchDepthFirst(model, shown.length < 5000 ? operations : shown, name, 30_000);
  return {
    eventAt,
    operation: bad.operation,
    statesBefore: bad.statesBefore,
    core: core.map((i) => positions[i]!),
    maybe: maybe.map((i) => positions[i]!),
    sentence: sentenceOf(model, operations, core, positions.indexOf(bad.operation)),
    longest: shown.length < 5000 ? search.order.map((i) => positions[i]!) : [],
  };
}

/** Weakened operations whose input holds a value that an answer of the core speaks of; at most a handful. */
function spokenOf<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  core: readonly number[],
): readonly number[] {
  const inCore = new Set(core);
  const texts = core.map((i) => JSON.stringify([operations[i]!.output, operations[i]!.input]));
  const maybe: number[] = [];
  for (let i = operations.length - 1; i >= 0 && maybe.length < 4; i--) {
    const operation = operations[i]!;
    if (inCore.has(i) || model.effect(operation.input, undefined) & OBSERVES) continue;
    const value = (operation.input as { readonly value?: unknown }).value;
    if (value === undefined || value === null) continue;
    const text = JSON.stringify(value);
    if (texts.some((said) => said.includes(`[${text},`) || said.includes(`,${text}]`))) maybe.push(i);
  }
  return maybe.reverse();
}

/** `get x → 1 began after put x=2 had finished; no order explains it`. */
function sentenceOf<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  core: readonly number[],
  bad: number,
): string {
  const tell = (i: number): string => model.describe(operations[i]!.input, operations[i]!.output);
  let last = bad;
  if (!core.includes(bad))
    for (const i of core) if (last === bad || operations[i]!.endedAt > operations[last]!.endedAt) last = i;
  if (core.length === 1) return `${tell(last)} cannot be: nothing in the history leads to that answer`;
  let before = -1;
  for (const i of core) {
    if (i === last || operations[i]!.endedAt > operations[last]!.invokedAt) continue;
    if (before < 0 || operations[i]!.endedAt > operations[before]!.endedAt) before = i;
  }
  const others = core.filter((i) => i !== last && i !== before);
  const beside = others.length === 0 || others.length > 3 ? "" : ` (with ${others.map(tell).join(", ")})`;
  if (before < 0) return `${tell(last)} contradicts ${others.map(tell).join(", ")}; no order explains them together`;
  return `${tell(last)} began after ${tell(before)} had finished${beside}; no order explains it`;
}
