/**
 * A client's message on a watch stream, at the front desk: rights first, then the hub.
 *
 * After `etcdserver/api/v3rpc/watch.go recvLoop`: whoever may not read the range is told so on the stream, which stays open.
 */

import { refuseRange } from "./auth-check.ts";
import { codeName, ErrPermissionDenied, EtcdError, type EtcdError as Refusal } from "./error.ts";
import { authOf, type Server } from "./server.ts";
import type { WatchCreateRequest, WatchRequest } from "./watch-api.ts";
import { cancelWatch, createWatch, findStream, refuseWatch, requestProgress, type WatchStream } from "./watch-hub.ts";

/** Takes a message of an open stream; its answers wait on the stream. */
export function admitWatch(
  server: Server,
  streamId: number,
  request: WatchRequest,
  token: string | null,
  nowMicros: number,
): void {
  const stream = findStream(server.hub, streamId);
  if (stream === undefined || request === null) return;
  switch (request.kind) {
    case "create":
      admitCreate(server, stream, request, token, nowMicros);
      break;
    case "cancel":
      cancelWatch(server.hub, server.store, stream, request.watchId);
      break;
    case "progress":
      requestProgress(server.hub, server.store, stream);
      break;
  }
}

function admitCreate(
  server: Server,
  stream: WatchStream,
  request: WatchCreateRequest,
  token: string | null,
  nowMicros: number,
): void {
  const refusal = request.startRevision < 0 ? null : refuseCreate(server, request, token, nowMicros);
  if (refusal === null) createWatch(server.hub, server.store, stream, request);
  else refuseWatch(stream, server.store, `rpc error: code = ${codeName(refusal.code)} desc = ${refusal.message}`);
}

function refuseCreate(
  server: Server,
  request: WatchCreateRequest,
  token: string | null,
  nowMicros: number,
): Refusal | null {
  const info = authOf(server, token, nowMicros);
  if (info instanceof EtcdError) return info;
  const key = request.key === "" ? "\0" : request.key;
  const refusal = refuseRange(server.store.auth, info, key, request.rangeEnd);
  // A user that does not exist any more is refused like one without the right.
  return refusal !== null && refusal.code === 9 ? ErrPermissionDenied : refusal;
}
