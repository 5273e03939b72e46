// Why there is no order: the first event at which none is left, and the history shrunk to the few operations that
// contradict each other, in a sentence.
//
// Shrinking has to stay honest: what is shown must prove that the whole is impossible. Leaving out an operation that
// changes nothing proves that; leaving out one that changes something does not, so it is weakened to "may have happened at any later
// time, or never" instead. Only in the picture are weakened operations dropped whose values nobody in it speaks of.

import type { CheckBudget } from "./check.ts";
import { bestOrder, judgePart } from "./check.ts";
import type { Frontier, FrontierBudget } from "./configuration.ts";
import { cloneFrontier, complete, createFrontier, describeFrontier, invoke, unknown } from "./frontier.ts";
import type { Operation } from "./history.ts";
import { endsInOrder, prefixOf } from "./history.ts";
import type { Model } from "./model.ts";
import { beginningIn, OBSERVES } from "./model.ts";
import type { Refutation } from "./zones.ts";

/** The case against one part of a history. Indexes count the operations of that part. */
export interface Evidence {
  /** Position of the event at which no order was left, and the operation that ended there. */
  readonly eventAt: number;
  readonly operation: number;
  /** States the object may have been in just before that event, as text; empty where that is not known. */
  readonly statesBefore: readonly string[];
  /** The last moment before at which nothing was open, and the state then; position 0 and undefined where there is none. */
  readonly quietAt: number;
  readonly quietState: string | undefined;
  /** Operations that cannot be put in order, by time of invocation; those of `maybe` may have happened or not. */
  readonly core: readonly number[];
  readonly maybe: readonly number[];
  /** One sentence. */
  readonly sentence: string;
  /** The longest order found before it broke. */
  readonly longest: readonly number[];
}

const ONLINE: FrontierBudget = { frontier: 2000, perEvent: 8000, lost: 1_000_000 };
const TRIAL: CheckBudget = { configurations: 20_000, remembered: 20_000 };
/** Trials of the shrinker; each costs at most `TRIAL`. */
const TRIALS_MAX = 400;
/** Configurations of all trials together. */
const SPENT_MAX = 250_000;
/** Operations further back than this from the first impossible event are weakened without being tried one by one. */
const NEAR = 48;
/** A larger case is told from the last ends only, this many. */
const CORE_MAX = 16;
const WINDOW = 10;

interface FirstBad<State> {
  readonly operation: number;
  readonly statesBefore: readonly string[];
  /** A time before at which nothing was open and only one state possible; undefined: the case is told from the start. */
  readonly quiet: { readonly at: number; readonly state: State } | undefined;
}

/**
 * So many completions lie between the quiet moment that a case begins at and the bad event, if there are so many: a stale read is
 * told with the write that it missed, and not with a state alone.
 */
const SINCE_QUIET = 24;

