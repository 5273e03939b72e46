/**
 * What a member answers by itself: reads, leases, the list of members, maintenance.
 *
 * A linearizable read must have waited for its read index before it comes here. After `etcdserver/v3_server.go` and
 * `etcdserver/api/v3rpc/{lease,maintenance,member}.go`.
 */

import type { Request } from "./api.ts";
import { applyTxn, range } from "./apply-kv.ts";
import {
  type AuthInfo,
  refuseLeaseRead,
  refuseLeaseWrite,
  refuseNonAdmin,
  refuseRange,
  refuseTxn,
} from "./auth-check.ts";
import type { Answer, Call, LeaseTimeToLive, LocalAnswer, LocalCall } from "./call.ts";
import { alarmName } from "./cluster-state.ts";
import { clusterVersionOf } from "./cluster-version.ts";
import { ErrBadLeaderTransferee, ErrNotLeader, ErrUnknownMethod, EtcdError } from "./error.ts";
import { hashKv } from "./hash-kv.ts";
import { httpAnswer } from "./health.ts";
import { remainingMicros, renewLease, sortedLeases } from "./lease-clock.ts";
import { DEFAULT_QUOTA_BYTES, sizeInUseBytes } from "./quota.ts";
import { RequestKind } from "./request-kind.ts";

import { authOf, refuseNobody, SERVER_VERSION, type Server } from "./server.ts";
import { exportSnapshot } from "./snapshot.ts";

/** Answers a call that was admitted as a read. A linearizable one must have waited for its read index. */
export function answerLocally(server: Server, call: Call, token: string | null, nowMicros: number): Answer | EtcdError {
  if (call.call === "http") return httpAnswer(server, call.target, "");
  const info = authOf(server, token, nowMicros);
  if (info instanceof EtcdError) return info;
  if (call.call === "request") return readRequest(server, call.request, info);
  if (call.call === "downgrade") return downgraded(server);
  switch (call.call) {
    case "lease-keep-alive":
    case "lease-time-to-live":
    case "lease-leases":
      return answerLease(server, call, info, nowMicros);
    case "member-list":
      return refuseNobody(server, info) ?? { answer: "members", members: server.store.members };
    case "status":
      return refuseNobody(server, info) ?? statusOf(server);
    case "hash":
    case "hash-kv":
    case "defragment":
    case "snapshot":
    case "move-leader":
      return refuseNonAdmin(server.store.auth, info) ?? answerMaintenance(server, call);
    default:
      return ErrUnknownMethod;
  }
}

function readRequest(server: Server, request: Request, info: AuthInfo): Answer | EtcdError {
  const { store } = server;
  if (request.kind === RequestKind.Range) {
    return refuseRange(store.auth, info, request.key, request.rangeEnd) ?? range(store, request);
  }
  if (request.kind === RequestKind.Txn) return refuseTxn(store, info, request) ?? applyTxn(store, request);
  return ErrUnknownMethod;
}

function answerLease(server: Server, call: LocalCall, info: AuthInfo, nowMicros: number): Answer | EtcdError {
  const { store } = server;
  const admin = refuseNonAdmin(store.auth, info) === null;
  switch (call.call) {
    case "lease-keep-alive": {
      const refusal = refuseNobody(server, info) ?? (admin ? null : refuseLeaseWrite(store, info, call.id));
      if (refusal !== null) return refusal;
      const ttlSeconds = renewLease(server.leases, store, call.id, nowMicros);
      if (ttlSeconds === null) return ErrNotLeader;
      return { answer: "keep-alive", revision: store.revision, id: call.id, ttlSeconds };
    }
    case "lease-time-to-live": {
      const refusal =
        refuseNobody(server, info) ?? (call.keys && !admin ? refuseLeaseRead(store, info, call.id) : null);
      return refusal ?? timeToLive(server, call, nowMicros);
    }
    case "lease-leases": {
      const nobody = refuseNobody(server, info);
      if (nobody !== null) return nobody;
      const leases = sortedLeases(store);
      for (const lease of leases) {
        const refusal = admin ? null : refuseLeaseRead(store, info, lease.id);
        if (refusal !== null) return refusal;
      }
      return { answer: "leases", revision: store.revision, ids: leases.map((lease) => lease.id) };
    }
    default:
      return ErrUnknownMethod;
  }
}

/** What is left of a lease, by this member's reckoning; rights were looked at before. */
export function timeToLive(server: Server, { id, keys }: LeaseTimeToLive, nowMicros: number): LocalAnswer {
  const { revision } = server.store;
  const lease = server.store.leases.get(id);
  if (lease === undefined) {
    return { answer: "time-to-live", revision, id, ttlSeconds: -1, grantedSeconds: 0, keys: [] };
  }
  const micros = remainingMicros(server.leases, id, nowMicros) ?? lease.ttlSeconds * 1_000_000;
  return {
    answer: "time-to-live",
    revision,
    id,
    ttlSeconds: Math.trunc(micros / 1_000_000),
    grantedSeconds: lease.ttlSeconds,
    keys: keys ? lease.keys.slice() : [],
  };
}

function statusOf(server: Server): LocalAnswer {
  const { store, config } = server;
  const errors = store.alarms.map(({ memberId, alarm }) => `memberID:${memberId} alarm:${alarmName(alarm)} `);
  if (server.leaderId === "0") errors.unshift("etcdserver: no leader");
  return {
    answer: "status",
    revision: store.revision,
    version: config.version ?? SERVER_VERSION,
    fileBytes: server.fileBytes,
    inUseBytes: sizeInUseBytes(store),
    leaderId: server.leaderId,
    raftIndex: server.commitIndex,
    raftTerm: server.raftTerm,
    raftAppliedIndex: server.appliedIndex,
    errors,
    isLearner: store.members.some((member) => member.id === config.memberId && member.isLearner),
    storageVersion: store.clusterVersion,
    quotaBytes: config.quotaBytes === 0 ? DEFAULT_QUOTA_BYTES : config.quotaBytes,
    downgradeTarget: store.downgradeTarget,
  };
}

function answerMaintenance(server: Server, call: LocalCall): Answer | EtcdError {
  const { store } = server;
  switch (call.call) {
    case "hash":
      return { answer: "hash", revision: store.revision, hash: exportSnapshot(store).hash >>> 0 };
    case "hash-kv": {
      const hash = hashKv(store, call.revision);
      if (hash instanceof EtcdError) return hash;
      return {
        answer: "hash-kv",
        revision: store.revision,
        hash: hash.hash,
        compactRevision: hash.compactRevision,
        hashRevision: hash.revision,
      };
    }
    case "defragment":
      server.fileBytes = sizeInUseBytes(store);
      return { answer: "empty" };
    case "snapshot": {
      const snapshot = exportSnapshot(store);
      return { answer: "snapshot", version: store.clusterVersion, size: snapshot.size, hash: snapshot.hash };
    }
    case "move-leader":
      if (server.leaderId !== server.config.memberId) return ErrNotLeader;
      return store.members.some((member) => member.id === call.targetId && !member.isLearner)
        ? { answer: "empty" }
        : ErrBadLeaderTransferee;
    default:
      return ErrUnknownMethod;
  }
}

/** The cluster's version, as the answer to whatever was asked about downgrading. */
export function downgraded(server: Server): LocalAnswer {
  const version = clusterVersionOf(server.store.clusterVersion);
  const text = version === null ? "" : `${version.major}.${version.minor}`;
  return { answer: "downgrade", revision: server.store.revision, version: text };
}
