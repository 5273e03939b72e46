/** Sweeps, shrinking and hunts as people start them. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockFolder } from "../../src/sweep/lock.ts";
import { freshFolder, interrupted, lockstep, QUICK, ROOT } from "./lockstep-process.ts";

const folder = freshFolder();
const GROUND = "ground.yaml";
writeFileSync(
  join(folder, GROUND),
  `name: ground
duration: 6s
cluster: { members: 3, raft: { heartbeat: 20ms, election: 200ms } }
workload: { clients: 2, closed: 50ms, timeout: 500ms }
`,
);

function swept(args: readonly string[]): string[] {
  const { code, out, err } = lockstep(["sweep", GROUND, "--format", "ndjson", "--no-shrink", ...args], { cwd: folder });
  expect({ code, err: err.replace(/^.*(real time|goes on after \d+ runs).*$/gm, "").trim() }).toEqual({
    code: 0,
    err: "",
  });
  return out.trimEnd().split("\n");
}

describe("a sweep", () => {
  it("says that a strategy draws what the file says, and how the file is run as it stands", () => {
    const asked = ["sweep", QUICK, "--runs", "2", "--jobs", "1", "--no-shrink"];
    const words = (args: readonly string[]): string => lockstep(args).out.replace(/\s+/g, " ");
    expect(words(asked)).toMatch(
      /swarm: .* the file's cluster, load and faults change; as it stands: --strategy random/,
    );
    expect(words([...asked, "--strategy", "random"])).not.toContain("faults change");
  });

  const whole = swept(["--seeds", "1..24", "--jobs", "1", "-o", "whole"]);

  it("comes to the same on one thread and on several", () => {
    expect(swept(["--seeds", "1..24", "--jobs", "3", "-o", "threads"])).toEqual(whole);
  });

  it("comes to the same in shards, whatever is added to it", () => {
    const parts = [1, 2, 3].flatMap((at) =>
      swept(["--seeds", "1..24", "--jobs", "1", "--shard", `${at}/3`, "-o", `part-${at}`]),
    );
    expect([...parts].sort()).toEqual([...whole].sort());
    const more = swept(["--seeds", "1..30", "--jobs", "1", "--shard", "2/3", "-o", "more"]);
    const before = swept(["--seeds", "1..24", "--jobs", "1", "--shard", "2/3", "-o", "before"]);
    expect(more.slice(0, before.length)).toEqual(before);
  });

  it("goes on where its ledger was cut off, and comes to the same", () => {
    const path = join(folder, "whole/ledger.ndjson");
    const ledger = readFileSync(path, "utf8");
    const cut = ledger.split("\n").slice(0, 11).join("\n").length + 40;
    truncateSync(path, cut);
    expect(swept(["--seeds", "1..24", "--jobs", "1", "--resume", "-o", "whole"])).toEqual(whole);
    expect(readFileSync(path, "utf8")).toBe(ledger);
  });

  it("of several scenarios goes on with more seeds and makes each run once", () => {
    const both = ["sweep", GROUND, QUICK, "--strategy", "random", "--jobs", "1", "--json", "--no-shrink"];
    const runs = (args: readonly string[]): string[] =>
      (
        JSON.parse(lockstep([...both, ...args], { cwd: folder }).out) as { runs: { scenario: string; seed: string }[] }
      ).runs.map(({ scenario, seed }) => `${scenario}/${seed}`);
    const at = runs(["--runs", "5", "-o", "more-seeds"]);
    expect(at).toHaveLength(10);
    expect(runs(["--runs", "9", "-o", "more-seeds", "--resume"])).toEqual(runs(["--runs", "9", "-o", "all-seeds"]));
  });

  it("goes on when a run takes all the memory of its thread: that run is an error, with its seed", {
    timeout: 120_000,
  }, () => {
    writeFileSync(
      join(folder, "big.yaml"),
      `name: big
duration: 600s
cluster: { members: 5 }
workload: { clients: 90, closed: 1ms, timeout: 500ms, ops: { put: 1 }, keys: 400, valueSize: 100KiB }
`,
    );
    const args = ["sweep", GROUND, "big.yaml", "--strategy", "random", "--runs", "2", "--jobs", "1", "--no-shrink"];
    const { code, out } = lockstep([...args, "--format", "ndjson", "-o", "memory"], {
      cwd: folder,
      env: { NODE_OPTIONS: "--max-old-space-size=120" },
    });
    const runs = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { scenario: string; verdict: string; note?: string });
    expect(runs.map(({ scenario, verdict }) => `${scenario} ${verdict}`)).toEqual([
      "ground held",
      "big error",
      "ground held",
      "big error",
    ]);
    expect(runs[1]?.note).toContain("memory");
    expect(code).toBe(70);
  });

  it("keeps out of a folder in which another process sweeps, and not of one that such a process left", () => {
    const again = ["sweep", GROUND, "--seeds", "1..24", "--jobs", "1", "--no-shrink", "--quiet", "-o", "whole"];
    const before = readFileSync(join(folder, "whole/ledger.ndjson"), "utf8");
    const lock = join(folder, "whole/sweep.lock");
    lockFolder(join(folder, "whole"));
    const refused = lockstep(again, { cwd: folder });
    expect(refused.err).toContain(`another sweep (process ${process.pid}) writes into whole`);
    expect(refused.code).toBe(2);
    expect(readFileSync(join(folder, "whole/ledger.ndjson"), "utf8")).toBe(before);
    writeFileSync(lock, readFileSync(lock, "utf8").replace(hostname(), "elsewhere"));
    expect(lockstep(again, { cwd: folder }).err).toContain(`another sweep (process ${process.pid} on elsewhere)`);
    const ended = spawnSync(process.execPath, ["-e", "0"]).pid;
    for (const left of [`${ended} 1 ${hostname()}\n`, "no lock of ours", ""]) {
      writeFileSync(lock, left);
      expect(lockstep(again, { cwd: folder }).code).toBe(0);
      expect(existsSync(lock)).toBe(false);
    }
    mkdirSync(lock);
    expect(lockstep(again, { cwd: folder })).toMatchObject({
      code: 2,
      err: expect.stringContaining("cannot tell whether another sweep writes into whole: it is a directory"),
    });
    rmdirSync(lock);
  });

  it("is no JSON at all where its ledger is another's", () => {
    const args = ["sweep", GROUND, "--runs", "3", "--jobs", "1", "--json", "--resume", "-o", "more-seeds"];
    expect(lockstep(args, { cwd: folder })).toMatchObject({ code: 2, out: "" });
  });

  it("is written as far as it came when it is interrupted", async () => {
    const ready = (): boolean => {
      try {
        return readFileSync(join(folder, "cut/ledger.ndjson"), "utf8").split("\n").length > 4;
      } catch {
        return false;
      }
    };
    const { code, err } = await interrupted(
      ["sweep", GROUND, "--runs", "5000", "--jobs", "1", "-o", "cut", "--progress", "none"],
      "SIGINT",
      folder,
      ready,
    );
    expect(code).toBe(130);
    expect(err).toMatch(/interrupted after [\d,]+ runs; the same command with --resume goes on/);
  });

  it("says what was drawn, and gives its runs as one document", () => {
    const { out } = lockstep(["sweep", GROUND, "--seeds", "1..3", "--jobs", "1", "--json"], { cwd: folder });
    const document = JSON.parse(out) as {
      engine: string;
      runs: { drawn: string[]; strategy: string }[];
      passed: number;
    };
    expect(document.engine).toMatch(/^e\d+$/);
    expect(document.runs).toHaveLength(3);
    expect(document.passed).toBe(3);
    expect(document.runs[0]?.strategy).toBe("swarm");
    expect(document.runs[0]?.drawn.length).toBeGreaterThan(0);
  });

  it("gives all its runs one time, whatever their scenarios take", () => {
    writeFileSync(
      join(folder, "long.yaml"),
      "name: long\nduration: 20s\ncluster: { members: 3 }\nfaults: [{ at: 15s, pause: leader, for: 1s }]\nworkload: { clients: 1, closed: 100ms }\n",
    );
    const args = ["--runs", "2", "--duration", "4s", "--json", "--jobs", "1", "-o", "short"];
    const { code, out } = lockstep(["sweep", "long.yaml", GROUND, ...args], { cwd: folder });
    expect(code).toBe(0);
    const { runs } = JSON.parse(out) as { runs: { virtualMicros: number }[] };
    expect(runs.map(({ virtualMicros }) => virtualMicros)).toEqual([4e6, 4e6, 4e6, 4e6]);
  });

  it("groups what fails, keeps one artifact of each kind, and makes it small", () => {
    const args = [
      "sweep",
      GROUND,
      "--runs",
      "40",
      "--jobs",
      "1",
      "--mutate",
      "quorum-of-reachable",
      "--max-failures",
      "2",
      "-o",
      "bad",
    ];
    const { code, out } = lockstep(args, { cwd: folder });
    expect(code).toBe(1);
    expect(out).toMatch(/✗ {1,3}[12] runs? /);
    expect(out).toMatch(/replay {4}npx lockstep replay bad\/ground\.\d+\.run\.json/);
    const artifact = readdirSync(join(folder, "bad")).find((name) => name.endsWith(".run.json")) as string;
    expect(lockstep(["replay", `bad/${artifact}`], { cwd: folder }).code).toBe(1);
    const minimal = readdirSync(join(folder, "bad")).find((name) => name.endsWith(".min.yaml")) as string;
    expect(lockstep([`bad/${minimal}`], { cwd: folder }).code).toBe(0);
  });

  it.each(["pct", "guided", "targeted", "random"])(
    "goes by the strategy %s, and comes to the same again",
    (strategy) => {
      const once = swept(["--runs", "20", "--jobs", "1", "--strategy", strategy, "-o", `${strategy}-1`]);
      expect(once).toHaveLength(20);
      expect(swept(["--runs", "20", "--jobs", "2", "--strategy", strategy, "-o", `${strategy}-2`])).toEqual(once);
    },
  );
});

describe("shrinking by hand", () => {
  const NOISY = "noisy.yaml";
  writeFileSync(
    join(folder, NOISY),
    `name: noisy
duration: 12s
cluster: { members: 5 }
mutate: quorum-of-reachable
workload: { clients: 2, closed: 100ms }
faults:
  - { at: 2100ms, pause: n2, for: 133ms }
  - { at: 3100ms, duplicate: { p: 20% }, for: 900ms }
  - { at: 5217ms, partition: { groups: [leader+1, rest] }, for: 6s }
  - { at: 6100ms, slow: { on: n1, apply: 10ms }, for: 300ms }
`,
  );
  const shrink = ["shrink", `1:${NOISY}`, "--jobs", "1", "--reseed", "4"];

  it("writes below .lockstep, and takes nothing away from what is smaller", () => {
    const before = readdirSync(folder);
    const path = ".lockstep/shrunk/noisy.1.min.yaml";
    const long = lockstep([...shrink, "--budget", "40s"], { cwd: folder });
    expect({ code: long.code, err: long.err }).toEqual({ code: 0, err: "" });
    expect(long.out).toContain(`written     ${path}`);
    expect(readdirSync(folder).filter((name) => name !== ".lockstep" && !before.includes(name))).toEqual([]);
    const small = readFileSync(join(folder, path), "utf8");
    const short = lockstep([...shrink, "--budget", "1ms"], { cwd: folder });
    expect(short.out).toMatch(/best so far when\s+the\s+time was up/);
    expect(short.out).toMatch(/kept {8}\.lockstep\/shrunk\/noisy\.1\.min\.yaml, which is smaller: \d fault/);
    expect(readFileSync(join(folder, path), "utf8")).toBe(small);
  });

  it("writes the best so far when it is interrupted", async () => {
    const ready = (): boolean => existsSync(join(folder, "two/noisy.1.min.yaml"));
    const args = [...shrink, `2:${NOISY}`, "--reseed", "100000", "--budget", "4s", "-o", "two", "--progress", "none"];
    const { code, err } = await interrupted(args, "SIGINT", folder, ready);
    expect({ code, err }).toEqual({ code: 130, err: "lockstep: interrupted; the best so far is written\n" });
  });

  it("goes on past what holds, and prints what it cannot write", () => {
    mkdirSync(join(folder, "taken/noisy.1.min.yaml"), { recursive: true });
    const args = ["shrink", `1:${GROUND}`, `1:${NOISY}`, "--jobs", "1", "--budget", "1s", "-o", "taken"];
    const { code, out, err } = lockstep(args, { cwd: folder });
    expect(code).toBe(2);
    expect(err).toMatch(new RegExp(`1:${GROUND}: there is nothing to shrink`));
    expect(err).toMatch(/taken\/noisy\.1\.min\.yaml/);
    expect(out).toContain("    mutate:\n      - quorum-of-reachable");
  });

  it("of a sweep begins after an interrupt too, from the artifact", () => {
    const args = ["sweep", GROUND, "--mutate", "quorum-of-reachable", "--runs", "6", "--jobs", "1", "-o", "later"];
    expect(lockstep([...args, "--no-shrink"], { cwd: folder }).code).toBe(1);
    expect(lockstep([...args, "--resume"], { cwd: folder }).out).toMatch(/ {4}minimal {3}npx lockstep later\//);
  });

  it("is not done where what was broken on purpose was found out", () => {
    const args = ["sweep", join(ROOT, "scenarios/bugs/half-open-leader.yaml"), "--strategy", "random", "--runs", "1"];
    const { out } = lockstep([...args, "--jobs", "1", "--mutate", "half-open-leader", "-o", "found", "--no-shrink"], {
      cwd: folder,
    });
    expect(out).toMatch(/✗ +1 run +leader-availability/);
    expect(out).toContain("1 of half-open-leader#mended");
    expect(out).toContain("npx lockstep replay found/");
    expect(out).toContain("1 passed, 1 failed");
  });

  it("of a sweep's kind of failure that is left as it was found says why", () => {
    const args = ["sweep", GROUND, "--mutate", "quorum-of-reachable", "--runs", "40", "--jobs", "1", "--no-shrink"];
    const once = [...args, "--max-failures", "1", "-o", "left"];
    expect(lockstep(once, { cwd: folder }).out).toMatch(/ {4}minimal {3}none: --no-shrink\n/);
    const { groups } = JSON.parse(lockstep([...once, "--json"], { cwd: folder }).out) as { groups: object[] };
    expect(groups[0]).toMatchObject({ minimal: null, unshrunk: "--no-shrink" });
  });
});

/** Words, exit code, what is said. Nothing is run. */
const REFUSED: readonly (readonly [readonly string[], number, RegExp])[] = [
  [["sweep", GROUND, "--strategy", "swram"], 2, /there is no strategy "swram"\n {2}did you mean "swarm"\?/],
  [["sweep", GROUND, "--seeds", "5..1"], 2, /"5\.\.1" runs backwards\n {2}did you mean --seeds 1\.\.5\?/],
  [["sweep", GROUND, "--seeds", "0..1e12"], 2, /"1e12" is no number/],
  [["sweep", GROUND, "--shard", "5/4"], 2, /there is no shard 5 of 4\n {2}did you mean 4\/5\?/],
  [["sweep", GROUND, "--shard", "0/4"], 2, /shards are counted from 1/],
  [["sweep", GROUND, "--shard", "half"], 2, /"half" is no shard/],
  [["sweep", GROUND, "--shard", "1/2", "--strategy", "guided"], 2, /guided learns from each of its runs/],
  [["sweep", GROUND, "--mutate", "vote-not-persistent"], 2, /vote-not-persist/],
  [["sweep", GROUND, "--runs", "1e18"], 2, /--runs: 1e18 is more than 1,000,000,000/],
  [["sweep", GROUND, "--runs", "0"], 2, /--runs takes a whole number from 1 on/],
  [["sweep", GROUND, "--runs", "3", "--seeds", "1..3"], 2, /exclude each other/],
  [["sweep", GROUND, "--for", "10 parsecs"], 2, /--for: /],
  [["sweep", GROUND, "--duration", "soon"], 2, /--duration: /],
  [["bugs", "hunt", "half-open-leader", "--resume"], 2, /--resume goes on with a scoreboard/],
  [["bugs", "hunt", "half-open-leader", "--scoreboard", "."], 2, /\. is no scoreboard/],
  [["bugs", "hunt", "half-open-leader", "--scoreboard", GROUND], 2, /is no scoreboard/],
  [["sweep", GROUND, "--jobs", "0"], 2, /--jobs takes a number from 1/],
  [["sweep", GROUND, "--max-failures", "none"], 2, /--max-failures takes a whole number/],
  [["shrink", "gone.run.json"], 2, /gone\.run\.json/],
  [["shrink", `1:${GROUND}`], 2, /there is nothing to shrink/],
  [["shrink", `1:${GROUND}`, "--keep", "all"], 2, /--keep takes property or signature/],
  [["bugs", "show", "vote-not-persistd"], 2, /did you mean vote-not-persisted\?/],
  [["bugs", "hunt", "nothing-like-it"], 2, /there is no bug "nothing-like-it"/],
  [["bugs", "hunt", "half-open-leader", "--seeds", "5..1"], 2, /runs backwards/],
];

