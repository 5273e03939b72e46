/**
 * A command: what stands in the log. A request, and in whose name it was made.
 *
 * After `InternalRaftRequest` and its header. It carries no time and no chance: whatever depends on them (ids, tokens)
 * was decided by the member that proposed it and is part of the request.
 */

import type { Request } from "./api.ts";
import { type AuthInfo, NOBODY } from "./auth-check.ts";
import { mix, mixBytes, scramble } from "./hash.ts";

/** What every member applies. Fits a log entry's payload. */
export class Command {
  readonly request: Request;
  readonly auth: AuthInfo;
  /** Bytes on the wire, header included. */
  readonly size: number;
  /** An int32 over the content. */
  readonly hash: number;

  constructor(request: Request, auth: AuthInfo = NOBODY) {
    this.request = request;
    this.auth = auth;
    // The header holds a request id of nine bytes, the user and the auth revision.
    this.size = request.size + 17 + auth.username.length;
    this.hash = auth === NOBODY ? request.hash : scramble(mix(mixBytes(request.hash, auth.username), auth.revision));
  }
}
