// One event of a recorded history, and how a model's dialect reads it: which call an invocation is, what an ending says. All
// formats come down to these. Unknown here: text.

import type { Value } from "../value.ts";
import { Call, sameValue, showValue } from "../value.ts";

/** What happened to an operation. `info`: nobody knows what became of it. */
export type EventType = "invoke" | "ok" | "fail" | "info";

/** One line of a history. */
export interface HistoryEvent {
  readonly process: number;
  readonly type: EventType;
  readonly f: string;
  readonly key: string;
  readonly value: Value;
  /** Line in the file, from 1. */
  readonly line: number;
}

/** A mistake in a file: what is wrong, and where. `line` 0 where no line is to blame. */
export class FormatError extends Error {
  override readonly name: string = "FormatError";
  readonly line: number;

  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

/** What a failed cas says: that it saw another value, or nothing. */
export type FailCas = "observed" | "discarded";

/** How the events of one history are to be read. */
export interface Dialect {
  readonly model: string;
  readonly failCas: FailCas;
  /** An `ok` read of nil matches any state (EDN histories of Knossos) instead of the absent one. */
  readonly nilSaysNothing: boolean;
}

const VERBS: Readonly<Record<string, readonly string[]>> = {
  register: ["read", "write"],
  "cas-register": ["read", "write", "cas"],
  kv: ["get", "put", "append"],
  "kv-cas": ["get", "put", "delete", "cas"],
  set: ["add", "remove", "contains"],
  queue: ["enqueue", "dequeue"],
  stack: ["push", "pop"],
  mutex: ["acquire", "release"],
  "multi-register": ["txn"],
  "list-append": ["txn"],
  etcd: ["get", "put", "delete", "cas", "range", "txn"],
};

/** `value` in an error message, which has to stay short. */
function brief(value: Value): string {
  const text = showValue(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Whether `value` is a whole number from `least` on, as revisions are. */
function isCount(value: Value | undefined, least: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

/** Whether `value` is what etcd answers to `f`; the shapes stand in `model/etcd.ts`. */
function isEtcdAnswer(f: string, value: Value): boolean {
  if (typeof value !== "object" || value === null || !isCount(value[0], 1)) return false;
  const [, second, third] = value;
  switch (f) {
    case "get":
      return value.length === 3 && (second === null ? third === 0 : typeof second === "string" && isCount(third, 1));
    case "range":
      return value.length === 2 && Array.isArray(second) && second.every(isPresent);
    case "delete":
      return value.length === 2 && (second === 0 || second === 1);
    case "cas":
      return value.length === 2 && typeof second === "boolean";
    default:
      return value.length === 1;
  }
}

function isPresent(item: Value): boolean {
  if (typeof item !== "object" || item === null || item.length !== 3) return false;
  return typeof item[0] === "string" && typeof item[1] === "string" && isCount(item[2], 1);
}

/** What etcd answers to each call, for people. */
const ETCD_ANSWERS: Readonly<Record<string, string>> = {
  get: "[revision, value, mod revision], or [revision, null, 0]",
  range: "[revision, [[key, value, mod revision], …]]",
  delete: "[revision, deleted]",
  cas: "[revision, true or false]",
  put: "[revision]",
  txn: "[revision]",
};

function checkEtcdCall(event: HistoryEvent): void {
  const { f, value, line } = event;
  const list = typeof value === "object" && value !== null ? value : [];
  const fine =
    f === "range"
      ? list.length === 2 && list.every((end) => typeof end === "string")
      : f === "txn"
        ? list.length > 0 && list.every((put) => isPut(put))
        : f === "cas"
          ? list.length === 2 && (list[0] === null || typeof list[0] === "string") && typeof list[1] === "string"
          : f !== "put" || typeof value === "string";
  if (!fine) throw new FormatError(line, `etcd has no ${f} of ${brief(value)}`);
}

function isPut(put: Value): boolean {
  return typeof put === "object" && put !== null && put.length === 3 && put[0] === "put" && typeof put[2] === "string";
}

function checkTxn(dialect: Dialect, event: HistoryEvent, value: Value): void {
  const words = dialect.model === "list-append" ? ["append", "r"] : ["read", "write"];
  if (typeof value !== "object" || value === null) {
    throw new FormatError(event.line, `a txn is a list of micro-operations, not ${brief(value)}`);
  }
  for (const micro of value) {
    const fits = typeof micro === "object" && micro !== null && micro.length >= 2 && words.includes(String(micro[0]));
    if (!fits) {
      throw new FormatError(
        event.line,
        `${brief(micro)} is no micro-operation of ${dialect.model} (${words.map((word) => `[${word} key …]`).join(", ")})`,
      );
    }
    if ((micro[0] === "append" || micro[0] === "write") && micro.length < 3) {
      throw new FormatError(event.line, `${brief(micro)} has nothing to ${String(micro[0])}`);
    }
  }
}

/** The call an `invoke` event makes. Throws `FormatError` where the model does not know it. */
export function callOf(dialect: Dialect, event: HistoryEvent): Call {
  const verbs = VERBS[dialect.model] ?? [];
  // One string for all operations of a verb, whatever text they were cut from.
  const verb = verbs[verbs.indexOf(event.f)];
  if (verb === undefined) {
    const f = event.f === "" ? "an operation without a name" : `“${event.f}”`;
    throw new FormatError(event.line, `the model ${dialect.model} does not know ${f} (it knows ${verbs.join(", ")})`);
  }
  const etcd = dialect.model === "etcd";
  const keyed = dialect.model === "kv" || dialect.model === "kv-cas" || (etcd && verb !== "range" && verb !== "txn");
  if (etcd) checkEtcdCall(event);
  if (!keyed && event.key !== "") throw new FormatError(event.line, `the model ${dialect.model} has no keys`);
  if (keyed && event.key === "")
    throw new FormatError(event.line, `${verb} without a key: the model ${dialect.model} has one object a key`);
  const value = event.value;
  switch (event.f) {
    case "cas":
      if (typeof value !== "object" || value === null || value.length !== 2) {
        throw new FormatError(event.line, `a cas takes [expected new], not ${brief(value)}`);
      }
      if (value[1] === null) throw new FormatError(event.line, "a cas without a new value");
      return new Call("cas", event.key, value);
    case "range":
      return new Call("range", "", value);
    case "txn":
      if (!etcd) checkTxn(dialect, event, value);
      return new Call("txn", "", value);
    case "append":
      if (typeof value !== "string") throw new FormatError(event.line, `append takes a string, not ${brief(value)}`);
      return new Call(verb, event.key, value);
    case "put":
      if (dialect.model === "kv" && typeof value !== "string") {
        throw new FormatError(event.line, `put takes a string, not ${brief(value)}`);
      }
      if (value === null) throw new FormatError(event.line, "put without a value");
      return new Call(verb, event.key, value);
    case "write":
    case "add":
    case "remove":
    case "contains":
    case "enqueue":
    case "push":
      if (value === null) throw new FormatError(event.line, `${event.f} without a value`);
      return new Call(verb, event.key, value);
    default:
      return new Call(verb, event.key, null);
  }
}

/** What an ending says of its call. */
export type Ending = { readonly kind: "answered"; readonly output: Value } | { readonly kind: "unknown" | "failed" };

const UNKNOWN: Ending = { kind: "unknown" };
const FAILED: Ending = { kind: "failed" };
const DONE: Ending = { kind: "answered", output: true };
const REFUSED: Ending = { kind: "answered", output: false };

type Micro = readonly Value[];

/** What changes something repeats its argument when it ends, or says nothing, or `true`. */
function checkEcho(call: Call, event: HistoryEvent): void {
  const { value } = event;
  if (value === null || value === true || sameValue(value, call.value)) return;
  throw new FormatError(
    event.line,
    `process ${event.process} ends ${call.f} ${brief(value)}, but it called ${call.f} ${brief(call.value)}`,
  );
}

/** A micro-operation of an answer is that of the call, with what was read filled in. */
function checkMicro(dialect: Dialect, asked: Micro, said: Micro, line: number): void {
  const reads = asked[0] === "read" || asked[0] === "r";
  const same = asked[0] === said[0] && sameValue(asked[1]!, said[1]!) && (reads || sameValue(asked[2]!, said[2]!));
  if (!same) throw new FormatError(line, `${brief(said)} answers ${brief(asked)}, which is another micro-operation`);
  const list = said[2] ?? null;
  if (reads && dialect.model === "list-append" && list !== null && typeof list !== "object") {
    throw new FormatError(line, `${brief(said)} reads ${brief(list)}, which is no list`);
  }
}

/** What an `ok`, `fail` or `info` event says of `call`. Throws `FormatError` where the model knows no such answer. */
export function endingOf(dialect: Dialect, call: Call, event: HistoryEvent): Ending {
  if (event.f !== "" && event.f !== call.f) {
    throw new FormatError(
      event.line,
      `process ${event.process} ends “${event.f}”, but its open operation is “${call.f}”`,
    );
  }
  if (event.key !== "" && event.key !== call.key) {
    throw new FormatError(
      event.line,
      `process ${event.process} ends an operation on “${event.key}”, but called on “${call.key}”`,
    );
  }
  if (event.type === "info") return UNKNOWN;
  const value = event.value;
  if (dialect.model === "etcd") {
    if (event.type === "fail") return FAILED;
    if (isEtcdAnswer(call.f, value)) return { kind: "answered", output: value };
    throw new FormatError(event.line, `etcd answers ${call.f} by ${ETCD_ANSWERS[call.f]}, not by ${brief(value)}`);
  }
  if (event.type === "fail") {
    if (call.f !== "cas" || dialect.failCas !== "observed") return FAILED;
    if (typeof value === "object" && value !== null) checkEcho(call, event);
    return REFUSED;
  }
  switch (call.f) {
    case "read":
    case "get":
      if (value === null && dialect.nilSaysNothing) return UNKNOWN;
      if (dialect.model === "kv" && typeof value !== "string") {
        throw new FormatError(event.line, `get answers a string, not ${brief(value)}`);
      }
      return { kind: "answered", output: value };
    case "cas":
      if (value === false) return REFUSED;
      checkEcho(call, event);
      return DONE;
    case "add":
    case "remove":
    case "contains":
      if (typeof value !== "boolean") {
        throw new FormatError(event.line, `${call.f} answers true or false, not ${brief(value)}`);
      }
      return value ? DONE : REFUSED;
    case "dequeue":
    case "pop":
      return { kind: "answered", output: value };
    case "txn": {
      checkTxn(dialect, event, value);
      const asked = call.value as readonly Value[];
      const said = value as readonly Value[];
      if (asked.length !== said.length)
        throw new FormatError(event.line, "the answer of a txn has another length than its call");
      for (let i = 0; i < asked.length; i++) checkMicro(dialect, asked[i] as Micro, said[i] as Micro, event.line);
      return { kind: "answered", output: value };
    }
    default:
      checkEcho(call, event);
      return DONE;
  }
}
