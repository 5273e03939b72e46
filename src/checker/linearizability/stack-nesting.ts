// Judges stacks with distinct values in at most O(n²), by peeling (the idea of "decrease and conquer" in Lee and Mathur,
// arXiv 2410.04581; the argument here is our own and short enough to be checked):
//
// 1. A value whose pop began before its push ended can be pushed and popped in one moment and disturbs nothing: away with it.
// 2. Every other value is surely inside from the end of its push to the start of its pop. At a moment that no value covers
//    the stack may be taken to be empty: of the values inside in some order, each could have its pop moved before that
//    moment or its push behind it. So the covered stretches can be judged one by one, and a pop that found nothing needs
//    only such a moment.
// 3. Throughout a stretch something is inside, so one value lies at the bottom all the time: its push began before
//    the stretch and its pop ended after it. If there is none, no order exists. Any value that could lie there may be
//    put there, since taking it from its place and moving it to the bottom keeps an order valid. Peel these off and
//    go on with the rest.
//
// Peeling backwards gives an order, which is verified before anybody believes it.
//
// An unknown pop may have taken any value that nobody is known to have popped (call it loose), at any time after it began, or
// nothing. To pop a loose value earlier never hurts. So: if there is an order with no loose value popped, there is one. If
// there is none even with each loose value popped by the earliest unknown pop, there is none. In between each loose value
// has a deadline, the latest unknown pop that would do for it if the others were popped as early as could be; more
// values with a deadline than unknown pops to meet them: no order. Otherwise the pops are dealt out by deadline, and the
// order that follows is verified; where it does not hold, the method says nothing and the search decides.

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import type { Key, Value } from "./value.ts";
import { valueKey } from "./value.ts";
import { verifyOrder } from "./witness.ts";
import type { ZoneVerdict } from "./zones.ts";

/** One value with the ends of its push and pop; those of a value never popped lie behind everything. */
interface Stay {
  /** Indexes of operations; -1 where there is none. */
  readonly push: number;
  readonly pop: number;
  readonly pushFrom: number;
  readonly pushTo: number;
  readonly popFrom: number;
  readonly popTo: number;
}

type Tell = (index: number) => string;

/** Peeling is given up beyond this many visits of values: only nests that are both deep and wide get there. */
const VISITS_MAX = 50_000_000;

/** What was read off a history. */
interface Sorted {
  readonly operations: readonly Operation[];
  readonly tell: Tell;
  /** Values that somebody is known to have popped, and those that nobody is. */
  readonly taken: readonly Stay[];
  readonly loose: readonly Stay[];
  /** Unknown pops, in the order in which they began. */
  readonly takers: readonly number[];
  readonly empties: readonly number[];
  /** Behind all events. */
  readonly late: number;
  /** Visits of values so far. */
  visits: number;
  /** Values among which peeling last found no bottom. */
  stuck: readonly Stay[];
}

/** Judges a stack's history; `undefined` where values are not distinct, or where unknown pops leave it open. */
export function judgeStack(model: CallModel, operations: readonly Operation[]): ZoneVerdict | undefined {
  const initial = model.init("");
  if (typeof initial !== "object" || initial === null) return undefined;
  const tell: Tell = (index) => model.describe(operations[index]!.input, operations[index]!.output);
  const sorted = sort(operations, initial, tell);
  if (sorted === undefined || "refutation" in sorted) return sorted;
  const proved = (order: readonly number[] | undefined): ZoneVerdict | undefined =>
    order !== undefined && verifyOrder(model, operations, "", order) ? { refutation: undefined, order } : undefined;
  const plain = nest(sorted, sorted.loose);
  if (plain === undefined || sorted.takers.length === 0 || sorted.loose.length === 0)
    return plain?.refutation === undefined ? proved(plain?.order) : plain;
  if (plain.refutation === undefined) return proved(plain.order);
  const soonest = sorted.loose.map((stay) => poppedBy(sorted, stay, 0));
  const relaxed = nest(sorted, soonest);
  if (relaxed === undefined || relaxed.refutation !== undefined) return relaxed;
  const deadlines = pairwiseDeadlines(sorted);
  const exact = new Set<number>();
  for (;;) {
    const popped = dealt(sorted, deadlines);
    if (popped === undefined) {
      const due = sorted.loose.filter((_, i) => deadlines[i]! < sorted.takers.length);
      const text = `${due.length} values had to be out before others could be popped, and too few unknown pops had begun by then`;
      return refuted(
        due.slice(0, 6).map((stay) => stay.push),
        text,
      );
    }
    const nested = nest(sorted, popped);
    if (nested === undefined) return undefined;
    if (nested.refutation === undefined) return proved(nested.order);
    // Those among which it got stuck have nearer deadlines than single taken values set.
    const stuck = new Set(sorted.stuck.map((stay) => stay.push));
    const next = sorted.loose.map((_, i) => i).filter((i) => stuck.has(sorted.loose[i]!.push) && !exact.has(i));
    if (next.length === 0) return undefined;
    for (const i of next.slice(0, REFINED_AT_ONCE)) {
      const deadline = deadlineOf(sorted, soonest, i, deadlines[i]!);
      if (deadline === undefined) return undefined;
      deadlines[i] = deadline;
      exact.add(i);
    }
  }
}

