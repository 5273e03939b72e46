// Just-in-time linearization (Lowe, "Testing for linearizability", 2017): when an operation ends it has to have been placed,
// so every way to place it now is found, with whatever else has to go before it. Operations are never placed sooner than
// needed. The reductions are explained in `frontier.ts`; each keeps the verdict exact.

import type { Configuration, Family, Frontier } from "./configuration.ts";
import {
  available,
  bucket,
  copyOf,
  dominates,
  giveUp,
  inserted,
  KEY_SIZE_MAX,
  note,
  outputId,
  show,
  stateId,
} from "./configuration.ts";
import type { Model } from "./model.ts";
import { BLIND, OBSERVES, OVERWRITES } from "./model.ts";

/** The work of one completion. */
export interface Settling<Output> {
  readonly index: number;
  readonly output: Output;
  /** Id of the output; 0 where the operation is blind. */
  readonly answer: number;
  found: Configuration[];
  /** The same by state, once there are many. */
  byState: Map<number, Configuration[]> | undefined;
  /** Configurations on the way that are still to be gone on from, fewest placed operations first. */
  queue: Configuration[];
  /** All configurations on the way, by state; made only where there is a way. */
  reached: Map<number, Configuration[]> | undefined;
  made: number;
  /** Found ones stay found, even where a later one makes them superfluous (they may be under examination). */
  readonly lasting: boolean;
}

/** The work of the completion of slot `index` with `output`. */
export function createSettling<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  index: number,
  output: O,
  lasting: boolean,
): Settling<O> {
  return {
    index,
    output,
    answer: f.slots[index]!.effect & BLIND ? 0 : outputId(f, model, output),
    found: [],
    byState: undefined,
    queue: [],
    reached: undefined,
    made: 0,
    lasting,
  };
}

/** Finds every configuration in which the operation that just ended is placed, starting from `c`. */
export function settle<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
): void {
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
      if (f.traced) note(absorbed, "slipped", slot.operation);
      if (slot.target >= 0) show(f, model, absorbed, slot.target, absorbed.overwrittenAt);
      absorbed.status[work.index] = 0;
      keep(f, work, absorbed);
    }
  } else if (status & 1) {
    if (status >> 1 === work.answer || isRecordedAs(f, model, status >> 1, work.answer)) {
      c.status[work.index] = 0;
      keep(f, work, c);
    }
    return;
  } else if (f.sets[status >> 1]!.includes(work.answer) || isPassedAs(f, model, f.sets[status >> 1]!, work.answer)) {
    const passed = copyOf(c);
    passed.status[work.index] = 0;
    keep(f, work, passed);
    if (slot.effect & OBSERVES) return;
  }
  if ((slot.effect & BLIND) === 0 && slot.invokedAt < c.overwrittenAt) placeBeforeOverwrite(f, model, work, c);
  work.queue.push(c);
}

/** Whether the answer `answer` may stand in the history as `recorded`, which is not the same. Both are ids. */
function isRecordedAs<S, I, O>(f: Frontier<S, I, O>, model: Model<S, I, O>, answer: number, recorded: number): boolean {
  return model.fits?.(f.outputs[answer] as O, f.outputs[recorded] as O) === true;
}

/** The same of any of the answers that were passed. */
function isPassedAs<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  passed: readonly number[],
  recorded: number,
): boolean {
  if (model.fits === undefined) return false;
  for (let i = 0; i < passed.length; i++) if (isRecordedAs(f, model, passed[i]!, recorded)) return true;
  return false;
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
    if (after === undefined || (writer.key !== undefined && urgentTwin(f, c, i, c.overwrittenAt))) continue;
    const placed = copyOf(c);
    placed.status[i] = 1;
    placed.status[work.index] = 0;
    seen(f, model, work, placed, writer.target, after, writer.operation);
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
  if (member < 0 || mortalTwin(f, model, c, family, c.overwrittenAt)) return;
  const placed = copyOf(c);
  placed.spent = inserted(c.spent, member);
  seen(f, model, work, placed, family.target, after, f.lost[member]!.operation);
}

function seen<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  placed: Configuration,
  target: number,
  after: S,
  writer: number,
): void {
  const afterId = stateId(f, model, after);
  placed.status[work.index] = 1;
  if (f.traced) note(placed, "slipped", writer);
  show(f, model, placed, target, placed.overwrittenAt);
  if (f.traced) note(placed, "slipped", f.slots[work.index]!.operation);
  if (afterId !== target) show(f, model, placed, afterId, placed.overwrittenAt);
  placed.status[work.index] = 0;
  keep(f, work, placed);
}

/** Places the operation that ended in `c`, if it can be. Whether nothing else needs to be tried from `c`. */
export function placeSelf<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
): boolean {
  const slot = f.slots[work.index]!;
  if (c.unseen && slot.effect & OVERWRITES) return false;
  const after = model.step(f.states[c.state]!, slot.input as I, work.output);
  if (after === undefined) return false;
  const next = copyOf(c);
  next.status[work.index] = 1;
  moveTo(f, model, next, stateId(f, model, after), slot.effect, slot.operation);
  next.status[work.index] = 0;
  keep(f, work, next);
  return (slot.effect & OBSERVES) !== 0;
}

