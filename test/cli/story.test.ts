import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FLAGSHIP, freshFolder, lockstep, QUICK, ROOT } from "./lockstep-process.ts";

const VOTE = join(ROOT, "scenarios/history/vote-not-persisted.yaml");
const BROKEN = `1:${VOTE}#broken`;

describe("a failing run", () => {
  const cwd = freshFolder();
  const failed = lockstep(
    ["replay", `1:${VOTE}#mended`, "--mutate", "vote-not-persisted", "--properties", "election-safety", "--token"],
    { cwd },
  );

  it("tells in lanes what led to it, within 60 lines", () => {
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/election-safety violated at 2\.\d+s \(event (\d+) of \1\)/);
    expect(failed.out).toMatch(/2\.02\d\ds +F3─+vote\?─+┤ +│ +n1 steps down and votes for n2/);
    expect(failed.out).toMatch(/2\.10\d\ds +├─+yes─+▶L3 +n3 leads term 3 ✗/);
    expect(failed.out.split("\n").length).toBeLessThanOrEqual(60);
  });

  it("carries a token that replays it anywhere", () => {
    const token = /\bls1_[A-Za-z0-9_-]+/.exec(failed.out)?.[0] as string;
    const again = lockstep(["replay", token], { cwd: freshFolder() });
    expect(again.code).toBe(1);
    const digest = /digest +([0-9a-f]{16})/.exec(failed.out)?.[1] as string;
    expect(again.out).toContain(`the same run as recorded: digest ${digest}, `);
    const cut = lockstep(["replay", token.slice(0, -9)], { cwd: freshFolder() });
    expect(cut).toMatchObject({ code: 2, err: expect.stringContaining("was not copied whole") });
  });

  it("names paths that last, also when it was found through latest", () => {
    const { out } = lockstep(["replay", ".lockstep/runs/latest"], { cwd });
    expect(out).toContain("the same run as recorded");
    expect(out).toMatch(/ARTIFACT +\.lockstep\/runs\/\d/);
    expect(out).not.toContain("latest");
  });
});

describe("explain", () => {
  it("tells the failure of a scenario that wants it, and why an event is there", () => {
    const told = lockstep(["explain", BROKEN]);
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toContain("n1 votes for n3, term 3");
    const last = /--event (\d+)/.exec(told.out)?.[1] as string;
    const { causes, of } = JSON.parse(lockstep(["explain", BROKEN, "--event", last, "--json"]).out);
    expect(of).toBe(Number(last));
    const event = lockstep(["explain", BROKEN, "--event", causes[0].event, "--ascii", "--width", "100"]);
    expect(event.out).toMatch(new RegExp(`^event ${causes[0].event} of ${last} at 2\\.`));
    expect(event.out).toMatch(new RegExp(`because +2\\.\\d{6}s \\[${causes[1].event}\\]`));
    expect(event.out).toMatch(new RegExp(`led to[\\s\\S]*\\[${last}\\]`));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant
    expect(event.out).toMatch(/^[\x00-\x7f]*$/);
    for (const line of event.out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("keeps to a stretch and to members", () => {
    const { out } = lockstep(["explain", `42:${FLAGSHIP}`, "--from", "3s", "--to", "5s", "--member", "n5", "--json"]);
    const { rows, members } = JSON.parse(out);
    expect(members).toContain("n5");
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row.atMicros).toBeGreaterThanOrEqual(3_000_000);
      expect(row.atMicros).toBeLessThanOrEqual(5_000_000);
      expect(JSON.stringify(row)).toContain("n5");
    }
  });
});

describe("diff", () => {
  it("is 0 for one run twice, and 1 with the first event for two", () => {
    expect(lockstep(["diff", BROKEN, BROKEN])).toMatchObject({ code: 0, out: expect.stringContaining("the same run") });
    const { code, out } = lockstep(["diff", `1:${QUICK}`, `2:${QUICK}`, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ same: false, firstEvent: expect.any(Number), inA: {}, inB: {} });
  });
});

describe("stopping", () => {
  it("by --until ends where it comes true, undecided, and is replayed from its artifact", () => {
    const cwd = freshFolder();
    const { code, out } = lockstep(["run", FLAGSHIP, "--until", "leaders >= 2"], { cwd });
    expect(code).toBe(3);
    expect(out).toMatch(/stopped at [34]\.\d+s, as asked for, after event \d+/);
    const path = /ARTIFACT +(\S+)/.exec(out)?.[1] as string;
    expect(existsSync(join(cwd, path))).toBe(true);
    expect(lockstep(["replay", path], { cwd }).out).toContain("the same run as recorded");
  });

  it("by --break shows the event and its causes", () => {
    const { out } = lockstep(["run", FLAGSHIP, "--break", "leaders >= 2"]);
    expect(out).toContain("came true");
    expect(out).toMatch(/because +[34]\.\d{6}s \[\d+\]/);
    expect(out).toMatch(/n\d leads term \d ◀/);
  });

  it("never happens where it never comes true, and that is said", () => {
    for (const more of [[], ["-q"], ["--json"], ["--format", "compact"]]) {
      const { code, err } = lockstep(["run", QUICK, "--break", "leaders >= 9", ...more]);
      expect(code).toBe(0);
      expect(err).toBe("lockstep: --break leaders >= 9: it never came true\n");
    }
    const seeds = lockstep(["run", QUICK, "--seeds", "1..3", "--until", "time > 100ms and leaders = 1", "-q"]);
    expect(seeds.err).toBe("");
  });
});

describe("export of a run", () => {
  it("writes to a file or to standard output", () => {
    const cwd = freshFolder();
    expect(lockstep(["export", BROKEN, "--to", "svg", "-o", "x.svg"], { cwd })).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(join(cwd, "x.svg"), "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(lockstep(["export", BROKEN, "--to", "mermaid"]).out).toMatch(/^sequenceDiagram\n/);
    const lines = lockstep(["export", BROKEN, "--to", "ndjson"]).out.trimEnd().split("\n");
    expect(JSON.parse(lines[0] as string)).toMatchObject({ schema: "lockstep.trace/1", events: expect.any(Number) });
  });
});
