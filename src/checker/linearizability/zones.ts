// Polynomial judgements for registers (Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section on
// distinct values), also where cas is among the operations.
//
// All operations that need one value which only one operation ever writes form a cluster. Its zone runs from the first end
// to the last invocation among them. Where the first comes before the last (a forward zone) the register holds the value
// throughout; otherwise (a backward zone) all of them overlap at one moment. Two forward zones that overlap, a backward one
// inside a forward one, or any operation inside a forward zone that does not fit its value: no order exists. This refutes
// without any search, and takes unknown operations in its stride: one whose value was seen did happen, another says nothing.
//
// Where every value has one writer, the converse holds as well, and the zones give the order; a value made by a cas is a
// link of a chain of clusters that move as one block. The order is verified before anybody believes it.

import type { Operation } from "./history.ts";
import type { CallModel } from "./model/register.ts";
import { casPair } from "./model/register.ts";
import type { Key, Value } from "./value.ts";
import { valueKey } from "./value.ts";
import { verifyOrder } from "./witness.ts";

/** Why no order exists: the operations (indexes) that contradict each other, and in words. */
export interface Refutation {
  readonly operations: readonly number[];
  readonly text: string;
}

/** What zones say: refuted, proved by an order, or nothing. */
export interface ZoneVerdict {
  readonly refutation: Refutation | undefined;
  readonly order: readonly number[] | undefined;
}

/** All operations that need one value. */
interface Cluster {
  readonly value: Value;
  /** Operations that may leave the value behind. */
  writers: number[];
  /** Operations that found it: reads, and cas that succeeded from it. */
  readers: number[];
  /** The cas among the readers that took it away; -1 if none. */
  taker: number;
  /** First end and last invocation, and whose they are. */
  firstEnd: number;
  firstEnder: number;
  lastStart: number;
  lastStarter: number;
}

function createCluster(value: Value): Cluster {
  return {
    value,
    writers: [],
    readers: [],
    taker: -1,
    firstEnd: Number.POSITIVE_INFINITY,
    firstEnder: -1,
    lastStart: Number.NEGATIVE_INFINITY,
    lastStarter: -1,
  };
}

function written(operation: Operation): Value | undefined {
  const { f, value } = operation.input;
  if (f === "write" || f === "put") return value;
  if (f === "delete") return null;
  if (f === "cas" && operation.output !== false) return casPair(operation.input)[1]!;
  return undefined;
}

/** The value the operation certainly found, if any. */
function found(operation: Operation): Value | undefined {
  if (operation.output === undefined) return undefined;
  const { f } = operation.input;
  if (f === "read" || f === "get") return operation.output;
  return f === "cas" && operation.output === true ? casPair(operation.input)[0]! : undefined;
}

function cover(cluster: Cluster, index: number, operation: Operation): void {
  const end = operation.output === undefined ? Number.POSITIVE_INFINITY : operation.endedAt;
  if (end < cluster.firstEnd) {
    cluster.firstEnd = end;
    cluster.firstEnder = index;
  }
  if (operation.invokedAt > cluster.lastStart) {
    cluster.lastStart = operation.invokedAt;
    cluster.lastStarter = index;
  }
}

/** Judges one part of a register's history by zones, in O(n log n). */
export function judgeByZones(model: CallModel, operations: readonly Operation[], part: string): ZoneVerdict {
  const clusters = new Map<Key, Cluster>();
  const clusterOf = (value: Value): Cluster => {
    const key = valueKey(value);
    let cluster = clusters.get(key);
    if (cluster === undefined) {
      cluster = createCluster(value);
      clusters.set(key, cluster);
    }
    return cluster;
  };
  const initial = model.init(part);
  const first = clusterOf(initial);
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]!;
    const reads = found(operation);
    if (reads !== undefined) clusterOf(reads).readers.push(i);
    const writes = written(operation);
    if (writes !== undefined) clusterOf(writes).writers.push(i);
  }
  const single: Cluster[] = [];
  for (const cluster of clusters.values()) {
    if (cluster === first ? cluster.writers.length > 0 : cluster.writers.length > 1) continue;
    const refutation = close(model, operations, cluster, cluster === first);
    if (refutation !== undefined) return { refutation, order: undefined };
    single.push(cluster);
  }
  const refutation = clash(model, operations, single);
  if (refutation !== undefined) return { refutation, order: undefined };
  const distinct = single.length === clusters.size;
  const order = distinct ? orderByZones(operations, clusters, first) : undefined;
  return {
    refutation: undefined,
    order: order !== undefined && verifyOrder(model, operations, part, order) ? order : undefined,
  };
}

