// `check`, `export` of histories and their benchmarks, as processes of their own.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshFolder, lockstep, ROOT } from "./lockstep-process.ts";

const QUICK = join(ROOT, "scenarios/election/leader-crash.yaml");

function jsonl(lines: readonly object[]): string {
  return [{ format: "history/1", model: "register", initial: 0 }, ...lines]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

const WRITE = [
  { process: 1, type: "invoke", f: "write", value: 5 },
  { process: 1, type: "ok", f: "write", value: 5 },
];
const READ_OLD = [
  { process: 2, type: "invoke", f: "read" },
  { process: 2, type: "ok", f: "read", value: 0 },
];

/** A folder with a history that has an order, one that has none, and what is no history. */
function folder(): string {
  const cwd = freshFolder();
  writeFileSync(join(cwd, "good.jsonl"), jsonl(WRITE));
  writeFileSync(join(cwd, "bad.jsonl"), jsonl([...WRITE, ...READ_OLD]));
  writeFileSync(join(cwd, "none.jsonl"), jsonl([]));
  return cwd;
}

describe("lockstep bench check", () => {
  it("writes one line a file with the shape that scripts rely on", () => {
    const cwd = folder();
    const { code, out } = lockstep(["bench", "check", "good.jsonl", "bad.jsonl", "--repeat", "2"], { cwd });
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(lines.map(({ file, verdict, ops }) => [file, verdict, ops])).toEqual([
      ["good.jsonl", "ok", 1],
      ["bad.jsonl", "illegal", 2],
    ]);
    for (const line of lines) {
      for (const name of ["ms", "cpuMs", "configurations", "peakRssBytes"])
        expect(line[name], name).toBeTypeOf("number");
      expect(line.configurations).toBeGreaterThan(0);
      expect(line.peakRssBytes).toBeGreaterThan(1_000_000);
    }
  });

  it("exits 2 for what it cannot measure, and measures the rest", () => {
    const cwd = folder();
    const { code, out, err } = lockstep(["bench", "check", "none.jsonl", "good.jsonl", "missing.jsonl"], { cwd });
    expect(code).toBe(2);
    expect(out.trim().split("\n").length).toBe(1);
    expect(err).toContain("none.jsonl  the history is empty");
    expect(err).toContain("missing.jsonl");
    expect(lockstep(["bench", "check", "good.jsonl", "--repeat", "0"], { cwd }).code).toBe(2);
  });
});

describe("lockstep bench blackbox", () => {
  it("judges what the clients of a work W saw, as a whole and online", () => {
    const { code, out } = lockstep(["bench", "blackbox", "--virtual", "12", "--repeat", "1"]);
    expect(code).toBe(0);
    const line = JSON.parse(out) as Record<string, unknown>;
    expect([line.work, line.verdict, line.faults]).toEqual(["blackbox", "ok", true]);
    expect(line.online).toMatchObject({ verdict: "ok", partsJudgedLate: 0 });
    expect(line.ops).toBeGreaterThan(500);
    expect(line.opsUnknown).toBeGreaterThan(0);
    expect(lockstep(["bench", "blackbox", "--clients", "none"]).code).toBe(2);
  });
});

describe("lockstep export", () => {
  it("writes a recorded run as histories that check reads again", () => {
    const cwd = freshFolder();
    mkdirSync(join(cwd, "runs"));
    expect(lockstep(["run", QUICK, "-o", "runs", "-q"], { cwd }).code).toBe(0);
    const artifact = join("runs", readdirSync(join(cwd, "runs")).find((name) => name.endsWith(".run.json"))!);
    for (const model of ["kv-cas", "etcd"]) {
      const written = lockstep(["export", artifact, "--to", "jsonl", "--model", model, "-o", `${model}.jsonl`], {
        cwd,
      });
      expect([written.code, written.err]).toEqual([0, ""]);
      const [verdict] = JSON.parse(lockstep(["check", `${model}.jsonl`, "--json"], { cwd }).out) as {
        verdict: string;
        model: string;
      }[];
      expect([verdict!.verdict, verdict!.model]).toEqual(["ok", model]);
    }
    expect(
      JSON.parse(lockstep(["export", artifact, "--to", "porcupine"], { cwd }).out).Partitions.length,
    ).toBeGreaterThan(0);
    expect(lockstep(["export", artifact, "--to", "edn"], { cwd }).out).toMatch(
      /^; lockstep check --model kv-cas --initial/,
    );
    lockstep(["export", artifact, "--to", "html", "-o", "page.html"], { cwd });
    expect(readFileSync(join(cwd, "page.html"), "utf8")).not.toMatch(/src=|https?:\/\/(?!www\.w3\.org)/);
    const wrong = lockstep(["export", artifact, "--to", "jsnl"], { cwd });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("did you mean jsonl")]);
    expect(lockstep(["export", artifact, "--to", "jsonl", "--key", "none"], { cwd }).code).toBe(2);
    expect(lockstep(["export", artifact, "--to", "jsonl", "-o", "/dev/full/x"], { cwd }).code).toBe(2);
  });
});
