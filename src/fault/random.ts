/**
 * Random faults, as data, and their expansion into a fixed list of timed actions before the run.
 *
 * Artifacts, links and shrinking see only the fixed list. Draws go through `choose`, gaps come from an integer table.
 */

import type { Distribution } from "../kernel/distribution.ts";

/** Kinds of random faults, with the shapes of partitions as kinds of their own. */
export const RANDOM_KINDS = [
  "crash",
  "pause",
  "drop",
  "delay",
  "duplicate",
  "reorder",
  "slowFsync",
  "stall",
  "clock",
  "transferLeader",
  "partition.majority",
  "partition.minority",
  "partition.one",
  "partition.leader",
  "partition.bridge",
  "partition.ring",
  "partition.oneWay",
] as const;

export type RandomKind = (typeof RANDOM_KINDS)[number];

export interface RandomFaults {
  readonly fromMicros: number;
  /** The first moment at which no new fault begins; every effect has ended by then too. */
  readonly untilMicros: number;
  /** Gaps between the beginnings of faults. */
  readonly every: Distribution;
  /** How long a fault lasts. */
  readonly lasting: Distribution;
  /** In the order of RANDOM_KINDS, weights of 1 and more. */
  readonly pick: readonly { readonly kind: RandomKind; readonly weight: number }[];
  /** Never let the members that are down, paused, stalled or cut off leave less than a quorum. */
  readonly keepQuorum: boolean;
  /** Each seed leaves out a random half of the kinds (swarm testing). */
  readonly swarm: boolean;
}