function tell(model: CallModel, operation: Operation): string {
  return model.describe(operation.input, operation.output);
}

/** Measures a cluster with one writer; what contradicts within it. */
function close(
  model: CallModel,
  operations: readonly Operation[],
  cluster: Cluster,
  isFirst: boolean,
): Refutation | undefined {
  const writer = isFirst ? -1 : (cluster.writers[0] ?? -1);
  if (writer < 0 && !isFirst && cluster.readers.length > 0) {
    const reader = cluster.readers[0]!;
    return { operations: [reader], text: `${tell(model, operations[reader]!)}, a value that nobody ever wrote` };
  }
  if (isFirst) {
    cluster.firstEnd = -1;
  } else if (writer >= 0) {
    if (operations[writer]!.output === undefined && cluster.readers.length === 0) return undefined;
    cover(cluster, writer, operations[writer]!);
  }
  for (const reader of cluster.readers) {
    const operation = operations[reader]!;
    if (writer >= 0 && writer !== reader && operation.endedAt < operations[writer]!.invokedAt) {
      const text = `${tell(model, operation)} had finished before ${tell(model, operations[writer]!)} began, and nothing else writes that value`;
      return { operations: [writer, reader], text };
    }
    cover(cluster, reader, operation);
    if (operation.input.f !== "cas" || valueKey(casPair(operation.input)[1]!) === valueKey(cluster.value)) continue;
    if (cluster.taker >= 0) {
      const text = `${tell(model, operations[cluster.taker]!)} and ${tell(model, operation)} both found a value that was there only once`;
      return { operations: [cluster.taker, reader], text };
    }
    cluster.taker = reader;
  }
  if (cluster.taker >= 0 && cluster.lastStart > operations[cluster.taker]!.endedAt) {
    const late = cluster.lastStarter;
    const text = `${tell(model, operations[late]!)} began after ${tell(model, operations[cluster.taker]!)} had taken the only such value away`;
    return { operations: [cluster.taker, late], text };
  }
  return undefined;
}

/** What contradicts between clusters: forward zones, and everything that lies inside one. */
function clash(
  model: CallModel,
  operations: readonly Operation[],
  clusters: readonly Cluster[],
): Refutation | undefined {
  const forward: Cluster[] = [];
  for (const cluster of clusters) if (cluster.firstEnd < cluster.lastStart) forward.push(cluster);
  forward.sort((a, b) => a.firstEnd - b.firstEnd);
  for (let i = 1; i < forward.length; i++) {
    const a = forward[i - 1]!;
    const b = forward[i]!;
    if (b.firstEnd >= a.lastStart) continue;
    const involved = [a.firstEnder, a.lastStarter, b.firstEnder, b.lastStarter].filter((index) => index >= 0);
    return { operations: [...new Set(involved)], text: overlapText(model, operations, a, b) };
  }
  const around = (from: number, to: number): Cluster | undefined => {
    let low = 0;
    let high = forward.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (forward[middle]!.firstEnd < from) low = middle + 1;
      else high = middle;
    }
    const zone = forward[low - 1];
    return zone !== undefined && to < zone.lastStart ? zone : undefined;
  };
  for (const cluster of clusters) {
    if (cluster.firstEnd <= cluster.lastStart || cluster.firstEnder < 0) continue;
    const zone = around(cluster.lastStart, cluster.firstEnd);
    if (zone === undefined || zone === cluster) continue;
    return {
      operations: [cluster.lastStarter, cluster.firstEnder],
      text: insideText(model, operations, zone, cluster.firstEnder),
    };
  }
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i]!;
    if (operation.output === undefined) continue;
    const zone = around(operation.invokedAt, operation.endedAt);
    if (zone === undefined || fits(operation, zone.value)) continue;
    return { operations: [i], text: insideText(model, operations, zone, i) };
  }
  return undefined;
}

