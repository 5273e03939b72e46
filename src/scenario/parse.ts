/**
 * From the text of a scenario file to the scenario, or to everything that is wrong with it, each with its place.
 *
 * Pure: text in, result out; reading files is the host's. Mistakes of shape do not hide mistakes of sense: what is
 * broken is taken out, and the rest is judged all the same.
 */

import type { Alias, Document, LineCounter, Node, Pair, Scalar } from "yaml";
import { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, parse, visit } from "yaml";
import type { Lenience } from "./check.ts";
import { writtenPlace } from "./check-expectations.ts";
import { compile } from "./compile.ts";
import type { ScenarioFile } from "./document.ts";
import { nearest } from "./nearest.ts";
import type { Path, Problem } from "./problem.ts";
import { DEPTH_MAX, linesOf, readYaml, withoutMark } from "./read-yaml.ts";
import type { Scenario } from "./scenario.ts";
import { belongsUnder, keysAt } from "./schema.ts";
import type { Finding } from "./shape.ts";
import { checkShape } from "./shape.ts";
import { validate } from "./validate.ts";
import type { Plain } from "./variant.ts";
import { applyOverride, sameValue } from "./variant.ts";

export interface ParseResult {
  /** Null where there is any problem. */
  readonly scenario: Scenario | null;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** Larger files are refused unread. */
export const FILE_CHARACTERS_MAX: number = 4 * 1_024 * 1_024;
/** More values than this come from no person; aliases can multiply a small file into one. */
const VALUES_MAX = 500_000;
const VARIANTS_MAX = 100;
const TOO_DEEP = `the file is nested deeper than ${DEPTH_MAX}`;
/** So many mistakes are shown in their places: nobody reads more, and each place has to be looked for. */
const PROBLEMS_MAX = 200;

/** The scenario that the YAML (or JSON, which is YAML) text says, or its problems. */
export function parseScenario(given: string): ParseResult {
  const early = refuseText(given);
  if (early !== null) return { scenario: null, problems: [early] };
  const text = withoutMark(given);
  const lines = linesOf(text);
  const document = readYaml(text);
  if ("tooDeepAt" in document)
    return { scenario: null, problems: [atOffset("LS2001", TOO_DEEP, document.tooDeepAt, lines)] };
  const problems: Problem[] = [];
  for (const error of [...document.errors, ...document.warnings])
    problems.push(atOffset("LS2001", yamlMessage(error.code), error.pos[0], lines));
  for (const key of repeatedKeys(document)) {
    const place = atOffset("LS2003", `the key "${String(key.value)}" is given twice`, key.range[0], lines);
    problems.push({ ...place, length: key.range[1] - key.range[0] });
  }
  if (problems.some((problem) => problem.code === "LS2001")) {
    const all = inOrder(problems);
    const [first] = all as [Problem];
    return { scenario: null, problems: looksLikeScenario(text, first.line) ? all : [{ ...first, ...NO_SCENARIO }] };
  }
  const { contents } = document;
  if (contents === null) return { scenario: null, problems: [atStart("LS2002", "the file is empty")] };
  if (!isMap(contents)) {
    const message = `this is no scenario: it holds ${isSeq(contents) ? "a list" : "a text"}, and a scenario is a map, which begins with name: and cluster:`;
    return { scenario: null, problems: [...problems, atOffset("LS2002", message, contents.range[0], lines)] };
  }
  const lost = lostAlias(document);
  if (lost !== null) {
    const message = `the alias *${lost.source} leads nowhere: no &${lost.source} stands before it`;
    const place = atOffset("LS2001", message, lost.range[0], lines);
    return { scenario: null, problems: [...problems, { ...place, length: lost.source.length + 1 }] };
  }
  const value = plainOf(document);
  if (typeof value === "string") return { scenario: null, problems: [atStart("LS2002", value)] };
  const strange = strangeKeys(value);
  if (strange !== null) {
    const message = `this is no scenario: it has ${strange}, and nothing of what a scenario has`;
    return { scenario: null, problems: [...problems, atOffset("LS2002", message, contents.range[0], lines)] };
  }
  const { scenario, findings } = judge(value);
  const all = problems.length + findings.length;
  if (all > PROBLEMS_MAX)
    problems.splice(PROBLEMS_MAX, all, atStart("LS2002", `the file has ${all} mistakes; not all of them follow`));
  for (const finding of findings.slice(0, PROBLEMS_MAX)) problems.push(placed(finding, document, lines, text));
  return { scenario: problems.length === 0 ? scenario : null, problems: inOrder(problems) };
}

/** The scenario that a plain value (JSON, `defineScenario`) says, or its problems, with paths in place of lines. */
export function parseScenarioValue(value: unknown): ParseResult {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { scenario: null, problems: [{ ...atStart("LS2002", "a scenario is a map"), line: 0, column: 0 }] };
  const size = measure(value, 0, { left: VALUES_MAX });
  if (size !== null) return { scenario: null, problems: [{ ...atStart("LS2002", size), line: 0, column: 0 }] };
  const { scenario, findings } = judge(value as Plain);
  const problems = findings.map((finding) => ({
    code: finding.code,
    message: finding.message,
    path: finding.path,
    line: 0,
    column: 0,
    length: 1,
    hint: finding.hint,
  }));
  return { scenario: problems.length === 0 ? scenario : null, problems };
}

/** Gives findings about a scenario that parsed the lines and columns of its text. */
export function placeFindings(given: string, findings: readonly Finding[]): Problem[] {
  const text = withoutMark(given);
  const lines = linesOf(text);
  const document = readYaml(text) as Document.Parsed;
  return inOrder(findings.map((finding) => placed(finding, document, lines, text)));
}

/**
 * Where in the text of a file the place of a scenario made from it stands: within the variant where that has it, with the
 * place in the scenario's list of expectations turned into the place in the file's.
 */
export function writtenPath(text: string, variant: string | null, path: Path): Path {
  const value: unknown = parse(withoutMark(text), { version: "1.2", logLevel: "silent" });
  const file = value as ScenarioFile;
  const override = variant === null ? undefined : file.variants?.[variant];
  const inside = override !== undefined && leadsInto(override, path);
  const within = (inside ? override : file) as ScenarioFile;
  let [list, place, ...rest] = path;
  if (list === "expect" && typeof place === "number") place = writtenPlace(within.expect ?? [], place);
  // A single workload may stand without a list.
  if (list === "workload" && typeof place === "number" && !Array.isArray(within.workload)) place = rest.shift();
  const written = [list, place, ...rest].filter((part) => part !== undefined);
  return inside ? ["variants", variant as string, ...written] : written;
}

// ---------------------------------------------------------------------------------------------------- the judging

interface Judged {
  readonly scenario: Scenario | null;
  readonly findings: readonly Finding[];
}

function judge(value: Plain): Judged {
  const findings: Finding[] = [];
  const base = judgeOne(value, null, findings);
  const overrides = value.variants;
  if (typeof overrides !== "object" || overrides === null || Array.isArray(overrides) || base === null)
    return { scenario: findings.length === 0 ? base : null, findings };
  const variants: Scenario[] = [];
  const common: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (key !== "variants") common[key] = value[key];
  const names = Object.keys(overrides);
  const report = (path: Path, message: string, hint: string | null): void => {
    findings.push({ code: "LS2018", path, message, hint, onKey: true });
  };
  if (names.length === 0) report(["variants"], "a list of variants without any", null);
  if (names.length > VARIANTS_MAX) report(["variants"], `${names.length} variants: ${VARIANTS_MAX} are the most`, null);
  for (const name of names.slice(0, VARIANTS_MAX)) {
    const override = (overrides as Readonly<Record<string, unknown>>)[name];
    const path: Path = ["variants", name];
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,79}$/.test(name)) {
      report(
        path,
        `"${name}" is no name of a variant: a letter, then letters, digits, - and _`,
        /^[0-9]/.test(name) ? `v${name}` : null,
      );
      continue;
    }
    if (typeof override !== "object" || override === null || Array.isArray(override)) continue;
    const fixed = ["name", "variants", "over", "claims", "apiVersion"].find((key) => Object.hasOwn(override, key));
    if (fixed !== undefined) {
      report([...path, fixed], `a variant cannot change "${fixed}"`, null);
      continue;
    }
    const merged = applyOverride(common, override as Plain);
    if (sameValue(merged, common)) {
      report(path, `the variant "${name}" overrides nothing: it is the file itself`, null);
      continue;
    }
    const own: Finding[] = [];
    const variant = judgeOne(merged, name, own);
    for (const finding of own) {
      const inside = leadsInto(override, finding.path);
      const moved = inside ? [...path, ...finding.path] : finding.path;
      const known = findings.some((other) => other.message === finding.message && samePath(other.path, moved));
      // A mistake of the file itself is reported once; one that only this variant makes of it names the variant.
      if (known) continue;
      findings.push({
        ...finding,
        path: moved,
        message: inside ? finding.message : `${finding.message} (in the variant "${name}")`,
      });
    }
    if (variant !== null) variants.push({ ...variant, study: null, claims: [] });
  }
  if (findings.length > 0) return { scenario: null, findings };
  return { scenario: { ...base, variants }, findings };
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, at) => part === b[at]);
}

