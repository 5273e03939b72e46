// Registers: `register`, `cas-register`, and `kv-cas`, which is one cas-register per key with a delete. A state is a value,
// `null` where the register is absent.

import type { Model } from "../model.ts";
import { BLIND, OBSERVES, OVERWRITES } from "../model.ts";
import type { Call, Value } from "../value.ts";
import { callKey, sameValue, showValue, valueKey } from "../value.ts";

/** A model over the calls and values that histories on disk are made of. */
export type CallModel = Model<Value, Call, Value>;

/** The two values of a cas: `[expected, new]`. */
export function casPair(call: Call): readonly Value[] {
  return call.value as readonly Value[];
}

function step(state: Value, call: Call, answer: Value | undefined): Value | undefined {
  switch (call.f) {
    case "read":
    case "get":
      return answer === undefined || sameValue(answer, state) ? state : undefined;
    case "write":
    case "put":
      return call.value;
    case "delete":
      return null;
    default: {
      const pair = casPair(call);
      const hit = sameValue(pair[0]!, state);
      if (answer === undefined) return hit ? pair[1]! : state;
      return hit === (answer === true) ? (hit ? pair[1]! : state) : undefined;
    }
  }
}

function answers(state: Value, call: Call): readonly Value[] {
  switch (call.f) {
    case "read":
    case "get":
      return [state];
    case "write":
    case "put":
    case "delete":
      return [true];
    default:
      return [sameValue(casPair(call)[0]!, state)];
  }
}

function effect(call: Call, answer: Value | undefined): number {
  switch (call.f) {
    case "read":
    case "get":
      return OBSERVES;
    case "write":
    case "put":
    case "delete":
      return BLIND | OVERWRITES;
    default: {
      const pair = casPair(call);
      return answer === false || sameValue(pair[0]!, pair[1]!) ? OBSERVES : 0;
    }
  }
}

function requires(call: Call, answer: Value | undefined): Value | undefined {
  if (call.f === "read" || call.f === "get") return answer;
  if (call.f === "cas" && answer !== false) return casPair(call)[0];
  return undefined;
}

function describe(call: Call, answer: Value | undefined): string {
  const name = call.key === "" ? "" : ` ${call.key}`;
  switch (call.f) {
    case "read":
    case "get":
      return `${call.f}${name} → ${answer === undefined ? "?" : showValue(answer)}`;
    case "delete":
      return `delete${name}${answer === undefined ? " → ?" : ""}`;
    case "cas": {
      const pair = casPair(call);
      const outcome = answer === undefined ? " → ?" : answer === false ? " → failed" : "";
      return `cas${name} ${showValue(pair[0]!)}→${showValue(pair[1]!)}${outcome}`;
    }
    default:
      return `${call.f}${name === "" ? " " : `${name}=`}${showValue(call.value)}${answer === undefined ? " → ?" : ""}`;
  }
}

/**
 * A register that begins as `initial`. `name` is `register`, `cas-register` (no keys) or `kv-cas`, where `initial` holds
 * for every key unless `initialByKey` names another.
 */
export function registerModel(
  name: string,
  initial: Value,
  initialByKey: ReadonlyMap<string, Value> | undefined = undefined,
): CallModel {
  const keyed = name === "kv-cas";
  return {
    name,
    init: (part) => initialByKey?.get(part) ?? initial,
    step,
    answers,
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect,
    monitor: "zones",
    requires,
    ...(keyed ? { partition: (call: Call) => call.key } : {}),
    describe,
    describeState: showValue,
  };
}
