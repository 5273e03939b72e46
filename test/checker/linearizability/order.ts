// Verifies an order the slow and obvious way: each operation once, precedence kept, every answer the model's own.

import type { Operation } from "../../../src/checker/linearizability/history.ts";
import type { Model } from "../../../src/checker/linearizability/model.ts";

/** What is wrong with `order` as an explanation of `operations`; empty if nothing. `whole`: all with an answer must be in it. */
export function orderHolds<S, I, O>(
  model: Model<S, I, O>,
  operations: readonly Operation<I, O>[],
  part: string,
  order: readonly number[],
  whole: boolean,
): string {
  if (new Set(order).size !== order.length) return "an operation stands twice in the order";
  let state = model.init(part);
  for (let i = 0; i < order.length; i++) {
    const operation = operations[order[i]!]!;
    for (let j = i + 1; j < order.length; j++) {
      const later = operations[order[j]!]!;
      if (later.output !== undefined && later.endedAt < operation.invokedAt) {
        return `${order[j]} ended before ${order[i]} began, but stands after it`;
      }
    }
    const after = model.step(state, operation.input, operation.output);
    if (after === undefined) return `${model.describe(operation.input, operation.output)} cannot stand at ${i}`;
    state = after;
  }
  if (whole) {
    for (let i = 0; i < operations.length; i++) {
      if (operations[i]!.output !== undefined && !order.includes(i)) return `operation ${i} is missing`;
    }
  }
  return "";
}
