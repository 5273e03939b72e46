import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { diffDocument } from "../../src/report/diff-lines.ts";
import { explainEvent } from "../../src/report/explain.ts";
import { laneLines } from "../../src/report/lanes.ts";
import { ASCII_SIGNS, UNICODE_SIGNS } from "../../src/report/signs.ts";
import { lineColumns, lineText } from "../../src/report/span.ts";
import { shorterStory, tellRun } from "../../src/report/story.ts";
import { storyMermaid } from "../../src/report/story-mermaid.ts";
import { storySvg } from "../../src/report/story-svg.ts";
import { traceChunks } from "../../src/report/trace-lines.ts";
import { executeScenario, expandScenario } from "../../src/run/execute.ts";
import { firstDifference } from "../../src/run/first-difference.ts";
import type { RunResult } from "../../src/run/result.ts";
import { retrace } from "../../src/run/retrace.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { expandVariants, type Scenario } from "../../src/scenario/scenario.ts";

const SCENARIOS = resolve(import.meta.dirname, "../../scenarios");

function madeRun(file: string, variant: string | null, seed: string): { scenario: Scenario; result: RunResult } {
  const { scenario } = parseScenario(readFileSync(join(SCENARIOS, file), "utf8"));
  const one = expandVariants(scenario as Scenario).find((each) => each.variant === variant) as Scenario;
  return { scenario: expandScenario(one, seed), result: executeScenario(one, seed) };
}

const VOTE = madeRun("history/vote-not-persisted.yaml", "broken", "1");
const HELD = madeRun("../test/cli/first-election.yaml", null, "1");

