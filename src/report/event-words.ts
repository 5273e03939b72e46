// One event in words that somebody understands who knows Raft from a lecture: what arrived or fired, and what became of it.

import type { ClientRequest, ClientResponse } from "../kernel/request.ts";
import { Message, messageTypeName } from "../raft/raft.ts";
import type { MemberLook, Moment } from "../run/retrace.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EVENT_NAMES, EventKind } from "../world/event.ts";
import { memberName } from "./figures.ts";
import { requestWords, responseWords } from "./operation-words.ts";

/** Short names of message types, as arrows carry them; `MsgVoteResp` and `MsgAppResp` depend on what they say. */
const ARROWS: Readonly<Record<string, string>> = {
  MsgVote: "vote?",
  MsgPreVote: "prevote?",
  MsgVoteResp: "yes",
  MsgPreVoteResp: "would",
  MsgApp: "append",
  MsgAppResp: "has",
  MsgHeartbeat: "alive",
  MsgHeartbeatResp: "heard",
  MsgSnap: "snapshot",
  MsgTimeoutNow: "lead now",
  MsgProp: "propose",
  MsgReadIndex: "read?",
  MsgReadIndexResp: "read",
  MsgTransferLeader: "transfer",
};

/** What stands on the arrow of a message: `vote?`, `append 7–9`, `has 9`, `no`. */
export function arrowWords(type: string, payload: unknown): string {
  if (!(payload instanceof Message)) return type.toLowerCase();
  const word = ARROWS[type] ?? type.replace(/^Msg/, "").toLowerCase();
  const { entries, index, reject } = payload;
  if (reject) return type === "MsgAppResp" ? `no ${index}` : "no";
  if (type === "MsgApp") {
    const count = entries.length;
    if (count === 0) return "commit";
    return count === 1 ? `append ${index + 1}` : `append ${index + 1}–${index + count}`;
  }
  return type === "MsgAppResp" ? `has ${index}` : word;
}

/** The same for a message of which only its type is known. */
export function lostWords(protocolName: string, type: number): string {
  return protocolName === "etcd" ? (ARROWS[messageTypeName(type)] ?? "message") : "message";
}

/** Why a message was lost, by `LossReason`. */
export const LOSS_WORDS: readonly string[] = [
  "cut off",
  "lost by chance",
  "dropped",
  "nobody there",
  "buffer full",
  "damaged",
  "nobody there",
];

const ROLES: readonly string[] = ["follower", "candidate", "leader", "pre-candidate"];

/** What a step did to a member, in clauses, the most important first; empty where nothing that shows. */
export function effectWords(moment: Moment): string[] {
  const { before, after, member } = moment;
  if (before === null || after === null) return [];
  return changeWords(member, before, after);
}

/** What changed of a member, in clauses. */
export function changeWords(member: number, before: MemberLook, after: MemberLook): string[] {
  const name = memberName(member);
  const words: string[] = [];
  const votes = after.vote !== 0 && after.vote !== member && (after.vote !== before.vote || after.term !== before.term);
  const forWhom = votes ? ` and votes for ${memberName(after.vote)}` : "";
  if (before.up && !after.up) return [`${name} stops`];
  if (!before.up && after.up) {
    const vote = after.vote === 0 ? "no vote" : `its vote for ${memberName(after.vote)}`;
    const kept = after.term === 0 ? "" : ` with term ${after.term}, ${vote}`;
    return [`${name} starts${kept}${after.term < before.term ? `; it had been in term ${before.term}` : ""}`];
  }
  if (after.role !== before.role || (after.role !== 0 && after.term !== before.term)) {
    if (after.role === 2) words.push(`${name} leads term ${after.term}`);
    else if (after.role === 1) words.push(`${name} stands for term ${after.term}`);
    else if (after.role === 3) words.push(`${name} asks who would vote for it`);
    else words.push(`${name} ${before.role === 2 ? "steps down" : "gives up"}${forWhom}, term ${after.term}`);
  } else if (votes) words.push(`${name} votes for ${memberName(after.vote)}, term ${after.term}`);
  else if (after.term !== before.term) words.push(`${name} goes to term ${after.term}`);
  if (after.last < before.last) words.push(`${name} cuts its log: ${before.last} to ${after.last}`);
  else if (after.last > before.last && words.length === 0)
    words.push(`${name} appends ${rangeWords(before.last + 1, after.last)}`);
  if (after.commit > before.commit) words.push(`commit ${before.commit} to ${after.commit}`);
  return words;
}

