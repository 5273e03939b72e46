// A run at one point between two events, whole: its world, what is to happen, the choices to come, and what its checkers and its
// judge remember. A value: it stands still, and may be resumed any number of times.

import type { EtcdChecker } from "../checker/etcd-checker.ts";
import type { LivenessChecker } from "../checker/liveness.ts";
import type { PlainChecker } from "../checker/plain-checker.ts";
import type { Violation } from "../checker/violation.ts";
import type { PredicateMemory } from "../scenario/evaluate-predicate.ts";
import type { Judge } from "../scenario/judge.ts";
import type { Predicate } from "../scenario/predicate.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Collector } from "./collector.ts";
import type { CompiledRun } from "./compile-run.ts";
import type { RunImage } from "./run.ts";

/** An action that no time is given for. */
export interface Waiting {
  /** Its position in the timetable. */
  readonly position: number;
  /** It fires after this event; unless there is a predicate. */
  readonly event: number;
  readonly predicate: Predicate | null;
  readonly memory: PredicateMemory;
}

/** Everything that a `ScenarioRun` needs to go on. The checkers, the collector and the judge in it stand still. */
export interface SavedRun {
  /** With its random faults made fixed. */
  readonly scenario: Scenario;
  readonly seed: string;
  readonly compiled: CompiledRun;
  readonly image: RunImage;
  readonly checker: EtcdChecker | null;
  readonly plain: PlainChecker | null;
  readonly liveness: LivenessChecker | null;
  readonly collector: Collector;
  readonly judge: Judge;
  readonly waiting: readonly Waiting[];
  /** Properties that fired, as predicates see them; and of those that were passed over while another was awaited. */
  readonly violated: readonly string[];
  readonly also: readonly string[];
  readonly violation: Violation | null;
  /** How many findings of the checkers were looked at. */
  readonly seen: number;
  readonly plainSeen: number;
  /** Step at which the judge last looked. */
  readonly lastLook: number;
  readonly crowd: number;
  /** Starts and ends of processes, as counted when they were last noted. */
  readonly livesSeen: number;
}
