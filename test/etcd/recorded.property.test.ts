import { enableMapSet, enablePatches, produceWithPatches } from "immer";
import { describe, expect, it } from "vitest";
import {
  CompactionRequest,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  type Request,
  TxnRequest,
} from "../../src/etcd/api.ts";
import { applyRequest } from "../../src/etcd/apply.ts";
import { exportSnapshot, restoreSnapshot, type StoreSnapshot } from "../../src/etcd/snapshot.ts";
import { cloneStore, createStore, type Store } from "../../src/etcd/store.ts";
import { WatchCreateRequest } from "../../src/etcd/watch-api.ts";
import {
  createWatch,
  createWatchHub,
  findStream,
  notifyWatchers,
  openStream,
  syncWatchers,
  type WatchHub,
  type WatchStream,
} from "../../src/etcd/watch-hub.ts";
import { fc } from "../properties.ts";
import { listing } from "./vocabulary.ts";

enableMapSet();
enablePatches();

const key = fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`);
const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, fc.string({ maxLength: 2 })).map(([k, v]) => new PutRequest(k, v)) },
  { weight: 1, arbitrary: key.map((k) => new PutRequest(k, "leased", "5")) },
  { weight: 2, arbitrary: fc.tuple(key, fc.option(key, { nil: "" })).map(([k, e]) => new DeleteRangeRequest(k, e)) },
  {
    weight: 1,
    arbitrary: key.map((k) => new TxnRequest([], [new PutRequest(`1${k}`, ""), new DeleteRangeRequest(k)], [])),
  },
  { weight: 1, arbitrary: fc.nat(60).map((n) => new CompactionRequest(n)) },
  { weight: 1, arbitrary: fc.constantFrom(new LeaseGrantRequest("5", 60), new LeaseRevokeRequest("5")) },
);

interface World {
  store: Store;
  hub: WatchHub;
}

function start(): World {
  const world = { store: createStore(), hub: createWatchHub() };
  const stream = findStream(world.hub, openStream(world.hub)) as WatchStream;
  createWatch(world.hub, world.store, stream, new WatchCreateRequest("k1", "k4", 0, true));
  return world;
}

function step(world: World, command: Request): void {
  const before = world.store.revision;
  applyRequest(world.store, command);
  if (world.store.revision !== before) notifyWatchers(world.hub, world.store);
  syncWatchers(world.hub, world.store);
}

function picture({ store, hub }: World): unknown {
  const answers = hub.streams.map((stream) => stream.answers.map(({ revision, events }) => [revision, events.length]));
  return [store.digestLow, store.digestHigh, store.revision, exportSnapshot(store).hash, listing(store), answers];
}

describe("recorded on drafts", () => {
  it("a member's state is the same after each command as when it is changed in place, and every past one stays as it was", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (commands) => {
        const fast = start();
        let recorded: World = start();
        const kept: [World, string][] = [];
        for (const command of commands) {
          step(fast, command);
          [recorded] = produceWithPatches(recorded, (draft) => step(draft as World, command));
          expect(picture(recorded)).toEqual(picture(fast));
          kept.push([recorded, JSON.stringify(picture(recorded))]);
        }
        for (const [world, seen] of kept) expect(JSON.stringify(picture(world))).toBe(seen);
      }),
      { numRuns: 40 },
    );
  });

  it("a picture taken within a step outlives it, and a store is restored from it within another", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 30 }), fc.array(request, { maxLength: 30 }), (first, second) => {
        let world: World = start();
        for (const command of first) [world] = produceWithPatches(world, (draft) => step(draft as World, command));
        let taken: StoreSnapshot | undefined;
        [world] = produceWithPatches(world, (draft) => {
          taken = exportSnapshot((draft as World).store);
          step(draft as World, new PutRequest("later", "1"));
        });
        const snapshot = taken as StoreSnapshot;
        const expected = listing(snapshot.store);
        [world] = produceWithPatches(world, (draft) => {
          (draft as World).store = restoreSnapshot(snapshot);
        });
        expect(listing(world.store)).toEqual(expected);
        for (const command of second) [world] = produceWithPatches(world, (draft) => step(draft as World, command));
        const straight = start();
        for (const command of [...first, ...second]) applyRequest(straight.store, command);
        expect(listing(world.store)).toEqual(listing(straight.store));
        expect(listing(snapshot.store)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("a store that was kept can be forked and goes on by itself", () => {
    const [kept] = produceWithPatches(start(), (draft) => step(draft as World, new PutRequest("a", "1")));
    const fork = cloneStore(kept.store);
    applyRequest(fork, new PutRequest("a", "2"));
    applyRequest(fork, new PutRequest("b", "2"));
    expect(listing(fork)).toEqual(["a=2", "b=2"]);
    expect(listing(kept.store)).toEqual(["a=1"]);
  });
});
