import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { colorLevel } from "../../src/cli/color.ts";
import { worseExit } from "../../src/cli/exit-code.ts";
import { withOverride } from "../../src/cli/override.ts";
import { wordTexts } from "../../src/report/word-texts.ts";
import { PREDICATE_NAMES } from "../../src/scenario/parse-predicate.ts";
import { MEASURES, STATISTICS } from "../../src/scenario/study.ts";
import { TEMPLATES } from "../../src/scenario/template.ts";
import { FLAGSHIP, freshFolder, lockstep, PROGRAM, QUICK, ROOT } from "./lockstep-process.ts";

describe("colour", () => {
  it.each([
    ["never", {}, true, 0],
    ["never", { FORCE_COLOR: "3" }, true, 0],
    ["always", { NO_COLOR: "1", TERM: "dumb" }, false, 1],
    ["auto", { NO_COLOR: "1", FORCE_COLOR: "1", TERM: "xterm" }, true, 0],
    ["auto", { NO_COLOR: "", TERM: "xterm" }, true, 1],
    ["auto", { FORCE_COLOR: "0", TERM: "xterm" }, true, 0],
    ["auto", { FORCE_COLOR: "2" }, false, 2],
    ["auto", { FORCE_COLOR: "", TERM: "dumb" }, false, 1],
    ["auto", { TERM: "dumb" }, true, 0],
    ["auto", { TERM: "xterm" }, false, 0],
    ["auto", { TERM: "xterm-256color" }, true, 2],
    ["auto", { TERM: "xterm", COLORTERM: "truecolor" }, true, 3],
  ] as const)("%s, %j, a terminal: %s is level %i", (wish, env, isTTY, level) => {
    expect(colorLevel(wish, env, isTTY)).toBe(level);
  });

  it("is in the output where it is asked for, and not in a pipe", async () => {
    const plain = lockstep(["quorum", "--split", "3+3"]).out;
    expect(plain).not.toContain("\u001b");
    const painted = lockstep(["quorum", "--split", "3+3", "--color", "always"]).out;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked at
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(plain);
    await expect(painted.replaceAll("\u001b", "<esc>")).toMatchFileSnapshot("quorum-split-painted.txt");
    expect(lockstep(["quorum"], { env: { FORCE_COLOR: "1" } }).out).toContain("\u001b");
    expect(lockstep(["quorum"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }).out).not.toContain("\u001b");
  });
});

describe("exit codes", () => {
  it("of several stand in the order of the contract", () => {
    const order = [130, 70, 2, 5, 1, 3, 4, 0];
    for (const [at, worse] of order.entries())
      for (const better of order.slice(at)) {
        expect(worseExit(worse, better)).toBe(worse);
        expect(worseExit(better, worse)).toBe(worse);
      }
  });
});

describe("overrides", () => {
  it("put a value into a copy, making maps on the way", () => {
    const file = { a: [{ b: 1 }] };
    expect(withOverride(file, { path: ["a", 0, "b"], value: 2 })).toEqual({ a: [{ b: 2 }] });
    expect(withOverride(file, { path: ["x", "y"], value: 3 })).toEqual({ a: [{ b: 1 }], x: { y: 3 } });
    expect(file).toEqual({ a: [{ b: 1 }] });
  });
});

describe("help", () => {
  it("loads nothing but commander", () => {
    const hook = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(
      "export async function resolve(s, c, n) { const r = await n(s, c); if (!r.url.startsWith('node:')) console.error(r.url); return r; }",
    )}");`;
    const { stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, PROGRAM, "--help"],
      { encoding: "utf8" },
    );
    expect(stdout).toContain("Usage: lockstep");
    const loaded = stderr.split("\n").filter((line) => line.startsWith("file:"));
    expect(loaded.length).toBeGreaterThan(1);
    for (const url of loaded)
      expect(url).toMatch(
        /node_modules\/commander\/|dist\/cli\/(lockstep|color|check-options)\.js|dist\/kernel\/engine\.js/,
      );
  });

  it("is what a bare call gives, names every command, and fits 80 columns", () => {
    const { code, out } = lockstep([]);
    expect(code).toBe(0);
    for (const word of ["run", "replay", "scenario", "quorum", "doctor", "bench", "explain-code"])
      expect(out).toMatch(new RegExp(`\\n {2}${word}\\b`));
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("and version are exit 0", () => {
    expect(lockstep(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^lockstep \d+\.\d+\.\d+\n$/),
    });
    expect(lockstep(["run", "--help"])).toMatchObject({ code: 0, out: expect.stringContaining("--seeds <a..b>") });
  });
});

