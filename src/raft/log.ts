/**
 * The log of one member: entries, the snapshot they start from, and how far they are committed, applied and on disk.
 *
 * Unlike etcd-io/raft (`log.go`, `log_unstable.go`) there is one log and no storage behind it: the "unstable" part is a
 * range of indexes of this log that the host has yet to persist. What is unknown here: terms of members, votes, and
 * when the disk is done.
 *
 * Entries stand in chunks of 128. Index i is in chunk (i - origin) / 128. A full chunk is never written again, so that a
 * clone may share it; a truncation replaces the chunk it cuts. Compaction drops whole chunks from the front.
 */

import { createList } from "../kernel/list.ts";
import type { RaftEnv } from "./config.ts";
import type { Entry } from "./entry.ts";
import { NO_ENTRIES } from "./message.ts";
import type { Snapshot } from "./snapshot.ts";

/** `termAt` and `chainAt`: the index lies before the snapshot point. */
export const COMPACTED: number = -1;

const CHUNK_SHIFT = 7;
const CHUNK_SIZE = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_SIZE - 1;

/** Invariant: snapshotIndex <= applied <= applying <= committed <= last; unstableOffset <= unstableInProgress <= last + 1. */
export interface RaftLog {
  /** Chunks of 128 entries; all but the last are full. */
  chunks: Entry[][];
  /** Index that the first slot of the first chunk stands for; at most snapshotIndex + 1. */
  origin: number;
  /** Index of the last entry; its term and chain hash, or those of the snapshot point in an empty log. */
  last: number;
  lastTerm: number;
  lastChain: number;
  /** The log starts after this index: what it covers is compacted, or was installed. */
  snapshotIndex: number;
  snapshotTerm: number;
  snapshotChain: number;
  committed: number;
  /** Highest index handed out for applying. */
  applying: number;
  /** Highest index that the host said it applied. */
  applied: number;
  /** First index that is not known to be on disk. */
  unstableOffset: number;
  /** First index that was not handed out for persisting. */
  unstableInProgress: number;
  /** A snapshot received and not yet on disk. */
  pendingSnapshot: Snapshot | null;
  /** It was handed out for persisting. */
  pendingSnapshotInProgress: boolean;
  /** Bytes of committed entries that may be out for applying at a time. */
  readonly maxApplyingSize: number;
  /** Bytes of committed entries out for applying. */
  applyingSize: number;
  /** Nothing more is handed out until the host has applied something. */
  applyingPaused: boolean;
}

/**
 * Returns the log that starts after `snapshot` (null: at index 1) and holds `entries`, all of it on disk.
 * Committed and applied stand at the snapshot point. `entries` must be contiguous from there.
 */
export function createLog(snapshot: Snapshot | null, entries: readonly Entry[], maxApplyingSize: number): RaftLog {
  const start = snapshot === null ? 0 : snapshot.index;
  const log: RaftLog = {
    chunks: createList(),
    origin: start + 1,
    last: start,
    lastTerm: snapshot === null ? 0 : snapshot.term,
    lastChain: snapshot === null ? 0 : snapshot.chain,
    snapshotIndex: start,
    snapshotTerm: snapshot === null ? 0 : snapshot.term,
    snapshotChain: snapshot === null ? 0 : snapshot.chain,
    committed: start,
    applying: start,
    applied: start,
    unstableOffset: start + 1,
    unstableInProgress: start + 1,
    pendingSnapshot: null,
    pendingSnapshotInProgress: false,
    maxApplyingSize,
    applyingSize: 0,
    applyingPaused: false,
  };
  for (let offset = 0; offset < entries.length; offset++) pushEntry(log, entries[offset]!);
  log.unstableOffset = log.unstableInProgress = log.last + 1;
  return log;
}

