// Judges histories of etcd by the revisions in their answers. Each change makes the next revision, so that operations with
// answers have their order: by revision, the one that made it first. Only which of the lost operations made the revisions that
// nobody answered for is open; where the answers of the others leave one choice at a time it is taken, and the order is verified.
// O(n log n), besides the keys in each state. Says nothing where the choices do not work out: then the search decides.

import type { Operation } from "./history.ts";
import { type Known, knownOf, madeRevision, mayHaveMade, putsOf, seenKey } from "./model/etcd.ts";
import { type CallModel, casPair } from "./model/register.ts";
import type { Call, Value } from "./value.ts";
import { verifyOrder } from "./witness.ts";
import type { Refutation, ZoneVerdict } from "./zones.ts";

/** Judges a history of etcd; `undefined` where lost operations leave it open. */
export function judgeByRevisions(model: CallModel, operations: readonly Operation[]): ZoneVerdict | undefined {
  const first = (model.init("") as readonly Value[])[0] as number;
  const maker = new Map<number, number>();
  const answered: number[] = [];
  const lost: number[] = [];
  const revisionOf = (index: number): number => (operations[index]!.output as readonly Value[])[0] as number;
  const tell = (index: number): string => model.describe(operations[index]!.input, operations[index]!.output);
  let last = first;
  for (let i = 0; i < operations.length; i++) {
    const { input, output } = operations[i]!;
    if (output === undefined) {
      lost.push(i);
      continue;
    }
    answered.push(i);
    const revision = revisionOf(i);
    last = Math.max(last, revision);
    if (!madeRevision(input, output)) continue;
    const other = maker.get(revision);
    if (other !== undefined) return refuted([other, i], `${tell(other)} and ${tell(i)} made the same revision`);
    if (revision <= first) return refuted([i], `${tell(i)} made a revision that was there from the start`);
    maker.set(revision, i);
  }
  if (last - first > operations.length)
    return refuted([], `revision ${last} was answered, after ${operations.length} operations`);
  const early = outOfTime(operations, answered, revisionOf, tell);
  if (early !== undefined) return { refutation: early, order: undefined };
  const filled = fill(model, operations, answered, lost, maker, first, last, revisionOf);
  if (typeof filled === "number") {
    return filled === 0
      ? undefined
      : refuted([], `revision ${filled} was reached, and there is nobody left who can have made it`);
  }
  const byRevision = answered.filter((index) => maker.get(revisionOf(index)) !== index);
  byRevision.sort((a, b) => revisionOf(a) - revisionOf(b) || operations[a]!.invokedAt - operations[b]!.invokedAt);
  const order: number[] = [];
  let next = 0;
  for (let revision = first; revision <= last; revision++) {
    const made = filled.get(revision);
    if (made !== undefined) order.push(made);
    while (next < byRevision.length && revisionOf(byRevision[next]!) <= revision) order.push(byRevision[next++]!);
  }
  if (verifyOrder(model, operations, "", order)) return { refutation: undefined, order };
  // With no choice made the order is the only one there is.
  if (filled.size > maker.size) return undefined;
  const wrong = firstWrong(model, operations, order);
  return wrong < 0 ? undefined : refuted([wrong], `${tell(wrong)}: at that revision it was otherwise`);
}

function refuted(operations: readonly number[], text: string): ZoneVerdict {
  return { refutation: { operations, text }, order: undefined };
}

/** An operation that was answered below a revision that had been answered before it began. */
function outOfTime(
  operations: readonly Operation[],
  answered: readonly number[],
  revisionOf: (index: number) => number,
  tell: (index: number) => string,
): Refutation | undefined {
  const byEnd = [...answered].sort((a, b) => operations[a]!.endedAt - operations[b]!.endedAt);
  const byStart = [...answered].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  let next = 0;
  let highest = -1;
  for (const index of byStart) {
    while (next < byEnd.length && operations[byEnd[next]!]!.endedAt < operations[index]!.invokedAt) {
      const ended = byEnd[next++]!;
      if (highest < 0 || revisionOf(ended) > revisionOf(highest)) highest = ended;
    }
    if (highest < 0) continue;
    const { input, output } = operations[index]!;
    const own = revisionOf(index) - (madeRevision(input, output!) ? 1 : 0);
    if (own >= revisionOf(highest)) continue;
    return {
      operations: [highest, index],
      text: `${tell(index)} began after ${tell(highest)} had finished, and names an earlier revision`,
    };
  }
  return undefined;
}

/**
 * Who made each revision: those with answers, and lost operations in the gaps. A revision that none can have made, as a number;
 * 0 where the choices did not work out.
 */
