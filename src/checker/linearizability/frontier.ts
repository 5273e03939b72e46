// The online checker: takes a history one event at a time and says, at each completion, whether an order still exists. It
// keeps the frontier: every configuration that explains all answers so far. Just-in-time linearization (Lowe, "Testing for
// linearizability", 2017): an operation is placed when it or a later one returns, never sooner than needed.
//
// A configuration is a state, what became of each open operation, and the lost operations (unknown outcomes) it has used.
// Four reductions keep the frontier small; each is exact:
// E  an operation that cannot change the state with the answer it got is placed the moment a state fits. While the answer
//    is not known yet, a configuration remembers the answers its path has passed since the invocation.
// C  lost operations with equal inputs are one class; of a class the member invoked last is used first, because only
//    members invoked early are of use at early places.
// D  of two configurations that differ only in that one used fewer lost operations, passed more answers, or keeps more
//    open writes placeable, the other is superfluous.
// A  a blind operation directly before an overwriting one leaves no trace. So a configuration remembers when its state was
//    last overwritten, and all blind operations open at that time may count as placed just before it, at their leisure.
// Without A, overlapping writes cost 2^c configurations; with it, nothing.
//
// The frontier is plain data without closures; the model, which is code, is handed in with every call. Unknown here: whole
// histories, partitions, formats.

import { finish, hashString, mix } from "../../kernel/hash.ts";
import type { Model } from "./model.ts";
import { BLIND, OBSERVES, OVERWRITES } from "./model.ts";
import type { Key } from "./value.ts";

/** What an online check may cost before it ends `undecided`. Never wall time. */
export interface FrontierBudget {
  /** Configurations held at one time. */
  readonly frontier: number;
  /** Configurations made for one event. */
  readonly perEvent: number;
  /** Lost operations that are still of possible use. */
  readonly lost: number;
}

/** Enough for histories of 50 clients over small domains; at most some tens of megabytes. */
export const FRONTIER_BUDGET: FrontierBudget = { frontier: 20_000, perEvent: 200_000, lost: 100_000 };

/** `ok`: an order exists up to here. `illegal`: none does. `undecided`: the budget ran out, see `reason`. */
export type FrontierVerdict = "ok" | "illegal" | "undecided";

/** An operation that was invoked and has not ended. */
interface Slot<Input> {
  /** The caller's number of the operation; -1 where the slot is free. */
  operation: number;
  input: Input | undefined;
  effect: number;
  /** Number of the event of the invocation. */
  invokedAt: number;
  /** State after it, where it overwrites; else -1. */
  target: number;
  /** Output id known beforehand (whole histories), else -1. */
  expected: number;
}

/** An operation whose outcome nobody will ever know. */
interface Lost {
  readonly operation: number;
  readonly family: number;
  readonly invokedAt: number;
}

/** Lost operations with equal inputs. */
interface Family<Input> {
  readonly key: Key;
  readonly input: Input;
  readonly effect: number;
  target: number;
  /** The state it needs to change anything, where the model names one; else -1. */
  required: number;
  /** Indexes into `lost`, by time of invocation. */
  members: number[];
}

/** One explanation of all answers so far. */
interface Configuration {
  state: number;
  /** Number of the event at which the state was last overwritten; 0 where that is of no use to any open operation. */
  overwrittenAt: number;
  /** Per slot: 0 free; even: not placed, twice the id of the set of passed answers; odd: placed, twice the answer plus 1. */
  status: number[];
  /** Lost operations used, ascending. */
  spent: number[];
}

/** All that an online check remembers. Plain data; the caller owns it. */
export interface Frontier<State, Input, Output> {
  readonly budget: FrontierBudget;
  readonly part: string;
  verdict: FrontierVerdict;
  /** Why `undecided`. */
  reason: string;
  /** Events taken so far. */
  events: number;
  /** Operation at whose completion no order was left; -1 while there is one. */
  failedOperation: number;
  /** Configurations made so far, over all events: the cost of the check. */
  explored: number;
  /** Most configurations held at one time. */
  largest: number;
  slots: Slot<Input>[];
  freeSlots: number[];
  configurations: Configuration[];
  states: State[];
  stateIds: Map<Key, number>;
  outputs: (Output | undefined)[];
  outputIds: Map<Key, number>;
  /** Sets of passed answers as ascending lists of output ids; the empty set is 0. */
  sets: number[][];
  setIds: Map<string, number>;
  lost: Lost[];
  families: Family<Input>[];
  familyIds: Map<Key, number>;
  /** Families that overwrite, by their target. */
  byTarget: Map<number, number[]>;
  /** Families that are conditional and need one state, by that state. */
  byRequired: Map<number, number[]>;
  /** Families that are neither: they have to be tried everywhere. */
  unindexed: number[];
  /** Tables are rebuilt when they hold this many entries. */
  compactAt: number;
}

