// Applying committed entries: to the state machine or to the membership, in order, each once, and answering whoever asked.

import {
  CompactionRequest,
  EtcdError,
  LeaseGrantRequest,
  type LeaseGrantResponse,
  type MembersResponse,
  type Request,
  RequestKind,
  type Response,
} from "../etcd/api.ts";
import { applyAs } from "../etcd/apply.ts";
import { applyMember, demoteMember } from "../etcd/apply-cluster.ts";
import { mergeStore } from "../etcd/merge-store.ts";
import { DEFAULT_QUOTA_BYTES, sizeInUseBytes } from "../etcd/quota.ts";
import { followCommand } from "../etcd/server.ts";
import { exportSnapshot, restoreSnapshot, type StoreSnapshot } from "../etcd/snapshot.ts";
import type { Store } from "../etcd/store.ts";
import { CounterAt } from "../kernel/counter.ts";
import { clearList } from "../kernel/list.ts";
import {
  applyConfChange,
  ConfChangeType,
  type ConfState,
  compactLog,
  confChangeOf,
  confChangeV1,
  type Entry,
  entryAt,
  isConfChangeEntry,
  type RaftLog,
  Role,
  Snapshot,
  setSnapshot,
  stepDown,
} from "../raft/raft.ts";
import { ADMIN_DONE, AdminRequest } from "./admin.ts";
import { beginCompaction } from "./backend-work.ts";
import { answerOf, tendCalls } from "./calls.ts";
import { Command, DemoteRequest, type MemberChange, MembershipCommand } from "./command.ts";
import type { Backend, EtcdMember, LogCut, Waiter } from "./etcd-member.ts";
import { idOf, NO_MEMBER } from "./identity.ts";
import { leaseMicros, promoteLeases } from "./leases.ts";
import type { MemberEnv } from "./member-env.ts";
import { serveReads } from "./reads.ts";
import { recheckRecipes, releaseRecipes } from "./recipes.ts";
import { tendRenewals } from "./renewals.ts";
import { definite, refuse, respond } from "./respond.ts";
import { notifyStreams, restoreStreams } from "./streams.ts";
import { SnapshotRecord, snapshotName } from "./wal.ts";

/** Timer: held-up applying goes on. */
export const APPLY_TIMER = 2;

/** Timer: a member that was removed ends. */
export const REMOVED_TIMER = 3;

/** How long a removed member stays (etcd `stopWithDelay`, ten times 100 ms). */
const REMOVED_MICROS = 1_000_000;

/** Applies what waits in the queue and is durable here. Returns false when the process must end (it was removed). */
export function applyQueued(member: EtcdMember, env: MemberEnv): void {
  const queue = member.applyQueue;
  const context = env.context;
  // A snapshot is on its way to the disk and Raft goes by its membership already: what it covers is not applied any more.
  if (member.raft.log.pendingSnapshot !== null) {
    queue.length = 0;
    member.queuedChanges = 0;
    return;
  }
  let done = 0;
  while (done < queue.length) {
    const entry = queue[done] as Entry;
    if (entry.index > member.durableIndex || member.blockedUntilMicros !== 0) break;
    if (context.applyDelayMicros > 0) {
      const now = context.localMicros();
      if (member.applyBusyUntilMicros === 0) {
        member.applyBusyUntilMicros = now + context.applyDelayMicros;
        context.setTimer(context.applyDelayMicros, APPLY_TIMER);
        break;
      }
      if (now < member.applyBusyUntilMicros) break;
      member.applyBusyUntilMicros = 0;
    }
    done++;
    applyEntry(member, env, env.backend, entry);
  }
  if (done === 0) return;
  if (done === queue.length) clearList(queue);
  else queue.splice(0, done);
  if (member.readRounds.length > 0) serveReads(member, env);
  maybeSnapshot(member, env);
}

