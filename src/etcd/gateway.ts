/**
 * The gateway: etcd's API in JSON over HTTP, as texts in and texts out, without a socket.
 *
 * From outside the room this file is enough to serve the API: a path and a body become a call, an answer becomes a body.
 */

export {
  decodeCall,
  decodePlain,
  decodeWatchRequest,
  ErrBodyEndsEarly,
  ErrBodyMalformed,
  ErrNoSuchPath,
  gatewayPaths,
  type PlainRequest,
  plainNames,
} from "./gateway-decode.ts";
export {
  encodeAnswer,
  encodeError,
  encodeKeyValue,
  encodeStreamError,
  encodeWatchResponse,
  type HeaderIds,
  httpStatus,
  type Json,
} from "./gateway-encode.ts";
export { answersWith, plainAnswer } from "./gateway-plain.ts";
export type { FieldNote } from "./gateway-read.ts";
