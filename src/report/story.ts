// The events that tell a run: from what went wrong back along what it depended on, with the faults and the changes of office
// between, and nothing else. A picture of thousands of events explains nothing; twenty that were chosen do.

import type { RunResult } from "../run/result.ts";
import {
  type Change,
  causesOf,
  isAboutVotes,
  isRequestForVote,
  isVote,
  type Moment,
  type Retrace,
  recordOfStep,
  retrace,
} from "../run/retrace.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EventKind } from "../world/event.ts";
import { RecordKind, type Trace, type TraceRecord } from "../world/trace.ts";
import { arrowWords, changeWords, effectWords, eventWords, faultWords, LOSS_WORDS, lostWords } from "./event-words.ts";
import { memberName } from "./figures.ts";
import type { Role } from "./span.ts";
import { caseOfRun, type RunCase } from "./story-case.ts";

/** What a lane is at a moment. */
export type LaneState = "down" | "up" | "leads";

/** A message from one lane to another. */
export interface StoryArrow {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly lost: boolean;
}

/** A sign in a lane: a role with its term (`C4`, `L4`), or what happened there. */
export interface StoryMark {
  readonly member: number;
  readonly sign: "crash" | "restart" | "pause" | "asked" | "answered" | "fault" | "plain" | string;
  readonly role: Role;
}

/** One line of a story. */
export interface StoryRow {
  readonly step: number;
  readonly atMicros: number;
  readonly arrow: StoryArrow | null;
  readonly marks: readonly StoryMark[];
  readonly note: string;
  readonly tone: Role;
  /** It is the event after which something was seen to be wrong, or the one that was asked for. */
  readonly isHere: boolean;
  /** How much it has to say: what must be left out is what weighs least. */
  readonly weight: number;
  /** What the lanes are after it, in the order of the story's members. */
  readonly lanes: readonly LaneState[];
}

/** A story, ready to be drawn. */
export interface Story {
  readonly members: readonly number[];
  readonly rows: readonly StoryRow[];
  /** What the lanes are before the first row. */
  readonly before: readonly LaneState[];
  /** The row that is here is where something was seen to be wrong, not one that somebody asked about. */
  readonly failed: boolean;
  /** What clients saw that no order explains; null where that is not what went wrong. */
  readonly against: RunCase | null;
}

/** Rows of the story of a failure: with all else that is said of it within 60 lines. */
export const STORY_ROWS = 18;
/** How far back causes are followed, and how many steps in all. */
const CONE_STEPS_MAX = 500;

/** The story of what went wrong in a run, or of how it went where nothing did. Makes the run again, twice. */
export function tellRun(scenario: Scenario, result: RunResult, rows: number = STORY_ROWS): Story {
  const { violation } = result;
  const entry = violation === null ? null : /entry (\d+)/.exec([violation.text, ...violation.evidence].join(" "));
  const closely = entry === null ? {} : { entry: Number(entry[1]) };
  const first = retrace(scenario, result.seed, result.events, closely);
  const step = violation === null ? result.events : anchorOf(first.trace, violation.step, violation.atMicros);
  const named = violation === null ? [] : namedSteps(first.trace, violation.text, violation.evidence, step);
  const weights = weigh(first, scenario, violation === null ? [] : [step, ...named], step);
  const here = violation === null ? -1 : step;
  const built = buildStory(scenario, result, first, heaviest(weights, rows), weights, here);
  const story = { ...built, failed: violation !== null };
  const broken = violation !== null && [violation.property, ...violation.also].includes("linearizability");
  return broken ? { ...story, against: caseOfRun(first.run.collector.history ?? []) } : story;
}

/** The story with fewer rows: those that weigh least are left out. */
export function shorterStory(story: Story, rows: number): Story {
  const kept = story.rows
    .map((row, at) => ({ at, weight: row.weight }))
    .sort((a, b) => b.weight - a.weight || b.at - a.at)
    .slice(0, Math.max(0, rows))
    .map(({ at }) => at);
  return { ...story, rows: story.rows.filter((_, at) => kept.includes(at)) };
}

