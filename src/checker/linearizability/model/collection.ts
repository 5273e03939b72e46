// `set`, `queue`, `stack` and `mutex`. A set falls apart into its elements, each of which is in or out; a queue and a stack
// are lists, oldest first; a mutex is held or free, whoever holds it.

import type { Foreseen } from "../model.ts";
import { BLIND, OBSERVES } from "../model.ts";
import type { Call, Key, Value } from "../value.ts";
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

/** When a value is taken out: the ends of the one operation that takes it. */
interface Taking {
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** Taken by nobody, as far as the history goes. */
const NEVER: Taking = { invokedAt: Number.POSITIVE_INFINITY, endedAt: Number.POSITIVE_INFINITY };

/** What is known of the takings of a whole history. */
interface Takings {
  /** By the key of the value; a value that a lost taking may take has none. */
  readonly byValue: ReadonlyMap<Key, Taking>;
  /** Values whose put is lost and that nobody is known to take: without them everything goes as well. */
  readonly idle: ReadonlySet<Key>;
}

/** Takings of distinct values; undefined where values are not distinct, so that nothing can be foreseen. */
function takingsOf(
  operations: readonly Foreseen<Call, Value>[],
  first: readonly Value[],
  put: string,
): Takings | undefined {
  const takings = new Map<Key, Taking>();
  const idle = new Set<Key>();
  let lost = false;
  for (const value of first) takings.set(valueKey(value), NEVER);
  if (takings.size < first.length) return undefined;
  for (const { input, output } of operations) {
    if (input.f !== put) continue;
    const key = valueKey(input.value);
    if (takings.has(key)) return undefined;
    takings.set(key, NEVER);
    if (output === undefined) idle.add(key);
  }
  for (const { input, output, invokedAt, endedAt } of operations) {
    if (input.f === put) continue;
    if (output === undefined) lost = true;
    else if (output !== null) {
      takings.set(valueKey(output), { invokedAt, endedAt });
      idle.delete(valueKey(output));
    }
  }
  // A taking of which nothing is known may take what nobody is known to take.
  if (lost) for (const [key, taking] of takings) if (taking === NEVER) takings.delete(key);
  return { byValue: takings, idle };
}

/**
 * With distinct values the takings tell which of two values inside has to leave first. A value put where it would have to
 * leave in the wrong order can never be taken as recorded, so such a put is impossible (exact, and what keeps overlapping
 * puts from costing c! orders).
 */
function listModel(
  name: string,
  put: string,
  fromFront: boolean,
  initial: Value,
  takings: Takings | undefined = undefined,
): CallModel {
  const first: readonly Value[] = typeof initial === "object" && initial !== null ? initial : [];
  const next = (list: readonly Value[]): Value => (list.length === 0 ? null : list[fromFront ? 0 : list.length - 1]!);
  const contradicts = (list: readonly Value[], value: Value): boolean => {
    if (takings === undefined) return false;
    const key = valueKey(value);
    if (takings.idle.has(key)) return true;
    const own = takings.byValue.get(key);
    if (own === undefined) return false;
    for (let i = list.length - 1; i >= 0; i--) {
      const other = takings.byValue.get(valueKey(list[i]!));
      if (other === undefined) continue;
      const earlier = fromFront ? other : own;
      const later = fromFront ? own : other;
      if (later.endedAt < earlier.invokedAt) return true;
    }
    return false;
  };
  return {
    name,
    init: () => first,
    step(state, call, answer) {
      const list = state as readonly Value[];
      if (call.f === put) return contradicts(list, call.value) ? undefined : [...list, call.value];
      if (answer !== undefined && !sameValue(answer, next(list))) return undefined;
      if (list.length === 0) return state;
      // A lost taking takes nothing that somebody is known to take.
      if (answer === undefined && takings?.byValue.has(valueKey(next(list)))) return undefined;
      return fromFront ? list.slice(1) : list.slice(0, -1);
    },
    answers: (state, call) => [call.f === put ? true : next(state as readonly Value[])],
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    effect: (call, answer) => (call.f === put ? BLIND : answer === null ? OBSERVES : 0),
    monitor: fromFront ? "queue-aspects" : "stack-nesting",
    foresee: (operations, begun) =>
      listModel(name, put, fromFront, begun, takingsOf(operations, begun as readonly Value[], put)),
    describe,
    describeState: showValue,
  };
}

/** First in, first out: `enqueue v`, `dequeue`, which answers `null` when nothing is inside. */
export function queueModel(initial: Value): CallModel {
  return listModel("queue", "enqueue", true, initial);
}

/** Last in, first out: `push v`, `pop`, which answers `null` when nothing is inside. */
export function stackModel(initial: Value): CallModel {
  return listModel("stack", "push", false, initial);
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
