import { describe, expect, it } from "vitest";
import { replayCommand } from "../../src/report/reported-run.ts";
import { headline, runBlock } from "../../src/report/run-block.ts";
import { runColumns, runHeading, runLines } from "../../src/report/run-line.ts";
import { ASCII_SIGNS, type Layout, UNICODE_SIGNS } from "../../src/report/signs.ts";
import { type Line, lineColumns, lineText } from "../../src/report/span.ts";
import { exampleRun, violatedRun } from "./example-run.ts";

const WIDE: Layout = { signs: UNICODE_SIGNS, width: 80 };
const ASCII: Layout = { signs: ASCII_SIGNS, width: 80 };

/** Lines as they are seen. */
function seen(lines: readonly Line[]): string {
  return `${lines.map((line) => lineText(line).trimEnd()).join("\n")}\n`;
}

/** Lines with the role of each span before it. */
function tagged(lines: readonly Line[]): string {
  return `${lines.map((line) => line.map((part) => `<${part.role}>${part.text}`).join("")).join("\n")}\n`;
}

describe("a run in full", () => {
  it("is the picture of what happened, within 80 columns", async () => {
    await expect(seen(runBlock(exampleRun(), WIDE))).toMatchFileSnapshot("held.txt");
    await expect(tagged(runBlock(exampleRun(), WIDE))).toMatchFileSnapshot("held-tagged.txt");
  });

  it("is the same picture in ASCII", async () => {
    const text = seen(runBlock(exampleRun(), ASCII));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant
    expect(text).toMatch(/^[\x00-\x7f]*$/);
    await expect(text).toMatchFileSnapshot("held-ascii.txt");
  });

  it("that failed says within five lines what is needed to act", async () => {
    const lines = runBlock(violatedRun(), WIDE);
    await expect(seen(lines)).toMatchFileSnapshot("violated.txt");
    const head = seen(lines.slice(0, 5));
    expect(head).toContain("election-safety violated at 4.842313s (event 2,317 of 2,317)");
    expect(head).toContain("npx lockstep replay 42:scenarios/example.yaml --mutate vote-not-persisted");
    expect(lines.length).toBeLessThanOrEqual(60);
  });

  it("that failed an expectation says which, and what was seen instead", async () => {
    const run = exampleRun({
      verdict: "violated",
      violation: {
        property: "expectation/3",
        step: 8412,
        atMicros: 9_000_000,
        members: [],
        text: "expected eventually leaders = 1 after 7s within 2s; no leader",
        evidence: [],
        also: [],
      },
      expectations: [
        ...exampleRun().result.expectations.slice(0, 2),
        {
          name: "expectation/3",
          held: false,
          expected: "eventually leaders = 1 after 7s within 2s",
          seen: "no leader",
          atMicros: 9_000_000,
        },
      ],
    });
    await expect(seen(runBlock(run, WIDE))).toMatchFileSnapshot("expectation-failed.txt");
  });

  it.each([40, 60, 80, 120, 200])("keeps to %i columns but for commands, which are never broken", (width) => {
    for (const run of [exampleRun(), violatedRun()])
      for (const signs of [UNICODE_SIGNS, ASCII_SIGNS])
        for (const line of runBlock(run, { signs, width }))
          if (!/npx|\.run\.json/.test(lineText(line)))
            expect(lineColumns(line), lineText(line)).toBeLessThanOrEqual(width);
  });

  it("that was interrupted or undecided is called so", () => {
    expect(headline(exampleRun({ verdict: "undecided", interrupted: true }).result)).toBe("interrupted at 10s");
    expect(headline(exampleRun({ verdict: "undecided", note: "the limit" }).result)).toBe("undecided at 10s");
    expect(headline(exampleRun({ verdict: "error" }).result)).toBe("internal error at 10s");
  });

  it("of many members is cut, and says so", () => {
    const members = Array.from({ length: 40 }, (_, at) => at + 1);
    expect(seen(runBlock(exampleRun({ members }), WIDE))).toContain("and 25 more members");
  });
});

describe("runs in one line each", () => {
  it("stand in columns under a heading", async () => {
    const runs = [
      exampleRun(),
      violatedRun(),
      exampleRun({ verdict: "undecided", note: "the limit of 50 events was reached" }),
    ];
    const columns = runColumns(["example", "a-longer-name"], ["42", "7"], 80);
    const lines = [runHeading(columns), ...runs.flatMap((run) => runLines(run, columns, WIDE))];
    await expect(seen(lines)).toMatchFileSnapshot("lines.txt");
  });
});

describe("the command that runs it again", () => {
  it("names seed and file, with the variant behind it and quotes where a shell needs them", () => {
    const run = exampleRun();
    expect(replayCommand(run)).toBe("npx lockstep replay 42:scenarios/example.yaml");
    expect(replayCommand({ ...run, result: { ...run.result, variant: "five" } })).toBe(
      "npx lockstep replay '42:scenarios/example.yaml#five'",
    );
    expect(replayCommand({ ...run, file: "my file's.yaml" })).toBe("npx lockstep replay '42:my file'\\''s.yaml'");
    expect(replayCommand({ ...run, overrides: ["--set", "faults[0].at=2s"] })).toBe(
      "npx lockstep replay 42:scenarios/example.yaml --set 'faults[0].at=2s'",
    );
  });

  it("names the artifact where the scenario came from nowhere, or the run was interrupted", () => {
    const run = { ...exampleRun(), artifact: "out/x.run.json" };
    expect(replayCommand({ ...run, file: "-" })).toBe("npx lockstep replay out/x.run.json");
    expect(replayCommand({ ...run, file: null, artifact: null })).toBeNull();
    expect(replayCommand({ ...run, result: { ...run.result, interrupted: true } })).toBe(
      "npx lockstep replay out/x.run.json",
    );
  });
});
