// Changes of the list of members, by etcd's API and by the operator, and the operator's other requests: handing over
// leadership, starting an election, compaction. After etcd `server/etcdserver/server.go` (AddMember, PromoteMember,
// RemoveMember).

import {
  CompactionRequest,
  ErrCompacted,
  ErrFutureRevision,
  ErrMemberNotFound,
  MemberAddRequest,
  MemberIdRequest,
  RequestKind,
} from "../etcd/api.ts";
import { ClusterMember } from "../etcd/cluster-state.ts";
import { type ClusterView, mayAdd, mayPromote, mayRemove, memberIdOf } from "../etcd/reconfigure.ts";
import type { Store } from "../etcd/store.ts";
import { CounterAt } from "../kernel/counter.ts";
import { MEMBER_ID_MAX } from "../kernel/limits.ts";
import { type ClientRequest, RequestError } from "../kernel/request.ts";
import {
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  campaign,
  confChangeV1,
  confChangeV2,
  proposeConfChange,
  Role,
  transferLeader,
} from "../raft/raft.ts";
import { progressOf } from "../raft/tracker.ts";
import { ADMIN_DONE, AdminRequest, type MembershipChange } from "./admin.ts";
import { takeWaiter } from "./apply.ts";
import { beginDefragmentation } from "./backend-work.ts";
import { DemoteRequest, type MemberChange, MembershipCommand } from "./command.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { idOf, NO_MEMBER, numberFor, numberOf, peerUrlOf } from "./identity.ts";
import type { MemberEnv } from "./member-env.ts";
import { proposeAsRoot } from "./requests.ts";
import { conclude, definite, refuse, respond } from "./respond.ts";

/** Voters must have been connected for this long before the membership may change (etcd `HealthInterval`). */
export const HEALTH_MICROS = 5_000_000;

/** Share of the leader's log that a learner must have to be promoted, in percent (etcd `readyPercent`). */
const READY_PERCENT = 90;

const NOT_LEADER: RequestError = new RequestError(9, "etcdserver: not leader", true);
const NO_LEADER: RequestError = new RequestError(14, "etcdserver: no leader", true);
const BAD_TRANSFEREE: RequestError = new RequestError(9, "etcdserver: bad leader transferee", true);
const NOT_ENOUGH_STARTED: RequestError = new RequestError(
  9,
  "etcdserver: re-configuration failed due to not enough started members",
  true,
);
const TOO_MANY: RequestError = new RequestError(2, "no number is left for a new member", true);
const DROPPED: RequestError = new RequestError(2, "raft proposal dropped", true);

/** Carries out a request of the operator, or refuses it. */
export function administer(member: EtcdMember, env: MemberEnv, request: ClientRequest, admin: AdminRequest): void {
  const raft = member.raft;
  switch (admin.op) {
    case "campaign":
      campaign(raft, env);
      done(member, env, request);
      return;
    case "transfer":
      if (raft.role !== Role.Leader) refuse(member, env, request, NOT_LEADER);
      else if (!env.backend.confState.voters.includes(admin.target)) refuse(member, env, request, BAD_TRANSFEREE);
      else {
        env.context.count(CounterAt.transfer);
        transferLeader(raft, admin.target, env);
        done(member, env, request);
      }
      return;
    case "compact": {
      const { revision, compactRevision } = env.backend.store;
      const target = admin.target > 0 ? admin.target : revision - admin.keep;
      if (target <= 0 || target <= compactRevision) refuse(member, env, request, definite(ErrCompacted));
      else if (target > revision) refuse(member, env, request, definite(ErrFutureRevision));
      else proposeAsRoot(member, env, request, new CompactionRequest(target, admin.physical));
      return;
    }
    case "defrag":
      beginDefragmentation(member, env, request);
      return;
    case "membership":
      operateMembership(member, env, request, admin.changes);
      return;
  }
}

function done(member: EtcdMember, env: MemberEnv, request: ClientRequest): void {
  respond(member, env, request, ADMIN_DONE, env.backend.store.revision);
}

/** The operator's changes, checked as etcd checks its own requests. */
function operateMembership(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  changes: readonly MembershipChange[],
): void {
  const { store, confState } = env.backend;
  const view = viewOf(member, env);
  const wanted: MemberChange[] = [];
  const voters = new Set(confState.voters);
  for (const { change, member: number } of changes) {
    const id = idOf(store, number);
    let refusal = null;
    switch (change) {
      case "add-voter":
      case "add-learner": {
        const isLearner = change === "add-learner";
        refusal = mayAdd(store, view, isLearner);
        wanted.push(new MemberAddRequest(newcomer(member, env, number, isLearner)));
        if (!isLearner) voters.add(number);
        break;
      }
      case "promote":
        if (member.raft.role !== Role.Leader) {
          refuse(member, env, request, NOT_LEADER);
          return;
        }
        if (id === NO_MEMBER) refusal = ErrMemberNotFound;
        else if (!member.config.mutations.promoteUnreadyLearner) refusal = mayPromote(store, view, id);
        wanted.push(new MemberIdRequest(RequestKind.MemberPromote, id));
        voters.add(number);
        break;
      case "demote":
        refusal = confState.voters.includes(number) ? null : ErrMemberNotFound;
        wanted.push(new DemoteRequest(id));
        voters.delete(number);
        break;
      case "remove":
        refusal = id === NO_MEMBER ? ErrMemberNotFound : mayRemove(store, view, id);
        wanted.push(new MemberIdRequest(RequestKind.MemberRemove, id));
        voters.delete(number);
        break;
    }
    if (refusal !== null) {
      conclude(member, env, request, refusal);
      return;
    }
  }
  if (voters.size === 0) refuse(member, env, request, NOT_ENOUGH_STARTED);
  else proposeMembership(member, env, request, wanted);
}

