/**
 * What a trace's names stand for, and whether an answer is the recorded one.
 *
 * Recorded answers hold names (`$m1`, `$lease1`) where real etcd differs from run to run. A name that is known is replaced
 * by what it stands for; a member's name that is met for the first time comes to stand for what the model answers there.
 * Fields that were taken out of the traces are taken out here, lists whose order means nothing are sorted on both sides.
 */

import { createHash } from "node:crypto";
import { decodeBase64, encodeBase64 } from "../../etcd/base64.ts";
import type { Json } from "../../etcd/gateway.ts";

/** What names stand for. */
export interface Bindings {
  readonly names: Map<string, string>;
}

/** No names. */
export function bindingsOf(): Bindings {
  return { names: new Map() };
}

type Fields = { readonly [name: string]: Json };

function isFields(value: Json): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** A request with names replaced and `$fill` written out. */
export function expandRequest(value: Json, bindings: Bindings): Json {
  if (typeof value === "string") return bindings.names.get(value) ?? value;
  if (isList(value)) return value.map((item) => expandRequest(item, bindings));
  if (!isFields(value)) return value;
  const fill = value.$fill;
  if (fill !== undefined && isFields(fill)) {
    return encodeBase64(String.fromCharCode(Number(fill.byte)).repeat(Number(fill.len)));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, expandRequest(item, bindings)]));
}

/** Longest key or value that stands in the traces as it is. */
const BYTES_SHOWN_MAX = 1024;
/** Fields that the traces leave out. */
const LEFT_OUT: ReadonlySet<string> = new Set(["dbSize", "dbSizeInUse", "raftIndex", "raftAppliedIndex", "raftTerm"]);
/** Lists whose order means nothing. */
const UNORDERED: ReadonlySet<string> = new Set(["members", "peerURLs", "alarms", "leases", "keys"]);

function shortened(text: string): string {
  if (text.length <= BYTES_SHOWN_MAX) return text;
  const bytes = decodeBase64(text);
  if (bytes === null || bytes.length <= BYTES_SHOWN_MAX) return text;
  const hash = createHash("sha256").update(Buffer.from(bytes, "latin1")).digest("hex");
  return `$bytes:${bytes.length}:${hash.slice(0, 32)}`;
}

/** The model's answer in the traces' normal form. */
function normalised(value: Json, name: string): Json {
  if (typeof value === "string") {
    if (name === "token") return "$token";
    return name === "key" || name === "value" || name === "range_end" ? shortened(value) : value;
  }
  if (isList(value)) return value.map((item) => normalised(item, name));
  if (!isFields(value)) return value;
  const entries = Object.entries(value).filter(([field]) => !LEFT_OUT.has(field));
  const fields: { [name: string]: Json } = {};
  for (const [field, item] of entries) fields[field] = normalised(item, field);
  // What is left of a lease depends on the moment; that something is left does not.
  if ("grantedTTL" in fields && Number(fields.TTL) > 0) fields.TTL = "$ttl";
  return fields;
}

/** A recorded text with every name in it that is known replaced. */
function resolved(text: string, bindings: Bindings): string {
  const known = bindings.names.get(text);
  if (known !== undefined) return known;
  return text.replace(/memberID:(\$m[0-9]+) /g, (all, name: string) => {
    const id = bindings.names.get(name);
    return id === undefined ? all : `memberID:${id} `;
  });
}

function resolve(value: Json, bindings: Bindings): Json {
  if (typeof value === "string") return resolved(value, bindings);
  if (isList(value)) return value.map((item) => resolve(item, bindings));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, bindings)]));
}

function sortedList(list: readonly Json[]): readonly Json[] {
  return [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function show(value: Json | undefined): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}

/** Null when the answer is the recorded one, else where they first differ. */
export function difference(expected: Json, actual: Json, bindings: Bindings): string | null {
  return compare(expected, normalised(actual, ""), "", bindings);
}

function compare(expected: Json, actual: Json | undefined, path: string, bindings: Bindings): string | null {
  const differ = (): string => `${path === "" ? "" : `${path}: `}expected ${show(expected)}, got ${show(actual)}`;
  if (actual === undefined) return differ();
  if (isFields(expected) && expected.$snapshot !== undefined) return compareSnapshot(expected.$snapshot, actual, path);
  if (typeof expected === "string") {
    if (/^\$m[0-9]+$/.test(expected) && !bindings.names.has(expected) && typeof actual === "string") {
      bindings.names.set(expected, actual);
    }
    return resolved(expected, bindings) === actual ? null : differ();
  }
  if (isList(expected)) return isList(actual) ? compareLists(expected, actual, path, bindings) : differ();
  if (!isFields(expected)) return expected === actual ? null : differ();
  if (!isFields(actual)) return differ();
  return compareFields(expected, actual, path, bindings);
}

function compareFields(expected: Fields, actual: Fields, path: string, bindings: Bindings): string | null {
  for (const [name, item] of Object.entries(expected)) {
    const at = path === "" ? name : `${path}.${name}`;
    const found = compare(item, actual[name], at, bindings);
    if (found !== null) return found;
  }
  const extra = Object.keys(actual).find((name) => !(name in expected));
  return extra === undefined
    ? null
    : `${path === "" ? "" : `${path}.`}${extra}: expected nothing, got ${show(actual[extra])}`;
}

function compareLists(
  expected: readonly Json[],
  actual: readonly Json[],
  path: string,
  bindings: Bindings,
): string | null {
  const unordered = UNORDERED.has(path.slice(path.lastIndexOf(".") + 1));
  const left = unordered ? sortedList(expected.map((item) => resolve(item, bindings))) : expected;
  const right = unordered ? sortedList(actual) : actual;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const item = left[i];
    const at = `${path}[${i}]`;
    if (item === undefined) return `${at}: expected nothing, got ${show(right[i])}`;
    const found = compare(item, right[i], at, bindings);
    if (found !== null) return found;
  }
  return null;
}

/** Of a snapshot the model has no bytes: only the version it tells is compared. */
function compareSnapshot(expected: Json, actual: Json, path: string): string | null {
  const wanted = isFields(expected) ? expected.version : undefined;
  const told = isFields(actual) ? actual.version : undefined;
  return wanted === told ? null : `${path}version: expected ${show(wanted)}, got ${show(told)}`;
}
