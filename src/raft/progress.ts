/**
 * What a leader knows of one member: how far it has it, and how much is on the way to it.
 *
 * Three states: *probe* sends one append at a time until a match is found, *replicate* streams appends optimistically
 * within a window, *snapshot* waits for an installation. What is unknown here: the log, the messages.
 * After etcd-io/raft `tracker/progress.go` and `tracker/inflights.go`.
 */

/** States of replication to one member, in etcd's order. */
export const ProgressState = { Probe: 0, Replicate: 1, Snapshot: 2 } as const;
/** One of the values of `ProgressState`, 0 to 2. */
export type ProgressState = (typeof ProgressState)[keyof typeof ProgressState];

/** Invariant: match < next. */
export interface Progress {
  readonly id: number;
  /** Highest index known to be in the member's log as in the leader's. */
  match: number;
  /** Index of the next entry to send. */
  next: number;
  /** Highest commit index that was sent, lowered again when messages may have been lost. */
  sentCommit: number;
  state: ProgressState;
  /** In state snapshot: the index of the snapshot on its way, else 0. */
  pendingSnapshot: number;
  /** Any message came from the member since the last quorum check. */
  recentActive: boolean;
  /** No appends are sent until something comes back, or a heartbeat response shows life. */
  flowPaused: boolean;
  isLearner: boolean;
  /** In an election: 0 no answer, 1 granted, 2 rejected. */
  vote: number;
  /** Raft's tick at the last message from the member; kept only for the mutation `quorumOfReachable`. */
  heardAtTick: number;
  /** Window of MsgApps on the way, a ring: last index of each and its payload bytes. The length is a power of two. */
  inflightIndexes: number[];
  inflightSizes: number[];
  inflightStart: number;
  inflightCount: number;
  inflightBytes: number;
}

/** Returns the progress of a member just added: a probe at `next`, recently active so that it is not given up at once. */
export function createProgress(id: number, next: number, isLearner: boolean): Progress {
  return {
    id,
    match: 0,
    next,
    sentCommit: 0,
    state: ProgressState.Probe,
    pendingSnapshot: 0,
    recentActive: true,
    flowPaused: false,
    isLearner,
    vote: 0,
    heardAtTick: 0,
    inflightIndexes: [],
    inflightSizes: [],
    inflightStart: 0,
    inflightCount: 0,
    inflightBytes: 0,
  };
}

/** Returns an independent copy. */
export function cloneProgress(progress: Progress): Progress {
  return {
    id: progress.id,
    match: progress.match,
    next: progress.next,
    sentCommit: progress.sentCommit,
    state: progress.state,
    pendingSnapshot: progress.pendingSnapshot,
    recentActive: progress.recentActive,
    flowPaused: progress.flowPaused,
    isLearner: progress.isLearner,
    vote: progress.vote,
    heardAtTick: progress.heardAtTick,
    inflightIndexes: progress.inflightIndexes.slice(),
    inflightSizes: progress.inflightSizes.slice(),
    inflightStart: progress.inflightStart,
    inflightCount: progress.inflightCount,
    inflightBytes: progress.inflightBytes,
  };
}

/** Forgets everything but who the member is: a new term knows nothing of it. */
export function resetProgress(progress: Progress, match: number, next: number): void {
  progress.match = match;
  progress.next = next;
  progress.sentCommit = 0;
  progress.recentActive = false;
  progress.vote = 0;
  resetState(progress, ProgressState.Probe);
}

function resetState(progress: Progress, state: ProgressState): void {
  progress.flowPaused = false;
  progress.pendingSnapshot = 0;
  progress.state = state;
  progress.inflightStart = 0;
  progress.inflightCount = 0;
  progress.inflightBytes = 0;
}

/** Goes back to finding out where the logs agree; after a snapshot, from the snapshot on. */
export function becomeProbe(progress: Progress): void {
  const afterSnapshot = progress.state === ProgressState.Snapshot ? progress.pendingSnapshot + 1 : 0;
  resetState(progress, ProgressState.Probe);
  progress.next = Math.max(progress.match + 1, afterSnapshot);
  progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1);
}

/** Starts to stream from the first entry the member lacks. */
export function becomeReplicate(progress: Progress): void {
  resetState(progress, ProgressState.Replicate);
  progress.next = progress.match + 1;
}

