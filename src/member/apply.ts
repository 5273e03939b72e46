// Applying committed entries: to the state machine or to the membership, in order, each once, and answering whoever asked.

import { EtcdError, type Response } from "../etcd/api.ts";
import { applyRequest } from "../etcd/apply.ts";
import { mergeStore } from "../etcd/merge-store.ts";
import { exportSnapshot, restoreSnapshot, type StoreSnapshot } from "../etcd/snapshot.ts";
import { CounterAt } from "../kernel/counter.ts";
import { clearList } from "../kernel/list.ts";
import { ClientResponse, RequestError } from "../kernel/request.ts";
import {
  applyConfChange,
  type ConfState,
  compactLog,
  confChangeOf,
  type Entry,
  isConfChangeEntry,
  Snapshot,
  setSnapshot,
} from "../raft/raft.ts";
import { ADMIN_DONE } from "./admin.ts";
import { Command } from "./command.ts";
import type { Backend, EtcdMember, Waiter } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { serveReads } from "./reads.ts";
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
    if (entry.index > member.durableIndex) break;
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

function applyEntry(member: EtcdMember, env: MemberEnv, backend: Backend, entry: Entry): void {
  const changes = isConfChangeEntry(entry);
  if (changes) member.queuedChanges--;
  if (entry.index <= backend.appliedIndex) return;
  const data = entry.data;
  if (changes) applyMembership(member, env, backend, entry);
  else if (data instanceof Command) {
    if (member.config.mutations.consistentIndexAhead && (entry.index & 7) === 0) saveBackend(backend, entry);
    const result = applyRequest(backend.store, data.body);
    advanceBackend(backend, entry);
    if (env.observer !== null) env.observer.applied(env.context.self, entry, null, backend.store);
    if (data.member === env.context.self && data.boot === env.context.boot) {
      const waiter = takeWaiter(member, data.ticket);
      if (waiter !== null) answer(env, waiter, result, backend.store.revision, entry.index);
    }
    return;
  } else {
    advanceBackend(backend, entry);
    if (env.observer !== null) env.observer.applied(env.context.self, entry, null, backend.store);
  }
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

function answer(env: MemberEnv, waiter: Waiter, result: Response | EtcdError, revision: number, index: number): void {
  const request = waiter.request;
  if (env.observer !== null) env.observer.answers(env.context.self, request, index);
  if (result instanceof EtcdError) {
    const error = new RequestError(result.code, result.message, true);
    env.context.reply(request, new ClientResponse(request, null, error, revision));
  } else env.context.reply(request, new ClientResponse(request, result, null, result.revision));
}

function applyMembership(member: EtcdMember, env: MemberEnv, backend: Backend, entry: Entry): void {
  const change = confChangeOf(entry);
  const before = backend.confState;
  const confState = applyConfChange(member.raft, change, env);
  adopt(backend, confState);
  advanceBackend(backend, entry);
  const context = env.context;
  if (env.observer !== null) env.observer.applied(context.self, entry, confState, backend.store);
  if (typeof change.context === "string") {
    const [from, boot, ticket] = change.context.split("/").map(Number);
    if (from === context.self && boot === context.boot) {
      const waiter = takeWaiter(member, ticket as number);
      if (waiter !== null) {
        context.reply(waiter.request, new ClientResponse(waiter.request, ADMIN_DONE, null, backend.store.revision));
      }
    }
  }
  const self = context.self;
  // It stays for a moment, so that others hear from it that its removal is committed.
  if (idsOf(before).includes(self) && backend.removed.includes(self)) context.setTimer(REMOVED_MICROS, REMOVED_TIMER);
}

/** Puts a membership in place of the one before it, and remembers who is gone. */
export function adopt(backend: Backend, confState: ConfState): void {
  const before = idsOf(backend.confState);
  const now = idsOf(confState);
  backend.confState = confState;
  if (backend.removed.length === 0 && before.every((id) => now.includes(id))) return;
  const removed = [...backend.removed, ...before].filter((id) => !now.includes(id));
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
  member.cuts.push({ index, position: disk.log.first + disk.log.length });
  setSnapshot(
    member.raft,
    new Snapshot(index, backend.appliedTerm, backend.confState, backend.appliedChain, null, record.size),
  );
  while (disk.files.length > snapshotsKept && !(disk.files[0] as { removed: boolean }).removed) {
    const oldest = disk.files.find((file) => !file.removed);
    if (oldest === undefined || disk.files.filter((file) => !file.removed).length <= snapshotsKept) break;
    oldest.removed = true;
  }
  // The log file may be cut where the snapshot before last was written, if its entries all lie before the last one.
  while (member.cuts.length > 2) member.cuts.shift();
  const cut = member.cuts[0];
  if (cut !== undefined && member.cuts.length === 2 && cut.index < index) {
    disk.dropBefore = Math.max(disk.dropBefore, cut.position);
  }
  const keep = index - catchUpEntries;
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

/** Puts a received snapshot in place of the state. */
export function installSnapshot(member: EtcdMember, env: MemberEnv, snapshot: Snapshot): void {
  const backend = env.backend;
  if (snapshot.data !== null) {
    const before = backend.store;
    backend.store = restoreSnapshot(snapshot.data as StoreSnapshot, { mutations: member.config.etcdMutations });
    if (member.config.mutations.snapshotMergedNotReplaced) mergeStore(backend.store, before);
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
  env.context.count(CounterAt["snapshot-installed"]);
  if (env.observer !== null) env.observer.installed(env.context.self, snapshot, backend.store);
}
