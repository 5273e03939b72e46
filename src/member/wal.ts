// What an etcd member writes to its disk, and how it reads it back: records of the write-ahead log and snapshot files, each
// with a checksum. After etcd `server/storage/wal` and `server/etcdserver/api/snap`.

import { DamagedRecord, cutLogFrom, type Disk, type DiskRecord } from "../disk/disk.ts";
import { endOf, itemAt } from "../kernel/chunked.ts";
import { mix } from "../kernel/hash.ts";
import { type ConfState, type Entry, Snapshot } from "../raft/raft.ts";

/** Bytes of a record besides its entries: hard state, frame, checksum. */
const RECORD_BYTES = 48;

/** One write of a member: the entries of one Ready, and the hard state as it is then. Immutable. */
export class WalRecord implements DiskRecord {
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
  /** Contiguous; the first may overwrite what earlier records held. */
  readonly entries: readonly Entry[];
  /** The log starts anew after this snapshot; 0: it goes on. */
  readonly snapshotIndex: number;
  readonly size: number;
  readonly checksum: number;

  constructor(term: number, vote: number, commit: number, entries: readonly Entry[], snapshotIndex: number) {
    this.term = term;
    this.vote = vote;
    this.commit = commit;
    this.entries = entries;
    this.snapshotIndex = snapshotIndex;
    let size = RECORD_BYTES;
    for (let i = 0; i < entries.length; i++) size += (entries[i] as Entry).size;
    this.size = size;
    this.checksum = checksumOf(this);
  }
}

/** The checksum of a record's content; an int32. */
export function checksumOf(record: WalRecord): number {
  const entries = record.entries;
  const last = entries.length === 0 ? 0 : (entries[entries.length - 1] as Entry).chain;
  return mix(mix(mix(record.term, record.vote), record.commit ^ (entries.length << 20)), last ^ record.snapshotIndex);
}

/**
 * A snapshot file: where the log starts, and the membership there. The state itself is in the database; a snapshot that was
 * received brings its own, for the case that the process dies before the database has it. Immutable.
 */
export class SnapshotRecord implements DiskRecord {
  readonly index: number;
  readonly term: number;
  readonly chain: number;
  readonly confState: ConfState;
  readonly data: unknown;
  readonly size: number;

  constructor(index: number, term: number, chain: number, confState: ConfState, data: unknown) {
    this.index = index;
    this.term = term;
    this.chain = chain;
    this.confState = confState;
    this.data = data;
    this.size = 256;
  }
}

/** Name of the snapshot file for an index; newer names sort after older ones. */
export function snapshotName(index: number): string {
  return `${String(index).padStart(16, "0")}.snap`;
}

/** What a disk gave back. */
export interface RecoveredDisk {
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
}

/** Why a member must not start from its disk. */
export interface DiskRefusal {
  readonly refusal: string;
}

/**
 * Reads a member's disk: the newest intact snapshot file, then the log after it. A damaged last record that was never synced
 * is a torn write: it was acknowledged to nobody and is cut off. Any other damage means that something is lost which others
 * may count on; the member must stay down.
 */
export function readDisk(disk: Disk): RecoveredDisk | DiskRefusal {
  let snapshot: SnapshotRecord | null = null;
  for (const file of disk.files) {
    const value = file.value;
    if (!(value instanceof SnapshotRecord)) continue;
    if (snapshot === null || value.index > snapshot.index) snapshot = value;
  }
  let term = 0;
  let vote = 0;
  let commit = 0;
  const start = snapshot === null ? 0 : snapshot.index;
  let entries: Entry[] = [];
  const end = endOf(disk.log);
  for (let position = disk.log.first; position < end; position++) {
    const record = itemAt(disk.log, position);
    if (record instanceof DamagedRecord) {
      if (record.damage === "torn" && position === end - 1) {
        cutLogFrom(disk, position);
        break;
      }
      return { refusal: `walpb: crc mismatch in record ${position} of the write-ahead log` };
    }
    if (!(record instanceof WalRecord)) continue;
    if (checksumOf(record) !== record.checksum) return { refusal: `walpb: crc mismatch in record ${position}` };
    term = record.term;
    vote = record.vote;
    commit = record.commit;
    if (record.snapshotIndex > start) continue;
    for (const entry of record.entries) {
      if (entry.index <= start) continue;
      const offset = entry.index - start - 1;
      if (offset > entries.length) return { refusal: `wal: entry ${entry.index} has none before it` };
      if (offset < entries.length) entries = entries.slice(0, offset);
      entries.push(entry);
    }
  }
  if (snapshot === null && entries.length > 0 && (entries[0] as Entry).index > 1) {
    return { refusal: "snap: no usable snapshot before the log" };
  }
  return {
    term,
    vote,
    commit: Math.max(commit, start),
    snapshot:
      snapshot === null
        ? null
        : new Snapshot(snapshot.index, snapshot.term, snapshot.confState, snapshot.chain, snapshot.data, snapshot.size),
    entries,
  };
}
