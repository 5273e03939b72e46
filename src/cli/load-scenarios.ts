// Reading scenarios: every file that was named, all of them judged before anything runs, all problems at once.

import { existsSync, readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { grouped } from "../report/figures.ts";
import { problemLines } from "../report/problem-lines.ts";
import { BLANK, type Line, span } from "../report/span.ts";
import { unsupportedPlaces } from "../run/execute.ts";
import { nearest } from "../scenario/nearest.ts";
import {
  FILE_CHARACTERS_MAX,
  type ParseResult,
  parseScenario,
  parseScenarioValue,
  placeFindings,
  writtenPath,
} from "../scenario/parse.ts";
import type { Problem } from "../scenario/problem.ts";
import { expandVariants, type Scenario } from "../scenario/scenario.ts";
import { Complaint, complaint, complaintLines, systemReason } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { findFiles, isScenarioName } from "./find-files.ts";
import { definesScenario, isModuleName, loadModule } from "./load-module.ts";
import { type Override, withOverride } from "./override.ts";

/** One file that was read and found to be a scenario. */
export interface LoadedScenario {
  /** As it was named, `-` for standard input. */
  readonly file: string;
  readonly text: string;
  readonly scenario: Scenario;
  /** It is not what the text says: a program made it, or the command line changed it. */
  readonly changed: boolean;
}

/** One file with what is wrong with it. */
export interface BadFile {
  readonly file: string;
  readonly text: string;
  readonly problems: readonly Problem[];
  /** Where the file could not even be read. */
  readonly lines: readonly Line[];
}

/** What reading came to. */
export interface Loaded {
  readonly good: readonly LoadedScenario[];
  readonly bad: readonly BadFile[];
}

/** Reads and judges all files behind the names. */
export async function readScenarios(names: readonly string[], overrides: readonly Override[] = []): Promise<Loaded> {
  const { files, problems } = findFiles(names);
  const good: LoadedScenario[] = [];
  const bad: BadFile[] = problems.map(({ file, message, hint }) => ({
    file,
    text: "",
    problems: [],
    lines: complaintLines(message, variantHint(file) ?? hint),
  }));
  for (const { path, fromWalk } of files) {
    const text = path === "-" ? await readInput() : readText(path);
    if (typeof text !== "string") {
      bad.push({ file: path, text: "", problems: [], lines: text.lines });
      continue;
    }
    const module = isModuleName(path);
    // A folder may hold other JSON and other programs: only what says that it is a scenario is taken for one.
    if (fromWalk && path.toLowerCase().endsWith(".json") && !text.includes("lockstep/v1")) continue;
    if (fromWalk && module && !definesScenario(text)) continue;
    let read: ParseResult;
    if (module) {
      const loaded = await loadModule(path);
      if ("lines" in loaded) {
        bad.push({ file: path, text: "", problems: [], lines: loaded.lines });
        continue;
      }
      read = judgedValue(loaded.value, overrides);
    } else read = judged(text, overrides);
    if (read.scenario === null) bad.push({ file: path, text, problems: read.problems, lines: [] });
    else good.push({ file: path, text, scenario: read.scenario, changed: module || overrides.length > 0 });
  }
  return { good, bad };
}

/** The scenarios behind the names. Throws a complaint with every problem of every file, or when there is nothing. */
export async function loadScenarios(
  names: readonly string[],
  overrides: readonly Override[] = [],
): Promise<LoadedScenario[]> {
  const { good, bad } = await readScenarios(names, overrides);
  const lines: Line[] = [];
  for (const file of bad) lines.push(...(lines.length > 0 ? [BLANK] : []), ...badFileLines(file));
  for (const one of good) lines.push(...unsupportedLines(one));
  if (lines.length > 0) throw new Complaint(lines);
  if (good.length === 0) throw nothingThere(names);
  return [...good];
}

/** Names that lead to files, and to no scenario. */
export function nothingThere(names: readonly string[]): Complaint {
  return complaint(
    `there is no scenario in ${names.join(", ")}`,
    "scenarios are *.yaml, *.yml, *.json and *.ts files; `lockstep scenario new <name>` writes one",
    ExitCode.NothingRan,
  );
}

/** Problems of one file that are shown; of more, how many. */
const PROBLEMS_SHOWN = 10;

/** The lines of a bad file. */
export function badFileLines(bad: BadFile): Line[] {
  const lines: Line[] = [...bad.lines];
  for (const problem of bad.problems.slice(0, PROBLEMS_SHOWN)) lines.push(...problemLines(problem, bad.file, bad.text));
  const rest = bad.problems.length - PROBLEMS_SHOWN;
  if (rest > 0) lines.push([span(`${bad.file}: and ${grouped(rest)} more`, "dim")]);
  return lines;
}

/** What this version cannot run of a scenario that is right by itself, each with its place. */
export function unsupportedProblems({ text, scenario, changed }: LoadedScenario): Problem[] {
  const problems: Problem[] = [];
  for (const variant of expandVariants(scenario)) {
    const findings = unsupportedPlaces(variant).map(({ path, text: message }) => ({
      code: "LS2023",
      message,
      path: changed ? path : writtenPath(text, variant.variant, path),
      onKey: true,
      hint: null,
    }));
    const found = changed
      ? findings.map(({ onKey: _onKey, ...finding }) => ({ ...finding, line: 0, column: 0, length: 1 }))
      : placeFindings(text, findings);
    for (const problem of found) {
      const known = problems.some((other) => other.message === problem.message && other.line === problem.line);
      if (!known) problems.push(problem);
    }
  }
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The same in lines. */
export function unsupportedLines(loaded: LoadedScenario): Line[] {
  return unsupportedProblems(loaded).flatMap((problem) => problemLines(problem, loaded.file, loaded.text));
}

/** Of a name that goes on with `#variant` behind a file: which variants there are, and what makes one of them. Else null. */
function variantHint(name: string): string | null {
  const [, file = "", asked = ""] = /^(.+)#([^#]*)$/.exec(name) ?? [];
  if (!existsSync(file) || !isScenarioName(file) || isModuleName(file)) return null;
  const text = readText(file);
  const scenario = typeof text === "string" ? parseScenario(text).scenario : null;
  if (scenario === null) return null;
  const names = scenario.variants.map(({ variant }) => variant ?? "");
  if (names.length === 0) return `${file} has no variants: lockstep run ${file}`;
  const one = names.includes(asked) ? asked : (nearest(asked, names) ?? names[0]);
  return `${file} has the variants ${names.join(", ")}; run makes all of them, lockstep replay <seed>:${file}#${one} makes one`;
}

function judged(text: string, overrides: readonly Override[]): ParseResult {
  const read = parseScenario(text);
  if (read.scenario === null || overrides.length === 0) return read;
  return judgedValue(parse(text.replace(/^\uFEFF/, ""), { version: "1.2", logLevel: "silent" }), overrides);
}

function judgedValue(value: unknown, overrides: readonly Override[]): ParseResult {
  let file = value;
  for (const override of overrides) file = withOverride(file, override);
  const read = parseScenarioValue(file);
  if (read.scenario !== null || overrides.length === 0) return read;
  const problems = read.problems.map((problem) => ({
    ...problem,
    message: `${problem.message} (as changed on the command line)`,
  }));
  return { scenario: null, problems };
}

function readText(path: string): string | Complaint {
  try {
    const stat = statSync(path);
    if (stat.size > 4 * FILE_CHARACTERS_MAX)
      return complaint(`${path} has ${stat.size} bytes: too large for a scenario`);
    return readFileSync(path, "utf8");
  } catch (error) {
    return complaint(`${path}: ${systemReason(error)}`);
  }
}

async function readInput(): Promise<string | Complaint> {
  const { stdin } = process;
  if (stdin.isTTY === true) return complaint("- stands for standard input, and nothing is piped into it");
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stdin) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > 4 * FILE_CHARACTERS_MAX) return complaint("standard input is too large for a scenario");
    }
  } catch (error) {
    return complaint(`standard input: ${systemReason(error)}`);
  }
  return Buffer.concat(chunks).toString("utf8");
}
