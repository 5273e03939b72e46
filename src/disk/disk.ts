// One simulated disk: an append-only log of records, small named files, and the line between what is only cached and what
// survives a power failure. What the records mean is unknown here. Writes and syncs are separate: `append` and `writeFile`
// change the cache, a finished sync makes everything written before it began durable.
//
// After ALICE (OSDI 2014) and lazyfs: unsynced data is lost, kept or torn by sector; directory operations (a new file, a
// removed one, a cut log) are unsynced state of their own until the next sync.

import type { Stream } from "../kernel/choose.ts";
import {
  type ChunkedList,
  cloneChunked,
  createChunked,
  dropBefore,
  endOf,
  itemAt,
  pushItem,
  replaceItem,
  truncateTo,
} from "../kernel/chunked.ts";
import { type Distribution, drawMicros, INSTANT } from "../kernel/distribution.ts";

/** Bytes that a disk writes as one: a torn write keeps or loses whole sectors. */
export const SECTOR_BYTES = 512;

/** What can be stored: anything immutable that knows its size in bytes. */
export interface DiskRecord {
  readonly size: number;
}

/** How a stored record or file differs from what was written. */
export type Damage = "torn" | "flipped";

/** A record in place of one that was damaged: what a reader gets fails its checksum. */
export class DamagedRecord {
  readonly size: number;
  readonly damage: Damage;
  /** What had been written; for evidence and for members that are made to ignore checksums. */
  readonly original: DiskRecord;

  constructor(original: DiskRecord, damage: Damage) {
    this.size = original.size;
    this.damage = damage;
    this.original = original;
  }
}

/** A small file that is written whole. */
export interface DiskFile {
  /** Which file of its disk this is, in the order of writing; syncs go by it. */
  readonly number: number;
  readonly name: string;
  readonly value: DiskRecord;
  /** The file and its name are durable. */
  durable: boolean;
  /** Its removal waits for a sync. */
  removed: boolean;
  /** A sync that should have made it durable failed: no later one will. */
  failed: boolean;
  /** Its name is as durable as its content. False only for an owner that does not sync the folder. */
  named: boolean;
}

/** Faults in force. All zero or false on a healthy disk. */
export interface DiskFaults {
  /** Number of stalls in force: syncs that begin do not end. */
  stalls: number;
  /** Syncs, appends and reads at start fail with these probabilities, in ppm. */
  errorPpm: number;
  writeErrorPpm: number;
  readErrorPpm: number;
  /** Added to a sync with probability `slowPpm`. */
  slowMicros: number;
  slowPpm: number;
  /** No space: appends and file writes are refused. */
  full: number;
}

/** A sync that has begun and not ended. */
export interface PendingSync {
  readonly ticket: number;
  /** Records before this position become durable when it ends. */
  readonly end: number;
  /** Log positions before this go when it ends. */
  readonly dropBefore: number;
  /** Numbers of the files that it makes durable, and of those whose removal it makes durable. */
  readonly written: readonly number[];
  readonly removed: readonly number[];
  /** It began during a stall: nothing ends it before the stall is over. */
  readonly stalled: boolean;
}

/** A disk. Plain data; records are immutable values and are shared between copies. */
export interface Disk {
  log: ChunkedList<DiskRecord>;
  /** Records before this position survive a power failure. Invariant: first ≤ durableEnd ≤ end of `log`. */
  durableEnd: number;
  /** The log is to be cut before this position at the next sync. */
  dropBefore: number;
  /**
   * Records from `durableEnd` up to here were in a sync that failed: the cache holds them as if they were written, and no
   * later sync writes them, so that nothing behind `durableEnd` ever becomes durable. Not above `durableEnd`: there are none.
   */
  failedEnd: number;
  files: DiskFile[];
  /** Files written so far; numbers them. */
  filesWritten: number;
  /** At most one sync is under way; members wait for it. */
  sync: PendingSync | null;
  faults: DiskFaults;
  /** Time of writing what a sync finds unsynced, and of the sync itself. */
  write: Distribution;
  fsync: Distribution;
  /**
   * The database that a member keeps beside its log, changed in place and durable at once; null: none yet. It belongs to the
   * member; here only its fate is known (see DIVERGENCE.md, "backend").
   */
  backend: unknown;
  /**
   * What the owner made of the log when it last read it, to read it faster the next time: nothing that is not in the log.
   * An immutable value; null once a record that it was made of is damaged or gone.
   */
  digested: unknown;
  /** Bytes appended since the last sync began. */
  unsyncedBytes: number;
  /** The disk was destroyed: nothing is on it and nothing can be written. */
  destroyed: boolean;
  /** Syncs that ended well, for coverage. */
  syncs: number;
}

