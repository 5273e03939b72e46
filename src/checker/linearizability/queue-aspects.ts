// Judges queues with distinct values by what can go wrong with one: Henzinger, Sezgin and Vafeiadis, "Aspect-oriented
// linearizability proofs" (CONCUR 2013), show that a complete history of a queue is linearizable exactly when
// - nothing comes out that was not put in, or comes out before it was put in, or twice,
// - no two values leave in an order against that in which they surely came in,
// - no dequeue finds the queue empty while at every moment something was surely inside.
// All of it in O(n log n). An unknown enqueue happened if its value was seen.
//
// An unknown dequeue may have taken any value that nobody is known to have taken (call it loose), at any time after it
// began, or nothing. To take a loose value earlier never hurts, so what the aspects ask of one is a deadline:
// - a loose value that came in before one that was taken had to be out before that taking ended;
// - where a dequeue found nothing, there is a moment by which everything loose that was surely inside had to be going out.
// Whoever begins before a deadline can meet it. So an assignment exists exactly when, at each moment t, no more values are
// due by t than unknown dequeues began before t; and of the moments at which the queue may have been empty each can be tried
// by itself, because what a later one asks includes what an earlier one asks from then on. O(n · unknown dequeues) at worst.

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import type { Key, Value } from "./value.ts";
import { showValue, valueKey } from "./value.ts";
import type { Refutation } from "./zones.ts";

/** What the aspects say: `undefined` where they cannot be applied. */
export interface AspectVerdict {
  readonly refutation: Refutation | undefined;
}

/** One value with the ends of its two operations; infinite where there is none. */
interface Stay {
  /** Indexes of operations; -1 where there is none. */
  readonly enqueue: number;
  readonly dequeue: number;
  readonly putFrom: number;
  readonly putTo: number;
  readonly takenFrom: number;
  readonly takenTo: number;
  readonly value: Value;
}

/** A loose value that had to be taken by somebody who began before `due`. */
interface Debt {
  readonly stay: Stay;
  readonly due: number;
  /** The taking that sets the deadline. */
  readonly by: number;
}

type Tell = (index: number) => string;

/** Judges a queue's history; `undefined` where values are not distinct. */
export function judgeQueue(model: CallModel, operations: readonly Operation[]): AspectVerdict | undefined {
  const initial = model.init("");
  if (typeof initial !== "object" || initial === null) return undefined;
  const puts = new Map<Key, number>();
  const takes = new Map<Key, number>();
  const empties: number[] = [];
  /** Times at which unknown dequeues began. */
  const takers: number[] = [];
  const tell: Tell = (index) => model.describe(operations[index]!.input, operations[index]!.output);
  for (const value of initial) {
    const key = valueKey(value);
    if (puts.has(key)) return undefined;
    puts.set(key, -1);
  }
  for (let i = 0; i < operations.length; i++) {
    const { input, output } = operations[i]!;
    if (input.f !== "enqueue") continue;
    const key = valueKey(input.value);
    if (puts.has(key) || (input.value === null && output !== undefined)) return undefined;
    puts.set(key, i);
  }
  for (let i = 0; i < operations.length; i++) {
    const { input, output, invokedAt, endedAt } = operations[i]!;
    if (input.f === "enqueue") continue;
    if (output === undefined) {
      takers.push(invokedAt);
      continue;
    }
    if (output === null) {
      empties.push(i);
      continue;
    }
    const key = valueKey(output);
    const put = puts.get(key);
    const other = takes.get(key);
    if (put === undefined) return refuted([i], `${tell(i)}, a value that nobody ever put in`);
    if (other !== undefined)
      return refuted([put, other, i], `${tell(other)} and ${tell(i)} took out what was put in once`);
    if (put >= 0 && endedAt < operations[put]!.invokedAt) {
      return refuted([put, i], `${tell(i)} had finished before ${tell(put)} began`);
    }
    takes.set(key, i);
  }
  const stays: Stay[] = initial.map((value, i): Stay => {
    const dequeue = takes.get(valueKey(value)) ?? -1;
    const at = i - initial.length;
    return { enqueue: -1, dequeue, putFrom: at, putTo: at, ...takenAt(operations[dequeue]), value };
  });
  for (const enqueue of puts.values()) {
    const put = operations[enqueue];
    if (put === undefined) continue;
    const dequeue = takes.get(valueKey(put.input.value)) ?? -1;
    if (put.output === undefined && dequeue < 0) continue;
    stays.push({
      enqueue,
      dequeue,
      putFrom: put.invokedAt,
      putTo: put.output === undefined ? Number.POSITIVE_INFINITY : put.endedAt,
      ...takenAt(operations[dequeue]),
      value: put.input.value,
    });
  }
  takers.sort((a, b) => a - b);
  const taken = stays.filter((stay) => stay.dequeue >= 0);
  const loose = stays.filter((stay) => stay.dequeue < 0);
  const debts = debtsOf(loose, taken);
  return (
    overtaken(taken, tell) ??
    unpaid(debts, takers, tell) ??
    foundEmpty(taken, loose, debts, takers, empties, operations, tell) ?? { refutation: undefined }
  );
}

function takenAt(take: Operation | undefined): { readonly takenFrom: number; readonly takenTo: number } {
  if (take === undefined) return { takenFrom: Number.POSITIVE_INFINITY, takenTo: Number.POSITIVE_INFINITY };
  return { takenFrom: take.invokedAt, takenTo: take.endedAt };
}

function refuted(operations: readonly number[], text: string): AspectVerdict {
  return { refutation: { operations: operations.filter((index) => index >= 0), text } };
}

