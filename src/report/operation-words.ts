// What clients ask and hear, in a few words: `put k0=7`, `get k0`, `k0=7 at revision 62`.

import { DeleteRangeRequest, PutRequest, RangeRequest, RangeResponse, TxnRequest, TxnResponse } from "../etcd/api.ts";
import { type ClientResponse, PlainAnswer, PlainOperation } from "../kernel/request.ts";
import { AdminRequest } from "../member/admin.ts";

/** A value as it is shown: without the padding that gives it its size, and cut where it is long. */
function shownValue(value: string): string {
  const bare = value.replace(/_+$/, "");
  return bare.length > 16 ? `${bare.slice(0, 15)}…` : bare;
}

const ADMIN_WORDS: Readonly<Record<AdminRequest["op"], string>> = {
  membership: "change the members",
  transfer: "hand over",
  campaign: "stand for election",
  defrag: "defragment",
  compact: "compact",
};

/** What is asked. */
export function requestWords(body: unknown): string {
  if (body instanceof PutRequest) return `put ${body.key}=${shownValue(body.value)}`;
  if (body instanceof RangeRequest) {
    const how = body.serializable ? " (serializable)" : "";
    return body.rangeEnd === "" ? `get ${body.key}${how}` : `range from ${body.key}${how}`;
  }
  if (body instanceof DeleteRangeRequest) return `delete ${body.key}`;
  if (body instanceof TxnRequest) {
    const puts = body.success.filter((one) => one instanceof PutRequest);
    const first = puts[0];
    if (first === undefined) return "txn";
    return `${body.compare.length === 1 && puts.length === 1 ? "cas" : "txn"} ${first.key}=${shownValue(first.value)}`;
  }
  if (body instanceof PlainOperation) {
    if (body.f === "put") return `put ${body.key}=${shownValue(body.value ?? "")}`;
    return body.f === "cas" ? `cas ${body.key}=${shownValue(body.value ?? "")}` : `${body.f} ${body.key}`;
  }
  if (body instanceof AdminRequest) return ADMIN_WORDS[body.op];
  const name = (body as { readonly constructor?: { readonly name?: string } } | null)?.constructor?.name ?? "";
  return name === "" || name === "Object" ? "a request" : name.replace(/Request$/, "").toLowerCase();
}

/** What is answered. */
export function responseWords(response: ClientResponse): string {
  if (response.error !== null) return response.error.message;
  const at = response.revision > 0 ? ` at revision ${response.revision}` : "";
  const { body } = response;
  if (body instanceof RangeResponse) {
    const [first] = body.kvs;
    if (first === undefined) return `nothing${at}`;
    return body.kvs.length > 1 ? `${body.kvs.length} keys${at}` : `${first.key}=${shownValue(first.value)}${at}`;
  }
  if (body instanceof TxnResponse) return `${body.succeeded ? "done" : "not done"}${at}`;
  if (body instanceof PlainAnswer) {
    if (body.value !== null) return shownValue(body.value);
    return body.done ? "ok" : "nothing";
  }
  return `ok${at}`;
}