/** What a disk is made of. */
export interface DiskConfig {
  readonly write: Distribution;
  readonly fsync: Distribution;
}

/** A disk on which everything is durable at once. */
export const INSTANT_DISK: DiskConfig = { write: INSTANT, fsync: INSTANT };

/** An empty disk. */
export function createDisk(config: DiskConfig): Disk {
  return {
    log: createChunked<DiskRecord>(),
    durableEnd: 0,
    dropBefore: 0,
    failedEnd: 0,
    files: [],
    filesWritten: 0,
    sync: null,
    faults: { stalls: 0, errorPpm: 0, writeErrorPpm: 0, readErrorPpm: 0, slowMicros: 0, slowPpm: 0, full: 0 },
    write: config.write,
    fsync: config.fsync,
    backend: null,
    digested: null,
    unsyncedBytes: 0,
    destroyed: false,
    syncs: 0,
  };
}

/** Appends a record to the log; false when the disk is full or gone. */
export function append(disk: Disk, record: DiskRecord): boolean {
  if (disk.faults.full > 0 || disk.destroyed) return false;
  pushItem(disk.log, record);
  disk.unsyncedBytes += record.size;
  return true;
}

/** Writes a whole file under a new name; false when the disk is full or gone. */
export function writeFile(disk: Disk, name: string, value: DiskRecord): boolean {
  if (disk.faults.full > 0 || disk.destroyed) return false;
  disk.files.push({
    number: disk.filesWritten++,
    name,
    value,
    durable: false,
    removed: false,
    failed: false,
    named: true,
  });
  disk.unsyncedBytes += value.size;
  return true;
}

/** Removes a file; durable with the next sync. */
export function removeFile(disk: Disk, name: string): void {
  for (const file of disk.files) if (file.name === name) file.removed = true;
}

/** Cuts the log before `position`; durable with the next sync. */
export function cutLogBefore(disk: Disk, position: number): void {
  if (position > disk.dropBefore) disk.dropBefore = position;
}

/** Cuts the log at `position`, at once and for good. Only a reader that repairs a torn tail does this. */
export function cutLogFrom(disk: Disk, position: number): void {
  truncateTo(disk.log, position);
  disk.digested = null;
  if (disk.durableEnd > position) disk.durableEnd = position;
  if (disk.failedEnd > position) disk.failedEnd = position;
  if (disk.dropBefore > position) disk.dropBefore = position;
}

/** Begins a sync. Precondition: none is under way. Returns how long it takes in micros; Infinity while stalled. */
export function beginSync(disk: Disk, ticket: number, stream: Stream): number {
  const bytes = disk.unsyncedBytes;
  disk.unsyncedBytes = 0;
  let written: number[] | null = null;
  let removed: number[] | null = null;
  for (const file of disk.files) {
    if (file.removed) {
      if (removed === null) removed = [];
      removed.push(file.number);
    } else if (!file.durable) {
      if (written === null) written = [];
      written.push(file.number);
    }
  }
  const faults = disk.faults;
  const stalled = faults.stalls > 0;
  disk.sync = {
    ticket,
    end: endOf(disk.log),
    dropBefore: disk.dropBefore,
    written: written ?? NO_FILES,
    removed: removed ?? NO_FILES,
    stalled,
  };
  let micros = drawMicros(disk.fsync, stream);
  if (bytes > 0) micros += drawMicros(disk.write, stream);
  if (faults.slowMicros > 0 && stream.below(1_000_000) < faults.slowPpm) micros += faults.slowMicros;
  return stalled ? Number.POSITIVE_INFINITY : micros;
}

const NO_FILES: readonly number[] = Object.freeze([] as number[]);

/** True when writing and syncing take no time and no fault is in force: then `syncNow` may stand for begin and end. */
export function isInstant(disk: Disk): boolean {
  const faults = disk.faults;
  return (
    disk.fsync.kind === "constant" &&
    disk.fsync.micros === 0 &&
    disk.write.kind === "constant" &&
    disk.write.micros === 0 &&
    faults.stalls === 0 &&
    faults.slowMicros === 0 &&
    faults.errorPpm === 0
  );
}

