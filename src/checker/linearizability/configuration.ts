// What the searches work on: configurations, and the tables that give states, answers and lost operations small numbers. The
// frontier (breadth first, online) and the depth-first search share them. Plain data; the model is handed in.
//
// A configuration is a state, what became of each open operation, and the lost operations (unknown outcomes) it has used.
// Unknown here: in which order configurations are visited.

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
  /** Configurations made in all; without it any number, for checks that go on and on. */
  readonly total?: number;
}

/** Enough for histories of 50 clients over small domains; at most some tens of megabytes. */
export const FRONTIER_BUDGET: FrontierBudget = { frontier: 20_000, perEvent: 200_000, lost: 100_000 };

/** `ok`: an order exists up to here. `illegal`: none does. `undecided`: the budget ran out, see `reason`. */
export type FrontierVerdict = "ok" | "illegal" | "undecided";

/** An operation that was invoked and has not ended. */
export interface Slot<Input> {
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
  /** Key of the input, where the time of the end is known beforehand; else undefined. */
  key: Key | undefined;
  /** That time: any number that grows with it. */
  deadline: number;
}

/** An operation whose outcome nobody will ever know. */
export interface Lost {
  readonly operation: number;
  readonly family: number;
  readonly invokedAt: number;
}

/** Lost operations with equal inputs. */
export interface Family<Input> {
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
export interface Configuration {
  state: number;
  /** Number of the event at which the state was last overwritten; 0 where that is of no use to any open operation. */
  overwrittenAt: number;
  /** Per slot: 0 free; even: not placed, twice the id of the set of passed answers; odd: placed, twice the answer plus 1. */
  status: number[];
  /** Lost operations used, ascending. */
  spent: number[];
  /** The last one placed was an overwriting one that the next has to see; false in the frontier itself. */
  unseen: boolean;
  /** How it came about, last step first; recorded only where `traced`. */
  trail: Step | null;
}

/**
 * One step of an explanation. `placed`, `overwrote`: at the end of the order so far; `slipped`: directly before the last
 * one that overwrote; `passed`, `passed-before`: the operation may stand there (it changes nothing), at those two places.
 */
export interface Step {
  readonly kind: "placed" | "overwrote" | "slipped" | "passed" | "passed-before";
  readonly operation: number;
  readonly previous: Step | null;
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
  /** The set that another becomes by one more answer, by `set * WIDER + answer`. */
  widerSets: Map<number, number>;
  lost: Lost[];
  families: Family<Input>[];
  familyIds: Map<Key, number>;
  /** Families that overwrite, by their target. */
  byTarget: Map<number, number[]>;
  /** Families that are conditional and need one state, by that state. */
  byRequired: Map<number, number[]>;
  /** Families that are neither: they have to be tried everywhere. */
  unindexed: number[];
  /** Characters in the keys of states and outputs: what large states cost. */
  keySize: number;
  /** What large states cost besides, in configurations: keys are as long as states are. */
  effort: number;
  /** Whether configurations record how they came about. */
  traced: boolean;
  /** Tables are rebuilt when they hold this many entries. */
  compactAt: number;
}

export const NOTHING: number[] = [];

/** Keys of states and outputs may take this many characters, in sum, before a search ends `undecided`. */
export const KEY_SIZE_MAX: number = 64_000_000;

export const COMPACT_MIN = 512;

export function createSlot<Input>(): Slot<Input> {
  return {
    operation: -1,
    input: undefined,
    effect: 0,
    invokedAt: 0,
    target: -1,
    expected: -1,
    key: undefined,
    deadline: 0,
  };
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
    widerSets: new Map(),
    lost: [],
    families: [],
    familyIds: new Map(),
    byTarget: new Map(),
    byRequired: new Map(),
    unindexed: [],
    keySize: 0,
    effort: 0,
    traced: false,
    compactAt: COMPACT_MIN,
  };
  const state = stateId(f, model, model.init(part));
  f.configurations.push({ state, overwrittenAt: 0, status: [], spent: NOTHING, unseen: false, trail: null });
  return f;
}

