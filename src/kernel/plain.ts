// Plain data: what a world is made of. One generic hash for all of it; copies are made room by room, where sharing is known.

import { finish, hashString, mix, mixWide } from "./hash.ts";

/**
 * Copies all fields of one object into another of the same class, for a fork that goes its own way: lists, Maps and Sets are
 * copied one level deep, everything else is shared. What is to be another in the fork is set afterwards. Returns `to`.
 */
export function copyFields<T extends object>(from: T, to: T): T {
  for (const name of Object.keys(from) as (keyof T)[]) {
    const value: unknown = from[name];
    let copy: unknown = value;
    if (Array.isArray(value)) copy = value.slice();
    else if (value instanceof Map) copy = new Map(value);
    else if (value instanceof Set) copy = new Set(value);
    to[name] = copy as T[keyof T];
  }
  return to;
}

/** A copy of records, lists and Maps all the way down; immutable values (class instances) are shared. */
export function clonePlain<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => clonePlain(item)) as T;
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, item] of value) copy.set(key, clonePlain(item));
    return copy as T;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) copy[name] = clonePlain(item);
  return copy as T;
}

const UNDEFINED = 0x6e756c;
const FALSE = 0x66;
const TRUE = 0x74;

/**
 * An int32 hash of plain data: numbers, texts, booleans, null, arrays, Maps (whatever their order), objects and immutable values
 * by their fields. Equal data hash alike. Fields named in `ignored` do not count: caches that say nothing new. Functions and
 * cycles have no place in plain data: it must be a tree, or share only what does not change.
 */
export function hashPlain(value: unknown, ignored: ReadonlySet<string> = NOTHING): number {
  return finish(hashInto(0x5bd1e995, value, ignored));
}

const NOTHING: ReadonlySet<string> = new Set();

function hashInto(h: number, value: unknown, ignored: ReadonlySet<string>): number {
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) && Math.abs(value) < Number.MAX_SAFE_INTEGER
        ? mixWide(mix(h, value < 0 ? 1 : 0), Math.abs(value))
        : mix(h, hashString(String(value)));
    case "string":
      return mix(h, hashString(value, 7));
    case "boolean":
      return mix(h, value ? TRUE : FALSE);
    case "object":
      break;
    default:
      return mix(h, UNDEFINED);
  }
  if (value === null) return mix(h, UNDEFINED);
  if (Array.isArray(value)) {
    let hash = mix(h, value.length);
    for (let i = 0; i < value.length; i++) hash = hashInto(hash, value[i], ignored);
    return hash;
  }
  // The order of Maps, Sets and fields says nothing: each entry is hashed by itself and the hashes are added up.
  let sum = 0;
  if (value instanceof Map) {
    for (const [key, entry] of value) sum = (sum + finish(hashInto(hashInto(1, key, ignored), entry, ignored))) | 0;
    return mix(mix(h, value.size), sum);
  }
  if (value instanceof Set) {
    for (const entry of value) sum = (sum + finish(hashInto(2, entry, ignored))) | 0;
    return mix(mix(h, value.size), sum);
  }
  for (const key of Object.keys(value)) {
    if (ignored.has(key)) continue;
    const field = (value as Record<string, unknown>)[key];
    if (typeof field === "function") continue;
    sum = (sum + finish(hashInto(hashString(key), field, ignored))) | 0;
  }
  return mix(h, sum);
}