/** How many deadlines are looked at closely before the pops are dealt out again. */
const REFINED_AT_ONCE = 8;

/**
 * Unknown pops dealt out to loose values: who has the nearest deadline gets the earliest; of those without one, who was pushed
 * last, so that it is not in the way. Undefined where a deadline cannot be met.
 */
function dealt(sorted: Sorted, deadlines: readonly number[]): readonly Stay[] | undefined {
  const { loose, takers } = sorted;
  const byDeadline = loose.map((_, i) => i);
  byDeadline.sort((a, b) => deadlines[a]! - deadlines[b]! || loose[b]!.pushFrom - loose[a]!.pushFrom);
  const popped = loose.slice();
  for (let i = 0; i < byDeadline.length; i++) {
    const which = byDeadline[i]!;
    if (i < takers.length && deadlines[which]! >= i) popped[which] = poppedBy(sorted, loose[which]!, i);
    else if (deadlines[which]! < takers.length) return undefined;
  }
  return popped;
}

/**
 * Deadlines that single taken values set: one that surely lay below a loose value and was popped while that was surely inside.
 * Cheap, and mostly all there is; `deadlineOf` knows those that several set together.
 */
function pairwiseDeadlines(sorted: Sorted): number[] {
  const { operations, loose, taken, takers } = sorted;
  const byPush = [...taken].sort((a, b) => a.pushTo - b.pushTo);
  return loose.map((stay) => {
    let due = Number.POSITIVE_INFINITY;
    for (let i = 0; i < byPush.length && byPush[i]!.pushTo < stay.pushFrom; i++) {
      const below = byPush[i]!;
      if (below.popFrom > stay.pushTo && below.popTo < due) due = below.popTo;
    }
    sorted.visits += byPush.length >> 4;
    if (due === Number.POSITIVE_INFINITY) return takers.length;
    let last = takers.length - 1;
    while (last >= 0 && operations[takers[last]!]!.invokedAt > due) last--;
    return last;
  });
}

/** `stay` popped by the unknown pop number `taker`. */
function poppedBy({ operations, takers, late }: Sorted, stay: Stay, taker: number): Stay {
  const pop = takers[taker]!;
  return { ...stay, pop, popFrom: operations[pop]!.invokedAt, popTo: late + 2 };
}