const NOTHING: number[] = [];
const COMPACT_MIN = 512;

function createSlot<Input>(): Slot<Input> {
  return { operation: -1, input: undefined, effect: 0, invokedAt: 0, target: -1, expected: -1 };
}

/** A frontier with one configuration: the initial state of `part`, nothing open. */
export function createFrontier<State, Input, Output>(
  model: Model<State, Input, Output>,
  budget: FrontierBudget = FRONTIER_BUDGET,
  part: string = "",
): Frontier<State, Input, Output> {
  const f: Frontier<State, Input, Output> = {
    budget,
    part,
    verdict: "ok",
    reason: "",
    events: 0,
    failedOperation: -1,
    explored: 1,
    largest: 1,
    slots: [],
    freeSlots: [],
    configurations: [],
    states: [],
    stateIds: new Map(),
    outputs: [undefined],
    outputIds: new Map(),
    sets: [NOTHING],
    setIds: new Map(),
    lost: [],
    families: [],
    familyIds: new Map(),
    byTarget: new Map(),
    byRequired: new Map(),
    unindexed: [],
    compactAt: COMPACT_MIN,
  };
  const state = stateId(f, model, model.init(part));
  f.configurations.push({ state, overwrittenAt: 0, status: [], spent: NOTHING });
  return f;
}

function stateId<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, state: S): number {
  const key = model.stateKey(state);
  let id = f.stateIds.get(key);
  if (id === undefined) {
    id = f.states.length;
    f.states.push(state);
    f.stateIds.set(key, id);
  }
  return id;
}

function outputId<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, output: O): number {
  const key = model.outputKey(output);
  let id = f.outputIds.get(key);
  if (id === undefined) {
    id = f.outputs.length;
    f.outputs.push(output);
    f.outputIds.set(key, id);
  }
  return id;
}

function setWith<S, I, O>(f: Frontier<S, I, O>, set: number, output: number): number {
  const members = f.sets[set]!;
  if (members.includes(output)) return set;
  const wider = [...members, output].sort((a, b) => a - b);
  const key = wider.join();
  let id = f.setIds.get(key);
  if (id === undefined) {
    id = f.sets.length;
    f.sets.push(wider);
    f.setIds.set(key, id);
  }
  return id;
}

/** The status of a slot that is not placed and passes `state`: what it could answer there without changing anything. */
function passing<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  slot: Slot<I>,
  status: number,
  state: number,
): number {
  const from = f.states[state]!;
  const input = slot.input as I;
  let set = status >> 1;
  if (slot.expected >= 0) {
    if (set !== 0) return status;
    const after = model.step(from, input, f.outputs[slot.expected]);
    if (after !== undefined && (slot.effect & OBSERVES || stateId(f, model, after) === state)) {
      set = setWith(f, 0, slot.expected);
    }
    return 2 * set;
  }
  const answers = model.answers(from, input);
  for (let i = 0; i < answers.length; i++) {
    const answer = answers[i]!;
    if ((slot.effect & OBSERVES) === 0) {
      const after = model.step(from, input, answer);
      if (after === undefined || stateId(f, model, after) !== state) continue;
    }
    set = setWith(f, set, outputId(f, model, answer));
  }
  return 2 * set;
}

/** Shows `state` to every open operation of `c` whose answer depends on it and that was invoked before `before`. */
function show<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  c: Configuration,
  state: number,
  before: number,
): void {
  const { slots } = f;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    if (slot.operation < 0 || slot.effect & BLIND || slot.invokedAt >= before) continue;
    const status = c.status[i]!;
    if ((status & 1) === 0) c.status[i] = passing(f, model, slot, status, state);
  }
}

/**
 * An operation begins. `operation` is a number of the caller's, unique among the open ones. `foreknown` may name the answer
 * it will get, where a whole history is at hand: the frontier is then smaller, but a violation may show before its event.
 */
export function invoke<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  operation: number,
  input: I,
  foreknown: O | undefined = undefined,
): void {
  f.events++;
  if (f.verdict !== "ok") return;
  let index = f.freeSlots.pop();
  if (index === undefined) {
    index = f.slots.length;
    f.slots.push(createSlot());
    for (const c of f.configurations) c.status.push(0);
  }
  const slot = f.slots[index]!;
  slot.operation = operation;
  slot.input = input;
  slot.invokedAt = f.events;
  slot.effect = model.effect(input, foreknown);
  slot.expected = foreknown === undefined || slot.effect & BLIND ? -1 : outputId(f, model, foreknown);
  slot.target = targetOf(f, model, input, slot.effect);
  if (slot.effect & BLIND) return;
  for (const c of f.configurations) c.status[index] = passing(f, model, slot, 0, c.state);
}

