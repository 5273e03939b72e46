/**
 * Sizes of protobuf messages, as far as they decide something: request limits, quotas, message fragments.
 *
 * Nothing is encoded here but the one record whose bytes are hashed (`hash-kv.ts` does that); a size is computed once
 * when a request is made.
 */

/** Bytes of a base-128 varint of a non-negative integer below 2^53. */
export function varintSize(value: number): number {
  if (value < 0) return 10;
  let size = 1;
  let rest = value;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    size++;
  }
  return size;
}

/** Bytes of an integer field with a tag below 16; nothing when it has the default value. */
export function intFieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

/** Bytes of a boolean field with a tag below 16. */
export function boolFieldSize(value: boolean): number {
  return value ? 2 : 0;
}

/** Bytes of a length-delimited field with a tag below 16; nothing when it is empty. */
export function bytesFieldSize(length: number): number {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

/** Bytes of an embedded message with a tag below 16; it is written even when empty. */
export function messageFieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Bytes of an int64 field given as a decimal text. */
export function int64FieldSize(decimal: string): number {
  if (decimal === "0") return 0;
  return decimal.startsWith("-") ? 11 : 1 + varintSize(Number(decimal));
}
