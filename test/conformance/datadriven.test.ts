import { expect, test } from "vitest";
import {
  parseDirective,
  parseUint,
  readScript,
  runDirectives,
  ScriptError,
} from "../../src/cli/conformance/datadriven.ts";

test("an argument has no values, one, an empty one or a list", () => {
  const { command, args } = parseDirective("cmd  a b= c=1 d=(x, y,z) e=((1,2), f(3)) g=()", 1);
  expect(command).toBe("cmd");
  expect(args).toEqual([
    { key: "a", values: [] },
    { key: "b", values: [""] },
    { key: "c", values: ["1"] },
    { key: "d", values: ["x", "y", "z"] },
    { key: "e", values: ["(1,2)", "f(3)"] },
    { key: "g", values: [""] },
  ]);
});

test("quotes mean nothing", () => {
  expect(parseDirective('propose 1 "foo"', 1).args[1]).toEqual({ key: '"foo"', values: [] });
});

test("comments and blank lines stand between test cases, and are text inside input", () => {
  const [first, second, ...more] = readScript("# c\n\n  one \\\n   x\nin # put\n\nmore\n----\nout\n\ntwo\n----\n");
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    command: "one",
    args: [{ key: "x", values: [] }],
    input: "in # put\n\nmore",
    expected: "out\n",
    line: 3,
    expectedLine: 9,
  });
  expect(second).toMatchObject({ command: "two", input: "", expected: "" });
});

test("a doubled separator allows blank lines in the expected text", () => {
  const [only] = readScript("cmd\n----\n----\na\n\nb\n----\n----\n\n");
  expect(only!.expected).toBe("a\n\nb\n");
});

test("carriage returns at the ends of lines do not count", () => {
  expect(readScript("cmd\r\n----\r\nok\r\n")[0]!.expected).toBe("ok\n");
});

test("subtests have neither input nor output", () => {
  expect(readScript("subtest a\n\ncmd\n----\nok\n\nsubtest end\n").map((one) => one.command)).toEqual(["cmd"]);
});

test("a broken script is reported, not thrown", () => {
  expect(runDirectives("cmd a=(1,2\n----\n", () => "")).toMatchObject({ passed: false, line: 0 });
  expect(runDirectives("cmd\nno separator\n", () => "")).toMatchObject({ passed: false });
});

test("a missing final newline of what a command prints is added", () => {
  expect(runDirectives("cmd\n----\nok\n", () => "ok").passed).toBe(true);
  expect(runDirectives("cmd\n----\nok\n", () => "ok ").passed).toBe(false);
  expect(runDirectives("cmd\n----\n", () => "").passed).toBe(true);
});

test("white space is that of Go: a byte order mark belongs to a word, a next-line character does not", () => {
  expect(parseDirective("propose 1 \ufeffa\u0085", 1).args[1]).toEqual({ key: "\ufeffa", values: [] });
  expect(parseDirective("propose 1 \u2028b", 1).args[1]).toEqual({ key: "b", values: [] });
});

test("a number is read as Go reads it, and never silently rounded", () => {
  expect(parseUint("11")).toBe(11);
  expect(parseUint("")).toBe('strconv.ParseUint: parsing "": invalid syntax');
  expect(parseUint("-1")).toBe('strconv.ParseUint: parsing "-1": invalid syntax');
  expect(parseUint("18446744073709551616")).toBe(
    'strconv.ParseUint: parsing "18446744073709551616": value out of range',
  );
  expect(() => parseUint("18446744073709551615")).toThrow(ScriptError);
});

test("what the original prints differently from build to build is not compared, all around it is", () => {
  const stable = (text: string): string => text.replace(/<.*>/g, "<>");
  expect(runDirectives("cmd\n----\na <1  2> b\n", () => "a <1 2> b", stable).passed).toBe(true);
  expect(runDirectives("cmd\n----\na <1  2> b\nx\n", () => "a <1 2> b\ny", stable)).toMatchObject({
    passed: false,
    line: 4,
    expected: "x",
    actual: "y",
  });
});
