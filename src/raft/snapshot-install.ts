/**
 * Follower: installing a snapshot that a leader sent because the entries are compacted.
 *
 * What is unknown here: when a leader decides to send one (`replication.ts`), and what the data is.
 * After etcd-io/raft `raft.go` (`handleSnapshot`, `restore`); Raft §7.
 */

import type { RaftEnv } from "./config.ts";
import { describeConfState, describeId } from "./describe.ts";
import { appendEntry, commitTo, entriesBetween, lastTerm, matchTerm, restoreLog, termOrZero } from "./log.ts";
import { restoreMembership } from "./membership.ts";
import { type Message, NO_ENTRIES, NONE } from "./message.ts";
import { sendAppendResponse } from "./outbox.ts";
import { adoptMembership } from "./reconfiguration.ts";
import { becomeFollower } from "./role.ts";
import type { Snapshot } from "./snapshot.ts";
import { type Raft, Role } from "./state.ts";

/** Installs the snapshot of a MsgSnap, or ignores it, and says how far this log now agrees. */
export function handleSnapshot(raft: Raft, message: Message, env: RaftEnv): void {
  const snapshot = message.snapshot;
  const index = snapshot === null ? 0 : snapshot.index;
  const restored = snapshot !== null && restore(raft, snapshot, env);
  if (env.logger !== null) {
    env.logger.info(
      `${describeId(raft.id)} [commit: ${raft.log.committed}] ${restored ? "restored" : "ignored"} snapshot [index: ${index}, term: ${snapshot === null ? 0 : snapshot.term}]`,
    );
  }
  sendAppendResponse(raft, message.from, restored ? index : raft.log.committed);
}

function restore(raft: Raft, snapshot: Snapshot, env: RaftEnv): boolean {
  const log = raft.log;
  const blind = raft.config.mutations.staleSnapshotRollsBack;
  if (snapshot.index <= log.committed && !blind) return false;
  if (raft.role !== Role.Follower) {
    if (env.logger !== null) {
      env.logger.warn(`${describeId(raft.id)} attempted to restore snapshot as leader; should never happen`);
    }
    becomeFollower(raft, raft.term + 1, NONE, env);
    return false;
  }
  const state = snapshot.confState;
  if (!state.voters.includes(raft.id) && !state.learners.includes(raft.id) && !state.votersOutgoing.includes(raft.id)) {
    if (env.logger !== null) {
      env.logger.warn(
        `${describeId(raft.id)} attempted to restore snapshot but it is not in the ConfState ${describeConfState(state)}; should never happen`,
      );
    }
    return false;
  }
  if (matchTerm(log, snapshot.index, snapshot.term) && !blind) {
    if (env.logger !== null) {
      env.logger.info(
        `${describeId(raft.id)} [commit: ${log.committed}, lastindex: ${log.last}, lastterm: ${lastTerm(log)}] fast-forwarded commit to snapshot [index: ${snapshot.index}, term: ${snapshot.term}]`,
      );
    }
    commitTo(log, snapshot.index, env);
    return false;
  }
  const change = restoreMembership(state, snapshot.index);
  if (change.error !== null) {
    env.violation(`unable to restore config ${describeConfState(state)}: ${change.error}`);
    return false;
  }
  if (env.logger !== null) {
    env.logger.info(
      `log [committed=${log.committed}, applied=${log.applied}, applying=${log.applying}, unstable.offset=${log.unstableOffset}, unstable.offsetInProgress=${log.unstableInProgress}, len(unstable.Entries)=${log.last + 1 - log.unstableOffset}] starts to restore snapshot [index: ${snapshot.index}, term: ${snapshot.term}]`,
    );
  }
  replaceLog(raft, snapshot);
  adoptMembership(raft, change.membership, change.progress, env);
  if (env.logger !== null) {
    env.logger.info(
      `${describeId(raft.id)} [commit: ${log.committed}, lastindex: ${log.last}, lastterm: ${lastTerm(log)}] restored snapshot [index: ${snapshot.index}, term: ${snapshot.term}]`,
    );
  }
  return true;
}

function replaceLog(raft: Raft, snapshot: Snapshot): void {
  const log = raft.log;
  const keepsTail = raft.config.mutations.snapshotKeepsConflictingTail && log.last >= snapshot.index;
  const tail = keepsTail ? entriesBetween(log, snapshot.index + 1, log.last + 1) : NO_ENTRIES;
  const term = keepsTail ? termOrZero(log, snapshot.index) : snapshot.term;
  // Only `staleSnapshotRollsBack` gets here with a snapshot below what is applied: the state machine goes back too.
  if (log.applying > snapshot.index) log.applying = log.applied = snapshot.index;
  restoreLog(log, snapshot);
  log.snapshotTerm = term;
  for (const entry of tail) appendEntry(log, entry);
}
