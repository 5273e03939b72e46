/**
 * The judge of expectations: looks on while a run goes, and says at its end which came true.
 *
 * It is called after every step at which something that a `RunView` shows has changed, and at the times of
 * `exactTimes`; it learns of operations, violations and lost writes as they happen. Its state is plain data: cloned and
 * forked with the run. Windows are half-open.
 */

import { unreachable } from "../kernel/assert.ts";
import { formatMicros } from "../kernel/time.ts";
import type { PredicateMemory } from "./evaluate-predicate.ts";
import { arm, armAtStart, createMemory, evaluatePredicate } from "./evaluate-predicate.ts";
import type { Expectation, ShareBound, Window } from "./expectation.ts";
import { AT_END } from "./expectation.ts";
import type { Predicate, RunView } from "./predicate.ts";
import { printExpectation } from "./print-expectation.ts";
import { holds, printPpm } from "./quantity.ts";

/** What an expectation has come to so far. */
export interface JudgeState {
  verdict: "open" | "held" | "failed";
  /** When it was decided; -1 while it is open. */
  atMicros: number;
  /** What was seen, a clause; empty while there is nothing to say. */
  seen: string;
  /** Whether the predicate was looked at within its window at all. */
  looked: boolean;
  /** What the predicate was when last looked at. */
  last: boolean;
  readonly memory: PredicateMemory;
  /** Operations of availability windows: of which workload (its place in the scenario, -1 for all), invoked, answered ok. */
  readonly workload: number;
  writesInvoked: number;
  writesOk: number;
  readsInvoked: number;
  readsOk: number;
  /** Acknowledged writes that are gone and were allowed to be. */
  lost: number;
}

export interface Judge {
  readonly expectations: readonly Expectation[];
  readonly durationMicros: number;
  readonly states: JudgeState[];
}

/** One expectation at the end of a run. */
export interface ExpectationResult {
  /** `expectation/<n>`, counted from 1 in the order of the file. */
  readonly name: string;
  readonly held: boolean;
  /** What was expected, in the words of the file. */
  readonly expected: string;
  /** What was seen instead, or what made it true. */
  readonly seen: string;
  /** When it was decided, in virtual time. */
  readonly atMicros: number;
}

/** A judge that has seen nothing yet. `workloads` are the names of the scenario's workloads, in its order. */
export function createJudge(
  expectations: readonly Expectation[],
  durationMicros: number,
  workloads: readonly string[] = [],
): Judge {
  return {
    expectations,
    durationMicros,
    states: expectations.map((expectation) => {
      const memory = createMemory();
      const predicate = predicateOf(expectation);
      if (predicate !== null && startOf(expectation) === 0) armAtStart(memory, predicate);
      return {
        verdict: "open",
        atMicros: -1,
        seen: "",
        looked: false,
        last: false,
        memory,
        workload:
          expectation.kind === "availability" && expectation.workload !== null
            ? workloads.indexOf(expectation.workload)
            : -1,
        writesInvoked: 0,
        writesOk: 0,
        readsInvoked: 0,
        readsOk: 0,
        lost: 0,
      };
    }),
  };
}

/** A copy that goes its own way. */
export function cloneJudge(judge: Judge): Judge {
  return {
    expectations: judge.expectations,
    durationMicros: judge.durationMicros,
    states: judge.states.map((state) => ({
      ...state,
      memory: { armed: state.memory.armed, baselines: [...state.memory.baselines] },
    })),
  };
}

/** The times, ascending, at which the judge must look although nothing may happen: beginnings of windows, and `at`. */
export function exactTimes(expectations: readonly Expectation[]): number[] {
  const times: number[] = [];
  for (const expectation of expectations) {
    if (expectation.kind === "at" && expectation.atMicros !== AT_END) times.push(expectation.atMicros);
    if (predicateOf(expectation) !== null && startOf(expectation) > 0) times.push(startOf(expectation));
  }
  return [...new Set(times)].sort((a, b) => a - b);
}

/** Whether `observe` has anything to decide now: where not, the run need not build a view. */
export function isLooking(judge: Judge, nowMicros: number): boolean {
  for (let at = 0; at < judge.states.length; at += 1) {
    if (judge.states[at]!.verdict !== "open") continue;
    const expectation = judge.expectations[at]!;
    if (expectation.kind === "at") {
      if (expectation.atMicros !== AT_END && nowMicros >= expectation.atMicros) return true;
    } else if (predicateOf(expectation) !== null && nowMicros >= startOf(expectation)) return true;
  }
  return false;
}

