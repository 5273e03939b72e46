import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ENGINE_VERSION } from "../../src/kernel/engine.ts";
import { FLAGSHIP, freshFolder, interrupted, lockstep, QUICK, ROOT } from "./lockstep-process.ts";

/** A world with a bug planted, which must be found. */
const BROKEN = [
  join(ROOT, "scenarios/partition/minority-leader-check-quorum.yaml"),
  "--seed",
  "3",
  "--mutate",
  "quorum-of-reachable",
];

function jsonOf(text: string): {
  engine: string;
  runs: Record<string, unknown>[];
  passed: number;
  failed: number;
  undecided: number;
} {
  return JSON.parse(text);
}

describe("run", () => {
  it("shows one scenario in full, with the line that replays it", () => {
    const { code, out, err } = lockstep(["run", FLAGSHIP]);
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(/^lockstep \d+\.\d+\.\d+ · engine e\d+ · node /);
    expect(out).toContain("✓ minority-leader ");
    expect(out).toContain("never two in one term");
    expect(out).toContain("linearizable");
    expect(out).toContain(`replay: npx lockstep replay 42:${FLAGSHIP}`);
    for (const line of out.split("\n")) if (!line.includes("npx")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("is the verb where there is none", () => {
    expect(lockstep([QUICK, "-q"])).toMatchObject({ code: 0, out: expect.stringMatching(/^1 passed/) });
    expect(lockstep(["-", "-q"], { input: readFileSync(QUICK, "utf8") })).toMatchObject({ code: 0, out: "1 passed\n" });
  });

  it("shows with -q of a run that failed one line and the command that runs it again", () => {
    const asked = ["run", FLAGSHIP, "--mutate", "quorum-of-reachable", "--seeds", "1..2"];
    for (const form of [[], ["--format", "compact"]]) {
      const lines = lockstep([...asked, "-q", ...form])
        .out.trimEnd()
        .split("\n");
      expect(lines.length).toBe(5);
      expect(lines[0]).toMatch(/^✗ minority-leader {2}seed 1 {2}[a-z-]+ violated at [\d.]+s$/);
      expect(lines[1]).toMatch(/^ {4}npx lockstep replay 1:.* --mutate quorum-of-reachable$/);
      expect(lines[4]).toBe("2 failed");
    }
  });

  it("shows with -q of a study only what failed", () => {
    const cwd = freshFolder();
    const text = "name: s\nduration: 3s\nover: { seeds: 1..2 }\nexpect:\n";
    const held = "  - max: { of: events, is: '< 100000' }\n";
    writeFileSync(join(cwd, "good.yaml"), text + held);
    writeFileSync(join(cwd, "bad.yaml"), `${text}${held}  - min: { of: events, is: '> 100000' }\n`);
    for (const form of [[], ["--format", "compact"]]) {
      expect(lockstep(["run", "good.yaml", "-q", ...form], { cwd }).out).toBe("2 passed\n");
      const { code, out } = lockstep(["run", "bad.yaml", "-q", ...form], { cwd });
      expect(code).toBe(1);
      expect(out).toContain("min of events > 100000");
      expect(out).not.toContain("max of events");
    }
  });

  it("shows a long token only where it is asked for", () => {
    const asked = ["run", FLAGSHIP, "--mutate", "quorum-of-reachable", "--no-shrink"];
    expect(lockstep(asked).out).toMatch(/\n {2}token +[\d,]+ characters; replay --token shows it\n/);
    for (const more of ["--token", "-v"]) expect(lockstep([...asked, more]).out).toMatch(/\n {2}token +ls1_/);
    expect(jsonOf(lockstep([...asked, "--json"]).out).runs[0]).toMatchObject({
      token: expect.stringMatching(/^ls1_/),
    });
  });

  it("gives the same digest for the same seed in two processes, and another for another seed", () => {
    const digest = (seed: string): unknown =>
      jsonOf(lockstep(["run", QUICK, "--seed", seed, "--json"]).out).runs[0]?.digest;
    expect(digest("7")).toBe(digest("0x7"));
    expect(digest("7")).not.toBe(digest("8"));
  });

  it("draws and prints a seed where the file has none", () => {
    const { out } = lockstep(["run", "-", "--json"], { input: "name: x\nduration: 1s\n" });
    expect(jsonOf(out).runs[0]?.seed).toMatch(/^\d+$/);
  });

  it("finds a planted bug: exit 1, and the first five lines are enough to act", () => {
    const cwd = freshFolder();
    const { code, out } = lockstep(["run", ...BROKEN], { cwd });
    expect(code).toBe(1);
    const head = out.split("\n").slice(2, 7).join("\n");
    expect(head).toMatch(/✗ (election-safety|commit-support) violated at [0-9.]+m?s \(event [0-9,]+ of [0-9,]+\)/);
    expect(head).toContain("REPLAY ");
    expect(head).toContain("--mutate quorum-of-reachable");
    expect(head).toMatch(/ARTIFACT {4}\.lockstep\/runs\/.*minority-leader-check-quorum\.3\.run\.json/);
    expect(out.split("\n").length).toBeLessThanOrEqual(60);
    expect(out).toMatch(/\n1 failed\n$/);
    expect(lstatSync(join(cwd, ".lockstep/runs/latest")).isSymbolicLink()).toBe(true);
    const files = readdirSync(join(cwd, ".lockstep/runs/latest")).sort();
    expect(files).toEqual(["minority-leader-check-quorum.3.min.yaml", "minority-leader-check-quorum.3.run.json"]);
    // What is left of it stands in the report, and fails by itself in the same way.
    expect(out).toMatch(/\n {2}minimal {5}\d of 1 fault · \d+ of [0-9,]+ operations? · \d of 5 members\b/);
    const minimal = lockstep(["run", join(".lockstep/runs/latest", files[0] as string)], { cwd });
    expect(minimal.code).toBe(0);
    expect(minimal.out).toMatch(/✓ violates (election-safety|commit-support)/);
  });

  it("with --no-shrink leaves a failure as it was found", () => {
    const cwd = freshFolder();
    const { code, out } = lockstep(["run", ...BROKEN, "--no-shrink"], { cwd });
    expect(code).toBe(1);
    expect(out).not.toContain("minimal");
    expect(readdirSync(join(cwd, ".lockstep/runs/latest"))).toEqual(["minority-leader-check-quorum.3.run.json"]);
  });

  it("with --soft turns 1 into 0 and nothing else", () => {
    expect(lockstep(["run", ...BROKEN, "--soft", "--no-shrink"]).code).toBe(0);
    expect(lockstep(["run", FLAGSHIP, "--step-limit", "50", "--soft"]).code).toBe(3);
  });

  it("that runs out of steps is undecided: exit 3", () => {
    const { code, out } = lockstep(["run", FLAGSHIP, "--step-limit", "50"]);
    expect(code).toBe(3);
    expect(out).toContain("? undecided at ");
    expect(out).toContain("1 undecided");
  });

  it("keeps the worst code of several runs", () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "held.yaml"), readFileSync(QUICK, "utf8"));
    writeFileSync(
      join(cwd, "undecided.yaml"),
      `${readFileSync(QUICK, "utf8").replace("name: ", "name: u")}stepLimit: 20\n`,
    );
    writeFileSync(join(cwd, "violated.yaml"), "name: v\nseed: 1\nduration: 2s\nexpect:\n  - leaders: 3\n");
    expect(lockstep(["run", "held.yaml", "undecided.yaml"], { cwd }).code).toBe(3);
    const { code, out } = lockstep(["run", "."], { cwd });
    expect(code).toBe(1);
    expect(out).toContain("1 passed, 1 failed, 1 undecided");
    expect(out).toContain("✗ expectation 1 failed");
  });

  it("shows many seeds of a scenario in one line, and leaves those that own their seed", () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "own.yaml"), "name: own\nseed: 9\nseeds: own\nduration: 2s\n");
    const { code, out } = lockstep(["run", QUICK, "own.yaml", "--seeds", "1..4"], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/✓ first-election +seeds 1\.\.4 +4 of 4 held/);
    expect(out).toMatch(/✓ own +9 /);
    expect(out).toContain("5 passed");
  });

  it("changes a scenario by --set, and says so in the replay line", () => {
    const { out, code } = lockstep([
      "run",
      QUICK,
      "--members",
      "5",
      "--set",
      "cluster.raft.preVote=false",
      "--duration",
      "20s",
    ]);
    expect(code).toBe(0);
    expect(out).toContain("5 members");
    expect(out).toContain("20s virtual");
    expect(out).toContain("--members 5 --duration 20s --set cluster.raft.preVote=false");
  });

  it("runs a study over its seeds, and a study that fails is exit 1", () => {
    const study = (bound: string): string =>
      `name: st\nduration: 8s\nfaults:\n  - { at: 3s, crash: leader }\nover: { seeds: 1..10 }\nexpect:\n  - median: { of: failover, is: "${bound}" }\n`;
    const held = lockstep(["run", "-", "--seeds", "1..3"], { input: study("< 4s") });
    expect(held.code).toBe(0);
    expect(held.out).toContain("study of 10 runs · seeds 1..10");
    expect(held.out).toMatch(/✓ median of failover < 4s – [0-9.]+s of 10 numbers/);
    expect(lockstep(["run", "-"], { input: study("< 1ms") }).code).toBe(1);
    const gauged = lockstep(["run", "-"], { input: study("> 0s").replace("failover", "commit-latency") });
    expect(gauged).toMatchObject({ code: 1, out: expect.stringContaining("no run gave a commit-latency") });
  });

  it("runs each variant on the same seed and names it", () => {
    const input =
      "name: va\nseed: 3\nduration: 3s\nvariants:\n  three: { cluster: { members: 3 } }\n  five: { cluster: { members: 5 } }\n";
    const { runs } = jsonOf(lockstep(["run", "-", "--json"], { input }).out);
    expect(runs.map((run) => [run.variant, run.seed])).toEqual([
      ["three", "3"],
      ["five", "3"],
    ]);
    const cwd = freshFolder();
    writeFileSync(join(cwd, "va.yaml"), input);
    expect(lockstep(["replay", "3:va.yaml#five", "--json"], { cwd }).out).toContain('"variant": "five"');
    expect(lockstep(["replay", "3:va.yaml#fiv"], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining('"five"'),
    });
  });

  it("refuses what this version cannot simulate, before it runs", () => {
    const input = "name: x\nduration: 5s\nworkload: { clients: 1, kind: lock }\n";
    const { code, err } = lockstep(["run", "-"], { input });
    if (code === 0) expect(err).toBe("");
    else expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be simulated yet/) });
  });
});