/** Returns an independent copy that shares full chunks and all entries. */
export function cloneLog(log: RaftLog): RaftLog {
  const chunks = log.chunks.slice();
  const tail = chunks.length - 1;
  if (tail >= 0 && chunks[tail]!.length < CHUNK_SIZE) chunks[tail] = chunks[tail]!.slice();
  return {
    chunks,
    origin: log.origin,
    last: log.last,
    lastTerm: log.lastTerm,
    lastChain: log.lastChain,
    snapshotIndex: log.snapshotIndex,
    snapshotTerm: log.snapshotTerm,
    snapshotChain: log.snapshotChain,
    committed: log.committed,
    applying: log.applying,
    applied: log.applied,
    unstableOffset: log.unstableOffset,
    unstableInProgress: log.unstableInProgress,
    pendingSnapshot: log.pendingSnapshot,
    pendingSnapshotInProgress: log.pendingSnapshotInProgress,
    maxApplyingSize: log.maxApplyingSize,
    applyingSize: log.applyingSize,
    applyingPaused: log.applyingPaused,
  };
}

/** Returns the index of the first entry that is not compacted; last + 1 if there is none. */
export function firstIndex(log: RaftLog): number {
  return log.snapshotIndex + 1;
}

/** Returns the term of the last entry. */
export function lastTerm(log: RaftLog): number {
  return log.lastTerm;
}

/** Returns the entry at an index. Precondition: firstIndex <= index <= last. */
export function entryAt(log: RaftLog, index: number): Entry {
  const slot = index - log.origin;
  return log.chunks[slot >> CHUNK_SHIFT]![slot & CHUNK_MASK]!;
}

/** Returns the term at an index: COMPACTED before the snapshot point, 0 after the end. */
export function termAt(log: RaftLog, index: number): number {
  if (index > log.snapshotIndex) return index > log.last ? 0 : entryAt(log, index).term;
  return index === log.snapshotIndex ? log.snapshotTerm : COMPACTED;
}

/** Returns the term at an index, 0 where the log does not reach. */
export function termOrZero(log: RaftLog, index: number): number {
  return Math.max(termAt(log, index), 0);
}

/**
 * Returns the chain hash at an index, an int32: the hash of the snapshot's last entry at the snapshot point.
 * Precondition: snapshotIndex <= index <= last; 0 elsewhere (ask `termAt` whether an index is compacted).
 */
export function chainAt(log: RaftLog, index: number): number {
  if (index > log.snapshotIndex) return index > log.last ? 0 : entryAt(log, index).chain;
  return index === log.snapshotIndex ? log.snapshotChain : 0;
}

/** True if the log holds, or its snapshot ends with, an entry of this index and term. */
export function matchTerm(log: RaftLog, index: number, term: number): boolean {
  if (index > log.snapshotIndex) return index <= log.last && entryAt(log, index).term === term;
  return index === log.snapshotIndex && log.snapshotTerm === term;
}

/** True if a log that ends with this term and index is at least as up-to-date as this one (Raft §5.4.1). */
export function isUpToDate(log: RaftLog, term: number, index: number): boolean {
  const ourTerm = log.lastTerm;
  return term > ourTerm || (term === ourTerm && index >= log.last);
}

/** Returns entries lo..hi-1 as a new array. Precondition: firstIndex <= lo <= hi <= last + 1. */
export function entriesBetween(log: RaftLog, lo: number, hi: number): readonly Entry[] {
  if (lo >= hi) return NO_ENTRIES;
  if (hi - lo === 1) return [entryAt(log, lo)];
  const first = lo - log.origin;
  const end = hi - log.origin;
  const chunk = first >> CHUNK_SHIFT;
  if (chunk === (end - 1) >> CHUNK_SHIFT) {
    const base = chunk << CHUNK_SHIFT;
    return log.chunks[chunk]!.slice(first - base, end - base);
  }
  const entries: Entry[] = [];
  for (let index = lo; index < hi; index++) entries.push(entryAt(log, index));
  return entries;
}

/**
 * Returns where to stop so that entries from `lo` on, before `hi`, are of at most `maxSize` encoded bytes together, but at
 * least one. Precondition: firstIndex <= lo < hi <= last + 1. (etcd-io/raft `limitSize`)
 */
function limitedEnd(log: RaftLog, lo: number, hi: number, maxSize: number): number {
  let end = lo + 1;
  if (end === hi) return end;
  let size = entryAt(log, lo).size;
  while (end < hi) {
    size += entryAt(log, end).size;
    if (size > maxSize) break;
    end++;
  }
  return end;
}

