// Names of a member: the small number by which Raft and the world know it (`n1` is 1), and what etcd's API shows: its URLs
// and the 64-bit id that was made of them when it was added.

import { MemberAddRequest } from "../etcd/api.ts";
import { applyRequest } from "../etcd/apply.ts";
import { demoteMember } from "../etcd/apply-cluster.ts";
import { ClusterVersionSetRequest } from "../etcd/cluster-api.ts";
import { ClusterMember } from "../etcd/cluster-state.ts";
import { memberIdOf } from "../etcd/reconfigure.ts";
import { createStore, type Store, type StoreOptions } from "../etcd/store.ts";
import type { ConfState } from "../raft/raft.ts";

/** The version that a cluster speaks from the start. */
export const CLUSTER_VERSION = "3.6.0";

/** The id of no member. */
export const NO_MEMBER = "0";

/** Where the others reach member `number`. */
export function peerUrlOf(number: number): string {
  return `http://n${number}:2380`;
}

/** Where clients reach it. */
export function clientUrlOf(number: number): string {
  return `http://n${number}:2379`;
}

/** The number of the member that listens at one of these URLs by its name; 0: none of them is of this form. */
export function numberOfUrls(urls: readonly string[]): number {
  for (const url of urls) {
    const named = /^https?:\/\/n([1-9][0-9]{0,2}):/.exec(url);
    if (named !== null) return Number(named[1]);
  }
  return 0;
}

/** The listed id of a member; `0` for none. */
export function idOf(store: Store, number: number): string {
  for (const member of store.members) if (member.number === number) return member.id;
  return NO_MEMBER;
}

/** Raft's number of a listed member; 0 for none. */
export function numberOf(store: Store, id: string): number {
  for (const member of store.members) if (member.id === id) return member.number;
  return 0;
}

/** The number that a new member gets: the one its URLs name where nobody has it, else one above all that ever were. */
export function numberFor(store: Store, urls: readonly string[]): number {
  const named = numberOfUrls(urls);
  let highest = 0;
  let taken = false;
  for (const members of [store.members, store.removedMembers]) {
    for (const { number } of members) {
      if (number > highest) highest = number;
      if (number === named) taken = true;
    }
  }
  return named !== 0 && !taken ? named : highest + 1;
}

/** The list of members that a cluster is founded with: all of them started. */
export function foundingMembers(founding: ConfState, clusterName: string): ClusterMember[] {
  const ids = [...founding.voters, ...founding.learners].sort((a, b) => a - b);
  return ids.map((number) => {
    const urls = [peerUrlOf(number)];
    const isLearner = founding.learners.includes(number);
    return new ClusterMember(
      memberIdOf(urls, clusterName, 0),
      `n${number}`,
      urls,
      [clientUrlOf(number)],
      isLearner,
      number,
    );
  });
}

/** The id of the cluster that these members found, as a decimal uint64. */
export function clusterIdOf(members: readonly ClusterMember[], clusterName: string): string {
  const ids = members.map(({ id }) => id).sort();
  return memberIdOf(ids, `cluster/${clusterName}`, 0);
}

/** An empty store of a founding member: the list of members is there, and the version that the cluster speaks. */
export function foundingStore(options: StoreOptions, founding: ConfState, clusterName: string): Store {
  const store = createStore(options);
  // More than one learner is more than etcd's API lets in; a scenario may found its cluster so.
  for (const member of foundingMembers(founding, clusterName)) listMember(store, member);
  applyRequest(store, new ClusterVersionSetRequest(CLUSTER_VERSION));
  return store;
}

function listMember(store: Store, member: ClusterMember): void {
  const { id, name, peerUrls, clientUrls, isLearner, number } = member;
  applyRequest(store, new MemberAddRequest(new ClusterMember(id, name, peerUrls, clientUrls, false, number)));
  if (isLearner) demoteMember(store, id);
}
