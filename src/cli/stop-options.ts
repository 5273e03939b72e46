// `--until` and `--break`: a predicate of the same words as `when`, and where a run is stopped by it. And `--properties`: which
// promises a run is judged by.

import { PROPERTIES } from "../kernel/property.ts";
import { explainEvent, explanationLines } from "../report/explain.ts";
import { counted, memberName } from "../report/figures.ts";
import { type Line, span } from "../report/span.ts";
import type { RunResult } from "../run/result.ts";
import { nearest } from "../scenario/nearest.ts";
import { parsePredicate, propertiesOf, propertyNames } from "../scenario/parse-predicate.ts";
import type { Predicate } from "../scenario/predicate.ts";
import { printHint } from "../scenario/problem.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Complaint, complaint } from "./complaint.ts";
import type { Terminal } from "./terminal.ts";

/** Options that stop a run, or look away from some of its promises. */
export interface StopOptions {
  readonly until?: string;
  readonly break?: string;
}

/** Where to stop, and whether to look around there. */
export interface Stop {
  readonly predicate: Predicate;
  readonly text: string;
  readonly looksAround: boolean;
}

/** What the options say; null: go on to the end. Throws a complaint with a caret under what is no predicate. */
export function stopOf(options: StopOptions): Stop | null {
  if (options.until !== undefined && options.break !== undefined)
    throw complaint("--until and --break exclude each other", "--break stops there too, and shows the event");
  const [option, text] = options.break !== undefined ? ["--break", options.break] : ["--until", options.until];
  if (text === undefined) return null;
  const { predicate, problems } = parsePredicate(text);
  if (predicate !== null) return { predicate, text, looksAround: option === "--break" };
  const lines: Line[] = [];
  for (const { code, message, hint, offset } of problems) {
    lines.push([
      span("lockstep: ", "bad"),
      span(`${option}: `),
      span(code, "bad"),
      span(` ${message}`),
      span(printHint(hint)),
    ]);
    lines.push([span(`  | ${text}`, "dim")], [span("  | ", "dim"), span(`${" ".repeat(offset)}^`, "bad")]);
  }
  throw new Complaint(lines);
}

/** The words that give the same options again. */
export function stopWords(options: StopOptions): string[] {
  const words: string[] = [];
  if (options.until !== undefined) words.push("--until", options.until);
  if (options.break !== undefined) words.push("--break", options.break);
  return words;
}

/** Whether the run ended where a predicate came true. */
export function isStopped(result: RunResult): boolean {
  return result.interrupted && result.events > 0 && result.note.startsWith("stopped");
}

/** Says on standard error, in whatever form the rest is shown, that the predicate did not come true in all of the runs. */
export function sayNever(stop: Stop | null, cameTrue: number, runs: number, terminal: Terminal): void {
  if (stop === null || cameTrue >= runs) return;
  const text = cameTrue === 0 ? "it never came true" : `it came true in ${cameTrue} of ${counted(runs, "run")}`;
  terminal.err([
    [span("lockstep: ", "warn"), span(`${stop.looksAround ? "--break" : "--until"} ${stop.text}: ${text}`)],
  ]);
}

/** The event that a run was stopped at, its causes, the lanes around it. None where it was not stopped. */
export function breakLines(
  stop: Stop | null,
  scenario: Scenario,
  result: RunResult,
  terminal: Terminal,
): readonly Line[] {
  if (stop?.looksAround !== true || !isStopped(result)) return [];
  const leaders = result.leaders.filter((leader) => leader.untilMicros === null);
  const who = leaders.map(({ member, term }) => `${memberName(member)} leads term ${term}`).join(", ");
  return [
    [span("  came true  ", "label"), span(stop.text, "strong"), span(who === "" ? "" : `  (${who})`, "dim")],
    [],
    ...explanationLines(explainEvent(scenario, result, result.events), scenario, result, terminal.layout),
  ];
}

/** The properties that `--properties` names; null: all. Throws a complaint for a name that is none. */
export function propertiesAsked(text: string | undefined): readonly string[] | null {
  if (text === undefined || text === "all") return null;
  const asked: string[] = [];
  for (const name of text.split(",").map((one) => one.trim())) {
    const ids = propertiesOf(name);
    if (ids === null) {
      const near = nearest(name, propertyNames());
      throw complaint(
        `--properties: there is no property "${name}"`,
        near === null ? "lockstep explain-code lists them" : `did you mean ${near}?`,
      );
    }
    asked.push(...ids);
  }
  return asked;
}

/** The scenario judged by these properties only: the others are switched off, and what was expected of them is not claimed. */
export function judgedBy(scenario: Scenario, asked: readonly string[] | null): Scenario {
  if (asked === null) return scenario;
  const kept = scenario.expect.filter((expectation) => {
    switch (expectation.kind) {
      case "always-property":
        return expectation.properties.every((id) => asked.includes(id));
      case "violates":
        return (propertiesOf(expectation.property) ?? []).some((id) => asked.includes(id));
      case "linearizable":
        return asked.includes("linearizability");
      case "scope":
        return asked.includes(expectation.property);
      default:
        return true;
    }
  });
  const off = PROPERTIES.filter(({ id }) => !asked.includes(id)).map(
    ({ id }) => ({ kind: "scope", property: id, fromMicros: null }) as const,
  );
  return {
    ...scenario,
    expect: [...kept, ...off],
    variants: scenario.variants.map((variant) => judgedBy(variant, asked)),
  };
}