/** Returns entries from `lo` on, before `hi`, of at most `maxSize` encoded bytes together, but at least one. */
export function entriesLimited(log: RaftLog, lo: number, hi: number, maxSize: number): readonly Entry[] {
  return entriesBetween(log, lo, limitedEnd(log, lo, hi, maxSize));
}

/** Adds entries lo..hi-1 to a list. Precondition: firstIndex <= lo, hi <= last + 1. */
export function collectEntries(log: RaftLog, lo: number, hi: number, into: Entry[]): void {
  for (let index = lo; index < hi; index++) into.push(entryAt(log, index));
}

function pushEntry(log: RaftLog, entry: Entry): void {
  const slot = log.last + 1 - log.origin;
  if ((slot & CHUNK_MASK) === 0) log.chunks.push([entry]);
  else log.chunks[slot >> CHUNK_SHIFT]!.push(entry);
  log.last++;
  log.lastTerm = entry.term;
  log.lastChain = entry.chain;
}

/** Drops entries above `index`, touching no chunk that a clone may share. Precondition: snapshotIndex <= index. */
function cutAfter(log: RaftLog, index: number): void {
  if (index >= log.last) return;
  const keep = index + 1 - log.origin;
  const chunk = keep >> CHUNK_SHIFT;
  const rest = keep & CHUNK_MASK;
  if (rest === 0) log.chunks = log.chunks.slice(0, chunk);
  else {
    const kept = log.chunks[chunk]!.slice(0, rest);
    log.chunks = log.chunks.slice(0, chunk);
    log.chunks.push(kept);
  }
  log.lastTerm = termAt(log, index);
  log.lastChain = chainAt(log, index);
  log.last = index;
}

/**
 * Appends entries from `offset` of the list on, first dropping what stands at their indexes and after. Returns the last
 * index. Appending below the commit index is a violation and does nothing.
 */
export function appendEntries(log: RaftLog, entries: readonly Entry[], offset: number, env: RaftEnv): number {
  if (offset >= entries.length) return log.last;
  const from = entries[offset]!.index;
  if (from - 1 < log.committed) {
    env.violation(`after(${from - 1}) is out of range [committed(${log.committed})]`);
    return log.last;
  }
  if (from !== log.last + 1) truncateForAppend(log, from, env);
  for (let at = offset; at < entries.length; at++) pushEntry(log, entries[at]!);
  return log.last;
}

/** Appends one entry that directly follows the last. */
export function appendEntry(log: RaftLog, entry: Entry): void {
  pushEntry(log, entry);
}

function truncateForAppend(log: RaftLog, from: number, env: RaftEnv): void {
  if (from > log.last + 1) {
    env.violation(`entry ${from} leaves a gap after the last index ${log.last}`);
    return;
  }
  if (from <= log.unstableOffset) {
    if (env.logger !== null) env.logger.info(`replace the unstable entries from index ${from}`);
    log.unstableOffset = from;
    log.unstableInProgress = from;
  } else {
    if (env.logger !== null) env.logger.info(`truncate the unstable entries before index ${from}`);
    if (log.unstableInProgress > from) log.unstableInProgress = from;
  }
  cutAfter(log, from - 1);
}

/** Drops all entries above `index`, which need not be persisted again. For mutations only. */
export function truncateAfter(log: RaftLog, index: number): void {
  cutAfter(log, index);
  if (log.unstableOffset > index + 1) log.unstableOffset = index + 1;
  if (log.unstableInProgress > index + 1) log.unstableInProgress = index + 1;
}

/** Writes entries over what stands at their indexes and keeps what follows. For the mutation `conflictingTailKept` only. */
export function overwriteEntries(log: RaftLog, entries: readonly Entry[], offset: number): void {
  const from = entries[offset]!.index;
  const tail =
    from + entries.length - offset <= log.last
      ? entriesBetween(log, from + entries.length - offset, log.last + 1)
      : NO_ENTRIES;
  truncateAfter(log, from - 1);
  for (let at = offset; at < entries.length; at++) pushEntry(log, entries[at]!);
  for (let at = 0; at < tail.length; at++) pushEntry(log, tail[at]!);
}

/**
 * Returns the offset in `entries` of the first one that this log does not hold with the same term, `entries.length` if
 * it holds them all.
 */
