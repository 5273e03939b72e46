import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, interrupted, QUICK, ROOT } from "./lockstep-process.ts";

const saidSomething = (out: string): boolean => out !== "";

describe("an interrupt", () => {
  it("of a hunt says which bugs were hunted, and how to go on", async () => {
    const asked = ["bugs", "hunt", "read-before-apply", "restore-rewinds-revision"];
    const quick = ["--budget", "0", "--runs", "100000", "--jobs", "1", "--progress", "none"];
    const { code, err } = await interrupted([...asked, ...quick], "SIGINT", freshFolder(), saidSomething);
    expect(code).toBe(130);
    expect(err).toMatch(/interrupted: 1 of 2 bugs hunted/);
    expect(err).toMatch(
      /\n {2}lockstep bugs hunt restore-rewinds-revision( --seeds \d+\.\.100000 goes on from there)?\n/,
    );
  });

  it.each([
    ["makes a find small", [], (name: string) => name.endsWith(".run.json"), /is (not made|as) small/],
    [
      "is at a later range",
      ["--ranges", "100", "--budget", "10ms"],
      (name: string) => name.endsWith(".min.yaml"),
      /is as small as h\/\S+\.min\.yaml so far(; range \d+ was under way)?\n/,
    ],
  ])("of a hunt that %s says what there is of it", async (_, more, comes, says) => {
    const cwd = freshFolder();
    const ready = (): boolean => existsSync(join(cwd, "h")) && readdirSync(join(cwd, "h")).some(comes);
    const asked = ["bugs", "hunt", "read-from-stale-leader", "-o", "h", "--jobs", "1", "--progress", "none", ...more];
    const { code, err } = await interrupted(asked, "SIGINT", cwd, ready);
    expect(code).toBe(130);
    expect(err).toMatch(/0 of 1 bug hunted; read-from-stale-leader was found, and /);
    expect(err).toMatch(says);
    expect(err).toMatch(/\n {2}lockstep shrink h\/.*\.run\.json\n/);
  });

  it("of a hunt for the scoreboard says that it can be resumed", async () => {
    const asked = ["bugs", "hunt", "read-before-apply", "restore-rewinds-revision", "--scoreboard", "s.md"];
    const quick = ["--budget", "0", "--ranges", "1", "--jobs", "1", "--progress", "none"];
    const { code, err } = await interrupted([...asked, ...quick], "SIGINT", freshFolder(), saidSomething);
    expect(code).toBe(130);
    expect(err).toContain("the same command with --resume leaves out what the scoreboard has");
  });

  it("of claims says how many were judged, and which files are left", async () => {
    const files = ["data/lock-of-a-sleeper", "election/failover-time", "quorum/latency-by-size"];
    const paths = files.map((file) => join(ROOT, "scenarios", `${file}.yaml`));
    const { code, out, err } = await interrupted(["claims", ...paths], "SIGINT", freshFolder(), saidSomething);
    expect(code).toBe(130);
    expect(out).toContain("D8");
    expect(err).toMatch(
      /interrupted: the claims of [12] of 3 scenarios are judged\n {2}the rest: lockstep claims .*latency-by-size/,
    );
  });

  it("of a sweep of short runs on one thread is heard", async () => {
    const cwd = freshFolder();
    const ready = (): boolean => {
      try {
        return readFileSync(join(cwd, "s/ledger.ndjson"), "utf8").split("\n").length > 4;
      } catch {
        return false;
      }
    };
    const asked = ["sweep", QUICK, "--strategy", "random", "--runs", "100000", "--jobs", "1", "-o", "s"];
    const { code, err } = await interrupted([...asked, "--progress", "none"], "SIGINT", cwd, ready);
    expect(code).toBe(130);
    expect(err).toMatch(/interrupted after [\d,]+ runs; the same command with --resume goes on/);
  });
});
