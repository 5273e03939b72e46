// Verifies a given order: each operation comes with the point at which it took effect (an index in a log, a revision, a
// count of applications). If the points are increasing, each lies between invocation and completion, and the model gives
// each recorded answer, the history is linearizable, by definition and at O(1) an event. A witness that fails proves
// nothing about the history: then the frontier decides. Unknown here: where the order came from.

import type { Operation } from "./history.ts";
import type { Model } from "./model.ts";

/** The state of a verification. Plain data apart from the model's own states. */
export interface Witness<State> {
  state: State;
  /** Operations applied so far: the order is verified up to here. */
  applied: number;
  /** What the order got wrong first; empty while it holds. */
  failure: string;
}

/** A witness for `part` of the model with nothing applied. */
export function createWitness<State, Input, Output>(
  model: Model<State, Input, Output>,
  part: string = "",
): Witness<State> {
  return { state: model.init(part), applied: 0, failure: "" };
}

/**
 * The next operation of the order takes effect. `output` is its recorded answer, undefined where it is unknown. Times are
 * numbers of events: it was invoked at `invokedAt`, took effect at `appliedAt`, and ended at `completedAt` (`Infinity` where it never
 * ended). Returns whether the order still holds.
 */
export function applyNext<State, Input, Output>(
  witness: Witness<State>,
  model: Model<State, Input, Output>,
  input: Input,
  output: Output | undefined,
  invokedAt: number,
  appliedAt: number,
  completedAt: number,
): boolean {
  if (witness.failure !== "") return false;
  if (invokedAt > appliedAt || appliedAt > completedAt) {
    witness.failure = `${model.describe(input, output)} took effect outside of its interval`;
    return false;
  }
  const after = model.step(witness.state, input, output);
  if (after === undefined) {
    witness.failure = `${model.describe(input, output)} in state ${model.describeState(witness.state)}`;
    return false;
  }
  witness.state = after;
  witness.applied++;
  return true;
}

/**
 * Whether `order` (indexes into `operations`, each once) explains them: all that ended are in it, none stands behind one
 * that began after its end, and the model gives every answer. Linear in the length.
 */
export function verifyOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  part: string,
  order: readonly number[],
): boolean {
  const placed: boolean[] = operations.map(() => false);
  let state = model.init(part);
  let latestInvocation = -1;
  for (const index of order) {
    const operation = operations[index];
    if (operation === undefined || placed[index]) return false;
    placed[index] = true;
    if (operation.output !== undefined && operation.endedAt < latestInvocation) return false;
    if (operation.invokedAt > latestInvocation) latestInvocation = operation.invokedAt;
    const after = model.step(state, operation.input, operation.output);
    if (after === undefined) return false;
    state = after;
  }
  for (let i = 0; i < operations.length; i++) if (!placed[i] && operations[i]!.output !== undefined) return false;
  return true;
}
