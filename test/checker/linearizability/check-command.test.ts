// `lockstep check` as a person meets it: lines, JSON, exit codes.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { checkCommand } from "../../../src/cli/check-command.ts";
import type { CheckOptions } from "../../../src/cli/check-options.ts";
import { Complaint } from "../../../src/cli/complaint.ts";
import { openTerminal } from "../../../src/cli/terminal.ts";
import { type Line, lineText } from "../../../src/report/span.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-check-"));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function check(
  files: readonly string[],
  options: CheckOptions,
): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const text = (lines: readonly Line[]): string => lines.map((line) => `${lineText(line)}\n`).join("");
  const terminal = {
    ...(await openTerminal({ color: "never", width: 120 })),
    out: (lines: readonly Line[]): void => void (out += text(lines)),
    err: (lines: readonly Line[]): void => void (err += text(lines)),
    write: (raw: string): void => void (out += raw),
  };
  try {
    return { code: await checkCommand(files, options, terminal), out, err };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    return { code: error.exitCode, out, err: text(error.lines) };
  }
}

const event = (process: number, rest: string): string =>
  `INFO  jepsen.util - ${process}\t${rest.replaceAll(" ", "\t")}\n`;
const GOOD =
  event(0, ":invoke :write 1") + event(0, ":ok :write 1") + event(1, ":invoke :read nil") + event(1, ":ok :read 1");
const BAD = GOOD + event(1, ":invoke :read nil") + event(1, ":ok :read 2");
const good = file("good.log", GOOD);
const bad = file("bad.log", BAD);

