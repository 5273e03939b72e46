import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FLAGSHIP, freshFolder, lockstep, PROGRAM, QUICK, ROOT } from "./lockstep-process.ts";

const folder = freshFolder();

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return name;
}

const HEAD = "name: x\nduration: 10s\ncluster: { members: 5 }\n";

/** File, what must be said of it. Each is refused with exit 2 before anything runs. */
const FILES: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["unknown keys", `${HEAD}clients: 3\n`, /bad-0\.yaml:4:1 {2}LS2004 unknown key "clients"/],
  ["wrong units", "name: x\nduration: 10 parsecs\n", /bad-1\.yaml:2:11 {2}LS2007 .*unit/],
  ["impossible selectors", `${HEAD}faults:\n  - { at: 1s, crash: any(9) }\n`, /LS2008 "any\(9\)" is more than the 5/],
  [
    "overlapping groups",
    `${HEAD}faults:\n  - { at: 1s, partition: { groups: [[n1, n2], [n2, n3]] } }\n`,
    /LS2011 .*n2/,
  ],
  ["a member that does not exist", `${HEAD}faults:\n  - { at: 1s, crash: n9 }\n`, /LS2009 .*n9.*did you mean "n5"/],
  ["no members", "name: x\ncluster: { members: 0 }\n", /LS2010 0 members/],
  ["minus one member", "name: x\ncluster: { members: -1 }\n", /LS2010 -1 members/],
  ["10,000 members", "name: x\ncluster: { members: 10000 }\n", /LS2010 10000 members.*did you mean "99"/],
  ["a fault after the end", `${HEAD}faults:\n  - { at: 11s, crash: n1 }\n`, /LS2012/],
  ["YAML that does not parse", "name: [x\n  y: }\n", /LS2001/],
  ["a binary file", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255, 254]), /LS200[12]/],
  ["an empty file", "", /LS2002 the file is empty/],
];

describe("a bad scenario file", () => {
  it.each(FILES.map((entry, at) => [...entry, at] as const))(
    "with %s is refused with its place",
    (_title, content, said, at) => {
      const { code, out, err } = lockstep(["run", write(`bad-${at}.yaml`, content)], { cwd: folder });
      expect(err).toMatch(said);
      expect(out).toBe("");
      expect(code).toBe(2);
      expect(err).not.toMatch(/\n\s+at .*:\d+:\d+|Error:/);
    },
  );

  it("is reported together with all others, and nothing runs", () => {
    const one = write("one.yaml", "name: x\nclutser: 1\n");
    const two = write("two.yaml", "name: y\nduration: 5\n");
    const { code, out, err } = lockstep(["run", one, two, QUICK, "gone.yaml"], { cwd: folder });
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain("one.yaml:2:1  LS2004");
    expect(err).toContain('did you mean "cluster"?');
    expect(err).toContain("two.yaml:2:11  LS2007");
    expect(err).toContain("there is no file gone.yaml");
  });

  it("shows the line with a caret under the place", () => {
    const name = write("caret.yaml", "name: x\nfaults:\n  - at: 1s\n    delay: { add: 20ms, jiter: 3ms }\n");
    const { err } = lockstep(["run", name], { cwd: folder });
    expect(err).toBe(`caret.yaml:4:25  LS2004 unknown key "jiter" in faults[0].delay – did you mean "jitter"?
  3 |   - at: 1s
  4 |     delay: { add: 20ms, jiter: 3ms }
    |                         ^^^^^
`);
  });

  it("with many mistakes shows the first of them, and how many more there are", () => {
    const keys = Array.from({ length: 15 }, (_, at) => `strange${at}: 1\n`).join("");
    const { err } = lockstep(["run", write("many.yaml", `name: x\nduration: 5s\n${keys}`)], { cwd: folder });
    expect(err.match(/LS2004/g)?.length).toBe(10);
    expect(err).toContain("many.yaml: and 5 more\n");
  });

  it("that is a page of text is one mistake", () => {
    const { code, err } = lockstep(["run", write("page.md", "# Title\n\nSome `words`: and more\n\n| a | b |\n")], {
      cwd: folder,
    });
    expect(err.match(/LS\d{4}/g)).toEqual(["LS2002"]);
    expect(err).toContain("this is no scenario");
    expect(code).toBe(2);
  });

  it("cannot steer the terminal", () => {
    const { err } = lockstep(["run", write("steer.yaml", 'name: x\ntitle: "a"\n\u001b[2J: 1\n')], { cwd: folder });
    expect(err).not.toContain("\u001b");
  });
});

