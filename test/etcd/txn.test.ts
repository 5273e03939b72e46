import { describe, expect, it } from "vitest";
import {
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  EtcdError,
  PutRequest,
  RangeRequest,
  TxnRequest,
  type TxnResponse,
} from "../../src/etcd/api.ts";
import { applyRequest } from "../../src/etcd/apply.ts";
import { checkTxn, MAX_TXN_OPS } from "../../src/etcd/check-kv.ts";
import { changesAt, createStore } from "../../src/etcd/store.ts";
import { listing, must, planted, put, refused } from "./vocabulary.ts";

const DUPLICATE = "etcdserver: duplicate key given in txn request";

function then(...operations: ConstructorParameters<typeof TxnRequest>[1]): TxnRequest {
  return new TxnRequest([], operations, []);
}

describe("a transaction", () => {
  it("writes all of it in one revision, in the order of its operations", () => {
    const store = createStore();
    put(store, "c", "1");
    const answer = must<TxnResponse>(
      store,
      then(new PutRequest("b", "1"), new DeleteRangeRequest("c"), new PutRequest("a", "1")),
    );
    expect(answer).toMatchObject({ succeeded: true, revision: 3 });
    expect(changesAt(store, 3).map((kv) => `${kv.key}${kv.version}`)).toEqual(["b1", "c0", "a1"]);
  });

  it("without writes uses no revision", () => {
    const store = createStore();
    expect(must<TxnResponse>(store, new TxnRequest([], [], [])).revision).toBe(1);
  });

  it("does nothing at all when one of its operations fails", () => {
    const store = createStore();
    const request = then(new PutRequest("a", "1"), new RangeRequest("a", "", { revision: 99 }));
    expect(refused(store, request)).toContain("future revision");
    expect(refused(store, then(new PutRequest("a", "1"), new PutRequest("b", "", "404")))).toContain("lease");
    expect(listing(store)).toEqual([]);
    expect(store.revision).toBe(1);
  });

  it("evaluates the compares of what is nested before anything is written", () => {
    const store = createStore();
    const absent = new Compare(CompareTarget.CREATE, CompareResult.EQUAL, "a", 0);
    const nested = new TxnRequest([absent], [new PutRequest("b", "absent")], [new PutRequest("b", "present")]);
    const answer = must<TxnResponse>(store, then(new PutRequest("a", "1"), nested));
    expect(answer.responses[1]).toMatchObject({ succeeded: true, revision: 0 });
    expect(listing(store)).toEqual(["a=1", "b=absent"]);
  });

  it("reads its own writes at the revision it makes", () => {
    const store = createStore();
    const answer = must<TxnResponse>(store, then(new PutRequest("a", "1"), new RangeRequest("a")));
    expect(answer.responses[1]).toMatchObject({ revision: 2, count: 1 });
  });

  it("compares an absent key as zero, but never by value", () => {
    const store = createStore();
    const taken = (target: number, result: number): boolean =>
      must<TxnResponse>(store, new TxnRequest([new Compare(target, result, "x")], [], [])).succeeded;
    expect(taken(CompareTarget.VERSION, CompareResult.EQUAL)).toBe(true);
    expect(taken(CompareTarget.LEASE, CompareResult.EQUAL)).toBe(true);
    expect(taken(CompareTarget.VALUE, CompareResult.NOT_EQUAL)).toBe(false);
    expect(taken(CompareTarget.MOD, 9)).toBe(true);
  });

  it("compares all keys of a range", () => {
    const store = createStore();
    put(store, "a", "1");
    put(store, "b", "2");
    const all = new Compare(CompareTarget.VALUE, CompareResult.GREATER, "a", 0, "1", "0", "c");
    expect(must<TxnResponse>(store, new TxnRequest([all], [], [])).succeeded).toBe(false);
    put(store, "a", "3");
    expect(must<TxnResponse>(store, new TxnRequest([all], [], [])).succeeded).toBe(true);
  });

  it("with the planted bug writes on the member that strips its failing read, and not on the one that serves", () => {
    const request = then(new PutRequest("a", "1"), new RangeRequest("a", "", { revision: 99 }));
    const contexts = [true, false].map((serving) => {
      const store = createStore({ mutations: planted("txnRangeStripped") });
      const outcome = applyRequest(store, request, { index: 1, serving, overQuota: false });
      return [outcome instanceof EtcdError, store.revision];
    });
    expect(contexts).toEqual([
      [true, 1],
      [false, 2],
    ]);
  });
});

describe("a transaction that would write a key twice", () => {
  const putA = new PutRequest("a", "1");
  const deleteA = new DeleteRangeRequest("a");

  it("is refused for two puts, and for a put and a delete in either order", () => {
    for (const request of [then(putA, putA), then(putA, deleteA), then(new DeleteRangeRequest("A", "b"), putA)]) {
      expect(checkTxn(request)?.message).toBe(DUPLICATE);
    }
  });

  it("may delete twice, and may put in both branches of one nested transaction", () => {
    expect(checkTxn(then(deleteA, deleteA))).toBeNull();
    const nested = new TxnRequest([], [putA], [putA]);
    expect(checkTxn(then(nested))).toBeNull();
    expect(checkTxn(then(nested, putA))?.message).toBe(DUPLICATE);
    expect(checkTxn(then(nested, nested))?.message).toBe(DUPLICATE);
  });

  it("is let through when the delete has no upper end, as by etcd", () => {
    expect(checkTxn(then(new PutRequest("b", "1"), new DeleteRangeRequest("a", "\0")))).toBeNull();
  });
});

describe("a malformed transaction", () => {
  it("is refused for more than 128 of a kind, nested ones counted against what their parent left", () => {
    const puts = (n: number) => Array.from({ length: n }, (_, i) => new PutRequest(`k${i}`, ""));
    expect(checkTxn(then(...puts(MAX_TXN_OPS)))).toBeNull();
    expect(checkTxn(then(...puts(MAX_TXN_OPS + 1)))?.message).toContain("too many operations");
    expect(checkTxn(then(new TxnRequest([], puts(MAX_TXN_OPS), [])))?.message).toContain("too many operations");
    expect(checkTxn(then(new TxnRequest([], puts(MAX_TXN_OPS - 1), [])))).toBeNull();
  });

  it("is refused for an operation that names nothing and for an empty key", () => {
    expect(checkTxn(then(null))?.message).toBe("etcdserver: key not found");
    expect(checkTxn(then(new RangeRequest("")))?.message).toBe("etcdserver: key is not provided");
  });
});
