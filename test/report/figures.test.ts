import { describe, expect, it } from "vitest";
import { counted, grouped, memberNames, percentage, shortTime, spentTime } from "../../src/report/figures.ts";
import { brokenText } from "../../src/report/fill.ts";
import { githubAnnotations } from "../../src/report/github.ts";
import { junitText } from "../../src/report/junit.ts";
import { measureRun } from "../../src/report/measure.ts";
import { runDocument, runsDocument } from "../../src/report/run-document.ts";
import { UNICODE_SIGNS } from "../../src/report/signs.ts";
import { clipped, columnsOf, padded } from "../../src/report/span.ts";
import { fc, test } from "../properties.ts";
import { exampleRun, violatedRun } from "./example-run.ts";

describe("figures", () => {
  it("are grouped, counted and cut, never rounded up", () => {
    expect([0, 999, 1000, 1234567, -1000].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567", "-1,000"]);
    expect([counted(1, "run"), counted(2, "run")]).toEqual(["1 run", "2 runs"]);
    expect([percentage(9996, 10_000), percentage(1, 3), percentage(5, 5), percentage(0, 0)]).toEqual([
      "99.9%",
      "33.3%",
      "100%",
      "-",
    ]);
    expect([61_400, 1_249_000, 125_000_000].map(spentTime)).toEqual(["61ms", "1.24s", "2m 5s"]);
    expect([4_412_999, 999, 0].map(shortTime)).toEqual(["4.412s", "999us", "0s"]);
    expect([memberNames([1]), memberNames([1, 2, 3])]).toEqual(["n1", "n1, n2 and n3"]);
  });

  test.prop([fc.nat(), fc.nat()])("a share below the whole is never shown as all of it", (a, b) => {
    const [part, whole] = [Math.min(a, b), Math.max(a, b)];
    if (part < whole) expect(percentage(part, whole)).not.toBe("100%");
  });
});

describe("text", () => {
  test.prop([fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 })])(
    "is padded and clipped by columns",
    (text, columns) => {
      expect(columnsOf(clipped(text, columns, "…"))).toBeLessThanOrEqual(Math.max(columns, 1));
      expect(columnsOf(padded(text, columns))).toBeGreaterThanOrEqual(Math.min(columns, columnsOf(text) + 1));
    },
  );

  test.prop([fc.array(fc.stringMatching(/^[a-z]{1,9}$/)), fc.integer({ min: 10, max: 40 })])(
    "is broken at spaces, and no word is lost",
    (words, columns) => {
      const lines = brokenText(words.join(" "), columns);
      expect(
        lines
          .join(" ")
          .split(" ")
          .filter((word) => word !== ""),
      ).toEqual(words);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    },
  );
});

describe("measures", () => {
  it("are taken from what became of leaders and faults", () => {
    const { result } = exampleRun();
    expect(measureRun(result, "first-election")).toEqual([1_131_000]);
    expect(measureRun(result, "failover")).toEqual([1_412_000]);
    expect(measureRun(result, "stale-leader")).toEqual([7_104_000 - 4_412_000]);
    expect(measureRun(result, "write-availability")).toEqual([973_684]);
    expect(measureRun(result, "leader-changes-per-hour")).toEqual([720]);
    expect(measureRun({ ...result, leaders: [] }, "failover")).toEqual([]);
  });
});

describe("documents", () => {
  it("name members, and leave out what is not there", () => {
    const held = runDocument(exampleRun());
    expect(held).toMatchObject({ scenario: "example", seed: "42", verdict: "held", digest: "9f3a0011223341c1" });
    expect("violation" in held || "variant" in held || "artifact" in held).toBe(false);
    expect(held.ineffective).toEqual([
      { id: "fault-3", kind: "transferLeader", status: "ineffective", note: "n3 leads already" },
    ]);
    expect(runDocument(violatedRun()).violation?.members).toEqual(["n1", "n4"]);
    const document = runsDocument([held], { passed: 1, failed: 0, undecided: 0 });
    expect(Object.keys(document)).toEqual(["engine", "runs", "passed", "failed", "undecided"]);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it("escape what XML and workflow commands would read otherwise", () => {
    const run = violatedRun();
    const nasty = {
      ...run,
      result: { ...run.result, scenario: 'a<b>"&', violation: { ...run.result.violation!, text: "100%\n::x" } },
    };
    expect(junitText([nasty], { signs: UNICODE_SIGNS, width: 80 })).toContain('name="a&lt;b&gt;&quot;&amp;"');
    expect(githubAnnotations([nasty]).split("\n").length).toBe(2);
    expect(githubAnnotations([nasty])).toContain("100%25%0A::x");
    expect(
      githubAnnotations(Array.from({ length: 30 }, () => run))
        .trimEnd()
        .split("\n").length,
    ).toBe(10);
  });
});