describe("a name that leads nowhere", () => {
  it("is exit 2, with the nearest file", () => {
    const { code, err } = lockstep(["run", FLAGSHIP.replace("minority", "minorty")]);
    expect(code).toBe(2);
    expect(err).toMatch(/there is no file .*\n {2}did you mean .*minority-leader\.yaml\?/);
  });

  it.runIf(process.platform !== "win32")("is told apart from a link that leads nowhere, or in a ring", () => {
    mkdirSync(join(folder, "links"));
    symlinkSync("gone", join(folder, "links", "broken.yaml"));
    symlinkSync("ring.yaml", join(folder, "links", "ring.yaml"));
    const broken = lockstep(["run", "links/broken.yaml", "links/ring.yaml"], { cwd: folder });
    expect(broken.err).toContain("links/broken.yaml is a link to a file that is not there");
    expect(broken.err).toContain("links/ring.yaml: too many symbolic links");
    expect(broken.code).toBe(2);
    expect(lockstep(["run", "links/*.yaml"], { cwd: folder }).code).toBe(4);
    expect(lockstep(["run", "links"], { cwd: folder }).code).toBe(4);
  });

  it("is exit 4 where it is a folder or a pattern without scenarios", () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    expect(lockstep(["run", "empty"], { cwd: folder })).toMatchObject({ code: 4, out: "" });
    expect(lockstep(["run", "empty/*.yaml"], { cwd: folder }).code).toBe(4);
    expect(lockstep(["replay", "empty"], { cwd: folder }).code).toBe(4);
    expect(lockstep(["scenario", "validate", "empty"], { cwd: folder })).toMatchObject({
      code: 4,
      out: "0 valid\n",
      err: expect.stringContaining("there is no scenario in empty"),
    });
  });

  it("is exit 2 for a device", () => {
    expect(lockstep(["run", "/dev/null"])).toMatchObject({ code: 2, out: "" });
  });

  it.runIf(process.getuid?.() !== 0)("is exit 2 where it may not be read", () => {
    chmodSync(join(folder, write("secret.yaml", "name: x\n")), 0);
    expect(lockstep(["run", "secret.yaml"], { cwd: folder }).err).toContain("permission denied (EACCES)");
  });
});

