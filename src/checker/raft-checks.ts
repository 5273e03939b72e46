// The invariants of Raft, looked at after each step by what changed: the five of the paper's Figure 3 and those that support
// them. All of it reads; ghost state is the only thing written. See `kernel/property.ts` for what each one says.

import { createChunked, dropBefore, endOf, itemAt, pushItem, replaceItem, truncateTo } from "../kernel/chunked.ts";
import { formatMicros } from "../kernel/time.ts";
import { lastTerm } from "../raft/log.ts";
import {
  type ConfState,
  chainAt,
  type Entry,
  entryAt,
  isConfChangeEntry,
  type Raft,
  Role,
  termAt,
} from "../raft/raft.ts";
import type { Membership } from "../raft/tracker.ts";
import { type Ghost, type MemberGhost, memberGhost, names, type VoteGhost } from "./ghost.ts";
import type { Findings } from "./violation.ts";

/** Terms whose votes and leaders are remembered. */
const TERMS_KEPT = 256;

/** Entries that a log may hold beyond what is committed before it counts as unbounded. */
const LOG_BOUND = 1_000_000;

/** Compares a member with what was known of it. Called after each step that may have changed it. */
export function checkMember(ghost: Ghost, out: Findings, id: number, raft: Raft, atMicros: number, step: number): void {
  const known = ghost.members[id] as MemberGhost;
  const log = raft.log;
  const role = raft.role;
  const last = log.last;
  const grew = last !== known.lastIndex || log.lastChain !== known.lastChain;
  const commit = log.committed;
  if (
    !grew &&
    commit === known.commit &&
    log.applied <= commit &&
    raft.term === known.term &&
    role === known.role &&
    raft.tracker.membership === known.membership
  ) {
    return;
  }
  if (raft.term !== known.term) {
    if (raft.term < known.term) {
      out.report("term-monotonic", [id], `n${id} went back from term ${known.term} to term ${raft.term}`);
    }
  } else if (grew && role === Role.Leader && known.role === Role.Leader) checkLeaderLog(out, id, raft, known);
  if (role === Role.Leader && (known.role !== Role.Leader || raft.term !== known.term)) {
    known.confIndex = 0;
    becameLeader(ghost, out, id, raft, atMicros, step);
  }
  if (grew) logChanged(ghost, out, id, raft, known);
  if (commit !== known.commit) {
    if (role === Role.Leader && commit > known.commit) leaderCommits(ghost, out, id, raft, commit);
    known.commit = commit;
    known.commitChain = chainAt(log, commit);
  }
  if (log.applied > commit || commit > last) {
    out.report(
      "commit-within-log",
      [id],
      `n${id} has applied ${log.applied}, committed ${commit} and a log that ends at ${last}`,
    );
  }
  known.term = raft.term;
  known.role = role;
  known.membership = raft.tracker.membership;
}

/** While it leads, a leader's own log only grows. */
function checkLeaderLog(out: Findings, id: number, raft: Raft, known: MemberGhost): void {
  const log = raft.log;
  const kept =
    log.last >= known.lastIndex &&
    (known.lastIndex < log.snapshotIndex || chainAt(log, known.lastIndex) === known.lastChain);
  if (!kept) {
    out.report(
      "leader-append-only",
      [id],
      `n${id}, leader of term ${raft.term}, changed its own log: it ended at ${known.lastIndex}, now at ${log.last}`,
    );
  }
}

function becameLeader(ghost: Ghost, out: Findings, id: number, raft: Raft, atMicros: number, step: number): void {
  const term = raft.term;
  const other = ghost.leaders.get(term);
  if (other !== undefined && other.member !== id) {
    out.report(
      "election-safety",
      [other.member, id].sort((a, b) => a - b),
      `two leaders in term ${term}: n${other.member} (since ${formatMicros(other.atMicros)}) and n${id} (since ${formatMicros(atMicros)})`,
      votesOf(ghost, term, other.member, id),
    );
  } else if (other === undefined) {
    ghost.leaders.set(term, { member: id, atMicros, step });
    if (ghost.leaders.size > TERMS_KEPT) forgetTerms(ghost, term - TERMS_KEPT);
  }
  checkCompleteness(ghost, out, id, raft);
}

