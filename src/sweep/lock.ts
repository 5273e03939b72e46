// One sweep a folder: two that write one ledger would destroy it.

import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** What says that a sweep is at work in its folder. */
export const LOCK_FILE = "sweep.lock";

/** A folder in which another process sweeps. */
export class FolderTaken extends Error {}

/**
 * Takes the folder for this process until it ends. A lock whose process is there no more does not count. A folder that takes no
 * file, or no links, gets no lock. Throws `FolderTaken`, and what the system throws where a lock cannot be read.
 */
export function lockFolder(folder: string): void {
  const path = join(folder, LOCK_FILE);
  const own = `${path}.${process.pid}`;
  const content = contentOf(process.pid);
  try {
    writeFileSync(own, content);
  } catch {
    return;
  }
  try {
    for (;;) {
      const linked = isLinked(own, path);
      if (linked === null) return;
      if (linked) break;
      const holder = existsSync(path) ? whoHolds(readFileSync(path, "utf8")) : null;
      if (holder !== null) throw new FolderTaken(holder);
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
  process.once("exit", () => {
    // Somebody may have removed it, and another sweep begun.
    if (existsSync(path) && readFileSync(path, "utf8") === content) rmSync(path);
  });
}

/** A link appears with all of its content, and only where there is nothing yet: false. Null: not every file system has links. */
function isLinked(own: string, path: string): boolean | null {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST" ? false : null;
  }
}

/** A process as a lock has it: its number, when it began where the system says so, and where it runs. */
function contentOf(pid: number): string {
  return `${pid} ${beganAt(pid) ?? "-"} ${hostname()}\n`;
}

/** Who holds a lock, in words; null: nobody, or this process. */
function whoHolds(content: string): string | null {
  const [number, , host] = content.trim().split(" ");
  const pid = Number(number);
  if (!(Number.isInteger(pid) && pid > 0) || host === undefined) return null;
  if (host !== hostname()) return `process ${pid} on ${host}`;
  return pid !== process.pid && isThere(pid) && contentOf(pid) === content ? `process ${pid}` : null;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, by `/proc`; null where there is none, or the process has ended and nobody has asked yet how. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, the second field, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