function targetOf<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, input: I, effect: number): number {
  if ((effect & OVERWRITES) === 0) return -1;
  const after = model.step(f.states[f.configurations[0]!.state]!, input, undefined);
  return after === undefined ? -1 : stateId(f, model, after);
}

function slotOf<S, I, O>(f: Frontier<S, I, O>, operation: number): number {
  const { slots } = f;
  for (let i = 0; i < slots.length; i++) if (slots[i]!.operation === operation) return i;
  return -1;
}

/**
 * An operation ends with `output`. Returns the verdict at exactly this event: `illegal` where no order explains the history
 * up to here and some order explained it up to the event before. After that nothing more is judged.
 */
export function complete<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  operation: number,
  output: O,
): FrontierVerdict {
  f.events++;
  if (f.verdict !== "ok") return f.verdict;
  const index = slotOf(f, operation);
  if (index < 0) return f.verdict;
  const slot = f.slots[index]!;
  slot.effect = model.effect(slot.input as I, output);
  const work: Settling<O> = {
    index,
    output,
    answer: slot.effect & BLIND ? 0 : outputId(f, model, output),
    found: [],
    byState: undefined,
    reached: undefined,
    made: 0,
  };
  const { configurations } = f;
  for (let i = 0; i < configurations.length && f.verdict === "ok"; i++) settle(f, model, work, configurations[i]!);
  f.explored += work.made;
  if (f.verdict !== "ok") return f.verdict;
  release(f, index);
  f.configurations = work.found;
  if (work.found.length > f.largest) f.largest = work.found.length;
  if (work.found.length === 0) {
    f.verdict = "illegal";
    f.failedOperation = operation;
  } else if (work.found.length > f.budget.frontier) {
    giveUp(f, `more than ${f.budget.frontier} configurations at one time`);
  } else {
    tidy(f, model);
  }
  return f.verdict;
}

function giveUp<S, I, O>(f: Frontier<S, I, O>, reason: string): void {
  f.verdict = "undecided";
  f.reason = reason;
}

function release<S, I, O>(f: Frontier<S, I, O>, index: number): void {
  const slot = f.slots[index]!;
  slot.operation = -1;
  slot.input = undefined;
  f.freeSlots.push(index);
}

/**
 * The operation will never be heard of again: it may take effect at any later time, or never. Returns the verdict, which
 * changes only where the budget ends.
 */
export function unknown<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, operation: number): FrontierVerdict {
  f.events++;
  if (f.verdict !== "ok") return f.verdict;
  const index = slotOf(f, operation);
  if (index < 0) return f.verdict;
  const slot = f.slots[index]!;
  const input = slot.input as I;
  const effect = model.effect(input, undefined);
  if (effect & OBSERVES) {
    for (const c of f.configurations) c.status[index] = 0;
    release(f, index);
    f.configurations = pruned(f, f.configurations);
    return f.verdict;
  }
  const family = familyOf(f, model, input, effect);
  const id = f.lost.length;
  f.lost.push({ operation, family, invokedAt: slot.invokedAt });
  const { members } = f.families[family]!;
  let at = members.length;
  while (at > 0 && f.lost[members[at - 1]!]!.invokedAt > slot.invokedAt) at--;
  members.splice(at, 0, id);
  for (const c of f.configurations) {
    if (c.status[index]! & 1) c.spent = [...c.spent, id];
    c.status[index] = 0;
  }
  release(f, index);
  f.configurations = pruned(f, f.configurations);
  if (f.lost.length > f.budget.lost) giveUp(f, `more than ${f.budget.lost} lost operations that may still happen`);
  else tidy(f, model);
  return f.verdict;
}

/**
 * The operation certainly did not happen: explanations that placed it are gone. Returns the verdict at exactly this event,
 * as `complete` does.
 */
export function failed<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, operation: number): FrontierVerdict {
  f.events++;
  if (f.verdict !== "ok") return f.verdict;
  const index = slotOf(f, operation);
  if (index < 0) return f.verdict;
  const without = f.configurations.filter((c) => (c.status[index]! & 1) === 0);
  if (without.length === 0) {
    f.verdict = "illegal";
    f.failedOperation = operation;
    return f.verdict;
  }
  for (const c of without) c.status[index] = 0;
  release(f, index);
  f.configurations = pruned(f, without);
  tidy(f, model);
  return f.verdict;
}

