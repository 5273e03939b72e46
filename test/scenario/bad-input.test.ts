import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseScenario, parseScenarioValue } from "../../src/scenario/parse.ts";
import { formatProblem, type Problem, SCENARIO_CODES } from "../../src/scenario/problem.ts";
import { fc, test } from "../properties.ts";

// Scripts: a title, a file, a line of dashes, and everything that is said about it. LOCKSTEP_UPDATE=1 writes the answers
// anew, to be reviewed as a diff.
const path = resolve(import.meta.dirname, "bad-input.txt");
const scripts = readFileSync(path, "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((script) => {
    const [title = "", ...rest] = script.split("\n");
    const [source = "", answer = ""] = rest.join("\n").split(/^---\n/m);
    return { title, source, answer: answer.trimEnd() };
  });

function answer(source: string): string {
  return parseScenario(source)
    .problems.map((problem) => formatProblem(problem, "x.yaml", source))
    .join("\n");
}

if (process.env.LOCKSTEP_UPDATE === "1")
  writeFileSync(path, scripts.map(({ title, source }) => `=== ${title}\n${source}---\n${answer(source)}\n\n`).join(""));

describe("bad input", () => {
  it.each(scripts)("$title", ({ source, answer: expected }) => {
    if (process.env.LOCKSTEP_UPDATE !== "1") expect(answer(source)).toBe(expected);
    expect(parseScenario(source).scenario).toBeNull();
  });

  it("every code is explained, and every script gets a code that is", () => {
    const known = SCENARIO_CODES.map((one) => one.code);
    expect(new Set(known).size).toBe(known.length);
    const used = new Set(
      scripts.flatMap(({ source }) => parseScenario(source).problems.map((problem) => problem.code)),
    );
    // LS2023 is about files that are right: what is refused before the run, by the engine's own list.
    expect([...used].sort()).toEqual(known.filter((code) => code !== "LS2023").sort());
  });

  it.each([
    ["a binary file", "\u0000\u0001PNG\u0002"],
    ["a file of another encoding", "name: \uFFFD\uFFFD"],
    ["an empty file", " \n\n"],
    ["only a comment", "# nothing"],
    ["a list", "- a\n- b\n"],
    ["a text", "just words"],
    [
      "aliases that multiply",
      `a: &a [x,x,x,x,x,x,x,x]\n${"bcdefghi"
        .split("")
        .map((key, at) => `${key}: &${key} [${`*${"abcdefgh"[at]},`.repeat(8)}]`)
        .join("\n")}\n`,
    ],
    ["a map that holds itself", "name: x\ncluster: &c\n  members: *c\n"],
    ["nesting without end", "[".repeat(20_000)],
    ["deep nesting that closes", `name: x\nabout: ${"[".repeat(500)}${"]".repeat(500)}\n`],
    ["a huge file", `name: x\nabout: ${"a".repeat(5_000_000)}\n`],
    ["two documents", "name: a\n---\nname: b\n"],
    ["an alias of nothing", "name: x\nfaults: [*gone]\n"],
  ])("%s is refused with a sentence", (_title, source) => {
    const { scenario, problems } = parseScenario(source);
    expect(scenario).toBeNull();
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]!.message).not.toMatch(/undefined|\[object|Error/);
  });

  it("an alias is named with its place, and an anchor that comes after it does not count", () => {
    const { problems } = parseScenario("name: x\nfaults: [*late]\nabout: &late y\n");
    expect(problems.map(({ line, column, message }) => ({ line, column, message }))).toEqual([
      { line: 2, column: 10, message: "the alias *late leads nowhere: no &late stands before it" },
    ]);
  });

  it("a file of nothing but mistakes is refused in time, and says how many it has", () => {
    const source = `duration: 5s\n${Array.from({ length: 30_000 }, (_, at) => `a${at}: {}\n`).join("")}`;
    const { problems } = parseScenario(source);
    expect(problems[0]?.message).toBe("the file has 30001 mistakes; not all of them follow");
    expect(problems.length).toBe(201);
  });

  it("nesting is refused from one depth on, at the place where it begins", () => {
    const listed = (depth: number): string => `name: x\nabout: ${"[".repeat(depth)}${"]".repeat(depth)}\n`;
    const mapped = `name: x\ncluster:\n${Array.from({ length: 1000 }, (_, at) => `${" ".repeat(at + 1)}a:\n`).join("")}`;
    const first = (text: string): unknown[] =>
      parseScenario(text).problems.map(({ line, column, message }) => [line, column, message])[0] as unknown[];
    const said = "the file is nested deeper than 40";
    expect(first(listed(40))).toEqual([2, 8, "about is a list, and a text is needed"]);
    expect(first(listed(41))).toEqual([2, 48, said]);
    expect(first(listed(50_000))).toEqual([2, 48, said]);
    expect(first(mapped)).toEqual([43, 42, said]);
  });

  it("a page of text is one mistake, at a place that it has", () => {
    const page = "# Title\n\nWords `code`: more\nand more, with a colon: here\n\n| a | b |\n| - | - |\n";
    const { problems } = parseScenario(page);
    expect(problems.length).toBe(1);
    const [{ line, column, message }] = problems as [Problem];
    expect(message).toContain("this is no scenario");
    expect(page.split("\n")[line - 1]?.length).toBeGreaterThanOrEqual(column - 1);
  });

  it("every place of a text that is no YAML is in the text", () => {
    const page = `name: x\nabout: words\n${"some words: and more, [ {\n| a | b |\n\n".repeat(20)}`;
    const { problems } = parseScenario(page);
    expect(problems.length).toBeGreaterThan(0);
    for (const { line, column } of problems)
      expect((page.split("\n")[line - 1] ?? "").length).toBeGreaterThanOrEqual(column - 1);
  });

  it("a file that is no text is not shown", () => {
    const source = "\u0000\u0001PNG\u009b31m";
    expect(answer(source)).toBe("x.yaml:1:1  LS2002 the file is binary, not text");
  });

  it("a value that came from no text has its place as a path", () => {
    const { problems } = parseScenarioValue({ name: "x", faults: [{ at: "1s", crash: "n9" }] });
    expect(formatProblem(problems[0]!, "x.ts", "")).toBe(
      'x.ts:faults[0].crash  LS2009 there is no member n9: there are n1, n2, n3 – did you mean "n3"?',
    );
  });
});

test.prop([fc.string({ unit: "binary", size: "medium" })])("no text makes the parser throw", (text) => {
  expect(parseScenario(text).scenario).toBeNull();
});

const key = fc.constantFrom(
  "name",
  "cluster",
  "members",
  "faults",
  "at",
  "crash",
  "expect",
  "always",
  "variants",
  "over",
  "seeds",
  "partition",
  "groups",
  "workload",
  "random",
  "x",
);
const leaf = fc.oneof(
  fc.constantFrom("leader", "n1", "3s", "1..5", "leaders >= 2", "rest", "30%"),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
  ),
}));
test.prop([fc.dictionary(key, tree, { maxKeys: 8 })])(
  "no value makes the parser throw, and each problem has a code",
  (value) => {
    const { scenario, problems } = parseScenarioValue(value);
    expect(scenario === null).toBe(problems.length > 0);
    for (const problem of problems) expect(SCENARIO_CODES.map((one) => one.code)).toContain(problem.code);
  },
);