/** Whether the override itself holds the place that the path leads to, at least down to the first list. */
function leadsInto(override: unknown, path: Path): boolean {
  let here = override;
  for (const part of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, part)) return false;
    here = (here as Readonly<Record<string | number, unknown>>)[part];
    if (Array.isArray(here)) return true;
  }
  return path.length > 0;
}

/** Judges one file without its variants; findings are added, and the scenario given where there were none. */
function judgeOne(value: Plain, variant: string | null, findings: Finding[]): Scenario | null {
  const first = checkShape(value);
  if (first.file !== null) {
    const scenario = compile(first.file, variant);
    findings.push(...validate(first.file, scenario));
    return scenario;
  }
  for (const finding of first.findings) findings.push(finding); // Spread out, a huge file has too many for one call.
  // Take out what is broken and judge what is left, so that one slip does not hide the others.
  const removed: Removed = { names: [] };
  let left = withoutUnknown(value, first.findings);
  let shape = checkShape(left);
  for (const finding of shape.findings) {
    const related = first.findings.some(
      (known) => isPrefix(known.path, finding.path) || isPrefix(finding.path, known.path),
    );
    if (!related) findings.push(finding);
  }
  let origins: Readonly<Record<string, readonly number[]>> = {};
  if (shape.file === null) {
    const pruned = prune(left, shape.findings, removed);
    left = pruned.value;
    origins = pruned.origins;
  }
  // What is not known is taken to be as large as it can be, so that nothing is judged by a default.
  const wrong = (...path: Path): boolean =>
    first.findings.some((finding) => finding.code !== "LS2004" && isPrefix(path, finding.path));
  const unknownMembers = wrong("cluster", "members");
  const unknownClients = wrong("workload");
  const generous: Record<string, unknown> = { ...left };
  if (wrong("duration")) generous.duration = "9999h";
  if (wrong("over")) generous.over = { seeds: "1..1000" };
  if (unknownMembers) generous.cluster = { ...(left.cluster as Plain | undefined), members: 99 };
  shape = checkShape(generous);
  if (shape.file === null) return null;
  const lenience: Lenience = { names: removed.names, origins, unknownMembers, unknownClients };
  const scenario = compile(shape.file, variant);
  const broken = first.findings;
  for (const finding of validate(shape.file, scenario, lenience))
    if (!broken.some((known) => isPrefix(finding.path, known.path) && finding.path.length < 3)) findings.push(finding);
  return scenario;
}

