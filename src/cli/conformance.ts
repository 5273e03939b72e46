/**
 * `node dist/cli/conformance.js raft|etcd <dir>`: runs the conformance scripts under a folder.
 *
 * Prints one line for each file that fails, with its first difference, and as the last line `N passed, N failed`.
 * Exit codes: 0 all passed, 1 some failed, 2 wrong arguments or no such folder, 4 there was nothing to run.
 */

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { raftScriptKind, runRaftScript } from "./conformance/raft.ts";

/** The outcome of one file: null, or where it first differs. */
export type FileOutcome = string | null;

/** Returns the files below a folder, sorted; `above` are the folders on the way, to which a link may not lead back. */
function filesUnder(folder: string, extension: string, above: readonly string[] = []): string[] {
  const files: string[] = [];
  const real = realpathSync(folder);
  if (above.includes(real)) return files;
  const names = readdirSync(folder).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const name of names) {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isDirectory()) files.push(...filesUnder(path, extension, [...above, real]));
    else if (stat.isFile() && name.endsWith(extension)) files.push(path);
  }
  return files;
}

function runRaftFile(path: string, root: string): FileOutcome | undefined {
  const folders = [basename(root), ...relative(root, dirname(path)).split(sep)];
  const kind = raftScriptKind(folders);
  if (kind === null) return undefined;
  const result = runRaftScript(readFileSync(path, "utf8"), kind);
  if (result.passed) return null;
  return `line ${result.line}: expected ${JSON.stringify(result.expected)}, got ${JSON.stringify(result.actual)}`;
}

async function runner(
  what: string,
): Promise<{ extension: string; run: (path: string, root: string) => FileOutcome | undefined }> {
  if (what === "raft") return { extension: ".txt", run: runRaftFile };
  // The etcd scripts bring the whole store with them, so they are loaded only when asked for.
  const path = "./conformance/etcd.js";
  const etcd = (await import(path)) as { runEtcdFile: (path: string, root: string) => FileOutcome | undefined };
  return { extension: ".jsonl", run: etcd.runEtcdFile };
}

async function main(args: readonly string[]): Promise<number> {
  const [what, folder] = args;
  if (args.length !== 2 || (what !== "raft" && what !== "etcd") || folder === undefined) {
    process.stderr.write("usage: conformance raft|etcd <dir>\n");
    return 2;
  }
  const root = resolve(process.env.INIT_CWD ?? process.cwd(), folder);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    process.stderr.write(`no such folder: ${folder}\n`);
    return 2;
  }
  const { extension, run } = await runner(what);
  let passed = 0;
  let failed = 0;
  for (const path of filesUnder(root, extension)) {
    let outcome: FileOutcome | undefined;
    try {
      outcome = run(path, root);
    } catch (error) {
      outcome = `our own error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (outcome === undefined) continue;
    if (outcome === null) passed++;
    else {
      failed++;
      process.stdout.write(`${relative(root, path)}: ${outcome}\n`);
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (passed + failed === 0) return 4;
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  // What the system refuses is a folder that cannot be read; all else is our own.
  process.exitCode = error instanceof Error && "syscall" in error ? 2 : 70;
}
