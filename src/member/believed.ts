// The planted bug `ack-before-fsync` on a leader: what it has written counts as durable to itself while its sync is under way.
// In a cluster of one that is a quorum, so that clients hear "ok" for what a power failure takes back. Whoever checks is told
// the truth: entries are durable when their sync ends.

import type { Entry } from "../raft/raft.ts";
import type { EtcdMember } from "./etcd-member.ts";
import type { MemberEnv } from "./member-env.ts";

/** The leader takes entries that it has just written for durable. */
export function believe(member: EtcdMember, env: MemberEnv, entries: readonly Entry[]): void {
  for (const entry of entries) member.believed.push(entry);
  member.durableIndex = (entries[entries.length - 1] as Entry).index;
  if (env.context.disk.sync === null) syncBelieved(member, env);
}

function syncBelieved(member: EtcdMember, env: MemberEnv): void {
  member.believedInSync = member.believed.length;
  if (env.context.sync()) credit(member, env);
}

function credit(member: EtcdMember, env: MemberEnv): void {
  const durable = member.believed.splice(0, member.believedInSync);
  member.believedInSync = 0;
  if (durable.length > 0 && env.observer !== null) env.observer.durable(env.context.self, durable);
}

/** Begins a sync; one of what is believed may be under way, then it comes after that. True: done at once. */
export function beginSync(member: EtcdMember, env: MemberEnv): boolean {
  if (member.believed.length === 0 || env.context.disk.sync === null) return env.context.sync();
  member.syncsAgain = true;
  return false;
}

/** A sync ended. False: another one had to begin, and what waits for it goes on waiting. */
export function believedSynced(member: EtcdMember, env: MemberEnv): boolean {
  if (member.believed.length === 0) return true;
  credit(member, env);
  if (member.syncsAgain) {
    member.syncsAgain = false;
    member.believedInSync = member.believed.length;
    if (!env.context.sync()) return false;
    credit(member, env);
  } else if (member.persisting === null && member.believed.length > 0) syncBelieved(member, env);
  return true;
}
