import { describe, expect, it } from "vitest";
import {
  CompactionRequest,
  DeleteRangeRequest,
  type DeleteRangeResponse,
  EtcdError,
  PutRequest,
  type PutResponse,
  RangeRequest,
  type RangeResponse,
  SortOrder,
  SortTarget,
} from "../../src/etcd/api.ts";
import { range } from "../../src/etcd/apply-kv.ts";
import { hashKv } from "../../src/etcd/hash-kv.ts";
import { changesAt, createStore, type Store } from "../../src/etcd/store.ts";
import { compact, del, listing, live, must, planted, put, refused } from "./vocabulary.ts";

function read(store: Store, request: RangeRequest): RangeResponse {
  const answer = range(store, request);
  if (answer instanceof EtcdError) throw new Error(answer.message);
  return answer;
}

describe("a put", () => {
  it("uses one revision and counts the versions of its key", () => {
    const store = createStore();
    put(store, "a", "1");
    put(store, "b", "1");
    put(store, "a", "2");
    const [a] = live(store);
    expect(a).toMatchObject({ createRevision: 2, modRevision: 4, version: 2, value: "2" });
    expect(store.revision).toBe(4);
  });

  it("starts a new generation after a delete", () => {
    const store = createStore();
    put(store, "a", "1");
    put(store, "a", "2");
    del(store, "a");
    put(store, "a", "3");
    expect(live(store)[0]).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 });
  });

  it("answers the previous record where it is asked for", () => {
    const store = createStore();
    expect(must<PutResponse>(store, new PutRequest("a", "1", "0", true)).prevKv).toBeNull();
    expect(must<PutResponse>(store, new PutRequest("a", "2", "0", true)).prevKv).toMatchObject({ value: "1" });
  });

  it("keeps value or lease where it is told to, and is refused where there is nothing to keep", () => {
    const store = createStore();
    expect(refused(store, new PutRequest("a", "", "0", false, true))).toBe("etcdserver: key not found");
    put(store, "a", "1");
    must(store, new PutRequest("a", "", "0", false, true));
    expect(live(store)[0]).toMatchObject({ value: "1", version: 2 });
    expect(store.revision).toBe(3);
  });

  it("on an unknown lease is refused and uses no revision", () => {
    const store = createStore();
    expect(refused(store, new PutRequest("a", "1", "7"))).toBe("etcdserver: requested lease not found");
    expect(store.revision).toBe(1);
  });
});

describe("a delete", () => {
  it("of nothing uses no revision", () => {
    const store = createStore();
    expect(must<DeleteRangeResponse>(store, new DeleteRangeRequest("a")).revision).toBe(1);
  });

  it("of a range uses one revision for all its keys, in key order", () => {
    const store = createStore();
    for (const key of ["b", "a", "c", "d"]) put(store, key, "1");
    const answer = must<DeleteRangeResponse>(store, new DeleteRangeRequest("a", "d", true));
    expect(answer).toMatchObject({ deleted: 3, revision: 6 });
    expect(answer.prevKvs.map((kv) => kv.key)).toEqual(["a", "b", "c"]);
    expect(changesAt(store, 6).map((kv) => `${kv.key}${kv.sub}`)).toEqual(["a0", "b1", "c2"]);
    expect(listing(store)).toEqual(["d=1"]);
  });
});