export function stateId<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, state: S): number {
  const key = model.stateKey(state);
  if (typeof key === "string") f.effort += key.length >> 8;
  let id = f.stateIds.get(key);
  if (id === undefined) {
    id = f.states.length;
    f.states.push(state);
    f.stateIds.set(key, id);
    if (typeof key === "string") f.keySize += key.length;
  }
  return id;
}

export function outputId<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, output: O): number {
  const key = model.outputKey(output);
  let id = f.outputIds.get(key);
  if (id === undefined) {
    id = f.outputs.length;
    f.outputs.push(output);
    f.outputIds.set(key, id);
    if (typeof key === "string") f.keySize += key.length;
  }
  return id;
}

/** The set of passed answers `set` with one more. Sets are the paths of a tree of ascending answers, so equal ones are the same. */
export function setWith<S, I, O>(f: Frontier<S, I, O>, set: number, output: number): number {
  const step = set * WIDER + output;
  const known = f.widerSets.get(step);
  if (known !== undefined) return known;
  const members = f.sets[set]!;
  let wider = set;
  if (members.length === 0 || output > members[members.length - 1]!) {
    wider = f.sets.length;
    f.sets.push(members.concat(output));
  } else if (!members.includes(output)) {
    wider = 0;
    let placed = false;
    for (let i = 0; i < members.length; i++) {
      if (!placed && members[i]! > output) {
        wider = setWith(f, wider, output);
        placed = true;
      }
      wider = setWith(f, wider, members[i]!);
    }
  }
  f.widerSets.set(step, wider);
  return wider;
}

/** More answers than a frontier ever numbers. */
const WIDER = 2 ** 26;

/** The status of a slot that is not placed and passes `state`: what it could answer there without changing anything. */
export function passing<S, I, O>(
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
export function show<S, I, O>(
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
    if (status & 1) continue;
    const passed = passing(f, model, slot, status, state);
    if (f.traced && passed !== status) note(c, before === f.events ? "passed" : "passed-before", slot.operation);
    c.status[i] = passed;
  }
}

export function targetOf<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, input: I, effect: number): number {
  if ((effect & OVERWRITES) === 0) return -1;
  const after = model.step(f.states[f.configurations[0]!.state]!, input, undefined);
  return after === undefined ? -1 : stateId(f, model, after);
}

export function giveUp<S, I, O>(f: Frontier<S, I, O>, reason: string): void {
  f.verdict = "undecided";
  f.reason = reason;
}

export function familyOf<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, input: I, effect: number): number {
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

export function indexFamily<S, I, O>(f: Frontier<S, I, O>, id: number): void {
  const family = f.families[id]!;
  if (family.target >= 0) pushTo(f.byTarget, family.target, id);
  else if (family.required >= 0) pushTo(f.byRequired, family.required, id);
  else f.unindexed.push(id);
}

export function pushTo(index: Map<number, number[]>, key: number, id: number): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [id]);
  else list.push(id);
}

export function copyOf(c: Configuration): Configuration {
  return {
    state: c.state,
    overwrittenAt: c.overwrittenAt,
    status: c.status.slice(),
    spent: c.spent,
    unseen: false,
    trail: c.trail,
  };
}

/** The member of `family` to use at a place before event `before`: the one invoked last of those not used; -1 if none. */
export function available<S, I, O>(f: Frontier<S, I, O>, family: Family<I>, c: Configuration, before: number): number {
  const { members } = family;
  for (let i = members.length - 1; i >= 0; i--) {
    const id = members[i]!;
    if (f.lost[id]!.invokedAt < before && !c.spent.includes(id)) return id;
  }
  return -1;
}

export function inserted(spent: readonly number[], id: number): number[] {
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

export function bucket(byState: Map<number, Configuration[]>, state: number): Configuration[] {
  let list = byState.get(state);
  if (list === undefined) {
    list = [];
    byState.set(state, list);
  }
  return list;
}

export function pruned<S, I, O>(f: Frontier<S, I, O>, configurations: readonly Configuration[]): Configuration[] {
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
export function dominates<S, I, O>(f: Frontier<S, I, O>, a: Configuration, b: Configuration): boolean {
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

export function includesAll(wide: readonly number[], narrow: readonly number[]): boolean {
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

/** Records a step of the explanation `c`. */
export function note(c: Configuration, kind: Step["kind"], operation: number): void {
  c.trail = { kind, operation, previous: c.trail };
}
