/**
 * Log entries, their sizes, and the chain hash that makes comparing two logs a comparison of two integers.
 *
 * What is unknown here: what a payload means. Only its size and a hash of its content are looked at.
 * The chain hash is `bugs/CATALOGUE.md` §2: h(i) = H(h(i-1), term, index, type, payload); two logs agree up to i exactly
 * when their h(i) agree (up to hash collisions). Sizes are those of etcd's protobuf encoding, because the limits
 * of etcd's configuration are counted in them.
 */

/** Kinds of entries, in etcd's order. */
export const EntryType = { EntryNormal: 0, EntryConfChange: 1, EntryConfChangeV2: 2 } as const;
/** One of the values of `EntryType`, 0 to 2. */
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

const ENTRY_TYPE_NAMES: readonly string[] = Object.freeze(["EntryNormal", "EntryConfChange", "EntryConfChangeV2"]);

/** Returns etcd's name of an entry type. */
export function entryTypeName(type: number): string {
  return ENTRY_TYPE_NAMES[type] ?? `${type}`;
}

/** What an entry carries. Immutable; whoever makes it computes both numbers once. */
export interface Payload {
  /** Length in bytes as it counts against limits. */
  readonly size: number;
  /** int32 hash of the content. */
  readonly hash: number;
}

/** One log entry. Immutable and shared by all logs, messages and Readys that hold it. */
export class Entry {
  /** 1 and up; 0 in a proposal that no leader has accepted yet. */
  readonly index: number;
  /** Term of the leader that created it; 0 in a proposal. */
  readonly term: number;
  readonly type: number;
  /** null: the empty entry of a new leader, a refused configuration change, or the empty change that leaves a joint configuration. */
  readonly data: Payload | null;
  /** Bytes of the protobuf encoding (SPEC 6.8). */
  readonly size: number;
  /** Chain hash of the entry before it in the log of the leader that created it. */
  readonly previousChain: number;
  /** Chain hash including this entry. */
  readonly chain: number;

  constructor(
    index: number,
    term: number,
    type: number,
    data: Payload | null,
    size: number,
    previousChain: number,
    chain: number,
  ) {
    this.index = index;
    this.term = term;
    this.type = type;
    this.data = data;
    this.size = size;
    this.previousChain = previousChain;
    this.chain = chain;
  }
}

/** Returns the bytes a protobuf varint of this non-negative integer takes, 1 to 8 (below 2^53). */
export function varintSize(value: number): number {
  if (value < 128) return 1;
  if (value < 16384) return 2;
  if (value < 2097152) return 3;
  if (value < 268435456) return 4;
  let size = 5;
  for (let rest = Math.floor(value / 34359738368); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/**
 * Returns the encoded size of an entry in bytes. The type takes two bytes where it is written at all, which is on
 * configuration changes, and on the empty entry that replaces a refused one (`refused`).
 */
export function entrySize(index: number, term: number, type: number, data: Payload | null, refused: boolean): number {
  let size = 2 + varintSize(term) + varintSize(index);
  if (type !== 0 || refused) size += 2;
  if (data !== null) size += 1 + varintSize(data.size) + data.size;
  return size;
}

/** Returns the int32 chain hash of an entry that follows `previousChain`. A murmur-like mix of 32-bit lanes. */
export function chainHash(
  previousChain: number,
  term: number,
  index: number,
  type: number,
  data: Payload | null,
): number {
  let h = Math.imul(previousChain ^ Math.imul(term, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul((h ^ (h >>> 15)) + Math.imul(index, 0x27d4eb2f), 0xc2b2ae35);
  h = Math.imul((h ^ (h >>> 13)) + (data === null ? 0x165667b1 : data.hash) + Math.imul(type, 0x2545f491), 0x9e3779b1);
  return h ^ (h >>> 16);
}

/** Returns the entry that a leader appends at `index`, after an entry whose chain hash is `previousChain`. */
export function createEntry(
  index: number,
  term: number,
  type: number,
  data: Payload | null,
  previousChain: number,
): Entry {
  return new Entry(
    index,
    term,
    type,
    data,
    entrySize(index, term, type, data, false),
    previousChain,
    chainHash(previousChain, term, index, type, data),
  );
}

/** Returns the empty entry that takes the place of a refused configuration change in the log. */
export function createRefusedEntry(index: number, term: number, previousChain: number): Entry {
  const size = entrySize(index, term, EntryType.EntryNormal, null, true);
  return new Entry(index, term, 0, null, size, previousChain, chainHash(previousChain, term, index, 0, null));
}

/** Returns an entry as it stands in a MsgProp: no index, no term, no place in a chain. */
export function createProposal(type: number, data: Payload | null): Entry {
  return new Entry(0, 0, type, data, data === null ? 0 : 1 + varintSize(data.size) + data.size, 0, 0);
}

/** True for both kinds of configuration changes. */
export function isConfChangeEntry(entry: Entry): boolean {
  return entry.type !== EntryType.EntryNormal;
}
