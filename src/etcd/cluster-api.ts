/**
 * Requests and answers about alarms and members, as immutable values.
 *
 * A change of members is agreed as Raft's configuration change; what it does to the list of members is applied here, and
 * a refusal here means that Raft's configuration stays as it is. Member ids are decimal uint64 texts.
 */

import type { AlarmMember, ClusterMember } from "./cluster-state.ts";
import { hashBytes, mix, mixBytes, mixList, scramble } from "./hash.ts";
import { RequestKind } from "./request-kind.ts";
import { bytesFieldSize, intFieldSize } from "./wire.ts";

/** `AlarmRequest.AlarmAction`. */
export const AlarmAction = { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 } as const;

/** Lists, raises or clears alarms. */
export class AlarmRequest {
  readonly kind: 9;
  readonly action: number;
  readonly memberId: string;
  readonly alarm: number;
  readonly size: number;
  readonly hash: number;

  constructor(action: number, memberId: string, alarm: number) {
    this.kind = RequestKind.Alarm;
    this.action = action;
    this.memberId = memberId;
    this.alarm = alarm;
    this.size = intFieldSize(action) + 11 + intFieldSize(alarm);
    this.hash = scramble(mix(mix(mix(RequestKind.Alarm, action), hashBytes(memberId)), alarm));
  }
}

/** The alarms asked for, or the one that was raised or cleared. */
export class AlarmResponse {
  readonly kind: 9;
  readonly revision: number;
  readonly alarms: readonly AlarmMember[];

  constructor(revision: number, alarms: readonly AlarmMember[]) {
    this.kind = RequestKind.Alarm;
    this.revision = revision;
    this.alarms = alarms;
  }
}

/** Adds a member that has not started yet; its id was chosen before the request was proposed. */
export class MemberAddRequest {
  readonly kind: 27;
  readonly member: ClusterMember;
  readonly size: number;
  readonly hash: number;

  constructor(member: ClusterMember) {
    this.kind = RequestKind.MemberAdd;
    this.member = member;
    this.size = member.peerUrls.reduce((sum, url) => sum + bytesFieldSize(url.length), 10);
    this.hash = scramble(mix(RequestKind.MemberAdd, member.digest));
  }
}

/** Removes a member, or makes a learner a voter. */
export class MemberIdRequest {
  readonly kind: 28 | 30;
  readonly id: string;
  readonly size: number;
  readonly hash: number;

  constructor(kind: 28 | 30, id: string) {
    this.kind = kind;
    this.id = id;
    this.size = 11;
    this.hash = scramble(mix(kind, hashBytes(id)));
  }
}

/** Changes a member's peer URLs. */
export class MemberUpdateRequest {
  readonly kind: 29;
  readonly id: string;
  readonly peerUrls: readonly string[];
  readonly size: number;
  readonly hash: number;

  constructor(id: string, peerUrls: readonly string[]) {
    this.kind = RequestKind.MemberUpdate;
    this.id = id;
    this.peerUrls = peerUrls;
    this.size = peerUrls.reduce((sum, url) => sum + bytesFieldSize(url.length), 11);
    this.hash = scramble(mixList(mix(RequestKind.MemberUpdate, hashBytes(id)), peerUrls));
  }
}

/** A member that has started tells the others its name and its client URLs (`ClusterMemberAttrSet`). */
export class MemberPublishRequest {
  readonly kind: 31;
  readonly id: string;
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly size: number;
  readonly hash: number;

  constructor(id: string, name: string, clientUrls: readonly string[]) {
    this.kind = RequestKind.MemberPublish;
    this.id = id;
    this.name = name;
    this.clientUrls = clientUrls;
    this.size = clientUrls.reduce((sum, url) => sum + bytesFieldSize(url.length), 11 + bytesFieldSize(name.length));
    this.hash = scramble(mixList(mixBytes(mix(RequestKind.MemberPublish, hashBytes(id)), name), clientUrls));
  }
}

/** The leader's decision about the version that the cluster speaks. */
export class ClusterVersionSetRequest {
  readonly kind: 32;
  readonly version: string;
  readonly size: number;
  readonly hash: number;

  constructor(version: string) {
    this.kind = RequestKind.ClusterVersionSet;
    this.version = version;
    this.size = bytesFieldSize(version.length);
    this.hash = scramble(mixBytes(RequestKind.ClusterVersionSet, version));
  }
}

/** Begins a downgrade of the cluster to `version`, or (empty) ends it. */
export class DowngradeInfoSetRequest {
  readonly kind: 33;
  readonly version: string;
  readonly size: number;
  readonly hash: number;

  constructor(version: string) {
    this.kind = RequestKind.DowngradeInfoSet;
    this.version = version;
    this.size = 2 + bytesFieldSize(version.length);
    this.hash = scramble(mixBytes(RequestKind.DowngradeInfoSet, version));
  }
}

/** All replicated requests about members. */
export type MemberRequest =
  | MemberAddRequest
  | MemberIdRequest
  | MemberUpdateRequest
  | MemberPublishRequest
  | ClusterVersionSetRequest
  | DowngradeInfoSetRequest;

/** The members after a change; `member` is the one that was added, else null. */
export class MembersResponse {
  readonly kind: 27 | 28 | 29 | 30 | 31 | 32 | 33;
  readonly revision: number;
  readonly member: ClusterMember | null;
  readonly members: readonly ClusterMember[];

  constructor(
    kind: 27 | 28 | 29 | 30 | 31 | 32 | 33,
    revision: number,
    member: ClusterMember | null,
    members: readonly ClusterMember[],
  ) {
    this.kind = kind;
    this.revision = revision;
    this.member = member;
    this.members = members;
  }
}
