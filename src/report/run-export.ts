// What the clients of a run saw, written in the forms of histories: for Porcupine's viewer, for Jepsen's tools, for `lockstep
// check`, and as pictures. Pure: a run's events in, text out.

import { judge } from "../checker/linearizability/check.ts";
import type { Beside } from "../checker/linearizability/export/porcupine.ts";
import { eventsHistory, type ReadHistory } from "../checker/linearizability/format/read.ts";
import type { History, Operation } from "../checker/linearizability/history.ts";
import { Call, type Value } from "../checker/linearizability/value.ts";
import { formatMicros } from "../kernel/time.ts";
import type { HistoryEvent as RunEvent } from "../run/collector.ts";
import type { RunResult } from "../run/result.ts";
import { caseAgainst, type FormExtras, historyText } from "./history-forms.ts";
import { fitsKvCas, historyOfRun, type RunHistory, type RunModel } from "./run-history.ts";

/** What to write of a run. */
export interface RunExport {
  /** As `historyText` takes it. */
  readonly form: string;
  /** Undefined: keys apart where the run can be told so, else etcd's revisions. */
  readonly model: RunModel | undefined;
  /** Only this key; undefined: all. */
  readonly key: string | undefined;
}

/** A text, or why there is none and what would help. */
export type Exported = { readonly text: string } | { readonly problem: string; readonly hint: string | null };

const NOTHING_TO_WRITE = "the run has no operations of clients that could be written";

/** The history of a run, ready to be judged; or a text that says what the model cannot hold. */
export function readRun(events: readonly RunEvent[], model: RunModel, key: string | undefined): ReadRun | string {
  const history = historyOfRun(events, model);
  if (typeof history === "string") return history;
  const kept: RunHistory = key === undefined ? history : ofKey(history, key);
  if (kept.events.length === 0) return NOTHING_TO_WRITE;
  return { read: eventsHistory(kept.model, kept.events), atMicros: kept.atMicros, clientOf: kept.clientOf };
}

/** A run's history with the virtual time of each of its events. */
export interface ReadRun {
  readonly read: ReadHistory;
  readonly atMicros: readonly number[];
  readonly clientOf: ReadonlyMap<number, number>;
}

function ofKey(history: RunHistory, key: string): RunHistory {
  const at = history.events.map((_, i) => i).filter((i) => history.events[i]!.key === key);
  return {
    ...history,
    events: at.map((i) => history.events[i]!),
    atMicros: at.map((i) => history.atMicros[i]!),
  };
}

/** Keys that operations of the run name, sorted. */
function keysOf(events: readonly RunEvent[]): readonly string[] {
  const keys = new Set<string>();
  for (const { body } of events) {
    const { key } = (body ?? {}) as { readonly key?: unknown };
    if (typeof key === "string") keys.add(key);
  }
  return [...keys].sort();
}

/** Writes the history `events` of a run that ended with `result`. */
export function runHistoryText(events: readonly RunEvent[], result: RunResult, wanted: RunExport): Exported {
  const { form } = wanted;
  const keys = keysOf(events);
  if (wanted.key !== undefined && !keys.includes(wanted.key)) {
    return { problem: `no operation of the run names the key "${wanted.key}"`, hint: `it names ${keys.join(", ")}` };
  }
  if (!events.some((event) => event.type === "invoke")) return { problem: NOTHING_TO_WRITE, hint: null };
  const log = form === "jepsen-log";
  const key = wanted.key ?? (log && keys.length === 1 ? keys[0] : undefined);
  if (log && key === undefined) {
    return { problem: "a Jepsen log holds one register", hint: `--key names one of ${keys.join(", ")}` };
  }
  const model = wanted.model ?? (log || key !== undefined || fitsKvCas(events) ? "kv-cas" : "etcd");
  const run = readRun(events, model, key);
  if (typeof run === "string") {
    const said = model === "kv-cas" && run !== NOTHING_TO_WRITE;
    return { problem: run, hint: said ? "--model etcd has words for what etcd alone knows" : null };
  }
  if (log) {
    const history = asRegister(run.read.history);
    if (typeof history === "string") return { problem: history, hint: "--to edn holds it" };
    return { text: historyText({ ...run.read, history }, form, () => undefined) as string };
  }
  const accuse = () => {
    const judgement = judge(run.read.model, run.read.history);
    return judgement.verdict === "illegal" ? caseAgainst(run.read, judgement) : undefined;
  };
  return { text: historyText(run.read, form, accuse, extrasOf(run, result)) as string };
}

/** The history of one key as that of a register of integers: values are numbered as they occur. */
function asRegister(history: History): History | string {
  const numbers = new Map<Value, number>();
  const number = (value: Value): Value => {
    if (value === null) return null;
    let n = numbers.get(value);
    if (n === undefined) {
      n = numbers.size + 1;
      numbers.set(value, n);
    }
    return n;
  };
  const operations: Operation[] = [];
  for (const operation of history.operations) {
    const { f, value } = operation.input;
    const reads = f === "get";
    if (!reads && f !== "put" && f !== "cas") return `a Jepsen log has no word for “${f}”`;
    const said = typeof value === "object" && value !== null ? value.map(number) : number(value);
    const input = new Call(reads ? "read" : f === "put" ? "write" : "cas", "", said);
    const { output } = operation;
    operations.push({ ...operation, input, output: reads && output !== undefined ? number(output) : output });
  }
  return { ...history, operations };
}

/** Times in virtual seconds, and faults as annotations beside the operations. */
function extrasOf({ atMicros, clientOf }: ReadRun, result: RunResult): FormExtras {
  const position = (micros: number): number => {
    let low = 0;
    let high = atMicros.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (atMicros[middle]! < micros) low = middle + 1;
      else high = middle;
    }
    return low - 0.5;
  };
  const beside = result.faults
    .filter((fault) => fault.status === "active" || fault.status === "done")
    .map((fault): Beside => {
      const at = position(fault.firedAtMicros);
      const on = fault.targets.length === 0 ? "" : ` ${fault.targets.map((id) => `n${id}`).join(" ")}`;
      const details = `${fault.id} at ${formatMicros(fault.firedAtMicros)}${fault.note === "" ? "" : `: ${fault.note}`}`;
      return { tag: "faults", from: at, to: at, text: `${fault.kind}${on}`, details };
    });
  return {
    timeOf: (at) => formatMicros(atMicros[at] ?? 0),
    beside,
    laneOf: (process) => `c${clientOf.get(process) ?? process}`,
  };
}