describe("a bad option", () => {
  it.each([
    [["--seed", "-5"], /is no seed.*\n.*--seed 5/],
    [["--seed", "A B"], /is no seed.*\n.*--seed a-b/],
    [["--seed", "18446744073709551616"], /below 2\^64/],
    [["--seed", ""], /a seed is empty/],
    [["--seed", "1.5"], /whole one.*\n.*--seed 1\?/],
    [["--seeds", "1..9999999999999"], /names 9,999,999,999,999 seeds: 1,000,000,000 are the most.*\n.*1\.\.1000000000/],
    [["--mutate", "nosuch"], /LS2017 .*lockstep bugs list/],
    [["--report", "xml"], /no form "xml"\n.*did you mean junit\? there are html, junit/],
    [["--seeds", ""], /range of seeds is empty/],
    [["--seeds", "9..1"], /runs backwards\n.*1\.\.9/],
    [["--seeds", "1.."], /only one end/],
    [["--seed", "1", "--seeds", "1..2"], /exclude each other/],
    [["--members", "0"], /LS2010 0 members/],
    [["--members", "-1"], /LS2010 -1 members/],
    [["--members", "10000"], /LS2010 10000 members/],
    [["--members", "many"], /--members takes a whole number/],
    [["--duration", "10"], /LS2007/],
    [["--step-limit", "0"], /stepLimit/],
    [["--set", "cluster.membrs=3"], /LS2004 unknown key "membrs".*did you mean "members"/],
    [["--set", "nonsense"], /--set takes key=value/],
    [["--set", "expect.x=1"], /is a list/],
    [["--set", "__proto__.x=1"], /no such key/],
    [["--mutate", "vote-not-persistd"], /LS2017.*did you mean "vote-not-persisted"/],
    [["--sed", "1"], /unknown option '--sed'\n\(Did you mean .*--seed/],
    [["--format", "xml"], /Allowed choices are pretty/],
    [["--width", "3"], /40/],
    [["--json", "--format", "tap"], /exclude each other/],
  ])("%j is exit 2 and says what was meant", (args, said) => {
    const { code, out, err } = lockstep(["run", FLAGSHIP, ...args]);
    expect(err).toMatch(said);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it("a misspelt command before a file is told as such", () => {
    expect(lockstep(["-q", "rum", QUICK])).toMatchObject({
      code: 2,
      err: expect.stringContaining("Did you mean run?"),
    });
    expect(lockstep(["--color", "never", QUICK, "-q"]).code).toBe(0);
  });

  it("an unknown command names the nearest", () => {
    expect(lockstep(["rnu"])).toEqual({
      code: 2,
      out: "",
      err: "lockstep: unknown command 'rnu'\n(Did you mean run?)\n",
    });
  });

  it("an unknown command that is near none names all", () => {
    expect(lockstep(["frobnicate"]).err).toMatch(
      /^lockstep: unknown command 'frobnicate'\n {2}there are run, replay, /,
    );
    expect(lockstep(["bugs", "frobnicate"]).err).toBe(
      "lockstep: unknown command 'frobnicate'\n  there are list, show, hunt\n",
    );
    expect(lockstep(["frobnicate", "bugs"]).err).toMatch(/ {2}there are run, replay, /);
  });
});

describe("a bad artifact", () => {
  lockstep(["run", QUICK, "-o", folder], { cwd: folder });
  const text = readFileSync(join(folder, "first-election.1.run.json"), "utf8");
  const zipped = gzipSync(text);

  it.each([
    ["truncated", text.slice(0, text.length / 2), /not complete JSON\n.*truncated/],
    ["truncated gzip", zipped.subarray(0, zipped.length / 2), /gzip data is cut off/],
    ["foreign JSON", '{"name":"x"}', /JSON, but no artifact/],
    ["no JSON", "hello", /no JSON/],
    ["of another format", text.replace("lockstep-run/1", "lockstep-run/9"), /the format is "lockstep-run\/9"/],
    ["empty", "", /no JSON/],
    ["edited into nonsense", text.replace('"members":[{"id":1', '"members":[{"id":7777'), /cannot be run\n.*LS2009/],
    [
      "edited, with a key misspelt",
      text.replace('"lossPpm":0', '"lossPpm":0,"lossPmm":0'),
      /cannot be run\n.*unknown key "lossPmm" in network – did you mean "lossPpm"\?/,
    ],
    ["a part missing", text.replace('"cluster":{', '"clutser":{'), /parts of the artifact are missing/],
    [
      "a wrong seed",
      text.replace('"seed":"1","verdict"', '"seed":"A B","verdict"').replace('"seed":"1",', '"seed":"A B",'),
      /./,
    ],
  ])("that is %s is exit 2", (_title, content, said) => {
    writeFileSync(join(folder, "bad.run.json"), content);
    const { code, out, err } = lockstep(["replay", "bad.run.json"], { cwd: folder });
    expect(err).toMatch(said);
    expect(out).toBe("");
    expect(code).toBe(2);
    expect(err).not.toMatch(/\n\s+at .*:\d+:\d+|Error:/);
  });

  it("of which only the digest was changed contradicts itself: 5", () => {
    writeFileSync(join(folder, "cut.run.json"), text.replace(/"digest":"[0-9a-f]{16}"/, '"digest":"0123456789abcdef"'));
    const { code, out } = lockstep(["replay", "cut.run.json"], { cwd: folder });
    expect(code).toBe(5);
    expect(out).toContain("the artifact contradicts itself");
    expect(out).not.toContain("they part");
  });

  it("is told from a scenario", () => {
    expect(lockstep(["replay", QUICK])).toMatchObject({ code: 2, err: expect.stringContaining("lockstep run") });
  });

  it("of another engine version is run: the same digest is 0, another one is 5 with both versions", () => {
    const old = text.replace(/"engine":"e\d+"/, '"engine":"e0"');
    expect(old).not.toBe(text);
    writeFileSync(join(folder, "old.run.json"), old);
    expect(lockstep(["replay", "old.run.json"], { cwd: folder })).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "old.run.json"), old.replace(/"digest":"[0-9a-f]{16}"/, '"digest":"0123456789abcdef"'));
    const { code, out } = lockstep(["replay", "old.run.json"], { cwd: folder });
    expect(code).toBe(5);
    expect(out).toMatch(/recorded by engine e0 and run by e\d/);
    expect(out).toContain("1 failed");
  });
});

describe("a disk that refuses", () => {
  it("is a sentence before anything runs where -o cannot be made", () => {
    write("file", "");
    const { code, out, err } = lockstep(["run", QUICK, "-o", "file/out"], { cwd: folder });
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(/cannot make the folder file\/out: .*\(ENOTDIR\)/);
  });

  it.runIf(readdirSync("/dev").includes("full"))(
    "does not take the report with it where the artifact cannot be written",
    () => {
      const cwd = freshFolder();
      execFileSync("mkdir", ["-p", join(cwd, "out/first-election.1.run.json/x")]);
      const { code, out, err } = lockstep(["run", QUICK, "-o", "out"], { cwd });
      expect(code).toBe(2);
      expect(out).toContain("1 passed");
      expect(err).toContain("cannot write out/first-election.1.run.json");
      expect(readdirSync(join(cwd, "out"))).toEqual(["first-election.1.run.json"]);
    },
  );
});

describe("a word or a place that is not there", () => {
  it.each([
    [["rnu", "--help"], /unknown command 'rnu'/],
    [["--width", "80", "rnu", "--help"], /Did you mean run/],
    [["help", "rnu"], /unknown command 'rnu'/],
    [["scenario", "lst", "--help"], /Did you mean list/],
  ])("%j is exit 2, with help asked for or not", (args, said) => {
    const { code, out, err } = lockstep(args);
    expect(err).toMatch(said);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it("help on measured work is exit 0", () => {
    expect(lockstep(["bench", "--help"])).toMatchObject({ code: 0, err: "" });
    expect(lockstep(["bench", "w", "--help"])).toMatchObject({ code: 0, out: expect.stringContaining("--members") });
  });

  it("a value of --set that is no YAML is refused", () => {
    for (const value of ["a={b", "title=[1", 'title="x'])
      expect(lockstep(["run", QUICK, "--set", value])).toMatchObject({
        code: 2,
        err: expect.stringContaining("is no YAML"),
      });
  });

  it("a folder that can never be made is refused at once", () => {
    expect(lockstep(["run", QUICK, "-o", "/proc/nowhere/x"])).toMatchObject({ code: 2, out: "" });
  });

  it.runIf(readdirSync("/dev").includes("full"))("standard output that takes no more is exit 2", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, "run", QUICK], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
      cwd: freshFolder(),
    });
    closeSync(full);
    expect(stderr).toContain("cannot write to standard output: no space left on the device");
    expect(status).toBe(2);
  });
});

