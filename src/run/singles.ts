// Single requests of the timetable that were told what must come of them.

import { valueRead } from "../client/operation.ts";
import type { Answer } from "../etcd/call.ts";
import { answersWith, encodeAnswer, encodeWatchResponse, type Json, plainAnswer } from "../etcd/gateway.ts";
import { WatchResponse } from "../etcd/watch-api.ts";
import type { ClientOpAction } from "../fault/action.ts";
import type { ExpectationResult } from "../scenario/judge.ts";
import type { Fault } from "../scenario/scenario.ts";
import type { World } from "../world/world.ts";
import type { SingleOutcome } from "./collector.ts";

/** What came of each that expects something, numbered from `offset` + 1 on. */
export function judgeSingles(
  faults: readonly Fault[],
  timetable: World["timetable"],
  outcomes: readonly SingleOutcome[],
  offset: number,
): ExpectationResult[] {
  const results: ExpectationResult[] = [];
  for (const [position, fault] of faults.entries()) {
    const action = fault.action;
    if (action.kind !== "clientOp" || action.expect === null) continue;
    const state = timetable[position] as World["timetable"][number];
    const single = outcomes.find((one) => one.client === action.client && one.operation === state.operation);
    const seen =
      state.status === "waiting"
        ? "it was never made"
        : single === undefined
          ? "it had no outcome when the run ended"
          : outcomeText(action, single.outcome, single.response);
    results.push({
      name: `expectation/${offset + results.length + 1}`,
      held: single !== undefined && fits(action, single.outcome, single.response),
      expected: `${`${action.op} ${action.key}`.trim()} of "${fault.id}" to end with ${expectText(action)}`,
      seen,
      atMicros: state.firedAtMicros,
    });
  }
  return results;
}

function fits(
  action: ClientOpAction,
  outcome: string,
  response: { readonly body: unknown; readonly error: { readonly message: string } | null } | null,
): boolean {
  const expected = action.expect;
  if (expected === null) return true;
  switch (expected.kind) {
    case "ok":
      if (outcome !== "ok" || response === null) return false;
      if (expected.value === null && !expected.absent) return true;
      return valueRead(response.body) === (expected.absent ? null : expected.value);
    case "answer":
      return (
        outcome === "ok" && response !== null && answersWith(shownAnswer(response.body), JSON.parse(expected.answer))
      );
    case "timeout":
      return response === null;
    case "error":
      return (
        response !== null &&
        response.error !== null &&
        (expected.error === null || response.error.message.includes(expected.error))
      );
  }
}

function expectText(action: ClientOpAction): string {
  const expected = action.expect;
  if (expected === null) return "anything";
  if (expected.kind === "ok") return expected.absent ? "absent" : expected.value === null ? "ok" : expected.value;
  if (expected.kind === "answer") return expected.answer;
  return expected.kind === "timeout" ? "a timeout" : (expected.error ?? "an error");
}

/** An answer of etcd's API as people write it. */
function shownAnswer(body: unknown): Json {
  const json = body instanceof WatchResponse ? encodeWatchResponse(body, null) : encodeAnswer(body as Answer, null);
  return plainAnswer(json);
}

function outcomeText(
  { op, body }: ClientOpAction,
  outcome: string,
  response: { readonly body: unknown; readonly error: { readonly message: string } | null } | null,
): string {
  if (response === null) return "it timed out";
  if (response.error !== null) return `it failed: ${response.error.message}`;
  if (body !== null) return `it was answered ${JSON.stringify(shownAnswer(response.body))}`;
  const value = valueRead(response.body);
  if (value === null && op === "get" && outcome === "ok") return "it found nothing";
  return value === null ? `it ended ${outcome}` : `it ended ${outcome} with ${value}`;
}