/** Places each other operation that may go before the one that ended and matters, one at a time, into the queue. */
export function placeOthers<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  work: Settling<O>,
  c: Configuration,
): void {
  const overwritten = c.unseen;
  const { slots } = f;
  for (let i = 0; i < slots.length; i++) {
    const other = slots[i]!;
    if (other.operation < 0 || i === work.index || c.status[i]! & 1 || other.effect & OBSERVES) continue;
    if (other.key !== undefined && urgentTwin(f, c, i, f.events)) continue;
    if (other.target >= 0) {
      // Even where the state stays what it is: the write is then out of the way, and others may go before it.
      if (overwritten || !enables(f, model, work, c, other.target, i)) continue;
      const next = copyOf(c);
      next.status[i] = 1;
      proceed(f, model, work, next, other.target, other.effect, true, other.operation);
    } else if (other.effect & BLIND) {
      const after = model.step(f.states[c.state]!, other.input as I, undefined);
      if (after === undefined) continue;
      const next = copyOf(c);
      next.status[i] = 1;
      proceed(f, model, work, next, stateId(f, model, after), other.effect, false, other.operation);
    } else {
      placeConditional(f, model, work, c, i);
    }
  }
  if (f.families.length > 0) advanceLost(f, model, work, c, overwritten);
}

/**
 * Reduction S, where ends are known beforehand: of operations with equal inputs and answers that are open at one place, the
 * one that ends first goes first (exchanging the two keeps any order valid). Whether slot `i` has such a twin, not placed
 * in `c` and invoked before `before`.
 */
function urgentTwin<S, I, O>(f: Frontier<S, I, O>, c: Configuration, i: number, before: number): boolean {
  const { slots } = f;
  const own = slots[i]!;
  for (let j = 0; j < slots.length; j++) {
    const twin = slots[j]!;
    if (j === i || twin.key !== own.key || twin.operation < 0 || c.status[j]! & 1) continue;
    if (twin.deadline < own.deadline && twin.expected === own.expected && twin.invokedAt < before) return true;
  }
  return false;
}

/** Reduction S for a lost operation: whether an operation that does end would do the same from `state` on. */
function mortalTwin<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  c: Configuration,
  family: Family<I>,
  before: number,
): boolean {
  const { slots } = f;
  for (let j = 0; j < slots.length; j++) {
    const twin = slots[j]!;
    if (twin.key !== family.key || twin.operation < 0 || c.status[j]! & 1 || twin.invokedAt >= before) continue;
    if (twin.effect & BLIND) return true;
    if (twin.expected < 0) continue;
    const from = f.states[c.state]!;
    const after = model.step(from, family.input, f.outputs[twin.expected]);
    const lost = model.step(from, family.input, undefined);
    if (after !== undefined && lost !== undefined && stateId(f, model, after) === stateId(f, model, lost)) return true;
  }
  return false;
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
    if (other.expected >= 0 && other.expected !== id && !isRecordedAs(f, model, id, other.expected)) continue;
    const after = model.step(from, other.input as I, answer);
    if (after === undefined) continue;
    const state = stateId(f, model, after);
    if (state === c.state) continue;
    const next = copyOf(c);
    next.status[i] = 2 * (other.expected >= 0 ? other.expected : id) + 1;
    proceed(f, model, work, next, state, other.effect, false, other.operation);
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
    if (member < 0 || mortalTwin(f, model, c, f.families[id]!, f.events)) continue;
    const next = copyOf(c);
    next.spent = inserted(c.spent, member);
    proceed(f, model, work, next, target, f.families[id]!.effect, true, f.lost[member]!.operation);
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
  if (state === c.state || mortalTwin(f, model, c, family, f.events)) return;
  const next = copyOf(c);
  next.spent = inserted(c.spent, member);
  proceed(f, model, work, next, state, family.effect, false, f.lost[member]!.operation);
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
  operation: number,
): void {
  c.state = state;
  if (f.traced) note(c, effect & OVERWRITES ? "overwrote" : "placed", operation);
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
  operation: number,
): void {
  moveTo(f, model, next, state, effect, operation);
  next.unseen = overwritten;
  if (work.reached === undefined) {
    work.reached = new Map();
    for (const root of work.queue) bucket(work.reached, root.state).push(root);
  }
  const rivals = bucket(work.reached, state);
  for (let i = 0; i < rivals.length; i++) {
    const rival = rivals[i]!;
    if ((!rival.unseen || overwritten) && dominates(f, rival, next)) return;
  }
  rivals.push(next);
  work.queue.push(next);
  work.made++;
  if (f.keySize > KEY_SIZE_MAX) giveUp(f, "the states are too large to keep all that are possible");
  if (work.made > f.budget.perEvent) giveUp(f, `more than ${f.budget.perEvent} configurations for one event`);
}

/** Adds `c` to what was found, unless something there makes it superfluous; drops what it makes superfluous. */
export function keep<S, I, O>(f: Frontier<S, I, O>, work: Settling<O>, c: Configuration): void {
  work.made++;
  if (work.found.length >= 32 && work.byState === undefined) {
    work.byState = new Map();
    for (const other of work.found) bucket(work.byState, other.state).push(other);
  }
  const rivals = work.byState === undefined ? work.found : bucket(work.byState, c.state);
  for (let i = 0; i < rivals.length; i++) if (dominates(f, rivals[i]!, c)) return;
  let kept = work.lasting ? rivals.length : 0;
  for (let i = kept; i < rivals.length; i++) {
    const rival = rivals[i]!;
    if (!dominates(f, c, rival)) rivals[kept++] = rival;
    else if (work.byState !== undefined) work.found.splice(work.found.indexOf(rival), 1);
  }
  rivals.length = kept;
  rivals.push(c);
  if (rivals !== work.found) work.found.push(c);
}
