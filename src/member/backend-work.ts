// What a member's database does for a while: being defragmented, which stops everything that needs it, and carrying out a
// compaction in the background.

import { EtcdError } from "../etcd/api.ts";
import { refuseNonAdmin as refuseOthers } from "../etcd/auth-check.ts";
import { sizeInUseBytes } from "../etcd/quota.ts";
import { authOf } from "../etcd/server.ts";
import { reopenAfterCompactionCrash } from "../etcd/snapshot.ts";
import type { Store } from "../etcd/store.ts";
import type { ClientRequest } from "../kernel/request.ts";
import { applyQueued } from "./apply.ts";
import type { Backend, EtcdMember } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { serveReads } from "./reads.ts";
import { takeRequest } from "./requests.ts";
import { conclude, respond } from "./respond.ts";

/** Timers: a defragmentation ends; a compaction is carried out. */
export const DEFRAG_TIMER = 7;
export const COMPACTION_TIMER = 8;

/** A file is rewritten at about this many bytes a second, after a start that costs the same for each. */
const DEFRAG_BYTES_PER_SECOND = 100_000_000;
const DEFRAG_BASE_MICROS = 20_000;

/** A compaction deletes this many versions at a time and pauses in between (etcd `compaction-batch-limit`). */
const COMPACTION_BATCH = 1000;
const COMPACTION_PAUSE_MICROS = 10_000;

/** No compaction is being carried out. */
export const NOT_COMPACTING = -2;

/** Defragments for a client, if it has the right to ask for it. */
export function defragment(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const outcome = refuseNonAdmin(env, request);
  if (outcome === null) beginDefragmentation(member, env, request);
  else conclude(member, env, request, outcome);
}

function refuseNonAdmin(env: MemberEnv, request: ClientRequest): EtcdError | null {
  const info = authOf(env.desk, request.token, env.context.localMicros());
  return info instanceof EtcdError ? info : refuseOthers(env.backend.store.auth, info);
}

/** Begins to defragment; whoever asked is answered at the end. */
export function beginDefragmentation(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  const { context, backend } = env;
  const micros = DEFRAG_BASE_MICROS + Math.ceil((backend.fileBytes / DEFRAG_BYTES_PER_SECOND) * 1_000_000);
  member.blockedUntilMicros = context.localMicros() + micros;
  member.defragmenting = request;
  context.setTimer(micros, DEFRAG_TIMER);
}

/** The file is rewritten: everything that waited goes on, in order. */
export function defragmented(member: EtcdMember, env: MemberEnv): void {
  const { blocked, defragmenting } = member;
  member.blocked = [];
  member.blockedUntilMicros = 0;
  member.defragmenting = null;
  env.backend.fileBytes = sizeInUseBytes(env.backend.store);
  if (defragmenting !== null) respond(member, env, defragmenting, { answer: "empty" }, 0);
  if (member.applyQueue.length > 0) applyQueued(member, env);
  if (member.readRounds.length > 0) serveReads(member, env);
  for (const request of blocked) takeRequest(member, env, request);
}

/** A compaction was applied: what it drops is deleted batch by batch. `versionsBefore` counts what was kept before it. */
export function beginCompaction(member: EtcdMember, env: MemberEnv, before: number, versionsBefore: number): void {
  const { backend } = env;
  if (backend.compactingFrom === NOT_COMPACTING) backend.compactingFrom = before;
  const batches = Math.ceil((versionsBefore - backend.store.versionCount) / COMPACTION_BATCH);
  env.context.setTimer(Math.max(1, batches) * COMPACTION_PAUSE_MICROS, COMPACTION_TIMER);
  member.compactionTimers++;
}

/** All batches of a compaction are done: those who wanted to wait for that are answered. */
export function compacted(member: EtcdMember, env: MemberEnv): void {
  if (--member.compactionTimers > 0) return;
  env.backend.compactingFrom = NOT_COMPACTING;
  const waiting = member.physical;
  member.physical = [];
  for (const { request, answer } of waiting) respond(member, env, request, answer, env.backend.store.revision);
}

/** A member starts: a compaction that the crash interrupted is taken up. */
export function reopen(backend: Backend): Store {
  if (backend.compactingFrom !== NOT_COMPACTING) {
    reopenAfterCompactionCrash(backend.store, backend.compactingFrom);
    backend.compactingFrom = NOT_COMPACTING;
  }
  return backend.store;
}
