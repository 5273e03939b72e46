/**
 * The text of messages, entries, Readys, memberships and progress, as etcd-io/raft prints them.
 *
 * One describer for log lines, conformance scripts, traces and the command line, so that all read alike. Member ids are
 * hexadecimal in messages and memberships, decimal in soft and hard states, ConfStates and conf-change tokens, because
 * etcd's are. What is unknown here: what a payload holds; a `PayloadFormatter` says it.
 */

import {
  type ConfChange,
  type ConfChangeSingle,
  confChangeOf,
  confChangeTransitionName,
  confChangeTypeName,
} from "./conf-change.ts";
import { type Entry, EntryType, entryTypeName, type Payload } from "./entry.ts";
import { APPEND_THREAD, APPLY_THREAD, type Message, messageTypeName, NONE } from "./message.ts";
import { isInflightFull, isPaused, type Progress } from "./progress.ts";
import type { ConfState, Snapshot } from "./snapshot.ts";
import type { HardState, Ready, Role, SoftState } from "./state.ts";
import type { Membership } from "./tracker.ts";

/** Returns the text of a normal entry's payload; null is an empty one. */
export type PayloadFormatter = (data: Payload | null) => string;

/** Shows size and hash of a payload, `""` for an empty one. */
export const describePayload: PayloadFormatter = (data) =>
  data === null ? '""' : `<${data.size} bytes ${(data.hash >>> 0).toString(16).padStart(8, "0")}>`;

const ROLE_NAMES: readonly string[] = ["StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate"];
const PROGRESS_NAMES: readonly string[] = ["StateProbe", "StateReplicate", "StateSnapshot"];
const OPERATION_LETTERS: readonly string[] = ["v", "r", "u", "l"];

/** Returns a member id in hexadecimal. */
export function describeId(id: number): string {
  return id.toString(16);
}

/** Returns the sender or target of a message: an id in hexadecimal, a storage thread, or `None`. */
export function describeTarget(id: number): string {
  if (id === NONE) return "None";
  if (id === APPEND_THREAD) return "AppendThread";
  return id === APPLY_THREAD ? "ApplyThread" : describeId(id);
}

/** Returns etcd's name of a role, `StateLeader`. */
export function roleName(role: Role): string {
  return ROLE_NAMES[role] ?? `${role}`;
}

/** Returns etcd's name of a replication state, `StateProbe`. */
export function progressStateName(state: number): string {
  return PROGRESS_NAMES[state] ?? `${state}`;
}

/** Returns the operations of a change as tokens, `v1 l2 r3`. */
export function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map((change) => `${OPERATION_LETTERS[change.type] ?? "unknown"}${change.nodeId}`).join(" ");
}

/** Returns a change as it stands in the log line of a refusal. */
export function describeConfChange(change: ConfChange): string {
  let text = `transition:${confChangeTransitionName(change.transition)}`;
  for (const one of change.changes) text += ` changes:{type:${confChangeTypeName(one.type)} node_id:${one.nodeId}}`;
  return change.context === null ? text : `${text} context:${quote(`${change.context}`)}`;
}

/** Returns `TERM/INDEX TYPE` and the payload's text. */
export function describeEntry(entry: Entry, format: PayloadFormatter = describePayload): string {
  const text = entry.type === EntryType.EntryNormal ? format(entry.data) : describeChanges(confChangeOf(entry).changes);
  const head = `${entry.term}/${entry.index} ${entryTypeName(entry.type)}`;
  return text === "" ? head : `${head} ${text}`;
}

/** Returns one line per entry, each with its newline. */
export function describeEntries(entries: readonly Entry[], format: PayloadFormatter = describePayload): string {
  let text = "";
  for (const entry of entries) text += `${describeEntry(entry, format)}\n`;
  return text;
}

/** Returns a message, several lines where it carries several things, without a final newline. */
export function describeMessage(message: Message, format: PayloadFormatter = describePayload, indent = ""): string {
  let text = `${indent}${describeTarget(message.from)}->${describeTarget(message.to)} ${messageTypeName(message.type)}`;
  text += ` Term:${message.term} Log:${message.logTerm}/${message.index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== 0) text += ` Vote:${message.vote}`;
  if (message.entries.length === 1) text += ` Entries:[${describeEntry(message.entries[0]!, format)}]`;
  else if (message.entries.length > 1) {
    text += " Entries:[";
    for (const entry of message.entries) text += `\n${indent}  ${describeEntry(entry, format)}`;
    text += `\n${indent}]`;
  }
  if (message.snapshot !== null && message.snapshot.index !== 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(message.snapshot)}`;
  }
  if (message.responses.length > 0) {
    text += " Responses:[";
    for (const response of message.responses) text += `\n${describeMessage(response, format, `${indent}  `)}`;
    text += `\n${indent}]`;
  }
  return text;
}

/** Returns `Lead:1 State:StateLeader`. */
export function describeSoftState(state: SoftState): string {
  return `Lead:${state.lead} State:${roleName(state.role)}`;
}

