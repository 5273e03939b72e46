// Shrinking: from a failure to the smallest scenario that still fails in the same way. Parts are taken away and the rest is run
// again, first with the seed of the failure, then with others: a part whose loss only shifts the draws is no cause, and with
// some other seed the failure is there without it. What is kept is the signature, not the instant.
//
// It is a generator: it gives batches of candidates to try and takes what came of them, so that a host may try them in parallel
// and stop whenever it likes. What it comes to does not depend on how many hands there are.

import { RandomChoices } from "../kernel/choose.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { isSmaller, sizeOfFailing } from "./minimal.ts";
import { sketchOf } from "./sketch.ts";
import {
  beginnings,
  cutAt,
  faultEdits,
  fewerClients,
  fewerEntries,
  fewerMembers,
  fewerRevisions,
  lastMoments,
  lessRoom,
  optionEdits,
  resolved,
  without,
} from "./smaller.ts";
import { invokedIn, spelledOut } from "./spell-out.ts";

/** Something smaller to try. */
export interface Candidate {
  readonly scenario: Scenario;
  /** The first with which it fails will do. */
  readonly seeds: readonly string[];
  /** A run that goes on for longer is given up: what is smaller need not take much longer than what it was made from. */
  readonly eventsMax: number;
}

/** What is known to fail, and how. */
export interface Failing {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly result: RunResult;
}

/** Where a shrinking stands: `best` is there from the beginning, and always fails. A sketch may have more of what then goes. */
export interface Shrinking {
  best: Failing;
  /** Seeds that are tried where a part is taken away, the failure's own first. */
  readonly reseed: number;
  /** Which way down it is, from 0: each tries other seeds and other sketches. */
  readonly way: number;
}

/** What came of a candidate: the run that failed in the same way, or null. */
export type Tried = { readonly seed: string; readonly result: RunResult } | null;

/** Candidates that are tried together. The first of them that fails is taken. */
export const BATCH = 4;

/** Operations that are written out one by one; of more, the load is made lighter first. */
const SPELLED_MAX = 120;

/** Of so many operations only the last ones before the failure are tried as well. */
const HANDFULS: readonly number[] = [8, 32, SPELLED_MAX];

/** Times that a load is made lighter before its operations are looked at one by one. */
const LIGHTER_MAX = 64;

/** Sketches that are tried, with so many seeds each. */
const SKETCHES_MAX = 400;
const SKETCH_SEEDS = 3;

/** Events of a sketch at most: it is to be cheap. */
const SKETCH_EVENTS = 60_000;

/** Events that a candidate may have: so many times those of the best, and some more. */
const EVENTS_TIMES = 3;
const EVENTS_MORE = 20_000;

/** A failure with no more faults than this, and a load that can be written out, needs no sketch. */
const PLAIN_FAULTS = 4;

/** Seeds of one way down begin so far behind those of the one before. */
const WAY_SEEDS = 1000;

/** Ways down that are tried, unless one ends with no more than this to read. */
const WAYS = 4;
const SHORT_FAULTS = 8;
const SHORT_OPERATIONS = 12;

/** A shrinking of a failure whose faults are fixed. */
export function beginShrinking(failing: Failing, reseed: number): Shrinking {
  return { best: failing, reseed, way: 0 };
}

/**
 * Makes it smaller until nothing gets smaller any more. Yields batches; takes their outcomes in the same order. Where much is left
 * to read it goes down once more from where it began: another way may end lower.
 */
export function* shrink(state: Shrinking): Generator<readonly Candidate[], void, readonly Tried[]> {
  const from = state.best;
  yield* descend(state);
  for (let way = 1; way < WAYS && !isShort(state.best); way++) {
    const other: Shrinking = { ...state, best: from, way };
    const passes = descend(other);
    for (let step = passes.next([]); step.done !== true; ) {
      step = passes.next(yield step.value);
      // Whoever stops it in the midst of a way has what that came to.
      if (isSmaller(sizeOfFailing(other.best), sizeOfFailing(state.best))) state.best = other.best;
    }
  }
}

function isShort(failing: Failing): boolean {
  const { faults, operations } = sizeOfFailing(failing);
  return faults <= SHORT_FAULTS && operations <= SHORT_OPERATIONS;
}

