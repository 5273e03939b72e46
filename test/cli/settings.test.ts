import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, lockstep, QUICK, ROOT } from "./lockstep-process.ts";

const CONFIG = `format: compact
profiles:
  ci: { format: tap }
`;

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = freshFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe("options from elsewhere", () => {
  it("stand below flags, in the order environment, profile, file", () => {
    const cwd = folderWith({ "lockstep.config.yaml": CONFIG });
    expect(lockstep(["run", QUICK], { cwd }).out).toMatch(/^✓ first-election .*\n1 passed\n$/);
    expect(lockstep(["run", QUICK, "--profile", "ci"], { cwd }).out).toMatch(/^TAP version 14/);
    const env = { LOCKSTEP_FORMAT: "silent", LOCKSTEP_PROFILE: "ci" };
    expect(lockstep(["run", QUICK], { cwd, env })).toMatchObject({ code: 0, out: "" });
    expect(lockstep(["run", QUICK, "--format", "ndjson"], { cwd, env }).out).toMatch(/^\{"scenario"/);
  });

  it.each([
    ["package.json", '{"name":"x","lockstep":{"format":"compact"}}'],
    ["lockstep.config.json", '{"format":"compact"}'],
    ["lockstep.config.ts", 'const form: string = "compact";\nexport default { format: form };\n'],
    ["lockstep.config.mjs", 'export default { format: "compact" };\n'],
  ])("may stand in %s", (name, text) => {
    expect(lockstep(["run", QUICK], { cwd: folderWith({ [name]: text }) }).out).toMatch(/^✓ first-election/);
  });

  it("that change a scenario are in the line that runs it again, and are not asked of artifacts", () => {
    const cwd = folderWith({ "lockstep.config.yaml": "members: 5\n" });
    const { out } = lockstep(["run", QUICK, "-o", "out"], { cwd });
    expect(out).toContain("5 members");
    expect(out).toMatch(/replay: npx lockstep replay 1:.*--members 5/);
    expect(lockstep(["replay", "out"], { cwd })).toMatchObject({ code: 0, err: "" });
  });

  it.each([
    [{ "lockstep.config.yaml": "formt: tap\n" }, [], {}, /there is no option "formt"\n {2}did you mean format\?/],
    [{ "lockstep.config.yaml": "format: xml\n" }, [], {}, /format: Allowed choices/],
    [{ "lockstep.config.yaml": "a: [\n" }, [], {}, /lockstep\.config\.yaml: /],
    [{ "lockstep.config.yaml": "- a\n" }, [], {}, /is no map of options/],
    [{ "lockstep.config.yaml": CONFIG }, ["--profile", "cj"], {}, /has no profile "cj"\n {2}did you mean ci\?/],
    [{}, ["--profile", "ci"], {}, /there is no configuration file/],
    [{}, ["--config", "gone.yaml"], {}, /gone\.yaml: there is no such file/],
    [{}, [], { LOCKSTEP_SOFT: "perhaps" }, /LOCKSTEP_SOFT: soft is true or false/],
  ])("that make no sense are exit 2: %j %j %j", (files, args, env, said) => {
    const { code, out, err } = lockstep(["run", QUICK, ...args], {
      cwd: folderWith(files as Record<string, string>),
      env: env as Record<string, string>,
    });
    expect(err).toMatch(said);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});

describe("--report", () => {
  it("writes further forms into files, the failure with its lanes", () => {
    const cwd = freshFolder();
    const scenario = join(ROOT, "scenarios/history/vote-not-persisted.yaml");
    const { code, out } = lockstep(
      [
        "run",
        scenario,
        "--set",
        "variants.broken.expect=[]",
        "--format",
        "ndjson",
        "--report",
        "html=out/x.html,junit,tap=t.tap",
      ],
      { cwd },
    );
    expect(code).toBe(1);
    expect(out.trim().split("\n")).toHaveLength(2);
    const html = readFileSync(join(cwd, "out/x.html"), "utf8");
    expect(html).toContain("n2 leads term 3");
    expect(html).toContain("<details open>");
    expect(html).not.toMatch(/<script|https?:\/\//);
    expect(readFileSync(join(cwd, "lockstep-report.xml"), "utf8")).toContain('failures="1"');
    expect(readFileSync(join(cwd, "t.tap"), "utf8")).toMatch(/^TAP version 14\n1\.\.2\n/);
  });

  it("of an unknown form is exit 2, before anything runs", () => {
    expect(lockstep(["run", QUICK, "--report", "htm"])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("did you mean html?"),
    });
  });
});