function forgetTerms(ghost: Ghost, before: number): void {
  for (const term of [...ghost.leaders.keys()]) if (term < before) ghost.leaders.delete(term);
  for (const term of [...ghost.votes.keys()]) if (term < before) ghost.votes.delete(term);
}

/** The two quorums of a term with two leaders, and who voted twice. */
function votesOf(ghost: Ghost, term: number, a: number, b: number): string[] {
  const votes = ghost.votes.get(term) ?? [];
  const lines: string[] = [];
  const forA = votes.filter((vote) => vote.candidate === a);
  const forB = votes.filter((vote) => vote.candidate === b);
  for (const [leader, list] of [
    [a, forA],
    [b, forB],
  ] as const) {
    const text = list.map((vote) => `n${vote.voter} at ${formatMicros(vote.atMicros)} [${vote.step}]`).join(", ");
    lines.push(`votes for n${leader} in term ${term}: ${text === "" ? "none seen" : text}`);
  }
  const twice = forA.filter((vote) => forB.some((other) => other.voter === vote.voter)).map((vote) => vote.voter);
  lines.push(
    twice.length > 0
      ? `voted for both: ${names(twice)}; the two quorums meet only there`
      : "nobody voted for both: the two quorums do not meet",
  );
  return lines;
}

/** A leader of a later term must hold what was committed before. */
function checkCompleteness(ghost: Ghost, out: Findings, id: number, raft: Raft): void {
  const index = ghost.committed;
  if (raft.term <= ghost.committedTerm || raft.log.snapshotIndex >= index) return;
  if (raft.log.last < index || chainAt(raft.log, index) !== ghost.committedChain) {
    const has = raft.log.last < index ? `its log ends at ${raft.log.last}` : `it holds another entry there`;
    out.report(
      "leader-completeness",
      [id],
      `n${id} leads term ${raft.term} without entry ${index}, committed in term ${ghost.committedTerm}: ${has}`,
      whatStandsThere(ghost, id, raft, index),
    );
  }
}

/** Which entry was committed and how, and who has it on disk; which one the leader has in its place, and who made that. */
function whatStandsThere(ghost: Ghost, id: number, raft: Raft, index: number): string[] {
  const seen = [itemAt(ghost.entries, index), ...(ghost.others.get(index) ?? [])];
  const committed = seen.find((entry) => entry?.chain === ghost.committedChain);
  const holders = raft.tracker.membership.voters.filter((voter) => holds(ghost, voter, index, ghost.committedChain));
  const ofTerm = committed === undefined ? "" : ` of term ${committed.term}`;
  const lines = [
    `the one committed: entry ${index}${ofTerm}, on disk at ${holders.length === 0 ? "nobody" : names(holders)}`,
  ];
  // What a leader commits ends with an entry of its own term, unless it went by the copies of an older one.
  if (committed !== undefined && committed.term < ghost.committedTerm)
    lines.push(
      `written in term ${committed.term}, committed in term ${ghost.committedTerm}: what an older term left is safe only behind an entry of the new one`,
    );
  if (raft.log.last < index) return lines;
  const { term } = entryAt(raft.log, index);
  const maker = ghost.leaders.get(term);
  const by =
    maker === undefined ? "" : `, led by n${maker.member} since ${formatMicros(maker.atMicros)} [${maker.step}]`;
  lines.push(`in its place at n${id}: entry ${index} of term ${term}${by}`);
  return lines;
}

