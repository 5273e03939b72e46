// What members tell whoever checks them, besides what can be read off their state after each step: facts that leave no trace
// there, such as a vote that was sent or an entry that was applied. Telling changes nothing.

import type { EtcdError, Response } from "../etcd/api.ts";
import type { Store } from "../etcd/store.ts";
import type { ClientRequest } from "../kernel/request.ts";
import type { Entry } from "../raft/entry.ts";
import type { ConfState, Snapshot } from "../raft/snapshot.ts";
import type { Raft } from "../raft/state.ts";

/** Facts of one etcd member. */
export interface MemberObserver {
  /** A boot began: what recovery gave back. */
  booted(member: number, raft: Raft, durableIndex: number): void;
  /** The process is gone. */
  stopped(member: number): void;
  /** The member sends a vote for `candidate` in `term`. */
  votes(member: number, term: number, candidate: number): void;
  /** The member acknowledges to the leader of `term` all entries up to `index`. */
  acknowledges(member: number, term: number, index: number): void;
  /** These entries are durable in the member's log; what stood at their indexes and after is gone. */
  durable(member: number, entries: readonly Entry[]): void;
  /** The member's disk lost its content, or got an older one. */
  diskReplaced(member: number): void;
  /**
   * The member applied an entry; `store` is its state after it, `outcome` what came of the command (null for entries that
   * are none).
   */
  applied(
    member: number,
    entry: Entry,
    confState: ConfState | null,
    store: Store,
    outcome: Response | EtcdError | null,
  ): void;
  /** The member's state was replaced by a snapshot. */
  installed(member: number, snapshot: Snapshot, store: Store): void;
  /** The member answers a request, from entry `index` (0: a read). */
  answers(member: number, request: ClientRequest, index: number): void;
  /**
   * The member that leads renewed a lease by its own clock (`localMicros`), which runs for `ttlSeconds` from then on; and:
   * it proposes to revoke one because it is over by that clock.
   */
  renewed(member: number, lease: string, ttlSeconds: number, localMicros: number): void;
  expires(member: number, lease: string, localMicros: number): void;
  /** Something happened that cannot in a correct member; `text` says what. */
  impossible(member: number, text: string): void;
}
