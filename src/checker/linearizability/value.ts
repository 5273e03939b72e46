// What operations carry: values, calls and answers as plain immutable data, with one canonical key for each. Unknown here:
// what a call does (see `model.ts`).

/** Anything an operation can carry. `null` is Jepsen's nil: absent, or nothing said. */
export type Value = null | boolean | number | string | readonly Value[];

/** A primitive that is equal for equal things and different for different ones; fit to be the key of a `Map`. */
export type Key = null | boolean | number | string;

/** One invocation: immutable, one shape for all models. */
export class Call {
  /** What is done: `read`, `write`, `cas`, `get`, `enqueue`, `txn`, … */
  readonly f: string;
  /** The key it is done to; empty where the model has no keys. */
  readonly key: string;
  /** The argument: a value, `[expected, new]` for a cas, a list of micro-operations for a txn, `null` for none. */
  readonly value: Value;

  constructor(f: string, key: string, value: Value) {
    this.f = f;
    this.key = key;
    this.value = value;
  }
}

/**
 * The canonical key of `value`: two values are equal exactly when their keys are. Primitives are their own keys; a list is
 * its JSON behind a character that no printable string begins with.
 */
export function valueKey(value: Value): Key {
  return typeof value === "object" && value !== null ? `\u0001${JSON.stringify(value)}` : value;
}

/** Whether two values are equal, lists by their content. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameValue(a[i]!, b[i]!)) return false;
  return true;
}

/** `value` as people read it: strings bare where they are simple words, `nil` for null, lists in brackets. */
export function showValue(value: Value): string {
  if (value === null) return "nil";
  if (typeof value === "string") return /^[\w.;:/-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === "object") return `[${value.map(showValue).join(" ")}]`;
  return String(value);
}

/** The canonical key of a call: equal for equal calls. Small integers take a fast path without any text. */
export function callKey(call: Call): Key {
  const value = call.value;
  if (call.key === "") {
    if (typeof value === "number") return `${call.f}#${value}`;
    if (value === null) return call.f;
  }
  return `${call.f}\u0002${call.key}\u0002${typeof value === "string" ? `'${value}` : JSON.stringify(value)}`;
}
