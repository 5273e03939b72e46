// The data of Porcupine's visualization (v1.3), so that a history and its explanations open in its viewer. Times are ranks
// of events times 100, because the viewer adds 16 to tell neighbours apart; the original positions go beside as text.

import { bestOrder } from "../check.ts";
import type { History } from "../history.ts";
import { partsOf } from "../history.ts";
import type { Model } from "../model.ts";
import { unpadded } from "./layout.ts";

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

/** Something that happened beside the operations: a row of its own in the viewer, by its tag. */
export interface PorcupineAnnotation {
  readonly ClientId: number;
  readonly Tag: string;
  readonly Start: number;
  readonly End: number;
  readonly Description: string;
  readonly Details: string;
  readonly Annotation: true;
  readonly TextColor: string;
  readonly BackgroundColor: string;
}

/** What Porcupine's viewer takes as `data`. */
export interface PorcupineData {
  readonly Partitions: readonly PorcupinePartition[];
  readonly Annotations: readonly PorcupineAnnotation[];
}

/** A fault or the like, by positions among the events of the history (fractions lie between two of them). */
export interface Beside {
  readonly tag: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly details: string;
}

/** What a history does not say of itself. */
export interface PorcupineExtras {
  /** The time of an event, by its position, as people read it. */
  readonly timeOf?: (position: number) => string;
  readonly beside?: readonly Beside[];
}

/** The visualization of `history`: one partition a part, each with the longest explanation that was found. */
export function porcupineData<S, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
  configurationsMax: number = 20_000,
  extras: PorcupineExtras = {},
): PorcupineData {
  const timeOf = extras.timeOf ?? String;
  const clients = [...new Set(history.operations.map((operation) => operation.process))].sort((a, b) => a - b);
  const clientOf = new Map(clients.map((process, i) => [process, i]));
  const partitions = partsOf(model, history.operations).map(({ name, indexes }): PorcupinePartition => {
    const operations = indexes.map((i) => history.operations[i]!);
    const order = bestOrder(model, operations, name, configurationsMax);
    let state = model.init(name);
    const path = order.map((index) => {
      const operation = operations[index]!;
      state = model.step(state, operation.input, operation.output) ?? state;
      return { Index: index, StateDescription: unpadded(model.describeState(state)) };
    });
    const largest: Record<string, number> = {};
    for (const index of order) largest[String(index)] = 0;
    return {
      History: operations.map((operation) => {
        const end = operation.output === undefined ? history.events : operation.endedAt;
        return {
          ClientId: clientOf.get(operation.process)!,
          Start: operation.invokedAt * 100,
          OriginalStart: timeOf(operation.invokedAt),
          End: end * 100,
          OriginalEnd: operation.output === undefined ? "unknown" : timeOf(operation.endedAt),
          Description: unpadded(model.describe(operation.input, operation.output)),
          Metadata: name === "" ? "" : `part ${name}`,
        };
      }),
      PartialLinearizations: path.length === 0 ? [] : [path],
      Largest: largest,
    };
  });
  const annotations = (extras.beside ?? []).map(
    ({ tag, from, to, text, details }): PorcupineAnnotation => ({
      ClientId: 0,
      Tag: tag,
      Start: Math.round(from * 100),
      End: Math.round(to * 100),
      Description: text,
      Details: details,
      Annotation: true,
      TextColor: "#000000",
      BackgroundColor: "#e8c1f0",
    }),
  );
  return { Partitions: partitions, Annotations: annotations };
}
