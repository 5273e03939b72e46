// The naive twin of all checkers: every order of every choice of operations, tried in turn (Wing and Gong, 1993), with
// nothing clever in it. For histories of up to about eight operations.

import type { Operation } from "../../../src/checker/linearizability/history.ts";
import type { Model } from "../../../src/checker/linearizability/model.ts";

/** Whether some order explains `operations`. */
export function explainable<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  part: string = "",
): boolean {
  const placed = operations.map(() => false);
  const search = (state: S): boolean => {
    if (operations.every((operation, i) => placed[i] || operation.output === undefined)) return true;
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i]!;
      if (placed[i]) continue;
      const tooEarly = operations.some(
        (other, j) => !placed[j] && other.output !== undefined && other.endedAt < operation.invokedAt,
      );
      if (tooEarly) continue;
      const after = model.step(state, operation.input, operation.output);
      if (after === undefined) continue;
      placed[i] = true;
      const found = search(after);
      placed[i] = false;
      if (found) return true;
    }
    return false;
  };
  return search(model.init(part));
}

/** The same, part by part. */
export function explainableByParts<S, I, O>(model: Model<S, I, O>, operations: readonly Operation<I, O>[]): boolean {
  if (model.partition === undefined) return explainable(model, operations);
  const parts = new Map<string, Operation<I, O>[]>();
  for (const operation of operations) {
    const name = model.partition(operation.input);
    const list = parts.get(name) ?? [];
    list.push(operation);
    parts.set(name, list);
  }
  return [...parts].every(([name, list]) => explainable(model, list, name));
}
