/**
 * From the two ways of writing a predicate to the one value.
 *
 * The compact text is for command lines and lessons: `leader(n3) and term > 5`, `not up(n2)`, `leaders >= 2`,
 * `commit(n1) >= 10`, `leader-change`, `violated(vote-once)`. The object form is for files: each key a test, all of
 * which must hold. Problems carry the place: a path into the object, or the offset in the text.
 */

import type { RunningRole } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";
import { ALL, isSelectorProblem, needsDraw, parseSelector, SELECTOR_WORDS, unionOf } from "../fault/selector.ts";
import { NO_SPLIT_BRAIN, PROPERTIES } from "../kernel/property.ts";
import type { NumberTest, PredicateFile, PredicateObject, SelectorText } from "./document.ts";
import { nearest } from "./nearest.ts";
import type { Compare, Counter, Predicate } from "./predicate.ts";
import { COUNTERS } from "./predicate.ts";
import { isQuantityProblem, parseDuration, splitCompare } from "./quantity.ts";

/** Why something is no predicate. */
export interface PredicateProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Into the object; empty for a text. */
  readonly path: readonly (string | number)[];
  /** Into the text, counted from 0; 0 for an object. */
  readonly offset: number;
}

/** Either the predicate, or null and what is wrong. */
export interface PredicateResult {
  readonly predicate: Predicate | null;
  readonly problems: readonly PredicateProblem[];
}

/** Aliases of several properties. */
export const PROPERTY_ALIASES: Readonly<Record<string, readonly string[]>> = { "no-split-brain": NO_SPLIT_BRAIN };

/** All names of properties that a file may give, aliases included. */
export function propertyNames(): string[] {
  return [...Object.keys(PROPERTY_ALIASES), ...PROPERTIES.map((property) => property.id)];
}

/** The ids that a name stands for; null where it is none. */
export function propertiesOf(name: string): readonly string[] | null {
  const alias = Object.hasOwn(PROPERTY_ALIASES, name) ? PROPERTY_ALIASES[name]! : null;
  if (alias !== null) return alias;
  return PROPERTIES.some((property) => property.id === name) ? [name] : null;
}

const RUNNING_ROLES: readonly RunningRole[] = ["leader", "follower", "candidate", "pre-candidate", "down"];

/** Words that take members in brackets, or stand alone and mean all of them. */
const TESTS = ["leader", "role", "up", "down", "term", "commit", "applied", "last-index", "commits", "converged"];

/** Every name of a test, for completion. */
export const PREDICATE_NAMES: readonly string[] = [...TESTS, "leaders", "time", "event", "violated", ...COUNTERS];

/** The keys of a predicate that may stand in an expectation itself, beside `at` or alone (then: at the end). */
export const INLINE_PREDICATE_KEYS: readonly (keyof PredicateObject)[] = [
  "leaders",
  "leader",
  "role",
  "up",
  "down",
  "term",
  "commit",
  "applied",
  "converged",
];

/** Deeper nesting than any person writes. */
const DEPTH_MAX = 32;