/** The story of a stretch of a run: what changed in it and what was lost, and with `every` all that arrived. */
export function tellStretch(
  scenario: Scenario,
  result: RunResult,
  stretch: { readonly fromStep: number; readonly toStep: number; readonly every: boolean; readonly here: number },
  rows: number,
): Story {
  const first = retrace(scenario, result.seed, Math.min(result.events, stretch.toStep));
  const weights = new Map<number, number>();
  if (stretch.here > 0) weights.set(stretch.here, 1000);
  if (stretch.every) {
    for (let step = stretch.fromStep; step <= stretch.toStep; step++) {
      const near = 500 - Math.abs(step - stretch.here);
      weights.set(step, Math.max(weights.get(step) ?? 0, stretch.here > 0 ? near : 1));
    }
  } else
    for (const [step, weight] of weigh(first, scenario, stretch.here > 0 ? [stretch.here] : [], stretch.toStep)) {
      if (step >= stretch.fromStep) weights.set(step, Math.max(weights.get(step) ?? 0, weight));
    }
  return buildStory(scenario, result, first, heaviest(weights, rows), weights, stretch.here);
}

/** The last event up to the moment where the violation has none of its own (an expectation about a time). */
function anchorOf(trace: Trace, step: number, atMicros: number): number {
  const at = recordOfStep(trace, step);
  if (at >= 0 && trace.record(at).atMicros <= atMicros) return step;
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (trace.record(middle).atMicros <= atMicros) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 1 : trace.record(low - 1).step;
}

/** Steps that the evidence names, and those of the operation that it is about. */
function namedSteps(trace: Trace, text: string, evidence: readonly string[], anchor: number): number[] {
  const steps: number[] = [];
  for (const line of evidence)
    for (const match of line.matchAll(/\[([\d,]+)\]/g)) steps.push(Number((match[1] as string).replaceAll(",", "")));
  takeArrivals(trace, steps, anchor);
  const about = /operation (\d+) of c(\d+)/.exec(text);
  if (about !== null) {
    const [operation, client] = [Number(about[1]), Number(about[2])];
    eachRecord(trace, anchor, (record) => {
      if (record.kind === EventKind.Request && record.b === client && record.index === operation)
        steps.push(record.step);
      if (record.kind === EventKind.Response && record.a === client && record.term === operation)
        steps.push(record.step);
    });
  }
  const newer = newerAnswer(trace, anchor);
  if (newer > 0) steps.push(newer);
  return steps.filter((step) => step > 0 && step <= anchor);
}

/** A vote is told where it arrives, which says more than where the disk of the voter let it go. */
function takeArrivals(trace: Trace, steps: number[], anchor: number): void {
  eachRecord(trace, anchor, (record) => {
    const at = record.kind === EventKind.Message && isVote(record.type) ? steps.indexOf(record.cause) : -1;
    if (at >= 0) steps[at] = record.step;
  });
  // A member's own vote arrives nowhere: that it stood for election says it.
  for (let at = steps.length - 1; at >= 0; at--) {
    const place = recordOfStep(trace, steps[at] as number);
    if (place >= 0 && trace.record(place).kind === EventKind.DiskDone) steps.splice(at, 1);
  }
}

/** Where an answer fell behind: the first answer of a newer revision that was given before it. */
function newerAnswer(trace: Trace, anchor: number): number {
  const at = recordOfStep(trace, anchor);
  if (at < 0) return 0;
  const answer = trace.record(at);
  if (answer.kind !== EventKind.Response || answer.type !== 0 || answer.index === 0) return 0;
  let found = 0;
  eachRecord(trace, anchor - 1, (record) => {
    if (found === 0 && record.kind === EventKind.Response && record.type === 0 && record.index > answer.index)
      found = record.step;
  });
  return found;
}