describe("a range", () => {
  const store = createStore();
  for (const key of ["a", "b", "c", "d", "e"]) put(store, key, key);
  put(store, "b", "z");

  it("says that there is more than the limit let through, and counts all", () => {
    expect(read(store, new RangeRequest("a", "\0", { limit: 2 }))).toMatchObject({ more: true, count: 5 });
    expect(read(store, new RangeRequest("a", "\0", { limit: 5 })).more).toBe(false);
  });

  it("sorts by what it is asked to, and ascends when a target is named without an order", () => {
    const byMod = new RangeRequest("a", "\0", { sortTarget: SortTarget.MOD });
    expect(read(store, byMod).kvs.map((kv) => kv.key)).toEqual(["a", "c", "d", "e", "b"]);
    const down = new RangeRequest("a", "\0", { sortOrder: SortOrder.DESCEND, limit: 2 });
    expect(read(store, down).kvs.map((kv) => kv.key)).toEqual(["e", "d"]);
  });

  it("is not counted down by the bounds on revisions", () => {
    const bounded = read(store, new RangeRequest("a", "\0", { minModRevision: 6 }));
    expect(bounded.kvs.map((kv) => kv.key)).toEqual(["b", "e"]);
    expect(bounded.count).toBe(5);
  });

  it("of the future is refused, and one of a negative revision reads the newest", () => {
    expect(range(store, new RangeRequest("a", "", { revision: 8 }))).toMatchObject({ code: 11 });
    expect(read(store, new RangeRequest("b", "", { revision: -4 })).kvs[0]).toMatchObject({ value: "z" });
  });

  it("leaves values out when only keys are asked for, without changing what is stored", () => {
    expect(read(store, new RangeRequest("b", "", { keysOnly: true })).kvs[0]?.value).toBe("");
    expect(read(store, new RangeRequest("b")).kvs[0]?.value).toBe("z");
  });
});

describe("a compaction", () => {
  it("keeps what answers from its revision on and forgets what came before", () => {
    const store = createStore();
    put(store, "a", "1");
    put(store, "a", "2");
    put(store, "b", "1");
    put(store, "a", "3");
    compact(store, 4);
    expect(listing(store, 4)).toEqual(["a=2", "b=1"]);
    expect(range(store, new RangeRequest("a", "", { revision: 3 }))).toMatchObject({
      message: "etcdserver: mvcc: required revision has been compacted",
    });
    expect(store.versionCount).toBe(3);
  });

  it("may name revision 0 once, and neither the past nor the future", () => {
    const store = createStore();
    compact(store, 0);
    expect(refused(store, new CompactionRequest(0))).toContain("compacted");
    expect(refused(store, new CompactionRequest(-1))).toContain("compacted");
    expect(refused(store, new CompactionRequest(2))).toContain("future");
  });

  it("keeps a tombstone at its own revision and drops it at the next compaction", () => {
    const store = createStore();
    put(store, "a", "1");
    del(store, "a");
    compact(store, 3);
    expect(changesAt(store, 3)).toHaveLength(1);
    put(store, "b", "1");
    compact(store, 4);
    expect(store.versionCount).toBe(1);
    expect(changesAt(store, 3)).toHaveLength(0);
  });

  it("with the planted bug loses the event of a delete at its revision", () => {
    const store = createStore({ mutations: planted("deleteEventCompacted") });
    put(store, "a", "1");
    del(store, "a");
    compact(store, 3);
    expect(changesAt(store, 3)).toHaveLength(0);
  });
});

describe("the key-value hash", () => {
  it("of an empty store is the checksum of the bucket's name", () => {
    expect(hashKv(createStore(), 0)).toMatchObject({ hash: 1084519789, compactRevision: -1 });
  });

  it("does not change when what it does not count is compacted", () => {
    const store = createStore();
    for (let i = 0; i < 10; i++) put(store, `k${i % 3}`, `v${i}`);
    del(store, "k1");
    const full = hashKv(store, 0);
    compact(store, store.revision);
    const compacted = hashKv(store, 0);
    const fresh = createStore();
    for (let i = 0; i < 10; i++) put(fresh, `k${i % 3}`, `v${i}`);
    del(fresh, "k1");
    compact(fresh, 5);
    compact(fresh, fresh.revision);
    expect(hashKv(fresh, 0)).toEqual(compacted);
    expect(full).not.toEqual(compacted);
  });

  it("does not count a tombstone at the compacted revision, which older versions of etcd drop", () => {
    const store = createStore();
    put(store, "a", "1");
    del(store, "a");
    compact(store, 3);
    expect(store.versionCount).toBe(1);
    expect(hashKv(store, 0)).toMatchObject({ hash: 1084519789, compactRevision: 3 });
  });

  it("of a compacted revision is the one that the compaction has left behind", () => {
    const store = createStore({ compactionHashes: true });
    for (let i = 0; i < 6; i++) put(store, "k", `v${i}`);
    const before = hashKv(store, 4);
    compact(store, 4);
    expect(hashKv(store, 4)).toEqual(before);
  });
});