function isPrefix(short: Path, long: Path): boolean {
  return short.length <= long.length && short.every((part, at) => part === long[at]);
}

interface Removed {
  readonly names: string[];
}

/** A copy without the unknown keys. */
function withoutUnknown(value: Plain, findings: readonly Finding[]): Plain {
  const copy = structuredCopy(value) as Plain;
  for (const finding of findings) {
    if (finding.code !== "LS2004" || !finding.onKey) continue;
    let here: unknown = copy;
    for (const part of finding.path.slice(0, -1))
      here = (here as Readonly<Record<string | number, unknown>> | undefined)?.[part];
    if (typeof here === "object" && here !== null) Reflect.deleteProperty(here, finding.path[finding.path.length - 1]!);
  }
  return copy;
}

const LISTS = ["faults", "expect", "workload"];

/** A copy without the entries and keys that the findings are about, and where the remaining entries stood. */
function prune(
  value: Plain,
  findings: readonly Finding[],
  removed: Removed,
): { value: Plain; origins: Record<string, number[]> } {
  const copy = structuredCopy(value) as Record<string, unknown>;
  const gone: Record<string, number[]> = {};
  const origins: Record<string, number[]> = {};
  for (const finding of findings) {
    const [outer, inner] = finding.path;
    if (typeof outer !== "string") {
      if (copy.name === undefined) copy.name = "scenario";
      continue;
    }
    if (outer === "name") copy.name = "scenario";
    else if (LISTS.includes(outer) && typeof inner === "number") (gone[outer] ??= []).push(inner);
    else if (
      typeof inner === "string" &&
      typeof copy[outer] === "object" &&
      copy[outer] !== null &&
      outer !== "random" &&
      outer !== "over"
    )
      Reflect.deleteProperty(copy[outer], inner);
    else delete copy[outer];
  }
  for (const list of LISTS) {
    const entries = copy[list];
    const missing = gone[list];
    if (!Array.isArray(entries) || missing === undefined) continue;
    for (const at of missing) rememberNames(entries[at], removed);
    origins[list] = entries.map((_, at) => at).filter((at) => !missing.includes(at));
    copy[list] = entries.filter((_, at) => !missing.includes(at));
  }
  return { value: copy, origins };
}

