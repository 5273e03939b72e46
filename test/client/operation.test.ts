import { expect, test } from "vitest";
import {
  etcdBody,
  isWrite,
  OPERATION_KINDS,
  plainBody,
  prefixEnd,
  valueAfterCas,
  valueRead,
} from "../../src/client/operation.ts";
import {
  CompactionRequest,
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../../src/etcd/api.ts";
import { KeyValue, NO_LEASE } from "../../src/etcd/key-value.ts";
import { PlainAnswer, type PlainOperation } from "../../src/kernel/request.ts";
import { fc } from "../properties.ts";

const body = (kind: (typeof OPERATION_KINDS)[number], expected: string | null = null, other: string = "k2"): unknown =>
  etcdBody(kind, "k1", "v", expected, other, "k", 7);

test("each kind of operation is its request of etcd", () => {
  expect(body("put")).toEqual(new PutRequest("k1", "v"));
  expect(body("get")).toEqual(new RangeRequest("k1"));
  expect(body("getSerializable")).toEqual(new RangeRequest("k1", "", { serializable: true }));
  expect(body("range")).toEqual(new RangeRequest("k", "l"));
  expect(body("delete")).toEqual(new DeleteRangeRequest("k1"));
  expect(body("compact")).toEqual(new CompactionRequest(7));
});

test("a cas compares with the value expected, or with the key's absence, and reads the key where it fails", () => {
  const reads = [new RangeRequest("k1")];
  const writes = [new PutRequest("k1", "v")];
  const absent = new Compare(CompareTarget.CREATE, CompareResult.EQUAL, "k1", 0);
  const equal = new Compare(CompareTarget.VALUE, CompareResult.EQUAL, "k1", 0, "old");
  expect(body("cas")).toEqual(new TxnRequest([absent], writes, reads));
  expect(body("cas", "old")).toEqual(new TxnRequest([equal], writes, reads));
});

test("a txn writes two keys, and one key once", () => {
  expect((body("txn") as TxnRequest).success).toEqual([new PutRequest("k1", "v"), new PutRequest("k2", "v")]);
  expect((body("txn", null, "k1") as TxnRequest).success).toEqual([new PutRequest("k1", "v")]);
});

test("reads are no writes, and all else is", () => {
  expect(OPERATION_KINDS.filter((kind) => !isWrite(kind))).toEqual(["get", "getSerializable", "range"]);
});

test("a protocol without revisions gets plain operations, and a read for what it does not know", () => {
  const f = (kind: (typeof OPERATION_KINDS)[number]): unknown[] => {
    const { f, key, value, expected } = plainBody(kind, "k", "v", "old") as PlainOperation;
    return [f, key, value, expected];
  };
  expect(f("put")).toEqual(["put", "k", "v", null]);
  expect(f("delete")).toEqual(["delete", "k", null, null]);
  expect(f("cas")).toEqual(["cas", "k", "v", "old"]);
  for (const kind of ["get", "getSerializable", "range", "txn", "compact"] as const) {
    expect(f(kind)).toEqual(["get", "k", null, null]);
  }
});

test("the end of a prefix's range lies after all keys with the prefix and before all others", () => {
  const unit = fc.constantFrom("a", "b", "\u00fe", "\u00ff", "\u0000");
  const bytes = fc.array(unit, { maxLength: 4 }).map((units) => units.join(""));
  fc.assert(
    fc.property(bytes, bytes, (prefix, key) => {
      const end = prefixEnd(prefix);
      const within = key >= prefix && (end === "\0" || key < end);
      expect(within).toBe(key.startsWith(prefix) || (end === "\0" && key >= prefix));
    }),
  );
  expect(["k", "k\u00ff", "\u00ff\u00ff", ""].map(prefixEnd)).toEqual(["l", "l", "\0", "\0"]);
});

const theirs = new RangeResponse(5, [new KeyValue("k", 2, 5, 2, "theirs", NO_LEASE, 0, 0)], false, 1);
const none = new RangeResponse(5, [], false, 0);

test("a client reads values from what it is answered", () => {
  expect(valueRead(theirs)).toBe("theirs");
  expect(valueRead(none)).toBeNull();
  expect(valueRead(new PlainAnswer(true, "x"))).toBe("x");
  expect(valueRead(new PlainAnswer(true, null))).toBeNull();
  expect(valueRead("something else")).toBeNull();
});

test("after a cas a client knows what it wrote, or what stood in its way", () => {
  expect(valueAfterCas({ value: "mine" }, new TxnResponse(6, true, []))).toBe("mine");
  expect(valueAfterCas({ value: "mine" }, new TxnResponse(5, false, [theirs]))).toBe("theirs");
  expect(valueAfterCas({ value: "mine" }, new TxnResponse(5, false, [none]))).toBeNull();
  expect(valueAfterCas({ value: "mine" }, new PlainAnswer(true, null))).toBe("mine");
  expect(valueAfterCas({ value: "mine" }, new PlainAnswer(false, "theirs"))).toBe("theirs");
  expect(valueAfterCas({ value: "mine" }, null)).toBeNull();
});