function putOf(stay: Stay, tell: Tell): string {
  return stay.enqueue < 0 ? `${showValue(stay.value)}, inside from the start,` : tell(stay.enqueue);
}

/** Of the values that were taken, one that surely came in later and surely left earlier than another. */
function overtaken(taken: readonly Stay[], tell: Tell): AspectVerdict | undefined {
  const byEnd = [...taken].sort((a, b) => a.putTo - b.putTo);
  const byStart = [...taken].sort((a, b) => a.putFrom - b.putFrom);
  let next = 0;
  let latest: Stay | undefined;
  for (const stay of byStart) {
    while (next < byEnd.length && byEnd[next]!.putTo < stay.putFrom) {
      const earlier = byEnd[next++]!;
      if (latest === undefined || earlier.takenFrom > latest.takenFrom) latest = earlier;
    }
    if (latest === undefined || stay.takenTo >= latest.takenFrom) continue;
    return refuted(
      [latest.enqueue, stay.enqueue, stay.dequeue, latest.dequeue],
      `${putOf(latest, tell)} had finished before ${putOf(stay, tell)} began, yet ${tell(stay.dequeue)} came first: the earlier value was taken out only by ${tell(latest.dequeue)}`,
    );
  }
  return undefined;
}

/** The loose values that had to go out before a later one was taken, by deadline. */
function debtsOf(loose: readonly Stay[], taken: readonly Stay[]): readonly Debt[] {
  const byStart = [...taken].sort((a, b) => b.putFrom - a.putFrom);
  const debts: Debt[] = [];
  let next = 0;
  let soonest: Stay | undefined;
  for (const stay of [...loose].sort((a, b) => b.putTo - a.putTo)) {
    while (next < byStart.length && byStart[next]!.putFrom > stay.putTo) {
      const later = byStart[next++]!;
      if (soonest === undefined || later.takenTo < soonest.takenTo) soonest = later;
    }
    if (soonest !== undefined) debts.push({ stay, due: soonest.takenTo, by: soonest.dequeue });
  }
  return debts.sort((a, b) => a.due - b.due);
}

/** More values due at some moment than unknown dequeues could have taken. */
function unpaid(debts: readonly Debt[], takers: readonly number[], tell: Tell): AspectVerdict | undefined {
  for (let i = 0; i < debts.length; i++) {
    const { stay, due, by } = debts[i]!;
    if (i < takers.length && takers[i]! < due) continue;
    const lost = i === 0 ? "" : `; ${i} unknown takings had begun by then, for ${i + 1} such values`;
    const involved = debts.slice(Math.max(0, i - 3), i + 1).map((debt) => debt.stay.enqueue);
    return refuted(
      [...involved, by],
      `${putOf(stay, tell)} had finished before the value of ${tell(by)} was put in, yet nobody took it out before${lost}`,
    );
  }
  return undefined;
}

/** How many of the ascending `times` lie before `t`. */
function before(times: readonly number[], t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Span {
  readonly from: number;
  to: number;
  readonly members: number[];
}

/** Stretches of time in which some value of `stays` is surely inside. */
function spansOf(stays: readonly Stay[]): readonly Span[] {
  const sure = stays.filter((stay) => stay.putTo < stay.takenFrom).sort((a, b) => a.putTo - b.putTo);
  const spans: Span[] = [];
  for (const stay of sure) {
    const last = spans[spans.length - 1];
    if (last === undefined || stay.putTo > last.to) {
      spans.push({ from: stay.putTo, to: stay.takenFrom, members: [stay.enqueue] });
    } else if (stay.takenFrom > last.to) {
      last.to = stay.takenFrom;
      last.members.push(stay.enqueue);
    }
  }
  return spans;
}

/** A dequeue that found nothing although at every moment of it something was surely inside. */
function foundEmpty(
  taken: readonly Stay[],
  loose: readonly Stay[],
  debts: readonly Debt[],
  takers: readonly number[],
  empties: readonly number[],
  operations: readonly Operation[],
  tell: Tell,
): AspectVerdict | undefined {
  if (empties.length === 0) return undefined;
  const spans = spansOf(takers.length === 0 ? [...taken, ...loose] : taken);
  const froms = spans.map((span) => span.from);
  const tos = spans.map((span) => span.to);
  const putTos = loose.map((stay) => stay.putTo).sort((a, b) => a - b);
  const tried = new Map<number, boolean>();
  /** Whether the queue may have been empty at `x`, as far as loose values go. */
  const payable = (x: number): boolean => {
    if (takers.length === 0) return true;
    let fits = tried.get(x);
    if (fits !== undefined) return fits;
    const inside = before(putTos, x);
    fits = inside <= before(takers, x);
    let due = inside;
    for (let i = 0; fits && i < debts.length; i++) {
      const debt = debts[i]!;
      if (debt.stay.putTo > x) due++;
      if (debt.due > x) fits = due <= before(takers, debt.due);
    }
    tried.set(x, fits);
    return fits;
  };
  for (const index of empties) {
    const { invokedAt, endedAt } = operations[index]!;
    // What is possible changes only where a stretch ends or an unknown taking begins.
    const moments = [invokedAt + 0.5];
    for (const times of [tos, takers]) {
      for (let i = before(times, invokedAt); i < times.length && times[i]! < endedAt; i++)
        moments.push(times[i]! + 0.5);
    }
    let around: Span | undefined;
    const free = moments.some((x) => {
      const span = spans[before(froms, x) - 1];
      if (span !== undefined && x < span.to) {
        around = span;
        return false;
      }
      return payable(x);
    });
    if (free) continue;
    return refuted(
      [...(around?.members.slice(0, 4) ?? []), index],
      `${tell(index)} found nothing, although something put in before was inside all the time`,
    );
  }
  return undefined;
}
