/**
 * What commands about alarms, members and the cluster's version do to a store.
 *
 * The checks are those that etcd makes while it applies a configuration change
 * (`membership/cluster.go ValidateConfigurationChange`); whether the cluster is healthy enough for the change was asked
 * before it was proposed. Alarms after `v3alarm/alarms.go`.
 */

import {
  AlarmAction,
  type AlarmRequest,
  AlarmResponse,
  type MemberAddRequest,
  type MemberRequest,
  MembersResponse,
} from "./cluster-api.ts";
import { AlarmMember, AlarmType, ClusterMember } from "./cluster-state.ts";
import {
  ErrMemberExist,
  ErrMemberNotFound,
  ErrMemberNotLearner,
  ErrPeerUrlExist,
  ErrTooManyLearners,
  type EtcdError,
} from "./error.ts";
import { mixBytes, scramble } from "./hash.ts";
import { RequestKind } from "./request-kind.ts";
import { addToDigest, type Store, takeFromDigest } from "./store.ts";

/** Learners a cluster may have at a time (`--max-learners`). */
export const MAX_LEARNERS = 1 as const;

/** Lists, raises or clears alarms. Raising one that stands and clearing one that does not answer nothing. */
export function applyAlarm(store: Store, request: AlarmRequest): AlarmResponse {
  const { memberId, alarm } = request;
  if (request.action === AlarmAction.GET) {
    const asked = store.alarms.filter((standing) => alarm === AlarmType.NONE || standing.alarm === alarm);
    return new AlarmResponse(store.revision, asked);
  }
  const standing = store.alarms.find((other) => other.memberId === memberId && other.alarm === alarm);
  if (request.action === AlarmAction.DEACTIVATE) {
    if (standing === undefined) return new AlarmResponse(store.revision, []);
    takeFromDigest(store, standing.digest, ~standing.digest);
    store.alarms = store.alarms.filter((other) => other !== standing);
    return new AlarmResponse(store.revision, [standing]);
  }
  // An action that nobody knows crashes a real etcd (a nil answer is dereferenced); here it does nothing.
  if (request.action !== AlarmAction.ACTIVATE || alarm === AlarmType.NONE) return new AlarmResponse(store.revision, []);
  if (standing !== undefined) return new AlarmResponse(store.revision, [standing]);
  const raised = new AlarmMember(memberId, alarm);
  addToDigest(store, raised.digest, ~raised.digest);
  store.alarms = [...store.alarms, raised].sort((a, b) => compareIds(a.memberId, b.memberId) || a.alarm - b.alarm);
  return new AlarmResponse(store.revision, [raised]);
}

/** Order of decimal uint64 texts: by number. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Changes the list of members, or refuses. */
export function applyMember(store: Store, request: MemberRequest): MembersResponse | EtcdError {
  switch (request.kind) {
    case RequestKind.MemberAdd:
      return addMember(store, request);
    case RequestKind.MemberRemove:
      return removeMember(store, request.id);
    case RequestKind.MemberPromote:
      return promoteMember(store, request.id);
    case RequestKind.MemberUpdate:
      return updateMember(store, request.id, request.peerUrls);
    case RequestKind.MemberPublish:
      return publishMember(store, request.id, request.name, request.clientUrls);
    case RequestKind.ClusterVersionSet:
      replaceText(store, CLUSTER_VERSION, store.clusterVersion, request.version);
      store.clusterVersion = request.version;
      return new MembersResponse(request.kind, store.revision, null, store.members);
    case RequestKind.DowngradeInfoSet:
      replaceText(store, DOWNGRADE_TARGET, store.downgradeTarget, request.version);
      store.downgradeTarget = request.version;
      return new MembersResponse(request.kind, store.revision, null, store.members);
  }
}

/** What tells the two texts of a store apart in its digest. */
const CLUSTER_VERSION = 0xc1;
const DOWNGRADE_TARGET = 0xd0;

function replaceText(store: Store, what: number, before: string, after: string): void {
  const old = scramble(mixBytes(what, before));
  const now = scramble(mixBytes(what, after));
  if (before !== "") takeFromDigest(store, old, ~old);
  if (after !== "") addToDigest(store, now, ~now);
}