/** Entries were appended or cut. */
function logChanged(ghost: Ghost, out: Findings, id: number, raft: Raft, known: MemberGhost): void {
  const log = raft.log;
  const last = log.last;
  let from = known.lastIndex + 1;
  const cut = last < known.lastIndex || chainAt(log, known.lastIndex) !== known.lastChain;
  if (cut) {
    // Something was cut: what is committed must have stayed, and everything after it is looked at again.
    from = Math.max(log.snapshotIndex + 1, Math.min(known.commit + 1, last + 1));
    if (known.commit > log.snapshotIndex && (last < known.commit || chainAt(log, known.commit) !== known.commitChain)) {
      out.report("acked-prefix-kept", [id], `n${id} dropped entry ${known.commit}, which it knew to be committed`);
    }
    if (
      known.ackIndex > log.snapshotIndex &&
      raft.term === known.ackTerm &&
      (last < known.ackIndex || chainAt(log, known.ackIndex) !== known.ackChain)
    ) {
      out.report(
        "acked-prefix-kept",
        [id],
        `n${id} dropped entry ${known.ackIndex}, which it had acknowledged to the leader of term ${raft.term}`,
      );
    }
  }
  if (from <= log.snapshotIndex) from = log.snapshotIndex + 1;
  for (let index = from; index <= last; index++) {
    const entry = entryAt(log, index);
    if (entry.previousChain !== chainAt(log, index - 1)) {
      out.report(
        "log-matching",
        [id],
        `n${id} holds entry ${index} of term ${entry.term} behind another entry than the one it was written behind`,
      );
    }
    noteEntry(ghost, out, id, entry);
    if (raft.role === Role.Leader && isConfChangeEntry(entry) && entry.term === raft.term) {
      checkProposedChange(out, id, raft, known, index);
    }
  }
  known.lastIndex = last;
  known.lastChain = log.lastChain;
  if (last - log.committed > LOG_BOUND) {
    out.report("bounded-resources", [id], `n${id} holds ${last - log.committed} entries that are not committed`);
  }
}

/** Two logs that hold an entry of one index and term hold the same. */
function noteEntry(ghost: Ghost, out: Findings, id: number, entry: Entry): void {
  const list = ghost.entries;
  const end = endOf(list);
  if (entry.index >= end) {
    if (entry.index === end) pushItem(list, entry);
    return;
  }
  const first = itemAt(list, entry.index);
  if (first === entry || first === undefined) return;
  if (first.term === entry.term) {
    if (first.chain !== entry.chain) mismatch(out, id, entry);
    return;
  }
  const others = ghost.others.get(entry.index);
  if (others === undefined) {
    ghost.others.set(entry.index, [entry]);
    return;
  }
  for (const other of others) {
    if (other === entry) return;
    if (other.term === entry.term) {
      if (other.chain !== entry.chain) mismatch(out, id, entry);
      return;
    }
  }
  others.push(entry);
}

function mismatch(out: Findings, id: number, entry: Entry): void {
  out.report(
    "log-matching",
    [id],
    `n${id} holds another entry ${entry.index} of term ${entry.term} than a member before it, or another log before it`,
  );
}

/**
 * A leader proposes one change at a time, and only after everything of earlier terms in its log is committed. (The paper's
 * authors ask for an entry of its own term: they put a change in force when it is appended. etcd does so when it is applied.)
 */
function checkProposedChange(out: Findings, id: number, raft: Raft, known: MemberGhost, index: number): void {
  if (known.confIndex > raft.log.committed) {
    out.report(
      "config-safety",
      [id],
      `n${id} put a change of membership at ${index} while the one at ${known.confIndex} is not committed`,
    );
  }
  const first = raft.log.committed + 1;
  if (first < index && termAt(raft.log, first) !== raft.term) {
    out.report(
      "config-safety",
      [id],
      `n${id}, leader of term ${raft.term}, put a change of membership at ${index} while entry ${first} of term ${termAt(raft.log, first)} is not committed`,
    );
  }
  known.confIndex = index;
}

