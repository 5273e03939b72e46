// Connections between clients and members, where more is known of them than a latency: they carry a watch stream, whose
// messages keep their order, or a fault acts on them. All other requests and answers never come here.

import { CounterAt } from "../kernel/counter.ts";
import { requestRank, responseRank } from "../kernel/rank.ts";
import { type ClientRequest, type ClientResponse, RequestError } from "../kernel/request.ts";
import { clientLink, clientLinkKey, type Link } from "../network/network.ts";
import type { RunContext } from "./context.ts";
import { EventKind } from "./event.ts";

/** Nobody listens there. */
export const REFUSED: RequestError = new RequestError(14, "connection error: connect: connection refused", true);
/** The connection broke while an answer was awaited: what became of the request is not known. */
export const BROKEN: RequestError = new RequestError(14, "error reading from server: EOF", false);

/** The two do not trust each other. */
const CERTIFICATE: RequestError = new RequestError(
  14,
  "connection error: transport: authentication handshake failed: x509: certificate has expired",
  true,
);

/** Bytes that a request or an answer is taken for on a narrow link. */
const MESSAGE_BYTES = 256;

/** Sends a client's request; on a stream it keeps its place. */
export function sendRequestOver(
  context: RunContext,
  member: number,
  request: ClientRequest,
  atMicros: number,
  stream: boolean,
): void {
  send(context, request.client, member, false, request, atMicros, stream);
}

/** Sends a member's answer; on a stream it keeps its place. */
export function sendResponse(
  context: RunContext,
  member: number,
  response: ClientResponse,
  atMicros: number,
  stream: boolean,
): void {
  send(context, response.client, member, true, response, atMicros, stream);
}

/** A message that was held back goes on. */
export function deliverHeldBetween(
  context: RunContext,
  client: number,
  member: number,
  toClient: boolean,
  message: ClientRequest | ClientResponse,
): void {
  const link = clientLink(context.world.network, clientLinkKey(client, member, toClient));
  const at = Math.max(context.world.atMicros, link.lastAtMicros);
  link.lastAtMicros = at;
  arrive(context, client, member, toClient, message, at);
}

function send(
  context: RunContext,
  client: number,
  member: number,
  toClient: boolean,
  message: ClientRequest | ClientResponse,
  baseAt: number,
  stream: boolean,
): void {
  const { network } = context.world;
  const key = clientLinkKey(client, member, toClient);
  const link = stream ? clientLink(network, key) : network.clientLinks.get(key);
  if (link === undefined) {
    arrive(context, client, member, toClient, message, baseAt);
    return;
  }
  if (link.denied > 0 && !toClient) {
    context.breakConnection(member, message, CERTIFICATE);
    return;
  }
  if (link.cuts > 0) {
    lose(context, member, message, stream);
    return;
  }
  let at = baseAt;
  let copies = 0;
  const type = toClient ? "response" : "request";
  for (const effect of link.effects) {
    if (effect.types.length > 0 && !effect.types.includes(type)) continue;
    if (effect.ppm < 1_000_000 && context.clientLoss(client).below(1_000_000) >= effect.ppm) continue;
    switch (effect.kind) {
      case "drop":
      case "corrupt":
        // A damaged message fails its checksum; either way a stream has a gap, and with a gap it is no stream.
        lose(context, member, message, stream);
        return;
      case "hold":
        link.held.push({ fault: effect.fault, message });
        return;
      case "delay":
        at += context.delayOf(effect, link, client, member);
        break;
      case "reorder":
        // Single requests overtake each other; what stands on a stream does not.
        if (!stream) at += context.clientLoss(client).below(effect.addMicros + 1);
        break;
      case "duplicate":
        // A request that came twice would be carried out twice, and no transport does that.
        if (toClient && !stream) copies += effect.copies;
        break;
      case "bandwidth":
        at += occupy(link, context.world.atMicros, effect.bytesPerSecond);
        break;
    }
  }
  if (stream) {
    at = Math.max(at, link.lastAtMicros);
    link.lastAtMicros = at;
  }
  arrive(context, client, member, toClient, message, at);
  for (let i = 0; i < copies; i++) arrive(context, client, member, toClient, message, at);
}

function occupy(link: Link, now: number, bytesPerSecond: number): number {
  const begins = Math.max(now, link.busyUntilMicros);
  link.busyUntilMicros = begins + Math.ceil((MESSAGE_BYTES * 1_000_000) / bytesPerSecond);
  return link.busyUntilMicros - now;
}

function arrive(
  context: RunContext,
  client: number,
  member: number,
  toClient: boolean,
  message: ClientRequest | ClientResponse,
  at: number,
): void {
  if (toClient) context.queue.push(at, responseRank(client), EventKind.Response, client, member, message);
  else context.queue.push(at, requestRank(client), EventKind.Request, member, client, message);
}

/** A message is gone. On a stream that ends the stream: its client hears that the connection broke. */
function lose(context: RunContext, member: number, message: ClientRequest | ClientResponse, stream: boolean): void {
  context.count(CounterAt["message-lost"]);
  if (stream) context.breakConnection(member, message, BROKEN);
}
