/**
 * Hashes of byte strings and of the integers beside them, in 32-bit lanes, on top of `kernel/hash.ts`.
 *
 * Requests and key-value records are hashed once, when they are made; the digest of a whole store is a sum of such
 * hashes, so that one changed record costs one subtraction and one addition. Nothing here knows what is hashed.
 */

import { finish, hashString, mix as mixInt, mixWide } from "../kernel/hash.ts";

/** Spreads the bits of an int32. Returns an int32. */
export function scramble(input: number): number {
  return finish(input);
}

/** Folds one more integer (between -2^53 and 2^53) into a running int32 hash. Returns an int32. */
export function mix(hash: number, value: number): number {
  if ((value | 0) === value) return mixInt(hash, value);
  return value > 0 ? mixWide(hash, value) : mixInt(mixWide(hash, -value), 0x2d);
}

/** Hash of a byte string (one byte a character), an int32. */
export function hashBytes(bytes: string): number {
  return hashString(bytes, 0x2545f491);
}

/** Folds a byte string into a running int32 hash. Returns an int32. */
export function mixBytes(hash: number, bytes: string): number {
  return mixInt(hash, hashBytes(bytes));
}

/** Folds a list of byte strings into a running int32 hash, their number included. Returns an int32. */
export function mixList(hash: number, texts: readonly string[]): number {
  let folded = hash;
  for (const text of texts) folded = mixInt(folded, hashBytes(text));
  return mixInt(folded, texts.length);
}