function newcomer(member: EtcdMember, env: MemberEnv, number: number, isLearner: boolean): ClusterMember {
  const urls = [peerUrlOf(number)];
  const seconds = Math.floor(Math.max(0, env.context.wallMicros()) / 1_000_000);
  return new ClusterMember(memberIdOf(urls, member.config.clusterName, seconds), "", urls, [], isLearner, number);
}

/** Has changes of the list of members agreed: one, or several at once through a joint configuration. */
export function proposeMembership(
  member: EtcdMember,
  env: MemberEnv,
  request: ClientRequest,
  wanted: readonly MemberChange[],
): void {
  if (member.raft.lead === 0) {
    // The operator asks again by himself.
    if (request.body instanceof AdminRequest) refuse(member, env, request, NO_LEADER);
    else member.stalledChanges.push({ request, wanted });
    return;
  }
  const { store } = env.backend;
  const changes = wanted.map((change) => numbered(store, change));
  const singles = changes.map((change) => singleOf(store, change));
  if (singles.some(({ nodeId }) => nodeId > MEMBER_ID_MAX)) {
    refuse(member, env, request, TOO_MANY);
    return;
  }
  const { self, boot } = env.context;
  const ticket = member.firstTicket + member.waiters.length;
  member.waiters.push({ request, atMicros: env.context.localMicros(), refusal: null });
  const command = new MembershipCommand(changes, request.client, request.operation, self, boot, ticket);
  const [first] = singles;
  const change =
    singles.length === 1 && first !== undefined
      ? confChangeV1(first.type, first.nodeId, command)
      : confChangeV2(singles, ConfChangeTransition.JointImplicit, command);
  if (proposeConfChange(member.raft, change, env) !== null) {
    takeWaiter(member, ticket);
    refuse(member, env, request, DROPPED);
  }
}

/** A leader is known: changes that waited for one are proposed. */
export function proposeStalledChanges(member: EtcdMember, env: MemberEnv): void {
  const stalled = member.stalledChanges;
  member.stalledChanges = [];
  for (const { request, wanted } of stalled) proposeMembership(member, env, request, wanted);
}

/** A new member gets its number when it is proposed. */
function numbered(store: Store, change: MemberChange): MemberChange {
  if (!(change instanceof MemberAddRequest) || change.member.number !== 0) return change;
  const { id, name, peerUrls, clientUrls, isLearner } = change.member;
  return new MemberAddRequest(new ClusterMember(id, name, peerUrls, clientUrls, isLearner, numberFor(store, peerUrls)));
}

/** A change of the list as Raft's; one that names nobody is Raft's member 0: nothing changes, and the list refuses it. */
function singleOf(store: Store, change: MemberChange): ConfChangeSingle {
  if (change instanceof MemberAddRequest) {
    const { number, isLearner } = change.member;
    return { type: isLearner ? ConfChangeType.AddLearnerNode : ConfChangeType.AddNode, nodeId: number };
  }
  const nodeId = numberOf(store, change.id);
  if (change instanceof DemoteRequest) return { type: ConfChangeType.AddLearnerNode, nodeId };
  switch (change.kind) {
    case RequestKind.MemberRemove:
      return { type: ConfChangeType.RemoveNode, nodeId };
    case RequestKind.MemberPromote:
      return { type: ConfChangeType.AddNode, nodeId };
    default:
      return { type: ConfChangeType.UpdateNode, nodeId };
  }
}

/** What the member sees of the others, by their listed ids. */
export function viewOf(member: EtcdMember, env: MemberEnv): ClusterView {
  const { store } = env.backend;
  const { raft, heardAtTick, connectedAtTick } = member;
  const health = HEALTH_MICROS / member.config.tickMicros;
  const own = raft.log.last;
  const connectedIds: string[] = [];
  const reachableIds: string[] = [];
  const caughtUpIds: string[] = [];
  for (const { id, number } of store.members) {
    const self = number === env.context.self;
    const heard = self || (heardAtTick[number] ?? Number.NEGATIVE_INFINITY) > raft.ticks - health;
    if (heard) reachableIds.push(id);
    if (self || (heard && (connectedAtTick[number] ?? 0) <= raft.ticks - health)) connectedIds.push(id);
    const progress = progressOf(raft.tracker, number);
    if (progress !== null && progress.match * 100 > own * READY_PERCENT) caughtUpIds.push(id);
  }
  return { selfId: member.server.memberId, connectedIds, reachableIds, caughtUpIds };
}