class Refused extends Error {
  readonly offset: number;
  readonly hint: string | null;
  constructor(message: string, offset: number, hint: string | null) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

/** The predicate that a text or an object of the file stands for, or all that is wrong with it. */
export function parsePredicate(value: PredicateFile): PredicateResult {
  const problems: PredicateProblem[] = [];
  const predicate = parseAny(value, [], problems, 0);
  return problems.length === 0 ? { predicate, problems } : { predicate: null, problems };
}

function parseAny(value: unknown, path: (string | number)[], problems: PredicateProblem[], depth: number): Predicate {
  if (depth > DEPTH_MAX) {
    refuse(problems, path, `a predicate nested more than ${DEPTH_MAX} deep`, null);
    return { kind: "all", of: [] };
  }
  if (typeof value === "string") {
    try {
      return parseText(value);
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      problems.push({ code: "LS2015", message: thrown.message, hint: thrown.hint, path, offset: thrown.offset });
      return { kind: "all", of: [] };
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    refuse(problems, path, "a predicate is a text or a map", null);
    return { kind: "all", of: [] };
  }
  return parseObject(value as PredicateObject, path, problems, depth);
}

// ---------------------------------------------------------------------------------------------- the compact text

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

function parseText(text: string): Predicate {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  if (text.trim() === "") throw new Refused("a predicate is empty", 0, "leader");
  const predicate = parseOr(cursor);
  skipSpace(cursor);
  if (cursor.at < text.length)
    throw new Refused(`"${text.slice(cursor.at)}" is left over in "${text}"`, cursor.at, "join tests by and, or");
  return predicate;
}

function parseOr(cursor: Cursor): Predicate {
  const of = [parseAnd(cursor)];
  while (takeWord(cursor, "or") || takeSign(cursor, "||")) of.push(parseAnd(cursor));
  return of.length === 1 ? of[0]! : { kind: "any", of };
}

function parseAnd(cursor: Cursor): Predicate {
  const of = [parseNot(cursor)];
  while (takeWord(cursor, "and") || takeSign(cursor, "&&")) of.push(parseNot(cursor));
  return of.length === 1 ? of[0]! : { kind: "all", of };
}

function parseNot(cursor: Cursor): Predicate {
  cursor.depth += 1;
  if (cursor.depth > DEPTH_MAX) throw new Refused(`nested more than ${DEPTH_MAX} deep`, cursor.at, null);
  try {
    if (takeWord(cursor, "not") || takeSign(cursor, "!")) return { kind: "not", of: parseNot(cursor) };
    if (takeSign(cursor, "(")) {
      const inner = parseOr(cursor);
      if (!takeSign(cursor, ")")) throw new Refused(`a ")" is missing in "${cursor.text}"`, cursor.at, null);
      return inner;
    }
    return parseTest(cursor);
  } finally {
    cursor.depth -= 1;
  }
}

/** A test that does not begin with a word; one that begins with a comparison lacks what is compared. */
function noTest(text: string, start: number): Refused {
  const rest = text.slice(start);
  if (rest === "") return new Refused(`"${text}" ends too early`, start, null);
  const compared = /^[<>=!≤≥≠]+\s*([0-9]{0,15})\s*$/.exec(rest);
  if (compared === null) return new Refused(`"${rest}" is no test`, start, null);
  const hint = `leaders ${/[<≤]/.test(rest) ? "<=" : ">="} ${compared[1] || "1"}`;
  return new Refused(`"${rest}" is no test: what is compared does not stand before it`, start, hint);
}

function parseTest(cursor: Cursor): Predicate {
  skipSpace(cursor);
  const start = cursor.at;
  const name = /^[A-Za-z][A-Za-z-]*/.exec(cursor.text.slice(start))?.[0] ?? "";
  if (name === "") throw noTest(cursor.text, start);
  if (!PREDICATE_NAMES.includes(name))
    throw new Refused(`there is no test "${name}"`, start, nearest(name, PREDICATE_NAMES));
  cursor.at += name.length;
  const argument = takeArgument(cursor);
  if ((COUNTERS as readonly string[]).includes(name)) {
    if (argument !== null) throw new Refused(`"${name}" takes nothing in brackets`, start, name);
    const test = takeCompare(cursor, name, false);
    return { kind: "counter", counter: name as Counter, compare: test?.compare ?? ">=", value: test?.value ?? 1 };
  }
  switch (name) {
    case "leaders": {
      const test = needCompare(cursor, name, start);
      const terms = argument?.trim() ?? null;
      if (terms !== null && terms !== "same-term" && terms !== "different-terms")
        throw new Refused(`"leaders" takes same-term or different-terms in brackets`, start, "leaders(same-term) >= 2");
      const sameTerm = terms === null ? null : terms === "same-term";
      return { kind: "leaders", compare: test.compare, count: test.value, sameTerm };
    }
    case "time": {
      const sign = takeCompareSign(cursor);
      const written = takeToken(cursor);
      const micros = parseDuration(written);
      if (sign === null || isQuantityProblem(micros))
        throw new Refused(
          isQuantityProblem(micros) && sign !== null ? micros.message : `"time" needs a comparison`,
          start,
          "time >= 3s",
        );
      return { kind: "time", compare: sign, micros };
    }
    case "event": {
      const test = needCompare(cursor, name, start);
      return { kind: "event", compare: test.compare, value: test.value };
    }
    case "violated": {
      if (argument === null)
        throw new Refused(`"violated" needs the property in brackets`, start, "violated(vote-once)");
      const id = argument.trim();
      if (!PROPERTIES.some((property) => property.id === id))
        throw new Refused(`there is no property "${id}"`, start, nearestProperty(id));
      return { kind: "violated", property: id };
    }
    case "role": {
      const sign = takeCompareSign(cursor);
      const role = takeToken(cursor);
      if (sign !== "=" || !isRunningRole(role))
        throw new Refused(
          `"role" needs one of ${RUNNING_ROLES.join(", ")}`,
          start,
          nearest(role, RUNNING_ROLES) ?? "role(n2) = follower",
        );
      return { kind: "role", on: selectorIn(argument, start), role };
    }
    case "leader":
    case "up":
    case "commits":
    case "converged":
      return { kind: name, on: selectorIn(argument, start) };
    case "down":
      return { kind: "role", on: selectorIn(argument, start), role: "down" };
    case "term":
    case "commit":
    case "applied":
    case "last-index": {
      const on = selectorIn(argument, start);
      const test = needCompare(cursor, name, start);
      return { kind: name, on, compare: test.compare, value: test.value };
    }
    default:
      throw new Refused(`there is no test "${name}"`, start, nearest(name, PREDICATE_NAMES));
  }
}

function selectorIn(argument: string | null, offset: number): Selector {
  if (argument === null) return ALL;
  const read = parseSelector(argument);
  if (isSelectorProblem(read)) throw new Refused(read.message, offset, read.hint ?? nearest(argument, SELECTOR_WORDS));
  if (needsDraw(read)) throw new Refused(`"${argument}" is drawn, so no predicate can ask about it`, offset, null);
  return read;
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? "")) cursor.at += 1;
}

