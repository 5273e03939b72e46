// What a run came to: the value that reports, artifacts and exit codes are made from. Plain JSON.

import type { ExpectationResult } from "../scenario/judge.ts";
import type { Gauged } from "./gauge.ts";

/** How a run is judged. `error` is our own fault, never the simulated system's. */
export type Verdict = "held" | "violated" | "undecided" | "error";

/** What was broken, for people and machines. A failed expectation has the property `expectation/<n>`. */
export interface ViolationReport {
  readonly property: string;
  readonly step: number;
  readonly atMicros: number;
  readonly members: readonly number[];
  readonly text: string;
  readonly evidence: readonly string[];
  /** Properties that fired before it, where the scenario goes on until a certain one does. */
  readonly also: readonly string[];
}

/** What became of one action of the timetable. */
export interface FaultReport {
  readonly id: string;
  readonly kind: string;
  /** `waiting`: its time or condition never came. */
  readonly status: "waiting" | "active" | "done" | "ineffective";
  readonly firedAtMicros: number;
  /** When it ended by itself (`for`); null where it has no end, or had not come to it. */
  readonly endedAtMicros: number | null;
  readonly targets: readonly number[];
  readonly note: string;
}

/** A stretch of time in which one member called itself leader. */
export interface LeaderReport {
  readonly member: number;
  readonly term: number;
  readonly fromMicros: number;
  /** Null: to the end. */
  readonly untilMicros: number | null;
}

/** A stretch of time in which one member did not run. */
export interface AwayReport {
  readonly member: number;
  readonly fromMicros: number;
  /** Null: to the end. */
  readonly untilMicros: number | null;
  /** `crashed`, `paused`, `not there yet`, or why it refused to start. */
  readonly why: string;
}

/** A stretch of time in which more was away than the cluster is meant to survive. */
export interface BeyondReport {
  /** Members down or cut off, or volumes lost for good. */
  readonly what: "members" | "volumes";
  /** Everybody that was away in it, ascending. */
  readonly members: readonly number[];
  /** So many may be. */
  readonly tolerated: number;
  readonly fromMicros: number;
  /** Null: to the end. */
  readonly untilMicros: number | null;
}

/** Operations by outcome. */
export interface OperationCounts {
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
}

/** One run at its end (or where it was interrupted). */
export interface RunResult {
  readonly scenario: string;
  readonly variant: string | null;
  /** Canonical decimal. */
  readonly seed: string;
  readonly verdict: Verdict;
  readonly violation: ViolationReport | null;
  readonly expectations: readonly ExpectationResult[];
  readonly events: number;
  /** Messages between members, requests and answers that arrived. */
  readonly messages: number;
  readonly virtualMicros: number;
  readonly durationMicros: number;
  readonly operations: OperationCounts;
  readonly writes: { readonly invoked: number; readonly ok: number };
  readonly reads: { readonly invoked: number; readonly ok: number };
  /** 16 hexadecimal digits. */
  readonly digest: string;
  /** Digests after every 1,024 events. */
  readonly checkpoints: readonly string[];
  /** What was reached, by counter; only what is above 0. */
  readonly coverage: Readonly<Record<string, number>>;
  readonly faults: readonly FaultReport[];
  readonly leaders: readonly LeaderReport[];
  readonly away: readonly AwayReport[];
  readonly members: readonly number[];
  /** When it went beyond the fault budget; empty for protocols that have none. */
  readonly beyond: readonly BeyondReport[];
  /** What a study asked to be measured; artifacts leave it out. */
  readonly numbers?: Gauged;
  /** It was stopped from outside before its end. */
  readonly interrupted: boolean;
  /** Why it is undecided or an error, or what else a reader should know; empty where there is nothing to say. */
  readonly note: string;
}