describe("scenario", () => {
  it("validate says what is good and what is not, as text and JSON", () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "a.yaml"), "name: a\n");
    writeFileSync(join(cwd, "b.yaml"), "name: b\nclutser: 1\n");
    const text = lockstep(["scenario", "validate", "."], { cwd });
    expect(text).toMatchObject({ code: 2, out: "✓ a.yaml  a\n1 valid, 1 invalid\n" });
    expect(text.err).toContain("b.yaml:2:1  LS2004");
    const { files, valid, invalid } = JSON.parse(lockstep(["scenario", "validate", ".", "--json"], { cwd }).out);
    expect([valid, invalid]).toEqual([1, 1]);
    expect(files[1]).toMatchObject({
      file: "b.yaml",
      ok: false,
      problems: [{ code: "LS2004", line: 2, column: 1, hint: "cluster" }],
    });
  });

  it("list names every scenario there is", () => {
    const { out, code } = lockstep(["scenario", "list", "--json"], { cwd: ROOT });
    expect(code).toBe(0);
    expect(JSON.parse(out).scenarios).toContainEqual(
      expect.objectContaining({ name: "minority-leader", members: 5, seed: "42" }),
    );
    expect(lockstep(["scenario", "list", "--tag", "electon"], { cwd: ROOT })).toMatchObject({
      code: 4,
      err: expect.stringContaining('"election"'),
    });
  });

  it("show fills in, and what it shows is the same scenario", () => {
    const shown = lockstep(["scenario", "show", FLAGSHIP]).out;
    const digest = (args: string[], input?: string): string =>
      JSON.parse(lockstep([...args, "--json"], input === undefined ? {} : { input }).out).runs[0].digest;
    expect(digest(["run", "-"], shown)).toBe(digest(["run", FLAGSHIP]));
  });

  it("show with a seed has random faults fixed, and runs to the same digest", () => {
    const file = join(ROOT, "scenarios/random/everything.yaml");
    const { runs } = JSON.parse(lockstep(["run", file, "--seed", "6", "--json"]).out);
    const shown = lockstep(["scenario", "show", file, "--seed", "6"]).out;
    expect(shown).not.toMatch(/^random:/m);
    expect(JSON.parse(lockstep(["run", "-", "--json"], { input: shown }).out).runs[0].digest).toBe(runs[0].digest);
  });

  it("schema is the file that is checked in", () => {
    const text = readFileSync(join(ROOT, "src/scenario/scenario.v1.json"), "utf8");
    expect(JSON.parse(lockstep(["scenario", "schema"]).out)).toEqual(JSON.parse(text));
    expect(JSON.parse(lockstep(["scenario", "schema", "--draft", "2020-12"]).out).$schema).toContain("2020-12");
  });

  it.each(TEMPLATES.map(({ id }) => id))("new writes a %s that holds, and never over a file", (id) => {
    const cwd = freshFolder();
    expect(lockstep(["scenario", "new", "mine", "-t", id], { cwd }).code).toBe(0);
    expect(lockstep(["scenario", "new", "mine", "-t", id], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining("there already"),
    });
    expect(lockstep(["run", "mine.yaml", "-q"], { cwd }).code).toBe(0);
  });

  it("fmt lays out, --check only says so", () => {
    const cwd = freshFolder();
    const path = join(cwd, "a.yaml");
    writeFileSync(path, "duration:   5s\nname: a # mine\n");
    expect(lockstep(["scenario", "fmt", "--check", "a.yaml"], { cwd }).code).toBe(1);
    expect(readFileSync(path, "utf8")).toContain("duration:   5s");
    expect(lockstep(["scenario", "fmt", "a.yaml"], { cwd }).code).toBe(0);
    expect(readFileSync(path, "utf8")).toBe("name: a # mine\nduration: 5s\n");
    expect(lockstep(["scenario", "fmt", "--check", "a.yaml"], { cwd }).code).toBe(0);
  });

  it("fmt writes through a link and leaves the mode as it was", () => {
    const cwd = freshFolder();
    writeFileSync(join(cwd, "a.yaml"), "duration:   5s\nname: a\n");
    chmodSync(join(cwd, "a.yaml"), 0o640);
    symlinkSync("a.yaml", join(cwd, "b.yaml"));
    expect(lockstep(["scenario", "fmt", "b.yaml"], { cwd }).code).toBe(0);
    expect(lstatSync(join(cwd, "b.yaml")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cwd, "a.yaml"), "utf8")).toBe("name: a\nduration: 5s\n");
    expect(statSync(join(cwd, "a.yaml")).mode & 0o777).toBe(0o640);
  });

  it("what cannot be simulated yet is refused with its place, in a variant too", () => {
    const cwd = freshFolder();
    writeFileSync(
      join(cwd, "a.yaml"),
      [
        "name: a",
        "cluster: { members: 3 }",
        "mutate: stacked-even-zones",
        "over: { seeds: 1..2 }",
        "expect:",
        "  - median: { of: failover, is: '< 2s' }",
        "variants:",
        "  same: { title: The file as it is }",
        "  other: { mutate: [apiserver-stale-cache] }",
      ].join("\n"),
    );
    const { code, err } = lockstep(["run", "a.yaml"], { cwd });
    expect(code).toBe(2);
    expect(err).toMatch(/a\.yaml:3:1 {2}LS2023 mutation stacked-even-zones/);
    expect(err).toMatch(/LS2023 mutation apiserver-stale-cache/);
    const { out } = lockstep(["scenario", "validate", "--json", "a.yaml"], { cwd });
    expect(JSON.parse(out).files[0].problems[0]).toMatchObject({ code: "LS2023", line: 3, path: "mutate" });
  });
});