function takeWord(cursor: Cursor, word: string): boolean {
  skipSpace(cursor);
  const rest = cursor.text.slice(cursor.at);
  if (!rest.startsWith(word) || /^[A-Za-z0-9-]/.test(rest.slice(word.length))) return false;
  cursor.at += word.length;
  return true;
}

function takeSign(cursor: Cursor, sign: string): boolean {
  skipSpace(cursor);
  if (!cursor.text.startsWith(sign, cursor.at)) return false;
  if (sign === "!" && cursor.text[cursor.at + 1] === "=") return false;
  cursor.at += sign.length;
  return true;
}

/** What stands in brackets right after a name; it may hold brackets itself. Null where there are none. */
function takeArgument(cursor: Cursor): string | null {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== "(") return null;
  let open = 0;
  for (let at = cursor.at; at < cursor.text.length; at += 1) {
    if (cursor.text[at] === "(") open += 1;
    if (cursor.text[at] === ")") open -= 1;
    if (open === 0) {
      const argument = cursor.text.slice(cursor.at + 1, at);
      cursor.at = at + 1;
      return argument;
    }
  }
  throw new Refused(`a ")" is missing in "${cursor.text}"`, cursor.at, null);
}

function takeCompareSign(cursor: Cursor): Compare | null {
  skipSpace(cursor);
  const sign = /^(<=|>=|!=|==|=|<|>|≤|≥|≠)/.exec(cursor.text.slice(cursor.at))?.[0];
  if (sign === undefined) return null;
  cursor.at += sign.length;
  return splitCompare(`${sign}0`).compare;
}

function takeToken(cursor: Cursor): string {
  skipSpace(cursor);
  const token = /^[^\s()]+/.exec(cursor.text.slice(cursor.at))?.[0] ?? "";
  cursor.at += token.length;
  return token;
}

function takeCompare(cursor: Cursor, name: string, required: boolean): { compare: Compare; value: number } | null {
  const start = cursor.at;
  const compare = takeCompareSign(cursor);
  if (compare === null) {
    if (required) throw new Refused(`"${name}" needs a comparison`, start, `${name} >= 1`);
    return null;
  }
  const written = takeToken(cursor);
  if (!/^[0-9]{1,15}$/.test(written))
    throw new Refused(
      written === "" ? `"${name} ${compare}" needs a number` : `"${written}" is no number to compare "${name}" with`,
      start,
      `${name} ${compare} 1`,
    );
  return { compare, value: Number(written) };
}

