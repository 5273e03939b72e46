// Depth-first search with memory, for whole histories: follows one explanation as far as it goes and returns to the last
// choice when it breaks; what has failed at an event is remembered, so that nothing it dominates is tried again. On legal
// histories it needs little more than one step an event, where the frontier would carry every explanation along. The same
// configurations and reductions as the frontier (Lowe 2017, "graph search"); the memory is per event and by state, so a key
// has the size of the open operations, not of the history.

import type { Configuration, Frontier, Slot, Step } from "./configuration.ts";
import {
  copyOf,
  createFrontier,
  createSlot,
  dominates,
  FRONTIER_BUDGET,
  familyOf,
  giveUp,
  KEY_SIZE_MAX,
  note,
  outputId,
  passing,
  targetOf,
} from "./configuration.ts";
import type { Operation } from "./history.ts";
import { endsInOrder } from "./history.ts";
import type { Model } from "./model.ts";
import { BLIND, OVERWRITES } from "./model.ts";
import type { Settling } from "./placement.ts";
import { createSettling, placeOthers, placeSelf, settle } from "./placement.ts";

/** What a search found out. */
export interface SearchResult {
  readonly verdict: "ok" | "illegal" | "undecided";
  /** Configurations made. */
  readonly configurations: number;
  /** Operations (indexes) in the order of an explanation: of all if `ok`, else of the one that got farthest. */
  readonly order: readonly number[];
  /** Operation (index) at whose end the farthest explanation broke; -1 if `ok`. */
  readonly brokeAt: number;
}

/** A choice at the end of an operation. */
interface Frame<Output> {
  readonly at: number;
  readonly work: Settling<Output>;
  /** Next of `work.found` to follow; next of `work.queue` to go on from. */
  nextFound: number;
  nextQueued: number;
  /** Whether the queued one was already tried by itself. */
  selfTried: boolean;
  /** The one being followed, as it was when chosen. */
  followed: Configuration | undefined;
}

/** One search. Plain data. */
interface Search<State, Input, Output> {
  readonly f: Frontier<State, Input, Output>;
  readonly operations: readonly Operation<Input, Output>[];
  /** Ends in order, without those of lost operations. */
  readonly ends: readonly number[];
  readonly slotOf: readonly number[];
  readonly slots: readonly (Slot<Input> | undefined)[];
  /** The state the next operation to end needs, by position in `ends`; -1 where it names none. */
  readonly needed: readonly number[];
  /** What failed, by position in `ends` and state. */
  readonly failures: (Map<number, Configuration[]> | undefined)[];
  remembered: number;
  /** Configurations made so far, and how many may be. */
  made: number;
  readonly madeMax: number;
  frames: Frame<Output>[];
}

const FREE: Slot<never> = createSlot();

function prepared<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  part: string,
  madeMax: number,
): Search<S, I, O> {
  const f = createFrontier(model, { ...FRONTIER_BUDGET, perEvent: madeMax }, part);
  f.traced = true;
  const ends: number[] = [];
  const free: number[] = [];
  const slotOf: number[] = operations.map(() => -1);
  const slots: (Slot<I> | undefined)[] = operations.map(() => undefined);
  let width = 0;
  for (const end of endsInOrder(operations)) {
    const index = end >> 1;
    const operation = operations[index]!;
    if (operation.output === undefined) {
      if (end & 1) continue;
      ends.push(end);
      const effect = model.effect(operation.input, undefined);
      const family = familyOf(f, model, operation.input, effect);
      f.families[family]!.members.push(f.lost.length);
      f.lost.push({ operation: index, family, invokedAt: ends.length });
      continue;
    }
    ends.push(end);
    if (end & 1) {
      free.push(slotOf[index]!);
      continue;
    }
    const slot: Slot<I> = createSlot();
    slot.operation = index;
    slot.input = operation.input;
    slot.effect = model.effect(operation.input, operation.output);
    slot.invokedAt = ends.length;
    slot.expected = slot.effect & BLIND ? -1 : outputId(f, model, operation.output);
    slot.target = targetOf(f, model, operation.input, slot.effect);
    slot.key = model.inputKey(operation.input);
    slot.deadline = operation.endedAt;
    slots[index] = slot;
    slotOf[index] = free.pop() ?? width++;
  }
  for (let i = 0; i < width; i++) {
    f.slots.push(FREE as Slot<I>);
    f.configurations[0]!.status.push(0);
  }
  return {
    f,
    operations,
    ends,
    slotOf,
    slots,
    needed: neededStates(f, model, operations, ends),
    failures: [],
    remembered: 0,
    made: 1,
    madeMax,
    frames: [],
  };
}

