// Two runs laid side by side: how far they are the same, and the event of each with which they part.

import type { ComparedRun, Parting, PartingSide } from "../run/first-difference.ts";
import { type Moment, retrace } from "../run/retrace.ts";
import { effectWords, eventWords, lookWords } from "./event-words.ts";
import { counted, grouped, memberName, shortTime } from "./figures.ts";
import { fillText, labelSpan, separated } from "./fill.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";

/** Events before the parting that are shown. */
const BEFORE = 3;

/** One event of a diff. */
export interface DiffEvent {
  readonly event: number;
  readonly atMicros: number;
  readonly text: string;
  /** The member that it touched, as it was afterwards; empty where it touched none. */
  readonly state: string;
}

/** A diff, with the events spelled out. */
export interface DiffDocument {
  readonly same: boolean;
  readonly firstEvent: number | null;
  readonly a: PartingSide;
  readonly b: PartingSide;
  /** Events just before, the same in both. */
  readonly before: readonly DiffEvent[];
  /** Null: that run was over. */
  readonly inA: DiffEvent | null;
  readonly inB: DiffEvent | null;
}

/** Looks at both runs where they part. */
export function diffDocument(a: ComparedRun, b: ComparedRun, parting: Parting): DiffDocument {
  const { firstEvent } = parting;
  const sides = { a: parting.a, b: parting.b };
  if (firstEvent === null) return { same: true, firstEvent, ...sides, before: [], inA: null, inB: null };
  const inA = eventsOf(a, firstEvent);
  const inB = eventsOf(b, firstEvent);
  const at = (events: readonly DiffEvent[]): DiffEvent | null =>
    events.find(({ event }) => event === firstEvent) ?? null;
  return {
    same: false,
    firstEvent,
    ...sides,
    before: inA.filter(({ event }) => event < firstEvent),
    inA: at(inA),
    inB: at(inB),
  };
}

function eventsOf(run: ComparedRun, event: number): DiffEvent[] {
  const { moments } = retrace(run.scenario, run.seed, Math.min(event, run.untilEvent), {
    from: event - BEFORE,
    to: event,
  });
  return [...moments.values()].map((moment) => eventOf(moment, run));
}

function eventOf(moment: Moment, run: ComparedRun): DiffEvent {
  const effects = effectWords(moment);
  const text = eventWords(moment, run.scenario);
  return {
    event: moment.step,
    atMicros: moment.atMicros,
    text: effects.length === 0 ? text : `${text}: ${effects.join("; ")}`,
    state: moment.after === null ? "" : `${memberName(moment.member)} is ${lookWords(moment.after)}`,
  };
}

/** The diff as lines; `names` are what the runs were called. */
export function diffLines(document: DiffDocument, names: readonly [string, string], layout: Layout): Line[] {
  const { firstEvent, a, b, before, inA, inB } = document;
  const { width, signs } = layout;
  const head: Line[] = [
    ...fillText([labelSpan("a")], `${names[0]}  ${a.digest}  ${counted(a.events, "event")}`, "plain", width),
    ...fillText([labelSpan("b")], `${names[1]}  ${b.digest}  ${counted(b.events, "event")}`, "plain", width),
  ];
  if (firstEvent === null) return separated([head, [[span(signs.held, "good"), span(" the same run")]]]);
  const said =
    firstEvent === 1
      ? "they differ from the first event on"
      : `the same for ${counted(firstEvent - 1, "event")}, to ${shortTime(before[before.length - 1]?.atMicros ?? 0)}; they part with event ${grouped(firstEvent)}`;
  const parting: Line[] = fillText([span(signs.violated, "bad"), span(" ")], said, "strong", width);
  const shared: Line[] = [];
  for (const [at, one] of before.entries())
    shared.push(...fillText([labelSpan(at === 0 ? "in both" : "")], placed(one), "dim", width));
  return separated([head, parting, [...shared, ...sideLines("a", inA, width), ...sideLines("b", inB, width)]]);
}

function sideLines(label: string, event: DiffEvent | null, width: number): Line[] {
  if (event === null) return [[labelSpan(label), span("the run was over", "warn")]];
  const lines = fillText([labelSpan(label)], placed(event), "plain", width);
  if (event.state !== "") lines.push(...fillText([labelSpan("")], event.state, "dim", width));
  return lines;
}

function placed({ event, atMicros, text }: DiffEvent): string {
  return `${(atMicros / 1e6).toFixed(6)}s [${event}] ${text}`;
}
