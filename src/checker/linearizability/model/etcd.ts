// `etcd`: keys under one revision, as etcd's KV service answers them. Every change makes the next revision, and each answer names
// the revision at which it was given, so that the answers themselves say in which order things happened. Not partitioned: the
// revision is shared by all keys.
//
// Answers: `[revision]` of a put and of a txn of puts, `[revision, succeeded]` of a cas, `[revision, deleted]` of a delete,
// `[revision, value, modRevision]` of a get (null and 0 where the key is absent), `[revision, [[key, value, modRevision] …]]`
// of a range.

import type { Foreseen } from "../model.ts";
import { OBSERVES } from "../model.ts";
import type { Call, Key, Value } from "../value.ts";
import { callKey, sameValue, showValue, valueKey } from "../value.ts";
import { type CallModel, casPair } from "./register.ts";

/** One key that is present: `[key, value, modRevision]`. */
type Present = readonly Value[];

/** `[revision, the keys that are present, sorted]`. */
function stateOf(revision: number, present: readonly Present[]): Value {
  return [revision, present];
}

function revisionOf(state: Value): number {
  return (state as readonly Value[])[0] as number;
}

function presentIn(state: Value): readonly Present[] {
  return (state as readonly Value[])[1] as readonly Present[];
}

function placeOf(present: readonly Present[], key: string): number {
  let low = 0;
  let high = present.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((present[middle]![0] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function find(present: readonly Present[], key: string): Present | undefined {
  const found = present[placeOf(present, key)];
  return found !== undefined && found[0] === key ? found : undefined;
}

/** `present` with `key` put at `revision`, or without it where `value` is null. */
function withKey(present: readonly Present[], key: string, value: Value, revision: number): readonly Present[] {
  const at = placeOf(present, key);
  const after = present.slice();
  const there = present[at] !== undefined && present[at]![0] === key ? 1 : 0;
  if (value === null) after.splice(at, there);
  else after.splice(at, there, [key, value, revision]);
  return after;
}

/** Keys and values that `call` puts, where it does; null for a delete. */
export function putsOf(call: Call): readonly (readonly [string, Value])[] {
  switch (call.f) {
    case "put":
      return [[call.key, call.value]];
    case "cas":
      return [[call.key, casPair(call)[1]!]];
    case "delete":
      return [[call.key, null]];
    case "txn":
      return (call.value as readonly (readonly Value[])[]).map((put) => [String(put[1]), put[2]!]);
    default:
      return [];
  }
}

/** Whether an operation with this answer made the revision that it names. */
export function madeRevision(call: Call, answer: Value): boolean {
  const second = (answer as readonly Value[])[1];
  if (call.f === "put" || call.f === "txn") return true;
  return call.f === "cas" ? second === true : call.f === "delete" && second !== 0;
}

/** The answer of `call` in `state`, and whether it changes anything. */
function answerIn(state: Value, call: Call): { readonly answer: Value; readonly changes: boolean } {
  const revision = revisionOf(state);
  const present = presentIn(state);
  switch (call.f) {
    case "get": {
      const found = find(present, call.key);
      return { answer: [revision, found?.[1] ?? null, found?.[2] ?? 0], changes: false };
    }
    case "range": {
      const [from, to] = call.value as readonly string[];
      const inside = present.filter(([key]) => (key as string) >= from! && (to === "\0" || (key as string) < to!));
      return { answer: [revision, inside], changes: false };
    }
    case "delete": {
      const there = find(present, call.key) !== undefined;
      return { answer: [there ? revision + 1 : revision, there ? 1 : 0], changes: there };
    }
    case "cas": {
      const hit = sameValue(find(present, call.key)?.[1] ?? null, casPair(call)[0]!);
      return { answer: [hit ? revision + 1 : revision, hit], changes: hit };
    }
    default:
      return { answer: [revision + 1], changes: true };
  }
}

/** What the answers of a whole history say of single revisions. */
export interface Known {
  /** Highest revision any answer names. */
  readonly last: number;
  /** Revisions that an operation with an answer made. */
  readonly made: ReadonlySet<number>;
  /** What was seen to have been put at a revision, as `key\0valueKey`. */
  readonly seen: ReadonlyMap<number, ReadonlySet<string>>;
  /** Per key, stretches of revisions (beyond the first, up to the second) in which it surely was not touched. */
  readonly untouched: ReadonlyMap<string, readonly (readonly [number, number])[]>;
}

/** One put as a key of maps. */
export function seenKey(key: string, value: Value): string {
  return `${key}\0${String(valueKey(value))}`;
}

/** Collects what the answers say. `initial`: the state before them. */
export function knownOf(operations: readonly Foreseen<Call, Value>[], initial: Value): Known {
  let last = 0;
  const made = new Set<number>();
  const seen = new Map<number, Set<string>>();
  const untouched = new Map<string, (readonly [number, number])[]>();
  const saw = (key: string, value: Value, mod: number, revision: number): void => {
    if (value !== null) {
      const puts = seen.get(mod) ?? new Set<string>();
      puts.add(seenKey(key, value));
      seen.set(mod, puts);
    }
    // An absent key may have been deleted at any time: only a mod revision says since when it was left alone.
    if (value === null || mod >= revision) return;
    const list = untouched.get(key) ?? [];
    list.push([mod, revision]);
    untouched.set(key, list);
  };
  /** By what was put: the revision at which, 0 where it is not known, -1 where several operations put the same. */
  const putAt = new Map<string, number>();
  for (const [key, value] of presentIn(initial)) putAt.set(seenKey(key as string, value!), -1);
  for (const { input, output } of operations) {
    const revision =
      output !== undefined && madeRevision(input, output) ? ((output as readonly Value[])[0] as number) : 0;
    if (output !== undefined && revision === 0) continue;
    for (const [key, value] of putsOf(input)) {
      const put = seenKey(key, value);
      putAt.set(put, putAt.has(put) ? -1 : revision);
    }
  }
  for (const { input, output } of operations) {
    if (output === undefined) continue;
    const [revision, second, third] = output as readonly Value[];
    last = Math.max(last, revision as number);
    if (madeRevision(input, output)) made.add(revision as number);
    if (input.f === "get") saw(input.key, second!, third as number, revision as number);
    if (input.f === "range")
      for (const [k, v, m] of second as readonly Present[]) saw(String(k), v!, m as number, revision as number);
  }
  for (const [revision, puts] of seen) for (const put of puts) if (putAt.get(put) === 0) putAt.set(put, revision);
  // A cas that succeeded found its value where the only operation that ever put it had left it.
  for (const { input, output } of operations) {
    if (output === undefined || input.f !== "cas" || !madeRevision(input, output)) continue;
    const before = ((output as readonly Value[])[0] as number) - 1;
    const put = putAt.get(seenKey(input.key, casPair(input)[0]!)) ?? 0;
    if (put > 0 && put < before) untouched.set(input.key, [...(untouched.get(input.key) ?? []), [put, before]]);
  }
  for (const [key, list] of untouched) untouched.set(key, merged(list));
  return { last, made, seen, untouched };
}

/** Overlapping stretches as one, in order. */
function merged(stretches: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const sorted = [...stretches].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const out: [number, number][] = [];
  for (const [from, to] of sorted) {
    const before = out[out.length - 1];
    if (before !== undefined && from < before[1]) before[1] = Math.max(before[1], to);
    else out.push([from, to]);
  }
  return out;
}

/** Whether an operation without an answer may have made `revision`, as far as the answers of the others go. */
export function mayHaveMade(known: Known, call: Call, revision: number): boolean {
  if (revision > known.last || known.made.has(revision)) return false;
  const puts = putsOf(call);
  const seen = known.seen.get(revision);
  if (seen !== undefined) {
    const own = new Set(puts.map(([key, value]) => seenKey(key, value)));
    for (const put of seen) if (!own.has(put)) return false;
  }
  for (const [key] of puts) {
    const list = known.untouched.get(key);
    if (list === undefined) continue;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]![0] < revision) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && revision <= list[low - 1]![1]) return false;
  }
  return true;
}

