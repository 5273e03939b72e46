import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, lockstep, PROGRAM, ROOT } from "./lockstep-process.ts";

const SHELLS = ["bash", "zsh", "fish", "pwsh"];

function has(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

/** What bash offers for a line whose last word is being typed. */
function offered(words: readonly string[]): string[] {
  const folder = freshFolder();
  const script = join(folder, "completion.bash");
  writeFileSync(script, lockstep(["completion", "bash"]).out);
  const line = words.map((word) => `'${word}'`).join(" ");
  const program = `source ${script}; lockstep() { "${process.execPath}" "${PROGRAM}" "$@"; }
    COMP_WORDS=(lockstep ${line}); COMP_CWORD=${words.length}; _lockstep; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", program], { cwd: ROOT, encoding: "utf8" }).trim().split("\n").sort();
}

describe("completion", () => {
  it.each(SHELLS)("for %s knows every word and option of the program", (shell) => {
    const { code, out } = lockstep(["completion", shell]);
    expect(code).toBe(0);
    for (const word of ["run", "replay", "explain", "diff", "export", "scenario", "list", "explain-code"])
      expect(out).toMatch(new RegExp(`\\b${word}\\b`));
    for (const option of ["mutate", "until", "format", "members"]) expect(out).toContain(option);
    expect(out).not.toContain("undefined");
  });

  it.each(SHELLS.filter((shell) => shell !== "pwsh" && has(shell)))(
    "for %s is a script that the shell accepts",
    (shell) => {
      const path = join(freshFolder(), "script");
      writeFileSync(path, lockstep(["completion", shell]).out);
      const checked = spawnSync(shell, shell === "fish" ? ["--no-execute", path] : ["-n", path], { encoding: "utf8" });
      expect(checked.stderr).toBe("");
      expect(checked.status).toBe(0);
    },
  );

  it.runIf(has("bash"))("in bash offers words, options, choices, and what the folder holds", () => {
    expect(offered(["ex"])).toEqual(["explain", "explain-code", "export"]);
    expect(offered(["scenario", "li"])).toEqual(["list"]);
    expect(offered(["run", "--format", "j"])).toEqual(["json", "junit"]);
    expect(offered(["run", "--dur"])).toEqual(["--duration"]);
    expect(offered(["run", "--mutate", "vote-not"])).toEqual(["vote-not-persisted"]);
    expect(offered(["run", "scenarios/partition/mino"])).toContain("scenarios/partition/minority-leader.yaml");
    expect(offered(["explain-code", "election-s"])).toEqual(["election-safety"]);
  });

  it("for another shell is exit 2, with the nearest", () => {
    expect(lockstep(["completion", "fihs"])).toMatchObject({ code: 2, out: "", err: expect.stringContaining("fish?") });
  });

  it("asks for candidates without ever complaining", () => {
    expect(lockstep(["__complete", "--", "replay", "", "1:scenarios/election/first"], { cwd: ROOT })).toEqual({
      code: 0,
      out: "1:scenarios/election/first-election.yaml\n",
      err: "",
    });
    expect(lockstep(["__complete", "--", "no such", "", "x"])).toEqual({ code: 0, out: "", err: "" });
    expect(lockstep(["__complete"]).code).toBe(0);
  });
});