describe("a run that is asked for by name", () => {
  const VOTE = join(ROOT, "scenarios/history/vote-not-persisted.yaml");

  it.each([
    [["explain", "nowhere.run.json"], /there is no file nowhere/],
    [["explain", `1:${VOTE}`], /is 2 runs\n {2}name one of them/],
    [["explain", `1:${QUICK}`, "--event", "999999"], /there is no event 999,999: the run has [\d,]+\n/],
    [["explain", `1:${QUICK}`, "--event", "0"], /--event takes a number from 1 on/],
    [["explain", `1:${QUICK}`, "--member", "n9"], /there is no such member\n {2}there are n1, n2/],
    [["explain", `1:${QUICK}`, "--from", "3x"], /unknown unit/],
    [["explain", `1:${QUICK}`, "--from", "1h"], /after the end of the run/],
    [["explain", `1:${QUICK}`, "--from", "3s", "--to", "2s"], /--to is before --from/],
    [["diff", `1:${QUICK}`, `1:${FLAGSHIP}`], /runs of different scenarios: first-election and minority-leader/],
    [["diff", `1:${QUICK}`], /missing required argument 'b'/],
    [["export", `1:${QUICK}`, "--to", "sgv"], /there is no form "sgv"\n {2}did you mean svg\?/],
    [["export", `1:${QUICK}`, "--to", "svg", "--rows", "none"], /--rows takes a number/],
    [["replay", "1:"], /names a seed and no file\n {2}1:<scenario file>/],
    [["run", `${VOTE}#brken`], /has the variants .*broken.*lockstep replay <seed>:.*#broken makes one/],
    [["run", `${QUICK}#x`], /has no variants: lockstep run/],
    [["completion", "tcsh"], /there are bash, zsh, fish, pwsh/],
    [["replay", "ls1_AAAA"], /damaged or cut off/],
    [["run", QUICK, "--until", "leadrs >= 2"], /LS2015 .*did you mean "leaders".*\n {2}\| leadrs >= 2\n {2}\| \^/],
    [["run", QUICK, "--until", "up(n1", "--break", "up(n1)"], /exclude each other/],
    [["run", QUICK, "--break", "up(n1"], /LS2015 .*\n {2}\| up\(n1\n {2}\| +\^/],
    [["run", QUICK, "--properties", "election-saftey"], /did you mean election-safety\?/],
  ])("%j is exit 2 where it makes no sense", (args, said) => {
    const { code, out, err } = lockstep(args);
    expect(err).toMatch(said);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  it("is replayed as it was: flags that change scenarios are refused", () => {
    const cwd = freshFolder();
    lockstep(["run", QUICK, "-o", "out"], { cwd });
    const path = "out/first-election.1.run.json";
    expect(lockstep(["replay", path, "--members", "5"], { cwd })).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("--members changes the scenario"),
    });
    expect(lockstep(["run", path], { cwd }).err).toContain(`lockstep replay ${path}`);
  });

  it("in a folder is replayed, though another file there is broken: exit 2, and both are told of", () => {
    const cwd = freshFolder();
    lockstep(["run", QUICK, "-o", "out"], { cwd });
    writeFileSync(join(cwd, "out/a.run.json"), "{");
    const { code, out, err } = lockstep(["replay", "out"], { cwd });
    expect(err).toContain("out/a.run.json is no artifact");
    expect(out).toContain("the same run as recorded");
    expect(code).toBe(2);
  });
});
