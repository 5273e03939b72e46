// Judges queues with distinct values by what can go wrong with one: Henzinger, Sezgin and Vafeiadis, "Aspect-oriented
// linearizability proofs" (CONCUR 2013), show that a complete history of a queue is linearizable exactly when
// - nothing comes out that was not put in, or comes out before it was put in, or twice,
// - no two values leave in an order against that in which they surely came in,
// - no dequeue finds the queue empty while at every moment something was surely inside.
// All of it in O(n log n). An unknown enqueue happened if its value was seen; an unknown dequeue ends the method.

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import type { Key } from "./value.ts";
import { valueKey } from "./value.ts";
import type { Refutation } from "./zones.ts";

/** What the aspects say: `undefined` where they cannot be applied. */
export interface AspectVerdict {
  readonly refutation: Refutation | undefined;
}

/** One value with the ends of its two operations; infinite where there is none. */
interface Stay {
  readonly key: Key;
  readonly enqueue: number;
  readonly dequeue: number;
  readonly putFrom: number;
  readonly putTo: number;
  readonly takenFrom: number;
  readonly takenTo: number;
}

/** Judges a queue's history; `undefined` where values are not distinct, takings are unknown, or the queue was not empty. */
export function judgeQueue(model: CallModel, operations: readonly Operation[]): AspectVerdict | undefined {
  const initial = model.init("");
  if (typeof initial !== "object" || initial === null || initial.length > 0) return undefined;
  const puts = new Map<Key, number>();
  const takes = new Map<Key, number>();
  const empties: number[] = [];
  const tell = (index: number): string => model.describe(operations[index]!.input, operations[index]!.output);
  for (let i = 0; i < operations.length; i++) {
    const { input, output } = operations[i]!;
    if (input.f !== "enqueue") continue;
    const key = valueKey(input.value);
    if (puts.has(key) || (input.value === null && output !== undefined)) return undefined;
    puts.set(key, i);
  }
  for (let i = 0; i < operations.length; i++) {
    const { input, output } = operations[i]!;
    if (input.f === "enqueue") continue;
    if (output === undefined) return undefined;
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
    if (operations[i]!.endedAt < operations[put]!.invokedAt) {
      return refuted([put, i], `${tell(i)} had finished before ${tell(put)} began`);
    }
    takes.set(key, i);
  }
  const stays: Stay[] = [];
  for (const [key, enqueue] of puts) {
    const dequeue = takes.get(key) ?? -1;
    const put = operations[enqueue]!;
    if (put.output === undefined && dequeue < 0) continue;
    const take = operations[dequeue];
    stays.push({
      key,
      enqueue,
      dequeue,
      putFrom: put.invokedAt,
      putTo: put.output === undefined ? Number.POSITIVE_INFINITY : put.endedAt,
      takenFrom: take?.invokedAt ?? Number.POSITIVE_INFINITY,
      takenTo: take?.endedAt ?? Number.POSITIVE_INFINITY,
    });
  }
  return overtaken(stays, tell) ?? foundEmpty(stays, empties, operations, tell) ?? { refutation: undefined };
}

function refuted(operations: readonly number[], text: string): AspectVerdict {
  return { refutation: { operations, text } };
}

/** A value that surely came in later and surely left earlier than another. */
function overtaken(stays: readonly Stay[], tell: (index: number) => string): AspectVerdict | undefined {
  const byEnd = [...stays].sort((a, b) => a.putTo - b.putTo);
  const byStart = [...stays].sort((a, b) => a.putFrom - b.putFrom);
  let next = 0;
  let latest: Stay | undefined;
  for (const stay of byStart) {
    while (next < byEnd.length && byEnd[next]!.putTo < stay.putFrom) {
      const earlier = byEnd[next++]!;
      if (latest === undefined || earlier.takenFrom > latest.takenFrom) latest = earlier;
    }
    if (latest === undefined || stay.takenTo >= latest.takenFrom) continue;
    const after = latest.dequeue < 0 ? "was never taken out" : `was taken out only by ${tell(latest.dequeue)}`;
    const involved = [latest.enqueue, stay.enqueue, stay.dequeue];
    if (latest.dequeue >= 0) involved.push(latest.dequeue);
    return refuted(
      involved,
      `${tell(latest.enqueue)} had finished before ${tell(stay.enqueue)} began, yet ${tell(stay.dequeue)} came first: the earlier value ${after}`,
    );
  }
  return undefined;
}

/** A dequeue that found nothing although at every moment of it something was surely inside. */
function foundEmpty(
  stays: readonly Stay[],
  empties: readonly number[],
  operations: readonly Operation[],
  tell: (index: number) => string,
): AspectVerdict | undefined {
  const sure = stays.filter((stay) => stay.putTo < stay.takenFrom).sort((a, b) => a.putTo - b.putTo);
  const spans: { from: number; to: number; members: number[] }[] = [];
  for (const stay of sure) {
    const last = spans[spans.length - 1];
    if (last !== undefined && stay.putTo <= last.to) {
      if (stay.takenFrom > last.to) {
        last.to = stay.takenFrom;
        last.members.push(stay.enqueue);
      }
    } else {
      spans.push({ from: stay.putTo, to: stay.takenFrom, members: [stay.enqueue] });
    }
  }
  for (const index of empties) {
    const { invokedAt, endedAt } = operations[index]!;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (spans[middle]!.from < invokedAt) low = middle + 1;
      else high = middle;
    }
    const span = spans[low - 1];
    if (span === undefined || endedAt >= span.to) continue;
    return refuted(
      [...span.members.slice(0, 4), index],
      `${tell(index)} found nothing, although something put in before was inside all the time`,
    );
  }
  return undefined;
}