describe("machine forms", () => {
  it("--json is one document with the fields of the contract", () => {
    const { code, out, err } = lockstep(["run", ...BROKEN, QUICK, "--json"]);
    expect(code).toBe(1);
    expect(err).toBe("");
    const document = jsonOf(out);
    expect(document).toMatchObject({
      engine: ENGINE_VERSION,
      passed: expect.any(Number),
      failed: expect.any(Number),
      undecided: 0,
    });
    const [broken] = document.runs;
    expect(broken).toMatchObject({
      scenario: "minority-leader-check-quorum",
      seed: "3",
      verdict: "violated",
      violation: {
        property: expect.stringMatching(/^(election-safety|commit-support)$/),
        step: expect.any(Number),
        atMicros: expect.any(Number),
        members: expect.arrayContaining([expect.stringMatching(/^n[1-5]$/)]),
        text: expect.any(String),
      },
      events: expect.any(Number),
      virtualMicros: expect.any(Number),
      operations: { ok: expect.any(Number), failed: expect.any(Number), unknown: expect.any(Number) },
      digest: expect.stringMatching(/^[0-9a-f]{16}$/),
      coverage: { "leader-change": expect.any(Number) },
      artifact: expect.stringMatching(/\.run\.json$/),
    });
  });

  it("ndjson is one line a run", () => {
    const lines = lockstep(["run", QUICK, "--seeds", "1..3", "--format", "ndjson"]).out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).seed)).toEqual(["1", "2", "3"]);
  });

  it("compact is one line a run, silent says nothing, tap and junit are what others read", () => {
    expect(lockstep(["run", QUICK, "--format", "compact"]).out).toMatch(/^✓ first-election .*\n1 passed\n$/);
    expect(lockstep(["run", QUICK, "--format", "silent"])).toEqual({ code: 0, out: "", err: "" });
    expect(lockstep(["run", QUICK, "--format", "tap"]).out).toBe(
      "TAP version 14\n1..1\nok 1 - first-election seed 1\n",
    );
    expect(lockstep(["run", ...BROKEN, "--format", "tap"]).out).toMatch(
      /\nnot ok 1 - minority-leader-check-quorum seed 3\n {2}---\n {2}verdict: violated\n/,
    );
    const junit = lockstep(["run", ...BROKEN, "--format", "junit"]).out;
    expect(junit).toContain('<testsuites name="lockstep" tests="1" failures="1">');
    expect(junit).toContain('<property name="seed" value="3"/>');
  });

  it("annotates failures for GitHub, there by itself", () => {
    const cwd = freshFolder();
    const summary = join(cwd, "summary.md");
    const { out } = lockstep(["run", ...BROKEN, "--no-shrink"], {
      cwd,
      env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary },
    });
    expect(out).toMatch(
      /\n::error file=.*,line=1,title=minority-leader-check-quorum seed 3::(election-safety|commit-support) violated/,
    );
    expect(readFileSync(summary, "utf8")).toContain("0 passed, 1 failed");
  });
});