/** Looks at the run after a step, or at one of the exact times after every event of it. */
export function observe(judge: Judge, view: RunView): void {
  for (let at = 0; at < judge.states.length; at += 1) {
    const state = judge.states[at]!;
    if (state.verdict !== "open") continue;
    observeOne(judge.expectations[at]!, state, view, judge.durationMicros);
  }
}

function observeOne(expectation: Expectation, state: JudgeState, view: RunView, durationMicros: number): void {
  const now = view.nowMicros;
  switch (expectation.kind) {
    case "always":
    case "never":
    case "sometimes": {
      const window = expectation.during;
      if (window !== null && now >= window.untilMicros) {
        endWindow(expectation, state, window.untilMicros);
        return;
      }
      if (window !== null && now < window.fromMicros) return;
      const wanted = expectation.kind !== "never";
      if (look(expectation.predicate, state, view) === wanted) {
        if (expectation.kind === "sometimes") decide(state, "held", now, describe(expectation.predicate, view));
      } else if (expectation.kind !== "sometimes") decide(state, "failed", now, describe(expectation.predicate, view));
      return;
    }
    case "eventually": {
      if (now < expectation.afterMicros) return;
      const until =
        expectation.withinMicros === null ? durationMicros + 1 : expectation.afterMicros + expectation.withinMicros;
      if (now >= until) {
        // What stood when the time ran out is what was last seen before.
        decide(state, "failed", until, state.seen === "" ? describe(expectation.predicate, view) : state.seen);
        return;
      }
      if (look(expectation.predicate, state, view)) decide(state, "held", now, describe(expectation.predicate, view));
      else if (now + 1_000_000 >= until || state.seen === "") state.seen = describe(expectation.predicate, view);
      return;
    }
    case "at": {
      if (expectation.atMicros === AT_END || now < expectation.atMicros) return;
      if (now > expectation.atMicros) {
        if (!state.looked) look(expectation.predicate, state, view);
        if (state.seen === "") state.seen = describe(expectation.predicate, view);
        decide(state, state.last ? "held" : "failed", expectation.atMicros, state.seen);
        return;
      }
      look(expectation.predicate, state, view);
      state.seen = describe(expectation.predicate, view);
      return;
    }
    case "always-property":
    case "violates":
    case "linearizable":
    case "availability":
    case "data-loss":
    case "scope":
      return;
    default:
      unreachable(expectation);
  }
}

/** A client of the workload with that place in the scenario begins an operation. Availability windows count it. */
export function observeInvocation(judge: Judge, atMicros: number, isWrite: boolean, workload: number): void {
  for (let at = 0; at < judge.states.length; at += 1) {
    const expectation = judge.expectations[at]!;
    if (expectation.kind !== "availability" || !isIn(expectation.during, atMicros)) continue;
    const state = judge.states[at]!;
    if (state.workload >= 0 && state.workload !== workload) continue;
    if (isWrite) state.writesInvoked += 1;
    else state.readsInvoked += 1;
  }
}

/** An operation that was invoked at `invokedAtMicros` was answered ok. */
export function observeAnswer(judge: Judge, invokedAtMicros: number, isWrite: boolean, workload: number): void {
  for (let at = 0; at < judge.states.length; at += 1) {
    const expectation = judge.expectations[at]!;
    if (expectation.kind !== "availability" || !isIn(expectation.during, invokedAtMicros)) continue;
    const state = judge.states[at]!;
    if (state.workload >= 0 && state.workload !== workload) continue;
    if (isWrite) state.writesOk += 1;
    else state.readsOk += 1;
  }
}

/** A property fired; `text` says how, in a clause. */
export function observeViolation(judge: Judge, property: string, atMicros: number, text: string): void {
  for (let at = 0; at < judge.states.length; at += 1) {
    const expectation = judge.expectations[at]!;
    const state = judge.states[at]!;
    if (state.verdict !== "open") continue;
    if (expectation.kind === "violates" && propertyFits(expectation.property, property))
      decide(state, "held", atMicros, text);
    if (expectation.kind === "always-property" && expectation.properties.includes(property))
      decide(state, "failed", atMicros, `${property}: ${text}`);
    if (expectation.kind === "linearizable" && property === "linearizability") decide(state, "failed", atMicros, text);
  }
}

