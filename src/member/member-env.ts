// What Raft and the rooms of a member may call while one event is handled.

import { createWork, type RaftEnv, type RaftLogger, type Work } from "../raft/raft.ts";
import type { Backend } from "./etcd-member.ts";
import type { MemberObserver } from "./observer.ts";
import type { ProcessContext } from "./protocol.ts";

/** The surroundings of the member that handles the event under way; one object for all members of a run. */
export class MemberEnv implements RaftEnv {
  /** Set before each call. */
  context: ProcessContext;
  observer: MemberObserver | null = null;
  logger: RaftLogger | null = null;
  /** For the Ready under way; of no meaning between events. */
  readonly work: Work = createWork();

  constructor(context: ProcessContext) {
    this.context = context;
  }

  /** The database of the member. */
  get backend(): Backend {
    return this.context.disk.backend as Backend;
  }

  electionTimeout(_id: number, electionTicks: number): number {
    return electionTicks + this.context.choose("election", electionTicks);
  }

  violation(text: string): void {
    if (this.observer !== null) this.observer.impossible(this.context.self, text);
  }
}