/** Puts another list of members in place of the whole one, removed members included: a new cluster with this state. */
export function replaceMembers(store: Store, members: readonly ClusterMember[]): void {
  for (const { id } of [...store.members]) saveMember(store, id, null);
  for (const { digest } of store.removedMembers) takeFromDigest(store, ~digest, digest);
  store.removedMembers = [];
  for (const member of members) saveMember(store, member.id, member);
}

/** The member of that id; undefined when there is none. */
export function findMember(store: Store, id: string): ClusterMember | undefined {
  return store.members.find((member) => member.id === id);
}

function saveMember(store: Store, id: string, member: ClusterMember | null): void {
  const before = findMember(store, id);
  const members = store.members.filter((other) => other.id !== id);
  if (before !== undefined) takeFromDigest(store, before.digest, ~before.digest);
  if (member !== null) {
    addToDigest(store, member.digest, ~member.digest);
    members.push(member);
    members.sort((a, b) => compareIds(a.id, b.id));
  }
  store.members = members;
}

function urlsTaken(store: Store, urls: readonly string[], except: string): boolean {
  return store.members.some((member) => member.id !== except && member.peerUrls.some((url) => urls.includes(url)));
}

function addMember(store: Store, request: MemberAddRequest): MembersResponse | EtcdError {
  const { member } = request;
  // etcd answers "not found" for the id of a member that was removed.
  if (store.removedMembers.some(({ id }) => id === member.id)) return ErrMemberNotFound;
  if (findMember(store, member.id) !== undefined) return ErrMemberExist;
  if (urlsTaken(store, member.peerUrls, "")) return ErrPeerUrlExist;
  if (member.isLearner && store.members.filter((other) => other.isLearner).length >= MAX_LEARNERS) {
    return ErrTooManyLearners;
  }
  saveMember(store, member.id, member);
  return new MembersResponse(request.kind, store.revision, member, store.members);
}

function removeMember(store: Store, id: string): MembersResponse | EtcdError {
  const member = findMember(store, id);
  if (member === undefined) return ErrMemberNotFound;
  saveMember(store, id, null);
  addToDigest(store, ~member.digest, member.digest);
  store.removedMembers = [...store.removedMembers, member];
  return new MembersResponse(RequestKind.MemberRemove, store.revision, null, store.members);
}

function withRole(member: ClusterMember, isLearner: boolean): ClusterMember {
  const { id, name, peerUrls, clientUrls, number } = member;
  return new ClusterMember(id, name, peerUrls, clientUrls, isLearner, number);
}

/** Makes a voter a learner again. Raft can, etcd's API does not; an operator of the simulation may. */
export function demoteMember(store: Store, id: string): EtcdError | null {
  const member = findMember(store, id);
  if (member === undefined) return ErrMemberNotFound;
  saveMember(store, id, withRole(member, true));
  return null;
}

function promoteMember(store: Store, id: string): MembersResponse | EtcdError {
  const member = findMember(store, id);
  if (member === undefined) return ErrMemberNotFound;
  if (!member.isLearner) return ErrMemberNotLearner;
  saveMember(store, id, withRole(member, false));
  return new MembersResponse(RequestKind.MemberPromote, store.revision, null, store.members);
}

function updateMember(store: Store, id: string, peerUrls: readonly string[]): MembersResponse | EtcdError {
  const member = findMember(store, id);
  if (member === undefined) return ErrMemberNotFound;
  if (urlsTaken(store, peerUrls, id)) return ErrPeerUrlExist;
  saveMember(
    store,
    id,
    new ClusterMember(id, member.name, peerUrls, member.clientUrls, member.isLearner, member.number),
  );
  return new MembersResponse(RequestKind.MemberUpdate, store.revision, null, store.members);
}

function publishMember(
  store: Store,
  id: string,
  name: string,
  clientUrls: readonly string[],
): MembersResponse | EtcdError {
  const member = findMember(store, id);
  if (member === undefined) return ErrMemberNotFound;
  saveMember(store, id, new ClusterMember(id, name, member.peerUrls, clientUrls, member.isLearner, member.number));
  return new MembersResponse(RequestKind.MemberPublish, store.revision, null, store.members);
}
