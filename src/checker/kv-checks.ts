// The promises of etcd's key-value API, checked as answers arrive: the revision in each answer names its place in the one order
// of all changes, so that no order has to be searched for. What an answer says is compared with the model at that revision.

import type { Client, OpenOperation, Outcome } from "../client/client.ts";
import { isKeyValue, isWrite } from "../client/operation.ts";
import {
  DeleteRangeResponse,
  ErrCompacted,
  ErrFutureRevision,
  ErrLeaseExist,
  ErrLeaseNotFound,
  EtcdError,
  type KvRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  type Request,
  RequestKind,
  type Response,
  TxnRequest,
  TxnResponse,
} from "../etcd/api.ts";
import { isReadonlyTxn } from "../etcd/apply-kv.ts";
import { createChunked, endOf, itemAt, pushItem, replaceItem } from "../kernel/chunked.ts";
import type { ClientResponse } from "../kernel/request.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Command } from "../member/command.ts";
import type { Ghost, OpenGhost } from "./ghost.ts";
import { keysIn, modelAt, replay } from "./kv-model.ts";
import type { Findings } from "./violation.ts";

/** A command is applied for the first time anywhere. */
export function noteFirstApplied(
  ghost: Ghost,
  out: Findings,
  member: number,
  index: number,
  command: Command,
  applied: Response | EtcdError | null,
): void {
  const { client, operation } = command;
  const refused = applied instanceof EtcdError;
  if (client > 0 && !refused) {
    while (ghost.operations.length <= client) ghost.operations.push(createChunked<number>(1));
    const list = ghost.operations[client] as (typeof ghost.operations)[number];
    const before = operation < endOf(list) ? (itemAt(list, operation) ?? 0) : 0;
    if (before !== 0) {
      out.report(
        "exactly-once",
        [member],
        `operation ${operation} of c${client} took effect twice: at entry ${before} and at entry ${index}`,
        [`entries ${before} and ${index} hold two tries of one request; members cannot know that they are one`],
      );
    } else {
      while (endOf(list) < operation) pushItem(list, 0);
      if (endOf(list) === operation) pushItem(list, index);
      else if (operation >= list.first) replaceItem(list, operation, index);
    }
    if (ghost.aborted.size > 0 && ghost.aborted.has(`${client}/${operation}`)) {
      out.report(
        "no-aborted-read",
        [member],
        `operation ${operation} of c${client} took effect at entry ${index} after c${client} was told that it failed`,
      );
    }
  }
  if (refused) {
    const wrong = wrongRefusal(ghost, command.body, applied);
    if (wrong !== "") out.report("linearizability", [member], `entry ${index} was refused: ${wrong}`);
  }
  const outcome = replay(ghost, command.body, applied);
  if (outcome !== null && client > 0 && !refused) ghost.outcomes.set(index, outcome);
}

/** Why the model says that a command cannot have been refused so; empty where it may have been. */
function wrongRefusal(ghost: Ghost, request: Request, refusal: EtcdError): string {
  if (request.kind === RequestKind.Compaction) {
    if (refusal === ErrCompacted && request.revision > ghost.modelCompacted)
      return `revision ${request.revision} was not compacted`;
    if (refusal === ErrFutureRevision && request.revision <= ghost.modelRevision)
      return `revision ${request.revision} had been reached`;
    return "";
  }
  if (request.kind === RequestKind.LeaseGrant)
    return refusal === ErrLeaseExist && !ghost.leases.has(request.id) ? `there was no lease ${request.id}` : "";
  if (refusal !== ErrLeaseNotFound) return "";
  const lease =
    request.kind === RequestKind.Put ? request.lease : request.kind === RequestKind.LeaseRevoke ? request.id : "";
  return ghost.leases.has(lease) ? `lease ${lease} was there` : "";
}

/** An operation begins: whatever was answered so far, it may not fall behind. */
export function noteInvoked(ghost: Ghost, client: Client, operation: OpenOperation): void {
  while (ghost.open.length <= client.id) ghost.open.push([]);
  const own = ghost.clientRevision[client.id] ?? 0;
  (ghost.open[client.id] as OpenGhost[]).push({ operation: operation.operation, bound: ghost.answered, own });
}

function takeOpen(ghost: Ghost, client: number, operation: number): OpenGhost | null {
  const list = ghost.open[client];
  if (list === undefined) return null;
  if (list.length === 1) {
    const only = list[0] as OpenGhost;
    if (only.operation !== operation) return null;
    list.pop();
    return only;
  }
  const at = list.findIndex((open) => open.operation === operation);
  return at < 0 ? null : (list.splice(at, 1)[0] as OpenGhost);
}

