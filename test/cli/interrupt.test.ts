import { readdirSync, readFileSync, statSync } from "node:fs";
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

  it("of a hunt that makes a find small says where that has come to", async () => {
    const cwd = freshFolder();
    // Some moments after the artifact is there it is smaller than it was.
    const ready = (): boolean => {
      try {
        const artifact = readdirSync(join(cwd, "h")).find((name) => name.endsWith(".run.json"));
        return artifact !== undefined && Date.now() - statSync(join(cwd, "h", artifact)).mtimeMs > 3000;
      } catch {
        return false;
      }
    };
    const asked = ["bugs", "hunt", "read-from-stale-leader", "-o", "h"];
    const { code, err } = await interrupted([...asked, "--jobs", "1", "--progress", "none"], "SIGINT", cwd, ready);
    expect(code).toBe(130);
    expect(err).toContain("read-from-stale-leader was found, and made small as far as h/");
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
