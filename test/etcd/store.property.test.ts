import { describe, expect, it } from "vitest";
import {
  CompactionRequest,
  DeleteRangeRequest,
  EtcdError,
  type KeyValue,
  PutRequest,
  RangeRequest,
  type Request,
  TxnRequest,
} from "../../src/etcd/api.ts";
import { applyRequest } from "../../src/etcd/apply.ts";
import { range } from "../../src/etcd/apply-kv.ts";
import { makeKeyValue } from "../../src/etcd/key-value.ts";
import { exportSnapshot, restoreSnapshot } from "../../src/etcd/snapshot.ts";
import { changesAt, cloneStore, createStore, type Store } from "../../src/etcd/store.ts";
import { fc } from "../properties.ts";
import { NaiveStore } from "./model.ts";

type Command =
  | { readonly do: "put"; readonly key: string; readonly value: string }
  | { readonly do: "delete"; readonly key: string; readonly end: string }
  | { readonly do: "both"; readonly first: string; readonly second: string; readonly gone: string }
  | { readonly do: "compact"; readonly share: number };

const keys = fc.oneof(
  fc.constantFrom("a", "a/1", "a/2", "b", "foo", "\xff", "z"),
  fc.integer({ min: 0, max: 300 }).map((n) => `k${n}`),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("put" as const), key: keys, value: fc.string({ maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("delete" as const),
      key: keys,
      end: fc.oneof(fc.constant(""), keys, fc.constant("\0")),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("both" as const), first: keys, second: keys, gone: keys }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const), share: fc.nat(100) }) },
);

function requestFor(store: Store, c: Command): Request {
  switch (c.do) {
    case "put":
      return new PutRequest(c.key, c.value);
    case "delete":
      return new DeleteRangeRequest(c.key, c.end);
    case "both":
      return new TxnRequest(
        [],
        [new PutRequest(`1${c.first}`, "t"), new PutRequest(`2${c.second}`, "t"), new DeleteRangeRequest(c.gone)],
        [],
      );
    case "compact":
      return new CompactionRequest(Math.floor((store.revision * c.share) / 100));
  }
}

function applyToModel(model: NaiveStore, c: Command): void {
  if (c.do === "put") model.put(c.key, c.value);
  if (c.do === "delete") model.delete(c.key, c.end);
  if (c.do === "both") {
    model.put(`1${c.first}`, "t");
    model.put(`2${c.second}`, "t");
    model.delete(c.gone, "");
  }
  if (c.do === "compact") {
    const revision = Math.floor((model.revision * c.share) / 100);
    if (revision > model.compactRevision) model.compactRevision = revision;
  }
  model.end();
}

function plain(kv: KeyValue) {
  const { key, value, lease, createRevision, modRevision, version, sub } = kv;
  return { key, value, lease, createRevision, modRevision, version, sub };
}

function everything(store: Store, revision = 0) {
  const answer = range(store, new RangeRequest("\0", "\0", { revision }));
  if (answer instanceof EtcdError) throw new Error(answer.message);
  return answer.kvs;
}

function digestFromScratch(store: Store): readonly [number, number] {
  const rebuilt = createStore();
  let low = rebuilt.digestLow;
  let high = rebuilt.digestHigh;
  for (const kv of everything(store)) {
    const again = makeKeyValue(kv.key, kv.createRevision, kv.modRevision, kv.version, kv.value, kv.lease, kv.sub);
    low = (low + again.digestLow) | 0;
    high = (high + again.digestHigh) | 0;
  }
  // The two revisions count by a factor each: what an empty store adds for a step is measured, not written down again.
  const step = createStore();
  applyRequest(step, new PutRequest("x", ""));
  const [x] = everything(step);
  low = (low + Math.imul(step.digestLow - rebuilt.digestLow - (x as KeyValue).digestLow, store.revision - 1)) | 0;
  high = (high + Math.imul(step.digestHigh - rebuilt.digestHigh - (x as KeyValue).digestHigh, store.revision - 1)) | 0;
  const compacted = createStore();
  applyRequest(compacted, new CompactionRequest(0));
  low = (low + Math.imul(compacted.digestLow - rebuilt.digestLow, store.compactRevision + 1)) | 0;
  high = (high + Math.imul(compacted.digestHigh - rebuilt.digestHigh, store.compactRevision + 1)) | 0;
  return [low, high];
}