/** The number of the last unknown pop that would do for loose value `i`, up to `most`; `takers.length` where it needs none. */
function deadlineOf(sorted: Sorted, soonest: readonly Stay[], i: number, most: number): number | undefined {
  const { loose, takers } = sorted;
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const trial = soonest.slice();
    trial[i] = middle === takers.length ? loose[i]! : poppedBy(sorted, loose[i]!, middle);
    const verdict = nest(sorted, trial);
    if (verdict === undefined) return undefined;
    if (verdict.refutation === undefined) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Values and their pops, or what contradicts at first sight; undefined where values are not distinct. */
function sort(
  operations: readonly Operation[],
  initial: readonly Value[],
  tell: Tell,
): Sorted | ZoneVerdict | undefined {
  const pushes = new Map<Key, number>();
  const pops = new Map<Key, number>();
  const empties: number[] = [];
  const takers: number[] = [];
  let late = 0;
  for (const value of initial) {
    const key = valueKey(value);
    if (pushes.has(key)) return undefined;
    pushes.set(key, -1);
  }
  for (let i = 0; i < operations.length; i++) {
    const { input, endedAt } = operations[i]!;
    late = Math.max(late, endedAt + 1);
    if (input.f !== "push") continue;
    const key = valueKey(input.value);
    if (pushes.has(key)) return undefined;
    pushes.set(key, i);
  }
  for (let i = 0; i < operations.length; i++) {
    const { input, output } = operations[i]!;
    if (input.f === "push") continue;
    if (output === undefined) {
      takers.push(i);
      continue;
    }
    if (output === null) {
      empties.push(i);
      continue;
    }
    const key = valueKey(output);
    const push = pushes.get(key);
    const other = pops.get(key);
    if (push === undefined) return refuted([i], `${tell(i)}, a value that nobody ever pushed`);
    if (other !== undefined)
      return refuted([push, other, i], `${tell(other)} and ${tell(i)} took out what was pushed once`);
    if (push >= 0 && operations[i]!.endedAt < operations[push]!.invokedAt) {
      return refuted([push, i], `${tell(i)} had finished before ${tell(push)} began`);
    }
    pops.set(key, i);
  }
  const taken: Stay[] = [];
  const loose: Stay[] = [];
  const add = (key: Key, push: number, pushFrom: number, pushTo: number): void => {
    const pop = pops.get(key) ?? -1;
    const by = operations[pop];
    const stay = { push, pop, pushFrom, pushTo, popFrom: by?.invokedAt ?? late + 1, popTo: by?.endedAt ?? late + 2 };
    (pop < 0 ? loose : taken).push(stay);
  };
  for (let i = 0; i < initial.length; i++) {
    const at = 2 * (i - initial.length);
    add(valueKey(initial[i]!), -1, at, at + 1);
  }
  for (const [key, push] of pushes) {
    if (push < 0) continue;
    const { invokedAt, endedAt, output } = operations[push]!;
    // A lost push of a value that nobody popped need not have happened.
    if (output === undefined && !pops.has(key)) continue;
    add(key, push, invokedAt, output === undefined ? late : endedAt);
  }
  takers.sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  return { operations, tell, taken, loose, takers, empties, late, visits: 0, stuck: [] };
}

/** Whether the taken values nest with `loose`, which are never popped or by whom they say. The order is not verified. */
function nest(sorted: Sorted, loose: readonly Stay[]): ZoneVerdict | undefined {
  const { operations, tell, empties } = sorted;
  const stays: Stay[] = [];
  const order: Moment[] = [];
  for (const some of [sorted.taken, loose]) {
    for (const stay of some) {
      if (stay.pushTo < stay.popFrom) {
        stays.push(stay);
      } else {
        const at = Math.max(stay.pushFrom, stay.popFrom) + 0.5;
        order.push({ at, depth: 0, operations: [stay.push, stay.pop] });
      }
    }
  }
  stays.sort((a, b) => a.pushTo - b.pushTo);
  const stretches = stretchesOf(stays);
  for (const index of empties) {
    const at = uncovered(stretches, operations[index]!);
    if (at === undefined) {
      const { invokedAt } = operations[index]!;
      sorted.stuck = stays.filter((stay) => stay.pushTo < operations[index]!.endedAt && stay.popFrom > invokedAt);
      return refuted([index], `${tell(index)} found nothing, although something pushed before was inside all the time`);
    }
    order.push({ at, depth: 0, operations: [index] });
  }
  return peel(sorted, stretches, order);
}

function refuted(operations: readonly number[], text: string): ZoneVerdict {
  return { refutation: { operations: operations.filter((index) => index >= 0), text }, order: undefined };
}

/** Operations that take effect together at one moment, in this order; `depth` orders what shares a moment. */
interface Moment {
  readonly at: number;
  readonly depth: number;
  readonly operations: readonly number[];
}

/** A stretch of time in which something is inside throughout, by the values that make it up, sorted by the end of push. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly stays: readonly Stay[];
}

/** The covered stretches of `stays`, which are sorted by the end of their pushes. */
function stretchesOf(stays: readonly Stay[]): Stretch[] {
  const stretches: Stretch[] = [];
  let first = 0;
  let to = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= stays.length; i++) {
    const stay = stays[i];
    if (i > first && (stay === undefined || stay.pushTo > to)) {
      stretches.push({ from: stays[first]!.pushTo, to, stays: stays.slice(first, i) });
      first = i;
      to = Number.NEGATIVE_INFINITY;
    }
    if (stay !== undefined) to = Math.max(to, stay.popFrom);
  }
  return stretches;
}

/** A moment between the ends of `operation` that lies in no stretch. */
function uncovered(stretches: readonly Stretch[], operation: Operation): number | undefined {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (stretches[middle]!.from < operation.invokedAt + 1) low = middle + 1;
    else high = middle;
  }
  const before = stretches[low - 1];
  if (before === undefined || before.to < operation.invokedAt + 1) return operation.invokedAt + 0.5;
  return before.to < operation.endedAt ? before.to + 0.5 : undefined;
}

function peel(sorted: Sorted, outermost: readonly Stretch[], order: Moment[]): ZoneVerdict | undefined {
  const { tell } = sorted;
  const open: { stretch: Stretch; depth: number }[] = outermost.map((stretch) => ({ stretch, depth: 1 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { stretch, depth } = next;
    sorted.visits += stretch.stays.length;
    if (sorted.visits > VISITS_MAX) return undefined;
    const bottom: Stay[] = [];
    const rest: Stay[] = [];
    for (const stay of stretch.stays) {
      if (stay.pushFrom < stretch.from && stay.popTo > stretch.to) bottom.push(stay);
      else rest.push(stay);
    }
    if (bottom.length === 0) {
      sorted.stuck = stretch.stays;
      const named = stretch.stays.filter((stay) => stay.push >= 0);
      const involved = named.slice(0, 6).flatMap((stay) => [stay.push, stay.pop]);
      const words = named.slice(0, 3).map((stay) => tell(stay.push));
      return refuted(
        involved,
        `${words.join(", ")}${named.length > 3 ? ", …" : ""}: something is inside all the time, yet none of them can lie at the bottom all that time`,
      );
    }
    order.push({ at: stretch.from - 0.5, depth, operations: bottom.map((stay) => stay.push) });
    const pops = bottom.filter((stay) => stay.pop >= 0).map((stay) => stay.pop);
    if (pops.length > 0) order.push({ at: stretch.to + 0.5, depth: -depth, operations: pops.reverse() });
    for (const inner of stretchesOf(rest)) open.push({ stretch: inner, depth: depth + 1 });
  }
  order.sort((a, b) => a.at - b.at || a.depth - b.depth);
  return { refutation: undefined, order: order.flatMap((moment) => moment.operations).filter((index) => index >= 0) };
}