function fill(
  model: CallModel,
  operations: readonly Operation[],
  answered: readonly number[],
  lost: readonly number[],
  maker: ReadonlyMap<number, number>,
  first: number,
  last: number,
  revisionOf: (index: number) => number,
): ReadonlyMap<number, number> | number {
  const filled = new Map(maker);
  if (last - first === maker.size) return filled;
  const known = knownOf(operations, model.init(""));
  /** A revision has to be made before anybody ends who names it or a later one. */
  const due = new Map<number, number>();
  const byRevision = [...answered].sort((a, b) => revisionOf(b) - revisionOf(a));
  let soonest = Number.POSITIVE_INFINITY;
  let next = 0;
  for (let revision = last; revision > first; revision--) {
    while (next < byRevision.length && revisionOf(byRevision[next]!) >= revision) {
      soonest = Math.min(soonest, operations[byRevision[next++]!]!.endedAt);
    }
    if (!maker.has(revision)) due.set(revision, soonest);
  }
  if (due.size > lost.length) return last;
  for (const [revision, before] of due) {
    const fits = (index: number): boolean =>
      operations[index]!.invokedAt < before && mayHaveMade(known, operations[index]!.input, revision);
    if (!lost.some(fits)) return revision;
  }
  const witnesses: number[][] = Array.from({ length: last - first + 1 }, () => []);
  for (const index of answered) {
    if (maker.get(revisionOf(index)) !== index) witnesses[revisionOf(index) - first]?.push(index);
  }
  const chosen = choose(model, operations, lost, maker, due, witnesses, known, first, last);
  return chosen ?? 0;
}

/** A choice at a gap: who is left to be tried, and the state before it. */
interface Choice {
  readonly revision: number;
  readonly state: Value;
  readonly candidates: readonly number[];
  next: number;
}

/** Steps back that are taken before the choices are left to the search. */
const STEPS_MAX = 200_000;

/**
 * Walks along the revisions and lets at each gap the first lost operation that fits make it; where an answer then does not hold,
 * the last choice is made otherwise. Lost operations that do the same are one, of which the earliest goes first.
 */
function choose(
  model: CallModel,
  operations: readonly Operation[],
  lost: readonly number[],
  maker: ReadonlyMap<number, number>,
  due: ReadonlyMap<number, number>,
  witnesses: readonly (readonly number[])[],
  known: Known,
  first: number,
  last: number,
): ReadonlyMap<number, number> | undefined {
  const kinds = kindsOf(operations, known);
  const byStart = [...lost].sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  const used = new Set<number>();
  const choices: Choice[] = [];
  let steps = 0;
  let state: Value | undefined = model.init("");
  const holds = (revision: number): boolean =>
    witnesses[revision - first]!.every(
      (index) => model.step(state!, operations[index]!.input, operations[index]!.output) !== undefined,
    );
  const candidatesFor = (revision: number): readonly number[] => {
    const before = due.get(revision)!;
    const taken = new Set<string>();
    const fitting: number[] = [];
    for (const index of byStart) {
      const { input, invokedAt } = operations[index]!;
      const kind = kinds(input);
      if (used.has(index) || invokedAt >= before || taken.has(kind) || !mayHaveMade(known, input, revision)) continue;
      if (model.step(state!, input, undefined) === state) continue;
      taken.add(kind);
      fitting.push(index);
    }
    // A put works at any time; what does not is kept for where it does.
    const puts = fitting.filter((index) => operations[index]!.input.f === "put");
    return [...puts, ...fitting.filter((index) => !puts.includes(index))];
  };
  if (!holds(first)) return undefined;
  for (let revision = first + 1; revision <= last; revision++) {
    if (++steps > STEPS_MAX) return undefined;
    const by = maker.get(revision);
    if (by !== undefined) {
      const { input, output } = operations[by]!;
      state = model.step(state, input, output);
    } else {
      choices.push({ revision, state, candidates: candidatesFor(revision), next: 0 });
      state = undefined;
    }
    while (state === undefined || !holds(revision)) {
      const choice = choices[choices.length - 1];
      if (choice === undefined || ++steps > STEPS_MAX) return undefined;
      if (choice.next > 0) used.delete(choice.candidates[choice.next - 1]!);
      const index = choice.candidates[choice.next++];
      if (index === undefined) {
        choices.pop();
        state = undefined;
        continue;
      }
      used.add(index);
      revision = choice.revision;
      state = model.step(choice.state, operations[index]!.input, undefined);
    }
  }
  const filled = new Map(maker);
  for (const { revision, candidates, next } of choices) filled.set(revision, candidates[next - 1]!);
  return filled;
}

/** What a lost operation does, as a key: values count only where some answer or cas speaks of them. */
function kindsOf(operations: readonly Operation[], known: Known): (call: Call) => string {
  const spoken = new Set<string>();
  for (const puts of known.seen.values()) for (const put of puts) spoken.add(put);
  for (const { input } of operations) {
    if (input.f === "cas") spoken.add(seenKey(input.key, casPair(input)[0]!));
  }
  return (call) => {
    const puts = putsOf(call).map(([key, value]) => {
      const put = seenKey(key, value);
      return spoken.has(put) ? put : key;
    });
    const expected = call.f === "cas" ? seenKey("", casPair(call)[0]!) : "";
    return `${call.f}\u0002${expected}\u0002${puts.join("\u0003")}`;
  };
}

/** The first operation of `order` that the model does not answer as recorded; -1 if all are. */
function firstWrong(model: CallModel, operations: readonly Operation[], order: readonly number[]): number {
  let state = model.init("");
  for (const index of order) {
    const { input, output } = operations[index]!;
    const after = model.step(state, input, output);
    if (after === undefined) return index;
    state = after;
  }
  return -1;
}
