// `kv`: strings under keys, with get, put and append (Porcupine's key-value model). An absent key reads as the empty
// string; keys are independent.
//
// Overlapping appends have c! orders. `foresee` tames them: a string that is no prefix of anything a get of this history
// ever answered can only be overwritten, so all such strings are one state, `LOST` (a bisimulation quotient: exact).

import { BLIND, OBSERVES, OVERWRITES } from "../model.ts";
import type { Call, Value } from "../value.ts";
import { callKey, showValue, valueKey } from "../value.ts";
import type { CallModel } from "./register.ts";

/** The state of a string that no answer matches any more. Not a string, so no get can ever answer it. */
const LOST = false;

function extended(state: Value, piece: Value): Value {
  return state === LOST ? LOST : String(state) + String(piece);
}

function describe(call: Call, answer: Value | undefined): string {
  if (call.f === "get") return `get ${call.key} → ${answer === undefined ? "?" : showValue(answer)}`;
  return `${call.f} ${call.key}${call.f === "append" ? "+=" : "="}${showValue(call.value)}${answer === undefined ? " → ?" : ""}`;
}

/** Whether any of the sorted `texts` begins with `start`; by binary search. */
function somePrefixed(texts: readonly string[], start: string): boolean {
  let low = 0;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (texts[middle]! < start) low = middle + 1;
    else high = middle;
  }
  return low < texts.length && texts[low]!.startsWith(start);
}

function stringsWith(
  initial: Value,
  initialByKey: ReadonlyMap<string, Value> | undefined,
  seen: readonly string[] | undefined,
): CallModel {
  const known = (state: Value): Value =>
    seen === undefined || state === LOST || somePrefixed(seen, state as string) ? state : LOST;
  return {
    name: "kv",
    init: (part) => known(initialByKey?.get(part) ?? initial ?? ""),
    step(state, call, answer) {
      switch (call.f) {
        case "get":
          return answer === undefined || answer === state ? state : undefined;
        case "put":
          return known(call.value);
        default:
          return known(extended(state, call.value));
      }
    },
    answers: (state, call) => [call.f === "get" ? state : true],
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect: (call) => (call.f === "get" ? OBSERVES : call.f === "put" ? BLIND | OVERWRITES : BLIND),
    requires: (call, answer) => (call.f === "get" ? answer : undefined),
    partition: (call) => call.key,
    foresee(operations, begun) {
      const texts = new Set<string>();
      for (const { input, output } of operations) {
        if (input.f === "get" && typeof output === "string") texts.add(output);
      }
      return stringsWith(begun, undefined, [...texts].sort());
    },
    describe,
    describeState: (state) => (state === LOST ? "(a string that nobody read)" : showValue(state)),
  };
}

/** Strings under keys; `initial` is the string of every key not in `initialByKey` (null: empty). */
export function stringsModel(initial: Value, initialByKey?: ReadonlyMap<string, Value>): CallModel {
  return stringsWith(initial, initialByKey, undefined);
}