function neededStates<S, I, O>(
  f: Frontier<S, I, O>,
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  ends: readonly number[],
): number[] {
  const needed: number[] = ends.map(() => -1);
  if (model.requires === undefined) return needed;
  let next = -1;
  for (let at = ends.length - 1; at >= 0; at--) {
    needed[at] = next;
    const end = ends[at]!;
    const operation = operations[end >> 1]!;
    if ((end & 1) === 0 || model.effect(operation.input, operation.output) & BLIND) continue;
    const state = model.requires(operation.input, operation.output);
    if (state !== undefined) next = f.stateIds.get(model.stateKey(state)) ?? -1;
  }
  return needed;
}

/** The next way to go on from `frame`, or undefined when all were tried. */
function nextWay<S, I, O>(search: Search<S, I, O>, model: Model<S, I, O>, frame: Frame<O>): Configuration | undefined {
  const { f } = search;
  const { work } = frame;
  while (frame.nextFound === work.found.length) {
    if (frame.nextQueued === work.queue.length || f.verdict !== "ok") return undefined;
    const before = work.made;
    const c = work.queue[frame.nextQueued]!;
    if (!frame.selfTried) {
      frame.selfTried = true;
      if (placeSelf(f, model, work, c)) {
        frame.nextQueued++;
        frame.selfTried = false;
      }
    } else {
      placeOthers(f, model, work, c);
      frame.nextQueued++;
      frame.selfTried = false;
    }
    search.made += work.made - before + f.effort;
    f.effort = 0;
    if (search.made > search.madeMax) giveUp(f, "the budget of configurations is spent");
  }
  search.made++;
  return work.found[frame.nextFound++];
}

function failedBefore<S, I, O>(search: Search<S, I, O>, at: number, c: Configuration): boolean {
  const failures = search.failures[at]?.get(c.state);
  if (failures === undefined) return false;
  // Comparing costs too: what many failures of one state cost counts as configurations made.
  search.made += failures.length >> 5;
  for (let i = 0; i < failures.length; i++) if (dominates(search.f, failures[i]!, c)) return true;
  return false;
}

function remember<S, I, O>(search: Search<S, I, O>, at: number, c: Configuration): void {
  const byState = (search.failures[at] ??= new Map());
  const failures = byState.get(c.state);
  if (failures === undefined) {
    byState.set(c.state, [c]);
    search.remembered++;
    return;
  }
  let kept = 0;
  for (let i = 0; i < failures.length; i++) {
    if (!dominates(search.f, c, failures[i]!)) failures[kept++] = failures[i]!;
  }
  search.remembered += kept + 1 - failures.length;
  failures.length = kept;
  failures.push(c);
}

/** Takes the slots back from before event `from` to before event `to`. */
function rewind<S, I, O>(search: Search<S, I, O>, from: number, to: number): void {
  const { f, ends, slotOf, slots } = search;
  for (let at = from - 1; at >= to; at--) {
    const end = ends[at]!;
    const slot = slots[end >> 1];
    if (slot !== undefined) f.slots[slotOf[end >> 1]!] = end & 1 ? slot : (FREE as Slot<I>);
  }
}

/**
 * Whether some order explains `operations`, of one part of a history. Ends `undecided` after `configurationsMax`
 * configurations, or where it would have to remember more than `rememberedMax`.
 */
