// A broken promise of the simulated system, as a value with its evidence.

/** What a checker found. */
export interface Violation {
  /** Id of the property. */
  readonly property: string;
  /** Number of the step after which it was seen, from 1. */
  readonly step: number;
  readonly atMicros: number;
  /** Members that took part, ascending. */
  readonly members: readonly number[];
  /** One sentence. */
  readonly text: string;
  /** What proves it, a line each. */
  readonly evidence: readonly string[];
}

/** Where checks put what they find. */
export interface Findings {
  /** Adds a violation; the time and step are filled in. */
  report(property: string, members: readonly number[], text: string, evidence?: readonly string[]): void;
}