describe("words that make no sense", () => {
  it.each(REFUSED)("%j are refused", (args, expected, said) => {
    const { code, out, err } = lockstep(args, { cwd: folder });
    expect({ code, out }).toEqual({ code: expected, out: "" });
    expect(err).toMatch(said);
    expect(err).not.toMatch(/internal error|\n\s+at /);
  });

  it("a ledger of another sweep, or a damaged one, is refused and left as it is", () => {
    swept(["--runs", "2", "--jobs", "1", "-o", "other"]);
    const again = ["sweep", GROUND, "--seed", "9", "--runs", "2", "--jobs", "1", "--resume", "-o", "other"];
    const other = lockstep(again, { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.err).toMatch(/is the ledger of another sweep/);
    const path = join(folder, "other/ledger.ndjson");
    const damaged = readFileSync(path, "utf8").replace('"verdict"', "verdict");
    writeFileSync(path, damaged);
    const bad = lockstep(["sweep", GROUND, "--runs", "2", "--jobs", "1", "--resume", "-o", "other"], { cwd: folder });
    expect(bad.code).toBe(2);
    expect(bad.err).toMatch(/ledger\.ndjson:2: the line is damaged/);
    expect(readFileSync(path, "utf8")).toBe(damaged);
  });

  it("a ledger with lines that are no runs, missing or there twice is refused", () => {
    swept(["--runs", "4", "--jobs", "1", "-o", "lines"]);
    const path = join(folder, "lines/ledger.ndjson");
    const lines = readFileSync(path, "utf8").split("\n");
    const refusalOf = (changed: readonly (string | undefined)[]): string => {
      writeFileSync(path, changed.join("\n"));
      const args = ["sweep", GROUND, "--runs", "4", "--jobs", "1", "--resume", "-o", "lines"];
      const { code, err } = lockstep(args, { cwd: folder });
      expect(code).toBe(2);
      return err;
    };
    const [head, one, two, ...rest] = lines;
    for (const line of [
      "{}",
      "[]",
      "5",
      '{"verdict":"violated"}',
      `${two}`.replace(/"coverage":\{[^}]*\}/, '"coverage":5'),
    ])
      expect(refusalOf([head, one, line, ...rest])).toContain("lines/ledger.ndjson:3: the line is damaged");
    for (const changed of [
      [head, one, ...rest],
      [head, one, one, two, ...rest],
    ])
      expect(refusalOf(changed)).toContain("lines/ledger.ndjson:3: another run comes here");
  });
});

