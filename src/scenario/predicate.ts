/**
 * The one list of predicates: for `when`, `expect`, `--until`, `--break` and the goals of lessons.
 *
 * A predicate is data that a run's view makes true or false. What is unknown here: how a run keeps its state; it
 * shows itself through `RunView`. Parsing stands in `parse-predicate.ts`, evaluation in `evaluate-predicate.ts`.
 */

import type { RunningRole, SelectableMember, SelectorView } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";

export type Compare = "<" | "<=" | "=" | "!=" | ">=" | ">";

/**
 * Things a run counts while it goes; also what the line `seen:` of a report lists. Each counts events of the world, so
 * that any two runs count alike.
 */
export const COUNTERS = [
  /** A member became candidate (not pre-candidate). */
  "election",
  /** A member became leader, the first of a run included. */
  "leader-change",
  /** A second member became leader while another still believed itself to be one. */
  "two-leaders",
  /** A candidate went into a new term without anyone having won the last. */
  "split-vote",
  /** A leader became follower without having crashed. */
  "step-down",
  /** A leadership transfer ended in a new leader. */
  "transfer",
  /** A member dropped entries from its log that were not committed. */
  "uncommitted-overwritten",
  "snapshot-taken",
  "snapshot-sent",
  "snapshot-installed",
  /** The history of revisions was compacted. */
  "compaction",
  /** A change of membership was applied for the first time. */
  "config-change",
  "crash",
  "restart",
  "message-lost",
  /** A fault of the timetable had an effect, or had none. */
  "fault-effective",
  "fault-ineffective",
  "operation-ok",
  "operation-failed",
  "operation-unknown",
  "write-ok",
  "read-ok",
  /** A serializable read gave a revision below one already acknowledged to anyone. */
  "stale-read",
  "retry",
  "watch-event",
  "lease-expired",
] as const;

export type Counter = (typeof COUNTERS)[number];

/** What a predicate may ask about one member. */
export interface MemberView extends SelectableMember {
  readonly role: RunningRole;
  /** Highest index known to be committed, as the member itself has it; 0 while it is down. */
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
}

/** A run as predicates and expectations see it. Reading it changes nothing. */
export interface RunView extends SelectorView {
  readonly nowMicros: number;
  /** Number of the last event, counted from 1. */
  readonly event: number;
  readonly members: readonly MemberView[];
  /** One number a counter, in the order of COUNTERS; they never fall. */
  readonly counters: readonly number[];
  /** Ids of the properties that fired so far. */
  readonly violated: readonly string[];
}

/** Selectors in predicates are resolved without draws: `any(2)`, `majority` and the like are refused by the parser. */
export type Predicate =
  | { readonly kind: "all"; readonly of: readonly Predicate[] }
  | { readonly kind: "any"; readonly of: readonly Predicate[] }
  | { readonly kind: "not"; readonly of: Predicate }
  /** The number of members that are up and call themselves leader; `sameTerm` null: in whatever terms. */
  | {
      readonly kind: "leaders";
      readonly compare: Compare;
      readonly count: number;
      readonly sameTerm: boolean | null;
    }
  /** Some member of `on` is a leader. */
  | { readonly kind: "leader"; readonly on: Selector }
  /** Every member of `on`, and at least one, has the role. */
  | { readonly kind: "role"; readonly on: Selector; readonly role: RunningRole }
  /** Every member of `on`, and at least one, is up. `down` is the role. */
  | { readonly kind: "up"; readonly on: Selector }
  /** Of the highest value among `on`. */
  | {
      readonly kind: "term" | "commit" | "applied" | "last-index";
      readonly on: Selector;
      readonly compare: Compare;
      readonly value: number;
    }
  /** The highest commit index among `on` is above what it was when the predicate was armed. */
  | { readonly kind: "commits"; readonly on: Selector }
  /** Every member of `on` that is up has the same term, commit and applied index, and there is a leader. */
  | { readonly kind: "converged"; readonly on: Selector }
  /** How far the counter has risen since the predicate was armed. */
  | { readonly kind: "counter"; readonly counter: Counter; readonly compare: Compare; readonly value: number }
  | { readonly kind: "time"; readonly compare: Compare; readonly micros: number }
  | { readonly kind: "event"; readonly compare: Compare; readonly value: number }
  /** The property with that id has fired. */
  | { readonly kind: "violated"; readonly property: string };