function rememberNames(entry: unknown, removed: Removed): void {
  if (typeof entry !== "object" || entry === null) return;
  const id = (entry as Plain).id;
  const backup = (entry as Plain).backup;
  if (typeof id === "string") removed.names.push(id);
  if (typeof backup === "object" && backup !== null && typeof (backup as Plain).as === "string")
    removed.names.push((backup as Plain).as as string);
}

function structuredCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCopy);
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = structuredCopy((value as Plain)[key]);
  return copy;
}

// ----------------------------------------------------------------------------------------------------- text and YAML

function atStart(code: string, message: string): Problem {
  return { code, message, path: [], line: 1, column: 1, length: 1, hint: null };
}

function atOffset(code: string, message: string, offset: number, lines: LineCounter): Problem {
  const { line, col: column } = lines.linePos(offset);
  return { ...atStart(code, message), line, column };
}

/** What is said of a text that is neither YAML nor begins like a scenario. */
const NO_SCENARIO = {
  code: "LS2002",
  message: "this is no scenario: it stops being YAML here, and no line up to here begins with a key of a scenario",
} as const;

/** Whether a line up to this one begins with a key that the top of a scenario has. */
function looksLikeScenario(text: string, untilLine: number): boolean {
  const keys = keysAt([]) ?? [];
  return text
    .split("\n", untilLine)
    .some((line) => keys.includes(/^[\s{]*["']?([A-Za-z]+)["']?\s*:/.exec(line)?.[1] ?? ""));
}

/** Keys that other files have as well. */
const COMMON_KEYS: readonly string[] = ["name", "title", "about", "tags"];

/** Some keys of a map of which no key is one that only scenarios have, nor near to one; null for any other map. */
function strangeKeys(value: Plain): string | null {
  const known = (keysAt([]) ?? []).filter((key) => !COMMON_KEYS.includes(key));
  const others = Object.keys(value).filter((key) => !COMMON_KEYS.includes(key));
  if (others.length < 2) return null;
  for (const key of others) if (nearest(key, known) !== null || belongsUnder(key) !== null) return null;
  const named = others.slice(0, 3).map((key) => `"${key.length > 30 ? `${key.slice(0, 27)}...` : key}"`);
  return `${named.join(", ")}${others.length > 3 ? ", …" : ""}`;
}

function refuseText(text: string): Problem | null {
  if (text.length > FILE_CHARACTERS_MAX)
    return atStart("LS2002", `the file has ${text.length} characters: ${FILE_CHARACTERS_MAX} are the most`);
  if (text.trim() === "") return atStart("LS2002", "the file is empty");
  for (let at = 0; at < Math.min(text.length, 65_536); at += 1) {
    const unit = text.charCodeAt(at);
    if ((unit < 32 && unit !== 9 && unit !== 10 && unit !== 13) || unit === 0xfffd)
      return atStart("LS2002", "the file is binary, not text");
  }
  return null;
}

/** Keys that their map has already, in the order of the text. */
function repeatedKeys(document: Document.Parsed): Scalar.Parsed[] {
  const repeated: Scalar.Parsed[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated.push(key as Scalar.Parsed);
        seen.add(key.value);
      }
    },
  });
  return repeated;
}

/** What the parser of YAML complains about, in our words. */
function yamlMessage(code: string): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "a tab is used for indentation; YAML takes spaces only";
    case "BAD_INDENT":
      return "the indentation does not fit the lines above";
    case "MISSING_CHAR":
      return "a closing quote, bracket or comma is missing";
    case "MULTIPLE_DOCS":
      return "the file holds several documents; a scenario is one";
    case "UNEXPECTED_TOKEN":
      return "something unexpected stands here";
    case "MULTILINE_IMPLICIT_KEY":
    case "KEY_OVER_1024_CHARS":
      return "a key goes over several lines; is a colon or a quote missing?";
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BLOCK_IN_FLOW":
      return 'a map begins where a value is expected; a text with ": " in it needs quotes';
    case "BAD_ALIAS":
      return "an alias leads nowhere";
    case "TAG_RESOLVE_FAILED":
      return "a tag (!…) that a scenario does not know";
    case "BAD_DIRECTIVE":
      return "a directive (%…) that YAML does not know";
    case "BAD_DQ_ESCAPE":
      return "an unknown escape in a text in double quotes";
    case "BAD_SCALAR_START":
      return "a plain text cannot start with this sign; quote it";
    default:
      return "this is no YAML";
  }
}