/** Puts a committed entry into the queue. */
export function enqueue(member: EtcdMember, entry: Entry): void {
  if (isConfChangeEntry(entry)) member.queuedChanges++;
  member.applyQueue.push(entry);
}

/** Applies entries from..to of the log, by the queue where something waits there or holds them up. */
export function applyRange(member: EtcdMember, env: MemberEnv, from: number, to: number): void {
  const log = member.raft.log;
  const waits =
    member.applyQueue.length > 0 ||
    to > member.durableIndex ||
    member.blockedUntilMicros !== 0 ||
    env.context.applyDelayMicros > 0;
  if (waits || hasConfChange(log, from, to)) {
    for (let index = from; index <= to; index++) enqueue(member, entryAt(log, index));
    applyQueued(member, env);
    return;
  }
  for (let index = from; index <= to; index++) applyEntry(member, env, env.backend, entryAt(log, index));
  if (member.readRounds.length > 0) serveReads(member, env);
  maybeSnapshot(member, env);
}

function hasConfChange(log: RaftLog, from: number, to: number): boolean {
  for (let index = from; index <= to; index++) if (isConfChangeEntry(entryAt(log, index))) return true;
  return false;
}

function applyEntry(member: EtcdMember, env: MemberEnv, backend: Backend, entry: Entry): void {
  const changes = isConfChangeEntry(entry);
  if (changes) member.queuedChanges--;
  if (entry.index <= backend.appliedIndex) return;
  const data = entry.data;
  if (changes) applyMembership(member, env, backend, entry);
  else if (data instanceof Command) applyCommand(member, env, backend, entry, data);
  else {
    advanceBackend(backend, entry);
    if (env.observer !== null) env.observer.applied(env.context.self, entry, null, backend.store, null);
    // A leader's first entry: all of earlier terms is applied.
    if (
      data === null &&
      entry.term === member.raft.term &&
      member.raft.role === Role.Leader &&
      !member.leases.primary
    ) {
      promoteLeases(member, env);
    }
  }
}

function applyCommand(member: EtcdMember, env: MemberEnv, backend: Backend, entry: Entry, command: Command): void {
  const { self, boot } = env.context;
  const { store } = backend;
  const { body } = command;
  const serves = command.member === self && command.boot === boot;
  const before = store.revision;
  if (member.mutated) beforeApplying(member, backend, entry, body.kind);
  PLACE.index = entry.index;
  PLACE.serving = serves;
  PLACE.overQuota = isOverQuota(member, backend);
  const compactedBefore = store.compactRevision;
  const versionsBefore = store.versionCount;
  const outcome = applyAs(store, body, command.auth, PLACE);
  advanceBackend(backend, entry);
  if (store.versionBytes > 0) {
    const inUse = sizeInUseBytes(store);
    if (inUse > backend.fileBytes) backend.fileBytes = inUse;
  }
  if (env.observer !== null) env.observer.applied(self, entry, null, store, outcome);
  const refused = outcome instanceof EtcdError;
  if (body.kind >= RequestKind.Compaction && !refused) {
    followUp(member, env, body, outcome, compactedBefore, versionsBefore);
  }
  if (store.revision !== before) {
    if (member.streams.length > 0) notifyStreams(member, env);
    if (member.recipes.length > 0) releaseRecipes(member, env);
  }
  if (!serves) return;
  const waiter = takeWaiter(member, command.ticket);
  if (waiter === null) return;
  const { request, refusal } = waiter;
  if (env.observer !== null) env.observer.answers(self, request, entry.index);
  if (refusal !== null) refuse(member, env, request, refusal, store.revision);
  else if (refused) refuse(member, env, request, definite(outcome), store.revision);
  else if (body instanceof CompactionRequest && body.physical) member.physical.push({ request, answer: outcome });
  else
    respond(
      member,
      env,
      request,
      body.kind === RequestKind.DowngradeInfoSet ? answerOf(env, request, outcome) : outcome,
      outcome.revision,
    );
}