function familyOf<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, input: I, effect: number): number {
  const key = model.inputKey(input);
  let id = f.familyIds.get(key);
  if (id !== undefined) return id;
  id = f.families.length;
  const target = targetOf(f, model, input, effect);
  let required = -1;
  if (target < 0 && (effect & BLIND) === 0) {
    const state = model.requires?.(input, undefined);
    if (state !== undefined) required = stateId(f, model, state);
  }
  f.families.push({ key, input, effect, target, required, members: [] });
  f.familyIds.set(key, id);
  indexFamily(f, id);
  return id;
}

function indexFamily<S, I, O>(f: Frontier<S, I, O>, id: number): void {
  const family = f.families[id]!;
  if (family.target >= 0) pushTo(f.byTarget, family.target, id);
  else if (family.required >= 0) pushTo(f.byRequired, family.required, id);
  else f.unindexed.push(id);
}

function pushTo(index: Map<number, number[]>, key: number, id: number): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [id]);
  else list.push(id);
}

/** The work of one completion. */
interface Settling<Output> {
  readonly index: number;
  readonly output: Output;
  /** Id of the output; 0 where the operation is blind. */
  readonly answer: number;
  found: Configuration[];
  /** The same by state, once there are many. */
  byState: Map<number, Configuration[]> | undefined;
  /** Configurations passed through on the way, by their text; made only where there is a way. */
  reached: Set<string> | undefined;
  made: number;
}

function copyOf(c: Configuration): Configuration {
  return { state: c.state, overwrittenAt: c.overwrittenAt, status: c.status.slice(), spent: c.spent };
}

/** Finds every configuration in which the operation that just ended is placed, starting from `c`. */
function settle<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, work: Settling<O>, c: Configuration): void {
  const slot = f.slots[work.index]!;
  const status = c.status[work.index]!;
  if (slot.effect & BLIND) {
    if (status & 1) {
      c.status[work.index] = 0;
      keep(f, work, c);
      return;
    }
    if (slot.invokedAt < c.overwrittenAt) {
      const absorbed = copyOf(c);
      absorbed.status[work.index] = 1;
      if (slot.target >= 0) show(f, model, absorbed, slot.target, absorbed.overwrittenAt);
      absorbed.status[work.index] = 0;
      keep(f, work, absorbed);
    }
  } else if (status & 1) {
    if (status >> 1 === work.answer) {
      c.status[work.index] = 0;
      keep(f, work, c);
    }
    return;
  } else if (f.sets[status >> 1]!.includes(work.answer)) {
    const passed = copyOf(c);
    passed.status[work.index] = 0;
    keep(f, work, passed);
    if (slot.effect & OBSERVES) return;
  }
  if ((slot.effect & BLIND) === 0 && slot.invokedAt < c.overwrittenAt) placeBeforeOverwrite(f, model, work, c);
  advance(f, model, work, c, false);
}

/**
 * Reduction A for an operation with an answer: a write that is still to be placed goes directly before the last
 * overwriting one, and this operation between the two. The state stays; the write is used up.
 */
function placeBeforeOverwrite<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
): void {
  const slot = f.slots[work.index]!;
  const input = slot.input as I;
  for (let i = 0; i < f.slots.length; i++) {
    const writer = f.slots[i]!;
    if (writer.operation < 0 || writer.target < 0 || c.status[i]! & 1 || writer.invokedAt >= c.overwrittenAt) continue;
    const after = model.step(f.states[writer.target]!, input, work.output);
    if (after === undefined) continue;
    const placed = copyOf(c);
    placed.status[i] = 1;
    placed.status[work.index] = 0;
    seen(f, model, work, placed, writer.target, after);
  }
  const required = model.requires?.(input, work.output);
  if (required !== undefined) {
    const state = f.stateIds.get(model.stateKey(required));
    const families = state === undefined ? undefined : f.byTarget.get(state);
    if (families !== undefined) for (const id of families) placeLost(f, model, work, c, id);
    return;
  }
  for (let id = 0; id < f.families.length; id++) if (f.families[id]!.target >= 0) placeLost(f, model, work, c, id);
}

function placeLost<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  id: number,
): void {
  const family = f.families[id]!;
  const after = model.step(f.states[family.target]!, f.slots[work.index]!.input as I, work.output);
  if (after === undefined) return;
  const member = available(f, family, c, c.overwrittenAt);
  if (member < 0) return;
  const placed = copyOf(c);
  placed.spent = inserted(c.spent, member);
  seen(f, model, work, placed, family.target, after);
}

function seen<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  placed: Configuration,
  target: number,
  after: S,
): void {
  const afterId = stateId(f, model, after);
  placed.status[work.index] = 1;
  show(f, model, placed, target, placed.overwrittenAt);
  if (afterId !== target) show(f, model, placed, afterId, placed.overwrittenAt);
  placed.status[work.index] = 0;
  keep(f, work, placed);
}