/** A leader's commit index rose. */
function leaderCommits(ghost: Ghost, out: Findings, id: number, raft: Raft, commit: number): void {
  const chain = chainAt(raft.log, commit);
  if (!ghost.beyondBudget) checkSupport(ghost, out, "commit-support", id, raft, commit, chain);
  if (commit <= ghost.committed) return;
  ghost.committed = commit;
  ghost.committedChain = chain;
  ghost.committedTerm = raft.term;
}

/** A quorum of the leader's configuration must hold the entry on disk. */
export function checkSupport(
  ghost: Ghost,
  out: Findings,
  property: "commit-support" | "durability",
  id: number,
  raft: Raft,
  index: number,
  chain: number,
): void {
  const membership = raft.tracker.membership;
  if (supportedBy(ghost, membership, index, chain)) return;
  const before = (ghost.members[id] as MemberGhost).membership;
  if (before !== membership && supportedBy(ghost, before, index, chain)) return;
  // An answer may come some changes of membership after the commit: whichever was in force then will do.
  if (property === "durability") {
    for (let at = ghost.configs.length - 1; at >= 0 && at > ghost.configs.length - 4; at--) {
      if (supportedBy(ghost, ghost.configs[at]!.confState, index, chain)) return;
    }
  }
  const holders = membership.voters.filter((voter) => holds(ghost, voter, index, chain));
  out.report(
    property,
    [id],
    property === "commit-support"
      ? `n${id} committed entry ${index} with only ${holders.length} of ${membership.voters.length} voters holding it on disk`
      : `n${id} acknowledged entry ${index} to a client with only ${holders.length} of ${membership.voters.length} voters holding it on disk`,
    [`on disk at: ${holders.length === 0 ? "nobody" : names(holders)}`],
  );
}

function supported(ghost: Ghost, voters: readonly number[], index: number, chain: number): boolean {
  let holders = 0;
  for (let i = 0; i < voters.length; i++) {
    const voter = voters[i] as number;
    if (holds(ghost, voter, index, chain) || held(ghost, voter, index, chain)) holders++;
  }
  return holders > voters.length >> 1;
}

function supportedBy(ghost: Ghost, membership: Membership | ConfState, index: number, chain: number): boolean {
  if (membership.voters.length === 0 || !supported(ghost, membership.voters, index, chain)) return false;
  return membership.votersOutgoing.length === 0 || supported(ghost, membership.votersOutgoing, index, chain);
}

/** The member's disk holds the entry, or a snapshot that covers it. */
export function holds(ghost: Ghost, id: number, index: number, chain: number): boolean {
  const member = ghost.members[id];
  if (member === undefined || member === null) return false;
  const durable = member.durable;
  if (index < durable.first) return true;
  return itemAt(durable, index) === chain;
}

/** The member's disk held the entry when it was lost: what is gone with a disk was on it all the same. */
function held(ghost: Ghost, id: number, index: number, chain: number): boolean {
  const lost = ghost.members[id]?.lost ?? null;
  return lost !== null && (index < lost.first || itemAt(lost, index) === chain);
}

/** Entries are durable on a member's disk: each behind the one that it was written behind. */
export function noteDurable(ghost: Ghost, out: Findings, id: number, entries: readonly Entry[]): void {
  const durable = (ghost.members[id] as MemberGhost).durable;
  let before = itemAt(durable, (entries[0] as Entry).index - 1);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (before !== undefined && entry.previousChain !== before) {
      out.report(
        "log-matching",
        [id],
        `n${id} wrote entry ${entry.index} of term ${entry.term} behind another entry than the one it was made behind`,
      );
    }
    before = entry.chain;
    if (entry.index < endOf(durable)) truncateTo(durable, entry.index);
    if (entry.index === endOf(durable)) pushItem(durable, entry.chain);
  }
  (ghost.members[id] as MemberGhost).durableTerm = (entries[entries.length - 1] as Entry).term;
}

