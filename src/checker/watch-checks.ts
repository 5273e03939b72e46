// What a watch promises, checked as its answers are read by the client. For each opening of a watch there is a cursor: the next
// change in the one order of all changes that the watch has not been given. Which changes there are is known from the model, so
// that what was left out, given twice or made up shows at once. Watches are not linearizable: they may lag as long as they like.
// After the bug catalogue's section on watches.

import type { Client } from "../client/client.ts";
import type { ClientWatch } from "../client/watching.ts";
import { isTombstone, type KeyValue } from "../etcd/key-value.ts";
import type { WatchEvent, WatchResponse } from "../etcd/watch-api.ts";
import { itemAt } from "../kernel/chunked.ts";
import type { Ghost, VersionGhost, WatchGhost } from "./ghost.ts";
import { modelAt } from "./kv-model.ts";
import type { Findings } from "./violation.ts";

/** Clients number their watches below this. */
const OPERATIONS = 1_000_000_000;

/** A place in the order of all changes. */
interface Change {
  readonly revision: number;
  /** Place among the changes of the revision. */
  readonly sub: number;
  readonly key: string;
}

function nameOf(client: Client, watch: ClientWatch): number {
  return client.id * OPERATIONS + watch.operation;
}

function describe(client: Client, watch: ClientWatch): string {
  const what = watch.rangeEnd === "" ? watch.key : `${watch.key}…`;
  return `the watch of c${client.id} on ${what}, served by n${watch.member},`;
}

/** A watch was asked for: it is to get all from the revision it names, or from now on. */
export function noteWatchOpened(ghost: Ghost, client: Client, watch: ClientWatch): void {
  const { key, rangeEnd, noPut, prevKv, askedRevision } = watch;
  ghost.watches.set(nameOf(client, watch), {
    key,
    rangeEnd,
    noPut,
    prevKv,
    from: askedRevision,
    next: askedRevision,
    sub: 0,
    given: 0,
    notice: 0,
  });
}

/** Its connection broke, or it is over. One that is to be opened anew keeps its place until then. */
export function noteWatchEnded(ghost: Ghost, client: Client, watch: ClientWatch): void {
  if (watch.state !== "over") return;
  const name = nameOf(client, watch);
  ghost.watches.delete(name);
  ghost.ahead.delete(name);
}

/** A new cluster begins with a backup of that revision: who had been given more goes on from what never was there. */
export function carryWatches(ghost: Ghost, before: ReadonlyMap<number, WatchGhost>, revision: number): void {
  for (const [name, { next }] of before) if (next > revision + 1) ghost.ahead.set(name, next);
}

/** Something arrived on a watch. */
export function checkDelivery(
  ghost: Ghost,
  out: Findings,
  client: Client,
  watch: ClientWatch,
  response: WatchResponse,
): void {
  const cursor = ghost.watches.get(nameOf(client, watch));
  if (cursor === undefined) return;
  if (response.canceled) {
    checkCancel(ghost, out, client, watch, cursor, response);
    return;
  }
  if (response.created) {
    if (cursor.next === 0) {
      // From now on: what the member has by now is not asked for.
      cursor.next = response.revision + 1;
      cursor.from = cursor.next;
    }
    return;
  }
  const ahead = ghost.ahead.get(nameOf(client, watch));
  if (ahead !== undefined && watch.askedRevision === ahead) {
    const text = `${describe(client, watch)} goes on from revision ${ahead} of the cluster before the restore as if nothing had happened`;
    out.report("watch-resumable", [watch.member], text);
    ghost.ahead.delete(nameOf(client, watch));
  }
  if (cursor.next <= ghost.modelPruned) cursor.next = ghost.modelPruned + 1;
  if (response.events.length === 0) checkNotice(ghost, out, client, watch, cursor, response.revision);
  else checkEvents(ghost, out, client, watch, cursor, response);
}

/** A watch may be refused for what is compacted; then it must have wanted something that is. */
function checkCancel(
  ghost: Ghost,
  out: Findings,
  client: Client,
  watch: ClientWatch,
  cursor: WatchGhost,
  { compactRevision }: WatchResponse,
): void {
  if (compactRevision === 0) return;
  const who = describe(client, watch);
  // What it was given, not what it was told or what there is: where nothing of its keys changes the member does not remember how
  // far it is, and as in etcd a notice of progress leaves the watch where it was. A snapshot then takes it up from there.
  const reached = Math.max(cursor.from, cursor.given + 1);
  if (compactRevision > ghost.modelCompacted) {
    const text = `${who} was told that revision ${compactRevision} is compacted, and nobody compacted it`;
    out.report("watch-resumable", [watch.member], text);
  } else if (reached >= compactRevision) {
    const text = `${who} was ended for the compaction at ${compactRevision}, and wanted only what is after ${reached - 1}`;
    out.report("watch-resumable", [watch.member], text);
  }
}

