// What a client sends on a watch stream, as an immutable value. The number of the operation that opened the stream names it;
// its answers come as `WatchResponse` values under the same number, in order.

import type { WatchRequest } from "./watch-api.ts";

/** One message of a client on a stream. */
export class StreamMessage {
  /** `open` opens the stream and carries its first message; `read` says that answers were taken off it. */
  readonly does: "open" | "send" | "read" | "close";
  readonly watch: WatchRequest;
  /** For `read`: how many. */
  readonly count: number;
  /** For `open`: the stream is to end when there is no leader (`hasleader` metadata). */
  readonly requiresLeader: boolean;

  constructor(does: StreamMessage["does"], watch: WatchRequest, count: number = 0, requiresLeader: boolean = false) {
    this.does = does;
    this.watch = watch;
    this.count = count;
    this.requiresLeader = requiresLeader;
  }
}
