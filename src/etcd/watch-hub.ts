/**
 * The watches of one member: who has seen what, and what waits to be sent.
 *
 * Not replicated. A watcher is *synced* when it has been given everything up to the store's revision: then each new
 * revision is handed to it at once. One that starts in the past, or came behind, is *unsynced* and is served by a loop
 * (`syncWatchers`, once in 100 ms, 512 watchers and 1,000 revisions at a time). One whose stream is full becomes a *victim*:
 * what it was about to get is kept and tried again (`moveVictims`, once in 10 ms). After etcd
 * `storage/mvcc/watchable_store.go`, `watcher_group.go` and `etcdserver/api/v3rpc/watch.go`; where etcd walks a map in random
 * order, the order here is that of arrival.
 */

import { isTombstone, type KeyValue } from "./key-value.ts";
import { changesAt, type Store, versionAtRevision } from "./store.ts";
import { eventSize, INVALID_WATCH_ID, type WatchCreateRequest, WatchEvent, WatchResponse } from "./watch-api.ts";

/** The loop for unsynced watchers runs once in this time. */
export const SYNC_PERIOD_MICROS = 100_000 as const;
/** Victims are tried again once in this time. */
export const VICTIM_PERIOD_MICROS = 10_000 as const;
/** Watches that asked for it are told how far they are once in this time, unless events came. */
export const PROGRESS_PERIOD_MICROS = 600_000_000 as const;
/** Watchers that one round of the loop serves. */
export const SYNC_WATCHERS_MAX = 512 as const;
/** Revisions with events that one watcher gets in one round. */
export const SYNC_REVISIONS_MAX = 1000 as const;
/** Answers that wait on one stream for its reader; beyond it the stream is full. */
export const STREAM_ANSWERS_MAX = 128 as const;
/** An answer is cut into fragments at this size where the watch asked for it: 1.5 MiB a request and 512 KiB for overhead. */
export const FRAGMENT_BYTES = 2_097_152 as const;

/** One watch. */
export interface Watcher {
  readonly streamId: number;
  readonly id: number;
  readonly key: string;
  /** Null: no upper end; empty: the one key. */
  readonly end: string | null;
  readonly startRevision: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  /** The least revision it has not been given. */
  minRevision: number;
  state: "synced" | "unsynced" | "victim" | "compacted";
  /** While a victim: the events that wait, the revision they go up to, and where to read on (0: nowhere). */
  heldEvents: readonly KeyValue[];
  heldRevision: number;
  moreRevision: number;
  /** Whether a progress notice is due at the next tick: no events came since the last one. */
  progressDue: boolean;
  /** Its turn in the loops: the lowest is served first, and who is not done takes a new one. */
  turn: number;
}

/** One client's stream. */
export interface WatchStream {
  readonly id: number;
  nextWatchId: number;
  /** Answers that wait for the reader, oldest first. */
  answers: WatchResponse[];
}

/** All watches of a member. */
export interface WatchHub {
  streams: WatchStream[];
  nextStreamId: number;
  /** All watches of all streams, in the order they were opened. */
  watchers: Watcher[];
  nextTurn: number;
}

/** A hub without streams. */
export function createWatchHub(): WatchHub {
  return { streams: [], nextStreamId: 1, watchers: [], nextTurn: 1 };
}

/** A hub that goes its own way from here on; answers and events are shared, they never change. */
export function cloneWatchHub(hub: WatchHub): WatchHub {
  return {
    streams: hub.streams.map(({ id, nextWatchId, answers }) => ({ id, nextWatchId, answers: answers.slice() })),
    nextStreamId: hub.nextStreamId,
    watchers: hub.watchers.map((watcher) => ({ ...watcher })),
    nextTurn: hub.nextTurn,
  };
}

/** Opens a stream and gives its id. */
export function openStream(hub: WatchHub): number {
  const id = hub.nextStreamId++;
  hub.streams.push({ id, nextWatchId: 0, answers: [] });
  return id;
}

/** Ends a stream and all its watches. */
export function closeStream(hub: WatchHub, streamId: number): void {
  hub.streams = hub.streams.filter((stream) => stream.id !== streamId);
  hub.watchers = hub.watchers.filter((watcher) => watcher.streamId !== streamId);
}