function eachRecord(trace: Trace, untilStep: number, visit: (record: TraceRecord) => void): void {
  for (let at = 0; at < trace.length; at++) {
    const record = trace.record(at);
    if (record.step > untilStep) return;
    visit(record);
  }
}

/** How much each step has to say. `roots` are followed back; `untilStep` ends the story. */
function weigh(
  { trace, changes }: Retrace,
  scenario: Scenario,
  roots: readonly number[],
  untilStep: number,
): Map<number, number> {
  const weights = new Map<number, number>();
  const give = (step: number, weight: number): void => {
    if (step > 0 && step <= untilStep) weights.set(step, Math.max(weights.get(step) ?? 0, weight));
  };
  for (const [at, root] of roots.entries()) give(root, at === 0 ? 1000 : 900);
  const byMember: Change[][] = [];
  for (const change of changes) {
    while (byMember.length <= change.member) byMember.push([]);
    (byMember[change.member] as Change[]).push(change);
  }
  const depths = cone(trace, byMember, roots);
  const past = pastOf(trace, roots);
  const isTold = (step: number): boolean => roots.length === 0 || depths.has(step);
  for (const change of changes) {
    if (change.step > untilStep) break;
    const depth = depths.get(change.step);
    const age = change.step >= past.nearStep ? 0 : depth === undefined ? 45 : 20;
    const near = depth === undefined ? (roots.length === 0 ? 0 : -12) : Math.max(0, 24 - 2 * depth);
    give(change.step, changeWeight(change) + near - age);
  }
  for (const [step, depth] of depths) {
    const at = recordOfStep(trace, step);
    const { kind, type } = trace.record(at);
    if (kind === EventKind.Request || kind === EventKind.Response) give(step, 60 - depth);
    else if (kind === EventKind.Message) give(step, (isAboutVotes(type) ? 62 : 44) - 2 * depth);
    else if (kind === EventKind.DiskDone) give(step, 30 - 2 * depth);
  }
  // Where nobody wins, the votes of the last term say why.
  const lastTerm = changes.reduce(
    (term, { after, step }) => (step <= untilStep ? Math.max(term, after.term) : term),
    0,
  );
  const isWon = changes.some(({ after }) => after.role === 2 && after.term === lastTerm);
  const firstTold = [...depths.keys()].reduce((first, step) => Math.min(first, step), untilStep);
  eachRecord(trace, untilStep, (record) => {
    if (record.kind === RecordKind.Fault && record.b !== 3) {
      const isPast = record.step < past.nearStep && !(record.b === 1 && past.inForce.has(record.a));
      give(record.step, faultWeight(scenario, record) - (isPast ? 45 : 0));
    }
    const isLastVote = !isWon && record.kind === EventKind.Message && record.term === lastTerm;
    if (isLastVote && roots.length > 0 && isRequestForVote(record.type)) give(record.step, 92);
    if (record.kind === RecordKind.Lost && isAboutVotes(record.type) && record.step >= firstTold)
      give(record.step, isTold(record.step) ? 48 : 20);
  });
  return weights;
}

/** How long before what went wrong something is near it without having been a cause. */
const NEAR_MICROS = 2_000_000;

/** The first step that is near, and the faults (by place) that were in force then: older ones are another story. */
function pastOf(
  trace: Trace,
  roots: readonly number[],
): { readonly nearStep: number; readonly inForce: ReadonlySet<number> } {
  const inForce = new Set<number>();
  if (roots.length === 0) return { nearStep: 0, inForce };
  const first = recordOfStep(trace, Math.min(...roots));
  const nearMicros = (first < 0 ? 0 : trace.record(first).atMicros) - NEAR_MICROS;
  let nearStep = 0;
  for (let at = 0; at < trace.length; at++) {
    const record = trace.record(at);
    nearStep = record.step;
    if (record.atMicros >= nearMicros) break;
    if (record.kind !== RecordKind.Fault) continue;
    if (record.b === 1) inForce.add(record.a);
    else if (record.b === 2) inForce.delete(record.a);
  }
  return { nearStep, inForce };
}

