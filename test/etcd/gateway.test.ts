import { describe, expect, it } from "vitest";
import { EtcdError } from "../../src/etcd/api.ts";
import { decodeBase64, encodeBase64 } from "../../src/etcd/base64.ts";
import { decodeCall, decodeWatchRequest, encodeError, gatewayPaths, httpStatus } from "../../src/etcd/gateway.ts";
import { encodeAnswer } from "../../src/etcd/gateway-encode.ts";
import { JsonFault, JsonNumber, type JsonValue, parseJson } from "../../src/etcd/json.ts";
import { makeKeyValue } from "../../src/etcd/key-value.ts";
import { PutResponse, RangeResponse, TxnResponse } from "../../src/etcd/kv-api.ts";
import { fc } from "../properties.ts";

const bytes = fc.array(fc.integer({ min: 0, max: 255 })).map((codes) => String.fromCharCode(...codes));

describe("base64", () => {
  it("comes back as it went, and is what Node makes of the same bytes", () => {
    fc.assert(
      fc.property(bytes, (text) => {
        const encoded = encodeBase64(text);
        expect(encoded).toBe(Buffer.from(text, "latin1").toString("base64"));
        expect(decodeBase64(encoded)).toBe(text);
        expect(decodeBase64(encoded.replace(/=+$/, ""))).toBe(text);
      }),
    );
  });

  it("is refused where a text cannot be it", () => {
    for (const text of ["A", "AB=", "A===", "AB!=", "-w+/"]) expect(decodeBase64(text)).toBeNull();
  });
});

function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v as JsonValue)]));
  return Array.isArray(value) ? value.map((item: JsonValue) => plain(item)) : value;
}

describe("the JSON reader", () => {
  it("reads what the language's own reader reads", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const read = parseJson(text);
        if (read instanceof JsonFault) throw new Error(`fault in ${text}`);
        expect(JSON.stringify(plain(read))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("tells a text that ends too early from one that is wrong", () => {
    for (const text of ["{", '{"a"', '{"a":', "[1,", '"x', "tru"]) {
      expect(parseJson(text)).toEqual(new JsonFault(true));
    }
    for (const text of ["}", "{a:1}", "[1 2]", '{"a":1,}', '{"a":1,"a":2}']) {
      expect(parseJson(text)).toEqual(new JsonFault(false));
    }
  });
});

function request(path: string, body: string) {
  const call = decodeCall(path, body);
  if (call instanceof EtcdError) return call;
  return call.call === "request" ? call.request : call;
}

describe("a body", () => {
  it("may name its fields in either style, quote its integers or not, and hold what nobody knows", () => {
    for (const body of [
      '{"key":"YQ==","range_end":"Yg==","limit":"3","sort_order":"DESCEND"}',
      '{"key":"YQ","rangeEnd":"Yg==","limit":3,"sortOrder":2,"unknown":{"x":[1]}}',
    ]) {
      expect(request("/v3/kv/range", body)).toMatchObject({ key: "a", rangeEnd: "b", limit: 3, sortOrder: 2 });
    }
    for (const name of ["SIDEWAYS", "constructor", "1"]) {
      expect(request("/v3/kv/range", `{"key":"YQ==","sort_order":"${name}"}`)).toMatchObject({ sortOrder: 0 });
    }
  });

  it("keeps 64-bit ids as they are, quoted or not", () => {
    const id = "9223372036854775807";
    expect(request("/v3/lease/revoke", `{"ID":"${id}"}`)).toMatchObject({ id });
    expect(request("/v3/lease/revoke", `{"ID":${id}}`)).toMatchObject({ id });
    expect(request("/v3/lease/revoke", '{"ID":"9223372036854775808"}')).toMatchObject({ code: 3 });
    expect(request("/v3/lease/revoke", '{"ID":1e3}')).toMatchObject({ id: "1000" });
    expect(request("/v3/lease/revoke", '{"ID":"70e-1"}')).toMatchObject({ id: "7" });
    for (const text of ["01", "+1", " 1", "1.5", "75e-1", "7e-1", ""]) {
      expect(request("/v3/lease/revoke", `{"ID":"${text}"}`)).toMatchObject({ code: 3 });
    }
  });

  it("is refused when a field has the wrong type, or a union two members", () => {
    for (const body of ['{"key":5}', '{"key":"YQ==","lease":"x"}', "[]", "null", '{"key":"Y"}', '{"prev_kv":1}']) {
      expect(request("/v3/kv/put", body)).toMatchObject({ code: 3 });
    }
    expect(request("/v3/kv/put", "{")).toMatchObject({ code: 3, message: "unexpected EOF" });
    const union = '{"success":[{"request_put":{"key":"YQ=="},"request_range":{"key":"YQ=="}}]}';
    expect(request("/v3/kv/txn", union)).toMatchObject({ code: 3 });
    expect(request("/v3/nothing", "{}")).toMatchObject({ code: 5, message: "Not Found" });
  });

  it("may be empty on every path", () => {
    for (const path of gatewayPaths()) expect(decodeCall(path, "")).not.toBeInstanceOf(EtcdError);
  });

  it("compares with the operand that belongs to the target, whatever else is given", () => {
    const compare = '{"compare":[{"key":"YQ==","target":"MOD","version":"7"}]}';
    expect(request("/v3/kv/txn", compare)).toMatchObject({ compare: [{ target: 2, revision: 0 }] });
  });

  it("of a watch names what it wants", () => {
    expect(decodeWatchRequest('{"create_request":{"key":"YQ==","filters":["NOPUT"],"watch_id":"4"}}')).toMatchObject({
      kind: "create",
      key: "a",
      noPut: true,
      noDelete: false,
      watchId: 4,
    });
    expect(decodeWatchRequest('{"progress_request":{}}')).toMatchObject({ kind: "progress" });
    expect(decodeWatchRequest("{}")).toBeNull();
  });
});

describe("an answer", () => {
  const kv = makeKeyValue("a", 2, 3, 2, "", "-9", 0);

  it("leaves defaults out and quotes 64-bit integers", () => {
    expect(encodeAnswer(new RangeResponse(7, [kv], false, 1), null)).toEqual({
      header: { revision: "7" },
      kvs: [{ key: "YQ==", create_revision: "2", mod_revision: "3", version: "2", lease: "-9" }],
      count: "1",
    });
  });

  it("names cluster, member and term in its own header, but not in those of a transaction's parts", () => {
    const ids = { clusterId: "1", memberId: "2", raftTerm: 3 };
    const answer = new TxnResponse(7, true, [new PutResponse(7, null), new TxnResponse(0, false, [])]);
    expect(encodeAnswer(answer, ids)).toEqual({
      header: { cluster_id: "1", member_id: "2", revision: "7", raft_term: "3" },
      succeeded: true,
      responses: [{ response_put: { header: { revision: "7" } } }, { response_txn: { header: {} } }],
    });
  });

  it("that is a refusal carries its code, with the HTTP status of that code", () => {
    expect(encodeError(new EtcdError(9, "x"))).toMatchObject({ code: 9, message: "x" });
    const statuses = [2, 3, 4, 5, 7, 8, 9, 11, 12, 14, 15, 16].map(httpStatus);
    expect(statuses).toEqual([500, 400, 504, 404, 403, 429, 400, 400, 501, 503, 500, 401]);
  });
});