/** A snapshot up to `index` is durable on a member's disk. */
export function noteDurableSnapshot(ghost: Ghost, id: number, index: number): void {
  const durable = (ghost.members[id] as MemberGhost).durable;
  if (index + 1 >= endOf(durable)) {
    durable.chunks.length = 0;
    durable.base = index + 1 - ((index + 1) & 127);
    durable.first = index + 1;
    durable.length = 0;
    if (durable.first !== durable.base) durable.chunks.push(new Array<number>(durable.first - durable.base));
  } else dropBefore(durable, index + 1);
}

/** A member sends a vote. */
export function noteVote(
  ghost: Ghost,
  out: Findings,
  id: number,
  term: number,
  candidate: number,
  atMicros: number,
  step: number,
): void {
  const known = memberGhost(ghost, id);
  if (known.voteTerm === term && known.votedFor !== candidate) {
    const before = (ghost.votes.get(term) ?? []).find((vote) => vote.voter === id);
    out.report(
      "vote-once",
      [id],
      `n${id} voted twice in term ${term}: for n${known.votedFor}, then for n${candidate}`,
      before === undefined
        ? []
        : [`n${id} voted for n${before.candidate} at ${formatMicros(before.atMicros)} [${before.step}]`],
    );
  }
  if (term >= known.voteTerm) {
    known.voteTerm = term;
    known.votedFor = candidate;
  }
  const vote: VoteGhost = { voter: id, candidate, atMicros, step };
  const votes = ghost.votes.get(term);
  if (votes === undefined) ghost.votes.set(term, [vote]);
  else if (!votes.some((other) => other.voter === id && other.candidate === candidate)) votes.push(vote);
}

/** A member acknowledges its log up to `index`. */
export function noteAcknowledged(ghost: Ghost, id: number, raft: Raft, term: number, index: number): void {
  const known = ghost.members[id] as MemberGhost;
  if (term === known.ackTerm && index <= known.ackIndex) return;
  known.ackTerm = term;
  known.ackIndex = index;
  known.ackChain = chainAt(raft.log, index);
}

/** A member starts: what it read back is compared with what was durable. */
export function noteBoot(
  ghost: Ghost,
  out: Findings,
  id: number,
  raft: Raft,
  durableIndex: number,
  applied: number,
): void {
  const known = memberGhost(ghost, id);
  const log = raft.log;
  // A disk that nothing is known of yet: of a member that has just joined, or one that was replaced.
  if (known.diskReplaced || (known.term === 0 && known.lastIndex === 0)) {
    known.durable = createChunked<number>(log.snapshotIndex + 1);
  }
  const durable = known.durable;
  const end = endOf(durable) - 1;
  if (!known.diskReplaced && durable.length > 0) {
    const differs = log.last < end || (end > log.snapshotIndex && chainAt(log, end) !== itemAt(durable, end));
    // A newer leader's entries in their place are no loss, though the power failed before they were durable too.
    if (differs && lastTerm(log) <= known.durableTerm) {
      out.report(
        "recovery-complete",
        [id],
        `n${id} came back with a log that ends at ${log.last}; entries up to ${end} had been on its disk`,
      );
    }
  }
  if (!known.diskReplaced && log.snapshotIndex + 1 < durable.first && log.last < durable.first) {
    out.report("recovery-complete", [id], `n${id} came back with a gap between its snapshot and its log`);
  }
  noteDurableSnapshot(ghost, id, log.snapshotIndex);
  const kept = endOf(durable) - 1;
  if (kept > log.last || (kept > log.snapshotIndex && chainAt(log, kept) !== itemAt(durable, kept))) {
    truncateTo(durable, Math.max(durable.first, log.snapshotIndex + 1));
  }
  for (let index = endOf(durable); index <= durableIndex; index++) pushItem(durable, chainAt(log, index));
  // What was only in memory may be forgotten; a term in which it voted or acknowledged may not.
  const shown = Math.max(known.voteTerm, known.ackTerm);
  if (raft.term < shown && !known.diskReplaced) {
    out.report("term-monotonic", [id], `n${id} came back in term ${raft.term} after it had spoken in term ${shown}`);
  }
  if (ghost.configs.length === 0) {
    const { membership } = raft.tracker;
    ghost.configs.push({ index: log.snapshotIndex, confState: membership, text: textOf(membership) });
  }
  known.diskReplaced = false;
  known.durableTerm = lastTerm(log);
  known.up = true;
  known.term = raft.term;
  known.role = raft.role;
  known.lastIndex = log.last;
  known.lastChain = log.lastChain;
  known.commit = log.committed;
  known.commitChain = chainAt(log, log.committed);
  known.membership = raft.tracker.membership;
  known.applied = applied;
  known.ackIndex = Math.min(known.ackIndex, log.last);
  if (known.ackIndex !== 0) known.ackChain = chainAt(log, known.ackIndex);
}

