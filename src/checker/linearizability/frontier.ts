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
// S  where the ends are known beforehand: of open operations with equal inputs and answers, the one that ends first goes first.
//
// The frontier is plain data without closures; the model, which is code, is handed in with every call. Unknown here: whole
// histories, partitions, formats.

import { finish, hashString, mix } from "../../kernel/hash.ts";
import type { Frontier, FrontierBudget, FrontierVerdict } from "./configuration.ts";
import {
  copyOf,
  createFrontier,
  createSlot,
  FRONTIER_BUDGET,
  familyOf,
  giveUp,
  outputId,
  passing,
  pruned,
  targetOf,
} from "./configuration.ts";
import { tidy } from "./forget.ts";
import type { Model } from "./model.ts";
import { BLIND, OBSERVES } from "./model.ts";
import { createSettling, placeOthers, placeSelf, settle } from "./placement.ts";
import type { Key } from "./value.ts";

export type { Frontier, FrontierBudget, FrontierVerdict };
export { createFrontier, FRONTIER_BUDGET };

/**
 * An operation begins. `operation` is a number of the caller's, unique among the open ones. `foreknown` may name the answer
 * it will get, and `deadline` when (any number that grows with time), where a whole history is at hand: the frontier is
 * then smaller, but a violation may show before its event.
 */
export function invoke<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  operation: number,
  input: I,
  foreknown: O | undefined = undefined,
  deadline: number = -1,
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
  slot.key = deadline < 0 ? undefined : model.inputKey(input);
  slot.deadline = deadline;
  if (slot.effect & BLIND) return;
  for (const c of f.configurations) c.status[index] = passing(f, model, slot, 0, c.state);
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
  const work = createSettling(f, model, index, output, false);
  const { configurations } = f;
  const { queue } = work;
  for (let i = 0; i < configurations.length; i++) settle(f, model, work, configurations[i]!);
  for (let i = 0; i < queue.length && f.verdict === "ok"; i++) {
    if (!placeSelf(f, model, work, queue[i]!)) placeOthers(f, model, work, queue[i]!);
  }
  f.explored += work.made + f.effort;
  f.effort = 0;
  if (f.explored > (f.budget.total ?? Number.POSITIVE_INFINITY))
    giveUp(f, `more than ${f.budget.total} configurations in all`);
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

function slotOf<S, I, O>(f: Frontier<S, I, O>, operation: number): number {
  const { slots } = f;
  for (let i = 0; i < slots.length; i++) if (slots[i]!.operation === operation) return i;
  return -1;
}

function release<S, I, O>(f: Frontier<S, I, O>, index: number): void {
  const slot = f.slots[index]!;
  slot.operation = -1;
  slot.input = undefined;
  f.freeSlots.push(index);
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
    widerSets: new Map(f.widerSets),
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
