// `lockstep scenario …`: judging, listing, showing, writing and laying out scenario files.

import { existsSync } from "node:fs";
import { counted, grouped, shortTime } from "../report/figures.ts";
import { BLANK, clipped, type Line, lineText, padded, span } from "../report/span.ts";
import { expandScenario } from "../run/execute.ts";
import { formatScenario, formatText } from "../scenario/format.ts";
import { scenarioJsonSchema } from "../scenario/json-schema.ts";
import { nearest } from "../scenario/nearest.ts";
import { type Problem, printPath } from "../scenario/problem.ts";
import { expandVariants } from "../scenario/scenario.ts";
import { parseSeed } from "../scenario/seed.ts";
import { TEMPLATES, templateText } from "../scenario/template.ts";
import { writeWhole } from "./artifact-store.ts";
import { complaint } from "./complaint.ts";
import { ExitCode } from "./exit-code.ts";
import { isModuleName } from "./load-module.ts";
import {
  badFileLines,
  loadScenarios,
  nothingThere,
  readScenarios,
  unsupportedLines,
  unsupportedProblems,
} from "./load-scenarios.ts";
import type { Terminal } from "./terminal.ts";

interface JsonOption {
  readonly json?: boolean;
}

/** Judges files; runs nothing. */
export async function validateCommand(
  names: readonly string[],
  options: JsonOption,
  terminal: Terminal,
): Promise<number> {
  const { good, bad } = await readScenarios(names);
  const missing = good.map(unsupportedProblems);
  const invalid = bad.length + missing.filter((found) => found.length > 0).length;
  const valid = good.length + bad.length - invalid;
  if (options.json === true) {
    const files = [
      ...good.map(({ file, scenario }, at) => {
        const problems = (missing[at] ?? []).map(problemOf);
        return { file, ok: problems.length === 0, name: scenario.name, problems };
      }),
      ...bad.map(({ file, problems, lines }) => ({
        file,
        ok: false,
        name: null,
        problems:
          problems.length > 0
            ? problems.map(problemOf)
            : [
                problemDocument(
                  "LS2002",
                  lines
                    .map(lineText)
                    .join(" ")
                    .replace(/^lockstep: /, ""),
                ),
              ],
      })),
    ];
    terminal.write(`${JSON.stringify({ files, valid, invalid }, null, 2)}\n`);
  } else {
    for (const [at, one] of good.entries()) {
      const { file, scenario } = one;
      if (missing[at]?.length !== 0) terminal.err(unsupportedLines(one));
      else if (terminal.verbosity > 0)
        terminal.out([[span(terminal.layout.signs.held, "good"), span(` ${file}`), span(`  ${scenario.name}`, "dim")]]);
    }
    for (const file of bad) terminal.err(badFileLines(file));
    terminal.out([
      [span(`${grouped(valid)} valid`), span(invalid === 0 ? "" : `, ${grouped(invalid)} invalid`, "bad")],
    ]);
  }
  if (invalid > 0) return ExitCode.Usage;
  if (good.length === 0) throw nothingThere(names);
  return ExitCode.Held;
}

/** A problem of a place as JSON. */
function problemOf({ code, message, line, column, path, hint }: Problem): Record<string, unknown> {
  return { code, message, line, column, path: printPath(path), hint };
}

/** A problem as JSON, of the whole file unless more is known. */
function problemDocument(code: string, message: string): Record<string, unknown> {
  return { code, message, line: 0, column: 0, path: "the file", hint: null };
}

/** Lists scenarios. */
export async function listCommand(
  names: readonly string[],
  options: JsonOption & { readonly tag?: string },
  terminal: Terminal,
): Promise<number> {
  const all = await loadScenarios(names);
  const tag = options.tag;
  const listed = tag === undefined ? all : all.filter(({ scenario }) => scenario.tags.includes(tag));
  if (tag !== undefined && listed.length === 0) {
    const near = nearest(
      tag,
      all.flatMap(({ scenario }) => scenario.tags),
    );
    throw complaint(
      `no scenario has the tag "${tag}"`,
      near === null ? null : `did you mean "${near}"?`,
      ExitCode.NothingRan,
    );
  }
  if (options.json === true) {
    const scenarios = listed.map(({ file, scenario }) => ({
      name: scenario.name,
      file,
      title: scenario.title,
      about: scenario.about,
      tags: scenario.tags,
      members: scenario.cluster.members.length,
      durationMicros: scenario.durationMicros,
      seed: scenario.seed,
      variants: scenario.variants.map((variant) => variant.variant),
      study: scenario.study !== null,
    }));
    terminal.write(`${JSON.stringify({ scenarios }, null, 2)}\n`);
    return ExitCode.Held;
  }
  const { width, signs } = terminal.layout;
  const columns = Math.min(36, Math.max(...listed.map(({ scenario }) => scenario.name.length)));
  for (const { scenario } of listed) {
    const size = `${String(scenario.cluster.members.length).padStart(2)} members ${shortTime(scenario.durationMicros).padStart(5)}`;
    const about = scenario.study !== null ? `study: ${scenario.title}` : scenario.title;
    terminal.out([
      [
        span(padded(clipped(scenario.name, columns, signs.more), columns), "strong"),
        span(`  ${size}  `, "dim"),
        span(clipped(about, Math.max(10, width - columns - size.length - 4), signs.more)),
      ],
    ]);
  }
  terminal.out([BLANK, [span(counted(listed.length, "scenario"), "dim")]]);
  return ExitCode.Held;
}

