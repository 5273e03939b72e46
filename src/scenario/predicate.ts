/**
 * The one list of predicates: for `when`, `expect`, `--until`, `--break` and the goals of lessons.
 *
 * A predicate is data that a run's view makes true or false. What is unknown here: how a run keeps its state; it
 * shows itself through `RunView`. Parsing stands in `parse-predicate.ts`, evaluation in `evaluate-predicate.ts`.
 */

import type { RunningRole, SelectableMember, SelectorView } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";
import type { Counter } from "../kernel/counter.ts";
import { COUNTERS } from "../kernel/counter.ts";

export type Compare = "<" | "<=" | "=" | "!=" | ">=" | ">";

export type { Counter };
/**
 * Things a run counts while it goes, at their places in `RunView.counters`. Not all speak for themselves: `election` is
 * a member becoming candidate (not pre-candidate); `leader-change` a member becoming leader, the first of a run
 * included; `two-leaders` a second one while another still believes in itself; `split-vote` a candidate going into a new
 * term without anyone having won the last; `step-down` a leader becoming follower without a crash;
 * `uncommitted-overwritten` entries dropped from a log that were not committed; `stale-read` a serializable read below a
 * revision already acknowledged.
 */
export { COUNTERS };

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