/** A notice says: all up to this revision was given. Nothing at or below it may follow. */
function checkNotice(
  ghost: Ghost,
  out: Findings,
  client: Client,
  watch: ClientWatch,
  cursor: WatchGhost,
  revision: number,
): void {
  const who = describe(client, watch);
  const report = (text: string): void => out.report("watch-bookmarkable", [watch.member], `${who} ${text}`);
  if (revision > ghost.modelRevision) {
    report(`was told that it is at revision ${revision}, which was never reached`);
    return;
  }
  if (revision < Math.max(cursor.given, cursor.notice, cursor.from - 1)) {
    report(`was told that it is at revision ${revision}; it was at ${Math.max(cursor.given, cursor.from - 1)} before`);
    return;
  }
  const missing = nextChange(ghost, cursor, revision);
  if (missing !== null) {
    report(
      `was told that it is at revision ${revision}, and was not given ${missing.key} of revision ${missing.revision}`,
    );
  }
  cursor.notice = revision;
  if (revision >= cursor.next) moveTo(cursor, revision + 1, 0);
}

function checkEvents(
  ghost: Ghost,
  out: Findings,
  client: Client,
  watch: ClientWatch,
  cursor: WatchGhost,
  response: WatchResponse,
): void {
  const { events } = response;
  const members = [watch.member];
  const who = describe(client, watch);
  for (let at = 1; at < events.length; at++) {
    const revision = (events[at] as WatchEvent).kv.modRevision;
    const before = (events[at - 1] as WatchEvent).kv.modRevision;
    if (revision >= before || revision < cursor.next) continue;
    out.report("watch-ordered", members, `${who} got revision ${revision} after revision ${before}`);
    return;
  }
  for (const event of events) checkEvent(ghost, out, members, who, cursor, event);
  if (response.fragment) return;
  const last = cursor.given;
  if (cursor.next > last) return;
  const missing = nextChange(ghost, cursor, last);
  if (missing !== null) {
    const text = `${who} got a part of revision ${last}: ${missing.key} was not in the answer`;
    out.report("watch-atomic", members, text);
  }
  moveTo(cursor, last + 1, 0);
}

function checkEvent(
  ghost: Ghost,
  out: Findings,
  members: readonly number[],
  who: string,
  cursor: WatchGhost,
  event: WatchEvent,
): void {
  const { kv } = event;
  const { key, modRevision: revision } = kv;
  if (revision <= ghost.modelPruned) return;
  if (revision < cursor.from) {
    const text = `${who} asked for what is from revision ${cursor.from} on and got ${key} of revision ${revision}`;
    out.report("watch-ordered", members, text);
    return;
  }
  if (revision < cursor.next) {
    const again = revision <= cursor.notice && revision > cursor.given;
    const text = again
      ? `${who} got ${key} of revision ${revision} after it was told that it is at ${cursor.notice}`
      : `${who} got ${key} of revision ${revision} again, after revision ${cursor.given}`;
    out.report(again ? "watch-bookmarkable" : "watch-unique", members, text);
    return;
  }
  let expected = nextChange(ghost, cursor, revision);
  if (expected !== null && expected.revision < revision) {
    const what = cursor.given === 0 ? "watch-resumable" : "watch-reliable";
    const since = cursor.given === 0 ? `asked for revision ${cursor.from}` : `had revision ${cursor.given}`;
    const text = `${who} ${since} and then got revision ${revision}: ${expected.key} of revision ${expected.revision} was left out`;
    out.report(what, members, text);
    moveTo(cursor, revision, 0);
    expected = nextChange(ghost, cursor, revision);
  }
  if (expected === null) {
    const text = `${who} got ${key} of revision ${revision}, and there was no such change to be had`;
    out.report("watch-reliable", members, text);
    return;
  }
  if (expected.key !== key) {
    const text = `${who} got ${key} of revision ${revision} before ${expected.key}, which was written before it`;
    out.report("watch-ordered", members, text);
  }
  moveTo(cursor, revision, expected.sub + 1);
  cursor.given = revision;
  checkContent(ghost, out, members, who, cursor, event);
}

