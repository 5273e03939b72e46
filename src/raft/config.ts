/**
 * What a member is told when it is made: its options, what its disk gave back, and the world it may call.
 *
 * Names and defaults are those of etcd-io/raft `Config`. Numbers of 0 mean "no limit" where etcd's do.
 */

import type { Entry } from "./entry.ts";
import type { RaftLog } from "./log.ts";
import { NO_RAFT_MUTATIONS, type RaftMutations } from "./mutation.ts";
import type { ConfState, Snapshot } from "./snapshot.ts";

/** How linearizable reads are confirmed: by a round of heartbeats, or by the leader's lease. */
export type ReadOnlyOption = "safe" | "lease-based";

/** "No limit" for byte and message counts. */
export const NO_LIMIT: number = Number.MAX_SAFE_INTEGER;

/** Options of one member. Immutable. */
export interface RaftConfig {
  /** 1 and up. */
  readonly id: number;
  /** Ticks without a leader after which a follower may campaign; more than `heartbeatTicks`. */
  readonly electionTicks: number;
  /** Ticks between heartbeats, 1 and up. */
  readonly heartbeatTicks: number;
  /** Bytes of entries in one MsgApp; 0: one entry a message. */
  readonly maxSizePerMsg: number;
  /** Bytes of committed entries handed out and not yet acknowledged as applied; 0: as `maxSizePerMsg`. */
  readonly maxCommittedSizePerReady: number;
  /** Payload bytes a leader accepts beyond what is applied; 0: no limit. */
  readonly maxUncommittedEntriesSize: number;
  /** MsgApps on the way to one follower, 1 and up. */
  readonly maxInflightMsgs: number;
  /** Payload bytes on the way to one follower; 0: no limit. */
  readonly maxInflightBytes: number;
  readonly asyncStorageWrites: boolean;
  readonly checkQuorum: boolean;
  readonly preVote: boolean;
  /** `lease-based` needs `checkQuorum`. */
  readonly readOnly: ReadOnlyOption;
  /** Ticks by which the lease of lease-based reads is shorter than the election timeout, against clock drift. */
  readonly leaseMarginTicks: number;
  readonly disableProposalForwarding: boolean;
  readonly disableConfChangeValidation: boolean;
  readonly stepDownOnRemoval: boolean;
  readonly mutations: RaftMutations;
}

/** What stood on the member's disk. All empty for a new member. */
export interface Recovered {
  readonly hardState: { readonly term: number; readonly vote: number; readonly commit: number };
  /** Where the log starts, with the membership there; null: an empty log from index 1. */
  readonly snapshot: Snapshot | null;
  /** `entries[i].index === (snapshot?.index ?? 0) + 1 + i`. */
  readonly entries: readonly Entry[];
  /**
   * Instead of `snapshot` and `entries`: the log as it was read back, all of it on disk, for hosts that keep what they read.
   * It becomes the member's own.
   */
  readonly log?: RaftLog;
  /** Membership at `applied`; without it, the snapshot's with the changes up to there. */
  readonly membership?: ConfState;
  /** Highest index already applied to the state machine; 0: only what the snapshot covers. */
  readonly applied: number;
}

/** Where log lines go, one call a line, without a newline. Levels are etcd's. */
export interface RaftLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** All that Raft asks of the world. Nothing else is random and nothing else is told. */
export interface RaftEnv {
  /** Returns the next election timeout of this member, in ticks, in `[electionTicks, 2 * electionTicks - 1]`. */
  electionTimeout(id: number, electionTicks: number): number;
  /** null: no text is ever built. */
  readonly logger: RaftLogger | null;
  /** Called where etcd would panic: the state is left as it is and the step goes on in the safest way. */
  violation(text: string): void;
}

/** Returns the options with etcd's server defaults (heartbeat 1 tick, election 10, PreVote and CheckQuorum on) for what is not given. */
export function createRaftConfig(options: Partial<RaftConfig> & { readonly id: number }): RaftConfig {
  const electionTicks = options.electionTicks ?? 10;
  return {
    id: options.id,
    electionTicks,
    heartbeatTicks: options.heartbeatTicks ?? 1,
    maxSizePerMsg: options.maxSizePerMsg ?? 512 * 1024,
    maxCommittedSizePerReady: options.maxCommittedSizePerReady ?? 0,
    maxUncommittedEntriesSize: options.maxUncommittedEntriesSize ?? 0,
    maxInflightMsgs: options.maxInflightMsgs ?? 512,
    maxInflightBytes: options.maxInflightBytes ?? 0,
    asyncStorageWrites: options.asyncStorageWrites ?? false,
    checkQuorum: options.checkQuorum ?? true,
    preVote: options.preVote ?? true,
    readOnly: options.readOnly ?? "safe",
    leaseMarginTicks: options.leaseMarginTicks ?? Math.floor(electionTicks / 5),
    disableProposalForwarding: options.disableProposalForwarding ?? false,
    disableConfChangeValidation: options.disableConfChangeValidation ?? false,
    stepDownOnRemoval: options.stepDownOnRemoval ?? false,
    mutations: options.mutations ?? NO_RAFT_MUTATIONS,
  };
}

/** Returns what is wrong with the options, in etcd's words, or null. */
export function raftConfigError(config: RaftConfig): string | null {
  if (config.id === 0) return "cannot use none as id";
  if (config.id < 0) return "cannot use local target as id";
  if (config.heartbeatTicks <= 0) return "heartbeat tick must be greater than 0";
  if (config.electionTicks <= config.heartbeatTicks) return "election tick must be greater than heartbeat tick";
  if (config.maxInflightMsgs <= 0) return "max inflight messages must be greater than 0";
  if (config.maxInflightBytes !== 0 && config.maxInflightBytes < config.maxSizePerMsg) {
    return "max inflight bytes must be >= max message size";
  }
  if (config.readOnly === "lease-based" && !config.checkQuorum) {
    return "CheckQuorum must be enabled when ReadOnlyOption is ReadOnlyLeaseBased";
  }
  return null;
}
