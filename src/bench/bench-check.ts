// `lockstep bench check <files> --repeat n`: the check alone, without reading and parsing, best of n; one JSON line a file.
// Every file is measured in a process of its own when there are several, so that peak memory is that of one.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { judge } from "../checker/linearizability/check.ts";
import { FormatError } from "../checker/linearizability/format/event.ts";
import { readManifest } from "../checker/linearizability/format/manifest.ts";
import {
  bundleHistory,
  detectFormat,
  NOTHING_TOLD,
  type ReadHistory,
  readBundle,
  readHistory,
  type Told,
} from "../checker/linearizability/format/read.ts";
import { modelOf } from "../checker/linearizability/models.ts";

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const files: string[] = [];
  let repeat = 1;
  let model: string | undefined;
  let isolate = true;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--repeat" || arg === "--model") {
      const value = args[++i] ?? "";
      if (arg === "--model") model = value;
      else repeat = Number(value);
    } else if (arg === "--same-process") isolate = false;
    else if (arg.startsWith("-") && arg !== "-") return usage(`unknown option ${arg}`);
    else files.push(arg);
  }
  if (!Number.isInteger(repeat) || repeat < 1) return usage("--repeat takes a number from 1 on");
  if (model !== undefined && modelOf(model, null) === undefined) return usage(`there is no model "${model}"`);
  if (files.length === 0) return usage("bench check takes histories");
  let code = 0;
  for (const file of files) {
    if (isolate && files.length > 1) {
      const self = fileURLToPath(import.meta.url);
      const rest = [
        ...process.execArgv,
        self,
        file,
        "--repeat",
        String(repeat),
        ...(model === undefined ? [] : ["--model", model]),
      ];
      const child = spawnSync(process.execPath, rest, { stdio: "inherit" });
      code = Math.max(code, child.status ?? 70);
      continue;
    }
    try {
      process.stdout.write(`${JSON.stringify(measure(file, repeat, model))}\n`);
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof Error && "code" in error)) throw error;
      const line = error instanceof FormatError && error.line > 0 ? `:${error.line}` : "";
      process.stderr.write(`lockstep: ${file}${line}  ${error.message}\n`);
      code = 2;
    }
  }
  return code;
}

function usage(text: string): number {
  process.stderr.write(`lockstep: ${text}\n`);
  return 2;
}

function measure(file: string, repeat: number, model: string | undefined): object {
  const bytes = readFileSync(file);
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
  const nearby = toldNearby(file);
  const told: Told = model === undefined || model === nearby.model ? nearby : { ...nearby, model, initial: undefined };
  const bundle = (told.format ?? detectFormat(text.slice(0, 65_536))) === "bundle";
  const histories: ReadHistory[] = [];
  const expected: (string | undefined)[] = [];
  if (bundle) {
    for (const entry of readBundle(text)) {
      histories.push(bundleHistory(entry));
      expected.push(entry.verdict);
    }
  } else {
    histories.push(readHistory(text, told));
    expected.push(undefined);
  }
  let ms = Number.POSITIVE_INFINITY;
  let cpuMs = 0;
  let configurations = 0;
  let verdict = "ok";
  for (let n = 0; n < repeat; n++) {
    configurations = 0;
    verdict = "ok";
    const cpu = process.cpuUsage();
    const from = performance.now();
    for (let i = 0; i < histories.length; i++) {
      const judgement = judge(histories[i]!.model, histories[i]!.history);
      configurations += judgement.configurations;
      const wanted = expected[i];
      if (wanted === undefined ? judgement.verdict !== "ok" : judgement.verdict !== wanted)
        verdict = bundle && wanted !== undefined ? "illegal" : judgement.verdict;
    }
    const spent = performance.now() - from;
    const used = process.cpuUsage(cpu);
    if (spent < ms) {
      ms = spent;
      cpuMs = (used.user + used.system) / 1000;
    }
  }
  const ops = histories.reduce((sum, history) => sum + history.invoked, 0);
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  const more = bundle ? { histories: histories.length } : {};
  return { file, verdict, ops, ms: Math.round(ms * 1000) / 1000, cpuMs, configurations, peakRssBytes, ...more };
}

/** What the nearest MANIFEST.json above `file` says of it. */
function toldNearby(file: string): Told {
  const path = resolve(file);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, "MANIFEST.json");
    if (existsSync(manifest)) {
      const name = relative(folder, path).split(sep).join("/");
      return readManifest(readFileSync(manifest, "utf8")).find((entry) => entry.file === name)?.told ?? NOTHING_TOLD;
    }
    if (dirname(folder) === folder) return NOTHING_TOLD;
  }
}
