/**
 * Whether a predicate is true of a run now.
 *
 * Predicates about change (`leader-change`, `commits(cut.0)`) compare with what was when they were armed: at the start
 * of the run, or of the window that an expectation names. That memory is plain data and belongs to whoever asks.
 */

import { resolveSelector } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";
import { assert } from "../kernel/assert.ts";
import type { MemberView, Predicate, RunView } from "./predicate.ts";
import { COUNTERS } from "./predicate.ts";
import { holds } from "./quantity.ts";

/** What a predicate remembers; one for each place that asks it. */
export interface PredicateMemory {
  armed: boolean;
  /** One number for each test about change, in the order of the text; -1 while it has nothing to compare with. */
  readonly baselines: number[];
}

/** A memory that is armed by the first evaluation. */
export function createMemory(): PredicateMemory {
  return { armed: false, baselines: [] };
}

/** A copy that goes its own way. */
export function cloneMemory(memory: PredicateMemory): PredicateMemory {
  return { armed: memory.armed, baselines: [...memory.baselines] };
}

interface Cursor {
  next: number;
}

/** Forgets what was before: what counts from now on is what changes from now on. */
export function arm(memory: PredicateMemory, predicate: Predicate, view: RunView): void {
  memory.armed = true;
  memory.baselines.length = 0;
  collect(memory.baselines, predicate, view);
}

function collect(baselines: number[], predicate: Predicate, view: RunView): void {
  switch (predicate.kind) {
    case "all":
    case "any":
      for (const part of predicate.of) collect(baselines, part, view);
      return;
    case "not":
      collect(baselines, predicate.of, view);
      return;
    case "counter":
      baselines.push(counterOf(predicate.counter, view));
      return;
    case "commits":
      baselines.push(highest("commit", predicate.on, view));
      return;
    default:
      return;
  }
}

/**
 * Whether the predicate is true. The first call arms the memory, but counters at the very start of a run (event 0) count
 * from nothing, so that what the first step does is seen.
 */
export function evaluatePredicate(predicate: Predicate, view: RunView, memory: PredicateMemory): boolean {
  if (!memory.armed) arm(memory, predicate, view);
  return evaluate(predicate, view, memory.baselines, { next: 0 });
}

/** Arms the memory as of the start of a run: all counters at 0, nothing committed. */
export function armAtStart(memory: PredicateMemory, predicate: Predicate): void {
  memory.armed = true;
  memory.baselines.length = 0;
  const zero = (part: Predicate): void => {
    if (part.kind === "all" || part.kind === "any") part.of.forEach(zero);
    else if (part.kind === "not") zero(part.of);
    else if (part.kind === "counter") memory.baselines.push(0);
    else if (part.kind === "commits") memory.baselines.push(-1);
  };
  zero(predicate);
}

function evaluate(predicate: Predicate, view: RunView, baselines: number[], cursor: Cursor): boolean {
  switch (predicate.kind) {
    // Every part is asked, even where the answer is known: each has its place in the memory.
    case "all": {
      let result = true;
      for (const part of predicate.of) if (!evaluate(part, view, baselines, cursor)) result = false;
      return result;
    }
    case "any": {
      let result = false;
      for (const part of predicate.of) if (evaluate(part, view, baselines, cursor)) result = true;
      return result;
    }
    case "not":
      return !evaluate(predicate.of, view, baselines, cursor);
    case "leaders":
      return countLeaders(predicate, view);
    case "leader":
      return some(predicate.on, view, (member) => member.up && member.role === "leader");
    case "role":
      return every(predicate.on, view, (member) => (member.up ? member.role : "down") === predicate.role);
    case "up":
      return every(predicate.on, view, (member) => member.up);
    case "term":
    case "commit":
    case "applied":
    case "last-index": {
      const value = highest(predicate.kind, predicate.on, view);
      return value >= 0 && holds(value, predicate.compare, predicate.value);
    }
    case "commits": {
      const place = cursor.next++;
      const now = highest("commit", predicate.on, view);
      const before = baselines[place] ?? -1;
      if (before < 0) {
        baselines[place] = now;
        return false;
      }
      return now > before;
    }
    case "converged":
      return converged(predicate.on, view);
    case "counter": {
      const before = baselines[cursor.next++] ?? 0;
      return holds(counterOf(predicate.counter, view) - before, predicate.compare, predicate.value);
    }
    case "time":
      return holds(view.nowMicros, predicate.compare, predicate.micros);
    case "event":
      return holds(view.event, predicate.compare, predicate.value);
    case "violated":
      return view.violated.includes(predicate.property);
  }
}

function undrawn(): number {
  assert(false, "a predicate asked for a draw");
  return 0;
}

function membersOf(on: Selector, view: RunView): readonly MemberView[] {
  if (on.kind === "all") return view.members;
  const ids = resolveSelector(on, view, undrawn);
  return view.members.filter((member) => ids.includes(member.id));
}

function some(on: Selector, view: RunView, test: (member: MemberView) => boolean): boolean {
  return membersOf(on, view).some(test);
}

/** Nobody is not everybody: false where the selector means nobody. */
function every(on: Selector, view: RunView, test: (member: MemberView) => boolean): boolean {
  const members = membersOf(on, view);
  return members.length > 0 && members.every(test);
}

function highest(what: "term" | "commit" | "applied" | "last-index", on: Selector, view: RunView): number {
  let value = -1;
  for (const member of membersOf(on, view)) {
    const own = what === "last-index" ? member.lastIndex : member[what];
    if (own > value) value = own;
  }
  return value;
}

function counterOf(counter: (typeof COUNTERS)[number], view: RunView): number {
  return view.counters[COUNTERS.indexOf(counter)] ?? 0;
}

function countLeaders(predicate: Extract<Predicate, { kind: "leaders" }>, view: RunView): boolean {
  const terms: number[] = [];
  for (const member of view.members) if (member.up && member.role === "leader") terms.push(member.term);
  if (predicate.sameTerm === null) return holds(terms.length, predicate.compare, predicate.count);
  let together = 0;
  for (const term of terms) {
    const alike = terms.filter((other) => other === term).length;
    if (alike > together) together = alike;
  }
  // Of one term: how many share one. Of different terms: how many there are, no two sharing one.
  if (predicate.sameTerm) return holds(together, predicate.compare, predicate.count);
  return together <= 1 && holds(terms.length, predicate.compare, predicate.count);
}

function converged(on: Selector, view: RunView): boolean {
  let first: MemberView | null = null;
  let led = false;
  for (const member of membersOf(on, view)) {
    if (!member.up) continue;
    if (member.role === "leader") led = true;
    if (first === null) first = member;
    else if (first.term !== member.term || first.commit !== member.commit || first.applied !== member.applied)
      return false;
  }
  return first !== null && led;
}