/** The member of `family` to use at a place before event `before`: the one invoked last of those not used; -1 if none. */
function available<S, I, O>(f: Frontier<S, I, O>, family: Family<I>, c: Configuration, before: number): number {
  const { members } = family;
  for (let i = members.length - 1; i >= 0; i--) {
    const id = members[i]!;
    if (f.lost[id]!.invokedAt < before && !c.spent.includes(id)) return id;
  }
  return -1;
}

function inserted(spent: readonly number[], id: number): number[] {
  const wider = spent.slice();
  let at = wider.length;
  wider.push(id);
  while (at > 0 && wider[at - 1]! > id) {
    wider[at] = wider[at - 1]!;
    at--;
  }
  wider[at] = id;
  return wider;
}

/**
 * Places operations one after another until the one that ended can be placed itself, in every way that matters.
 * `overwritten`: the last one placed was an overwriting one that has to be seen by the next.
 */
function advance<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  overwritten: boolean,
): void {
  if (f.verdict !== "ok") return;
  const slot = f.slots[work.index]!;
  const { slots } = f;
  if (!overwritten || (slot.effect & OVERWRITES) === 0) {
    const after = model.step(f.states[c.state]!, slot.input as I, work.output);
    if (after !== undefined) {
      const next = copyOf(c);
      next.status[work.index] = 1;
      moveTo(f, model, next, stateId(f, model, after), slot.effect);
      next.status[work.index] = 0;
      keep(f, work, next);
      if (slot.effect & OBSERVES) return;
    }
  }
  for (let i = 0; i < slots.length; i++) {
    const other = slots[i]!;
    if (other.operation < 0 || i === work.index || c.status[i]! & 1 || other.effect & OBSERVES) continue;
    if (other.target >= 0) {
      // Even where the state stays what it is: the write is then out of the way, and others may go before it.
      if (overwritten || !enables(f, model, work, c, other.target, i)) continue;
      const next = copyOf(c);
      next.status[i] = 1;
      proceed(f, model, work, next, other.target, other.effect, true);
    } else if (other.effect & BLIND) {
      const after = model.step(f.states[c.state]!, other.input as I, undefined);
      if (after === undefined) continue;
      const next = copyOf(c);
      next.status[i] = 1;
      proceed(f, model, work, next, stateId(f, model, after), other.effect, false);
    } else {
      placeConditional(f, model, work, c, i);
    }
  }
  if (f.families.length > 0) advanceLost(f, model, work, c, overwritten);
}

function placeConditional<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  i: number,
): void {
  const other = f.slots[i]!;
  const from = f.states[c.state]!;
  const answers = model.answers(from, other.input as I);
  for (let a = 0; a < answers.length; a++) {
    const answer = answers[a]!;
    const id = outputId(f, model, answer);
    if (other.expected >= 0 && other.expected !== id) continue;
    const after = model.step(from, other.input as I, answer);
    if (after === undefined) continue;
    const state = stateId(f, model, after);
    if (state === c.state) continue;
    const next = copyOf(c);
    next.status[i] = 2 * id + 1;
    proceed(f, model, work, next, state, other.effect, false);
  }
}

function advanceLost<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  overwritten: boolean,
): void {
  const conditional = f.byRequired.get(c.state);
  if (conditional !== undefined) for (const id of conditional) placeFamily(f, model, work, c, id);
  for (const id of f.unindexed) placeFamily(f, model, work, c, id);
  if (overwritten || f.byTarget.size === 0) return;
  // Overwriting ones are of use only where the next operation sees what they leave behind.
  const slot = f.slots[work.index]!;
  if (f.unindexed.length > 0 || model.requires === undefined || (slot.effect & (BLIND | OVERWRITES)) === BLIND) {
    for (const target of f.byTarget.keys()) overwriteBy(f, model, work, c, target);
    return;
  }
  const targets: number[] = [];
  if ((slot.effect & BLIND) === 0) {
    const required = model.requires(slot.input as I, work.output);
    if (required === undefined) {
      for (const target of f.byTarget.keys()) overwriteBy(f, model, work, c, target);
      return;
    }
    addTarget(f, model, targets, required);
  }
  for (let i = 0; i < f.slots.length; i++) {
    const other = f.slots[i]!;
    if (other.operation < 0 || i === work.index || c.status[i]! & 1 || other.effect & (OBSERVES | OVERWRITES)) continue;
    const required = other.effect & BLIND ? undefined : model.requires(other.input as I, undefined);
    if (required === undefined) {
      for (const target of f.byTarget.keys()) overwriteBy(f, model, work, c, target);
      return;
    }
    addTarget(f, model, targets, required);
  }
  const [fewer, more] = f.byRequired.size < f.byTarget.size ? [f.byRequired, f.byTarget] : [f.byTarget, f.byRequired];
  for (const state of fewer.keys()) if (more.has(state) && !targets.includes(state)) targets.push(state);
  for (const target of targets) overwriteBy(f, model, work, c, target);
}