/** Lowest bound of any operation that is open: versions before it can still be answered. */
export function lowestBound(ghost: Ghost): number {
  let lowest = ghost.modelRevision;
  for (const list of ghost.open) for (const open of list) if (open.bound < lowest) lowest = open.bound;
  return lowest;
}

/** An operation ended. Returns true when it was a read that lagged behind answers given before it began. */
export function checkAnswer(
  ghost: Ghost,
  out: Findings,
  client: Client,
  operation: OpenOperation,
  outcome: Outcome,
  response: ClientResponse | null,
): boolean {
  const open = takeOpen(ghost, client.id, operation.operation);
  // What leases and users are answered is judged elsewhere.
  if (!isKeyValue(operation.kind)) return false;
  if (outcome !== "ok" || response === null) {
    if (outcome === "failed" && isWrite(operation.kind)) {
      const index = entryOf(ghost, client.id, operation.operation);
      // A transaction or put that the state machine refused is in the log and had no effect.
      if (index !== 0 && response !== null && response.error !== null && response.error.code === 14) {
        out.report(
          "no-aborted-read",
          [],
          `operation ${operation.operation} of c${client.id} failed with "${response.error.message}" but took effect at entry ${index}`,
        );
      }
      if (index === 0) ghost.aborted.add(`${client.id}/${operation.operation}`);
    }
    return false;
  }
  // It was asked of a cluster that has been restored since: the answer may still be that one's.
  if (open === null) return false;
  const revision = response.revision;
  const { bound } = open;
  const body = response.body;
  const request = operation.body as KvRequest;
  if (isSerializable(request)) {
    if (revision > ghost.modelRevision) {
      out.report("linearizability", [], `c${client.id} read at revision ${revision}, which was never reached`);
    } else if (body instanceof RangeResponse) checkRange(ghost, out, client.id, request as RangeRequest, body);
    return revision < bound;
  }
  while (ghost.clientRevision.length <= client.id) ghost.clientRevision.push(0);
  if (revision < open.own) {
    out.report(
      "client-monotonic",
      [],
      `c${client.id} was answered at revision ${revision} after it had seen revision ${open.own}`,
    );
  }
  if (revision > (ghost.clientRevision[client.id] as number)) ghost.clientRevision[client.id] = revision;
  if (revision < bound) {
    out.report(
      "linearizability",
      [],
      `${describe(operation, client.id)} was answered at revision ${revision}, but revision ${bound} had been answered before it began`,
      [`it was asked at ${formatMicros(operation.invokedAtMicros)}; no order of operations explains the answer`],
    );
  } else if (body instanceof RangeResponse) checkRange(ghost, out, client.id, request as RangeRequest, body);
  else if (operation.kind === "range" && body instanceof TxnResponse) checkReads(ghost, out, client.id, request, body);
  else checkWrite(ghost, out, client.id, operation, revision, bound, body);
  if (revision > ghost.answered) ghost.answered = revision;
  return false;
}

function isSerializable(request: KvRequest): boolean {
  return request instanceof RangeRequest && request.serializable;
}

function entryOf(ghost: Ghost, client: number, operation: number): number {
  const list = ghost.operations[client];
  return list === undefined || operation >= endOf(list) ? 0 : (itemAt(list, operation) ?? 0);
}

/** An operation for people: `put k of c1`. */
function describe(operation: OpenOperation, client: number): string {
  const body = operation.body as { readonly key?: string };
  return `${body.key === undefined ? operation.kind : `${operation.kind} ${body.key}`} of c${client}`;
}

/** A value without what fills it up to its size. */
function shown(value: string | null): string | null {
  return value === null ? null : value.replace(/_+$/, "");
}

