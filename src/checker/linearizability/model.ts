// What a sequential object is to the checkers: an initial state, a step, and what is known about its operations. Users
// write their own models against this interface; the built-in ones are in `model/`. Unknown here: how orders are searched.
//
// Next to the bare step a model may tell what an operation can and cannot do (`effect`, `requires`, `produces`). These
// are never needed for a right verdict, only for a quick one; a wrong claim makes wrong verdicts, so the laws in
// `test/checker/linearizability/model.property.test.ts` hold every built-in model to its claims.

import type { Key } from "./value.ts";

/** With its answer as recorded the operation can never change any state: a read, a failed cas, an `add` that said false. */
export const OBSERVES = 1;
/** The operation is possible in every state, always with the same answer: a write, an append, an enqueue. */
export const BLIND = 2;
/** The state after it does not depend on the state before it: a write, a put, a delete. Only together with `BLIND`. */
export const OVERWRITES = 4;

/** What `foresee` may know of an operation: all of it, with the positions of its two ends. */
export interface Foreseen<Input, Output> {
  readonly input: Input;
  readonly output: Output | undefined;
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** Names of the polynomial methods. */
export type Monitor = "zones" | "revisions" | "queue-aspects" | "stack-nesting" | "list-versions";

/** A sequential object. States, inputs and outputs are immutable plain data. */
export interface Model<State, Input, Output> {
  readonly name: string;
  /** The state before the first operation, of the part with this name (empty where the model has no parts). */
  init(part: string): State;
  /**
   * The state after `input` was answered by `output` in `state`, or undefined where the object could not have answered
   * so. With `output` undefined nobody knows the answer: the state after the operation took effect, whatever it said, or
   * undefined where it cannot take effect at all. Where nothing changes, the very same `state` may be returned.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Every answer the object may give to `input` in `state`: one if it is deterministic, none if the operation blocks. */
  answers(state: State, input: Input): readonly Output[];
  /** Equality and hash in one: two states are the same exactly when their keys are. */
  stateKey(state: State): Key;
  /** As `stateKey`, for inputs. */
  inputKey(input: Input): Key;
  /** As `stateKey`, for outputs. */
  outputKey(output: Output): Key;
  /**
   * Whether `recorded`, as a history says it, may stand for `answer`, which the object gives: where an answer can be recorded
   * in part. Left out: only where their keys are equal.
   */
  fits?(answer: Output, recorded: Output): boolean;
  /** What is certain of the operation: a sum of `OBSERVES`, `BLIND`, `OVERWRITES`; `output` undefined if not known (yet). */
  effect(input: Input, output: Output | undefined): number;
  /**
   * The one state in which the operation is possible with this output; with `output` undefined, the one state in which it
   * changes anything. Undefined where there is no single such state. A model either answers for all its operations that
   * are not `BLIND` and not `OBSERVES`, or leaves the function out.
   */
  requires?(input: Input, output: Output | undefined): State | undefined;
  /** The part of the object `input` belongs to, where the object falls apart into independent parts (keys, elements). */
  partition?(input: Input): string;
  /**
   * The same model, of one part and beginning in `initial`, with the answers of a whole history at hand, so that states no
   * answer tells apart become one.
   */
  foresee?(operations: readonly Foreseen<Input, Output>[], initial: State): Model<State, Input, Output>;
  /**
   * The method that may judge whole histories of this object before any search. It reads calls and values as the built-in
   * model of that kind does, and so is for those only.
   */
  readonly monitor?: Monitor;
  /** The operation in a few words: `get x → 1`; an unknown answer shows as `?`. */
  describe(input: Input, output: Output | undefined): string;
  /** The state in a few words. */
  describeState(state: State): string;
}

/** `model` beginning in `state`. */
export function beginningIn<S, I, O>(model: Model<S, I, O>, state: S): Model<S, I, O> {
  return { ...model, init: () => state };
}

/** A sequential object that may answer and go on in several ways; see `deterministic`. */
export interface NondeterministicModel<State, Input, Output> {
  readonly name: string;
  init(part: string): readonly State[];
  /** All that may happen: each answer with the state after it. */
  outcomes(state: State, input: Input): readonly (readonly [Output, State])[];
  stateKey(state: State): Key;
  inputKey(input: Input): Key;
  outputKey(output: Output): Key;
  partition?(input: Input): string;
  describe(input: Input, output: Output | undefined): string;
  describeState(state: State): string;
}

function keyText(key: Key): string {
  return typeof key === "string" ? `'${key}` : String(key);
}

function distinct<State, Input, Output>(
  model: NondeterministicModel<State, Input, Output>,
  states: readonly State[],
): readonly State[] {
  const byKey = new Map<string, State>();
  for (const state of states) byKey.set(keyText(model.stateKey(state)), state);
  return [...byKey.keys()].sort().map((key) => byKey.get(key)!);
}

/**
 * A deterministic model whose states are the sets of states `model` may be in (the power set construction, as in
 * Porcupine's `ToModel`). Sets are kept sorted by key, so equal sets have equal keys.
 */
export function deterministic<State, Input, Output>(
  model: NondeterministicModel<State, Input, Output>,
): Model<readonly State[], Input, Output> {
  const { partition } = model;
  return {
    name: model.name,
    init: (part) => distinct(model, model.init(part)),
    step(states, input, output) {
      const wanted = output === undefined ? undefined : model.outputKey(output);
      const after: State[] = [];
      for (const state of states) {
        for (const [answer, next] of model.outcomes(state, input)) {
          if (wanted === undefined || model.outputKey(answer) === wanted) after.push(next);
        }
      }
      return after.length === 0 ? undefined : distinct(model, after);
    },
    answers(states, input) {
      const byKey = new Map<Key, Output>();
      for (const state of states) {
        for (const [answer] of model.outcomes(state, input)) byKey.set(model.outputKey(answer), answer);
      }
      return [...byKey.values()];
    },
    stateKey: (states) => states.map((state) => keyText(model.stateKey(state))).join("\u0003"),
    inputKey: (input) => model.inputKey(input),
    outputKey: (output) => model.outputKey(output),
    effect: () => 0,
    ...(partition === undefined ? {} : { partition: (input: Input) => partition.call(model, input) }),
    describe: (input, output) => model.describe(input, output),
    describeState: (states) => `{${states.map((state) => model.describeState(state)).join(" | ")}}`,
  };
}
