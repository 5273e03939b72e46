// The data of Porcupine's visualization (v1.3), so that a history and its explanations open in its viewer. Times are ranks
// of events times 100, because the viewer adds 16 to tell neighbours apart; the original positions go beside as text.

import { searchDepthFirst } from "../depth-first.ts";
import type { History } from "../history.ts";
import { partsOf } from "../history.ts";
import type { Model } from "../model.ts";

interface PorcupineOperation {
  readonly ClientId: number;
  readonly Start: number;
  readonly OriginalStart: string;
  readonly End: number;
  readonly OriginalEnd: string;
  readonly Description: string;
  readonly Metadata: string;
}

interface PorcupinePartition {
  readonly History: readonly PorcupineOperation[];
  readonly PartialLinearizations: readonly (readonly { readonly Index: number; readonly StateDescription: string }[])[];
  readonly Largest: Readonly<Record<string, number>>;
}

/** What Porcupine's viewer takes as `data`. */
export interface PorcupineData {
  readonly Partitions: readonly PorcupinePartition[];
  readonly Annotations: readonly unknown[];
}

/** The visualization of `history`: one partition a part, each with the longest explanation that was found. */
export function porcupineData<S, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
  configurationsMax: number = 100_000,
): PorcupineData {
  const clients = [...new Set(history.operations.map((operation) => operation.process))].sort((a, b) => a - b);
  const clientOf = new Map(clients.map((process, i) => [process, i]));
  const partitions = partsOf(model, history.operations).map(({ name, indexes }): PorcupinePartition => {
    const operations = indexes.map((i) => history.operations[i]!);
    const { order } = searchDepthFirst(model, operations, name, configurationsMax);
    let state = model.init(name);
    const path = order.map((index) => {
      const operation = operations[index]!;
      state = model.step(state, operation.input, operation.output) ?? state;
      return { Index: index, StateDescription: model.describeState(state) };
    });
    const largest: Record<string, number> = {};
    for (const index of order) largest[String(index)] = 0;
    return {
      History: operations.map((operation) => {
        const end = operation.output === undefined ? history.events : operation.endedAt;
        return {
          ClientId: clientOf.get(operation.process)!,
          Start: operation.invokedAt * 100,
          OriginalStart: String(operation.invokedAt),
          End: end * 100,
          OriginalEnd: operation.output === undefined ? "unknown" : String(operation.endedAt),
          Description: model.describe(operation.input, operation.output),
          Metadata: name === "" ? "" : `part ${name}`,
        };
      }),
      PartialLinearizations: path.length === 0 ? [] : [path],
      Largest: largest,
    };
  });
  return { Partitions: partitions, Annotations: [] };
}
