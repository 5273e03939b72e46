// Judges transactions of appends and reads where no value is appended twice to a list. What is read of a list is its whole past,
// so the answers themselves name the order of the appends (the idea of Elle: Kingsbury and Alvaro, VLDB 2020). With it every
// other order that matters is known as well: who appended before whom, who read what was there, who did not see what came
// next, and who ended before another began. No order exists exactly where these go round in a circle; else any order that
// keeps them all explains every answer, and is verified before anybody believes it.
//
// What nobody read of a list stands behind all that was read, in any order, since no answer tells. An unknown transaction
// happened where somebody saw it, and may as well not have happened where nobody did. O(n log n), besides the lists themselves.

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import { isRead, keyOf, type Micro } from "./model/transaction.ts";
import { showValue, type Value, valueKey } from "./value.ts";
import { verifyOrder } from "./witness.ts";
import type { ZoneVerdict } from "./zones.ts";

/** What one transaction did to one list. */
interface Deed {
  readonly index: number;
  readonly appended: Value[];
  /** The list before it, where its reads tell. */
  before: readonly Value[] | undefined;
  /** Whether somebody read what it appended. */
  seen: boolean;
}

/** One list: its deeds, and as much of its content as was ever read. */
interface List {
  readonly initial: readonly Value[];
  readonly deeds: Deed[];
  /** Who appended which value, by its key. */
  readonly writers: Map<unknown, Deed>;
  longest: readonly Value[];
  /** Who read that; -1: nobody, it was there from the start. */
  longestBy: number;
  /** Whose appends those are, in their order. */
  readonly order: Deed[];
}

/** Judges a history of lists; `undefined` where a value was appended twice. */
export function judgeByVersions(model: CallModel, operations: readonly Operation[]): ZoneVerdict | undefined {
  const lists = new Map<string, List>();
  for (const [key, initial] of model.init("") as readonly (readonly [string, readonly Value[]])[]) {
    lists.set(key, createList(initial));
  }
  const tell = (index: number): string => model.describe(operations[index]!.input, operations[index]!.output);
  for (let index = 0; index < operations.length; index++) {
    const contradicted = takeDeeds(lists, operations[index]!, index);
    if (contradicted === "twice") return undefined;
    if (contradicted !== undefined) return refuted([index], `${tell(index)}: ${contradicted}`);
  }
  const happened = operations.map(({ output }) => output !== undefined);
  for (const [key, list] of lists) {
    const wrong = settle(list, happened, key, tell);
    if (wrong !== undefined) return wrong;
  }
  const edges = createEdges(operations.length);
  for (const list of lists.values()) orderOf(list, happened, edges);
  inTime(operations, happened, edges);
  const sorted = sortedBy(edges);
  const order = sorted.filter((node) => node < operations.length && happened[node]);
  if (sorted.length === edges.after.length)
    return verifyOrder(model, operations, "", order) ? { refutation: undefined, order } : undefined;
  const circle = circleIn(edges, sorted).filter((node) => node < operations.length);
  return refuted(circle, `${circle.map(tell).join(", then ")}, then the first again: each has to come before the next`);
}

function refuted(operations: readonly number[], text: string): ZoneVerdict {
  return { refutation: { operations, text }, order: undefined };
}

function createList(initial: readonly Value[]): List {
  return { initial, deeds: [], writers: new Map(), longest: initial, longestBy: -1, order: [] };
}

/** Notes what `operation` did; says so where a value was appended `twice`, or what its own answers contradict. */
function takeDeeds(lists: Map<string, List>, { input, output }: Operation, index: number): string | undefined {
  const own = new Map<string, Deed>();
  let contradicted: string | undefined;
  for (const micro of (output ?? input.value) as readonly Micro[]) {
    const key = keyOf(micro);
    let list = lists.get(key);
    if (list === undefined) {
      list = createList([]);
      lists.set(key, list);
    }
    let deed = own.get(key);
    if (deed === undefined) {
      deed = { index, appended: [], before: undefined, seen: false };
      own.set(key, deed);
      list.deeds.push(deed);
    }
    if (!isRead(micro)) {
      const value = valueKey(micro[2]!);
      if (list.writers.has(value) || list.initial.some((there) => valueKey(there) === value)) return "twice";
      list.writers.set(value, deed);
      deed.appended.push(micro[2]!);
    } else if (output !== undefined) {
      const read = (micro[2] ?? []) as readonly Value[];
      const before = read.slice(0, Math.max(0, read.length - deed.appended.length));
      if (!startsWith(read.slice(before.length), deed.appended))
        contradicted = `it did not read what it appended to ${key}`;
      else if (deed.before !== undefined && (deed.before.length !== before.length || !startsWith(before, deed.before)))
        contradicted = `it read ${key} twice, and not the same`;
      deed.before = before;
    }
  }
  return contradicted;
}

function startsWith(list: readonly Value[], beginning: readonly Value[]): boolean {
  return beginning.every((value, i) => i < list.length && valueKey(value) === valueKey(list[i]!));
}

