/**
 * CRC-32C (Castagnoli), the checksum of etcd's key-value hash: polynomial 0x1edc6f41, bits reflected.
 */

const TABLE: readonly number[] = makeTable();

function makeTable(): number[] {
  const table: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table.push(crc);
  }
  return table;
}

/** State of a checksum over nothing. */
export const CRC_START = -1 as const;

/** Feeds one byte (0..255) into the state. Returns the new state, an int32. */
export function crcByte(state: number, byte: number): number {
  return (state >>> 8) ^ (TABLE[(state ^ byte) & 0xff] as number);
}

/** Feeds a byte string into the state. Returns the new state, an int32. */
export function crcBytes(state: number, bytes: string): number {
  let crc = state;
  for (let offset = 0; offset < bytes.length; offset++) crc = crcByte(crc, bytes.charCodeAt(offset));
  return crc;
}

/** The checksum of what was fed, 0 to 2^32 - 1. */
export function crcResult(state: number): number {
  return ~state >>> 0;
}