/** Membership after an entry: the same at every member, and able to decide only together with the one before. */
export function noteConfig(ghost: Ghost, out: Findings, id: number, index: number, confState: ConfState): void {
  const text = textOf(confState);
  const at = ghost.configs.findIndex((config) => config.index === index);
  if (at >= 0) {
    const known = ghost.configs[at] as { text: string };
    if (known.text !== text) {
      out.report(
        "config-agreement",
        [id],
        `n${id} has the membership ${text} after entry ${index}; another member has ${known.text}`,
      );
    }
    return;
  }
  const before = ghost.configs[ghost.configs.length - 1];
  if (before !== undefined && before.index < index && !quorumsMeet(before.confState, confState)) {
    out.report(
      "config-safety",
      [id],
      `the membership ${text} of entry ${index} can decide without the one before it, ${before.text}`,
    );
  }
  ghost.configs.push({ index, confState, text });
  if (before === undefined) return;
  for (const member of confState.voters) {
    if (!before.confState.learners.includes(member)) continue;
    const reached = ghost.members[member]?.lastIndex ?? 0;
    if (reached * 2 < index) ghost.unready.push({ member, index });
  }
}

function textOf(confState: ConfState | Membership): string {
  const list = (ids: readonly number[]): string => `{${names(ids)}}`;
  let text = list(confState.voters);
  if (confState.votersOutgoing.length > 0) text += `&${list(confState.votersOutgoing)}`;
  if (confState.learners.length > 0) text += ` learners ${list(confState.learners)}`;
  return text;
}

/** True when every quorum of one meets every quorum of the other. */
function quorumsMeet(a: ConfState | Membership, b: ConfState | Membership): boolean {
  for (const x of halves(a)) for (const y of halves(b)) if (majoritiesMeet(x, y)) return true;
  return false;
}

function halves(confState: ConfState | Membership): (readonly number[])[] {
  return [confState.voters, confState.votersOutgoing].filter((half) => half.length > 0);
}

function majoritiesMeet(a: readonly number[], b: readonly number[]): boolean {
  const union = new Set([...a, ...b]).size;
  return (a.length >> 1) + 1 + (b.length >> 1) + 1 > union;
}

/** Forgets entries that every log has left behind. */
export function pruneEntries(ghost: Ghost, before: number): void {
  dropBefore(ghost.entries, before);
  dropBefore(ghost.appliedChain, before);
  dropBefore(ghost.appliedDigest, before);
  dropBefore(ghost.appliedRevision, before);
  for (const index of [...ghost.others.keys()]) if (index < before) ghost.others.delete(index);
  for (const index of [...ghost.outcomes.keys()]) if (index < before) ghost.outcomes.delete(index);
  for (const member of ghost.members)
    if (member !== null) dropBefore(member.durable, Math.min(before, endOf(member.durable)));
}

/** Puts the entry that was seen applied in place of the first one seen, so that later members compare by identity. */
export function preferApplied(ghost: Ghost, entry: Entry): void {
  const first = itemAt(ghost.entries, entry.index);
  if (first === undefined || first === entry) return;
  const others = ghost.others.get(entry.index);
  if (others?.includes(entry)) {
    others[others.indexOf(entry)] = first;
    replaceItem(ghost.entries, entry.index, entry);
  }
}
