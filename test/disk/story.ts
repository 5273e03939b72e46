// Small words for stories about one disk: records that are known by their names, streams that choose what the story wants.

import {
  append,
  beginSync,
  createDisk,
  DamagedRecord,
  type Disk,
  type DiskConfig,
  type DiskRecord,
  endSync,
} from "../../src/disk/disk.ts";
import type { Stream } from "../../src/kernel/choose.ts";
import { itemAt } from "../../src/kernel/chunked.ts";
import { constant } from "../../src/kernel/distribution.ts";

/** A record that is known by its name. */
export class Named implements DiskRecord {
  readonly name: string;
  readonly size: number;

  constructor(name: string, size: number = 100) {
    this.name = name;
    this.size = size;
  }
}

/** Writing takes 20 us where there is something to write, a sync 300 us. */
export const SLOW: DiskConfig = { write: constant(20), fsync: constant(300) };

/** A disk with these records, none of them synced. */
export function diskWith(...names: string[]): Disk {
  const disk = createDisk(SLOW);
  write(disk, ...names);
  return disk;
}

export function write(disk: Disk, ...names: string[]): void {
  for (const name of names) append(disk, new Named(name));
}

/** Every choice is the first option. */
export const FIRST: Stream = { below: () => 0 };

/** Every choice is the last option. */
export const LAST: Stream = { below: (n) => Math.max(0, n - 1) };

/** A stream that must not be asked. */
export const UNASKED: Stream = {
  below: (n) => {
    throw new Error(`a choice among ${n} was asked for`);
  },
};

/** Choices from a list, then always 0. */
export function choosing(...choices: number[]): Stream {
  let at = 0;
  return { below: (n) => (n <= 1 ? 0 : (choices[at++] ?? 0) % n) };
}

/** A sync from beginning to end; returns whether it succeeded. */
export function sync(disk: Disk): boolean {
  beginSync(disk, 1, FIRST);
  return endSync(disk, FIRST);
}

/** What a reader finds in the log: names, with a sign before what is damaged. */
export function logOf(disk: Disk): string[] {
  const names: string[] = [];
  for (let at = disk.log.first; at < disk.log.first + disk.log.length; at++) names.push(nameOf(itemAt(disk.log, at)));
  return names;
}

/** What a reader finds among the files that are not removed. */
export function filesOf(disk: Disk): string[] {
  return disk.files.filter((file) => !file.removed).map((file) => `${file.name}=${nameOf(file.value)}`);
}

function nameOf(record: DiskRecord | undefined): string {
  if (record instanceof DamagedRecord) return `${record.damage} ${nameOf(record.original)}`;
  return record instanceof Named ? record.name : "?";
}

/** Backends of these stories are arrays. */
export const cloneBackend = (backend: unknown): unknown => [...(backend as unknown[])];