/** What a read answered must be the model's at its revision. */
function checkRange(ghost: Ghost, out: Findings, client: number, request: RangeRequest, body: RangeResponse): void {
  const revision = request.revision > 0 ? request.revision : body.revision;
  if (body.revision > ghost.modelRevision) {
    out.report("linearizability", [], `c${client} was answered at revision ${body.revision}, which was never reached`);
    return;
  }
  if (revision < ghost.modelPruned) return;
  const filtered =
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0;
  if (filtered) return;
  if (request.rangeEnd === "") {
    const expected = modelAt(ghost, request.key, revision);
    const seen = body.kvs.length === 0 ? null : (body.kvs[0] as (typeof body.kvs)[number]);
    const same =
      seen === null || expected === null
        ? (seen === null && expected === null) || request.countOnly
        : seen.modRevision === expected.mod &&
          seen.createRevision === expected.create &&
          seen.version === expected.version &&
          (request.keysOnly || seen.value === expected.value);
    if (!same) {
      const saw = seen === null ? "absent" : `${shown(seen.value)} (revision ${seen.modRevision})`;
      const was = expected === null ? "absent" : `${shown(expected.value)} (revision ${expected.mod})`;
      out.report(
        "linearizability",
        [],
        `c${client} read ${request.key} at revision ${body.revision} and got ${saw}; it was ${was}`,
      );
    }
    return;
  }
  const unfiltered = request.limit <= 0 && request.sortOrder === 0 && request.sortTarget === 0 && !request.countOnly;
  if (!unfiltered) return;
  let at = 0;
  for (const key of keysIn(ghost, request.key, request.rangeEnd)) {
    const expected = modelAt(ghost, key, revision);
    if (expected === null) continue;
    const seen = body.kvs[at++];
    if (seen === undefined || seen.key !== key || seen.modRevision !== expected.mod) {
      out.report(
        "linearizability",
        [],
        `c${client} read the range from ${request.key} at revision ${body.revision} and missed ${key} of revision ${expected.mod}`,
      );
      return;
    }
  }
  if (at !== body.kvs.length) {
    out.report(
      "linearizability",
      [],
      `c${client} read the range from ${request.key} at revision ${body.revision} and got ${body.kvs.length} keys; there were ${at}`,
    );
  }
}

/** A transaction of reads answers each of them at its one revision. */
function checkReads(ghost: Ghost, out: Findings, client: number, request: KvRequest, body: TxnResponse): void {
  if (!(request instanceof TxnRequest)) return;
  const asked = body.succeeded ? request.success : request.failure;
  for (const [at, part] of body.responses.entries()) {
    const range = asked[at];
    if (!(part instanceof RangeResponse) || !(range instanceof RangeRequest)) continue;
    checkRange(ghost, out, client, range, new RangeResponse(body.revision, part.kvs, part.more, part.count));
  }
}

/** What a write answered must be what it did, at the revision at which it did it. */
function checkWrite(
  ghost: Ghost,
  out: Findings,
  client: number,
  operation: OpenOperation,
  revision: number,
  bound: number,
  body: unknown,
): void {
  const index = entryOf(ghost, client, operation.operation);
  if (body instanceof TxnResponse && index === 0) {
    // A transaction that only reads never enters the log.
    if (operation.body instanceof TxnRequest && isReadonlyTxn(operation.body)) return;
  }
  if (index === 0) {
    out.report(
      "durability",
      [],
      `${describe(operation, client)} was acknowledged at revision ${revision}, but no entry carries it`,
    );
    return;
  }
  const at = itemAt(ghost.appliedRevision, index);
  if (at !== undefined && at !== revision) {
    out.report(
      "linearizability",
      [],
      `${describe(operation, client)} was answered with revision ${revision}; it took effect at revision ${at} (entry ${index})`,
    );
    return;
  }
  const outcome = ghost.outcomes.get(index);
  if (outcome !== undefined) ghost.outcomes.delete(index);
  const changed =
    body instanceof PutResponse ||
    (body instanceof DeleteRangeResponse && body.deleted > 0) ||
    (body instanceof TxnResponse && body.responses.some((part) => part instanceof PutResponse));
  if (changed && revision <= bound) {
    out.report(
      "linearizability",
      [],
      `${describe(operation, client)} wrote at revision ${revision}, but revision ${bound} had been answered before it began`,
    );
  }
  if (outcome === undefined) return;
  if (outcome.kind === "delete" && body instanceof DeleteRangeResponse && body.deleted !== outcome.deleted) {
    out.report(
      "linearizability",
      [],
      `${describe(operation, client)} answered ${body.deleted} deleted keys; there were ${outcome.deleted}`,
    );
  }
  if (outcome.kind === "txn" && body instanceof TxnResponse) {
    if (body.succeeded !== outcome.succeeded) {
      out.report(
        "txn-atomicity",
        [],
        `${describe(operation, client)} took the ${body.succeeded ? "success" : "failure"} branch; its compares said otherwise at revision ${revision}`,
      );
      return;
    }
    for (const read of outcome.reads) {
      const part = body.responses[read.at];
      if (!(part instanceof RangeResponse)) continue;
      const seen = part.kvs[0];
      if ((seen?.modRevision ?? 0) !== read.mod || (seen?.value ?? null) !== read.value) {
        out.report(
          "txn-atomicity",
          [],
          `${describe(operation, client)} read ${read.key} within the transaction as it was at no one moment`,
        );
      }
    }
  }
}
