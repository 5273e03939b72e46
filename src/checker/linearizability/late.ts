// What an online check does where the frontier of a part grows too wide: it keeps the operations since the last moment at which
// only one state was possible, and judges them as a whole now and then, by every method there is. A violation is then noticed
// late, but named at the same event: prefixes of a linearizable history are linearizable, so halving finds the first bad one.
// Looks come at lengths that grow by a share, so that all of them together cost a few times the last one.

import type { CheckBudget } from "./check.ts";
import { judgePart } from "./check.ts";
import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import { beginningIn, OBSERVES } from "./model.ts";
import type { Call, Value } from "./value.ts";

/** Operations that are kept at most, of one part and of all; beyond it a frontier that grows too wide ends `undecided`. */
export const KEPT_MAX = 50_000;
export const KEPT_IN_ALL_MAX = 200_000;

/** What a look may cost. */
export const LOOK_BUDGET: CheckBudget = { configurations: 300_000, perOperation: 16, remembered: 300_000 };

const FIRST_LOOK = 64;

/** One operation as far as it is known. */
export interface Kept {
  readonly process: number;
  readonly call: Call;
  readonly invokedAt: number;
  readonly invokedAtLine: number;
  /** Undefined: not known, or not known yet. */
  output: Value | undefined;
  /** -1 while it is open. */
  endedAt: number;
  endedAtLine: number;
  failed: boolean;
}

/** The end of one part's history, from a moment at which its state was `base`. Plain data. */
export interface Tail {
  readonly name: string;
  base: Value;
  kept: Kept[];
  /** More than `KEPT_MAX`: some are gone, and no look is possible. */
  overflown: boolean;
  /** Number of kept operations at which the next look comes. */
  nextLook: number;
}

/** A tail that begins with the part. */
export function createTail(name: string, base: Value): Tail {
  return { name, base, kept: [], overflown: false, nextLook: 0 };
}

/** At this moment `base` is the only state there may be, and nothing is open or lost. */
export function beginTail(tail: Tail, base: Value): void {
  tail.base = base;
  tail.kept = [];
  tail.overflown = false;
}

/** Takes one more operation; `room` is false where too many are kept already. */
export function keep(tail: Tail, operation: Kept, room: boolean): void {
  if (tail.overflown) return;
  tail.kept.push(operation);
  if (room && tail.kept.length <= KEPT_MAX) return;
  tail.kept = [];
  tail.overflown = true;
}

/** What a look found: the operation at whose end no order is left, where there is one. */
export interface Look {
  readonly verdict: "ok" | "illegal" | "undecided";
  readonly configurations: number;
  readonly at: Kept | undefined;
}

/** The tail as it stood before position `at`: what ended or failed later is still open. */
function asOf(model: CallModel, tail: Tail, at: number): readonly Operation[] {
  const operations: Operation[] = [];
  for (const { process, call, invokedAt, output, endedAt, endedAtLine, failed } of tail.kept) {
    if (invokedAt >= at) break;
    const ended = endedAt >= 0 && endedAt < at;
    if (ended && failed) continue;
    const known = ended ? output : undefined;
    if (known === undefined && model.effect(call, undefined) & OBSERVES) continue;
    const end = ended ? endedAt : at;
    operations.push({ process, input: call, output: known, invokedAt, endedAt: end, line: endedAtLine });
  }
  return operations;
}

/** Judges the tail as a whole and says when to look again. */
export function look(model: CallModel, tail: Tail, budget: CheckBudget): Look {
  const later = beginningIn(model, tail.base);
  const judged = (at: number): ReturnType<typeof judgePart> =>
    judgePart(later, asOf(model, tail, at), tail.name, budget);
  const whole = judged(Number.MAX_SAFE_INTEGER);
  let { configurations } = whole;
  tail.nextLook = Math.max(tail.kept.length + FIRST_LOOK, Math.ceil(tail.kept.length * 1.3));
  if (whole.verdict !== "illegal") return { verdict: whole.verdict, configurations, at: undefined };
  const ends = tail.kept.filter(({ endedAt }) => endedAt >= 0).sort((a, b) => a.endedAt - b.endedAt);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const prefix = judged(ends[middle]!.endedAt + 1);
    configurations += prefix.configurations;
    if (prefix.verdict === "illegal") high = middle;
    else low = middle + 1;
  }
  return { verdict: "illegal", configurations, at: ends[low] };
}
