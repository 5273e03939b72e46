// From events to a history: pairs invocations with their ends, process by process, and leaves out what says nothing. Refuses
// what cannot be: an end without a call, two open calls of one process.

import type { History, Operation } from "../history.ts";
import type { CallModel } from "../model/register.ts";
import { OBSERVES } from "../model.ts";
import type { Call, Value } from "../value.ts";
import type { Dialect, HistoryEvent } from "./event.ts";
import { callOf, endingOf, FormatError } from "./event.ts";

/** An operation while its end is not read yet. */
interface Draft {
  process: number;
  input: Call;
  output: Value | undefined;
  invokedAt: number;
  endedAt: number;
  line: number;
  /** Says nothing: failed for certain, or a read without an outcome. */
  idle: boolean;
}

/** A history under construction. Plain data. */
export interface HistoryBuilder {
  readonly dialect: Dialect;
  readonly model: CallModel;
  drafts: Draft[];
  /** Index into `drafts` of the open operation, by process. */
  open: Map<number, number>;
  /** Events read so far. */
  events: number;
  /** Operations invoked; of them without a known outcome, so far. */
  invoked: number;
  unknown: number;
}

/** A builder for histories of `dialect`. */
export function createBuilder(dialect: Dialect, model: CallModel): HistoryBuilder {
  return { dialect, model, drafts: [], open: new Map(), events: 0, invoked: 0, unknown: 0 };
}

/** Takes the next event. Throws `FormatError` where it cannot follow the ones before it. */
export function addEvent(builder: HistoryBuilder, event: HistoryEvent): void {
  const { open, drafts } = builder;
  const index = open.get(event.process);
  const at = builder.events++;
  if (event.type === "invoke") {
    if (index !== undefined) {
      const other = drafts[index]!;
      throw new FormatError(
        event.line,
        `process ${event.process} invokes ${event.f}, but its ${other.input.f} of line ${other.line} is still open`,
      );
    }
    open.set(event.process, drafts.length);
    const input = callOf(builder.dialect, event);
    drafts.push({
      process: event.process,
      input,
      output: undefined,
      invokedAt: at,
      endedAt: -1,
      line: event.line,
      idle: false,
    });
    builder.invoked++;
    return;
  }
  if (index === undefined) {
    throw new FormatError(event.line, `process ${event.process} ends “${event.f}” without having invoked anything`);
  }
  open.delete(event.process);
  const draft = drafts[index]!;
  const ending = endingOf(builder.dialect, draft.input, event);
  draft.endedAt = at;
  draft.line = event.line;
  if (ending.kind === "answered") draft.output = ending.output;
  else if (ending.kind === "failed") draft.idle = true;
  if (event.type === "info" || (draft.idle && builder.model.effect(draft.input, undefined) & OBSERVES))
    builder.unknown++;
}

/** The history that was read; open operations count as unknown. The builder is spent: its operations are handed over. */
export function builtHistory(builder: HistoryBuilder): History {
  const { model, events } = builder;
  const operations: Operation[] = [];
  for (const draft of builder.drafts) {
    if (draft.idle || (draft.output === undefined && model.effect(draft.input, undefined) & OBSERVES)) continue;
    if (draft.endedAt < 0) draft.endedAt = events;
    operations.push(draft);
  }
  builder.drafts = [];
  return { operations, events };
}
