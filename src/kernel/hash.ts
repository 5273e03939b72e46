// Integer hashing for digests, chain hashes and state digests. Everything is 32-bit arithmetic by `Math.imul`, shifts and
// xor, which every engine computes alike. Not cryptographic: a collision can hide a difference (chance 2^-32), never invent one.

/** Folds the integer `x` (any int32) into the running hash `h`; returns an int32. Order matters. */
export function mix(h: number, x: number): number {
  let k = Math.imul(x, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const r = h ^ Math.imul(k, 0x1b873593);
  return (Math.imul((r << 13) | (r >>> 19), 5) + 0xe6546b64) | 0;
}

/** Spreads the bits of `h` (the finalizer of MurmurHash3); returns an int32. */
export function finish(h: number): number {
  let x = h;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Folds a non-negative integer below 2^53 into `h`, both halves; returns an int32. */
export function mixWide(h: number, x: number): number {
  const low = x | 0;
  if (x < 0x80000000) return mix(h, low);
  return mix(mix(h, low), (x / 0x100000000) | 0);
}

/** Hash of the UTF-16 units of `text`, starting from `seed`; returns an int32. */
export function hashString(text: string, seed: number = 0): number {
  let h = seed ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  return finish(h);
}
