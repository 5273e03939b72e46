// `multi-register` and `list-append`: atomic transactions over several keys that are not independent. A call is `txn` with
// a list of micro-operations, its answer the same list with the reads filled in. A state is a list of [key, value] in the
// order of the keys, only of keys that differ from nothing.

import { BLIND, OBSERVES } from "../model.ts";
import type { Call, Key, Value } from "../value.ts";
import { callKey, sameValue, showValue, valueKey } from "../value.ts";
import type { CallModel } from "./register.ts";

/** One read, write or append of a transaction: what, of which key, and the value. */
export type Micro = readonly Value[];

/** The key of a micro-operation as text. */
export function keyOf(micro: Micro): string {
  const key = micro[1]!;
  return typeof key === "string" ? key : JSON.stringify(key);
}

function lookUp(state: Value, key: string): Value | undefined {
  for (const pair of state as readonly Micro[]) if (pair[0] === key) return pair[1]!;
  return undefined;
}

function withKey(state: Value, key: string, value: Value): Value {
  const pairs = state as readonly Micro[];
  const after: Value[] = [];
  let placed = false;
  for (const pair of pairs) {
    if (!placed && (pair[0] as string) >= key) {
      after.push([key, value]);
      placed = true;
    }
    if (pair[0] !== key) after.push(pair);
  }
  if (!placed) after.push([key, value]);
  return after;
}

export function isRead(micro: Micro): boolean {
  return micro[0] === "read" || micro[0] === "r";
}

function effect(call: Call): number {
  let reads = false;
  let writes = false;
  for (const micro of call.value as readonly Micro[]) {
    if (isRead(micro)) reads = true;
    else writes = true;
  }
  return writes ? (reads ? 0 : BLIND) : OBSERVES;
}

/** Lists longer than this are told by their two ends. */
const TOLD_MAX = 8;

function tellValue(value: Value): string {
  if (typeof value !== "object" || value === null || value.length <= TOLD_MAX) return showValue(value);
  const [first, ...rest] = value;
  return `[${showValue(first!)} … ${rest
    .slice(3 - TOLD_MAX)
    .map(showValue)
    .join(" ")}]`;
}

function describeTxn(call: Call, answer: Value | undefined): string {
  const micros = (answer ?? call.value) as readonly Micro[];
  const words = micros.map((micro) => {
    const key = keyOf(micro);
    if (!isRead(micro)) return `${key}${micro[0] === "append" ? "+=" : "="}${showValue(micro[2]!)}`;
    return `${key}→${answer === undefined ? "?" : tellValue(micro[2] ?? null)}`;
  });
  return `txn {${words.join(", ")}}${answer === undefined ? " → ?" : ""}`;
}

function transactionModel(
  name: string,
  initial: readonly Value[],
  readBack: (current: Value | undefined, said: Value) => boolean,
  applied: (current: Value | undefined, argument: Value) => Value,
  answered: (current: Value | undefined) => Value,
  outputKey: (answer: Value) => Key,
  more: Pick<CallModel, "fits" | "monitor">,
): CallModel {
  return {
    name,
    init: () => initial,
    step(state, call, answer) {
      const micros = (answer ?? call.value) as readonly Micro[];
      let after = state;
      for (const micro of micros) {
        const key = keyOf(micro);
        if (!isRead(micro)) after = withKey(after, key, applied(lookUp(after, key), micro[2]!));
        else if (answer !== undefined && !readBack(lookUp(after, key), micro[2] ?? null)) return undefined;
      }
      return after;
    },
    answers(state, call) {
      let after = state;
      const filled: Value[] = [];
      for (const micro of call.value as readonly Micro[]) {
        const key = keyOf(micro);
        if (isRead(micro)) {
          filled.push([micro[0]!, micro[1]!, answered(lookUp(after, key))]);
        } else {
          after = withKey(after, key, applied(lookUp(after, key), micro[2]!));
          filled.push(micro);
        }
      }
      return [filled];
    },
    stateKey: valueKey,
    inputKey: callKey,
    outputKey,
    ...more,
    effect,
    describe: describeTxn,
    describeState: (state) =>
      (state as readonly Micro[]).map((pair) => `${String(pair[0])}=${tellValue(pair[1]!)}`).join(" "),
  };
}

/** Whether `recorded` says what `answer` says, but for reads of nil, which say nothing. */
function saysAsMuch(answer: Value, recorded: Value): boolean {
  const given = answer as readonly Micro[];
  const said = recorded as readonly Micro[];
  if (given.length !== said.length) return false;
  return given.every((micro, i) => {
    const other = said[i]!;
    if (micro[0] !== other[0] || keyOf(micro) !== keyOf(other)) return false;
    return (isRead(other) && (other[2] ?? null) === null) || sameValue(micro[2] ?? null, other[2] ?? null);
  });
}

/** The key of an answer in which a list that is not there reads as nil or as `[]`. */
function listsKey(answer: Value): Key {
  const micros = answer as readonly Micro[];
  const isNil = (micro: Micro): boolean => isRead(micro) && (micro[2] ?? null) === null;
  return valueKey(
    micros.some(isNil) ? micros.map((micro) => (isNil(micro) ? [micro[0]!, micro[1]!, []] : micro)) : answer,
  );
}

/** Several registers under one transaction. `initial` maps keys to first values. A read of nil says nothing. */
export function multiRegisterModel(initial: ReadonlyMap<string, Value>): CallModel {
  const pairs = [...initial].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([key, value]): Value => [key, value]);
  return transactionModel(
    "multi-register",
    pairs,
    (current, said) => said === null || sameValue(current ?? null, said),
    (_current, argument) => argument,
    (current) => current ?? null,
    valueKey,
    { fits: saysAsMuch },
  );
}

/** Lists under one transaction: strict serializability of appends and reads. An absent list reads as `[]` or nil. */
export function listAppendModel(): CallModel {
  return transactionModel(
    "list-append",
    [],
    (current, said) => sameValue(current ?? [], said ?? []),
    (current, argument) => [...((current ?? []) as readonly Value[]), argument],
    (current) => current ?? [],
    listsKey,
    { monitor: "list-versions" },
  );
}
