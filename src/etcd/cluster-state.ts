/**
 * Members and alarms as replicated data: immutable values in sorted lists that are replaced as a whole.
 *
 * Which members vote is Raft's business; here is what `member list` and `alarm list` show and what refuses writes.
 * After etcd `etcdserver/api/membership` and `v3alarm`.
 */

import { hashBytes, mix, mixBytes, mixList, scramble } from "./hash.ts";

/** `AlarmType`. */
export const AlarmType = { NONE: 0, NOSPACE: 1, CORRUPT: 2 } as const;

/** An alarm that a member has raised. */
export class AlarmMember {
  /** Decimal uint64. */
  readonly memberId: string;
  readonly alarm: number;
  readonly digest: number;

  constructor(memberId: string, alarm: number) {
    this.memberId = memberId;
    this.alarm = alarm;
    this.digest = scramble(mix(mix(0xa1a, alarm), hashBytes(memberId)));
  }
}

/** A member of the cluster, as it is listed. A member that never started has no name and no client URLs. */
export class ClusterMember {
  /** Decimal uint64. */
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
  /** The small number by which Raft knows it, from 1; 0 outside of any cluster. */
  readonly number: number;
  readonly digest: number;

  constructor(
    id: string,
    name: string,
    peerUrls: readonly string[],
    clientUrls: readonly string[],
    isLearner: boolean,
    number = 0,
  ) {
    this.id = id;
    this.name = name;
    this.peerUrls = peerUrls;
    this.clientUrls = clientUrls;
    this.isLearner = isLearner;
    this.number = number;
    const named = mixBytes(mixBytes(mix(isLearner ? 0x6c : 0x6d, number), id), name);
    this.digest = scramble(mixList(mixList(named, peerUrls), clientUrls));
  }
}

/** The name of an alarm's type as etcd writes it. */
export function alarmName(alarm: number): string {
  if (alarm === AlarmType.NOSPACE) return "NOSPACE";
  return alarm === AlarmType.CORRUPT ? "CORRUPT" : "NONE";
}
