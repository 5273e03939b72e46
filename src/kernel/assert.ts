// Our own invariants. A failed assertion is a bug of the simulator (exit code 70), never a finding about the simulated
// system: those are `Violation` values.

/** Thrown by `assert` and `unreachable`; the loop adds seed, step and time before it reaches a person. */
export class AssertionError extends Error {
  override readonly name: string = "AssertionError";
}

/** Throws an `AssertionError` with `text` unless `condition` holds. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) throw new AssertionError(text);
}

/** Ends the `switch` over a closed union: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`a case was left out: ${String(value)}`);
}