function addTarget<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, targets: number[], state: S): void {
  const id = f.stateIds.get(model.stateKey(state));
  if (id !== undefined && !targets.includes(id)) targets.push(id);
}

function overwriteBy<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  target: number,
): void {
  const families = f.byTarget.get(target);
  if (families === undefined || !enables(f, model, work, c, target, -1)) return;
  for (const id of families) {
    const member = available(f, f.families[id]!, c, f.events);
    if (member < 0) continue;
    const next = copyOf(c);
    next.spent = inserted(c.spent, member);
    proceed(f, model, work, next, target, f.families[id]!.effect, true);
  }
}

function placeFamily<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  id: number,
): void {
  const family = f.families[id]!;
  const member = available(f, family, c, f.events);
  if (member < 0) return;
  const after = model.step(f.states[c.state]!, family.input, undefined);
  if (after === undefined) return;
  const state = stateId(f, model, after);
  if (state === c.state) return;
  const next = copyOf(c);
  next.spent = inserted(c.spent, member);
  proceed(f, model, work, next, state, family.effect, false);
}

/** Whether anything could be placed in state `target` that makes it worth passing through. */
function enables<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
  target: number,
  writer: number,
): boolean {
  const { slots } = f;
  const state = f.states[target]!;
  for (let i = 0; i < slots.length; i++) {
    const other = slots[i]!;
    if (other.operation < 0 || i === writer || c.status[i]! & 1) continue;
    if (i === work.index) {
      if (other.effect & OVERWRITES) continue;
      if (model.step(state, other.input as I, work.output) !== undefined) return true;
      continue;
    }
    if (other.effect & (OVERWRITES | OBSERVES)) continue;
    const after = model.step(state, other.input as I, undefined);
    if (after !== undefined && stateId(f, model, after) !== target) return true;
  }
  if (f.unindexed.length > 0) return true;
  return f.byRequired.has(target);
}

function moveTo<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  c: Configuration,
  state: number,
  effect: number,
): void {
  c.state = state;
  if (effect & OBSERVES) return;
  if (effect & OVERWRITES) c.overwrittenAt = f.events;
  show(f, model, c, state, f.events);
}

function proceed<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  next: Configuration,
  state: number,
  effect: number,
  overwritten: boolean,
): void {
  moveTo(f, model, next, state, effect);
  const key = `${overwritten ? 1 : 0}|${next.state}|${next.overwrittenAt}|${next.status.join()}|${next.spent.join()}`;
  work.reached ??= new Set();
  if (work.reached.has(key)) return;
  work.reached.add(key);
  work.made++;
  if (work.made > f.budget.perEvent) {
    giveUp(f, `more than ${f.budget.perEvent} configurations for one event`);
    return;
  }
  advance(f, model, work, next, overwritten);
}

/** Adds `c` to what was found, unless something there makes it superfluous; drops what it makes superfluous. */
function keep<S, I, O>(f: Frontier<S, I, O>, work: Settling<O>, c: Configuration): void {
  work.made++;
  if (work.found.length >= 32 && work.byState === undefined) {
    work.byState = new Map();
    for (const other of work.found) bucket(work.byState, other.state).push(other);
  }
  const rivals = work.byState === undefined ? work.found : bucket(work.byState, c.state);
  for (let i = 0; i < rivals.length; i++) if (dominates(f, rivals[i]!, c)) return;
  let kept = 0;
  for (let i = 0; i < rivals.length; i++) {
    const rival = rivals[i]!;
    if (!dominates(f, c, rival)) rivals[kept++] = rival;
    else if (work.byState !== undefined) work.found.splice(work.found.indexOf(rival), 1);
  }
  rivals.length = kept;
  rivals.push(c);
  if (rivals !== work.found) work.found.push(c);
}

function bucket(byState: Map<number, Configuration[]>, state: number): Configuration[] {
  let list = byState.get(state);
  if (list === undefined) {
    list = [];
    byState.set(state, list);
  }
  return list;
}

function pruned<S, I, O>(f: Frontier<S, I, O>, configurations: readonly Configuration[]): Configuration[] {
  if (configurations.length <= 1) return configurations as Configuration[];
  const kept: Configuration[] = [];
  const byState: Map<number, Configuration[]> = new Map();
  for (const c of configurations) {
    const rivals = bucket(byState, c.state);
    let superfluous = false;
    for (let i = 0; i < rivals.length && !superfluous; i++) superfluous = dominates(f, rivals[i]!, c);
    if (superfluous) continue;
    for (let i = rivals.length - 1; i >= 0; i--) {
      if (!dominates(f, c, rivals[i]!)) continue;
      kept.splice(kept.indexOf(rivals[i]!), 1);
      rivals.splice(i, 1);
    }
    rivals.push(c);
    kept.push(c);
  }
  return kept;
}

