// The running digest of a run: two 32-bit lanes, folded after each step from fixed integer fields. Two runs are the same
// run exactly when their digests are (up to a collision of 64 bits).

/** A running 64-bit digest. Plain data: it can be saved in a keyframe and copied. */
export interface Digest {
  low: number;
  high: number;
}

/** A fresh digest; the same for every run, so that the seed shows in it only through what happened. */
export function createDigest(): Digest {
  return { low: 0x2b992ddf, high: 0x4cf5ad43 };
}

/** Folds four int32 fields at once. One call a step or two is what keeps the digest cheap enough to be always on. */
export function fold4(digest: Digest, a: number, b: number, c: number, d: number): void {
  let low = digest.low;
  let high = digest.high;
  low = Math.imul(low ^ a, 0x85ebca6b);
  high = Math.imul(high ^ b, 0xc2b2ae35);
  low = (low << 13) | (low >>> 19);
  high = (high << 17) | (high >>> 15);
  low = Math.imul((low ^ c) + high, 0x27d4eb2f);
  high = Math.imul((high ^ d) + low, 0x165667b1);
  digest.low = low ^ (low >>> 15);
  digest.high = high ^ (high >>> 13);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}

/** The digest as 16 hexadecimal digits, high lane first. */
export function digestText(digest: Digest): string {
  return hex(digest.high) + hex(digest.low);
}
