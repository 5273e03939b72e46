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

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import type { Key } from "./value.ts";
import { valueKey } from "./value.ts";
import { verifyOrder } from "./witness.ts";
import type { ZoneVerdict } from "./zones.ts";

/** One value with the ends of its push and pop; those of a value never popped lie behind everything. */
interface Stay {
  readonly push: number;
  readonly pop: number;
  readonly pushFrom: number;
  readonly pushTo: number;
  readonly popFrom: number;
  readonly popTo: number;
}

/** Peeling is given up beyond this many visits of values: only nests that are both deep and wide get there. */
const VISITS_MAX = 50_000_000;

/** Judges a stack's history; `undefined` where values are not distinct, pops are unknown, or the stack was not empty. */
export function judgeStack(model: CallModel, operations: readonly Operation[]): ZoneVerdict | undefined {
  const initial = model.init("");
  if (typeof initial !== "object" || initial === null || initial.length > 0) return undefined;
  const pushes = new Map<Key, number>();
  const pops = new Map<Key, number>();
  const empties: number[] = [];
  const tell = (index: number): string => model.describe(operations[index]!.input, operations[index]!.output);
  let late = 0;
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
    if (output === undefined) return undefined;
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
    if (operations[i]!.endedAt < operations[push]!.invokedAt) {
      return refuted([push, i], `${tell(i)} had finished before ${tell(push)} began`);
    }
    pops.set(key, i);
  }
  const stays: Stay[] = [];
  const order: Moment[] = [];
  for (const [key, push] of pushes) {
    const { invokedAt, endedAt, output } = operations[push]!;
    const pop = pops.get(key) ?? -1;
    if (output === undefined && pop < 0) continue;
    const taken = operations[pop];
    const stay: Stay = {
      push,
      pop,
      pushFrom: invokedAt,
      pushTo: output === undefined ? late : endedAt,
      popFrom: taken?.invokedAt ?? late + 1,
      popTo: taken?.endedAt ?? late + 2,
    };
    if (stay.pushTo < stay.popFrom) {
      stays.push(stay);
    } else {
      const at = Math.max(stay.pushFrom, stay.popFrom) + 0.5;
      order.push({ at, depth: 0, operations: [push, pop] });
    }
  }
  stays.sort((a, b) => a.pushTo - b.pushTo);
  const stretches = stretchesOf(stays);
  for (const index of empties) {
    const at = uncovered(stretches, operations[index]!);
    if (at === undefined)
      return refuted([index], `${tell(index)} found nothing, although something pushed before was inside all the time`);
    order.push({ at, depth: 0, operations: [index] });
  }
  return peel(model, operations, stretches, order, tell);
}

function refuted(operations: readonly number[], text: string): ZoneVerdict {
  return { refutation: { operations, text }, order: undefined };
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

function peel(
  model: CallModel,
  operations: readonly Operation[],
  outermost: readonly Stretch[],
  order: Moment[],
  tell: (index: number) => string,
): ZoneVerdict | undefined {
  const open: { stretch: Stretch; depth: number }[] = outermost.map((stretch) => ({ stretch, depth: 1 }));
  let visits = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { stretch, depth } = next;
    visits += stretch.stays.length;
    if (visits > VISITS_MAX) return undefined;
    const bottom: Stay[] = [];
    const rest: Stay[] = [];
    for (const stay of stretch.stays) {
      if (stay.pushFrom < stretch.from && stay.popTo > stretch.to) bottom.push(stay);
      else rest.push(stay);
    }
    if (bottom.length === 0) {
      const involved = stretch.stays
        .slice(0, 6)
        .flatMap((stay) => (stay.pop < 0 ? [stay.push] : [stay.push, stay.pop]));
      const named = stretch.stays.slice(0, 3).map((stay) => tell(stay.push));
      return refuted(
        involved,
        `${named.join(", ")}${stretch.stays.length > 3 ? ", …" : ""}: something is inside all the time, yet none of them can lie at the bottom all that time`,
      );
    }
    order.push({ at: stretch.from - 0.5, depth, operations: bottom.map((stay) => stay.push) });
    const pops = bottom.filter((stay) => stay.pop >= 0).map((stay) => stay.pop);
    if (pops.length > 0) order.push({ at: stretch.to + 0.5, depth: -depth, operations: pops.reverse() });
    for (const inner of stretchesOf(rest)) open.push({ stretch: inner, depth: depth + 1 });
  }
  order.sort((a, b) => a.at - b.at || a.depth - b.depth);
  const flat = order.flatMap((moment) => moment.operations);
  return verifyOrder(model, operations, "", flat) ? { refutation: undefined, order: flat } : undefined;
}
