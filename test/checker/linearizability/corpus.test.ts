// The corpus of histories with verdicts (Jepsen, Porcupine, Knossos, Elle and synthetic ones): no verdict is wrong and none
// is missing. The material stays outside of the project; without it the tests say so.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { judge } from "../../../src/checker/linearizability/check.ts";
import { readManifest } from "../../../src/checker/linearizability/format/manifest.ts";
import {
  bundleHistory,
  eachLine,
  lineReader,
  readBundle,
  readHistory,
} from "../../../src/checker/linearizability/format/read.ts";
import { createOnline, observe } from "../../../src/checker/linearizability/online.ts";

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL("../../../../shared", import.meta.url));
const folder = `${shared}/conformance/histories`;
const there = existsSync(`${folder}/MANIFEST.json`);

if (!there) console.log(`no corpus of histories at ${folder}: its tests do not run`);

function textOf(file: string): string {
  const bytes = readFileSync(`${folder}/${file}`);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

describe("the corpus", () => {
  it.runIf(there)("is judged as its manifest says, every history of it", () => {
    const entries = readManifest(readFileSync(`${folder}/MANIFEST.json`, "utf8"));
    const wrong: string[] = [];
    let judged = 0;
    for (const { file, told, expected } of entries) {
      const text = textOf(file);
      if (told.format === "bundle") {
        for (const entry of readBundle(text)) {
          const { model, history } = bundleHistory(entry);
          judged++;
          if (judge(model, history).verdict !== entry.verdict) wrong.push(`${file} ${entry.id}`);
        }
        continue;
      }
      const { model, history } = readHistory(text, told);
      const { verdict } = judge(model, history);
      judged++;
      if (verdict !== expected) wrong.push(`${file}: ${verdict}, not ${expected}`);
    }
    expect(wrong).toEqual([]);
    expect(judged).toBeGreaterThan(2000);
  });

  it.runIf(there)("is judged online alike where the frontier can carry it, and never otherwise", () => {
    const entries = readManifest(readFileSync(`${folder}/MANIFEST.json`, "utf8"));
    let decided = 0;
    for (const { file, told, expected } of entries) {
      if (told.format !== "jepsen-log" || file.includes("wide") || file.includes("u2")) continue;
      const { dialect, model } = readHistory("INFO  jepsen.util - 0\t:invoke\t:read\tnil\n", told);
      const online = createOnline(dialect, model);
      const read = lineReader("jepsen-log");
      eachLine(textOf(file), (line, number) => {
        const event = read(line, number);
        if (event !== undefined) observe(online, event);
      });
      if (online.verdict === "undecided") continue;
      expect(`${file} ${online.verdict}`).toBe(`${file} ${expected}`);
      decided++;
    }
    expect(decided).toBeGreaterThan(70);
  });
});