/** What the command under way is told about its place. */
const PLACE: { index: number; serving: boolean; overQuota: boolean } = { index: 0, serving: false, overQuota: false };

function isOverQuota(member: EtcdMember, backend: Backend): boolean {
  const { quotaBytes } = member.server;
  return quotaBytes >= 0 && backend.fileBytes >= (quotaBytes === 0 ? DEFAULT_QUOTA_BYTES : quotaBytes);
}

/** What an applied command means for what is this member's own. */
function followUp(
  member: EtcdMember,
  env: MemberEnv,
  body: Request,
  outcome: Response,
  compactedBefore: number,
  versionsBefore: number,
): void {
  if (body instanceof CompactionRequest) {
    const { mutations } = env.backend.store.options;
    if (body.physical || mutations.revisionRegressesAfterCompactionCrash) {
      beginCompaction(member, env, compactedBefore, versionsBefore);
    }
    return;
  }
  const now = body.kind === RequestKind.LeaseGrant ? leaseMicros(member, env) : env.context.localMicros();
  followCommand(env.desk, body, outcome, now);
  if (body instanceof LeaseGrantRequest && member.leases.primary && env.observer !== null) {
    const ttlSeconds = (outcome as LeaseGrantResponse).ttlSeconds;
    env.observer.renewed(env.context.self, body.id, ttlSeconds, now);
  }
  // A renewal may have waited for the end of its lease, or for a checkpoint to be taken back.
  if (body.kind === RequestKind.LeaseRevoke || body.kind === RequestKind.LeaseCheckpoint) {
    if (member.pendingCalls.length > 0) tendCalls(member, env);
    if (member.renewals.length > 0) tendRenewals(member, env);
  }
}

/** What goes wrong with a command that is about to be applied. */
function beforeApplying(member: EtcdMember, backend: Backend, entry: Entry, kind: number): void {
  if (member.config.mutations.consistentIndexAhead && (entry.index & 7) === 0) saveBackend(backend, entry);
  noteReplay(member, backend, entry.index, kind);
}

/** The planted bug `auth-replay-bumps-revision`: where a restart would go on from lags behind commands about users. */
function noteReplay(member: EtcdMember, backend: Backend, index: number, kind: number): void {
  if (!member.config.mutations.authReplayBumpsRevision) return;
  const isAuth = kind >= RequestKind.AuthEnable && kind <= RequestKind.AuthRoleRevokePermission;
  if (!isAuth) backend.replayFrom = 0;
  else if (backend.replayFrom === 0) backend.replayFrom = index - 1;
}

/** Planted bug: the database is saved between the moment its index goes on and the moment its content does. */
function saveBackend(backend: Backend, { index, term, chain }: Pick<Entry, "index" | "term" | "chain">): void {
  const { store, confState, removed } = backend;
  backend.saved = { snapshot: exportSnapshot(store), index, term, chain, confState, removed };
}

/** A snapshot is taken or installed: whatever else is wrong, the database is saved then, whole. */
function saveApplied(backend: Backend): void {
  saveBackend(backend, { index: backend.appliedIndex, term: backend.appliedTerm, chain: backend.appliedChain });
}

function advanceBackend(backend: Backend, entry: Entry): void {
  backend.appliedIndex = entry.index;
  backend.appliedTerm = entry.term;
  backend.appliedChain = entry.chain;
}

/** The change that a refused one becomes for Raft: nobody, as etcd has it. */
const NOBODYS_CHANGE = confChangeV1(ConfChangeType.AddNode, 0);

