// A history as the checkers take it: operations with the positions of their ends in one total order of events. Failed
// operations that say nothing are not in it; answers of failed ones that do say something (an observed cas) are answers.
// Unknown here: files and formats.

import type { Model } from "./model.ts";
import type { Call, Value } from "./value.ts";

/** One operation. Immutable. */
export interface Operation<Input = Call, Output = Value> {
  /** Process (a logical client) that did it. */
  readonly process: number;
  readonly input: Input;
  /** The answer, undefined where the outcome is unknown. */
  readonly output: Output | undefined;
  /** Position of the invocation among all events, from 0. */
  readonly invokedAt: number;
  /** Position of the completion; of an unknown operation the position at which it was given up, or `events`. */
  readonly endedAt: number;
  /** Line of the completion (or else of the invocation) in the file it came from, from 1; 0 where there is none. */
  readonly line: number;
}

/** A whole history. Positions are distinct: an event is an invocation or an end. */
export interface History<Input = Call, Output = Value> {
  readonly operations: readonly Operation<Input, Output>[];
  /** Events in all; every position is below it, but for operations still open at the end. */
  readonly events: number;
}

/** An end of an operation, in the order in which the ends are met: `2 * operation` for an invocation, plus 1 for the other end. */
export function endsInOrder<I, O>(operations: readonly Operation<I, O>[]): number[] {
  const ends: number[] = [];
  for (let i = 0; i < operations.length; i++) ends.push(2 * i, 2 * i + 1);
  const at = (end: number): number => {
    const operation = operations[end >> 1]!;
    return end & 1 ? operation.endedAt : operation.invokedAt;
  };
  return ends.sort((a, b) => at(a) - at(b) || a - b);
}

/** One independent part of a history. */
export interface Part {
  /** Key or element; empty where the model has no parts. */
  readonly name: string;
  /** Indexes into `operations`, ascending by invocation. */
  readonly indexes: readonly number[];
}

/** The parts of `operations` under `model`, in the order in which they first occur. */
export function partsOf<S, I, O>(model: Model<S, I, O>, operations: readonly Operation<I, O>[]): readonly Part[] {
  if (model.partition === undefined) return [{ name: "", indexes: operations.map((_, i) => i) }];
  const parts: { name: string; indexes: number[] }[] = [];
  const byName = new Map<string, number[]>();
  for (let i = 0; i < operations.length; i++) {
    const name = model.partition(operations[i]!.input);
    let indexes = byName.get(name);
    if (indexes === undefined) {
      indexes = [];
      byName.set(name, indexes);
      parts.push({ name, indexes });
    }
    indexes.push(i);
  }
  return parts;
}

/**
 * The history as it stood before event `at`: operations invoked by then, those that ended later still open, so that
 * their outcome is unknown. Linearizability is closed under taking prefixes, which makes the first bad event findable.
 */
export function prefixOf<I, O>(history: History<I, O>, at: number): History<I, O> {
  const operations: Operation<I, O>[] = [];
  for (const operation of history.operations) {
    if (operation.invokedAt >= at) continue;
    operations.push(operation.endedAt < at ? operation : { ...operation, output: undefined, endedAt: at });
  }
  return { operations, events: at };
}
