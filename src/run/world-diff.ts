// What differs between two worlds, in words: `n2: raft.term 3 → 4`. For people, who look at one step or lay two futures side by
// side. The two worlds may be of different runs; parts that are the same object are passed over, so that neighbours cost little.

import { COUNTERS } from "../kernel/counter.ts";
import { hashPlain } from "../kernel/plain.ts";
import { formatMicros } from "../kernel/time.ts";
import { Entry, Message, messageTypeName } from "../raft/raft.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { World } from "../world/world.ts";

/** One difference. */
export interface Change {
  /** Whose: `n2`, `c1`, `n1→n3` (a link), `fault cut`, `counters`, `run`, … */
  readonly where: string;
  /** What of it, as a path: `raft.term`, `disk.durableEnd`, `log`. */
  readonly what: string;
  /** As read; `-` for what is not there. */
  readonly before: string;
  readonly after: string;
}

/** Differences beyond this many are not listed: two worlds that far apart are better told by their members. */
export const CHANGES_MAX = 2_000;

/** Fields that say nothing new: caches, marks of ownership, settings, hashes of what is listed itself, what was shown before. */
const SILENT: ReadonlySet<string> = new Set([
  "digested",
  "made",
  "owner",
  "config",
  "options",
  "office",
  "lastChain",
  "appliedChain",
  "digestLow",
  "digestHigh",
  "previousLead",
  "previousRole",
  "previousTerm",
  "previousVote",
  "previousCommit",
]);

/** Records on the way to a field whose names would only make its path longer. */
const TRANSPARENT: ReadonlySet<string> = new Set(["state", "backend"]);

const ROLES: readonly string[] = ["follower", "candidate", "leader", "pre-candidate"];

/** The differences from `before` to `after`, by owner. `scenario`, where given, lends faults their names. */
export function diffWorlds(before: World, after: World, scenario: Scenario | null = null): Change[] {
  const changes: Change[] = [];
  const { processes, clients, network, timetable, counters, ...rest } = after;
  const run: Record<string, unknown> = {};
  for (const name of Object.keys(rest)) run[name] = before[name as keyof World];
  walk({ where: "run", what: "", changes }, run, rest);
  eachOf(before.processes, processes, (id, x, y) => walk({ where: `n${id}`, what: "", changes }, x, y));
  eachOf(before.clients, clients, (id, x, y) => walk({ where: `c${id}`, what: "", changes }, x, y));
  eachOf(before.network.links, network.links, (from, x, y) =>
    eachOf(x ?? [], y ?? [], (to, one, other) => {
      // A link is made when it is first used: that it is there says nothing.
      if (one !== undefined && other !== undefined) walk({ where: `n${from}→n${to}`, what: "", changes }, one, other);
    }),
  );
  eachOf(before.timetable, timetable, (at, x, y) =>
    walk({ where: `fault ${scenario?.faults[at]?.id ?? at + 1}`, what: "", changes }, x, y),
  );
  eachOf(before.counters, counters, (at, x, y) =>
    walk({ where: "counters", what: COUNTERS[at] ?? `${at}`, changes }, x, y),
  );
  return changes;
}

/** A difference as one line. */
export function changeText({ where, what, before, after }: Change): string {
  return `${where}: ${what} ${before} → ${after}`;
}

function eachOf<T>(
  before: readonly T[],
  after: readonly T[],
  visit: (at: number, before: T | undefined, after: T | undefined) => void,
): void {
  if (before === after) return;
  const length = Math.max(before.length, after.length);
  for (let at = 0; at < length; at++) if (before[at] !== after[at]) visit(at, before[at], after[at]);
}

interface Place {
  readonly where: string;
  readonly what: string;
  readonly changes: Change[];
}

function below(place: Place, name: string, value: unknown): Place {
  if (TRANSPARENT.has(name) && isRecord(value)) return place;
  return { ...place, what: place.what === "" ? name : `${place.what}.${name}` };
}

function walk(place: Place, before: unknown, after: unknown): void {
  if (Object.is(before, after) || place.changes.length >= CHANGES_MAX) return;
  if (isChunked(before) && isChunked(after)) walkChunked(place, before, after);
  else if (isRecord(before) && isRecord(after)) walkRecord(place, before, after);
  else if (Array.isArray(before) && Array.isArray(after)) walkList(place, before, after);
  else if (before instanceof Map && after instanceof Map) walkMap(place, before, after);
  else if (!isAlike(before, after)) note(place, valueText(place.what, before), valueText(place.what, after));
}