function applyMembership(member: EtcdMember, env: MemberEnv, backend: Backend, entry: Entry): void {
  const change = confChangeOf(entry);
  const { store } = backend;
  const command = change.context instanceof MembershipCommand ? change.context : null;
  const outcome = command === null ? null : applyChanges(store, command.changes);
  const refused = outcome instanceof EtcdError;
  const was = idsOf(backend.confState).includes(env.context.self);
  const confState = applyConfChange(member.raft, refused ? NOBODYS_CHANGE : change, env);
  adopt(backend, confState);
  advanceBackend(backend, entry);
  learnOwnId(member, env);
  const { context } = env;
  const { self } = context;
  if (env.observer !== null) env.observer.applied(self, entry, confState, store, outcome);
  if (command !== null && command.member === self && command.boot === context.boot) {
    const waiter = takeWaiter(member, command.ticket);
    if (waiter !== null) {
      const { request } = waiter;
      if (refused) refuse(member, env, request, definite(outcome), store.revision);
      else if (request.body instanceof AdminRequest) respond(member, env, request, ADMIN_DONE, store.revision);
      else respond(member, env, request, outcome, store.revision);
    }
  }
  // It stays for a moment, so that others hear from it that its removal is committed.
  if (was && backend.removed.includes(self)) context.setTimer(REMOVED_MICROS, REMOVED_TIMER);
  else if (member.raft.isLearner && member.raft.role === Role.Leader) stepDown(member.raft, env);
}

/** Changes the list of members: all changes or, when the first of them is refused, none. */
function applyChanges(store: Store, changes: readonly MemberChange[]): MembersResponse | EtcdError | null {
  let outcome: MembersResponse | EtcdError | null = null;
  for (const [at, change] of changes.entries()) {
    if (change instanceof DemoteRequest) {
      const refusal = demoteMember(store, change.id);
      if (refusal !== null && at === 0) return refusal;
      continue;
    }
    const applied = applyMember(store, change);
    if (!(applied instanceof EtcdError)) outcome = applied;
    else if (at === 0) return applied;
  }
  return outcome;
}

/** Puts a membership in place of the one before it, and remembers who is gone. */
export function adopt(backend: Backend, confState: ConfState): void {
  const before = idsOf(backend.confState);
  const now = idsOf(confState);
  backend.confState = confState;
  const { removedMembers } = backend.store;
  if (backend.removed.length === 0 && removedMembers.length === 0 && before.every((id) => now.includes(id))) return;
  const gone = [...backend.removed, ...before, ...removedMembers.map(({ number }) => number)];
  const removed = gone.filter((id) => id !== 0 && !now.includes(id));
  backend.removed = [...new Set(removed)].sort((a, b) => a - b);
}

function idsOf(confState: ConfState): number[] {
  return [...confState.voters, ...confState.votersOutgoing, ...confState.learners, ...confState.learnersNext];
}

/** Takes the request that waits under a ticket; null when it was answered before. */
export function takeWaiter(member: EtcdMember, ticket: number): Waiter | null {
  const at = ticket - member.firstTicket;
  if (at < 0 || at >= member.waiters.length) return null;
  const waiter = member.waiters[at] as Waiter | null;
  member.waiters[at] = null;
  let gone = 0;
  while (gone < member.waiters.length && member.waiters[gone] === null) gone++;
  if (gone === member.waiters.length) {
    clearList(member.waiters);
    member.firstTicket += gone;
  } else if (gone > 64) {
    member.waiters.splice(0, gone);
    member.firstTicket += gone;
  }
  return waiter;
}

