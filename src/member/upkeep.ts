// What a member does by itself now and then: automatic compaction, telling the others its name, and settling the version that
// the cluster speaks. After etcd `etcdserver/api/v3compactor` and `etcdserver/server.go` (publish, monitorVersions).

import {
  ClusterVersionSetRequest,
  CompactionRequest,
  DowngradeInfoSetRequest,
  MemberPublishRequest,
} from "../etcd/api.ts";
import { findMember } from "../etcd/apply-cluster.ts";
import { type ClusterVersion, clusterVersionOf, compareVersions } from "../etcd/cluster-version.ts";
import { SERVER_VERSION } from "../etcd/server.ts";
import { Role } from "../raft/raft.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { clientUrlOf } from "./identity.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";
import { proposeCompaction, proposeOwn } from "./requests.ts";

/** Revisions are noted this many times in the period of a compaction by age (etcd `revInterval`). */
const SAMPLES = 10;
/** The leader asks for versions once in this many ticks (etcd `monitorVersionInterval`, 5 s). */
const VERSION_TICKS = 50;
/** A member that is not listed by its name says it again once in this many ticks. */
const PUBLISH_TICKS = 10;

/** Once a tick: compacts by distance, on the leader. */
export function compactByRevisions(member: EtcdMember, env: MemberEnv, every: number): void {
  if (member.raft.role !== Role.Leader) return;
  const { revision } = env.backend.store;
  if (revision - member.compactedAtRevision >= 2 * every && proposeCompaction(member, env, every)) {
    member.compactedAtRevision = revision - every;
  }
}

/** Once a tick: compacts by age. Every member notes the revisions, the leader compacts. */
export function compactByAge(member: EtcdMember, env: MemberEnv, periodMicros: number): void {
  const now = env.context.localMicros();
  const seen = member.revisionsSeen;
  const last = seen[seen.length - 1];
  if (last !== undefined && now - last.atMicros < periodMicros / SAMPLES) return;
  seen.push({ revision: env.backend.store.revision, atMicros: now });
  if (seen.length <= SAMPLES) return;
  const oldest = seen.shift() as (typeof seen)[number];
  if (member.raft.role !== Role.Leader || now - member.compactedAtMicros < periodMicros) return;
  if (oldest.revision <= Math.max(1, env.backend.store.compactRevision)) return;
  if (proposeOwn(member, env, new CompactionRequest(oldest.revision))) member.compactedAtMicros = now;
}

/** Once a tick: a member that joined tells its name and where clients reach it. */
export function publish(member: EtcdMember, env: MemberEnv): void {
  if (member.raft.ticks % PUBLISH_TICKS !== 0 || member.raft.lead === 0) return;
  const { memberId } = member.server;
  const listed = findMember(env.backend.store, memberId);
  if (listed === undefined) return;
  const name = `n${env.context.self}`;
  if (listed.name === name) member.published = true;
  else proposeOwn(member, env, new MemberPublishRequest(memberId, name, [clientUrlOf(env.context.self)]));
}

/**
 * Once a tick on a leader where versions can change: settles what the cluster speaks. That rises to the lowest version among the
 * members, and falls to the target of a downgrade as soon as there is one; the downgrade is over when all members have come down
 * to it. After etcd `server/etcdserver/version/monitor.go`.
 */
export function settleVersion(member: EtcdMember, env: MemberEnv): void {
  if (member.raft.ticks % VERSION_TICKS !== 0) return;
  const { store } = env.backend;
  const target = clusterVersionOf(store.downgradeTarget);
  let lowest: ClusterVersion | null = null;
  let known = true;
  let allDown = target !== null;
  for (const { number } of store.members) {
    const self = number === env.context.self;
    const version = self ? (member.server.version ?? SERVER_VERSION) : (member.versions[number] ?? "");
    const parsed = clusterVersionOf(version);
    if (parsed === null) known = false;
    else if (lowest === null || compareVersions(parsed, lowest) < 0) lowest = parsed;
    if (parsed === null || target === null || compareVersions(parsed, target) !== 0) allDown = false;
    if (!self) env.context.send(number, new PeerMessage(PeerType.Version, 0));
  }
  if (!known || lowest === null) return;
  if (allDown) {
    proposeOwn(member, env, new DowngradeInfoSetRequest(""));
    return;
  }
  const current = clusterVersionOf(store.clusterVersion);
  const wanted = target ?? (current === null || compareVersions(lowest, current) > 0 ? lowest : current);
  const text = `${wanted.major}.${wanted.minor}.0`;
  if (store.clusterVersion !== text) proposeOwn(member, env, new ClusterVersionSetRequest(text));
}
