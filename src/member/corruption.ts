// The leader's check that all members hold the same: it hashes its keys at a revision, asks the others for theirs, and raises
// the CORRUPT alarm for whoever differs. After etcd `etcdserver/corrupt.go PeriodicCheck`.

import { AlarmAction, AlarmRequest, EtcdError } from "../etcd/api.ts";
import { AlarmType } from "../etcd/cluster-state.ts";
import { hashKv } from "../etcd/hash-kv.ts";
import type { EtcdMember } from "./etcd-member.ts";
import { idOf, NO_MEMBER } from "./identity.ts";
import { InternalBody, internalRequest } from "./internal.ts";
import type { MemberEnv } from "./member-env.ts";
import { PeerMessage, PeerType } from "./peer-message.ts";
import { enqueueRead } from "./reads.ts";
import { proposeOwn } from "./requests.ts";

/** Once a tick on a leader that is to check: begins a round when it is due. */
export function tendCorruptCheck(member: EtcdMember, env: MemberEnv): void {
  const now = env.context.localMicros();
  if (now < member.corruptCheckAtMicros) return;
  const first = member.corruptCheckAtMicros === 0;
  member.corruptCheckAtMicros = now + member.config.corruptCheckMicros;
  member.corruptCheck = null;
  if (!first) enqueueRead(member, env, internalRequest(new InternalBody("check-corruption", 0, 0, null)));
}

/** The leader is up to date: it hashes, and asks. */
export function checkOthers(member: EtcdMember, env: MemberEnv): void {
  const { store, confState } = env.backend;
  const own = hashKv(store, 0);
  if (own instanceof EtcdError) return;
  const asked = ++member.peersAsked;
  member.corruptCheck = { revision: own.revision, compactRevision: own.compactRevision, hash: own.hash, asked };
  for (const id of [...confState.voters, ...confState.learners]) {
    if (id !== env.context.self) env.context.send(id, new PeerMessage(PeerType.HashKv, asked, own.revision));
  }
}

/** A member told its hash at the revision that was asked for. */
export function hearHash(
  member: EtcdMember,
  env: MemberEnv,
  from: number,
  answer: { readonly hash: number; readonly compactRevision: number },
): void {
  const check = member.corruptCheck;
  if (check === null || answer.compactRevision !== check.compactRevision || answer.hash === check.hash) return;
  const { store } = env.backend;
  const id = idOf(store, from);
  const standing = store.alarms.some(({ memberId, alarm }) => memberId === id && alarm === AlarmType.CORRUPT);
  if (id === NO_MEMBER || standing) return;
  proposeOwn(member, env, new AlarmRequest(AlarmAction.ACTIVATE, id, AlarmType.CORRUPT));
}