describe("other commands", () => {
  it("quorum answers as JSON", () => {
    const { rows, split } = JSON.parse(
      lockstep(["quorum", "3", "4..5", "--failure", "1%", "--split", "2+3", "--json"]).out,
    );
    expect(
      rows.map((row: { members: number; quorum: number; tolerates: number }) => [
        row.members,
        row.quorum,
        row.tolerates,
      ]),
    ).toEqual([
      [3, 2, 1],
      [4, 3, 1],
      [5, 3, 2],
    ]);
    expect(rows[0].unavailable).toBe("0.000298000000");
    expect(split).toMatchObject({ quorum: 3, decides: 1 });
  });

  it.each([
    [["0"]],
    [["100"]],
    [["x"]],
    [["5..3"]],
    [["--failure", "2"]],
    [["--split", "3"]],
    [["--split", "60+60"]],
    [["6", "--split", "4+4"]],
  ])("quorum %j is exit 2", (args) => {
    expect(lockstep(["quorum", ...args])).toMatchObject({ code: 2, out: "" });
  });

  it("explain-code knows properties and problems", () => {
    const alias = lockstep(["explain-code", "no-split-brain"]);
    expect([alias.code, alias.err]).toEqual([0, ""]);
    for (const id of ["election-safety", "commit-support", "state-machine-safety"])
      expect(alias.out).toContain(` ${id} `);
    expect(lockstep(["explain-code", "LS1001"]).out).toContain("at most one leader per term");
    expect(lockstep(["explain-code", "ls2004"]).out).toContain("unknown key");
    expect(lockstep(["explain-code", "LS1O01"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("did you mean LS1001?"),
    });
  });

  it("explain-code knows every word that a report uses of what is expected or was seen", () => {
    const words = [
      ...PREDICATE_NAMES,
      ...MEASURES.map(({ id }) => id),
      ...STATISTICS,
      ...["always", "sometimes", "never", "eventually", "violates", "linearizable", "availability", "no data loss"],
    ];
    for (const word of words) expect(wordTexts(word), word).not.toEqual([]);
    expect(lockstep(["explain-code", "no-data-loss"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("dataLoss: none"),
    });
    expect(lockstep(["explain-code", "expectation/2"]).out).toContain("number 2 of what the scenario has under expect");
    const both = lockstep(["explain-code", "availability"]).out;
    expect(both).toContain("LS1503");
    expect(both).toContain("(expectation)");
  });

  it("bench w is one JSON line with the fields of the contract", () => {
    const { code, out } = lockstep(["bench", "w", "--virtual", "20", "--faults", "--compact", "100"]);
    expect(code).toBe(0);
    expect(out.split("\n").length).toBe(2);
    const line = JSON.parse(out);
    expect(Object.keys(line).sort()).toEqual(
      "work members clients faults virtualSeconds cpuSeconds wallSeconds events messagesDelivered entriesCommitted opsCompleted opsUnknown leaderChanges peakRssBytes checks digest engine node"
        .split(" ")
        .sort(),
    );
    expect(line).toMatchObject({ work: "w", members: 3, clients: 5, faults: true, virtualSeconds: 20, checks: true });
    expect(line.opsCompleted).toBeGreaterThan(100);
    expect(line.entriesCommitted).toBeGreaterThan(100);
    const bare = JSON.parse(lockstep(["bench", "w", "--virtual", "20", "--no-checks"]).out);
    expect(bare).toMatchObject({ checks: false, digest: null });
  });

  it("bench refuses unknown works and flags", () => {
    expect(lockstep(["bench", "z"]).code).toBe(2);
    expect(lockstep(["bench", "w", "--member", "3"]).code).toBe(2);
    expect(lockstep(["bench", "w", "--members", "0"]).code).toBe(2);
  });

  it("works in a folder that is not the project's", () => {
    expect(existsSync(join(lockstepFolder(), "package.json"))).toBe(false);
    expect(lockstep([QUICK, "-q"], { cwd: lockstepFolder() }).code).toBe(0);
  });
});

function lockstepFolder(): string {
  return freshFolder();
}
