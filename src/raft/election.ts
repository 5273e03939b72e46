/**
 * Elections: starting one, granting votes, counting them, and taking office.
 *
 * What is unknown here: why a timeout passed. After etcd-io/raft `raft.go` (`hup`, `campaign`, `poll`); Raft §5.2, §5.4.1,
 * PreVote thesis §9.6, leader stickiness thesis §4.2.3.
 */

import type { RaftEnv } from "./config.ts";
import { electionOutcome } from "./decision.ts";
import { describeId } from "./describe.ts";
import { EntryType, isConfChangeEntry } from "./entry.ts";
import { entryAt, isUpToDate, lastTerm } from "./log.ts";
import { CAMPAIGN_TRANSFER, Message, MessageType, messageTypeName, NO_ENTRIES, NO_MESSAGES, NONE } from "./message.ts";
import { send, sendAfterAppend } from "./outbox.ts";
import { becomeReplicate } from "./progress.ts";
import { appendOwn } from "./proposal.ts";
import { VoteResult } from "./quorum.ts";
import { broadcastAppend } from "./replication.ts";
import { becomeCandidate, becomeFollower, becomePreCandidate, reset } from "./role.ts";
import { type Raft, Role } from "./state.ts";
import { progressOf } from "./tracker.ts";

/** True if the member may lead: a voter (of either half) that is not waiting for a snapshot to reach its disk. */
export function isPromotable(raft: Raft): boolean {
  const own = progressOf(raft.tracker, raft.id);
  return own !== null && !own.isLearner && raft.log.pendingSnapshot === null;
}

/** Campaigns by the member's rules: with a pre-vote where that is on. */
export function campaignAnew(raft: Raft, env: RaftEnv): void {
  hup(raft, raft.preVote, 0, env);
}

/** Campaigns at once because the leader asked for it; voters are told, so that they ignore their lease. */
export function campaignForTransfer(raft: Raft, env: RaftEnv): void {
  hup(raft, false, CAMPAIGN_TRANSFER, env);
}

function hup(raft: Raft, preVote: boolean, context: number, env: RaftEnv): void {
  if (raft.role === Role.Leader) {
    if (env.logger !== null) env.logger.debug(`${describeId(raft.id)} ignoring MsgHup because already leader`);
    return;
  }
  if (!isPromotable(raft)) {
    if (env.logger !== null) env.logger.warn(`${describeId(raft.id)} is unpromotable and can not campaign`);
    return;
  }
  if (hasUnappliedConfChange(raft) && !raft.config.mutations.campaignWithUnappliedConfig) {
    if (env.logger !== null) {
      env.logger.warn(
        `${describeId(raft.id)} cannot campaign at term ${raft.term} since there are still pending configuration changes to apply`,
      );
    }
    return;
  }
  if (env.logger !== null) {
    env.logger.info(`${describeId(raft.id)} is starting a new election at term ${raft.term}`);
  }
  startCampaign(raft, preVote, context, env);
}

/** A member that has not applied a committed change would count votes by a membership that is no more. */
function hasUnappliedConfChange(raft: Raft): boolean {
  for (let index = Math.max(raft.log.applied, raft.log.snapshotIndex) + 1; index <= raft.log.committed; index++) {
    if (isConfChangeEntry(entryAt(raft.log, index))) return true;
  }
  return false;
}

function startCampaign(raft: Raft, preVote: boolean, context: number, env: RaftEnv): void {
  if (preVote) becomePreCandidate(raft, env);
  else becomeCandidate(raft, env);
  const type = preVote ? MessageType.MsgPreVote : MessageType.MsgVote;
  // A pre-vote asks about the term that the election would have.
  const term = preVote ? raft.term + 1 : raft.term;
  const last = raft.log.last;
  const logTerm = lastTerm(raft.log);
  const ids = raft.tracker.voterIds;
  for (let k = 0; k < ids.length; k++) {
    const id = ids[k]!;
    if (id === raft.id) {
      // The own vote counts once term and vote are on disk, so it takes the way of all votes.
      sendAfterAppend(raft, voteResponse(raft, type, id, term, false));
      continue;
    }
    if (env.logger !== null) {
      env.logger.info(
        `${describeId(raft.id)} [logterm: ${logTerm}, index: ${last}] sent ${messageTypeName(type)} request to ${describeId(id)} at term ${raft.term}`,
      );
    }
    send(
      raft,
      new Message(type, id, raft.id, term, logTerm, last, 0, 0, false, 0, NO_ENTRIES, null, context, NO_MESSAGES),
    );
  }
}

function voteResponse(raft: Raft, request: number, to: number, term: number, reject: boolean): Message {
  const type = request === MessageType.MsgPreVote ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp;
  return new Message(type, to, raft.id, term, 0, 0, 0, 0, reject, 0, NO_ENTRIES, null, 0, NO_MESSAGES);
}

/**
 * True if a request of a higher term must be ignored: the voter heard a leader less than an election timeout ago, so the
 * candidate is the one that is cut off. A leadership transfer overrides this.
 */
export function isWithinLease(raft: Raft, request: Message): boolean {
  const mutations = raft.config.mutations;
  if (request.context === CAMPAIGN_TRANSFER) return false;
  if (mutations.prevoteWithoutStickiness && request.type === MessageType.MsgPreVote) return false;
  // Nobody knows what a restarted voter promised before, so with lease reads it keeps the longest promise there can be.
  if (raft.leaseGraceTicks > 0) return true;
  return raft.checkQuorum && raft.lead !== NONE && raft.electionElapsed < raft.config.electionTicks;
}