/** Key, value and what was there before agree with the model. */
function checkContent(
  ghost: Ghost,
  out: Findings,
  members: readonly number[],
  who: string,
  cursor: WatchGhost,
  { kv, prevKv }: WatchEvent,
): void {
  const { key, modRevision } = kv;
  const version = changeOf(ghost, key, modRevision);
  if (version === null || !agrees(kv, version)) {
    const text = `${who} got ${key} of revision ${modRevision} as it never was`;
    out.report("watch-reliable", members, text);
    return;
  }
  if (!cursor.prevKv) {
    if (prevKv !== null) out.report("watch-reliable", members, `${who} got what was before ${modRevision}, unasked`);
    return;
  }
  // What is compacted cannot be given any more; which members have compacted it already is not known here.
  if (prevKv === null && modRevision - 1 < ghost.modelCompacted) return;
  if (modRevision - 1 <= ghost.modelPruned) return;
  const before = modelAt(ghost, key, modRevision - 1);
  if (before === null ? prevKv !== null : prevKv === null || !agrees(prevKv, before)) {
    const text = `${who} got ${key} of revision ${modRevision} with another version before it than there was`;
    out.report("watch-reliable", members, text);
  }
}

function agrees(kv: KeyValue, version: VersionGhost): boolean {
  if (isTombstone(kv)) return version.value === null;
  return (
    kv.value === version.value &&
    kv.modRevision === version.mod &&
    kv.createRevision === version.create &&
    kv.version === version.version &&
    kv.lease === version.lease
  );
}

function moveTo(cursor: WatchGhost, revision: number, sub: number): void {
  cursor.next = revision;
  cursor.sub = sub;
}

/** What was done to the key at exactly this revision; null: nothing. O(log n). */
function changeOf(ghost: Ghost, key: string, revision: number): VersionGhost | null {
  const versions = ghost.model.get(key);
  if (versions === undefined) return null;
  const at = firstFrom(versions, revision);
  const found = versions[at];
  return found !== undefined && found.mod === revision ? found : null;
}

/** Position of the first version of that revision or a later one. */
function firstFrom(versions: readonly VersionGhost[], revision: number): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((versions[middle] as VersionGhost).mod < revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The first change from the cursor on, up to a revision, that the watch is to be given; null: there is none. O(log n) for a
 * watch of one key; for a range each change is looked at once a watch, since what does not match is passed for good.
 */
function nextChange(ghost: Ghost, cursor: WatchGhost, until: number): Change | null {
  if (cursor.rangeEnd === "") return nextOfKey(ghost, cursor, until);
  for (let revision = cursor.next; revision <= until; revision++) {
    const keys = itemAt(ghost.changed, revision);
    if (keys === undefined) continue;
    let sub = revision === cursor.next ? cursor.sub : 0;
    const count = typeof keys === "string" ? 1 : keys.length;
    for (; sub < count; sub++) {
      const key = typeof keys === "string" ? keys : (keys[sub] as string);
      if (matches(ghost, cursor, key, revision)) {
        moveTo(cursor, revision, sub);
        return { revision, sub, key };
      }
    }
  }
  return null;
}

function nextOfKey(ghost: Ghost, cursor: WatchGhost, until: number): Change | null {
  const { key } = cursor;
  const versions = ghost.model.get(key);
  if (versions === undefined) return null;
  // One key changes once a revision.
  const from = cursor.sub > 0 ? cursor.next + 1 : cursor.next;
  for (let at = firstFrom(versions, from); at < versions.length; at++) {
    const version = versions[at] as VersionGhost;
    if (version.mod > until) return null;
    if (version.value === null || !cursor.noPut) return { revision: version.mod, sub: 0, key };
  }
  return null;
}

function matches(ghost: Ghost, { key: from, rangeEnd, noPut }: WatchGhost, key: string, revision: number): boolean {
  if (key < from || (rangeEnd !== "\0" && key >= rangeEnd)) return false;
  return !noPut || changeOf(ghost, key, revision)?.value === null;
}

/** The lowest revision that some watch has still to be given, after each has passed what is none of its business. */
export function lowestWanted(ghost: Ghost): number {
  let lowest = ghost.modelRevision + 1;
  for (const cursor of ghost.watches.values()) {
    if (cursor.next === 0) continue;
    const wanted = nextChange(ghost, cursor, ghost.modelRevision);
    if (wanted === null) {
      if (cursor.next <= ghost.modelRevision) moveTo(cursor, ghost.modelRevision + 1, 0);
    } else if (wanted.revision < lowest) lowest = wanted.revision;
  }
  return lowest;
}
