// One sweep a folder: two that write one ledger would destroy it.

import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A folder in which another process sweeps. */
export class FolderTaken extends Error {
  readonly pid: number;
  /** The file that says so. */
  readonly path: string;

  constructor(pid: number, path: string) {
    super(`process ${pid} sweeps into the folder of ${path}`);
    this.pid = pid;
    this.path = path;
  }
}

/**
 * Takes the folder for this process until it ends. What a process left that is there no more does not count. Throws `FolderTaken`,
 * and what the system throws.
 */
export function lockFolder(folder: string): void {
  const path = join(folder, "sweep.lock");
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    if (isOther(pid)) throw new FolderTaken(pid, path);
    rmSync(path, { force: true });
    file = openSync(path, "wx");
  }
  writeSync(file, `${process.pid}\n`);
  closeSync(file);
  process.once("exit", () => rmSync(path, { force: true }));
}

/** Whether a process of that number runs beside this one. */
function isOther(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