describe("lockstep check", () => {
  it("exits 0 for a linearizable history and 1 for another, with the line and the sentence", async () => {
    expect((await check([good], {})).code).toBe(0);
    const { code, out } = await check([bad], {});
    expect(code).toBe(1);
    expect(out).toContain("not linearizable");
    expect(out).toContain("line 6: read → 2 cannot be");
  });

  it("says the same online, with what an event cost", async () => {
    const { code, out } = await check([bad], { online: true, json: true });
    expect(code).toBe(1);
    const [verdict] = JSON.parse(out);
    expect([verdict.verdict, verdict.evidence.line, verdict.online.events]).toEqual(["illegal", 6, 6]);
    expect(verdict.online.histogram.reduce((sum: number, bar: { events: number }) => sum + bar.events, 0)).toBe(6);
  });

  it("reads a gzip, and exits 2 for one that is cut off", async () => {
    const packed = gzipSync(GOOD.repeat(1));
    expect((await check([file("good.log.gz", packed)], {})).code).toBe(0);
    const cut = file("cut.log.gz", packed.subarray(0, packed.length - 12));
    for (const online of [false, true]) {
      const { code, err } = await check([cut], { online, input: "jepsen-log" });
      expect(code).toBe(2);
      expect(err).toContain("gzip is cut off");
    }
  });

  it("exits 2 with file and line where nothing can be judged, and judges the others", async () => {
    const broken = file("broken.log", event(0, ":ok :read 1"));
    const { code, out, err } = await check([broken, good, join(folder, "none.log")], {});
    expect(code).toBe(2);
    expect(err).toContain("broken.log:1  process 0 ends");
    expect(err).toContain("there is no such file");
    expect(out).toContain("good.log  linearizable");
  });

  it("exits 2 for bytes that are no history, whole and online", async () => {
    const lines = '{"format":"history/1","model":"register"}\n{"process":1,"type":"invoke","f":"write","value":"é"}\n';
    const packed = gzipSync(lines);
    const bytes = Buffer.from(lines);
    const latin = Buffer.from(lines, "latin1");
    const cases: readonly (readonly [string, string])[] = [
      [file("utf16.jsonl", Buffer.from(`\uFEFF${lines}`, "utf16le")), "UTF-16"],
      [file("latin.jsonl", latin), "latin.jsonl:2  the file is not UTF-8"],
      [file("twice.gz", gzipSync(packed)), "a gzip within a gzip"],
      [
        file("damaged.gz", Buffer.concat([packed.subarray(0, 20), Buffer.from("xxxx"), packed.subarray(24)])),
        "damaged",
      ],
      [file("noise.bin", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe])), "not UTF-8"],
      [folder, "it is a directory"],
      [join(folder, "none"), "there is no such file"],
    ];
    for (const online of [false, true]) {
      for (const [path, text] of cases) {
        const { code, err } = await check([path], { online });
        expect([code, err], path).toEqual([2, expect.stringContaining(text)]);
      }
      const fine = [file("bom.jsonl", Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])), file("one.gz", packed)];
      expect((await check(fine, { online })).code).toBe(0);
      const noisy = file("noisy.log", Buffer.concat([Buffer.from(GOOD), Buffer.from([0xff, 0x0a])]));
      expect((await check([noisy], { online })).code).toBe(0);
    }
  });

  it("refuses a line of 100 MB", async () => {
    const long = file("long.jsonl", `{"format":"history/1","model":"register"}\n${"[".repeat(100_000_000)}`);
    for (const online of [false, true]) {
      const { code, err } = await check([long], { online });
      expect([code, err]).toEqual([2, expect.stringContaining("long.jsonl:2  the line is longer than 64 MiB")]);
    }
  });

  it("compares with a manifest and ends with the totals", async () => {
    const histories = [
      {
        file: "good.log",
        format: "jepsen-log",
        model: "cas-register",
        initial: null,
        failCas: "observed",
        verdict: "ok",
      },
      {
        file: "bad.log",
        format: "jepsen-log",
        model: "cas-register",
        initial: null,
        failCas: "observed",
        verdict: "illegal",
      },
    ];
    const right = file("MANIFEST.json", JSON.stringify({ histories }));
    const one = await check([], { manifest: right });
    expect([one.code, one.out.trim().split("\n").at(-1)]).toEqual([0, "2 passed, 0 failed"]);
    const json = JSON.parse((await check([], { manifest: right, json: true })).out);
    expect(
      json.map((entry: Record<string, unknown>) => [
        entry.file,
        entry.verdict,
        entry.expected,
        entry.agrees,
        entry.ops,
      ]),
    ).toEqual([
      ["good.log", "ok", "ok", true, 2],
      ["bad.log", "illegal", "illegal", true, 3],
    ]);
    const wrong = file("wrong.json", JSON.stringify({ histories: [{ ...histories[1], verdict: "ok" }] }));
    const two = await check([], { manifest: wrong });
    expect([two.code, two.out.trim().split("\n").at(-1)]).toEqual([1, "0 passed, 1 failed"]);
  });

  it("counts undecided ones as failed, but for those that are allowed", async () => {
    let text = '{"format":"history/1","model":"stack"}\n';
    for (let i = 0; i < 16; i++) text += `{"process":${i},"type":"invoke","f":"push","value":${i % 5}}\n`;
    text += '{"process":20,"type":"invoke","f":"pop"}\n{"process":20,"type":"ok","f":"pop","value":9}\n';
    for (let i = 0; i < 16; i++) text += `{"process":${i},"type":"ok","f":"push"}\n`;
    file("hard.jsonl", text);
    const manifest = file(
      "hard.json",
      JSON.stringify({ histories: [{ file: "hard.jsonl", format: "jsonl", verdict: "illegal" }] }),
    );
    const strict = await check([], { manifest, budget: "500" });
    expect([strict.code, strict.out.trim().split("\n").at(-1)]).toEqual([3, "0 passed, 1 failed"]);
    const lenient = await check([], { manifest, budget: "500", allowUndecided: "1" });
    expect([lenient.code, lenient.out.trim().split("\n").at(-1)]).toEqual([0, "0 passed, 0 failed"]);
  });

  it("writes a history in other forms", async () => {
    const { out } = await check([bad], { export: "edn" });
    expect(out.split("\n")[0]).toBe("; lockstep check --model cas-register --initial 'null'");
    expect(out.split("\n").length).toBe(8);
    expect(JSON.parse((await check([bad], { export: "porcupine" })).out).Partitions.length).toBe(1);
    expect((await check([bad], { export: "svg" })).out).toMatch(/^<svg /);
    const html = join(folder, "bad.html");
    expect((await check([bad], { export: "html", out: html })).code).toBe(0);
    expect((await check([html], {})).code).toBe(2);
  });

  it("refuses what makes no sense, with a hint", async () => {
    expect((await check([], {})).code).toBe(2);
    expect((await check([good], { model: "regster" })).err).toContain("register");
    expect((await check([good], { initial: "{" })).code).toBe(2);
    expect((await check([good], { allowUndecided: "1" })).code).toBe(2);
    expect((await check([good], { budget: "0" })).code).toBe(2);
  });
});