/** Whether the operation could happen while the register holds `value` all along. */
function fits(operation: Operation, value: Value): boolean {
  const key = valueKey(value);
  const reads = found(operation);
  if (reads !== undefined && valueKey(reads) !== key) return false;
  const writes = written(operation);
  if (writes !== undefined && valueKey(writes) !== key) return false;
  return operation.input.f !== "cas" || operation.output !== false || valueKey(casPair(operation.input)[0]!) !== key;
}

function holder(model: CallModel, operations: readonly Operation[], cluster: Cluster): string {
  const by = cluster.firstEnder < 0 ? "the start" : `the end of ${tell(model, operations[cluster.firstEnder]!)}`;
  return `from ${by} to the start of ${tell(model, operations[cluster.lastStarter]!)} the value is ${model.describeState(cluster.value)}`;
}

function overlapText(model: CallModel, operations: readonly Operation[], a: Cluster, b: Cluster): string {
  return `${holder(model, operations, a)}; ${holder(model, operations, b)}; the two overlap`;
}

function insideText(model: CallModel, operations: readonly Operation[], zone: Cluster, inside: number): string {
  return `${holder(model, operations, zone)}; ${tell(model, operations[inside]!)} lies within`;
}

/** Clusters linked by cas, which follow each other without a gap. */
interface Block {
  clusters: Cluster[];
  at: number;
}

/** An order of all operations by their zones, where every value has one writer and no cas failed; else undefined. */
function orderByZones(
  operations: readonly Operation[],
  clusters: ReadonlyMap<Key, Cluster>,
  first: Cluster,
): readonly number[] | undefined {
  for (const { input, output } of operations) if (input.f === "cas" && output === false) return undefined;
  const blocks: Block[] = [];
  for (const head of clusters.values()) {
    const writer = head === first ? undefined : operations[head.writers[0]!];
    if (writer !== undefined && writer.input.f === "cas") {
      // A link of some chain, unless it is a lost cas that must be taken to have happened from a value of its own accord.
      const from = clusters.get(valueKey(casPair(writer.input)[0]!));
      if (from === undefined) return undefined;
      if (writer.output !== undefined || head.readers.length === 0) continue;
      if (from.taker >= 0) return undefined;
      from.taker = head.writers[0]!;
    }
  }
  for (const head of clusters.values()) {
    const writer = head === first ? undefined : operations[head.writers[0]!];
    if (writer !== undefined && writer.input.f === "cas") continue;
    if (writer !== undefined && writer.output === undefined && head.readers.length === 0) {
      if (head.taker < 0) continue;
    }
    const chain: Cluster[] = [];
    for (let link: Cluster | undefined = head; link !== undefined && chain.length <= clusters.size; ) {
      chain.push(link);
      link = link.taker < 0 ? undefined : clusters.get(valueKey(casPair(operations[link.taker]!.input)[1]!));
    }
    if (chain.length > clusters.size) return undefined;
    blocks.push({ clusters: chain, at: 0 });
  }
  const zones = blocks.map((block) => {
    let end = Number.POSITIVE_INFINITY;
    let start = Number.NEGATIVE_INFINITY;
    for (const cluster of block.clusters) {
      end = Math.min(end, cluster.firstEnd);
      start = Math.max(start, cluster.lastStart);
    }
    return { block, end, start };
  });
  const forward = zones.filter((zone) => zone.end < zone.start).sort((a, b) => a.end - b.end);
  for (const zone of zones) {
    if (zone.end < zone.start) {
      zone.block.at = zone.end;
      continue;
    }
    let low = 0;
    let high = forward.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (forward[middle]!.end < zone.start) low = middle + 1;
      else high = middle;
    }
    const around = forward[low - 1];
    zone.block.at = around !== undefined && around.start > zone.start ? around.start : zone.start;
  }
  const rank = (block: Block): number => (block.clusters[0] === first ? Number.NEGATIVE_INFINITY : block.at);
  blocks.sort((a, b) => rank(a) - rank(b));
  const order: number[] = [];
  for (const block of blocks) {
    for (const cluster of block.clusters) {
      if (cluster === block.clusters[0] && cluster !== first) order.push(cluster.writers[0]!);
      const readers = cluster.readers.filter((reader) => reader !== cluster.taker);
      readers.sort((a, b) => operations[a]!.invokedAt - operations[b]!.invokedAt);
      for (const reader of readers) order.push(reader);
      if (cluster.taker >= 0) order.push(cluster.taker);
    }
  }
  return order;
}
