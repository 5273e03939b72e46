// `lockstep bench mvcc`: what one member's store costs as it grows: puts, deletes, reads, a watch and a compaction at each of
// several numbers of keys, and the memory of a key. One JSON line.
//
// Flags: --keys 1000000 (the largest; a tenth, a hundredth and a thousandth of it go before) --ops 100000 --value 64.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CompactionRequest, DeleteRangeRequest, EtcdError, PutRequest, RangeRequest } from "../etcd/api.ts";
import { applyRequest } from "../etcd/apply.ts";
import { range } from "../etcd/apply-kv.ts";
import { createStore, type Store } from "../etcd/store.ts";
import { WatchCreateRequest } from "../etcd/watch-api.ts";
import {
  createWatch,
  createWatchHub,
  notifyWatchers,
  openStream,
  takeAnswers,
  type WatchStream,
} from "../etcd/watch-hub.ts";
import { ENGINE_VERSION } from "../kernel/engine.ts";
import { printLine, readFlags } from "./flags.ts";

/** Costs at one number of keys, in nanoseconds of CPU time an operation. */
interface Row {
  readonly keys: number;
  readonly insertNs: number;
  readonly putNs: number;
  readonly deleteNs: number;
  readonly getNs: number;
  readonly getOldNs: number;
  /** A page of 50 keys from a random place. */
  readonly pageNs: number;
  /** A put that ten watches of ranges look at and one of them takes. */
  readonly watchedPutNs: number;
  /** A compaction of all overwrites so far, by revision that it forgets. */
  readonly compactNs: number;
  readonly bytesPerKey: number;
}

const PAGE = 50;
const WATCHES = 10;

interface Options {
  readonly keys: number;
  readonly operations: number;
  readonly valueBytes: number;
}

/** Heap in use after everything that is garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Nanoseconds of CPU time that one of `count` calls took. */
function cost(count: number, call: (at: number) => void): number {
  const before = process.cpuUsage();
  for (let at = 0; at < count; at++) call(at);
  const { user, system } = process.cpuUsage(before);
  return Math.round(((user + system) * 1000) / count);
}

function keyOf(number: number): string {
  return `/registry/pods/${String(number).padStart(9, "0")}`;
}

function must(outcome: object): void {
  if (outcome instanceof EtcdError) throw new Error(outcome.message);
}

function put(store: Store, key: string, value: string): void {
  must(applyRequest(store, new PutRequest(key, value)));
}

function measure(keys: number, { operations, valueBytes }: Options): Row {
  const heap = heapBytes();
  const store = createStore();
  const value = "x".repeat(valueBytes);
  // A stride that shares no factor with a power of ten visits every key once, out of order.
  const place = (at: number): number => (at * 7_368_787) % keys;
  const insertNs = cost(keys, (at) => put(store, keyOf(place(at)), `${value}${at}`));
  const bytesPerKey = Math.round((heapBytes() - heap) / keys);
  const old = store.revision;
  const putNs = cost(operations, (at) => put(store, keyOf(place(at * 31)), `${value}-${at}`));
  const getNs = cost(operations, (at) => must(range(store, new RangeRequest(keyOf(place(at * 17))))));
  const past = { revision: old };
  const getOldNs = cost(operations, (at) => must(range(store, new RangeRequest(keyOf(place(at * 13)), "", past))));
  const pages = Math.ceil(operations / 10);
  const limit = { limit: PAGE };
  const end = "/registry/pods0";
  const pageNs = cost(pages, (at) => must(range(store, new RangeRequest(keyOf(place(at * 11)), end, limit))));
  const watchedPutNs = watched(store, keys, operations, value);
  const revisions = store.revision - Math.max(1, store.compactRevision);
  const compactNs = Math.round(
    cost(1, () => must(applyRequest(store, new CompactionRequest(store.revision)))) / revisions,
  );
  const deletes = Math.min(operations, keys >> 1);
  const deleteNs = cost(deletes, (at) => must(applyRequest(store, new DeleteRangeRequest(keyOf(place(at))))));
  return { keys, insertNs, putNs, deleteNs, getNs, getOldNs, pageNs, watchedPutNs, compactNs, bytesPerKey };
}

/** Puts while watches divide the keys among them: each put is an event of one. */
function watched(store: Store, keys: number, operations: number, value: string): number {
  const hub = createWatchHub();
  const streams: WatchStream[] = [];
  for (let at = 0; at < WATCHES; at++) {
    openStream(hub);
    const stream = hub.streams[at] as WatchStream;
    const from = keyOf(Math.floor((keys * at) / WATCHES));
    const end = keyOf(Math.floor((keys * (at + 1)) / WATCHES));
    createWatch(hub, store, stream, new WatchCreateRequest(from, end, 0));
    streams.push(stream);
  }
  let events = 0;
  const spent = cost(operations, (at) => {
    put(store, keyOf((at * 7_368_787) % keys), `${value}+${at}`);
    notifyWatchers(hub, store);
    for (const stream of streams) if (stream.answers.length > 0) events += takeAnswers(stream).length;
  });
  // Besides the events each stream said once that its watch is there.
  if (events !== operations + WATCHES) throw new Error(`${events} answers to ${operations} watched puts`);
  return spent;
}

const flags = readFlags("mvcc", { keys: "1000000", ops: "100000", value: "64" });
const options: Options = {
  keys: flags.whole("keys", 1000, 10_000_000),
  operations: flags.whole("ops", 1000, 10_000_000),
  valueBytes: flags.whole("value", 0, 4096),
};

await printLine("mvcc", () => {
  measure(1000, { ...options, operations: 20_000 });
  const sizes = [1000, 100, 10, 1].map((share) => Math.max(1000, Math.floor(options.keys / share)));
  return {
    work: "mvcc",
    ...options,
    rows: sizes.map((keys) => measure(keys, options)),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    engine: ENGINE_VERSION,
    node: process.version,
  };
});