/** Reduction D: whether whatever `b` can go on to explain, `a` can too. */
function dominates<S, I, O>(f: Frontier<S, I, O>, a: Configuration, b: Configuration): boolean {
  if (a.state !== b.state || a.spent.length > b.spent.length) return false;
  const { slots } = f;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    if (slot.operation < 0) continue;
    if (a.overwrittenAt < b.overwrittenAt && slot.invokedAt < b.overwrittenAt) return false;
    const mine = a.status[i]!;
    const theirs = b.status[i]!;
    if (mine === theirs) continue;
    if (mine & 1) return false;
    if (slot.effect & BLIND) {
      if (slot.invokedAt >= a.overwrittenAt) return false;
    } else if (theirs & 1 || !includesAll(f.sets[mine >> 1]!, f.sets[theirs >> 1]!)) {
      return false;
    }
  }
  return includesAll(b.spent, a.spent);
}

function includesAll(wide: readonly number[], narrow: readonly number[]): boolean {
  if (narrow.length > wide.length) return false;
  let at = 0;
  for (let i = 0; i < narrow.length; i++) {
    const wanted = narrow[i]!;
    while (at < wide.length && wide[at]! < wanted) at++;
    if (at === wide.length || wide[at] !== wanted) return false;
    at++;
  }
  return true;
}

/** Forgets what can no longer matter. */
function tidy<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): void {
  if (f.configurations[0]!.spent.length > 0) dropUsed(f);
  if (f.states.length + f.outputs.length + f.sets.length + f.lost.length > f.compactAt) compact(f, model);
}

/** A lost operation that every configuration has used is gone for good. */
function dropUsed<S, I, O>(f: Frontier<S, I, O>): void {
  let common: readonly number[] = f.configurations[0]!.spent;
  for (let i = 1; i < f.configurations.length && common.length > 0; i++) {
    const { spent } = f.configurations[i]!;
    if (spent !== common) common = common.filter((id) => spent.includes(id));
  }
  if (common.length === 0) return;
  for (const id of common) {
    const family = f.families[f.lost[id]!.family]!;
    family.members = family.members.filter((member) => member !== id);
    if (family.members.length === 0) unindexFamily(f, f.lost[id]!.family);
  }
  for (const c of f.configurations) c.spent = c.spent.filter((id) => !common.includes(id));
}

/** An empty family leaves the indexes; its place in `families` goes at the next compaction. */
function unindexFamily<S, I, O>(f: Frontier<S, I, O>, id: number): void {
  const family = f.families[id]!;
  f.familyIds.delete(family.key);
  if (family.target >= 0) dropFrom(f.byTarget, family.target, id);
  else if (family.required >= 0) dropFrom(f.byRequired, family.required, id);
  else f.unindexed = f.unindexed.filter((other) => other !== id);
}

function dropFrom(index: Map<number, number[]>, key: number, id: number): void {
  const rest = index.get(key)!.filter((other) => other !== id);
  if (rest.length === 0) index.delete(key);
  else index.set(key, rest);
}

/** Rebuilds the tables with only what the configurations, open operations and lost ones still name. */
function compact<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): void {
  const { states, outputs, sets, lost, families } = f;
  f.states = [];
  f.stateIds = new Map();
  f.outputs = [undefined];
  f.outputIds = new Map();
  f.sets = [NOTHING];
  f.setIds = new Map();
  f.lost = [];
  f.families = [];
  f.familyIds = new Map();
  f.byTarget = new Map();
  f.byRequired = new Map();
  f.unindexed = [];
  const lostIds = new Map<number, number>();
  const aliveInOrder: number[] = [];
  for (const family of families) for (const id of family.members) aliveInOrder.push(id);
  aliveInOrder.sort((a, b) => a - b);
  for (const id of aliveInOrder) lostIds.set(id, lostIds.size);
  for (const family of families) {
    if (family.members.length === 0) continue;
    const id = f.families.length;
    family.members = family.members.map((member) => lostIds.get(member)!);
    if (family.target >= 0) family.target = stateId(f, model, states[family.target]!);
    if (family.required >= 0) family.required = stateId(f, model, states[family.required]!);
    f.families.push(family);
    f.familyIds.set(family.key, id);
    indexFamily(f, id);
    for (const member of family.members) {
      const old = lost[aliveInOrder[member]!]!;
      f.lost[member] = { operation: old.operation, family: id, invokedAt: old.invokedAt };
    }
  }
  for (const slot of f.slots) {
    if (slot.operation < 0) continue;
    if (slot.target >= 0) slot.target = stateId(f, model, states[slot.target]!);
    if (slot.expected >= 0) slot.expected = outputId(f, model, outputs[slot.expected] as O);
  }
  for (const c of f.configurations) {
    c.state = stateId(f, model, states[c.state]!);
    c.spent = c.spent.map((id) => lostIds.get(id)!);
    for (let i = 0; i < c.status.length; i++) {
      const status = c.status[i]!;
      if (status <= 1) continue;
      if (status & 1) {
        c.status[i] = 2 * outputId(f, model, outputs[status >> 1] as O) + 1;
        continue;
      }
      let set = 0;
      for (const output of sets[status >> 1]!) set = setWith(f, set, outputId(f, model, outputs[output] as O));
      c.status[i] = 2 * set;
    }
  }
  const alive = f.states.length + f.outputs.length + f.sets.length + f.lost.length;
  f.compactAt = Math.max(COMPACT_MIN, 2 * alive);
}