describe("the story of a failure", () => {
  const story = tellRun(VOTE.scenario, VOTE.result);
  const notes = story.rows.map(({ note }) => note);

  it("has what led to it: both elections of the term, the crash between, and the end", () => {
    expect(notes).toContainEqual(expect.stringMatching(/n1 .*votes for n2, term 3/));
    expect(notes).toContainEqual(expect.stringContaining("n2 leads term 3"));
    expect(notes).toContainEqual(expect.stringContaining("it had been in term 3"));
    expect(notes).toContainEqual(expect.stringMatching(/n1 votes for n3, term 3/));
    expect(story.rows.at(-1)).toMatchObject({ isHere: true, note: expect.stringContaining("n3 leads term 3") });
    expect(story.failed).toBe(true);
  });

  it("shows messages that were lost as lost", () => {
    expect(story.rows.filter(({ arrow }) => arrow?.lost === true).length).toBeGreaterThan(0);
  });

  it("is told in the order of events", () => {
    const steps = story.rows.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it("gives up what weighs least first, and never the end", () => {
    const short = shorterStory(story, 5);
    expect(short.rows).toHaveLength(5);
    expect(short.rows.at(-1)?.isHere).toBe(true);
  });

  it.each([60, 80, 120])("keeps to %i columns in both sets of signs", (width) => {
    for (const signs of [UNICODE_SIGNS, ASCII_SIGNS])
      for (const line of laneLines(story, { signs, width }))
        expect(lineColumns(line), lineText(line)).toBeLessThanOrEqual(width);
  });

  it("of answers that contradict each other shows the answers", () => {
    const { scenario, result } = madeRun("history/read-from-stale-leader.yaml", "broken", "1");
    const told = tellRun(scenario, result);
    expect(told.against?.against.evidence.sentence).toMatch(/no order explains it/);
    expect(told.rows.map(({ note }) => note)).toContainEqual(expect.stringMatching(/c\d hears from n1: k0=/));
  });
});

describe("the lanes", () => {
  it("show who leads at each row, also where the row that told of a change was left out", () => {
    const row = { arrow: null, marks: [], note: "", tone: "plain", isHere: false, weight: 0 } as const;
    const rows = [
      { ...row, step: 1, atMicros: 1_000_000, lanes: ["leads", "up"] as const },
      { ...row, step: 9, atMicros: 2_000_000, lanes: ["down", "leads"] as const },
    ];
    const story = { members: [1, 2], rows, before: ["up", "up"] as const, failed: false, against: null };
    const [, first, second] = laneLines(story, { signs: ASCII_SIGNS, width: 80 }).map((line) => lineText(line).trim());
    expect(first).toMatch(/^1\.0000s +# +\|$/);
    expect(second).toMatch(/^2\.0000s +#$/);
  });
});

describe("a run that held", () => {
  it("is told by its elections", () => {
    const story = tellRun(HELD.scenario, HELD.result);
    expect(story.failed).toBe(false);
    expect(story.rows.map(({ note }) => note)).toContainEqual(expect.stringMatching(/^n\d leads term 2$/));
    expect(story.rows.some(({ isHere }) => isHere)).toBe(false);
  });
});

describe("an event", () => {
  it("is explained by what scheduled it, back to the beginning, and by what it led to", () => {
    const last = VOTE.result.events;
    const { causes, ledTo, text, after } = explainEvent(VOTE.scenario, VOTE.result, last);
    expect(text).toBe("n1's vote in term 3 arrives at n3");
    expect(after).toMatchObject({ role: 2, term: 3 });
    expect(ledTo).toEqual([]);
    const events = causes.map(({ event }) => event);
    expect(events).toEqual([...events].sort((a, b) => b - a));
    expect(causes.at(-1)?.text).toContain("the timetable: campaign");
    const first = causes[0];
    expect(explainEvent(VOTE.scenario, VOTE.result, first?.event as number).ledTo).toContainEqual(
      expect.objectContaining({ event: last }),
    );
  });

  it("has its cause before it, whichever it is", () => {
    const { trace } = retrace(HELD.scenario, "1");
    for (let at = 0; at < trace.length; at++) {
      const { cause, step } = trace.record(at);
      if (step > 0) expect(cause).toBeLessThanOrEqual(step);
    }
  });
});

describe("two runs", () => {
  const side = (run: typeof VOTE) => ({ ...run, seed: run.result.seed, untilEvent: Number.POSITIVE_INFINITY });

  it("that are the same have no first difference", () => {
    expect(firstDifference(side(VOTE), side(VOTE)).firstEvent).toBeNull();
  });

  it("part with the event that their traces say", () => {
    const mended = madeRun("history/vote-not-persisted.yaml", "mended", "1");
    const [a, b] = [side(VOTE), side(mended)];
    const parting = firstDifference(a, b);
    const { before, inA, inB } = diffDocument(a, b, parting);
    const lines = (run: typeof VOTE): string[] => {
      const { trace } = retrace(run.scenario, "1");
      return [...traceChunks(trace, run.scenario, run.result)].join("").split("\n").slice(1);
    };
    const [linesA, linesB] = [lines(VOTE), lines(mended)];
    const at = linesA.findIndex((line, i) => line !== linesB[i]);
    expect(JSON.parse(linesA[at] as string).i).toBe(parting.firstEvent);
    expect(inA?.text).not.toBe(inB?.text);
    expect(before.map(({ event }) => event)).toEqual([
      (parting.firstEvent as number) - 3,
      (parting.firstEvent as number) - 2,
      (parting.firstEvent as number) - 1,
    ]);
  });
});

describe("exports of a run", () => {
  const story = tellRun(VOTE.scenario, VOTE.result, 40);

  it("as NDJSON have a header and one event a line, keys in order, integers and names only", () => {
    const { trace } = retrace(VOTE.scenario, "1");
    const lines = [...traceChunks(trace, VOTE.scenario, VOTE.result)].join("").trimEnd().split("\n");
    const [header, ...events] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toMatchObject({ schema: "lockstep.trace/1", seed: "1", digest: VOTE.result.digest });
    expect(events).toHaveLength(trace.length);
    for (const event of events) {
      expect(Object.keys(event)).toEqual(Object.keys(event).sort());
      for (const value of Object.values(event))
        if (typeof value === "number") expect(Number.isSafeInteger(value)).toBe(true);
    }
    const steps = new Set(events.filter(({ cause }) => (cause as number[]).length > 0).map(({ i }) => i));
    expect(steps.size).toBe(VOTE.result.events);
  });

  it("as Mermaid name members, arrows and losses, and end no statement early", () => {
    const text = storyMermaid(story, VOTE.result);
    expect(text).toMatch(/^sequenceDiagram\n/);
    expect(text).toContain("n1->>n3: yes");
    expect(text).toContain("n2-xn3: vote?");
    expect(text).not.toContain(";");
  });

  it("as SVG are one file that needs no other, for light and dark ground", () => {
    const text = storySvg(story, { ...VOTE.result, scenario: 'a<b>&"c' });
    expect(text).toContain("prefers-color-scheme: dark");
    expect(text).not.toMatch(/href|@import|url\(|<script/);
    expect(text).toContain("a&lt;b&gt;&amp;&quot;c");
    const opened = [...text.matchAll(/<([a-z]+)(?:\s[^>]*)?(?<!\/)>/g)].map((match) => match[1]);
    const closed = [...text.matchAll(/<\/([a-z]+)>/g)].map((match) => match[1]);
    expect(opened.sort()).toEqual(closed.sort());
  });
});
