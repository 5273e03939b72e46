/**
 * Hashes of byte strings and small integers, all in 32-bit lanes.
 *
 * Requests and key-value records are hashed once, when they are made; digests of a whole store are sums of such
 * hashes, so that one changed record costs one subtraction and one addition. Nothing here knows what is hashed.
 * The byte loop is FNV-1a, the finisher the one of MurmurHash3.
 */

/** Scrambles an int32 so that every input bit reaches every output bit. Returns an int32. */
export function scramble(input: number): number {
  let hash = input | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Folds one more integer (below 2^53 in size) into a running int32 hash. Returns an int32. */
export function mix(hash: number, value: number): number {
  let word = value | 0;
  // Above 32 bits `|` keeps the low word only: the high word is folded in by itself.
  if (word !== value) word = (word ^ Math.imul(Math.floor(value / 4294967296) | 0, 0x9e3779b1)) | 0;
  const mixed = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x1b873593);
  return (mixed << 15) | (mixed >>> 17);
}

/** Hash of a byte string (one byte a character), an int32. */
export function hashBytes(bytes: string): number {
  let hash = 0x811c9dc5;
  for (let offset = 0; offset < bytes.length; offset++) {
    hash = Math.imul(hash ^ bytes.charCodeAt(offset), 0x01000193);
  }
  return scramble(hash ^ bytes.length);
}

/** Folds a byte string into a running int32 hash. Returns an int32. */
export function mixBytes(hash: number, bytes: string): number {
  return mix(hash, hashBytes(bytes));
}