function needCompare(cursor: Cursor, name: string, start: number): { compare: Compare; value: number } {
  const test = takeCompare(cursor, name, true);
  if (test === null) throw new Refused(`"${name}" needs a comparison`, start, `${name} >= 1`);
  return test;
}

function isRunningRole(text: string): text is RunningRole {
  return (RUNNING_ROLES as readonly string[]).includes(text);
}

function nearestProperty(id: string): string | null {
  return nearest(
    id,
    PROPERTIES.map((property) => property.id),
  );
}

// ---------------------------------------------------------------------------------------------- the object form

const OBJECT_KEYS = [
  "leaders",
  "leader",
  "role",
  "up",
  "down",
  "term",
  "commit",
  "applied",
  "converged",
  "count",
  "time",
  "event",
  "violated",
  "all",
  "any",
  "not",
];

function refuse(
  problems: PredicateProblem[],
  path: readonly (string | number)[],
  message: string,
  hint: string | null,
  code: string = "LS2015",
): void {
  problems.push({ code, message, hint, path: [...path], offset: 0 });
}

function parseObject(
  object: PredicateObject,
  path: (string | number)[],
  problems: PredicateProblem[],
  depth: number,
): Predicate {
  const of: Predicate[] = [];
  const keys = Object.keys(object);
  if (keys.length === 0) refuse(problems, path, "a predicate is empty", "leaders: 1");
  for (const key of keys)
    if (!OBJECT_KEYS.includes(key))
      refuse(problems, [...path, key], `unknown key "${key}" in a predicate`, nearest(key, OBJECT_KEYS), "LS2004");
  if (object.leaders !== undefined) of.push(parseLeaders(object.leaders, [...path, "leaders"], problems));
  if (object.leader !== undefined)
    of.push({ kind: "leader", on: readSelector(object.leader, [...path, "leader"], problems) });
  if (object.role !== undefined) {
    const role = object.role.is;
    if (!isRunningRole(role))
      refuse(
        problems,
        [...path, "role", "is"],
        `there is no role "${String(role)}"`,
        nearest(String(role), RUNNING_ROLES) ?? RUNNING_ROLES.join(", "),
      );
    else of.push({ kind: "role", on: readSelector(object.role.of, [...path, "role", "of"], problems), role });
  }
  if (object.up !== undefined) of.push({ kind: "up", on: readSelector(object.up, [...path, "up"], problems) });
  if (object.down !== undefined)
    of.push({ kind: "role", on: readSelector(object.down, [...path, "down"], problems), role: "down" });
  if (object.term !== undefined) of.push(parseNumber("term", object.term, [...path, "term"], problems));
  if (object.commit !== undefined) {
    const commit = object.commit;
    if (typeof commit === "object" && commit !== null && "in" in commit)
      of.push({ kind: "commits", on: readSelector(commit.in, [...path, "commit", "in"], problems) });
    else of.push(parseNumber("commit", commit, [...path, "commit"], problems));
  }
  if (object.applied !== undefined) of.push(parseNumber("applied", object.applied, [...path, "applied"], problems));
  if (object.converged !== undefined)
    of.push({
      kind: "converged",
      on: object.converged === true ? ALL : readSelector(object.converged, [...path, "converged"], problems),
    });
  if (object.count !== undefined) {
    for (const name of Object.keys(object.count)) {
      const test = readCompare(object.count[name]!, [...path, "count", name], problems);
      if (!(COUNTERS as readonly string[]).includes(name))
        refuse(problems, [...path, "count", name], `nothing is counted as "${name}"`, nearest(name, COUNTERS));
      else of.push({ kind: "counter", counter: name as Counter, compare: test.compare, value: test.value });
    }
  }
  if (object.time !== undefined) {
    const { compare, rest } = splitCompare(String(object.time));
    const micros = parseDuration(rest);
    if (isQuantityProblem(micros)) refuse(problems, [...path, "time"], micros.message, micros.hint);
    else of.push({ kind: "time", compare, micros });
  }
  if (object.event !== undefined) {
    const test = readCompare(object.event, [...path, "event"], problems);
    of.push({ kind: "event", compare: test.compare, value: test.value });
  }
  if (object.violated !== undefined) {
    const property = String(object.violated);
    if (!PROPERTIES.some((known) => known.id === property))
      refuse(
        problems,
        [...path, "violated"],
        `there is no property "${property}"`,
        nearestProperty(property),
        "LS2017",
      );
    else of.push({ kind: "violated", property });
  }
  for (const key of ["all", "any"] as const) {
    const parts = object[key];
    if (parts === undefined) continue;
    if (!Array.isArray(parts) || parts.length === 0) {
      refuse(problems, [...path, key], `"${key}" needs a list of predicates`, null);
      continue;
    }
    of.push({
      kind: key,
      of: parts.map((part: unknown, at: number) => parseAny(part, [...path, key, at], problems, depth + 1)),
    });
  }
  if (object.not !== undefined)
    of.push({ kind: "not", of: parseAny(object.not, [...path, "not"], problems, depth + 1) });
  return of.length === 1 ? of[0]! : { kind: "all", of };
}

