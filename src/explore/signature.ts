// What makes two failures the same: the property, and the sentence that says how it was broken, with everything taken out of it
// that another run would have otherwise: numbers, names, values. Sweeps group by it; a shrinker keeps it.

import type { RunResult } from "../run/result.ts";

/** The signature of a failure, null where the run held. */
export function signatureOf(result: RunResult): string | null {
  const { verdict, violation, note } = result;
  if (verdict === "error") return `error: ${shapeOf(note)}`;
  if (violation !== null) return `${violation.property}: ${shapeOf(violation.text)}`;
  return verdict === "undecided" ? `undecided: ${shapeOf(note)}` : null;
}

/** The sentence without what differs from run to run. */
export function shapeOf(text: string): string {
  return text
    .replace(/\{[^{}]*\}/g, "{…}")
    .replace(/\bn\d+((,| and| ∥|)\s*n\d+)*\b/g, "a member")
    .replace(/\bc\d+\b/g, "a client")
    .replace(/\bk\d+\b/g, "a key")
    .replace(/\b(put|get|getSerializable|range|delete|cas|txn)( \S+| a key)?(?= of a client)/g, "an operation")
    .replace(/got \S+ \(revision \d+\)|got absent/g, "got a value")
    .replace(/it was \S+ \(revision \d+\)|it was absent/g, "it was another")
    .replace(/-?\d[\d,.]*( ?(µs|ms|s|m|h))*\b/g, "#")
    .replace(/\s+/g, " ")
    .trim();
}