/** Adds a difference; where two values differ in what is not spelled out, it says at least that they do. */
function note(place: Place, before: string, after: string): void {
  const later = before === after ? `${after}, with other content` : after;
  place.changes.push({ where: place.where, what: place.what, before, after: later });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function walkRecord(place: Place, before: Record<string, unknown>, after: Record<string, unknown>): void {
  for (const name of Object.keys(after)) {
    if (!SILENT.has(name)) walk(below(place, name, after[name] ?? before[name]), before[name], after[name]);
  }
}

/** Lists of records are compared by place; lists of values as a whole, so that a removed first item is one difference. */
function walkList(place: Place, before: readonly unknown[], after: readonly unknown[]): void {
  if (before.length === after.length && after.every((item) => isRecord(item))) {
    for (const [at, item] of after.entries()) {
      const name = place.what.endsWith("progress") ? `n${(item as { id: number }).id}` : at;
      walk({ ...place, what: `${place.what}[${name}]` }, before[at], item);
    }
    return;
  }
  let at = 0;
  while (at < before.length && at < after.length && isAlike(before[at], after[at])) at++;
  if (at === before.length && at === after.length) return;
  if (before.length <= ITEMS_SHOWN && after.length <= ITEMS_SHOWN) note(place, listText(before), listText(after));
  else {
    const what = `${place.what}[${at}]`;
    note({ ...place, what }, tailText(what, before, at), tailText(what, after, at));
  }
}

/** Equal by content, for items of lists that are told as a whole. */
function isAlike(before: unknown, after: unknown): boolean {
  return before === after || (typeof before === "object" && hashPlain(before, SILENT) === hashPlain(after, SILENT));
}

function walkMap(place: Place, before: ReadonlyMap<unknown, unknown>, after: ReadonlyMap<unknown, unknown>): void {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((x, y) => (String(x) < String(y) ? -1 : 1));
  for (const key of keys) walk({ ...place, what: `${place.what}[${String(key)}]` }, before.get(key), after.get(key));
}

// Logs and other growing lists are told by their ends and by where they part, not by their chunks.

interface Chunked {
  readonly chunks: readonly (readonly unknown[])[];
}

function isChunked(value: unknown): value is Chunked & Record<string, unknown> {
  return isRecord(value) && Array.isArray(value.chunks);
}

function walkChunked(
  place: Place,
  before: Chunked & Record<string, unknown>,
  after: Chunked & Record<string, unknown>,
): void {
  const { chunks: old, ...restBefore } = before;
  const { chunks: young, ...restAfter } = after;
  walkRecord(place, restBefore, restAfter);
  if (old === young || restBefore.origin !== restAfter.origin || restBefore.base !== restAfter.base) return;
  const first = Number(restAfter.origin ?? restAfter.base ?? 0);
  const [was, is] = [old.flat(), young.flat()];
  let at = 0;
  while (at < was.length && at < is.length && isAlike(was[at], is[at])) at++;
  if (at === was.length && at === is.length) return;
  const what = `${place.what}[${first + at}]`;
  note({ ...place, what }, tailText(what, was, at), tailText(what, is, at));
}

/** The first place where two lists part says it all: what follows differs too, or was added. */
function tailText(what: string, list: readonly unknown[], at: number): string {
  const more = list.length - at - 1;
  return more > 0 ? `${valueText(what, list[at])}, and ${more} more` : valueText(what, list[at]);
}

// Values.

function valueText(what: string, value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (typeof value === "number") {
    if (what.endsWith("role") || what.endsWith("Role")) return ROLES[value] ?? `${value}`;
    return what.endsWith("Micros") && value >= 0 ? formatMicros(value) : `${value}`;
  }
  if (typeof value === "string") return value === "" ? `""` : value;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return listText(value);
  if (value instanceof Map) return `${value.size} by key`;
  if (value instanceof Entry) return `entry ${value.index} of term ${value.term}`;
  if (value instanceof Message) return `${messageTypeName(value.type)} n${value.from}→n${value.to}`;
  return recordText(value as Record<string, unknown>);
}

/** Items that are spelled out. */
const ITEMS_SHOWN = 4;

function listText(list: readonly unknown[]): string {
  if (list.length === 0) return "none";
  const shown = list.slice(0, ITEMS_SHOWN).map((item) => valueText("", item));
  const more = list.length - shown.length;
  return `[${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}]`;
}

/** The first few plain fields of a record or of an immutable value. */
function recordText(value: Record<string, unknown>): string {
  const fields: string[] = [];
  for (const name of Object.keys(value)) {
    const field = value[name];
    if (SILENT.has(name) || typeof field === "object" || typeof field === "function") continue;
    fields.push(`${name} ${valueText(name, field)}`);
    if (fields.length === ITEMS_SHOWN) break;
  }
  return fields.length === 0 ? "{…}" : `{${fields.join(", ")}}`;
}
