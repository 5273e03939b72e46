// The case against the answers that clients got, where a run was not linearizable: the few operations that contradict each other,
// as bars, and one sentence.

import { judge } from "../checker/linearizability/check.ts";
import { textPicture } from "../checker/linearizability/export/text.ts";
import type { Operation } from "../checker/linearizability/history.ts";
import { Call, type Value } from "../checker/linearizability/value.ts";
import type { HistoryEvent } from "../run/collector.ts";
import { type CaseAgainst, caseAgainst, layoutOfCase } from "./history-forms.ts";
import { readRun } from "./run-export.ts";
import { ASCII_SIGNS, type Layout } from "./signs.ts";
import { columnsOf, type Line, span } from "./span.ts";

/** Labels of bars are cut to the longest of these that fits. */
const LABELS: readonly number[] = [28, 20, 14, 10];

/** A case, and how many clients there were: processes beyond them are clients that lost an operation and went on. */
export interface RunCase {
  readonly against: CaseAgainst;
  readonly clients: number;
}

/** The case against the keys of a run; null where keys by themselves explain all answers, or cannot say what was asked. */
export function caseOfRun(events: readonly HistoryEvent[]): RunCase | null {
  const run = readRun(events, "kv-cas", undefined);
  if (typeof run === "string") return null;
  const { model, history } = run.read;
  const bare = { ...run.read, history: { ...history, operations: history.operations.map(withoutPadding) } };
  const judgement = judge(model, bare.history);
  if (judgement.verdict !== "illegal") return null;
  let clients = 1;
  for (const { client } of events) clients = Math.max(clients, client);
  return { against: caseAgainst(bare, judgement), clients };
}

/** Values are padded to their size; people need what is before that. */
function withoutPadding(operation: Operation): Operation {
  const { f, key, value } = operation.input;
  return { ...operation, input: new Call(f, key, bareValue(value)), output: bareOutput(operation.output) };
}

function bareOutput(value: Value | undefined): Value | undefined {
  return value === undefined ? undefined : bareValue(value);
}

function bareValue(value: Value): Value {
  if (typeof value === "string") return value.replace(/_+$/, "");
  return Array.isArray(value) ? value.map(bareValue) : value;
}

/** The bars, a lane for each client; none where they do not fit. */
export function caseLines({ against, clients }: RunCase, layout: Layout): Line[] {
  const isAscii = layout.signs === ASCII_SIGNS;
  // What may have happened or not is the first to go where there is little room.
  const bare: CaseAgainst = { ...against, evidence: { ...against.evidence, maybe: [] } };
  for (const shown of [against, bare]) {
    for (const labelMax of LABELS) {
      const picture = layoutOfCase(shown, labelMax);
      const lanes = picture.lanes.map((name) =>
        name.replace(/^c(\d+)$/, (_, number: string) => `c${((Number(number) - 1) % clients) + 1}`),
      );
      const lines = textPicture({ ...picture, lanes }, isAscii);
      if (lines.every((line) => columnsOf(line) + 2 <= layout.width)) return lines.map((line) => [span(`  ${line}`)]);
    }
  }
  return [];
}
