// The history of a run: what its clients saw, in the words of the linearizability checkers, so that it can be judged again by
// `check` and written in every form that histories have. Unknown here: those forms.

import type { EventType, HistoryEvent } from "../checker/linearizability/format/event.ts";
import type { Value } from "../checker/linearizability/value.ts";
import {
  CompactionRequest,
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from "../etcd/api.ts";
import { type ClientResponse, PlainAnswer, PlainOperation } from "../kernel/request.ts";
import type { HistoryEvent as RunEvent } from "../run/collector.ts";

/** The models a run can be written for: keys apart, without revisions; or all keys under etcd's revisions. */
export type RunModel = "kv-cas" | "etcd";

/** What the clients of a run saw. */
export interface RunHistory {
  readonly model: RunModel;
  readonly events: readonly HistoryEvent[];
  /** The client that each process is. */
  readonly clientOf: ReadonlyMap<number, number>;
  /** Virtual time of each event. */
  readonly atMicros: readonly number[];
  /** Operations that are not meant to be linearizable, or change no key: serializable reads, compactions. */
  readonly leftOut: number;
}

/** One operation in the words of a model. */
interface Said {
  readonly f: string;
  readonly key: string;
  readonly value: Value;
}

/** Not linearizable by design, or of no effect on keys. */
const SILENT = "silent";

function isOneKey(request: RangeRequest): boolean {
  return request.rangeEnd === "" && request.revision <= 0 && !request.countOnly && !request.keysOnly;
}

function casOf(request: TxnRequest): Said | null {
  const [compare, ...others] = request.compare;
  const [put, ...more] = request.success;
  if (!(compare instanceof Compare) || !(put instanceof PutRequest) || others.length + more.length > 0) return null;
  if (compare.key !== put.key || compare.rangeEnd !== "" || compare.result !== CompareResult.EQUAL) return null;
  if (request.failure.some((operation) => !(operation instanceof RangeRequest))) return null;
  if (compare.target === CompareTarget.VALUE) return said("cas", put.key, [compare.value, put.value]);
  if (compare.target === CompareTarget.CREATE && compare.revision === 0) return said("cas", put.key, [null, put.value]);
  return null;
}

/** A transaction that always succeeds and only puts. */
function putsOf(request: TxnRequest): Said | null {
  const always = request.compare.every(
    ({ target, result, revision, rangeEnd }) =>
      target === CompareTarget.MOD && result === CompareResult.GREATER && revision < 0 && rangeEnd === "",
  );
  const puts = request.success.filter((operation) => operation instanceof PutRequest);
  if (!always || puts.length === 0 || puts.length < request.success.length) return null;
  return said(
    "txn",
    "",
    puts.map((put): Value => ["put", put.key, put.value]),
  );
}

function said(f: string, key: string, value: Value): Said {
  return { f, key, value };
}

/** The operation with `body` for `model`; `SILENT` where it may be left out, null where the model has no word for it. */
function wordsOf(body: unknown, model: RunModel): Said | typeof SILENT | null {
  const etcd = model === "etcd";
  if (body instanceof PlainOperation) {
    return etcd ? null : said(body.f, body.key, body.f === "cas" ? [body.expected, body.value] : body.value);
  }
  if (body instanceof CompactionRequest) return SILENT;
  if (body instanceof PutRequest) return body.ignoreValue ? null : said("put", body.key, body.value);
  if (body instanceof RangeRequest) {
    if (isOneKey(body)) {
      return body.serializable ? SILENT : said("get", body.key, null);
    }
    const whole = body.revision <= 0 && body.limit <= 0 && !body.countOnly && !body.keysOnly && body.sortOrder === 0;
    return etcd && whole && !body.serializable ? said("range", "", [body.key, body.rangeEnd]) : null;
  }
  if (body instanceof DeleteRangeRequest) return body.rangeEnd === "" ? said("delete", body.key, null) : null;
  if (body instanceof TxnRequest) return casOf(body) ?? (etcd ? putsOf(body) : null);
  return null;
}

/** What an `ok` answer says to the call `f` in `model`. */
function answerTo(f: string, response: ClientResponse, model: RunModel): Value {
  const { body, revision } = response;
  if (model === "kv-cas") {
    if (body instanceof RangeResponse) return body.kvs[0]?.value ?? null;
    if (body instanceof TxnResponse) return body.succeeded;
    if (body instanceof PlainAnswer) return f === "get" ? body.value : f === "cas" ? body.done : null;
    return null;
  }
  if (body instanceof RangeResponse) {
    if (f === "range") return [revision, body.kvs.map((kv): Value => [kv.key, kv.value, kv.modRevision])];
    const [kv] = body.kvs;
    return kv === undefined ? [revision, null, 0] : [revision, kv.value, kv.modRevision];
  }
  if (body instanceof DeleteRangeResponse) return [revision, body.deleted];
  if (body instanceof TxnResponse && f === "cas") return [revision, body.succeeded];
  return [revision];
}

/** Whether the keys of the run can be told apart, so that `kv-cas` has words for all it did. */
export function fitsKvCas(events: readonly RunEvent[]): boolean {
  return events.every((event) => event.type !== "invoke" || wordsOf(event.body, "kv-cas") !== null);
}

/**
 * The history `events` (as a run with `history` keeps it) for `model`; or a text that says what it cannot hold. Processes are
 * numbered as Jepsen does: a client begins as its own number, and whoever lost an operation goes on under a new one.
 */
export function historyOfRun(events: readonly RunEvent[], model: RunModel): RunHistory | string {
  let concurrency = 0;
  for (const { client } of events) concurrency = Math.max(concurrency, client);
  const free: number[][] = [];
  const nextOf: number[] = [];
  const open = new Map<string, { readonly process: number; readonly words: Said }>();
  const out: HistoryEvent[] = [];
  const atMicros: number[] = [];
  const clientOf = new Map<number, number>();
  let leftOut = 0;
  for (const event of events) {
    const { client } = event;
    const id = `${client}/${event.operation}`;
    if (event.type === "invoke") {
      const words = wordsOf(event.body, model);
      if (words === null) {
        return `the model ${model} has no word for “${event.kind}” (c${client}, operation ${event.operation})`;
      }
      if (words === SILENT) {
        leftOut++;
        continue;
      }
      const idle = (free[client] ??= []);
      let process = idle.pop();
      if (process === undefined) {
        process = nextOf[client] ?? client;
        nextOf[client] = process + concurrency;
        clientOf.set(process, client);
      }
      open.set(id, { process, words });
      out.push({ process, type: "invoke", ...words, line: 0 });
      atMicros.push(event.atMicros);
      continue;
    }
    const began = open.get(id);
    if (began === undefined) continue;
    open.delete(id);
    const { process, words } = began;
    const type: EventType = event.type;
    const value =
      type === "ok" && event.response !== null
        ? answerTo(words.f, event.response, model)
        : type === "ok"
          ? null
          : words.value;
    if (type !== "info") (free[client] as number[]).push(process);
    out.push({ process, type, f: words.f, key: words.key, value, line: 0 });
    atMicros.push(event.atMicros);
  }
  return { model, events: out, clientOf, atMicros, leftOut };
}
