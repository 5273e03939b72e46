/**
 * Whether a change of members may be proposed: the strict reconfiguration check.
 *
 * A change that would leave a cluster without a working quorum is refused before it reaches the log. Whether it is valid
 * by the list of members is checked again when it is applied (`apply-cluster.ts`). After etcd
 * `etcdserver/server.go mayAddMember`, `mayRemoveMember`, `mayPromoteMember`.
 */

import { findMember } from "./apply-cluster.ts";
import type { ClusterMember } from "./cluster-state.ts";
import {
  ErrLearnerNotReady,
  ErrMemberNotEnoughStarted,
  ErrMemberNotFound,
  ErrUnhealthy,
  type EtcdError,
} from "./error.ts";
import { hashBytes, mix } from "./hash.ts";
import type { Store } from "./store.ts";

/** What the member that takes the call sees of the others. Ids are decimal. */
export interface ClusterView {
  /** The member itself. */
  readonly selfId: string;
  /** Members it has been connected to for five seconds or longer. */
  readonly connectedIds: readonly string[];
  /** Members it has a connection to at all. */
  readonly reachableIds: readonly string[];
  /** Members whose log has at least 90 % of the leader's. */
  readonly caughtUpIds: readonly string[];
}

function voters(store: Store): readonly ClusterMember[] {
  return store.members.filter((member) => !member.isLearner);
}

function isStarted(member: ClusterMember): boolean {
  return member.name !== "";
}

function connected(view: ClusterView, members: readonly ClusterMember[]): number {
  return members.filter(({ id }) => id === view.selfId || view.connectedIds.includes(id)).length;
}

function quorum(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** Refuses to add a member where the cluster could not afford it. */
export function mayAdd(store: Store, view: ClusterView, isLearner: boolean): EtcdError | null {
  const members = voters(store);
  const started = members.filter(isStarted).length;
  const single = started === 1 && members.length === 1;
  if (!isLearner && !single && started < quorum(members.length + 1)) return ErrMemberNotEnoughStarted;
  if (members.length === 1) return null;
  return connected(view, members) < quorum(members.length + 1) ? ErrUnhealthy : null;
}

/** Refuses to remove a member whose absence would cost the quorum. */
export function mayRemove(store: Store, view: ClusterView, id: string): EtcdError | null {
  if (findMember(store, id)?.isLearner === true) return null;
  const members = voters(store);
  const others = members.filter((member) => member.id !== id);
  if (others.filter(isStarted).length < quorum(others.length)) return ErrMemberNotEnoughStarted;
  // Whoever is down is no part of the working quorum.
  if (id !== view.selfId && !view.reachableIds.includes(id)) return null;
  return connected(view, members) - 1 < 1 + Math.floor((members.length - 1) / 2) ? ErrUnhealthy : null;
}

/** Refuses to promote a learner that is not ready. Only the leader can tell. */
export function mayPromote(store: Store, view: ClusterView, id: string): EtcdError | null {
  if (findMember(store, id) === undefined) return ErrMemberNotFound;
  if (id !== view.selfId && !view.caughtUpIds.includes(id)) return ErrLearnerNotReady;
  const members = voters(store);
  return members.filter(isStarted).length + 1 < quorum(members.length + 1) ? ErrMemberNotEnoughStarted : null;
}

/**
 * The id of a new member: a hash of its peer URLs, the cluster's name and the second of the call, as a decimal uint64.
 * Two calls with the same URLs within one second therefore give the same id, as from etcd (whose hash is SHA-1).
 */
export function memberIdOf(peerUrls: readonly string[], clusterName: string, unixSeconds: number): string {
  const text = `${[...peerUrls].sort().join("")}${clusterName}${unixSeconds}`;
  const low = hashBytes(text);
  const high = mix(hashBytes(`${text}/`), low);
  return (((BigInt(high) & 0xffffffffn) << 32n) | (BigInt(low) & 0xffffffffn)).toString();
}

/** A host with its port, as in a URL: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST_PORT = /^(?:\[[^\]/ ]*\]|[^:/[\] <>"`{}|\\^]*):[^:/?#]*$/;

/** Whether all peer URLs are of the form etcd accepts, and there is one. */
export function validPeerUrls(urls: readonly string[]): boolean {
  return urls.length > 0 && urls.every(isPeerUrl);
}

function isPeerUrl(url: string): boolean {
  const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/.exec(url.trim());
  if (parts === null) return false;
  const scheme = (parts[1] as string).toLowerCase();
  if (scheme === "unix" || scheme === "unixs") return true;
  if (scheme !== "http" && scheme !== "https") return false;
  const host = (parts[2] as string).replace(/^.*@/, "");
  const port = /:([^:\]]*)$/.exec(host)?.[1];
  return HOST_PORT.test(host) && port !== undefined && /^[0-9]*$/.test(port) && parts[3] === "";
}