function changeWeight({ before, after, member }: Change): number {
  if (before.up !== after.up) return 84;
  if (after.role !== before.role || (after.role !== 0 && after.term !== before.term)) {
    if (after.role === 2) return 80;
    if (after.role === 1) return 66;
    return after.role === 3 ? 24 : before.role === 2 ? 60 : 18;
  }
  if (after.vote !== before.vote && after.vote !== 0 && after.vote !== member) return 64;
  if (after.term !== before.term) return 12;
  // Otherwise it is the entry that is asked for.
  return after.role === 2 && after.commit > before.commit ? 96 : after.commit > before.commit ? 36 : 70;
}

/** Ends of faults weigh less than beginnings, as the lanes show them. */
function faultWeight(scenario: Scenario, record: TraceRecord): number {
  const kind = scenario.faults[record.a]?.action.kind;
  const beginning = record.b === 1;
  switch (kind) {
    case "crash":
    case "destroy":
    case "restart":
    case "pause":
      return 84;
    case "partition":
    case "heal":
      return beginning ? 78 : 50;
    // The request that comes of it tells the same.
    case "campaign":
    case "transferLeader":
      return 8;
    case "clientOp":
      return 56;
    default:
      return beginning ? 72 : 46;
  }
}

/** Steps that the roots depended on, with how far back: what scheduled them, and what had changed their member before. */
function cone(trace: Trace, byMember: readonly Change[][], roots: readonly number[]): Map<number, number> {
  const depths = new Map<number, number>();
  let front = [...roots];
  for (const root of roots) depths.set(root, 0);
  for (let depth = 1; front.length > 0 && depths.size < CONE_STEPS_MAX; depth++) {
    const next: number[] = [];
    const reach = (step: number): void => {
      if (step <= 0 || depths.has(step)) return;
      depths.set(step, depth);
      next.push(step);
    };
    for (const step of front) {
      const at = recordOfStep(trace, step);
      if (at < 0) continue;
      const { cause, kind, a, b } = trace.record(at);
      reach(cause);
      const member =
        kind === EventKind.Response ? b : kind === EventKind.ClientTimer ? 0 : kind < EventKind.Message ? 0 : a;
      reach(lastBefore(byMember[member], step));
    }
    front = next;
  }
  for (const step of [...depths.keys()]) if (recordOfStep(trace, step) < 0) depths.delete(step);
  return depths;
}

function lastBefore(changes: readonly Change[] | undefined, step: number): number {
  if (changes === undefined) return 0;
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle] as Change).step < step) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (changes[low - 1] as Change).step;
}

/** The steps with most to say, in their order; of equals the later ones. */
function heaviest(weights: ReadonlyMap<number, number>, count: number): number[] {
  return [...weights]
    .sort(([a, x], [b, y]) => y - x || b - a)
    .slice(0, count)
    .map(([step]) => step)
    .sort((a, b) => a - b);
}

function buildStory(
  scenario: Scenario,
  result: RunResult,
  first: Retrace,
  steps: readonly number[],
  weights: ReadonlyMap<number, number>,
  here: number,
): Story {
  const last = steps[steps.length - 1] ?? 0;
  const { moments } = retrace(scenario, result.seed, last, { steps: new Set(steps) });
  const { changes } = first;
  const drafts: (Draft & { readonly weight: number })[] = [];
  for (const step of steps) {
    const weight = weights.get(step) ?? 0;
    for (const row of rowsOf(step, scenario, result, first, moments.get(step), here)) drafts.push({ ...row, weight });
  }
  const involved = new Set<number>();
  for (const { arrow, marks } of drafts) {
    if (arrow !== null) involved.add(arrow.from).add(arrow.to);
    for (const { member } of marks) involved.add(member);
  }
  const members = result.members.filter((id) => involved.has(id) || result.members.length <= 3);
  const states = new Map<number, LaneState>();
  for (const id of members)
    states.set(id, result.away.some((one) => one.member === id && one.fromMicros === 0) ? "down" : "up");
  let seen = 0;
  const advance = (step: number): LaneState[] => {
    for (; seen < changes.length && (changes[seen] as Change).step <= step; seen++) {
      const { member, after } = changes[seen] as Change;
      states.set(member, after.up ? (after.role === 2 ? "leads" : "up") : "down");
    }
    return members.map((id) => states.get(id) ?? "up");
  };
  const before = advance((steps[0] ?? 1) - 1);
  const rows = drafts.map((draft) => ({ ...draft, lanes: advance(draft.step) }));
  return { members, rows, before, failed: false, against: null };
}

