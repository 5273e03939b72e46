// Artifacts on the disk: written whole or not at all (a temporary file beside it, then a rename), read with or without gzip.

import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Artifact, artifactOf, artifactText, readArtifact } from "../run/artifact.ts";
import type { RunResult } from "../run/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Complaint, complaint, systemReason } from "./complaint.ts";

/** Where artifacts go when nothing is said. */
export const RUNS_FOLDER = ".lockstep/runs";
/** Larger ones are refused unread. */
const ARTIFACT_BYTES_MAX = 512 * 1024 * 1024;

/** A folder that takes the artifacts of one command. */
export interface ArtifactStore {
  /** The folder was named by `-o`: everything is kept, not failures alone. */
  readonly keepsAll: boolean;
  folder: string | null;
  readonly taken: Set<string>;
}

/** The store for `-o`, or the one of failures. With `-o` the folder is made now, so that a bad one is known before the run. */
export function openStore(out: string | undefined): ArtifactStore {
  const store: ArtifactStore = { keepsAll: out !== undefined, folder: null, taken: new Set() };
  if (out !== undefined) {
    makeFolder(out);
    store.folder = out;
  }
  return store;
}

/** Writes the artifact and returns its path, relative where it can be. Throws a complaint where the disk refuses. */
export function writeArtifact(
  store: ArtifactStore,
  scenario: Scenario,
  result: RunResult,
  file: string | null,
): string {
  if (store.folder === null) store.folder = openRunsFolder();
  const variant = result.variant === null ? "" : `.${result.variant}`;
  const stem = `${result.scenario}${variant}.${result.seed}`;
  let name = `${stem}.run.json`;
  for (let copy = 2; store.taken.has(name); copy++) name = `${stem}.${copy}.run.json`;
  store.taken.add(name);
  const path = join(store.folder, name);
  writeWhole(path, artifactText(artifactOf(scenario, result, file)));
  return path;
}

/**
 * Writes a file so that it is there whole or as it was before. A file that is there keeps its mode, and a link goes on
 * leading where it led. Throws a complaint where the disk refuses.
 */
export function writeWhole(path: string, text: string | Iterable<string>): void {
  let temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const before = statSync(path, { throwIfNoEntry: false });
    // A device or a pipe takes what comes; there is nothing to put in its place.
    if (before !== undefined && !before.isFile() && !before.isDirectory()) {
      for (const chunk of typeof text === "string" ? [text] : text) appendFileSync(path, chunk);
      return;
    }
    const target = before === undefined ? path : realpathSync(path);
    temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    writeFileSync(temporary, typeof text === "string" ? text : "");
    if (typeof text !== "string") for (const chunk of text) appendFileSync(temporary, chunk);
    if (before !== undefined) chmodSync(temporary, before.mode & 0o7777);
    renameSync(temporary, target);
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // Where it could not be written it cannot be taken away either.
    }
    throw complaint(`cannot write ${path}: ${systemReason(error)}`, "-o names another folder");
  }
}

/**
 * Makes the folder and those above it, one by one from the first that is there: where a file system answers "no such file"
 * to the making of one (`/proc`), the recursive form of `mkdirSync` never ends.
 */
export function makeFolder(path: string): void {
  if (path === "") throw complaint("a folder has a name, and this is none", "-o runs");
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) {
    missing.push(at);
    if (dirname(at) === at) break;
  }
  try {
    if (missing.length === 0 && !statSync(path).isDirectory()) throw complaint(`${path} is a file, not a folder`);
    for (const folder of missing.reverse()) mkdirSync(folder);
  } catch (error) {
    if (error instanceof Complaint) throw error;
    throw complaint(`cannot make the folder ${path}: ${systemReason(error)}`);
  }
}

/** The path with its links followed (`latest` leads elsewhere tomorrow), relative to where we are if it lies below. */
export function lastingPath(path: string): string {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return path;
  }
  if (real === resolve(path)) return path;
  const near = relative(process.cwd(), real);
  return near === "" || near.startsWith("..") ? real : near;
}

/** A fresh folder below `RUNS_FOLDER`, named by the time, with `latest` leading to it. */
function openRunsFolder(): string {
  const stamp = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(":", "-");
  const id = `${stamp}-${process.pid}`;
  const folder = join(RUNS_FOLDER, id);
  makeFolder(folder);
  const link = join(RUNS_FOLDER, "latest");
  const fresh = join(RUNS_FOLDER, `.latest.${process.pid}`);
  try {
    rmSync(fresh, { force: true });
    symlinkSync(id, fresh);
    renameSync(fresh, link);
  } catch {
    // Some file systems have no links; the artifact is what matters.
    rmSync(fresh, { force: true });
  }
  return folder;
}

/** The artifact in a file. Throws a complaint that says what it is instead. */
export function loadArtifact(path: string): Artifact {
  let text: string;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw complaint(`${path} is a directory`, "an artifact is a *.run.json in it");
    if (stat.size > ARTIFACT_BYTES_MAX) throw complaint(`${path} has ${stat.size} bytes: too large for an artifact`);
    const bytes = readFileSync(path);
    text = bytes[0] === 0x1f && bytes[1] === 0x8b ? unzipped(path, bytes) : bytes.toString("utf8");
  } catch (error) {
    if (error instanceof Complaint) throw error;
    throw complaint(`${path}: ${systemReason(error)}`);
  }
  const read = readArtifact(text);
  if ("problem" in read) throw complaint(`${path} is no artifact: ${read.problem}`, read.hint);
  return read;
}

function unzipped(path: string, bytes: Buffer): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: ARTIFACT_BYTES_MAX }).toString("utf8");
  } catch {
    throw complaint(`${path} is no artifact: the gzip data is cut off or damaged`, "was it still being written?");
  }
}