describe("artifacts", () => {
  it("of every run are written with -o, and replay to the same digest in another process", () => {
    const cwd = freshFolder();
    const files = [QUICK, join(ROOT, "scenarios/election/leader-crash.yaml")];
    expect(lockstep(["run", ...files, "-o", "out", "-q"], { cwd }).code).toBe(0);
    expect(readdirSync(join(cwd, "out")).sort()).toEqual(["first-election.1.run.json", "leader-crash.7.run.json"]);
    const { code, out } = lockstep(["replay", "out", "--json"], { cwd });
    expect(code).toBe(0);
    const { runs } = jsonOf(out) as unknown as { runs: { replayed: { same: boolean } }[] };
    expect(runs.map((run) => run.replayed.same)).toEqual([true, true]);
  });

  it("of a violation reproduce it: exit 1", () => {
    const cwd = freshFolder();
    lockstep(["run", ...BROKEN, "--no-shrink"], { cwd });
    const { code, out } = lockstep(["replay", ".lockstep/runs/latest"], { cwd });
    expect(code).toBe(1);
    expect(out).toContain("✓ the same run as recorded");
  });

  it("whose digest differs are exit 5, with where they part", () => {
    const cwd = freshFolder();
    lockstep(["run", FLAGSHIP, "-o", "."], { cwd });
    const path = join(cwd, "minority-leader.42.run.json");
    const artifact = JSON.parse(readFileSync(path, "utf8"));
    artifact.result.digest = "0123456789abcdef";
    artifact.result.checkpoints[1] = "0123456789abcdef";
    writeFileSync(path, JSON.stringify(artifact));
    const { code, out } = lockstep(["replay", path], { cwd });
    expect(code).toBe(5);
    expect(out).toContain("they agree for the first 1,024 events and part within the next 1,024");
  });
});

describe("an interrupt", () => {
  const LONG = `name: long\nseed: 5\nduration: 3h\nworkload: { clients: 5, closed: true, timeout: 1s }\nexpect:\n  - linearizable: true\n`;

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s writes what ran and exits %i; the artifact replays to where it stopped", async (signal, exit) => {
    const cwd = freshFolder();
    mkdirSync(join(cwd, "out"));
    writeFileSync(join(cwd, "long.yaml"), LONG);
    const started = process.hrtime.bigint();
    // Time enough to be in the middle of the run, whenever that is on this machine.
    const isReady = (): boolean => process.hrtime.bigint() - started > 2_500_000_000n;
    const { code, out, err } = await interrupted(["run", "long.yaml", "-o", "out"], signal, cwd, isReady);
    expect(code).toBe(exit);
    expect(out).toContain("? interrupted at ");
    expect(out).toContain("1 undecided");
    expect(err).toContain("what ran is written");
    expect(readdirSync(join(cwd, "out"))).toEqual(["long.5.run.json"]);
    const replay = lockstep(["replay", "out", "--json"], { cwd });
    expect(JSON.parse(replay.out).runs[0]).toMatchObject({ verdict: "undecided", replayed: { same: true } });
    expect(replay.code).toBe(3);
  });
});