/** A sync that takes no time. Precondition: `isInstant`. */
export function syncNow(disk: Disk): void {
  if (disk.dropBefore > disk.log.first) dropLog(disk, disk.dropBefore);
  makeDurable(disk, disk.log.first + disk.log.length);
  disk.unsyncedBytes = 0;
  disk.syncs++;
  const files = disk.files;
  if (files.length > 0) {
    let gone = false;
    for (const file of files) {
      if (file.removed) gone = true;
      else if (!file.failed) file.durable = true;
    }
    if (gone) disk.files = files.filter((file) => !file.removed);
  }
}

/**
 * Ends the sync that is under way; returns whether it succeeded. A failed one leaves its data in the cache, where it looks
 * written and is gone after a power failure, whatever later syncs say: as after a failed fsync on Linux, which marks the
 * pages clean.
 */
export function endSync(disk: Disk, stream: Stream): boolean {
  const sync = disk.sync as PendingSync;
  disk.sync = null;
  if (disk.faults.errorPpm > 0 && stream.below(1_000_000) < disk.faults.errorPpm) {
    failSync(disk, sync);
    return false;
  }
  // The cut comes first: it may take away what a failed sync left in the way of the rest.
  if (sync.dropBefore > disk.log.first) dropLog(disk, sync.dropBefore);
  makeDurable(disk, Math.min(sync.end, endOf(disk.log)));
  if (sync.written.length > 0) {
    for (const file of disk.files) if (!file.failed && sync.written.includes(file.number)) file.durable = true;
  }
  if (sync.removed.length > 0) disk.files = disk.files.filter((file) => !sync.removed.includes(file.number));
  disk.syncs++;
  return true;
}

/** Marks what `sync` should have made durable, so that no later sync does. */
function failSync(disk: Disk, sync: PendingSync): void {
  const end = Math.min(sync.end, endOf(disk.log));
  if (end > disk.failedEnd) disk.failedEnd = end;
  for (const file of disk.files) if (!file.durable && sync.written.includes(file.number)) file.failed = true;
}

/** Records before `end` become durable, unless some of them were in a sync that failed. */
function makeDurable(disk: Disk, end: number): void {
  if (end > disk.durableEnd && disk.failedEnd <= disk.durableEnd) disk.durableEnd = end;
}

/** Drops the log before `position`. */
function dropLog(disk: Disk, position: number): void {
  dropBefore(disk.log, position);
  if (disk.durableEnd < disk.log.first) disk.durableEnd = disk.log.first;
}

/**
 * Makes everything that is on the disk durable, at once: what a process does with what it finds before it counts on it. Without
 * it, data that a killed process left in the cache could be acknowledged and then lost with the power.
 */
export function settleDisk(disk: Disk): void {
  disk.durableEnd = endOf(disk.log);
  disk.unsyncedBytes = 0;
  for (const file of disk.files) file.durable = true;
}

/** What becomes of unsynced data when the process dies. */
export type Unsynced = "lose" | "keep" | "tear";

/**
 * The process is gone. `keep`: a killed process, the cache of the system stays, but for what a failed sync left in it: those
 * pages count as clean, the system may forget them at any time, and here it does so now. `lose`: power failure, only what was
 * synced is left. `tear`: power failure in the middle of writing, each unsynced sector is kept or lost by itself; the log ends
 * where the first one is missing. Returns how many records were lost or damaged.
 */
export function crashDisk(disk: Disk, unsynced: Unsynced, stream: Stream): number {
  disk.sync = null;
  disk.unsyncedBytes = 0;
  const failed = disk.failedEnd > disk.durableEnd;
  if (unsynced === "keep") {
    disk.files = disk.files.filter((file) => !file.failed);
    return failed ? loseAfter(disk, disk.durableEnd) : 0;
  }
  disk.dropBefore = disk.log.first;
  let lost = 0;
  let end = disk.durableEnd;
  if (unsynced === "tear" && !failed) {
    const last = endOf(disk.log);
    while (end < last) {
      const record = itemAt(disk.log, end) as DiskRecord;
      const sectors = Math.max(1, Math.ceil(record.size / SECTOR_BYTES));
      let kept = 0;
      for (let s = 0; s < sectors; s++) kept += stream.below(2);
      if (kept === sectors) end++;
      else {
        if (kept > 0) {
          replaceItem(disk.log, end, new DamagedRecord(record, "torn"));
          end++;
          lost++;
        }
        break;
      }
    }
  }
  lost += loseAfter(disk, end);
  if (lost > 0) disk.digested = null;
  disk.durableEnd = end;
  const tears = unsynced === "tear";
  disk.files = disk.files.filter(
    (file) => (file.durable && file.named) || (tears && !file.failed && stream.below(2) === 1),
  );
  for (const file of disk.files) {
    file.durable = true;
    file.removed = false;
  }
  return lost;
}

