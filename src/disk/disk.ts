// One simulated disk: an append-only log of records, small named files, and the line between what is only cached and what
// survives a power failure. What the records mean is unknown here. Writes and syncs are separate: `append` and `writeFile`
// change the cache, a finished sync makes everything written before it began durable.
//
// After ALICE (OSDI 2014) and lazyfs: unsynced data is lost, kept or torn by sector; directory operations (a new file, a
// removed one, a cut log) are unsynced state of their own until the next sync.

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
import type { Stream } from "../kernel/choose.ts";
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
  readonly name: string;
  readonly value: DiskRecord;
  /** The file and its name are durable. */
  durable: boolean;
  /** Its removal waits for a sync. */
  removed: boolean;
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
  readonly files: readonly DiskFile[];
}

/** A disk. Plain data; records are immutable values and are shared between copies. */
export interface Disk {
  log: ChunkedList<DiskRecord>;
  /** Records before this position survive a power failure. Invariant: first ≤ durableEnd ≤ end of `log`. */
  durableEnd: number;
  /** The log is to be cut before this position at the next sync. */
  dropBefore: number;
  files: DiskFile[];
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
    files: [],
    sync: null,
    faults: { stalls: 0, errorPpm: 0, writeErrorPpm: 0, readErrorPpm: 0, slowMicros: 0, slowPpm: 0, full: 0 },
    write: config.write,
    fsync: config.fsync,
    backend: null,
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
  disk.files.push({ name, value, durable: false, removed: false });
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
  if (disk.durableEnd > position) disk.durableEnd = position;
}

/** True when something was written that no sync has begun to make durable. */
export function isDirty(disk: Disk): boolean {
  return endOf(disk.log) > disk.durableEnd || disk.unsyncedBytes > 0 || disk.dropBefore > disk.log.first;
}

/** Begins a sync. Precondition: none is under way. Returns how long it takes in micros; Infinity while stalled. */
export function beginSync(disk: Disk, ticket: number, stream: Stream): number {
  const bytes = disk.unsyncedBytes;
  disk.unsyncedBytes = 0;
  let files: DiskFile[] | null = null;
  for (const file of disk.files) {
    if (!file.durable || file.removed) {
      if (files === null) files = [];
      files.push(file);
    }
  }
  disk.sync = { ticket, end: endOf(disk.log), dropBefore: disk.dropBefore, files: files ?? NO_FILES };
  let micros = drawMicros(disk.fsync, stream);
  if (bytes > 0) micros += drawMicros(disk.write, stream);
  const faults = disk.faults;
  if (faults.slowMicros > 0 && stream.below(1_000_000) < faults.slowPpm) micros += faults.slowMicros;
  return faults.stalls > 0 ? Number.POSITIVE_INFINITY : micros;
}

const NO_FILES: readonly DiskFile[] = Object.freeze([]) as unknown as readonly DiskFile[];

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
  disk.durableEnd = disk.log.first + disk.log.length;
  disk.unsyncedBytes = 0;
  disk.syncs++;
  if (disk.files.length > 0) finishFiles(disk, null);
  if (disk.dropBefore > disk.log.first) dropBefore(disk.log, disk.dropBefore);
}

/**
 * Ends the sync that is under way; returns whether it succeeded. A failed one leaves its data in the cache, where it looks
 * written and is gone after a power failure: as after a failed fsync on Linux.
 */
export function endSync(disk: Disk, stream: Stream): boolean {
  const sync = disk.sync as PendingSync;
  disk.sync = null;
  if (disk.faults.errorPpm > 0 && stream.below(1_000_000) < disk.faults.errorPpm) return false;
  if (sync.end > disk.durableEnd) disk.durableEnd = Math.min(sync.end, endOf(disk.log));
  finishFiles(disk, sync.files);
  if (sync.dropBefore > disk.log.first) {
    dropBefore(disk.log, sync.dropBefore);
    if (disk.durableEnd < disk.log.first) disk.durableEnd = disk.log.first;
  }
  disk.syncs++;
  return true;
}

function finishFiles(disk: Disk, files: readonly DiskFile[] | null): void {
  let gone = false;
  for (const file of files ?? disk.files) {
    if (file.removed) gone = true;
    else file.durable = true;
  }
  if (gone) disk.files = disk.files.filter((file) => !file.removed || (files !== null && !files.includes(file)));
}

/** What becomes of unsynced data when the process dies. */
export type Unsynced = "lose" | "keep" | "tear";

/**
 * The process is gone. `keep`: a killed process, the cache of the system stays. `lose`: power failure, only what was synced
 * is left. `tear`: power failure in the middle of writing, each unsynced sector is kept or lost by itself.
 * Returns how many records were lost or damaged.
 */
export function crashDisk(disk: Disk, unsynced: Unsynced, stream: Stream): number {
  disk.sync = null;
  disk.unsyncedBytes = 0;
  if (unsynced === "keep") return 0;
  disk.dropBefore = disk.log.first;
  let lost = 0;
  let end = disk.durableEnd;
  if (unsynced === "tear") {
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
  lost += endOf(disk.log) - end;
  truncateTo(disk.log, end);
  disk.durableEnd = end;
  disk.files = disk.files.filter((file) => file.durable || (unsynced === "tear" && stream.below(2) === 1));
  for (const file of disk.files) {
    file.durable = true;
    file.removed = false;
  }
  return lost;
}

/** Bit rot in a durable record of the log, `back` records before the newest durable one. Returns whether there was one. */
export function corruptRecord(disk: Disk, back: number): boolean {
  const position = disk.durableEnd - 1 - back;
  const record = itemAt(disk.log, position);
  if (record === undefined || record instanceof DamagedRecord) return false;
  replaceItem(disk.log, position, new DamagedRecord(record, "flipped"));
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

/** A stall is over: how long the sync that waited takes from now on; null when none waits. */
export function resumeSync(disk: Disk, stream: Stream): number | null {
  return disk.sync === null || disk.faults.stalls > 0 ? null : drawMicros(disk.fsync, stream);
}

/** Everything is gone: an empty volume stands in its place. */
export function wipeDisk(disk: Disk): void {
  disk.log = createChunked<DiskRecord>();
  disk.durableEnd = 0;
  disk.dropBefore = 0;
  disk.files = [];
  disk.sync = null;
  disk.unsyncedBytes = 0;
  disk.backend = null;
}

/** How a member's database is copied; a protocol knows. */
export type CloneBackend = (backend: unknown) => unknown;

/** A copy of what would survive a power failure now; for backups of a volume and for stale restores. */
export function durableImage(disk: Disk, cloneBackend: CloneBackend): Disk {
  const copy = cloneDisk(disk, cloneBackend);
  truncateTo(copy.log, copy.durableEnd);
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
  disk.log = copy.log;
  disk.durableEnd = copy.durableEnd;
  disk.dropBefore = copy.dropBefore;
  disk.files = copy.files;
  disk.sync = null;
  disk.unsyncedBytes = 0;
}

/** A copy that shares full chunks of the log. */
export function cloneDisk(disk: Disk, cloneBackend: CloneBackend): Disk {
  const files = disk.files.map((file) => ({ ...file }));
  const sync = disk.sync;
  return {
    ...disk,
    log: cloneChunked(disk.log),
    backend: disk.backend === null ? null : cloneBackend(disk.backend),
    files,
    sync: sync === null ? null : { ...sync, files: sync.files.map((f) => files[disk.files.indexOf(f)] ?? { ...f }) },
    faults: { ...disk.faults },
  };
}