export function firstConflict(log: RaftLog, entries: readonly Entry[], env: RaftEnv): number {
  for (let offset = 0; offset < entries.length; offset++) {
    const entry = entries[offset]!;
    if (entry.index > log.last) return offset;
    if (!matchTerm(log, entry.index, entry.term)) {
      if (env.logger !== null) {
        const existing = termOrZero(log, entry.index);
        env.logger.info(
          `found conflict at index ${entry.index} [existing term: ${existing}, conflicting term: ${entry.term}]`,
        );
      }
      return offset;
    }
  }
  return entries.length;
}

/**
 * Follower side of AppendEntries (Raft Fig. 2): if the log holds `previousIndex` with `previousTerm`, appends what is new
 * of `entries`, commits up to min(`committed`, last of these entries) and returns the last index of the entries; else -1.
 */
export function maybeAppend(
  log: RaftLog,
  previousIndex: number,
  previousTerm: number,
  entries: readonly Entry[],
  committed: number,
  env: RaftEnv,
): number {
  if (!matchTerm(log, previousIndex, previousTerm)) return -1;
  const lastNew = previousIndex + entries.length;
  if (entries.length !== 0) {
    const offset = firstConflict(log, entries, env);
    if (offset < entries.length) {
      const index = entries[offset]!.index;
      if (index <= log.committed) {
        env.violation(`entry ${index} conflict with committed entry [committed(${log.committed})]`);
        return lastNew;
      }
      appendEntries(log, entries, offset, env);
    }
  }
  commitTo(log, Math.min(committed, lastNew), env);
  return lastNew;
}

/**
 * Returns the highest index at or below `index` whose term is at or below `term`; a compacted index, or one beyond the
 * end, is returned as it is. The caller takes its term by `termOrZero`. (etcd-io/raft `findConflictByTerm`)
 */
export function findConflictByTerm(log: RaftLog, index: number, term: number): number {
  if (index > log.last) return index;
  let at = index;
  while (at > 0 && at >= log.snapshotIndex && termAt(log, at) > term) at--;
  return at;
}

/** Raises the commit index. Beyond the last entry it is a violation and nothing changes. */
export function commitTo(log: RaftLog, index: number, env: RaftEnv): void {
  if (index <= log.committed) return;
  if (index > log.last) {
    env.violation(
      `tocommit(${index}) is out of range [lastIndex(${log.last})]. Was the raft log corrupted, truncated, or lost?`,
    );
    return;
  }
  log.committed = index;
}

/** Records that everything up to `index` is applied, `size` bytes of it handed out by `acceptApplying`. */
export function appliedTo(log: RaftLog, index: number, size: number, env: RaftEnv): void {
  if (index > log.committed || index < log.applied) {
    env.violation(`applied(${index}) is out of range [prevApplied(${log.applied}), committed(${log.committed})]`);
    return;
  }
  log.applied = index;
  if (log.applying < index) log.applying = index;
  log.applyingSize = log.applyingSize > size ? log.applyingSize - size : 0;
  log.applyingPaused = log.applyingSize >= log.maxApplyingSize;
}

/** Highest index that may be handed out for applying: the commit index, and only what is on disk unless `allowUnstable`. */
export function maxAppliable(log: RaftLog, allowUnstable: boolean): number {
  return allowUnstable || log.committed < log.unstableOffset ? log.committed : log.unstableOffset - 1;
}

/** True if there are committed entries to hand out. */
export function hasNextCommitted(log: RaftLog, allowUnstable: boolean): boolean {
  return (
    log.applying < log.committed &&
    !log.applyingPaused &&
    log.pendingSnapshot === null &&
    log.applying < maxAppliable(log, allowUnstable)
  );
}

/** True if all committed entries may be handed out at once. */
export function fitsOneReady(log: RaftLog): boolean {
  if (log.applyingPaused) return false;
  const lo = log.applying + 1;
  const hi = log.committed + 1;
  return limitedEnd(log, lo, hi, log.maxApplyingSize - log.applyingSize) === hi;
}