/** Waits for the member to install the snapshot of this index. */
export function becomeSnapshot(progress: Progress, index: number): void {
  resetState(progress, ProgressState.Snapshot);
  progress.pendingSnapshot = index;
  progress.next = index + 1;
  progress.sentCommit = index;
}

/** True if no append may be sent to the member now. */
export function isPaused(progress: Progress): boolean {
  return progress.flowPaused || progress.state === ProgressState.Snapshot;
}

/** Records that an append with `count` entries of `bytes` payload bytes left. The state is probe or replicate. */
export function sentEntries(
  progress: Progress,
  count: number,
  bytes: number,
  maxInflight: number,
  maxInflightBytes: number,
): void {
  if (progress.state === ProgressState.Replicate) {
    if (count > 0) {
      progress.next += count;
      addInflight(progress, progress.next - 1, bytes);
    }
    // The window may just have become full; a message that frees it also ends the pause.
    progress.flowPaused = isInflightFull(progress, maxInflight, maxInflightBytes);
  } else if (count > 0) {
    // A probe waits for its answer; the next heartbeat response lets it try again should the answer be lost.
    progress.flowPaused = true;
  }
}

/** True if telling the member this commit index lets it commit something it has or is about to get. */
export function canBumpCommit(progress: Progress, committed: number): boolean {
  return committed > progress.sentCommit && progress.sentCommit < progress.next - 1;
}

/** Records an acknowledgement up to `index`. False if it is old news. */
export function maybeUpdate(progress: Progress, index: number): boolean {
  if (index <= progress.match) return false;
  progress.match = index;
  if (progress.next <= index) progress.next = index + 1;
  progress.flowPaused = false;
  return true;
}

/**
 * Records that the append after `rejected` was refused, with a guess where the logs may agree. False if the refusal is
 * out of date: a reordered or duplicated one must not rewind what is known to match.
 */
export function maybeDecreaseTo(progress: Progress, rejected: number, matchHint: number): boolean {
  if (progress.state === ProgressState.Replicate) {
    if (rejected <= progress.match) return false;
    progress.next = progress.match + 1;
    progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1);
    return true;
  }
  if (progress.next - 1 !== rejected) return false;
  progress.next = Math.max(Math.min(rejected, matchHint + 1), progress.match + 1);
  progress.sentCommit = Math.min(progress.sentCommit, progress.next - 1);
  progress.flowPaused = false;
  return true;
}

/** True if no further MsgApp with entries may be on the way. `maxBytes` 0: no limit. */
export function isInflightFull(progress: Progress, maxCount: number, maxBytes: number): boolean {
  return progress.inflightCount >= maxCount || (maxBytes !== 0 && progress.inflightBytes >= maxBytes);
}

/** Adds an append that ends at `index`. Indexes only rise. */
export function addInflight(progress: Progress, index: number, bytes: number): void {
  const capacity = progress.inflightIndexes.length;
  if (progress.inflightCount === capacity) {
    growInflights(progress, capacity);
  }
  const at = (progress.inflightStart + progress.inflightCount) & (progress.inflightIndexes.length - 1);
  progress.inflightIndexes[at] = index;
  progress.inflightSizes[at] = bytes;
  progress.inflightCount++;
  progress.inflightBytes += bytes;
}

function growInflights(progress: Progress, capacity: number): void {
  const indexes: number[] = [];
  const sizes: number[] = [];
  for (let k = 0; k < capacity; k++) {
    const at = (progress.inflightStart + k) & (capacity - 1);
    indexes.push(progress.inflightIndexes[at]!);
    sizes.push(progress.inflightSizes[at]!);
  }
  const grown = capacity === 0 ? 4 : capacity * 2;
  while (indexes.length < grown) {
    indexes.push(0);
    sizes.push(0);
  }
  progress.inflightIndexes = indexes;
  progress.inflightSizes = sizes;
  progress.inflightStart = 0;
}

/** Removes all appends that end at or before `index`. */
export function freeInflights(progress: Progress, index: number): void {
  const mask = progress.inflightIndexes.length - 1;
  while (progress.inflightCount > 0 && progress.inflightIndexes[progress.inflightStart]! <= index) {
    progress.inflightBytes -= progress.inflightSizes[progress.inflightStart]!;
    progress.inflightStart = (progress.inflightStart + 1) & mask;
    progress.inflightCount--;
  }
  if (progress.inflightCount === 0) progress.inflightStart = 0;
}