describe("bugs", () => {
  it("are listed with whether they can be hunted", () => {
    const { code, out } = lockstep(["bugs", "list", "--json"], { cwd: folder });
    const list = JSON.parse(out) as { id: string; expressible: boolean; reason?: string }[];
    expect(code).toBe(0);
    expect(list).toHaveLength(60);
    for (const { id, expressible, reason } of list)
      expect({ id, told: expressible || reason !== undefined }).toEqual({ id, told: true });
  });

  it("are hunted, and the last line says what came of it", () => {
    const args = ["bugs", "hunt", "quorum-of-reachable", "--runs", "200", "--jobs", "1", "--budget", "2s", "--json"];
    const { code, out } = lockstep(args, { cwd: folder });
    expect(code).toBe(0);
    const line = JSON.parse(out.trimEnd().split("\n").at(-1) as string) as Record<string, unknown>;
    expect(line).toMatchObject({ id: "quorum-of-reachable", found: true, strategy: "swarm" });
    for (const key of ["seed", "seeds", "events", "virtualSeconds", "property", "shrunk", "artifact"])
      expect(line).toHaveProperty(key);
  });

  it("are written down, and not hunted twice", () => {
    const args = [
      "bugs",
      "hunt",
      "quorum-of-reachable",
      "--runs",
      "50",
      "--ranges",
      "1",
      "--budget",
      "0s",
      "--jobs",
      "1",
    ];
    const board = [...args, "--scoreboard", "board/page.md", "-o", "board"];
    expect(lockstep(board, { cwd: folder }).code).toBe(0);
    const page = readFileSync(join(folder, "board/page.md"), "utf8");
    expect(page).toMatch(/\| `quorum-of-reachable` \| easy \| swarm \| 1 of 1 \| \d+ \|/);
    const { code, out } = lockstep([...board, "--resume"], { cwd: folder });
    expect({ code, out }).toEqual({ code: 0, out: "" });
    // Without its records the page keeps what it says of others.
    const other = args.map((word) => (word === "quorum-of-reachable" ? "read-before-apply" : word));
    expect(lockstep([...other, "--scoreboard", "board/page.md", "-o", "other"], { cwd: folder }).code).toBe(0);
    const both = readFileSync(join(folder, "board/page.md"), "utf8").split("\n");
    expect(both.filter((line) => line.startsWith("| `") && line.includes("| swarm |"))).toEqual([
      page.split("\n").find((line) => line.startsWith("| `quorum-of-reachable`")),
      expect.stringContaining("| `read-before-apply` | easy | swarm | 1 of 1 |"),
    ]);
    writeFileSync(join(folder, "old.md"), "# Scoreboard\n\n| `half-open-leader` | easy | swarm | 20 of 20 |\n");
    const old = lockstep([...args, "--scoreboard", "old.md", "-o", "old"], { cwd: folder });
    expect(old).toMatchObject({
      code: 2,
      err: expect.stringContaining("old.md:3: the line is none of this version's"),
    });
    writeFileSync(join(folder, "board/scoreboard.ndjson"), "{");
    expect(lockstep([...board, "--resume"], { cwd: folder }).err).toMatch(/scoreboard\.ndjson:1: the line is damaged/);
  });

  it("that are not found end with 3, those that cannot be hunted with 4", () => {
    expect(lockstep(["bugs", "hunt", "readindex-stale-acks", "--runs", "2", "--jobs", "1"], { cwd: folder }).code).toBe(
      3,
    );
    expect(lockstep(["bugs", "hunt", "stacked-even-zones"], { cwd: folder }).code).toBe(4);
  });
});