describe("the store against a model that keeps every version", () => {
  it("answers every readable revision as the model does, through compactions", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const store = createStore();
        const model = new NaiveStore();
        for (const c of commands) {
          applyRequest(store, requestFor(store, c));
          applyToModel(model, c);
        }
        expect(store.revision).toBe(model.revision);
        expect(store.compactRevision).toBe(model.compactRevision);
        for (let revision = Math.max(1, model.compactRevision); revision <= model.revision; revision++) {
          expect(everything(store, revision).map(plain)).toEqual(model.range("\0", "\0", revision));
          const written = model.versions.filter((v) => v.modRevision === revision);
          expect(changesAt(store, revision).map(plain)).toEqual(written);
        }
        expect(store.keyCount).toBe(model.range("\0", "\0", model.revision).length);
      }),
      { numRuns: 150 },
    );
  });

  it("answers ranges with a limit as the model does", () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 80 }),
        keys,
        keys,
        fc.integer({ min: -1, max: 5 }),
        (commands, from, to, limit) => {
          const store = createStore();
          const model = new NaiveStore();
          for (const c of commands) {
            applyRequest(store, requestFor(store, c));
            applyToModel(model, c);
          }
          const answer = range(store, new RangeRequest(from, to, { limit }));
          if (answer instanceof EtcdError) throw new Error(answer.message);
          const all = model.range(from, to, model.revision);
          expect(answer.kvs.map(plain)).toEqual(limit > 0 ? all.slice(0, limit) : all);
          expect(answer.count).toBe(all.length);
          expect(answer.more).toBe(limit > 0 && all.length > limit);
        },
      ),
    );
  });
});

describe("the state digest", () => {
  it("is what recomputing it from the live records gives", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 80 }), (commands) => {
        const store = createStore();
        for (const c of commands) applyRequest(store, requestFor(store, c));
        expect([store.digestLow, store.digestHigh]).toEqual(digestFromScratch(store));
      }),
    );
  });

  it("does not depend on what was compacted away on the way to the same state", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const all = createStore();
        const last = createStore();
        let compacted = -1;
        for (const c of commands) {
          applyRequest(all, requestFor(all, c));
          if (c.do !== "compact") applyRequest(last, requestFor(last, c));
          compacted = all.compactRevision;
        }
        if (compacted >= 0) applyRequest(last, new CompactionRequest(compacted));
        expect([last.digestLow, last.digestHigh]).toEqual([all.digestLow, all.digestHigh]);
        expect([last.versionCount, last.versionBytes]).toEqual([all.versionCount, all.versionBytes]);
      }),
    );
  });
});

describe("clones and snapshots", () => {
  it("go their own way: neither sees what the other does later", () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 60 }),
        fc.array(command, { maxLength: 40 }),
        fc.array(command, { maxLength: 40 }),
        (base, left, right) => {
          const straight = (more: readonly Command[]): Store => {
            const store = createStore();
            for (const c of [...base, ...more]) applyRequest(store, requestFor(store, c));
            return store;
          };
          const original = straight([]);
          const clone = cloneStore(original);
          const snapshot = exportSnapshot(original);
          const before = everything(original).map(plain);
          // The two take turns, so that a change that leaks is seen by the other.
          for (let i = 0; i < Math.max(left.length, right.length); i++) {
            const l = left[i];
            const r = right[i];
            if (l !== undefined) applyRequest(original, requestFor(original, l));
            if (r !== undefined) applyRequest(clone, requestFor(clone, r));
          }
          const restored = restoreSnapshot(snapshot);
          expect(everything(restored).map(plain)).toEqual(before);
          for (const c of left) applyRequest(restored, requestFor(restored, c));
          for (const [store, more] of [
            [original, left],
            [clone, right],
            [restored, left],
          ] as const) {
            const expected = straight(more);
            expect([store.digestLow, store.digestHigh]).toEqual([expected.digestLow, expected.digestHigh]);
            for (let revision = Math.max(1, store.compactRevision); revision <= store.revision; revision++) {
              expect(everything(store, revision).map(plain)).toEqual(everything(expected, revision).map(plain));
            }
            expect(exportSnapshot(store).hash).toBe(exportSnapshot(expected).hash);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