/** Returns `Term:1 Vote:1 Commit:3`, without the vote if there is none. */
export function describeHardState(state: HardState): string {
  return `Term:${state.term}${state.vote === 0 ? "" : ` Vote:${state.vote}`} Commit:${state.commit}`;
}

/** Returns the membership of a snapshot, ids in decimal. */
export function describeConfState(state: ConfState): string {
  return (
    `Voters:[${state.voters.join(" ")}] VotersOutgoing:[${state.votersOutgoing.join(" ")}] ` +
    `Learners:[${state.learners.join(" ")}] LearnersNext:[${state.learnersNext.join(" ")}] AutoLeave:${state.autoLeave}`
  );
}

/** Returns position and membership of a snapshot. */
export function describeSnapshot(snapshot: Snapshot): string {
  return `Index:${snapshot.index} Term:${snapshot.term} ConfState:${describeConfState(snapshot.confState)}`;
}

/** Returns a Ready, a line or more per part with the final newline, or `<empty Ready>` without one. */
export function describeReady(ready: Ready, format: PayloadFormatter = describePayload): string {
  let text = "";
  if (ready.softState !== null) text += `${describeSoftState(ready.softState)}\n`;
  if (ready.hardState !== null) text += `HardState ${describeHardState(ready.hardState)}\n`;
  if (ready.readStates.length > 0) {
    text += `ReadStates [${ready.readStates.map((state) => `{${state.index} ${state.context}}`).join(" ")}]\n`;
  }
  if (ready.entries.length > 0) text += `Entries:\n${describeEntries(ready.entries, format)}`;
  if (ready.snapshot !== null) text += `Snapshot ${describeSnapshot(ready.snapshot)}\n`;
  if (ready.committedEntries.length > 0) {
    text += `CommittedEntries:\n${describeEntries(ready.committedEntries, format)}`;
  }
  if (ready.messages.length > 0) {
    text += "Messages:\n";
    for (const message of ready.messages) text += `${describeMessage(message, format)}\n`;
  }
  return text === "" ? "<empty Ready>" : `Ready MustSync=${ready.mustSync}:\n${text}`;
}

function describeSet(ids: readonly number[]): string {
  return `(${ids.map(describeId).join(" ")})`;
}

/** Returns a membership, `voters=(1 2 3)&&(1 2) learners=(4) autoleave`, ids in hexadecimal. */
export function describeMembership(membership: Membership): string {
  let text = `voters=${describeSet(membership.voters)}`;
  if (membership.votersOutgoing.length > 0) text += `&&${describeSet(membership.votersOutgoing)}`;
  if (membership.learners.length > 0) text += ` learners=${describeSet(membership.learners)}`;
  if (membership.learnersNext.length > 0) text += ` learners_next=${describeSet(membership.learnersNext)}`;
  return membership.autoLeave ? `${text} autoleave` : text;
}

/** Returns what a leader knows of one member. The limits say whether its window is full (bytes 0: no limit). */
export function describeProgress(progress: Progress, maxInflight: number, maxInflightBytes: number): string {
  let text = `${progressStateName(progress.state)} match=${progress.match} next=${progress.next}`;
  if (progress.isLearner) text += " learner";
  if (isPaused(progress)) text += " paused";
  if (progress.pendingSnapshot > 0) text += ` pendingSnap=${progress.pendingSnapshot}`;
  if (!progress.recentActive) text += " inactive";
  if (progress.inflightCount > 0) {
    text += ` inflight=${progress.inflightCount}`;
    if (isInflightFull(progress, maxInflight, maxInflightBytes)) text += "[full]";
  }
  return text;
}

/** Returns a table of progress, `ID: PROGRESS` per line, ids in decimal and ascending. */
export function describeProgressTable(
  progress: readonly Progress[],
  maxInflight: number,
  maxInflightBytes: number,
): string {
  let text = "";
  for (const one of progress) text += `${one.id}: ${describeProgress(one, maxInflight, maxInflightBytes)}\n`;
  return text;
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [7, "\\a"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [11, "\\v"],
  [12, "\\f"],
  [13, "\\r"],
  [34, '\\"'],
  [92, "\\\\"],
]);

// What Go's %q escapes beyond ASCII: everything that is not a letter, mark, number, punctuation, symbol.
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S}]/u;

/** Returns a text in double quotes with the escapes of Go's `%q`. */
export function quote(text: string): string {
  let quoted = '"';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const short = ESCAPES.get(code);
    if (short !== undefined) quoted += short;
    else if (code < 32 || code === 127) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code < 127) quoted += character;
    else if (code >= 0xd800 && code <= 0xdfff) quoted += "\ufffd";
    else if (!UNPRINTABLE.test(character)) quoted += character;
    else if (code < 0x10000) quoted += `\\u${code.toString(16).padStart(4, "0")}`;
    else quoted += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return `${quoted}"`;
}