function* descend(state: Shrinking): Generator<readonly Candidate[], void, readonly Tried[]> {
  yield* firstOf(state, [resolved(state.best.scenario, state.best.result)], 1);
  yield* cut(state);
  yield* firstOf(state, lastMoments(state.best.scenario, state.best.result), 6);
  yield* cut(state);
  // Coarse first and with few seeds, then each part by itself with many. The load goes early: it is what a run costs.
  yield* fewerFaults(state, 1, Math.max(4, state.best.scenario.faults.length >> 3));
  yield* sooner(state, 1);
  yield* lighter(state, 1);
  yield* fewerFaults(state, 1);
  yield* sketched(state);
  yield* cut(state);
  yield* fewerFaults(state, 1, 4);
  yield* lighter(state, 3);
  yield* cut(state);
  yield* fewerFaults(state, 2);
  yield* sooner(state, 3);
  yield* fewerOperations(state, 4);
  yield* simpler(state, 2);
  for (let round = 0; round < 3; round++) {
    const before = sizeOf(state.best.scenario);
    const seeds = round === 0 ? Math.min(20, state.reseed) : state.reseed;
    yield* fewerFaults(state, seeds);
    yield* firstOf(state, fewerMembers(state.best.scenario), seeds);
    yield* sooner(state, seeds);
    yield* fewerOperations(state, seeds);
    yield* simpler(state, seeds >> 1);
    yield* cut(state);
    if (round > 0 && sizeOf(state.best.scenario) >= before) break;
  }
  yield* smoother(state);
  yield* cut(state);
}

/** Faults and operations of a scenario that is written out; operations of a load count as many. */
export function sizeOf(scenario: Scenario): number {
  let load = 0;
  for (const { clients } of scenario.workload) load += 100 * clients;
  return scenario.faults.length * 10 + scenario.cluster.members.length + load;
}

/** `count` seeds, the failure's own first. */
function seedsFor(state: Shrinking, count: number): string[] {
  const seeds = [state.best.seed];
  for (let seed = 1 + WAY_SEEDS * state.way; seeds.length < count; seed++)
    if (String(seed) !== state.best.seed) seeds.push(String(seed));
  return seeds;
}

/** Tries scenarios in their order, some at a time; takes the first that fails. Gives its position, -1: none. */
function* firstOf(
  state: Shrinking,
  scenarios: readonly Scenario[],
  seeds: number,
  eventsAtMost: number = Number.POSITIVE_INFINITY,
): Generator<readonly Candidate[], number, readonly Tried[]> {
  const list = seedsFor(state, Math.max(1, seeds));
  const eventsMax = Math.min(eventsAtMost, EVENTS_TIMES * state.best.result.events + EVENTS_MORE);
  for (let from = 0; from < scenarios.length; from += BATCH) {
    const batch = scenarios.slice(from, from + BATCH).map((scenario) => ({ scenario, seeds: list, eventsMax }));
    const tried = yield batch;
    for (const [at, outcome] of tried.entries()) {
      if (outcome === null) continue;
      state.best = { scenario: (batch[at] as Candidate).scenario, ...outcome };
      return from + at;
    }
  }
  return -1;
}

/** The run ends where it failed, and what had not happened by then goes. */
function* cut(state: Shrinking): Generator<readonly Candidate[], void, readonly Tried[]> {
  yield* firstOf(state, cutAt(state.best.scenario, state.best.result), 1);
}

/** Told again in a few strokes, where that fails too. */
function* sketched(state: Shrinking): Generator<readonly Candidate[], void, readonly Tried[]> {
  const { scenario, result } = state.best;
  const { ok, failed, unknown } = result.operations;
  const plain = scenario.faults.length <= PLAIN_FAULTS && ok + failed + unknown <= SPELLED_MAX;
  if (plain && state.way === 0) return;
  const stream = new RandomChoices(`sketch/${state.best.seed}${state.way === 0 ? "" : `/${state.way}`}`).open(
    "fault",
    0,
  );
  for (let drawn = 0; drawn < SKETCHES_MAX; drawn += BATCH) {
    const sketches: Scenario[] = [];
    for (let n = 0; n < BATCH; n++) {
      const sketch = sketchOf(scenario, result, stream);
      if (sketch !== null) sketches.push(sketch);
    }
    if (sketches.length === 0 || (yield* firstOf(state, sketches, SKETCH_SEEDS, SKETCH_EVENTS)) >= 0) return;
  }
}