/** Says in the log that a vote request was ignored within the lease. */
export function logIgnoredVote(raft: Raft, request: Message, env: RaftEnv): void {
  if (env.logger === null) return;
  env.logger.info(
    `${voterText(raft)} ignored ${requestText(request)} at term ${raft.term}: lease is not expired (remaining ticks: ${raft.config.electionTicks - raft.electionElapsed})`,
  );
}

function voterText(raft: Raft): string {
  return `${describeId(raft.id)} [logterm: ${lastTerm(raft.log)}, index: ${raft.log.last}, vote: ${describeId(raft.vote)}]`;
}

function requestText(request: Message, word = "from"): string {
  return `${messageTypeName(request.type)} ${word} ${describeId(request.from)} [logterm: ${request.logTerm}, index: ${request.index}]`;
}

/** Refuses a vote or pre-vote, at the own term so that the candidate learns it. */
export function rejectVote(raft: Raft, request: Message, env: RaftEnv): void {
  if (env.logger !== null) {
    env.logger.info(`${voterText(raft)} rejected ${requestText(request)} at term ${raft.term}`);
  }
  sendAfterAppend(raft, voteResponse(raft, request.type, request.from, raft.term, true));
}

/** Grants or refuses a vote or pre-vote of the own term (or, for a pre-vote, of a higher one). */
export function handleVoteRequest(raft: Raft, request: Message, env: RaftEnv): void {
  const mutations = raft.config.mutations;
  const preVote = request.type === MessageType.MsgPreVote;
  const canVote =
    // Repeating a vote changes nothing.
    raft.vote === request.from ||
    // No vote cast, and no leader known in this term.
    (raft.vote === NONE && raft.lead === NONE) ||
    // A pre-vote for a future term promises nothing.
    (preVote && request.term > raft.term);
  const recent = mutations.voteComparesLengthOnly
    ? request.index >= raft.log.last
    : isUpToDate(raft.log, request.logTerm, request.index);
  if (!canVote || !recent) {
    rejectVote(raft, request, env);
    return;
  }
  if (env.logger !== null) {
    env.logger.info(`${voterText(raft)} cast ${requestText(request, "for")} at term ${raft.term}`);
  }
  // A granted pre-vote answers at the term asked for: the voter's own may be lower, and would be thrown away.
  const term = mutations.prevoteResponseLocalTerm ? raft.term : request.term;
  sendAfterAppend(raft, voteResponse(raft, request.type, request.from, term, false));
  if (!preVote) {
    raft.electionElapsed = 0;
    raft.vote = request.from;
  }
}

/** Candidate or pre-candidate: counts an answer, and acts once the election is decided. */
export function handleVoteResponse(raft: Raft, response: Message, env: RaftEnv): void {
  const granted = !response.reject;
  if (env.logger !== null) {
    const what = `${messageTypeName(response.type)}${granted ? "" : " rejection"}`;
    env.logger.info(`${describeId(raft.id)} received ${what} from ${describeId(response.from)} at term ${raft.term}`);
  }
  const voter = progressOf(raft.tracker, response.from);
  // The first answer counts; a duplicate says nothing new.
  if (voter !== null && voter.vote === 0) voter.vote = granted ? 1 : 2;
  if (granted) raft.grantedMessages++;
  const result = electionOutcome(raft);
  if (env.logger !== null) logTally(raft, response.type, env);
  if (result === VoteResult.Won) {
    if (raft.role === Role.PreCandidate) startCampaign(raft, false, 0, env);
    else {
      becomeLeader(raft, env);
      broadcastAppend(raft, true, env);
    }
  } else if (result === VoteResult.Lost) {
    // The term stays: nobody else may have won it either.
    becomeFollower(raft, raft.term, NONE, env);
  }
}

function logTally(raft: Raft, type: number, env: RaftEnv): void {
  let granted = 0;
  let rejected = 0;
  for (const progress of raft.tracker.progress) {
    if (progress.isLearner) continue;
    if (progress.vote === 1) granted++;
    else if (progress.vote === 2) rejected++;
  }
  env.logger?.info(
    `${describeId(raft.id)} has received ${granted} ${messageTypeName(type)} votes and ${rejected} vote rejections`,
  );
}

/**
 * Takes office: an empty entry of the new term is appended, because only entries of the own term are committed by
 * counting (Raft §5.4.2, §8).
 */
function becomeLeader(raft: Raft, env: RaftEnv): void {
  const mutations = raft.config.mutations;
  reset(raft, raft.term, env);
  raft.lead = raft.id;
  raft.role = Role.Leader;
  const own = progressOf(raft.tracker, raft.id);
  if (own !== null) {
    becomeReplicate(own);
    own.recentActive = true;
  }
  // Whatever the tail of the log holds may be a change that is not applied.
  raft.pendingConfIndex = mutations.singleServerChangeUnsafe ? 0 : raft.log.last;
  if (!mutations.commitPriorTermByCount) appendOwn(raft, EntryType.EntryNormal, null);
  if (env.logger !== null) env.logger.info(`${describeId(raft.id)} became leader at term ${raft.term}`);
}
