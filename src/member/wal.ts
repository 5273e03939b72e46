// What an etcd member writes to its disk, and how it reads it back: records of the write-ahead log and snapshot files, each
// with a checksum. After etcd `server/storage/wal` and `server/etcdserver/api/snap`.

import { cutLogFrom, DamagedRecord, type Disk, type DiskRecord } from "../disk/disk.ts";
import { endOf, itemAt } from "../kernel/chunked.ts";
import { mix } from "../kernel/hash.ts";
import { createEntry } from "../raft/entry.ts";
import {
  appendEntry,
  type ConfState,
  chainAt,
  chainHash,
  cloneLog,
  createLog,
  dropPrefix,
  Entry,
  NO_ENTRIES,
  type RaftLog,
  Snapshot,
  truncateAfter,
} from "../raft/raft.ts";
import { type MemberMutations, NO_MEMBER_MUTATIONS } from "./etcd-config.ts";

/** Bytes of a hard state record, frame and checksum included. */
const STATE_BYTES = 48;

/** Term and vote, written when they change; the commit index rides along. Entries are records of their own. Immutable. */
export class StateRecord implements DiskRecord {
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
  readonly size: number;
  readonly checksum: number;

  constructor(term: number, vote: number, commit: number) {
    this.term = term;
    this.vote = vote;
    this.commit = commit;
    this.size = STATE_BYTES;
    this.checksum = mix(mix(term, vote), commit);
  }
}

/** The log starts anew after a snapshot that was received: entries before this record count no more. Immutable. */
export class SnapshotMark implements DiskRecord {
  readonly index: number;
  readonly size: number;

  constructor(index: number) {
    this.index = index;
    this.size = STATE_BYTES;
  }
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
  /** The log after the snapshot, all of it on disk; the caller's own. */
  readonly log: RaftLog;
}

/** Why a member must not start from its disk. */
export interface DiskRefusal {
  readonly refusal: string;
}

/** No entry left over from before a snapshot is being passed over. */
const NONE_LEFT = -2;

/** What reading a log up to a position gave; kept on the disk so that the next start reads on from there. Immutable. */
interface DigestedLog {
  readonly position: number;
  readonly log: RaftLog;
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
}

/**
 * Reads a member's disk: the newest intact snapshot file, then the log after it. A damaged last record that was never synced
 * is a torn write: it was acknowledged to nobody and is cut off. Any other damage means that something is lost which others
 * may count on; the member must stay down. O(what was written since the last time).
 */
export function readDisk(
  disk: Disk,
  maxApplyingBytes: number,
  mutations: MemberMutations = NO_MEMBER_MUTATIONS,
): RecoveredDisk | DiskRefusal {
  const snapshot = newestSnapshot(disk);
  const start = snapshot === null ? 0 : snapshot.index;
  const end = endOf(disk.log);
  let position = disk.log.first;
  let log = createLog(snapshot, NO_ENTRIES, maxApplyingBytes);
  let term = 0;
  let vote = 0;
  let commit = 0;
  let leftover = NONE_LEFT;
  const known = disk.digested as DigestedLog | null;
  if (
    known !== null &&
    known.position <= end &&
    known.log.snapshotIndex <= start &&
    start <= known.log.last &&
    chainAt(known.log, start) === (snapshot === null ? 0 : snapshot.chain)
  ) {
    log = cloneLog(known.log);
    if (log.snapshotIndex < start) dropPrefix(log, start);
    log.committed = log.applying = log.applied = start;
    ({ position, term, vote, commit } = known);
  }
  for (; position < end; position++) {
    let record = itemAt(disk.log, position);
    if (record instanceof DamagedRecord) {
      if (mutations.corruptEntryTruncatesLog) {
        cutLogFrom(disk, position);
        break;
      }
      if (mutations.tornRecordAccepted && record.damage === "torn") record = halfOf(record.original);
    }
    if (record instanceof Entry) {
      const { index } = record;
      if (record.chain !== chainHash(record.previousChain, record.term, index, record.type, record.data)) {
        return { refusal: `walpb: crc mismatch in record ${position} of the write-ahead log` };
      }
      if (index <= start) continue;
      if (index === leftover + 1) {
        leftover = index;
        continue;
      }
      if (index > log.last + 1) {
        if (mutations.renameWithoutDirSync) break;
        return { refusal: `wal: entry ${index} has none before it` };
      }
      if (record.previousChain !== chainAt(log, index - 1)) {
        // It stood behind another entry than the snapshot ends with: what the snapshot replaced, its mark torn away.
        leftover = index;
        continue;
      }
      leftover = NONE_LEFT;
      if (index <= log.last) truncateAfter(log, index - 1);
      appendEntry(log, record);
    } else if (record instanceof StateRecord) {
      term = record.term;
      vote = record.vote;
      commit = record.commit;
    } else if (record instanceof SnapshotMark) {
      if (record.index <= start) truncateAfter(log, start);
    } else if (record instanceof DamagedRecord) {
      if (record.damage === "torn" && position === end - 1) {
        cutLogFrom(disk, position);
        break;
      }
      return { refusal: `walpb: crc mismatch in record ${position} of the write-ahead log` };
    }
  }
  log.unstableOffset = log.unstableInProgress = log.last + 1;
  const digested: DigestedLog = { position, log: cloneLog(log), term, vote, commit };
  disk.digested = digested;
  // A commit index may be older than the log it stands before: what it says was true then and is true now.
  const believed = mutations.hardstateBeforeEntries ? commit : Math.min(commit, log.last);
  return { term, vote, commit: Math.max(believed, start), snapshot, log };
}

/** Planted bug: what is left of a record whose second half was never written, taken for the whole. */
function halfOf(record: DiskRecord): DiskRecord {
  if (!(record instanceof Entry)) return record;
  return createEntry(record.index, record.term, record.type, null, record.previousChain);
}

/** The newest snapshot file that is not damaged. */
function newestSnapshot(disk: Disk): Snapshot | null {
  let newest: SnapshotRecord | null = null;
  for (const file of disk.files) {
    const value = file.value;
    if (value instanceof SnapshotRecord && (newest === null || value.index > newest.index)) newest = value;
  }
  if (newest === null) return null;
  return new Snapshot(newest.index, newest.term, newest.confState, newest.chain, newest.data, newest.size);
}
