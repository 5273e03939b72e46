// What Raft and the rooms of a member may call while one event is handled, and the member as etcd's front desk sees it.

import type { LeaseClock } from "../etcd/lease-clock.ts";
import type { Server, ServerConfig } from "../etcd/server.ts";
import type { Store } from "../etcd/store.ts";
import type { TokenTable } from "../etcd/tokens.ts";
import type { WatchHub } from "../etcd/watch-hub.ts";
import { createWork, type RaftEnv, type RaftLogger, type Work } from "../raft/raft.ts";
import type { Backend, EtcdMember } from "./etcd-member.ts";
import { idOf } from "./identity.ts";
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
  /** The member at its front desk; `enter` points it at the one that handles the event. */
  readonly desk: Desk;

  constructor(context: ProcessContext) {
    this.context = context;
    this.desk = new Desk(this);
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

/**
 * A member as `etcd/server.ts` wants it: what is replicated comes from the database, the rest from the process. It holds
 * nothing by itself.
 */
export class Desk implements Server {
  private readonly env: MemberEnv;
  member: EtcdMember | null = null;

  constructor(env: MemberEnv) {
    this.env = env;
  }

  private get own(): EtcdMember {
    return this.member as EtcdMember;
  }

  get config(): ServerConfig {
    return this.own.server;
  }

  get store(): Store {
    return this.env.backend.store;
  }

  set store(store: Store) {
    this.env.backend.store = store;
  }

  get tokens(): TokenTable {
    return this.own.tokens;
  }

  get leases(): LeaseClock {
    return this.own.leases;
  }

  get hub(): WatchHub {
    return this.own.hub;
  }

  get fileBytes(): number {
    return this.env.backend.fileBytes;
  }

  set fileBytes(bytes: number) {
    this.env.backend.fileBytes = bytes;
  }

  get leaderId(): string {
    return idOf(this.env.backend.store, this.own.raft.lead);
  }

  get raftTerm(): number {
    return this.own.raft.term;
  }

  get commitIndex(): number {
    return this.own.raft.log.committed;
  }

  get appliedIndex(): number {
    return this.env.backend.appliedIndex;
  }

  get nextId(): number {
    return this.own.nextId;
  }

  set nextId(next: number) {
    this.own.nextId = next;
  }
}
