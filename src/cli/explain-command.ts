// `lockstep explain-code`: what a code, a property or a word of a report means, why it matters, how it comes about, where it is written.

import { PROPERTIES, type Property } from "../kernel/property.ts";
import { fillText } from "../report/fill.ts";
import { CODE_EXAMPLES, PROPERTY_TEXTS } from "../report/property-texts.ts";
import type { Layout } from "../report/signs.ts";
import { BLANK, type Line, padded, span } from "../report/span.ts";
import { WORD_TEXTS, type WordText, wordTexts } from "../report/word-texts.ts";
import { nearest } from "../scenario/nearest.ts";
import { PROPERTY_ALIASES, propertyNames } from "../scenario/parse-predicate.ts";
import { SCENARIO_CODES } from "../scenario/problem.ts";
import { type Complaint, complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** Explains one code, or lists all. */
export async function explainCommand(code: string | undefined, terminal: Terminal): Promise<number> {
  terminal.out(code === undefined ? listLines(terminal.layout) : codeLines(code, terminal.layout));
  return ExitCode.Held;
}

function listLines(layout: Layout): Line[] {
  const lines: Line[] = [[span("properties", "strong")]];
  for (const one of PROPERTIES)
    lines.push(...fillText([span(`  ${one.code}  `, "dim"), span(padded(one.id, 24))], one.rule, "dim", layout.width));
  lines.push(BLANK, [span("scenario files", "strong")]);
  for (const one of SCENARIO_CODES) lines.push([span(`  ${one.code}  `, "dim"), span(one.title)]);
  for (const sort of new Set(WORD_TEXTS.map((one) => one.sort))) {
    const words = WORD_TEXTS.filter((one) => one.sort === sort).map(({ word }) => word);
    lines.push(BLANK, [span(`words: ${sort}`, "strong")]);
    lines.push(...fillText([span("  ")], words.join(", "), "plain", layout.width));
  }
  return lines;
}

function codeLines(code: string, layout: Layout): Line[] {
  const wanted = code.trim();
  const property = PROPERTIES.find((one) => one.code === wanted.toUpperCase() || one.id === wanted.toLowerCase());
  const told = wordTexts(wanted).map((one) => wordLines(one, layout));
  if (property !== undefined) told.unshift(propertyLines(property, layout));
  if (told.length > 0) return told.flatMap((lines, at) => (at === 0 ? lines : [BLANK, ...lines]));
  const several = PROPERTY_ALIASES[wanted.toLowerCase()];
  if (several !== undefined) return aliasLines(wanted.toLowerCase(), several, layout);
  if (/^expectation[ /]\d+$/.test(wanted)) return numberedLines(wanted, layout);
  const problem = SCENARIO_CODES.find((one) => one.code === wanted.toUpperCase());
  if (problem === undefined) throw unknown(code);
  const lines: Line[] = [[span(problem.code, "strong"), span(` ${problem.title}`)], BLANK];
  lines.push(...fillText([span("  ")], problem.text, "plain", layout.width));
  const example = CODE_EXAMPLES[problem.code];
  if (example === undefined) return lines;
  const [refused, meant] = example;
  lines.push(BLANK, [span("  refused", "label")], ...sourceLines(refused, "bad"));
  lines.push([span("  meant", "label")], ...sourceLines(meant, "good"));
  return lines;
}

function unknown(given: string): Complaint {
  const known = [
    ...propertyNames(),
    ...WORD_TEXTS.map(({ word }) => word),
    ...PROPERTIES.map((one) => one.code),
    ...SCENARIO_CODES.map((one) => one.code),
  ];
  const near = nearest(given, known) ?? nearest(given.toUpperCase(), known);
  const hint = near === null ? "lockstep explain-code lists them all" : `did you mean ${near}?`;
  return complaint(`there is no code, property or word of a report "${given}"`, hint);
}

/** A word that reports use of what is expected or was seen. */
function wordLines({ word, sort, meaning, example }: WordText, layout: Layout): Line[] {
  return [
    [span(word, "strong"), span(`  (${sort})`, "dim")],
    BLANK,
    ...fillText([span("  means       ", "label")], meaning, "plain", layout.width),
    ...fillText([span("  written as  ", "label")], example, "plain", layout.width),
  ];
}

/** An expectation by its number. */
function numberedLines(wanted: string, layout: Layout): Line[] {
  const number = wanted.replace(/^\D+/, "");
  const text = `number ${number} of what the scenario has under expect, counted from 1; the report shows it under expected`;
  return [[span(wanted, "strong")], BLANK, ...fillText([span("  means       ", "label")], text, "plain", layout.width)];
}

function sourceLines(source: string, role: "bad" | "good"): Line[] {
  return source.split("\n").map((line) => [span(`    ${line}`, role)]);
}

/** A name that stands for several properties. */
function aliasLines(alias: string, ids: readonly string[], layout: Layout): Line[] {
  const lines: Line[] = [[span(alias, "strong"), span(" stands for")], BLANK];
  for (const { code, id, rule } of PROPERTIES)
    if (ids.includes(id))
      lines.push(...fillText([span(`  ${code}  `, "dim"), span(padded(id, 24))], rule, "dim", layout.width));
  return lines;
}

function propertyLines({ id, code, group, rule }: Property, layout: Layout): Line[] {
  const lines: Line[] = [[span(code, "strong"), span(` ${id}`), span(`  (${group})`, "dim")], BLANK];
  lines.push(...fillText([span("  must hold   ", "label")], rule, "strong", layout.width));
  const text = PROPERTY_TEXTS[id];
  if (text === undefined) return lines;
  lines.push(BLANK, ...fillText([span("  why         ", "label")], text.why, "plain", layout.width));
  lines.push(BLANK, ...fillText([span("  for example ", "label")], text.example, "plain", layout.width));
  lines.push(BLANK, ...fillText([span("  written in  ", "label")], text.source, "dim", layout.width));
  return lines;
}