export function searchDepthFirst<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  part: string,
  configurationsMax: number,
  rememberedMax: number = configurationsMax,
): SearchResult {
  const search = prepared(model, operations, part, configurationsMax);
  const { f, ends, slotOf, slots, frames } = search;
  let c = copyOf(f.configurations[0]!);
  let at = 0;
  let farthest = -1;
  let farthestTrail: Step | null = null;
  const broken = (verdict: "illegal" | "undecided"): SearchResult => ({
    verdict,
    configurations: search.made,
    order: orderOf(farthestTrail, operations),
    brokeAt: farthest < 0 ? -1 : ends[farthest]! >> 1,
  });
  for (;;) {
    let stuck = false;
    while (at < ends.length) {
      const end = ends[at]!;
      const index = end >> 1;
      const slot = slots[index];
      f.events = at + 1;
      if (slot === undefined) {
        at++;
        continue;
      }
      const place = slotOf[index]!;
      if ((end & 1) === 0) {
        f.slots[place] = slot;
        if ((slot.effect & BLIND) === 0) {
          const status = passing(f, model, slot, 0, c.state);
          if (status !== 0) note(c, "passed", index);
          c.status[place] = status;
        }
        at++;
        continue;
      }
      const status = c.status[place]!;
      if (status & 1) {
        c.status[place] = 0;
        f.slots[place] = FREE as Slot<I>;
        at++;
        continue;
      }
      const work = createSettling(f, model, place, operations[index]!.output as O, true);
      settle(f, model, work, c);
      const frame: Frame<O> = { at, work, nextFound: 0, nextQueued: 0, selfTried: false, followed: undefined };
      if (work.queue.length > 0) {
        const { found } = work;
        const absorbed = found.length;
        frame.selfTried = true;
        const enough = placeSelf(f, model, work, work.queue[0]!);
        if (enough) frame.nextQueued = 1;
        if (enough) frame.selfTried = false;
        // A write whose value is wanted next goes last; one whose value is not gives way to one that is.
        const direct = found.length > absorbed ? found[absorbed]! : undefined;
        if (direct !== undefined && absorbed > 0 && (slot.effect & OVERWRITES) !== 0 && search.needed[at] !== c.state) {
          found[absorbed] = found[0]!;
          found[0] = direct;
        }
      }
      frames.push(frame);
      if (search.made > configurationsMax) {
        if (at > farthest) {
          farthest = at;
          farthestTrail = c.trail;
        }
        return broken("undecided");
      }
      const chosen = follow(search, model, frame, slot, place);
      if (chosen === undefined) {
        frames.pop();
        stuck = true;
        if (at > farthest) {
          farthest = at;
          farthestTrail = c.trail;
        }
        break;
      }
      if (frame.nextFound === work.found.length && frame.nextQueued === work.queue.length) frames.pop();
      c = chosen;
      at++;
    }
    if (!stuck) return { verdict: "ok", configurations: search.made, order: orderOf(c.trail, operations), brokeAt: -1 };
    let resumed = false;
    while (frames.length > 0) {
      const frame = frames[frames.length - 1]!;
      const index = ends[frame.at]! >> 1;
      rewind(search, at, frame.at);
      at = frame.at;
      f.events = at + 1;
      f.slots[slotOf[index]!] = FREE as Slot<I>;
      if (frame.followed !== undefined) remember(search, at, frame.followed);
      f.slots[slotOf[index]!] = slots[index]!;
      const chosen = follow(search, model, frame, slots[index]!, slotOf[index]!);
      if (
        f.verdict !== "ok" ||
        search.made > configurationsMax ||
        search.remembered > rememberedMax ||
        f.keySize > KEY_SIZE_MAX
      ) {
        return broken("undecided");
      }
      if (chosen === undefined) {
        frames.pop();
        continue;
      }
      c = chosen;
      at++;
      resumed = true;
      break;
    }
    if (!resumed) {
      return broken(f.verdict === "ok" ? "illegal" : "undecided");
    }
  }
}

/** Chooses the next way of `frame` that has not failed before and leaves its slot; returns a copy to walk with. */
function follow<S, I, O>(
  search: Search<S, I, O>,
  model: Model<S, I, O>,
  frame: Frame<O>,
  slot: Slot<I>,
  place: number,
): Configuration | undefined {
  const { f } = search;
  for (;;) {
    f.slots[place] = slot;
    const chosen = nextWay(search, model, frame);
    frame.followed = chosen;
    if (chosen === undefined) return undefined;
    f.slots[place] = FREE as Slot<I>;
    if (!failedBefore(search, frame.at, chosen)) return copyOf(chosen);
  }
}

/** The order a trail stands for: operations by index. */
export function orderOf<I, O>(trail: Step | null, operations: readonly Operation<I, O>[]): readonly number[] {
  const steps: Step[] = [];
  for (let step = trail; step !== null; step = step.previous) steps.push(step);
  steps.reverse();
  const placed = new Set<number>();
  for (const step of steps) {
    if (step.kind !== "passed" && step.kind !== "passed-before") placed.add(step.operation);
  }
  // A list with a gap: what stands before the last overwriting operation grows at its end, independently of what follows.
  const before: number[] = [];
  let after: number[] = [];
  const noted = new Set<number>();
  for (const step of steps) {
    const passing = step.kind === "passed" || step.kind === "passed-before";
    if (passing && (placed.has(step.operation) || noted.has(step.operation))) continue;
    noted.add(step.operation);
    if (step.kind === "overwrote") {
      for (const operation of after) before.push(operation);
      after = [step.operation];
    } else if (step.kind === "slipped" || step.kind === "passed-before") {
      before.push(step.operation);
    } else {
      after.push(step.operation);
    }
  }
  for (const operation of after) before.push(operation);
  return before.filter((operation) => operation < operations.length);
}