/** Shows one scenario, laid out, random faults expanded where a seed is given. */
export async function showCommand(
  name: string,
  options: JsonOption & { readonly seed?: string; readonly variant?: string },
  terminal: Terminal,
): Promise<number> {
  const [loaded] = await loadScenarios([name]);
  if (loaded === undefined) throw complaint(`there is no scenario in ${name}`, null, ExitCode.NothingRan);
  let { scenario } = loaded;
  if (options.variant !== undefined) {
    const variants = expandVariants(scenario).filter((one) => one.variant !== null);
    const found = variants.find((one) => one.variant === options.variant);
    const known = variants.map((one) => one.variant ?? "");
    if (found === undefined)
      throw complaint(
        `${name} has no variant "${options.variant}"`,
        known.length === 0 ? null : `it has ${known.join(", ")}`,
      );
    scenario = found;
  }
  if (options.seed !== undefined) {
    const seed = parseSeed(options.seed);
    if (typeof seed !== "string") throw complaint(`--seed: ${seed.message}`, seed.hint);
    scenario = { ...expandScenario(scenario, seed), seed };
  }
  terminal.write(options.json === true ? `${JSON.stringify(scenario, null, 2)}\n` : formatScenario(scenario));
  return ExitCode.Held;
}

/** Prints the schema. */
export async function schemaCommand(options: { readonly draft: string }, terminal: Terminal): Promise<number> {
  const schema = scenarioJsonSchema(options.draft === "7" ? "draft-7" : "draft-2020-12");
  terminal.write(`${JSON.stringify(schema, null, 2)}\n`);
  return ExitCode.Held;
}

/** Writes a file to begin with; never over one that is there. */
export async function newCommand(
  name: string | undefined,
  options: { readonly template: string; readonly out?: string; readonly list?: boolean },
  terminal: Terminal,
): Promise<number> {
  if (options.list === true) {
    terminal.out(TEMPLATES.map(({ id, about }): Line => [span(padded(id, 12), "strong"), span(about)]));
    return ExitCode.Held;
  }
  if (name === undefined) throw complaint("a scenario needs a name", "lockstep scenario new my-story");
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,79}$/.test(name)) {
    const meant = name
      .replace(/\.ya?ml$/i, "")
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^[^A-Za-z]+/, "");
    const hint = meant === "" ? null : `did you mean ${meant}?`;
    throw complaint(`"${name}" is no name: a letter, then letters, digits, - and _`, hint);
  }
  const text = templateText(options.template, name);
  if (text === null) {
    const ids = TEMPLATES.map((template) => template.id);
    const near = nearest(options.template, ids);
    const hint = near === null ? `there are ${ids.join(", ")}` : `did you mean "${near}"?`;
    throw complaint(`there is no template "${options.template}"`, hint);
  }
  const path = options.out ?? `${name}.yaml`;
  if (path === "-") {
    terminal.write(text);
    return ExitCode.Held;
  }
  if (existsSync(path)) throw complaint(`${path} is there already`, "-o names another file");
  writeWhole(path, text);
  terminal.out([
    [span(terminal.layout.signs.held, "good"), span(` ${path}`)],
    [span("  run it:  "), span(`npx lockstep run ${path}`, "command")],
  ]);
  return ExitCode.Held;
}

/** Lays files out. */
export async function formatCommand(
  names: readonly string[],
  options: { readonly check?: boolean },
  terminal: Terminal,
): Promise<number> {
  const loaded = await loadScenarios(names);
  let changed = 0;
  for (const { file, text } of loaded) {
    if (isModuleName(file)) {
      terminal.err([[span(file, "strong"), span(" is a program: left as it is", "dim")]]);
      continue;
    }
    const laidOut = formatText(text);
    if (file === "-") {
      terminal.write(laidOut ?? text);
      continue;
    }
    if (laidOut === null || laidOut === text) continue;
    changed++;
    if (options.check !== true) writeWhole(file, laidOut);
    terminal.out([[span(options.check === true ? "would change " : "changed ", "warn"), span(file)]]);
  }
  if (terminal.verbosity > 0 && changed === 0 && loaded[0]?.file !== "-")
    terminal.out([
      [span(terminal.layout.signs.held, "good"), span(` ${counted(loaded.length, "file")} well laid out`)],
    ]);
  return options.check === true && changed > 0 ? ExitCode.Violated : ExitCode.Held;
}