/** The stream of that id; undefined when it was closed. */
export function findStream(hub: WatchHub, streamId: number): WatchStream | undefined {
  // Ids rise in the order of the list.
  const { streams } = hub;
  let low = 0;
  let high = streams.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const stream = streams[middle] as WatchStream;
    if (stream.id === streamId) return stream;
    if (stream.id < streamId) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Takes what waits on a stream, oldest first, at most `max` answers. */
export function takeAnswers(stream: WatchStream, max: number = STREAM_ANSWERS_MAX): WatchResponse[] {
  return stream.answers.splice(0, max);
}

const NO_EVENTS: readonly WatchEvent[] = Object.freeze([]);
const NO_KVS: readonly KeyValue[] = Object.freeze([]);

/** An answer without events. Control answers are not held back by a full stream. */
function control(
  stream: WatchStream,
  revision: number,
  watchId: number,
  created: boolean,
  canceled: boolean,
  reason: string,
): void {
  stream.answers.push(new WatchResponse(revision, watchId, created, canceled, 0, reason, false, NO_EVENTS));
}

/** Refuses a watch before it is opened: for a negative revision, or for want of a right. */
export function refuseWatch(stream: WatchStream, store: Store, reason: string): void {
  control(stream, store.revision, INVALID_WATCH_ID, true, true, reason);
}

/** Opens a watch on a stream, or refuses it there; the answer waits on the stream either way. */
export function createWatch(hub: WatchHub, store: Store, stream: WatchStream, request: WatchCreateRequest): void {
  const key = request.key === "" ? "\0" : request.key;
  const end = request.rangeEnd === "\0" ? null : request.rangeEnd;
  const reason = reasonAgainst(hub, stream, request, key, end);
  if (reason !== "") {
    refuseWatch(stream, store, reason);
    return;
  }
  let id = request.watchId;
  if (id === 0) {
    while (watcherOf(hub, stream, stream.nextWatchId) !== undefined) stream.nextWatchId++;
    id = stream.nextWatchId++;
  }
  const start = request.startRevision;
  const synced = start === 0 || start > store.revision;
  const watcher: Watcher = {
    streamId: stream.id,
    id,
    key,
    end,
    startRevision: start,
    noPut: request.noPut,
    noDelete: request.noDelete,
    prevKv: request.prevKv,
    progressNotify: request.progressNotify,
    fragment: request.fragment,
    minRevision: synced ? Math.max(start, store.revision + 1) : start,
    state: synced ? "synced" : "unsynced",
    heldEvents: NO_KVS,
    heldRevision: 0,
    moreRevision: 0,
    progressDue: true,
    turn: hub.nextTurn++,
  };
  hub.watchers.push(watcher);
  control(stream, store.revision, id, true, false, "");
}

function reasonAgainst(
  hub: WatchHub,
  stream: WatchStream,
  request: WatchCreateRequest,
  key: string,
  end: string | null,
): string {
  if (request.startRevision < 0) return "etcdserver: mvcc: required revision has been compacted";
  if (end !== null && end !== "" && key >= end) return "mvcc: watcher range is empty";
  if (request.watchId === 0 || watcherOf(hub, stream, request.watchId) === undefined) return "";
  return "mvcc: duplicate watch ID provided on the WatchStream";
}

function watcherOf(hub: WatchHub, stream: WatchStream, id: number): Watcher | undefined {
  return hub.watchers.find((watcher) => watcher.id === id && watcher.streamId === stream.id);
}

/** Ends a watch; an unknown id is met with silence. */
export function cancelWatch(hub: WatchHub, store: Store, stream: WatchStream, watchId: number): void {
  const watcher = watcherOf(hub, stream, watchId);
  if (watcher === undefined) return;
  hub.watchers = hub.watchers.filter((other) => other.id !== watchId || other.streamId !== stream.id);
  control(stream, store.revision, watchId, false, true, "");
}

/** Answers a progress request: only when every watch of the stream is up to date, and there is one. */
export function requestProgress(hub: WatchHub, store: Store, stream: WatchStream): void {
  if (store.options.mutations.progressOvertakesEvents) {
    // The planted bug: the notice is made from the store's revision and passes all that waits.
    const notice = new WatchResponse(store.revision, INVALID_WATCH_ID, false, false, 0, "", false, NO_EVENTS);
    stream.answers.unshift(notice);
    return;
  }
  const watchers = hub.watchers.filter((watcher) => watcher.streamId === stream.id);
  if (watchers.length === 0 || !watchers.every((watcher) => isCurrent(store, watcher))) return;
  // The notice stands in the same queue as the events; on a full stream it is left out.
  if (stream.answers.length < STREAM_ANSWERS_MAX) control(stream, store.revision, INVALID_WATCH_ID, false, false, "");
}

function isCurrent(store: Store, watcher: Watcher): boolean {
  return watcher.state === "synced" && store.revision >= watcher.startRevision;
}

/** Tells every watch that asked for it how far it is, unless it got events since the last time. */
export function tickProgress(hub: WatchHub, store: Store): void {
  for (const watcher of hub.watchers) {
    if (!watcher.progressNotify) continue;
    const stream = findStream(hub, watcher.streamId);
    const room = stream !== undefined && stream.answers.length < STREAM_ANSWERS_MAX;
    if (watcher.progressDue && room && isCurrent(store, watcher)) {
      control(stream, store.revision, watcher.id, false, false, "");
    }
    watcher.progressDue = true;
  }
}

function watches(watcher: Watcher, key: string): boolean {
  const { end } = watcher;
  if (end === "") return watcher.key === key;
  return key >= watcher.key && (end === null || key < end);
}

/** Hands what the store's newest revision wrote to the synced watchers. To be called after each revision. */
export function notifyWatchers(hub: WatchHub, store: Store): void {
  if (hub.watchers.length === 0) return;
  const { revision } = store;
  const changes = changesAt(store, revision);
  for (const watcher of hub.watchers) {
    if (watcher.state !== "synced") continue;
    let events: KeyValue[] | null = null;
    for (const kv of changes) {
      if (kv.modRevision < watcher.minRevision || !watches(watcher, kv.key)) continue;
      if (events === null) events = [kv];
      else events.push(kv);
    }
    if (events === null) continue;
    const sent = send(hub, store, watcher, events, revision);
    if (!sent) hold(watcher, events, revision, 0);
    // The planted bug leaves the mark of an up-to-date watcher where it was; a restore then goes back to it.
    if (!sent || !store.options.mutations.watchReplaysAfterSnapshot) watcher.minRevision = revision + 1;
  }
}

function hold(watcher: Watcher, events: readonly KeyValue[], revision: number, moreRevision: number): void {
  watcher.state = "victim";
  watcher.heldEvents = events;
  watcher.heldRevision = revision;
  watcher.moreRevision = moreRevision;
}

/** The watchers in that state, those whose turn it is first. */
function inTurn(hub: WatchHub, state: Watcher["state"]): Watcher[] {
  return hub.watchers.filter((watcher) => watcher.state === state).sort((a, b) => a.turn - b.turn);
}

/** Puts events on the watcher's stream, as many of them as its filters let through. False when the stream is full. */
function send(hub: WatchHub, store: Store, watcher: Watcher, changes: readonly KeyValue[], revision: number): boolean {
  const stream = findStream(hub, watcher.streamId);
  if (stream === undefined) return true;
  const wanted = changes.filter((kv) => !(isTombstone(kv) ? watcher.noDelete : watcher.noPut));
  if (wanted.length === 0) return true;
  if (stream.answers.length >= STREAM_ANSWERS_MAX) return false;
  watcher.progressDue = false;
  const events = wanted.map((kv) => new WatchEvent(kv, watcher.prevKv ? previousOf(store, kv) : null));
  if (watcher.fragment) pushFragments(stream, watcher.id, events, revision);
  else stream.answers.push(new WatchResponse(revision, watcher.id, false, false, 0, "", false, events));
  return true;
}

/** The version before `kv`, where that was a live one and is not compacted. */
function previousOf(store: Store, kv: KeyValue): KeyValue | null {
  if (kv.createRevision === kv.modRevision || kv.modRevision - 1 < store.compactRevision) return null;
  return versionAtRevision(store, kv.key, kv.modRevision - 1);
}

/** Cuts an answer so that each part stays below the limit, or holds one event alone. */
function pushFragments(stream: WatchStream, watchId: number, events: readonly WatchEvent[], revision: number): void {
  // The header's ids and its revision, and the watch id, are in every part.
  const overhead = 40;
  let from = 0;
  while (from < events.length) {
    let bytes = overhead + eventSize(events[from] as WatchEvent);
    let to = from + 1;
    for (; to < events.length; to++) {
      bytes += eventSize(events[to] as WatchEvent);
      if (bytes >= FRAGMENT_BYTES) break;
    }
    const part = events.slice(from, to);
    stream.answers.push(new WatchResponse(revision, watchId, false, false, 0, "", to < events.length, part));
    from = to;
  }
}

/** One round of the loop that serves unsynced watchers. Gives the number of those that stay unsynced. */
export function syncWatchers(hub: WatchHub, store: Store): number {
  const unsynced = inTurn(hub, "unsynced");
  for (const watcher of unsynced.slice(0, SYNC_WATCHERS_MAX)) {
    syncWatcher(hub, store, watcher);
    watcher.turn = hub.nextTurn++;
  }
  return unsynced.filter((watcher) => watcher.state === "unsynced").length;
}

function syncWatcher(hub: WatchHub, store: Store, watcher: Watcher): void {
  const { mutations } = store.options;
  if (watcher.minRevision < store.compactRevision) {
    if (tellCompacted(hub, store, watcher) || !mutations.watchLostOnCompaction) return;
    // The planted bug: the notice found no room and the watcher goes on at the head.
    watcher.minRevision = store.revision + 1;
  }
  const batch = gather(store, watcher);
  const head = store.revision + 1;
  watcher.minRevision = mutations.futureWatchGetsPast ? head : Math.max(head, watcher.minRevision);
  if (batch.moreRevision !== 0) watcher.minRevision = batch.moreRevision;
  if (batch.events.length > 0 && !send(hub, store, watcher, batch.events, store.revision)) {
    hold(watcher, batch.events, store.revision, batch.moreRevision);
  } else if (batch.moreRevision === 0) watcher.state = "synced";
}

/** Cancels a watcher that a compaction has passed. False when its stream is full. */
function tellCompacted(hub: WatchHub, store: Store, watcher: Watcher): boolean {
  const stream = findStream(hub, watcher.streamId);
  if (stream === undefined) return true;
  if (stream.answers.length >= STREAM_ANSWERS_MAX) return false;
  const { compactRevision } = store;
  stream.answers.push(new WatchResponse(0, watcher.id, false, true, compactRevision, "", false, NO_EVENTS));
  watcher.state = "compacted";
  return true;
}

interface Batch {
  events: KeyValue[];
  /** Where to read on; 0 when the batch reaches the head. */
  moreRevision: number;
}

/** The changes a watcher has not been given, at most `SYNC_REVISIONS_MAX` revisions of them. */
function gather(store: Store, watcher: Watcher): Batch {
  const batch: Batch = { events: [], moreRevision: 0 };
  let revisions = 0;
  for (let revision = watcher.minRevision; revision <= store.revision; revision++) {
    let seen = false;
    for (const kv of changesAt(store, revision)) {
      if (!watches(watcher, kv.key)) continue;
      if (!seen && ++revisions > SYNC_REVISIONS_MAX) {
        batch.moreRevision = revision;
        return batch;
      }
      seen = true;
      batch.events.push(kv);
    }
  }
  return batch;
}

/** Tries once more to hand victims what waits for them. Gives the number of those that got it. */
export function moveVictims(hub: WatchHub, store: Store): number {
  let moved = 0;
  for (const watcher of inTurn(hub, "victim")) {
    if (!send(hub, store, watcher, watcher.heldEvents, watcher.heldRevision)) continue;
    moved++;
    if (watcher.moreRevision !== 0) watcher.minRevision = watcher.moreRevision;
    watcher.heldEvents = NO_KVS;
    watcher.moreRevision = 0;
    watcher.state = watcher.minRevision <= store.revision ? "unsynced" : "synced";
    watcher.turn = hub.nextTurn++;
  }
  return moved;
}

/** The member's store was replaced by a snapshot: whoever was up to date may have missed revisions and catches up. */
export function restoreWatchers(hub: WatchHub): void {
  for (const watcher of hub.watchers) {
    if (watcher.state !== "synced") continue;
    watcher.state = "unsynced";
    watcher.turn = hub.nextTurn++;
  }
}

/** Whether somebody waits for the loop that serves those who lag. */
export function hasUnsynced(hub: WatchHub): boolean {
  for (const { state } of hub.watchers) if (state === "unsynced") return true;
  return false;
}

/** Whether somebody waits with events for a stream that has room again. */
export function hasReadyVictims(hub: WatchHub): boolean {
  for (const { state, streamId } of hub.watchers) {
    if (state !== "victim") continue;
    const stream = findStream(hub, streamId);
    if (stream !== undefined && stream.answers.length < STREAM_ANSWERS_MAX) return true;
  }
  return false;
}

/** Whether nothing waits for a loop: no unsynced watchers and no victims. */
export function isSettled(hub: WatchHub): boolean {
  return hub.watchers.every(({ state }) => state !== "unsynced" && state !== "victim");
}