/** Adds the next committed entries to apply to a list, limited by size. Precondition: `hasNextCommitted`. */
export function collectCommitted(log: RaftLog, allowUnstable: boolean, into: Entry[]): void {
  const lo = Math.max(log.applying, log.snapshotIndex) + 1;
  const hi = maxAppliable(log, allowUnstable) + 1;
  collectEntries(log, lo, limitedEnd(log, lo, hi, log.maxApplyingSize - log.applyingSize), into);
}

/** Records that entries up to `index`, `size` encoded bytes of them, were handed out for applying. */
export function acceptApplying(log: RaftLog, index: number, size: number, allowUnstable: boolean): void {
  log.applying = index;
  log.applyingSize += size;
  log.applyingPaused = log.applyingSize >= log.maxApplyingSize || index < maxAppliable(log, allowUnstable);
}

/** Records that all unstable entries and the pending snapshot were handed out for persisting. */
export function acceptUnstable(log: RaftLog): void {
  log.unstableInProgress = Math.max(log.unstableInProgress, log.last + 1);
  if (log.pendingSnapshot !== null) log.pendingSnapshotInProgress = true;
}

/**
 * Records that the entry of this index and term, and all before it, are on disk. A report about an entry that was
 * replaced in the meantime is ignored, else the replacement would count as persisted. (etcd-io/raft `stableTo`)
 */
export function stableTo(log: RaftLog, index: number, term: number, env: RaftEnv): void {
  if (index < log.unstableOffset) {
    if (env.logger !== null) {
      env.logger.info(
        log.pendingSnapshot !== null && log.pendingSnapshot.index === index
          ? `entry at index ${index} matched unstable snapshot; ignoring`
          : `entry at index ${index} missing from unstable log; ignoring`,
      );
    }
    return;
  }
  if (index > log.last) {
    if (env.logger !== null) env.logger.info(`entry at index ${index} missing from unstable log; ignoring`);
    return;
  }
  const ours = entryAt(log, index).term;
  if (ours !== term) {
    if (env.logger !== null) {
      env.logger.info(
        `entry at (index,term)=(${index},${term}) mismatched with entry at (${index},${ours}) in unstable log; ignoring`,
      );
    }
    return;
  }
  log.unstableOffset = index + 1;
  if (log.unstableInProgress < log.unstableOffset) log.unstableInProgress = log.unstableOffset;
}

/** Records that the pending snapshot of this index is on disk. */
export function stableSnapshotTo(log: RaftLog, index: number): void {
  if (log.pendingSnapshot === null || log.pendingSnapshot.index !== index) return;
  log.pendingSnapshot = null;
  log.pendingSnapshotInProgress = false;
}

/** Replaces the whole log by a snapshot that has yet to be persisted, and commits up to it. */
export function restoreLog(log: RaftLog, snapshot: Snapshot): void {
  log.chunks = createList<Entry[]>();
  log.origin = snapshot.index + 1;
  log.last = snapshot.index;
  log.lastTerm = snapshot.term;
  log.lastChain = snapshot.chain;
  log.snapshotIndex = snapshot.index;
  log.snapshotTerm = snapshot.term;
  log.snapshotChain = snapshot.chain;
  log.committed = snapshot.index;
  log.unstableOffset = snapshot.index + 1;
  log.unstableInProgress = snapshot.index + 1;
  log.pendingSnapshot = snapshot;
  log.pendingSnapshotInProgress = false;
}

/**
 * Drops the entries up to and including `index`; the log then starts after it. Returns null, or why it did not: the
 * prefix is already gone, or not everything of it is applied.
 */
export function compactLog(log: RaftLog, index: number): string | null {
  if (index <= log.snapshotIndex) return "requested index is unavailable due to compaction";
  if (index > log.applied) return `compaction to ${index} is beyond the applied index ${log.applied}`;
  dropPrefix(log, index);
  return null;
}

/** As `compactLog`, without looking at what is applied. Precondition: snapshotIndex < index <= last. */
export function dropPrefix(log: RaftLog, index: number): void {
  const entry = entryAt(log, index);
  log.snapshotTerm = entry.term;
  log.snapshotChain = entry.chain;
  log.snapshotIndex = index;
  const drop = (index + 1 - log.origin) >> CHUNK_SHIFT;
  if (drop > 0) {
    log.chunks = log.chunks.slice(drop);
    log.origin += drop << CHUNK_SHIFT;
  }
}