function rangeWords(from: number, to: number): string {
  return from === to ? String(from) : `${from}–${to}`;
}

/** What the event is, by itself: `n2 asks n3 for its vote in term 4`. */
export function eventWords(moment: Moment, scenario: Scenario): string {
  const { kind, a, b, payload } = moment;
  switch (kind) {
    case EventKind.FaultBegins:
      return `the timetable: ${faultWords(scenario, a)}`;
    case EventKind.FaultEnds:
      return `the timetable: ${faultWords(scenario, a)} ends`;
    case EventKind.Message:
      return `${messageWords(moment)} arrives at ${memberName(a)}`;
    case EventKind.DamagedMessage:
      return `${messageWords(moment)} arrives damaged at ${memberName(a)}, which throws it away`;
    case EventKind.Timer:
      return `a timer of ${memberName(a)} fires`;
    case EventKind.DiskDone:
      return `the disk of ${memberName(a)} has synced`;
    case EventKind.Request: {
      const { operation, attempt, body } = payload as ClientRequest;
      const again = attempt > 1 ? `, try ${attempt}` : "";
      if (b === 0) return `the operator tells ${memberName(a)} to ${requestWords(body)}`;
      return `c${b} asks ${memberName(a)}: ${requestWords(body)} (operation ${operation}${again})`;
    }
    case EventKind.Response: {
      const response = payload as ClientResponse;
      const who = a === 0 ? "the operator" : `c${a}`;
      return `${who} hears from ${memberName(b)}: ${responseWords(response)} (operation ${response.operation})`;
    }
    case EventKind.ClientTimer:
      return `a timer of c${a} fires`;
    case EventKind.Operator:
      return `the operator looks after ${faultWords(scenario, a)}`;
    default:
      return EVENT_NAMES[kind] ?? "an event";
  }
}

function messageWords(moment: Moment): string {
  const { b, type, payload } = moment;
  const from = memberName(b);
  if (!(payload instanceof Message)) return `${from}'s ${type}`;
  const { term, index, entries, commit, reject, logTerm } = payload;
  switch (type) {
    case "MsgVote":
      return `${from}'s request for a vote in term ${term} (its log ends at ${index}, term ${logTerm})`;
    case "MsgPreVote":
      return `${from}'s question who would vote for it in term ${term} (its log ends at ${index}, term ${logTerm})`;
    case "MsgVoteResp":
      return `${from}'s ${reject ? "refusal to vote" : "vote"} in term ${term}`;
    case "MsgPreVoteResp":
      return `${from}'s word that it would ${reject ? "not " : ""}vote, term ${term}`;
    case "MsgApp": {
      const what =
        entries.length === 0 ? "an append without entries" : `entries ${rangeWords(index + 1, index + entries.length)}`;
      return `${from}'s ${what.replace(/^an /, "")} of term ${term} (commit ${commit})`;
    }
    case "MsgAppResp":
      return reject ? `${from}'s refusal of entries behind ${index}` : `${from}'s word that it has entry ${index}`;
    case "MsgHeartbeat":
      return `${from}'s heartbeat of term ${term}`;
    case "MsgHeartbeatResp":
      return `${from}'s answer to a heartbeat`;
    case "MsgSnap":
      return `${from}'s snapshot up to ${payload.snapshot?.index ?? index}`;
    case "MsgTimeoutNow":
      return `${from}'s order to take over`;
    case "MsgProp":
      return `a proposal forwarded by ${from}`;
    default:
      return `${from}'s ${type}`;
  }
}

/** A fault of the scenario, by its place: `partition cut`, `crash power of n1`. */
export function faultWords(scenario: Scenario, position: number): string {
  const fault = scenario.faults[position];
  if (fault === undefined) return "an action";
  const named = /^(fault|random)-/.test(fault.id) ? "" : ` “${fault.id}”`;
  return `${fault.action.kind}${named}`;
}

/** A member's look in a line: `follower, term 3, voted for n2, log 7, commit 6`. */
export function lookWords(look: MemberLook): string {
  if (!look.up) return `not running; was in term ${look.term}`;
  const vote = look.vote === 0 ? "no vote" : `voted for ${memberName(look.vote)}`;
  const lead = look.lead === 0 ? "knows no leader" : `follows ${memberName(look.lead)}`;
  const role = ROLES[look.role] ?? "follower";
  const about = look.role === 2 ? "" : `, ${lead}`;
  return `${role}, term ${look.term}, ${vote}${about}; log ${look.last}, commit ${look.commit}, applied ${look.applied}`;
}