function propertyFits(expected: string, fired: string): boolean {
  return expected === fired || (expected === "no-split-brain" && SPLIT_BRAIN.includes(fired));
}

const SPLIT_BRAIN: readonly string[] = ["election-safety", "commit-support", "state-machine-safety"];

/** A write that had been acknowledged at `acknowledgedAtMicros` is gone, as was found at `atMicros`. */
export function observeLoss(judge: Judge, acknowledgedAtMicros: number, atMicros: number): void {
  for (let at = 0; at < judge.states.length; at += 1) {
    const expectation = judge.expectations[at]!;
    const state = judge.states[at]!;
    if (expectation.kind !== "data-loss" || state.verdict !== "open") continue;
    if (expectation.allow.some((window) => isIn(window, acknowledgedAtMicros))) state.lost += 1;
    else decide(state, "failed", atMicros, `a write acknowledged at ${formatMicros(acknowledgedAtMicros)} is gone`);
  }
}

/** The property whose violation the run waits for, when it is still to come: then others do not end the run. */
export function awaitsViolation(judge: Judge): boolean {
  return judge.expectations.some(
    (expectation, at) => expectation.kind === "violates" && judge.states[at]!.verdict === "open",
  );
}

/** What is decided already, of a run that did not come to its end; what is still open is left out. */
export function settled(judge: Judge): ExpectationResult[] {
  const results: ExpectationResult[] = [];
  for (let at = 0; at < judge.states.length; at += 1) {
    const { verdict, seen, atMicros } = judge.states[at]!;
    if (verdict === "open") continue;
    const expected = printExpectation(judge.expectations[at]!);
    results.push({ name: `expectation/${at + 1}`, held: verdict === "held", expected, seen, atMicros });
  }
  return results;
}

/** Looks a last time, when the run is over, and gives one result an expectation, in the order of the file. */
export function finish(judge: Judge, view: RunView): ExpectationResult[] {
  observe(judge, view);
  const results: ExpectationResult[] = [];
  for (let at = 0; at < judge.states.length; at += 1) {
    const expectation = judge.expectations[at]!;
    const state = judge.states[at]!;
    if (state.verdict === "open") finishOne(expectation, state, view);
    results.push({
      name: `expectation/${at + 1}`,
      held: state.verdict === "held",
      expected: printExpectation(expectation),
      seen: state.seen,
      atMicros: state.atMicros,
    });
  }
  return results;
}

function finishOne(expectation: Expectation, state: JudgeState, view: RunView): void {
  const now = view.nowMicros;
  switch (expectation.kind) {
    case "always":
    case "never":
    case "sometimes":
      endWindow(expectation, state, now);
      return;
    case "eventually":
      decide(state, "failed", now, state.looked ? describe(expectation.predicate, view) : "the run ended before");
      return;
    case "at": {
      if (expectation.atMicros > now) {
        decide(state, "failed", now, "the run ended before");
        return;
      }
      const value = expectation.atMicros === AT_END ? look(expectation.predicate, state, view) : state.last;
      decide(
        state,
        value ? "held" : "failed",
        now,
        state.seen === "" ? describe(expectation.predicate, view) : state.seen,
      );
      return;
    }
    case "always-property":
      decide(state, "held", now, "never fired");
      return;
    case "violates":
      decide(state, "failed", now, "it never fired");
      return;
    case "linearizable":
      decide(state, "held", now, "every answer has its place in one order");
      return;
    case "availability":
      finishAvailability(expectation, state, now);
      return;
    case "data-loss":
      decide(state, "held", now, state.lost === 0 ? "nothing acknowledged is gone" : `${state.lost} lost, as allowed`);
      return;
    case "scope":
      decide(state, "held", now, "");
      return;
    default:
      unreachable(expectation);
  }
}

function finishAvailability(
  expectation: Extract<Expectation, { kind: "availability" }>,
  state: JudgeState,
  now: number,
): void {
  let held = true;
  const seen: string[] = [];
  const judgeShare = (what: string, bound: ShareBound | null, ok: number, invoked: number): void => {
    if (bound === null) return;
    if (invoked === 0) {
      held = false;
      seen.push(`no ${what} were made`);
      return;
    }
    // Compared as whole numbers: ok / invoked against ppm / 1,000,000.
    if (!holds(ok * 1_000_000, bound.compare, bound.ppm * invoked)) held = false;
    seen.push(`${what} ${printPpm(Math.floor((ok * 100) / invoked) * 10_000)} (${ok} of ${invoked})`);
  };
  judgeShare("writes", expectation.writes, state.writesOk, state.writesInvoked);
  judgeShare("reads", expectation.reads, state.readsOk, state.readsInvoked);
  judgeShare("operations", expectation.all, state.writesOk + state.readsOk, state.writesInvoked + state.readsInvoked);
  // What became of the window was settled at its end, but for answers that were still under way.
  decide(state, held ? "held" : "failed", Math.min(now, expectation.during.untilMicros), seen.join(", "));
}