/** Deletion by halves, quarters, … down to `finest` faults at a time (Zeller's ddmin), with so many seeds. */
function* fewerFaults(
  state: Shrinking,
  seeds: number,
  finest: number = 1,
): Generator<readonly Candidate[], void, readonly Tried[]> {
  let size = Math.max(1, state.best.scenario.faults.length >> 1);
  for (;;) {
    let from = 0;
    while (from < state.best.scenario.faults.length) {
      const { faults } = state.best.scenario;
      const starts: number[] = [];
      for (let at = from; at < faults.length && starts.length < BATCH; at += size) starts.push(at);
      const smaller = starts.map((at) => without(state.best.scenario, at, size));
      const hit = yield* firstOf(state, smaller, seeds);
      // What was tried in vain before the hit need not be tried again at this size.
      from = hit < 0 ? from + size * starts.length : (starts[hit] as number);
    }
    if (size <= finest) return;
    size = Math.max(1, size >> 1);
  }
}

/**
 * A lighter load, as long as the failure bears it. What made it lighter is tried again first, and what was tried in vain comes
 * last: where runs are long there is time for few of them.
 */
function* lighter(state: Shrinking, seeds: number): Generator<readonly Candidate[], void, readonly Tried[]> {
  let from = 0;
  for (let round = 0; round < LIGHTER_MAX; round++) {
    const edits = fewerClients(state.best.scenario, state.best.result, seeds > 1);
    const first = edits.length === 0 ? 0 : from % edits.length;
    const hit = yield* firstOf(state, [...edits.slice(first), ...edits.slice(0, first)], seeds);
    if (hit < 0) return;
    from = first + hit;
  }
}

/** Limits that are reached sooner, one kind after the other. */
function* sooner(state: Shrinking, seeds: number): Generator<readonly Candidate[], void, readonly Tried[]> {
  for (const edits of [fewerEntries, fewerRevisions, lessRoom])
    yield* firstOf(state, edits(state.best.scenario), seeds);
}

/** A lighter load; then its operations written out, those of programs too where that fails as well, and taken away like faults. */
function* fewerOperations(state: Shrinking, seeds: number): Generator<readonly Candidate[], void, readonly Tried[]> {
  for (let round = 0; round < 12; round++) {
    const before = state.best;
    const { scenario } = before;
    if (scenario.workload.length === 0) return;
    const invoked = invokedIn(scenario, state.best.seed);
    // A failure often needs nothing but the last few operations before it.
    for (const count of HANDFULS) {
      if (count < invoked.length && state.best.scenario === scenario)
        yield* firstOf(state, spelledOut(scenario, invoked.slice(-count)), 2);
    }
    if (state.best.scenario === scenario && invoked.length <= SPELLED_MAX)
      yield* firstOf(state, spelledOut(scenario, invoked), seeds);
    if (isSpelledOut(state.best.scenario)) {
      yield* fewerFaults(state, Math.max(2, seeds >> 2));
      // A program may be less to read than what it asked for, step by step.
      if (isSpelledOut(scenario) && isSmaller(sizeOfFailing(before), sizeOfFailing(state.best))) state.best = before;
      return;
    }
    yield* lighter(state, seeds);
    if (state.best === before) return;
  }
}

/** No load is left but that of programs, whose steps mean little one by one. */
function isSpelledOut({ workload }: Scenario): boolean {
  return workload.every(({ kind }) => kind !== "kv");
}

/** Options back to what they are where nothing is said. */
function* simpler(state: Shrinking, seeds: number): Generator<readonly Candidate[], void, readonly Tried[]> {
  for (let from = 0; ; ) {
    const edits = optionEdits(state.best.scenario);
    if (from >= edits.length) return;
    const hit = yield* firstOf(state, edits.slice(from, from + BATCH), Math.max(1, seeds));
    from = hit < 0 ? from + BATCH : from + hit;
  }
}

/** Faults as a person would write them: round times, whole probabilities, names. And the earliest beginning. */
function* smoother(state: Shrinking): Generator<readonly Candidate[], void, readonly Tried[]> {
  yield* firstOf(state, beginnings(state.best.scenario), 4);
  for (let at = 0; at < state.best.scenario.faults.length; at++) {
    for (let round = 0; round < 4; round++) {
      const edits = faultEdits(state.best.scenario, state.best.result, at);
      if (edits.length === 0 || (yield* firstOf(state, edits, Math.min(8, state.reseed))) < 0) break;
    }
  }
}
