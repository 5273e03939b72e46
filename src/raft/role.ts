/**
 * Becoming follower, candidate, pre-candidate: what a change of role or term resets.
 *
 * What is unknown here: why the role changes (`election.ts`, `step.ts`). After etcd-io/raft `raft.go` (`reset`,
 * `becomeFollower` and its siblings); becoming leader is in `election.ts`, because it appends an entry.
 */

import { createList } from "../kernel/list.ts";
import type { RaftEnv } from "./config.ts";
import { describeId } from "./describe.ts";
import { NONE } from "./message.ts";
import { resetProgress } from "./progress.ts";
import type { LeaseRound, PendingRead, ReadRequest } from "./read-queue.ts";
import { type Raft, Role } from "./state.ts";

/** Forgets everything that belongs to the term or role that ends, and draws a new election timeout. */
export function reset(raft: Raft, term: number, env: RaftEnv): void {
  if (raft.term !== term) {
    raft.term = term;
    raft.vote = NONE;
  }
  raft.lead = NONE;
  raft.electionElapsed = 0;
  raft.heartbeatElapsed = 0;
  raft.randomizedElectionTimeout = raft.config.mutations.fixedElectionTimeouts
    ? raft.config.electionTicks
    : env.electionTimeout(raft.id, raft.config.electionTicks);
  if (!raft.config.mutations.transferBlocksProposals) raft.leadTransferee = NONE;
  raft.timeoutNowSent = false;
  const last = raft.log.last;
  for (let slot = 0; slot < raft.tracker.progress.length; slot++) {
    const progress = raft.tracker.progress[slot]!;
    resetProgress(progress, progress.id === raft.id ? last : 0, last + 1);
  }
  raft.grantedMessages = 0;
  raft.pendingConfIndex = 0;
  raft.uncommittedSize = 0;
  raft.readQueue = createList<ReadRequest>();
  raft.pendingReads = createList<PendingRead>();
  raft.leaseRounds = createList<LeaseRound>();
  raft.leaseStart = -1;
}

/** Follows `lead` (0: nobody yet) in a term. */
export function becomeFollower(raft: Raft, term: number, lead: number, env: RaftEnv): void {
  reset(raft, term, env);
  if (raft.config.mutations.voteClearedInSameTerm) raft.vote = NONE;
  raft.lead = lead;
  raft.role = Role.Follower;
  if (env.logger !== null) env.logger.info(`${describeId(raft.id)} became follower at term ${raft.term}`);
}

/** Starts the next term and takes the own vote in it. */
export function becomeCandidate(raft: Raft, env: RaftEnv): void {
  reset(raft, raft.term + 1, env);
  raft.vote = raft.id;
  raft.role = Role.Candidate;
  if (env.logger !== null) env.logger.info(`${describeId(raft.id)} became candidate at term ${raft.term}`);
}

/**
 * Asks whether an election could be won. Neither term nor vote change, so that a member that cannot win disturbs nobody
 * (thesis §9.6).
 */
export function becomePreCandidate(raft: Raft, env: RaftEnv): void {
  for (let slot = 0; slot < raft.tracker.progress.length; slot++) raft.tracker.progress[slot]!.vote = 0;
  raft.grantedMessages = 0;
  raft.lead = NONE;
  raft.role = Role.PreCandidate;
  if (env.logger !== null) env.logger.info(`${describeId(raft.id)} became pre-candidate at term ${raft.term}`);
}