function parseLeaders(
  value: NonNullable<PredicateObject["leaders"]>,
  path: (string | number)[],
  problems: PredicateProblem[],
): Predicate {
  if (typeof value !== "object") {
    const test = readCompare(value, path, problems);
    return { kind: "leaders", compare: test.compare, count: test.value, sameTerm: null };
  }
  for (const key of Object.keys(value))
    if (key !== "count" && key !== "sameTerm")
      refuse(
        problems,
        [...path, key],
        `unknown key "${key}" in leaders`,
        nearest(key, ["count", "sameTerm"]) ?? "count",
        "LS2004",
      );
  const test: { compare: Compare; value: number } =
    value.count === undefined
      ? { compare: ">=", value: value.sameTerm === undefined ? 1 : 2 }
      : readCompare(value.count, [...path, "count"], problems);
  const sameTerm = value.sameTerm ?? null;
  if (sameTerm !== null && typeof sameTerm !== "boolean")
    refuse(problems, [...path, "sameTerm"], "sameTerm is true or false", null);
  return { kind: "leaders", compare: test.compare, count: test.value, sameTerm };
}

function parseNumber(
  kind: "term" | "commit" | "applied",
  value: NumberTest,
  path: (string | number)[],
  problems: PredicateProblem[],
): Predicate {
  if (typeof value === "object" && value !== null) {
    for (const key of Object.keys(value))
      if (key !== "of" && key !== "is")
        refuse(
          problems,
          [...path, key],
          `unknown key "${key}" in ${kind}`,
          kind === "commit" ? "in, of, is" : "of, is",
          "LS2004",
        );
    const test = readCompare(value.is, [...path, "is"], problems);
    const on = value.of === undefined ? ALL : readSelector(value.of, [...path, "of"], problems);
    return { kind, on, compare: test.compare, value: test.value };
  }
  const test = readCompare(value, path, problems);
  return { kind, on: ALL, compare: test.compare, value: test.value };
}

function readCompare(
  value: unknown,
  path: readonly (string | number)[],
  problems: PredicateProblem[],
): { compare: Compare; value: number } {
  const { compare, rest } = splitCompare(String(value));
  if ((typeof value !== "string" && typeof value !== "number") || !/^[0-9]{1,15}$/.test(rest)) {
    refuse(
      problems,
      path,
      `"${typeof value === "object" ? "a map" : String(value)}" is no comparison with a number`,
      '">= 1"',
    );
    return { compare: "=", value: 0 };
  }
  return { compare, value: Number(rest) };
}

function readSelector(value: SelectorText, path: readonly (string | number)[], problems: PredicateProblem[]): Selector {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const parts: Selector[] = [];
  for (const text of texts) {
    const read = typeof text === "string" ? parseSelector(text) : { message: "a selector is a text", hint: null };
    if (isSelectorProblem(read)) {
      const hint = read.hint ?? (typeof text === "string" ? nearest(text, SELECTOR_WORDS) : null);
      refuse(problems, path, read.message, hint, "LS2008");
    } else if (needsDraw(read))
      refuse(problems, path, `"${String(text)}" is drawn, so no predicate can ask about it`, null);
    else parts.push(read);
  }
  return unionOf(parts);
}
