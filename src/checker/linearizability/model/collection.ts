// `set`, `queue`, `stack` and `mutex`. A set falls apart into its elements, each of which is in or out; a queue and a stack
// are lists, oldest first; a mutex is held or free, whoever holds it.

import { BLIND, OBSERVES } from "../model.ts";
import type { Call, Value } from "../value.ts";
import { callKey, sameValue, showValue, valueKey } from "../value.ts";
import type { CallModel } from "./register.ts";

function describe(call: Call, answer: Value | undefined): string {
  const argument = call.value === null ? "" : ` ${showValue(call.value)}`;
  if (answer === undefined) return `${call.f}${argument} → ?`;
  const silent = call.f === "enqueue" || call.f === "push" || call.f === "acquire" || call.f === "release";
  return silent ? `${call.f}${argument}` : `${call.f}${argument} → ${showValue(answer)}`;
}

/** A set, judged element by element: a state says whether the element is in. `initial` lists the first elements. */
export function setModel(initial: Value): CallModel {
  const first = new Set<string>();
  if (typeof initial === "object" && initial !== null) for (const element of initial) first.add(elementOf(element));
  return {
    name: "set",
    init: (part) => first.has(part),
    step(state, call, answer) {
      if (call.f === "contains") return answer === undefined || answer === state ? state : undefined;
      const target = call.f === "add";
      if (answer !== undefined && answer !== (state !== target)) return undefined;
      return target;
    },
    answers: (state, call) => [call.f === "contains" ? state : state !== (call.f === "add")],
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect: (call, answer) => (call.f === "contains" || answer === false ? OBSERVES : 0),
    requires(call, answer) {
      if (call.f === "contains") return answer;
      return answer === false ? call.f === "add" : call.f !== "add";
    },
    partition: (call) => elementOf(call.value),
    describe,
    describeState: (state) => (state === true ? "in" : "out"),
  };
}

function elementOf(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function listModel(name: string, put: string, take: string, fromFront: boolean, initial: Value): CallModel {
  const first: readonly Value[] = typeof initial === "object" && initial !== null ? initial : [];
  const next = (list: readonly Value[]): Value => (list.length === 0 ? null : list[fromFront ? 0 : list.length - 1]!);
  return {
    name,
    init: () => first,
    step(state, call, answer) {
      const list = state as readonly Value[];
      if (call.f === put) return [...list, call.value];
      if (answer !== undefined && !sameValue(answer, next(list))) return undefined;
      if (list.length === 0) return state;
      return fromFront ? list.slice(1) : list.slice(0, -1);
    },
    answers: (state, call) => [call.f === put ? true : next(state as readonly Value[])],
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect: (call, answer) => (call.f === put ? BLIND : call.f === take && answer === null ? OBSERVES : 0),
    describe,
    describeState: showValue,
  };
}

/** First in, first out: `enqueue v`, `dequeue`, which answers `null` when nothing is inside. */
export function queueModel(initial: Value): CallModel {
  return listModel("queue", "enqueue", "dequeue", true, initial);
}

/** Last in, first out: `push v`, `pop`, which answers `null` when nothing is inside. */
export function stackModel(initial: Value): CallModel {
  return listModel("stack", "push", "pop", false, initial);
}

/** A lock: `acquire` of a held one and `release` of a free one cannot succeed. `initial` true: held from the start. */
export function mutexModel(initial: Value): CallModel {
  return {
    name: "mutex",
    init: () => initial === true,
    step(state, call) {
      const held = call.f === "acquire";
      return state === held ? undefined : held;
    },
    answers: (state, call) => (state === (call.f === "acquire") ? [] : [true]),
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect: () => 0,
    requires: (call) => call.f !== "acquire",
    describe,
    describeState: (state) => (state === true ? "held" : "free"),
  };
}