/** A frontier of its own that goes on as `f` would. */
export function cloneFrontier<S, I, O>(f: Frontier<S, I, O>): Frontier<S, I, O> {
  return {
    ...f,
    slots: f.slots.map((slot) => ({ ...slot })),
    freeSlots: f.freeSlots.slice(),
    configurations: f.configurations.map(copyOf),
    states: f.states.slice(),
    stateIds: new Map(f.stateIds),
    outputs: f.outputs.slice(),
    outputIds: new Map(f.outputIds),
    sets: f.sets.slice(),
    setIds: new Map(f.setIds),
    lost: f.lost.slice(),
    families: f.families.map((family) => ({ ...family, members: family.members.slice() })),
    familyIds: new Map(f.familyIds),
    byTarget: copyIndex(f.byTarget),
    byRequired: copyIndex(f.byRequired),
    unindexed: f.unindexed.slice(),
  };
}

function copyIndex(index: ReadonlyMap<number, number[]>): Map<number, number[]> {
  return new Map([...index].map(([key, ids]) => [key, ids.slice()]));
}

function hashKey(key: Key): number {
  return typeof key === "string" ? hashString(key) : hashString(String(key), 0x5bd1e995);
}

/**
 * An int32 that is equal for frontiers that go on alike: it does not depend on the order of configurations or on how
 * tables are numbered, only on states, open operations (by slot), their fates, and the inputs of lost operations.
 */
export function hashFrontier<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): number {
  let h = hashString(f.verdict);
  // Times of invocation count only by their order, so that a longer past with the same future hashes alike.
  const times: number[] = [];
  for (const slot of f.slots) if (slot.operation >= 0) times.push(slot.invokedAt);
  for (const family of f.families) for (const id of family.members) times.push(f.lost[id]!.invokedAt);
  times.sort((a, b) => a - b);
  const rank = (at: number): number => {
    let below = 0;
    while (below < times.length && times[below]! < at) below++;
    return below;
  };
  for (let i = 0; i < f.slots.length; i++) {
    const slot = f.slots[i]!;
    if (slot.operation < 0) continue;
    h = mix(mix(mix(h, i), hashKey(model.inputKey(slot.input as I))), rank(slot.invokedAt));
  }
  let families = 0;
  for (const family of f.families) {
    if (family.members.length === 0) continue;
    let own = hashKey(family.key);
    for (const id of family.members) own = mix(own, rank(f.lost[id]!.invokedAt));
    families = (families + finish(own)) | 0;
  }
  let all = 0;
  for (const c of f.configurations) {
    let own = mix(hashKey(model.stateKey(f.states[c.state]!)), rank(c.overwrittenAt));
    for (let i = 0; i < f.slots.length; i++) {
      if (f.slots[i]!.operation < 0) continue;
      const status = c.status[i]!;
      own = mix(own, status & 1);
      if (status & 1) {
        own = mix(own, status === 1 ? 0 : hashKey(model.outputKey(f.outputs[status >> 1] as O)));
      } else {
        let set = 0;
        for (const output of f.sets[status >> 1]!) {
          set = (set + finish(hashKey(model.outputKey(f.outputs[output] as O)))) | 0;
        }
        own = mix(own, set);
      }
    }
    for (const id of c.spent) {
      own = (own + finish(mix(hashKey(f.families[f.lost[id]!.family]!.key), rank(f.lost[id]!.invokedAt)))) | 0;
    }
    all = (all + finish(own)) | 0;
  }
  return finish(mix(mix(h, families), all));
}

/** The states the object may be in now, one for each configuration, as the model describes them. */
export function describeFrontier<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>): readonly string[] {
  const texts = new Set<string>();
  for (const c of f.configurations) texts.add(model.describeState(f.states[c.state]!));
  return [...texts].sort();
}
