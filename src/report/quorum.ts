// The arithmetic of majorities: how many must agree, how many may fail, what a split leaves able to decide, and how likely a
// quorum is up when each member fails by itself. All in whole numbers; shares are exact fractions until they are printed.

/** One size of cluster. */
export interface QuorumRow {
  readonly members: number;
  /** floor(n/2) + 1. */
  readonly quorum: number;
  /** Members that may fail with a quorum left: n - quorum. */
  readonly tolerates: number;
  /** Whether one member more than the size below tolerates no more than it: even sizes. */
  readonly gainsNothing: boolean;
  /** With a failure share given: how often no quorum is up, as a decimal with `UNAVAILABLE_DIGITS` digits, cut; else null. */
  readonly unavailable: string | null;
  /** The same as "nines": how many leading nines availability has; null without a failure share. */
  readonly nines: number | null;
}

/** One side of a split cluster. */
export interface SplitSide {
  readonly members: number;
  readonly hasQuorum: boolean;
}

/** A cluster split into sides. */
export interface SplitResult {
  readonly members: number;
  readonly quorum: number;
  readonly sides: readonly SplitSide[];
  /** Position of the side that can decide; null: none can, and the cluster stands still. */
  readonly decides: number | null;
}

/** Digits after the point of `unavailable`. */
const UNAVAILABLE_DIGITS = 12;

/** Members of a majority. */
export function quorumOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/** The row of a size; `failurePpm` is the share of time that each member is down, null where it was not asked for. */
export function quorumRow(members: number, failurePpm: number | null): QuorumRow {
  const quorum = quorumOf(members);
  const tolerates = members - quorum;
  const unavailable = failurePpm === null ? null : unavailability(members, failurePpm);
  return {
    members,
    quorum,
    tolerates,
    gainsNothing: members > 1 && members % 2 === 0,
    unavailable,
    nines: unavailable === null ? null : ninesOf(unavailable),
  };
}

/** P(more than n - quorum of n members are down), each down with the same share, independently. */
function unavailability(members: number, failurePpm: number): string {
  const scale = 1_000_000n;
  const down = BigInt(failurePpm);
  const up = scale - down;
  let sum = 0n;
  let ways = 1n;
  for (let failed = 0; failed <= members; failed++) {
    if (failed > 0) ways = (ways * BigInt(members - failed + 1)) / BigInt(failed);
    if (failed > members - quorumOf(members)) sum += ways * down ** BigInt(failed) * up ** BigInt(members - failed);
  }
  const whole = scale ** BigInt(members);
  const digits = (sum * 10n ** BigInt(UNAVAILABLE_DIGITS)) / whole;
  const text = digits.toString().padStart(UNAVAILABLE_DIGITS + 1, "0");
  return `${text.slice(0, -UNAVAILABLE_DIGITS)}.${text.slice(-UNAVAILABLE_DIGITS)}`;
}

/** Leading zeros of the unavailability are nines of availability. */
function ninesOf(unavailable: string): number {
  if (!unavailable.startsWith("0.")) return 0;
  return (/^0*/.exec(unavailable.slice(2)) as RegExpExecArray)[0].length;
}

/** Which side of a split can decide; at most one can, whatever the sizes. */
export function splitOf(sides: readonly number[]): SplitResult {
  let members = 0;
  for (const side of sides) members += side;
  const quorum = quorumOf(members);
  const judged = sides.map((side) => ({ members: side, hasQuorum: side >= quorum }));
  const decides = judged.findIndex((side) => side.hasQuorum);
  return { members, quorum, sides: judged, decides: decides === -1 ? null : decides };
}