/** The content of a list as far as it was read, or what contradicts it. */
function settle(
  list: List,
  happened: boolean[],
  key: string,
  tell: (index: number) => string,
): ZoneVerdict | undefined {
  for (const { index, before, appended } of list.deeds) {
    if (before === undefined || before.length + appended.length <= list.longest.length) continue;
    list.longest = [...before, ...appended];
    list.longestBy = index;
  }
  const { longest, longestBy } = list;
  for (const { index, before, appended } of list.deeds) {
    if (before === undefined) continue;
    const after = [...before, ...appended];
    if (before.length < list.initial.length) return refuted([index], `${tell(index)}: ${key} was never as short`);
    const at = after.findIndex((value, i) => valueKey(value) !== valueKey(longest[i]!));
    if (at < 0) continue;
    const other = longestBy < 0 ? "from the start" : `in ${tell(longestBy)}`;
    return refuted(
      longestBy < 0 ? [index] : [longestBy, index],
      `${key} cannot have been ${showValue(after[at]!)} at place ${at + 1}, as in ${tell(index)}, and ${showValue(longest[at]!)}, as ${other}`,
    );
  }
  /** Lengths that the list had between transactions. */
  const between = new Set<number>([list.initial.length]);
  for (let at = list.initial.length; at < longest.length; ) {
    const deed = list.writers.get(valueKey(longest[at]!));
    const seenBy = longestBy < 0 ? [] : [longestBy];
    if (deed === undefined) return refuted(seenBy, `${tell(longestBy)} read in ${key} what nobody appended`);
    if (!startsWith(longest.slice(at), deed.appended))
      return refuted(
        [deed.index, ...seenBy],
        `${tell(longestBy)} read ${key} with a part of what ${tell(deed.index)} appended at once`,
      );
    happened[deed.index] = true;
    deed.seen = true;
    list.order.push(deed);
    at += deed.appended.length;
    between.add(at);
  }
  for (const { index, before } of list.deeds) {
    if (before === undefined || between.has(before.length)) continue;
    const half = list.writers.get(valueKey(before[before.length - 1]!))!.index;
    return refuted([half, index], `${tell(index)} read ${key} with a part of what ${tell(half)} appended at once`);
  }
  return undefined;
}

/** Nodes are transactions, and behind them moments; each has to come before those it points to. */
interface Edges {
  readonly after: number[][];
}

function createEdges(nodes: number): Edges {
  return { after: Array.from({ length: nodes }, () => []) };
}

function addNode(edges: Edges): number {
  return edges.after.push([]) - 1;
}

function before(edges: Edges, first: number, then: number): void {
  if (first !== then) edges.after[first]!.push(then);
}

/** What the content of `list` says of the order of its deeds. */
function orderOf({ initial, order, deeds }: List, happened: readonly boolean[], edges: Edges): void {
  /** By length of the list: who made it as long, and who made it longer. */
  const maker = new Map<number, number>();
  const next = new Map<number, number>();
  let length = initial.length;
  for (const { index, appended } of order) {
    const last = maker.get(length);
    if (last !== undefined) before(edges, last, index);
    next.set(length, index);
    length += appended.length;
    maker.set(length, index);
  }
  /** The moment at which all that was ever read is in the list. */
  const full = addNode(edges);
  const last = maker.get(length);
  if (last !== undefined) before(edges, last, full);
  for (const deed of deeds) {
    const { index, appended, seen } = deed;
    if (!happened[index]) continue;
    if (deed.before !== undefined) {
      const made = maker.get(deed.before.length);
      if (made !== undefined) before(edges, made, index);
      before(edges, index, next.get(deed.before.length) ?? full);
    }
    if (appended.length > 0 && !seen) before(edges, full, index);
  }
}

/** Who ended before another began: by way of the ends, one after the other, so that there are few edges. */
function inTime(operations: readonly Operation[], happened: readonly boolean[], edges: Edges): void {
  const ended = operations.map((_, i) => i).filter((i) => operations[i]!.output !== undefined);
  ended.sort((a, b) => operations[a]!.endedAt - operations[b]!.endedAt);
  const begun = operations.map((_, i) => i).filter((i) => happened[i]);
  begun.sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
  let moment = -1;
  let next = 0;
  for (const index of begun) {
    while (next < ended.length && operations[ended[next]!]!.endedAt < operations[index]!.invokedAt) {
      const later = addNode(edges);
      before(edges, ended[next++]!, later);
      if (moment >= 0) before(edges, moment, later);
      moment = later;
    }
    if (moment >= 0) before(edges, moment, index);
  }
}

/** The nodes in an order that keeps all edges; without those of circles and what comes behind them. */
function sortedBy({ after }: Edges): number[] {
  const waitsFor: number[] = after.map(() => 0);
  for (const nodes of after) for (const node of nodes) waitsFor[node]!++;
  const sorted: number[] = [];
  for (let node = 0; node < after.length; node++) if (waitsFor[node] === 0) sorted.push(node);
  for (let i = 0; i < sorted.length; i++) {
    for (const node of after[sorted[i]!]!) if (--waitsFor[node]! === 0) sorted.push(node);
  }
  return sorted;
}

/** Nodes that are looked at for the shortest circle. */
const STARTS_MAX = 64;

/** A short circle among the nodes that are not in `sorted`. */
function circleIn({ after }: Edges, sorted: readonly number[]): readonly number[] {
  const free = new Set(sorted);
  const left = after.map((_, node) => node).filter((node) => !free.has(node));
  let shortest: readonly number[] = [];
  let starts = 0;
  for (const start of left) {
    if (starts >= STARTS_MAX) break;
    const cameFrom = new Map<number, number>();
    const queue = [start];
    for (let i = 0; i < queue.length && !cameFrom.has(start); i++) {
      for (const node of after[queue[i]!]!) {
        if (free.has(node) || cameFrom.has(node)) continue;
        cameFrom.set(node, queue[i]!);
        queue.push(node);
      }
    }
    if (!cameFrom.has(start)) continue;
    starts++;
    const circle = [start];
    for (let node = cameFrom.get(start)!; node !== start; node = cameFrom.get(node)!) circle.push(node);
    if (shortest.length === 0 || circle.length < shortest.length) shortest = circle.reverse();
  }
  return shortest;
}