/** Takes a snapshot when enough was applied since the last: a file that says where the log may start, and a shorter log. */
function maybeSnapshot(member: EtcdMember, env: MemberEnv): void {
  const { snapshotEntries, catchUpEntries, snapshotsKept } = member.config;
  const backend = env.backend;
  if (snapshotEntries === 0 || backend.appliedIndex - member.snapshotIndex < snapshotEntries) return;
  const context = env.context;
  const index = backend.appliedIndex;
  if (member.config.mutations.consistentIndexAhead) saveApplied(backend);
  const record = new SnapshotRecord(index, backend.appliedTerm, backend.appliedChain, backend.confState, null);
  if (!context.writeFile(snapshotName(index), record)) return;
  if (member.config.mutations.renameWithoutDirSync) (context.disk.files.at(-1) as { named: boolean }).named = false;
  const disk = context.disk;
  member.snapshotIndex = index;
  member.cuts.push({ lastIndex: member.raft.log.last, position: disk.log.first + disk.log.length });
  setSnapshot(
    member.raft,
    new Snapshot(index, backend.appliedTerm, backend.confState, backend.appliedChain, null, record.size),
  );
  while (disk.files.length > snapshotsKept && !(disk.files[0] as { removed: boolean }).removed) {
    const oldest = disk.files.find((file) => !file.removed);
    if (oldest === undefined || disk.files.filter((file) => !file.removed).length <= snapshotsKept) break;
    oldest.removed = true;
  }
  // The log file may be cut where a snapshot before the last was written, if all entries up to there lie before the last
  // one. Whoever applies slowly has entries in the log long before a snapshot covers them: 538 to 564 are written, then
  // snapshots are taken at 537 and at 549; what was written before the first of them is needed still.
  let cut = -1;
  for (let at = 0; at < member.cuts.length - 1 && (member.cuts[at] as LogCut).lastIndex <= index; at++) cut = at;
  if (cut >= 0) {
    disk.dropBefore = Math.max(disk.dropBefore, (member.cuts[cut] as LogCut).position);
    member.cuts.splice(0, cut);
  }
  // Raft hears of what was applied when it is done with its Ready: until then it keeps what is not in that.
  const keep = Math.min(index - catchUpEntries, member.raft.log.applied);
  if (keep > member.raft.log.snapshotIndex) {
    const refused = compactLog(member.raft.log, keep);
    if (refused === null) context.count(CounterAt.compaction);
  }
  context.count(CounterAt["snapshot-taken"]);
}

/** The snapshot to send to a member that lags: the newest applied state. */
export function currentSnapshot(env: MemberEnv): Snapshot {
  const backend = env.backend;
  const data = exportSnapshot(backend.store);
  return new Snapshot(
    backend.appliedIndex,
    backend.appliedTerm,
    backend.confState,
    backend.appliedChain,
    data,
    data.size,
  );
}

/** A member that joins finds its id in the list that it is sent. */
function learnOwnId(member: EtcdMember, env: MemberEnv): void {
  const memberId = idOf(env.backend.store, env.context.self);
  if (memberId !== NO_MEMBER && memberId !== member.server.memberId) member.server = { ...member.server, memberId };
}

/** Puts a received snapshot in place of the state. */
export function installSnapshot(member: EtcdMember, env: MemberEnv, snapshot: Snapshot): void {
  const backend = env.backend;
  if (snapshot.data !== null) {
    const before = backend.store;
    backend.store = restoreSnapshot(snapshot.data as StoreSnapshot, member.server.store);
    if (member.config.mutations.snapshotMergedNotReplaced) mergeStore(backend.store, before);
    backend.fileBytes = sizeInUseBytes(backend.store);
  }
  backend.appliedIndex = snapshot.index;
  backend.appliedTerm = snapshot.term;
  backend.appliedChain = snapshot.chain;
  adopt(backend, snapshot.confState);
  if (member.config.mutations.consistentIndexAhead) saveApplied(backend);
  member.applyQueue.length = 0;
  member.queuedChanges = 0;
  member.snapshotIndex = snapshot.index;
  member.cuts.length = 0;
  setSnapshot(
    member.raft,
    new Snapshot(snapshot.index, snapshot.term, snapshot.confState, snapshot.chain, null, snapshot.size),
  );
  learnOwnId(member, env);
  env.context.count(CounterAt["snapshot-installed"]);
  if (env.observer !== null) env.observer.installed(env.context.self, snapshot, backend.store);
  restoreStreams(member, env);
  recheckRecipes(member, env);
}
