/**
 * Reader of data-driven scripts: directives with their input and the text that running them must print.
 *
 * What is unknown here: what any command does. The format is that of cockroachdb/datadriven.
 */

import { quote } from "../../raft/describe.ts";

/** One argument of a directive: `key`, `key=value` or `key=(value, value)`. Without `=` it has no values. */
export interface Argument {
  readonly key: string;
  readonly values: readonly string[];
}

/** One test case of a script. Line numbers start at 1. */
export interface Directive {
  readonly command: string;
  readonly args: readonly Argument[];
  readonly input: string;
  readonly expected: string;
  /** Line of the directive. */
  readonly line: number;
  /** Line of the first expected line. */
  readonly expectedLine: number;
}

/** Something is wrong with the script itself, or the simulated system broke a promise: the script cannot go on. */
export class ScriptError extends Error {}

/** Where and how a script first differs; null fields if it does not. */
export interface ScriptResult {
  readonly passed: boolean;
  /** Commands that printed what they must. */
  readonly commands: number;
  /** Line of the first difference, 0 if there is none. */
  readonly line: number;
  /** The expected line there; `<nothing>` if there should be none. */
  readonly expected: string;
  readonly actual: string;
}

/** White space as Go's `strings.TrimSpace` has it: with U+0085, without U+FEFF, other than JavaScript's own. */
const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const OUTER_SPACE = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** Returns a text without white space at its ends. */
export function trimSpace(text: string): string {
  return text.replace(OUTER_SPACE, "");
}

/** Returns the test cases of a script. Throws a ScriptError that says the line. */
export function readScript(text: string): Directive[] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const directives: Directive[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = at;
    let head = trimSpace(lines[at++]!);
    if (head === "" || head.startsWith("#")) continue;
    while (head.endsWith("\\") && at < lines.length) head = `${head.slice(0, -1)} ${trimSpace(lines[at++]!)}`;
    const { command, args } = parseDirective(head, start + 1);
    if (command === "subtest") continue;
    const input: string[] = [];
    while (at < lines.length && lines[at] !== "----") input.push(lines[at++]!);
    if (at === lines.length) throw new ScriptError(`line ${start + 1}: no ---- after the directive`);
    at++;
    const expected: string[] = [];
    let expectedLine = at + 1;
    if (lines[at] === "----") {
      at++;
      expectedLine++;
      while (at < lines.length && !(lines[at] === "----" && lines[at + 1] === "----")) expected.push(lines[at++]!);
      if (at === lines.length) throw new ScriptError(`line ${start + 1}: the doubled ---- is not closed`);
      at += 2;
      if (at < lines.length && trimSpace(lines[at]!) !== "") {
        throw new ScriptError(`line ${at + 1}: the line after a doubled ---- must be blank`);
      }
    } else {
      while (at < lines.length && trimSpace(lines[at]!) !== "") expected.push(lines[at++]!);
    }
    directives.push({
      command,
      args,
      input: trimSpace(input.join("\n")),
      expected: expected.map((line) => `${line}\n`).join(""),
      line: start + 1,
      expectedLine,
    });
  }
  return directives;
}

/** Returns command and arguments of a directive line. */
export function parseDirective(text: string, line: number): { command: string; args: Argument[] } {
  let rest = trimSpace(text);
  const until = (stops: string): string => {
    let end = 0;
    while (end < rest.length && !stops.includes(rest[end]!)) end++;
    const head = rest.slice(0, end);
    rest = rest.slice(end);
    return head;
  };
  const command = until(" ");
  rest = trimSpace(rest);
  const args: Argument[] = [];
  while (rest !== "") {
    const key = until(" =");
    if (key === "") throw new ScriptError(`line ${line}: cannot parse directive: ${text}`);
    const values: string[] = [];
    if (rest.startsWith("=")) {
      rest = rest.slice(1);
      if (rest === "" || rest.startsWith(" ")) values.push("");
      else if (!rest.startsWith("(")) values.push(until(" "));
      else rest = parseList(rest.slice(1), values, text, line);
    }
    args.push({ key, values });
    rest = trimSpace(rest);
  }
  return { command, args };
}

/** Collects the values of a list up to its closing parenthesis and returns what follows it. */
function parseList(text: string, values: string[], directive: string, line: number): string {
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "(") depth++;
    else if (character === ")" && depth > 0) depth--;
    else if (depth === 0 && (character === "," || character === ")")) {
      values.push(text.slice(start, at));
      if (character === ")") return text.slice(at + 1);
      start = at + 1;
      while (text[start] === " " || text[start] === "\t") start++;
      at = start - 1;
    }
  }
  throw new ScriptError(`line ${line}: cannot parse directive: ${directive}`);
}

/**
 * Runs a script: `run` returns what a command prints, and throws a ScriptError where the script cannot go on.
 * `stable` takes out of a text what the original does not print the same way twice.
 */
export function runDirectives(
  text: string,
  run: (directive: Directive) => string,
  stable: (text: string) => string = (all) => all,
): ScriptResult {
  let commands = 0;
  let current = 0;
  try {
    for (const directive of readScript(text)) {
      current = directive.line;
      let actual = run(directive);
      if (actual !== "" && !actual.endsWith("\n")) actual += "\n";
      actual = stable(actual);
      const expected = stable(directive.expected);
      if (actual !== expected) return difference(directive, expected, actual, commands);
      commands++;
    }
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { passed: false, commands, line: current, expected: "<a command that runs>", actual: error.message };
  }
  return { passed: true, commands, line: 0, expected: "", actual: "" };
}

function difference(directive: Directive, expected: string, actual: string, commands: number): ScriptResult {
  const wanted = expected.split("\n").slice(0, -1);
  const got = actual.split("\n").slice(0, -1);
  let offset = 0;
  while (offset < wanted.length && offset < got.length && wanted[offset] === got[offset]) offset++;
  return {
    passed: false,
    commands,
    line: directive.expectedLine + offset,
    expected: wanted[offset] ?? "<nothing>",
    actual: got[offset] ?? "<nothing>",
  };
}

/** Returns a non-negative decimal integer, or throws a ScriptError. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new ScriptError(`not an integer: ${text}`);
  return Number(text);
}

/**
 * Returns a decimal number as Go's ParseUint reads it, or the text of its error. A number that the core cannot hold
 * exactly, from 2^53 on, ends the script.
 */
export function parseUint(text: string): number | string {
  if (!/^\d+$/.test(text)) return `strconv.ParseUint: parsing ${quote(text)}: invalid syntax`;
  if (BigInt(text) >= 2n ** 64n) return `strconv.ParseUint: parsing ${quote(text)}: value out of range`;
  if (!Number.isSafeInteger(Number(text))) throw new ScriptError(`a number beyond 2^53: ${text}`);
  return Number(text);
}

/** Returns a boolean in one of the spellings of Go's ParseBool, or null. */
export function parseBoolean(text: string): boolean | null {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(text) ? false : null;
}

/** As `parseBoolean`, but anything else is a mistake in the script. */
export function requireBoolean(text: string): boolean {
  const value = parseBoolean(text);
  if (value === null) throw new ScriptError(`not a boolean: ${text}`);
  return value;
}