/** The first alias without an anchor before it, or null. */
function lostAlias(document: Document.Parsed): Alias.Parsed | null {
  const anchors = new Set<string>();
  let lost: Alias.Parsed | null = null;
  visit(document, (_key, node) => {
    if (isAlias(node)) {
      if (anchors.has(node.source)) return undefined;
      lost = node as Alias.Parsed;
      return visit.BREAK;
    }
    if (isNode(node) && node.anchor !== undefined) anchors.add(node.anchor);
    return undefined;
  });
  return lost;
}

/** The document as plain values, or why it cannot be one. A numeric seed keeps its digits. */
function plainOf(document: Document.Parsed): Plain | string {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return "the aliases of the file multiply beyond measure";
  }
  const tooMuch = measure(value, 0, { left: VALUES_MAX });
  if (tooMuch !== null) return tooMuch;
  const plain = value as Record<string, unknown>;
  const seed = document.get("seed", true);
  if (isScalar(seed) && typeof seed.value === "number" && typeof seed.source === "string")
    plain.seed = seed.source.trim();
  return plain;
}

function measure(value: unknown, depth: number, budget: { left: number }): string | null {
  budget.left -= 1;
  if (budget.left < 0) return "the file holds more values than a scenario can need";
  if (typeof value !== "object" || value === null) return null;
  if (depth > DEPTH_MAX) return TOO_DEEP;
  for (const key of Object.keys(value)) {
    const inner = measure((value as Plain)[key], depth + 1, budget);
    if (inner !== null) return inner;
  }
  return null;
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const unique = new Map<string, Problem>();
  for (const problem of problems) {
    const id = `${problem.line}:${problem.column}:${problem.message}`;
    if (!unique.has(id)) unique.set(id, problem);
  }
  return [...unique.values()].sort(
    (a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
}

/** The finding with the line and column of the place it is about. */
function placed(finding: Finding, document: Document.Parsed, lines: LineCounter, text: string): Problem {
  const [start, end] = rangeOf(finding, document);
  const place = lines.linePos(start);
  const newline = text.indexOf("\n", start);
  const lineEnd = newline < 0 ? text.length : newline;
  return {
    code: finding.code,
    message: finding.message,
    path: finding.path,
    line: place.line,
    column: place.col,
    length: Math.max(1, Math.min(end, lineEnd) - start),
    hint: finding.hint,
  };
}

/** Offsets of what the path leads to: the value, or its key where the value spans lines or the key itself is wrong. */
function rangeOf(finding: Finding, document: Document.Parsed): [number, number] {
  let node: Node | null = document.contents as Node | null;
  let key: Node | null = null;
  for (const part of finding.path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part),
      );
      if (pair === undefined) break;
      key = pair.key as Node;
      node = isNode(pair.value) ? pair.value : null;
      if (node === null) break;
    } else if (isSeq(node) && typeof part === "number") {
      const item = node.items[part];
      if (!isNode(item)) break;
      key = null;
      node = item;
    } else break;
  }
  const nodeRange = node?.range ?? null;
  const keyRange = key?.range ?? null;
  if (finding.onKey && keyRange) return [keyRange[0], keyRange[1]];
  if (nodeRange === null) return keyRange ? [keyRange[0], keyRange[1]] : [0, 1];
  const block = isCollection(node) && node.flow !== true;
  if (keyRange && (block || nodeRange[0] === nodeRange[1])) return [keyRange[0], keyRange[1]];
  if (block) return [nodeRange[0], nodeRange[0] + 1];
  return [nodeRange[0], nodeRange[1]];
}

/** The type of what `checkShape` lets through, for hosts that build files rather than texts. */
export type { ScenarioFile };