type Draft = Omit<StoryRow, "lanes" | "weight">;

/** The rows of one step: what happened, and the messages that were lost in it. */
function rowsOf(
  step: number,
  scenario: Scenario,
  result: RunResult,
  first: Retrace,
  moment: Moment | undefined,
  here: number,
): Draft[] {
  if (moment === undefined) return [];
  const { trace, changes } = first;
  const records = recordsOf(trace, step);
  const targets = (position: number): readonly number[] => result.faults[position]?.targets ?? [];
  const marks = marksOf(moment, records, scenario, changesAt(changes, step), targets);
  const isHere = step === here;
  const { atMicros } = moment;
  const lost = records.filter((record) => record.kind === RecordKind.Lost);
  const fault = records.find((record) => record.kind === RecordKind.Fault && record.b !== 3);
  const isMessage = moment.kind === EventKind.Message || moment.kind === EventKind.DamagedMessage;
  const own = lost.find((record) => isMessage && record.a === moment.a && record.b === moment.b);
  const arrow = !isMessage
    ? null
    : { from: moment.b, to: moment.a, label: arrowWords(moment.type, moment.payload), lost: own !== undefined };
  const note =
    own !== undefined
      ? (LOSS_WORDS[own.x] ?? "lost")
      : noteOf(moment, scenario, fault, changesAt(changes, step), targets);
  const tone: Role = isHere ? "strong" : fault !== undefined ? "fault" : own !== undefined ? "dim" : "plain";
  const rows: Draft[] = [{ step, atMicros, arrow, marks, note, tone, isHere }];
  for (const record of lost) {
    if (record === own || !isAboutVotes(record.type)) continue;
    const { protocol } = first.run.run.context;
    const lostArrow = { from: record.b, to: record.a, label: lostWords(protocol.name, record.type), lost: true };
    const why = LOSS_WORDS[record.x] ?? "lost";
    rows.push({ step, atMicros, arrow: lostArrow, marks: [], note: why, tone: "dim", isHere: false });
  }
  return rows;
}

function recordsOf(trace: Trace, step: number): TraceRecord[] {
  const records: TraceRecord[] = [];
  const at = recordOfStep(trace, step);
  for (let i = at; i >= 0 && trace.record(i).step === step; i--) records.unshift(trace.record(i));
  for (let i = at + 1; i < trace.length && trace.record(i).step === step; i++) records.push(trace.record(i));
  return records;
}

function changesAt(changes: readonly Change[], step: number): Change[] {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle] as Change).step < step) low = middle + 1;
    else high = middle;
  }
  const found: Change[] = [];
  for (; low < changes.length && (changes[low] as Change).step === step; low++) found.push(changes[low] as Change);
  return found;
}

const ROLE_LETTERS = ["F", "C", "L", "P"] as const;