function at(answer: Value | undefined): string {
  return answer === undefined ? " → ?" : ` @${String((answer as readonly Value[])[0])}`;
}

function describe(call: Call, answer: Value | undefined): string {
  const second = answer === undefined ? null : ((answer as readonly Value[])[1] ?? null);
  switch (call.f) {
    case "get":
      return answer === undefined ? `get ${call.key} → ?` : `get ${call.key} → ${showValue(second)}${at(answer)}`;
    case "range": {
      const [from, to] = call.value as readonly string[];
      if (answer === undefined) return `range ${from}..${to} → ?`;
      const keys = (second as readonly Present[]).map(([key, value]) => `${String(key)}=${showValue(value!)}`);
      return `range ${from}..${to} → {${keys.join(" ")}}${at(answer)}`;
    }
    case "delete":
      return `delete ${call.key}${answer === undefined ? "" : ` → ${showValue(second)}`}${at(answer)}`;
    case "cas": {
      const [expected, next] = casPair(call);
      return `cas ${call.key} ${showValue(expected!)}→${showValue(next!)}${second === false ? " → failed" : ""}${at(answer)}`;
    }
    case "txn":
      return `txn {${putsOf(call)
        .map(([key, value]) => `${key}=${showValue(value)}`)
        .join(" ")}}${at(answer)}`;
    default:
      return `put ${call.key}=${showValue(call.value)}${at(answer)}`;
  }
}

function describeState(state: Value): string {
  const keys = presentIn(state).map(([key, value]) => `${String(key)}=${showValue(value!)}`);
  return `{${keys.join(" ")}} @${revisionOf(state)}`;
}

function modelFrom(initial: Value, known: Known | undefined): CallModel {
  return {
    name: "etcd",
    monitor: "revisions",
    init: () => initial,
    step(state, call, answer) {
      if (answer === undefined && known !== undefined && call.f !== "get" && call.f !== "range") {
        if (!mayHaveMade(known, call, revisionOf(state) + 1)) return undefined;
      }
      const own = answerIn(state, call);
      if (answer !== undefined && !sameValue(answer, own.answer)) return undefined;
      if (!own.changes) return state;
      const revision = revisionOf(state) + 1;
      let present = presentIn(state);
      for (const [key, value] of putsOf(call)) present = withKey(present, key, value, revision);
      return stateOf(revision, present);
    },
    answers: (state, call) => [answerIn(state, call).answer],
    stateKey: valueKey,
    inputKey: (call): Key => callKey(call),
    outputKey: valueKey,
    effect: (call, answer) =>
      call.f === "get" || call.f === "range" || (answer !== undefined && !madeRevision(call, answer)) ? OBSERVES : 0,
    foresee: (operations, begun) => modelFrom(begun, knownOf(operations, begun)),
    describe,
    describeState,
  };
}

/** etcd's keys at revision 1; `initial` maps keys that are present to values. */
export function etcdModel(initial: ReadonlyMap<string, Value>): CallModel {
  const keys = [...initial].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return modelFrom(
    stateOf(
      1,
      keys.map(([key, value]) => [key, value, 1]),
    ),
    undefined,
  );
}