/** The operation at whose end no order is left, found online; undefined where the frontier grows too wide. */
function firstBadOnline<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
): FirstBad<S> | undefined {
  const f = createFrontier(model, ONLINE, name);
  let open = 0;
  let lost = 0;
  let ended = 0;
  /** Quiet moments with the completions before them; the first is the one to begin at. */
  const quiets: { readonly quiet: FirstBad<S>["quiet"]; readonly ended: number }[] = [{ quiet: undefined, ended: 0 }];
  for (const end of endsInOrder(operations)) {
    const index = end >> 1;
    const { input, output } = operations[index]!;
    if ((end & 1) === 0) {
      if (open === 0 && lost === 0 && f.configurations.length === 1) {
        const quiet = { at: operations[index]!.invokedAt, state: f.states[f.configurations[0]!.state]! };
        if (quiets[quiets.length - 1]!.ended < ended) quiets.push({ quiet, ended });
        while (quiets.length > 1 && quiets[1]!.ended <= ended - SINCE_QUIET) quiets.shift();
      }
      open++;
      invoke(f, model, index, input);
    } else if (output === undefined) {
      open--;
      lost++;
      unknown(f, model, index);
    } else {
      open--;
      ended++;
      const before = f.configurations;
      const states = before.length > 50 ? [] : describeFrontier(f, model);
      if (complete(f, model, index, output) === "illegal") {
        return { operation: index, statesBefore: states, quiet: quiets[0]!.quiet };
      }
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
): FirstBad<S> | undefined {
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
  return ends[low] === undefined ? undefined : { operation: ends[low]!, statesBefore: [], quiet: undefined };
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
  whole: Model<S, I, O>,
  all: readonly Operation<I, O>[],
  name: string,
  refutation: Refutation | undefined,
  brokeAt: number,
): Evidence {
  const suspects = refutation?.operations ?? [];
  const last = all.length - 1;
  const bad = firstBadOnline(whole, all, name) ??
    firstBadByHalves(whole, all, name) ?? {
      operation: brokeAt < 0 ? last : brokeAt,
      statesBefore: [],
      quiet: undefined,
    };
  const model = bad.quiet === undefined ? whole : beginningIn(whole, bad.quiet.state);
  const quietState = bad.quiet === undefined ? undefined : model.describeState(bad.quiet.state);
  const since = bad.quiet?.at ?? 0;
  const eventAt = all[bad.operation]!.endedAt;
  // Only what was invoked by then, and known by then, can be part of the case.
  const positions: number[] = [];
  const operations: Operation<I, O>[] = [];
  for (let i = 0; i < all.length; i++) {
    const operation = all[i]!;
    if (operation.invokedAt >= eventAt || operation.invokedAt < since) continue;
    positions.push(i);
    operations.push(operation.endedAt <= eventAt ? operation : { ...operation, output: undefined });
  }
  let trials = 0;
  let spent = 0;
  const impossible = (kept: ReadonlySet<number>): boolean => {
    if (trials++ >= TRIALS_MAX || spent > SPENT_MAX) return false;
    const trial = judgePart(model, weakened(model, operations, kept).operations, name, TRIAL);
    spent += trial.configurations;
    return trial.verdict === "illegal";
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
  const shrunk = kept.size <= CORE_MAX;
  if (!shrunk) kept = lastWindow(model, operations, name, positions.indexOf(bad.operation)) ?? nearest(seeds, known);
  const core = [...kept].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  const maybe = spokenOf(model, operations, core);
  const { operations: shown } = weakened(model, operations, kept);
  const longest = shown.length < 5000 ? bestOrder(model, operations, name, 20_000) : [];
  return {
    eventAt,
    operation: bad.operation,
    statesBefore: bad.statesBefore,
    quietAt: since,
    quietState,
    core: core.map((i) => positions[i]!),
    maybe: maybe.map((i) => positions[i]!),
    sentence:
      // What cannot be by itself alone is better told with what it contradicts.
      refutation !== undefined && (!shrunk || (core.length <= 1 && refutation.operations.length > 1))
        ? refutation.text
        : sentenceOf(model, operations, core, positions.indexOf(bad.operation), quietState),
    longest: longest.map((i) => positions[i]!),
  };
}

/** The best that can be shown where nothing could be shrunk: what the method that refuted accused, or else the last ends. */
function nearest(seeds: readonly (readonly number[])[], known: readonly number[]): Set<number> {
  const accused = seeds[0]!;
  return new Set(accused.length > 0 ? accused : known.slice(-WINDOW));
}

/**
 * Where the case does not get small by itself (values used over and over): what was possible some ends before the bad one
 * is taken as it is, and only the operations since are shrunk.
 */
function lastWindow<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  name: string,
  bad: number,
): Set<number> | undefined {
  const ends = endsInOrder(operations);
  const to = ends.indexOf(2 * bad + 1);
  let from = to;
  for (let known = 0; from > 0 && known < WINDOW; from--) {
    if (ends[from]! & 1 && operations[ends[from]! >> 1]!.output !== undefined) known++;
  }
  const start = createFrontier(model, ONLINE, name);
  for (let at = 0; at < from; at++) play(model, start, operations, ends[at]!, true);
  if (start.verdict !== "ok") return undefined;
  const inWindow: number[] = [];
  for (let at = from; at <= to; at++) {
    const index = ends[at]! >> 1;
    if (ends[at]! & 1 && operations[index]!.output !== undefined) inWindow.push(index);
  }
  let kept = new Set(inWindow);
  const impossible = (candidate: ReadonlySet<number>): boolean => {
    const f = cloneFrontier(start);
    for (let at = from; at <= to; at++) play(model, f, operations, ends[at]!, candidate.has(ends[at]! >> 1));
    return f.verdict === "illegal";
  };
  if (!impossible(kept)) return undefined;
  for (const index of inWindow) {
    const without = new Set(kept);
    without.delete(index);
    if (impossible(without)) kept = without;
  }
  return kept;
}

function play<S, I, O>(
  model: Model<S, I, O>,
  f: Frontier<S, I, O>,
  operations: readonly Operation<I, O>[],
  end: number,
  known: boolean,
): void {
  const { input, output } = operations[end >> 1]!;
  if ((end & 1) === 0) invoke(f, model, end >> 1, input);
  else if (known && output !== undefined) complete(f, model, end >> 1, output);
  else unknown(f, model, end >> 1);
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

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** `get x → 1 began after put x=2 had finished; no order explains it`. */
function sentenceOf<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  core: readonly number[],
  bad: number,
  quietState: string | undefined,
): string {
  const tell = (i: number): string => model.describe(operations[i]!.input, operations[i]!.output);
  let last = bad;
  if (!core.includes(bad))
    for (const i of core) if (last === bad || operations[i]!.endedAt > operations[last]!.endedAt) last = i;
  if (core.length <= 1) {
    const from =
      quietState === undefined || quietState === "" ? "" : ` (it was ${shortened(quietState)} when nothing was open)`;
    return `${tell(last)} cannot be: nothing in the history leads to that answer${from}`;
  }
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