/** Cuts the log at `end`; returns how many records that took. */
function loseAfter(disk: Disk, end: number): number {
  const lost = endOf(disk.log) - end;
  if (lost === 0) return 0;
  truncateTo(disk.log, end);
  disk.digested = null;
  if (disk.failedEnd > end) disk.failedEnd = end;
  if (disk.dropBefore > end) disk.dropBefore = end;
  return lost;
}

/** Bit rot in a durable record of the log, `back` records before the newest durable one. Returns whether there was one. */
export function corruptRecord(disk: Disk, back: number): boolean {
  const position = disk.durableEnd - 1 - back;
  const record = itemAt(disk.log, position);
  if (record === undefined || record instanceof DamagedRecord) return false;
  replaceItem(disk.log, position, new DamagedRecord(record, "flipped"));
  disk.digested = null;
  return true;
}

/** Bit rot in the newest durable file. Returns whether there was one. */
export function corruptFile(disk: Disk): boolean {
  for (let at = disk.files.length - 1; at >= 0; at--) {
    const file = disk.files[at] as DiskFile;
    if (!file.durable || file.value instanceof DamagedRecord) continue;
    disk.files[at] = { ...file, value: new DamagedRecord(file.value, "flipped") };
    return true;
  }
  return false;
}

/**
 * A stall is over: how long the sync that began during it takes from now on; null when none waits. A sync that began before
 * the stall goes on by itself.
 */
export function resumeSync(disk: Disk, stream: Stream): number | null {
  const sync = disk.sync;
  if (sync === null || !sync.stalled || disk.faults.stalls > 0) return null;
  disk.sync = { ...sync, stalled: false };
  return drawMicros(disk.fsync, stream);
}

/** Everything is gone: an empty volume stands in its place. */
export function wipeDisk(disk: Disk): void {
  disk.log = createChunked<DiskRecord>();
  disk.durableEnd = 0;
  disk.dropBefore = 0;
  disk.failedEnd = 0;
  disk.files = [];
  disk.sync = null;
  disk.unsyncedBytes = 0;
  disk.backend = null;
  disk.digested = null;
}

/** How a member's database is copied; a protocol knows. */
export type CloneBackend = (backend: unknown) => unknown;

/** A copy of what would survive a power failure now; for backups of a volume and for stale restores. */
export function durableImage(disk: Disk, cloneBackend: CloneBackend): Disk {
  const copy = cloneDisk(disk, cloneBackend);
  truncateTo(copy.log, copy.durableEnd);
  copy.failedEnd = copy.durableEnd;
  copy.files = copy.files.filter((file) => file.durable).map((file) => ({ ...file, removed: false }));
  copy.sync = null;
  copy.unsyncedBytes = 0;
  copy.dropBefore = copy.log.first;
  return copy;
}

/** Puts the content of `image` in place of what is on `disk`. The image stays as it was. */
export function restoreImage(disk: Disk, image: Disk, cloneBackend: CloneBackend): void {
  const copy = cloneDisk(image, cloneBackend);
  disk.backend = copy.backend;
  disk.digested = null;
  disk.log = copy.log;
  disk.durableEnd = copy.durableEnd;
  disk.dropBefore = copy.dropBefore;
  disk.failedEnd = copy.failedEnd;
  disk.files = copy.files;
  disk.filesWritten = copy.filesWritten;
  disk.sync = null;
  disk.unsyncedBytes = 0;
}

/** A copy that shares full chunks of the log. */
export function cloneDisk(disk: Disk, cloneBackend: CloneBackend): Disk {
  return {
    ...disk,
    log: cloneChunked(disk.log),
    backend: disk.backend === null ? null : cloneBackend(disk.backend),
    files: disk.files.map((file) => ({ ...file })),
    faults: { ...disk.faults },
  };
}
