// The operator's requests at a member: changes of membership with etcd's strict checks, handing over leadership, starting an
// election, compaction. After etcd `server/etcdserver/server.go` (AddMember, PromoteMember, RemoveMember, MoveLeader).

import { ErrCompacted, ErrFutureRevision } from "../etcd/error.ts";
import { CounterAt } from "../kernel/counter.ts";
import { type ClientRequest, RequestError } from "../kernel/request.ts";
import {
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfState,
  campaign,
  confChangeV1,
  confChangeV2,
  proposeConfChange,
  Role,
  transferLeader,
} from "../raft/raft.ts";
import { progressOf } from "../raft/tracker.ts";
import { ADMIN_DONE, type AdminRequest, EXISTS, type MembershipChange, NOT_FOUND, NOT_LEARNER } from "./admin.ts";
import { takeWaiter } from "./apply.ts";
import type { EtcdMember } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";
import { refuse } from "./reads.ts";
import { done, proposeCompaction } from "./requests.ts";

/** Voters must have been heard of within this time before the membership may change (etcd `HealthInterval`). */
const HEALTH_MICROS = 5_000_000;

/** Share of the leader's log that a learner must have to be promoted, in percent (etcd `readyPercent`). */
const READY_PERCENT = 90;

const UNHEALTHY: RequestError = new RequestError(14, "etcdserver: unhealthy cluster", true);
const NOT_LEADER: RequestError = new RequestError(9, "etcdserver: not leader", true);
const NO_LEADER: RequestError = new RequestError(14, "etcdserver: no leader", true);
const BAD_TRANSFEREE: RequestError = new RequestError(9, "etcdserver: bad leader transferee", true);
const NOT_IN_SYNC: RequestError = new RequestError(
  9,
  "etcdserver: can only promote a learner member which is in sync with leader",
  true,
);
const TOO_MANY_LEARNERS: RequestError = new RequestError(9, "etcdserver: too many learner members in cluster", true);
const COMPACTED: RequestError = new RequestError(ErrCompacted.code, ErrCompacted.message, true);
const FUTURE: RequestError = new RequestError(ErrFutureRevision.code, ErrFutureRevision.message, true);
const NOT_ENOUGH_STARTED: RequestError = new RequestError(
  9,
  "etcdserver: re-configuration failed due to not enough started members",
  true,
);
const DROPPED: RequestError = new RequestError(2, "raft proposal dropped", true);

/** Carries out a request of the operator, or refuses it. */
export function administer(member: EtcdMember, env: MemberEnv, request: ClientRequest, admin: AdminRequest): void {
  const raft = member.raft;
  switch (admin.op) {
    case "campaign":
      campaign(raft, env);
      done(env, request, ADMIN_DONE);
      return;
    case "transfer":
      if (raft.role !== Role.Leader) refuse(env, request, NOT_LEADER);
      else if (!env.backend.confState.voters.includes(admin.target)) refuse(env, request, BAD_TRANSFEREE);
      else {
        env.context.count(CounterAt.transfer);
        transferLeader(raft, admin.target, env);
        done(env, request, ADMIN_DONE);
      }
      return;
    case "compact": {
      const { revision, compactRevision } = env.backend.store;
      const target = admin.target > 0 ? admin.target : revision - admin.keep;
      if (target <= 0 || target <= compactRevision) refuse(env, request, COMPACTED);
      else if (target > revision) refuse(env, request, FUTURE);
      else if (!proposeCompaction(member, env, revision - target)) refuse(env, request, DROPPED);
      else done(env, request, ADMIN_DONE);
      return;
    }
    case "membership":
      changeMembership(member, env, request, admin.changes);
      return;
  }
}

function changeMembership(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  changes: readonly MembershipChange[],
): void {
  const confState = env.backend.confState;
  for (const change of changes) {
    const refusal = objection(member, env, confState, change);
    if (refusal !== null) {
      refuse(env, request, refusal);
      return;
    }
  }
  if (votersAfter(confState, changes) === 0) {
    refuse(env, request, NOT_ENOUGH_STARTED);
    return;
  }
  if (member.raft.lead === 0) {
    refuse(env, request, NO_LEADER);
    return;
  }
  const ticket = member.firstTicket + member.waiters.length;
  member.waiters.push({ request, atMicros: env.context.localMicros() });
  const context = `${env.context.self}/${env.context.boot}/${ticket}`;
  const singles = changes.map(single);
  const change =
    singles.length === 1
      ? confChangeV1(singles[0]!.type, singles[0]!.nodeId, context)
      : confChangeV2(singles, ConfChangeTransition.JointImplicit, context);
  if (proposeConfChange(member.raft, change, env) !== null) {
    takeWaiter(member, ticket);
    refuse(env, request, DROPPED);
  }
}

/** How many voters there are after the changes. */
function votersAfter(confState: ConfState, changes: readonly MembershipChange[]): number {
  const voters = new Set(confState.voters);
  for (const { change, member } of changes) {
    if (change === "add-voter" || change === "promote") voters.add(member);
    else if (change !== "add-learner") voters.delete(member);
  }
  return voters.size;
}

function single({ change, member }: MembershipChange): ConfChangeSingle {
  switch (change) {
    case "add-voter":
    case "promote":
      return { type: ConfChangeType.AddNode, nodeId: member };
    case "add-learner":
    case "demote":
      return { type: ConfChangeType.AddLearnerNode, nodeId: member };
    case "remove":
      return { type: ConfChangeType.RemoveNode, nodeId: member };
  }
}

function objection(
  member: EtcdMember,
  env: MemberEnv,
  confState: ConfState,
  { change, member: id }: MembershipChange,
): RequestError | null {
  const isVoter = confState.voters.includes(id);
  const isLearner = confState.learners.includes(id);
  switch (change) {
    case "add-voter":
    case "add-learner":
      if (isVoter || isLearner) return EXISTS;
      if (change === "add-learner" && confState.learners.length > 0) return TOO_MANY_LEARNERS;
      return healthyWithout(member, env, confState, 0) ? null : UNHEALTHY;
    case "promote": {
      if (isVoter) return NOT_LEARNER;
      if (!isLearner) return NOT_FOUND;
      if (member.raft.role !== Role.Leader) return NOT_LEADER;
      if (member.config.mutations.promoteUnreadyLearner) return null;
      const progress = progressOf(member.raft.tracker, id);
      const own = member.raft.log.last;
      return progress !== null && progress.match * 100 > own * READY_PERCENT ? null : NOT_IN_SYNC;
    }
    case "demote":
      return isVoter ? null : NOT_FOUND;
    case "remove":
      if (!isVoter && !isLearner) return NOT_FOUND;
      return isLearner || healthyWithout(member, env, confState, id) ? null : UNHEALTHY;
  }
}

/** Strict reconfiguration: of the voters that would be left, a quorum must be connected; of a cluster to grow, all. */
function healthyWithout(member: EtcdMember, env: MemberEnv, confState: ConfState, without: number): boolean {
  const since = member.raft.ticks - HEALTH_MICROS / member.config.tickMicros;
  const left = confState.voters.filter((id) => id !== without);
  let connected = 0;
  for (const id of left) {
    if (id === env.context.self || (member.heardAtTick[id] ?? Number.NEGATIVE_INFINITY) > since) connected++;
  }
  const quorum = Math.floor(left.length / 2) + 1;
  return without === 0 ? connected === left.length : connected >= quorum;
}