function endWindow(
  expectation: Extract<Expectation, { kind: "always" | "never" | "sometimes" }>,
  state: JudgeState,
  atMicros: number,
): void {
  if (!state.looked) decide(state, "failed", atMicros, "the run ended before");
  else if (expectation.kind === "sometimes") decide(state, "failed", atMicros, "it never was so");
  else decide(state, "held", atMicros, expectation.kind === "always" ? "at every look" : "not once");
}

function look(predicate: Predicate, state: JudgeState, view: RunView): boolean {
  if (!state.looked && !state.memory.armed) arm(state.memory, predicate, view);
  state.looked = true;
  state.last = evaluatePredicate(predicate, view, state.memory);
  return state.last;
}

function decide(state: JudgeState, verdict: "held" | "failed", atMicros: number, seen: string): void {
  state.verdict = verdict;
  state.atMicros = atMicros;
  state.seen = seen;
}

function isIn(window: Window, atMicros: number): boolean {
  return atMicros >= window.fromMicros && atMicros < window.untilMicros;
}

function predicateOf(expectation: Expectation): Predicate | null {
  switch (expectation.kind) {
    case "always":
    case "never":
    case "sometimes":
    case "eventually":
    case "at":
      return expectation.predicate;
    default:
      return null;
  }
}

/** When the predicate begins to matter; those about change count from there. */
function startOf(expectation: Expectation): number {
  switch (expectation.kind) {
    case "always":
    case "never":
    case "sometimes":
      return expectation.during?.fromMicros ?? 0;
    case "eventually":
      return expectation.afterMicros;
    default:
      return 0;
  }
}

/** The state of the run in a few words, with what the predicate is about. */
function describe(predicate: Predicate, view: RunView): string {
  const leaders = view.members.filter((member) => member.up && member.role === "leader");
  const down = view.members.filter((member) => !member.up);
  const parts: string[] = [];
  if (leaders.length === 0) parts.push("no leader");
  else parts.push(leaders.map((member) => `n${member.id} leads term ${member.term}`).join(", "));
  if (down.length > 0) parts.push(`${down.map((member) => `n${member.id}`).join(", ")} down`);
  if (asksAbout(predicate, ["commit", "commits", "applied", "last-index", "converged"]))
    parts.push(`commit ${view.members.map((member) => `n${member.id}:${member.up ? member.commit : "-"}`).join(" ")}`);
  if (asksAbout(predicate, ["applied", "converged"]))
    parts.push(
      `applied ${view.members.map((member) => `n${member.id}:${member.up ? member.applied : "-"}`).join(" ")}`,
    );
  return parts.join("; ");
}

function asksAbout(predicate: Predicate, kinds: readonly Predicate["kind"][]): boolean {
  if (predicate.kind === "all" || predicate.kind === "any") return predicate.of.some((part) => asksAbout(part, kinds));
  if (predicate.kind === "not") return asksAbout(predicate.of, kinds);
  return kinds.includes(predicate.kind);
}

/** From when on a property is judged, as the expectations say: 0 unless scoped; null where it is switched off. */
export function judgedFrom(expectations: readonly Expectation[], property: string): number | null {
  let from: number | null = 0;
  for (const expectation of expectations) {
    if (expectation.kind === "scope" && expectation.property === property) from = expectation.fromMicros;
    if (expectation.kind === "linearizable" && property === "linearizability" && expectation.sinceMicros > 0)
      from = expectation.sinceMicros;
  }
  return from;
}

/** The properties that the expectations ask for by name: those of clients are checked only then. */
export function askedProperties(expectations: readonly Expectation[]): string[] {
  const asked: string[] = [];
  for (const expectation of expectations) {
    if (expectation.kind === "always-property") asked.push(...expectation.properties);
    if (expectation.kind === "violates") asked.push(expectation.property);
  }
  return [...new Set(asked)].sort();
}
