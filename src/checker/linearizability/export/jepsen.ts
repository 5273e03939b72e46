// Histories as Jepsen writes them: EDN, one map a line, and the older log lines; and as our own history/1. What was read is
// written so that reading it again gives the same operations.

import type { FailCas } from "../format/event.ts";
import type { History, Operation } from "../history.ts";
import type { Value } from "../value.ts";

interface Line {
  readonly type: "invoke" | "ok" | "fail" | "info";
  readonly operation: Operation;
}

/** The events of `history` in their order; an operation that never ended has no second line. */
function linesOf(history: History): readonly Line[] {
  const lines: { at: number; line: Line }[] = [];
  for (const operation of history.operations) {
    lines.push({ at: operation.invokedAt, line: { type: "invoke", operation } });
    if (operation.output === undefined) {
      if (operation.endedAt < history.events) lines.push({ at: operation.endedAt, line: { type: "info", operation } });
      continue;
    }
    const type = operation.input.f === "cas" && operation.output === false ? "fail" : "ok";
    lines.push({ at: operation.endedAt, line: { type, operation } });
  }
  lines.sort((a, b) => a.at - b.at);
  return lines.map(({ line }) => line);
}

function saidBy({ type, operation }: Line): Value {
  const { f, value } = operation.input;
  // etcd answers everything by a list.
  if (type === "ok" && typeof operation.output === "object") return operation.output;
  const answers = f === "read" || f === "get" || f === "txn" || f === "dequeue" || f === "pop";
  if (type === "ok" && (answers || f === "add" || f === "remove" || f === "contains")) return operation.output!;
  return value;
}

function edn(value: Value): string {
  if (value === null) return "nil";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object") return `[${value.map(edn).join(" ")}]`;
  return String(value);
}

function ednMicro(value: Value): string {
  if (typeof value !== "object" || value === null) return edn(value);
  return `[${value
    .map((micro) =>
      typeof micro === "object" && micro !== null
        ? `[:${String(micro[0])} ${micro.slice(1).map(edn).join(" ")}]`
        : edn(micro),
    )
    .join(" ")}]`;
}

/**
 * The word under which absence is written in EDN, where an `ok` read of nil would say nothing: undefined where no read saw it.
 * Such a history begins with that word as its initial value wherever a key was absent.
 */
export function absenceIn(history: History): string | undefined {
  const reads = history.operations.some(
    ({ input, output }) => (input.f === "read" || input.f === "get") && output === null,
  );
  if (!reads) return undefined;
  const taken = new Set<Value>();
  for (const { input, output } of history.operations) {
    taken.add(output ?? null);
    for (const value of typeof input.value === "object" && input.value !== null ? input.value : [input.value])
      taken.add(value);
  }
  let word = "absent";
  for (let n = 2; taken.has(word); n++) word = `absent-${n}`;
  return word;
}

function withAbsence(line: Line, value: Value, absent: string | undefined): string {
  const { f } = line.operation.input;
  if (absent === undefined) return edn(value);
  if (f === "delete" || (value === null && line.type === "ok")) return `:${absent}`;
  if (f !== "cas" || typeof value !== "object" || value === null) return edn(value);
  return `[${value.map((item) => (item === null ? `:${absent}` : edn(item))).join(" ")}]`;
}

/**
 * `history` as Jepsen's EDN, one map a line, indexes dense from 0. `absent` is the word for absence (`absenceIn`), with which
 * a delete is a put of it.
 */
export function jepsenEdn(history: History, absent: string | undefined = undefined): string {
  const lines = linesOf(history).map((line, index) => {
    const { process, input } = line.operation;
    const key = input.key === "" ? "" : ` :key ${JSON.stringify(input.key)},`;
    const f = absent !== undefined && input.f === "delete" ? "put" : input.f;
    const value = input.f === "txn" ? ednMicro(saidBy(line)) : withAbsence(line, saidBy(line), absent);
    return `{:index ${index}, :type :${line.type}, :process ${process}, :f :${f},${key} :value ${value}}\n`;
  });
  return lines.join("");
}

/** `history` as a Jepsen log, or undefined where its operations are not those of a register of integers. */
export function jepsenLog(history: History): string | undefined {
  let text = "";
  for (const line of linesOf(history)) {
    const { process, input } = line.operation;
    if (input.key !== "" || (input.f !== "read" && input.f !== "write" && input.f !== "cas")) return undefined;
    const value = saidBy(line);
    const flat = typeof value === "object" && value !== null ? value : [value];
    if (!flat.every((item) => item === null || Number.isInteger(item))) return undefined;
    text += `INFO  jepsen.util - ${process}\t:${line.type}\t:${input.f}\t${line.type === "info" ? ":timed-out" : edn(value)}\n`;
  }
  return text;
}

/** `history` as history/1: a header and one JSON object a line. */
export function jsonLines(history: History, model: string, initial: unknown, failCas: FailCas): string {
  let text = `${JSON.stringify({ format: "history/1", model, initial, failCas })}\n`;
  for (const line of linesOf(history)) {
    const { process, input } = line.operation;
    const value = saidBy(line);
    const said = line.type === "ok" || value !== null;
    text += `${JSON.stringify({ process, type: line.type, f: input.f, ...(input.key === "" ? {} : { key: input.key }), ...(said ? { value } : {}) })}\n`;
  }
  return text;
}
