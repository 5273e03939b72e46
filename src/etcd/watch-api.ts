/**
 * Requests and answers of etcd's Watch service, as immutable values.
 *
 * A stream carries many watches, told apart by their ids; an answer belongs to one of them, or to the stream as a whole
 * (`INVALID_WATCH_ID`).
 */

import { isTombstone, type KeyValue, NO_LEASE } from "./key-value.ts";
import { bytesFieldSize, int64FieldSize, intFieldSize, messageFieldSize } from "./wire.ts";

/** Stands for no watch in particular: refusals and progress of a whole stream. */
export const INVALID_WATCH_ID = -1 as const;

/** `WatchCreateRequest.FilterType`. */
export const WatchFilter = { NOPUT: 0, NODELETE: 1 } as const;

/** Opens a watch. */
export class WatchCreateRequest {
  readonly kind: "create";
  /** Empty stands for the key `\0`. */
  readonly key: string;
  readonly rangeEnd: string;
  /** First revision wanted; 0 means from now on. */
  readonly startRevision: number;
  readonly progressNotify: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  /** Id wished for; 0 lets the stream choose. */
  readonly watchId: number;
  readonly fragment: boolean;

  constructor(
    key: string,
    rangeEnd: string,
    startRevision = 0,
    prevKv = false,
    noPut = false,
    noDelete = false,
    progressNotify = false,
    watchId = 0,
    fragment = false,
  ) {
    this.kind = "create";
    this.key = key;
    this.rangeEnd = rangeEnd;
    this.startRevision = startRevision;
    this.progressNotify = progressNotify;
    this.noPut = noPut;
    this.noDelete = noDelete;
    this.prevKv = prevKv;
    this.watchId = watchId;
    this.fragment = fragment;
  }
}

/** Ends a watch. */
export class WatchCancelRequest {
  readonly kind: "cancel";
  readonly watchId: number;

  constructor(watchId: number) {
    this.kind = "cancel";
    this.watchId = watchId;
  }
}

/** Asks how far the stream is. */
export class WatchProgressRequest {
  readonly kind: "progress";

  constructor() {
    this.kind = "progress";
  }
}

/** What a client sends on a watch stream; null for a message that names none of them. */
export type WatchRequest = WatchCreateRequest | WatchCancelRequest | WatchProgressRequest | null;

/** A put, or (with a tombstone) a delete, and where asked for what was there before. */
export class WatchEvent {
  readonly kv: KeyValue;
  readonly prevKv: KeyValue | null;

  constructor(kv: KeyValue, prevKv: KeyValue | null) {
    this.kv = kv;
    this.prevKv = prevKv;
  }
}

/** One message of a watch stream. */
export class WatchResponse {
  /** Of the header: how far the answer goes; 0 with a compacted cancellation. */
  readonly revision: number;
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** More of the same revision follows in the next message. */
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];

  constructor(
    revision: number,
    watchId: number,
    created: boolean,
    canceled: boolean,
    compactRevision: number,
    cancelReason: string,
    fragment: boolean,
    events: readonly WatchEvent[],
  ) {
    this.revision = revision;
    this.watchId = watchId;
    this.created = created;
    this.canceled = canceled;
    this.compactRevision = compactRevision;
    this.cancelReason = cancelReason;
    this.fragment = fragment;
    this.events = events;
  }
}

/** Bytes of a record in protobuf form. */
export function keyValueSize(kv: KeyValue): number {
  const { key, createRevision, modRevision, version, value, lease } = kv;
  const size = bytesFieldSize(key.length) + intFieldSize(createRevision) + intFieldSize(modRevision);
  const rest = intFieldSize(version) + bytesFieldSize(value.length);
  return size + rest + (lease === NO_LEASE ? 0 : int64FieldSize(lease));
}

/** Bytes of an event in protobuf form, as a field of its answer. */
export function eventSize(event: WatchEvent): number {
  let size = isTombstone(event.kv) ? 2 : 0;
  size += messageFieldSize(keyValueSize(event.kv));
  if (event.prevKv !== null) size += messageFieldSize(keyValueSize(event.prevKv));
  return messageFieldSize(size);
}