function marksOf(
  moment: Moment,
  records: readonly TraceRecord[],
  scenario: Scenario,
  changes: readonly Change[],
  targets: (position: number) => readonly number[],
): StoryMark[] {
  const marks: StoryMark[] = [];
  for (const { member, before, after } of changes) {
    if (before.up && !after.up) marks.push({ member, sign: "crash", role: "fault" });
    else if (!before.up && after.up) marks.push({ member, sign: "restart", role: "good" });
    else if (after.role !== before.role || (after.term !== before.term && after.role !== 0)) {
      const letter = ROLE_LETTERS[after.role] ?? "F";
      marks.push({ member, sign: `${letter}${after.term}`, role: after.role === 2 ? "leader" : "strong" });
    }
  }
  for (const record of records) {
    if (record.kind !== RecordKind.Fault || record.b === 3) continue;
    const kind = scenario.faults[record.a]?.action.kind;
    for (const member of targets(record.a)) {
      if (marks.some((mark) => mark.member === member) || kind === "clientOp" || kind === "heal") continue;
      marks.push({ member, sign: kind === "pause" && record.b === 1 ? "pause" : "fault", role: "fault" });
    }
  }
  if (moment.kind === EventKind.Request && marks.length === 0)
    marks.push({ member: moment.a, sign: "asked", role: "plain" });
  if (moment.kind === EventKind.Response && moment.b !== 0)
    marks.push({ member: moment.b, sign: "answered", role: "plain" });
  if ((moment.kind === EventKind.Timer || moment.kind === EventKind.DiskDone) && marks.length === 0)
    marks.push({ member: moment.a, sign: "plain", role: "plain" });
  return marks;
}

function noteOf(
  moment: Moment,
  scenario: Scenario,
  fault: TraceRecord | undefined,
  changes: readonly Change[],
  targets: (position: number) => readonly number[],
): string {
  const effects = changes.flatMap((change) => changeWords(change.member, change.before, change.after));
  if (fault !== undefined) {
    const names = targets(fault.a).map(memberName).join(" ");
    const what = `${faultWords(scenario, fault.a)}${fault.b === 2 ? " ends" : names === "" ? "" : ` ${names}`}`;
    const more = effects.filter((effect) => !effect.endsWith(" stops"));
    return [what, ...more].join("; ");
  }
  switch (moment.kind) {
    case EventKind.Request:
      if (moment.b === 0) return ["by order", ...effects].join(": ");
      return [eventWords(moment, scenario).replace(/ \(operation (\d+)\)$/, ""), ...effects].join("; ");
    case EventKind.Response:
      return eventWords(moment, scenario).replace(/ \(operation (\d+)\)$/, "");
    case EventKind.DiskDone:
      return [`${memberName(moment.a)} has synced`, ...effects].join("; ");
    case EventKind.Timer:
      return effects.length > 0 ? effects.join("; ") : `${memberName(moment.a)} ticks`;
    case EventKind.Message: {
      const words = effects.length > 0 ? effects : effectWords(moment);
      return words.length > 0 ? words.join("; ") : refusalOf(moment);
    }
    default:
      return effects.length > 0 ? effects.join("; ") : eventWords(moment, scenario);
  }
}

/** What is worth saying of a message that changed nothing. */
function refusalOf(moment: Moment): string {
  const { type, after, a, b } = moment;
  if ((type === "MsgVote" || type === "MsgPreVote") && after !== null) {
    if (type === "MsgVote" && after.vote !== b)
      return after.vote === 0
        ? `${memberName(a)} does not vote`
        : `${memberName(a)} has voted for ${after.vote === a ? "itself" : memberName(after.vote)}`;
    return "";
  }
  return "";
}

/** The chain of causes of a step, newest first, at most `max`, with the moments of all its steps. */
export function tellCauses(
  scenario: Scenario,
  seed: string,
  step: number,
  max: number,
): { readonly chain: readonly TraceRecord[]; readonly moments: ReadonlyMap<number, Moment>; readonly first: Retrace } {
  const first = retrace(scenario, seed, step);
  const chain = causesOf(first.trace, step, max);
  const { moments } = retrace(scenario, seed, step, { steps: new Set(chain.map((record) => record.step)) });
  return { chain, moments, first };
}
