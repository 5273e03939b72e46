// Why an event is there: the event in words, what it changed, the chain of events that led to it, what came of it, and the lanes
// around it.

import type { RunResult } from "../run/result.ts";
import { type MemberLook, type Moment, type Retrace, recordOfStep, retrace } from "../run/retrace.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { EVENT_NAMES } from "../world/event.ts";
import { RecordKind, type Trace } from "../world/trace.ts";
import { effectWords, eventWords, lookWords } from "./event-words.ts";
import { counted, grouped, memberName } from "./figures.ts";
import { fillText, labelSpan, separated } from "./fill.ts";
import { laneLines } from "./lanes.ts";
import type { Layout } from "./signs.ts";
import { type Line, span } from "./span.ts";
import { type Story, tellCauses, tellStretch } from "./story.ts";

/** Links of a chain that are shown, and things that an event led to. */
const CHAIN_MAX = 14;
/** Links that are followed; of what repeats itself, such as a timer that sets itself again, one is shown. */
const FOLLOWED_MAX = 400;
const EFFECTS_MAX = 8;
/** Events before and after it that the lanes are chosen from. */
const AROUND = 40;
const AROUND_ROWS = 16;

/** One link of a chain. */
export interface CauseLink {
  readonly event: number;
  readonly atMicros: number;
  readonly kind: string;
  readonly text: string;
  /** How many more of the same came before it, one after the other. */
  readonly repeats: number;
}

/** All that is known of one event. */
export interface EventExplanation {
  readonly event: number;
  readonly of: number;
  readonly atMicros: number;
  readonly kind: string;
  readonly text: string;
  readonly member: string | null;
  readonly before: MemberLook | null;
  readonly after: MemberLook | null;
  /** Newest first, without the event itself; it ends where the run began or after `CHAIN_MAX` links. */
  readonly causes: readonly CauseLink[];
  /** Events that it scheduled, in their order, the first few. */
  readonly ledTo: readonly CauseLink[];
  readonly ledToCount: number;
}

/** Explains event `step`, 1 to `result.events`. */
export function explainEvent(scenario: Scenario, result: RunResult, step: number): EventExplanation {
  const { chain, moments } = tellCauses(scenario, result.seed, step, FOLLOWED_MAX);
  const own = moments.get(step) as Moment;
  const whole = retrace(scenario, result.seed, result.events);
  const children = childrenOf(whole.trace, step);
  const shown = children.slice(0, EFFECTS_MAX);
  const later = momentsOf(scenario, result, shown);
  return {
    event: step,
    of: result.events,
    atMicros: own.atMicros,
    kind: EVENT_NAMES[own.kind] ?? "event",
    text: eventWords(own, scenario),
    member: own.member === 0 ? null : memberName(own.member),
    before: own.before,
    after: own.after,
    causes: collapsed(chain.slice(1).map((record) => linkOf(moments.get(record.step) as Moment, scenario))).slice(
      0,
      CHAIN_MAX,
    ),
    ledTo: shown.map((child) => linkOf(later.get(child) as Moment, scenario)),
    ledToCount: children.length,
  };
}

function collapsed(links: readonly CauseLink[]): CauseLink[] {
  const kept: CauseLink[] = [];
  for (const link of links) {
    const last = kept[kept.length - 1];
    if (last !== undefined && last.text === link.text) kept[kept.length - 1] = { ...last, repeats: last.repeats + 1 };
    else kept.push(link);
  }
  return kept;
}

function momentsOf(scenario: Scenario, result: RunResult, steps: readonly number[]): Retrace["moments"] {
  const last = steps[steps.length - 1];
  if (last === undefined) return new Map();
  return retrace(scenario, result.seed, last, { steps: new Set(steps) }).moments;
}

function childrenOf(trace: Trace, step: number): number[] {
  const children: number[] = [];
  for (let at = Math.max(0, recordOfStep(trace, step)); at < trace.length; at++) {
    const record = trace.record(at);
    if (record.kind < RecordKind.Lost && record.cause === step) children.push(record.step);
  }
  return children;
}

function linkOf(moment: Moment, scenario: Scenario): CauseLink {
  const effects = effectWords(moment);
  const text = eventWords(moment, scenario);
  return {
    event: moment.step,
    atMicros: moment.atMicros,
    kind: EVENT_NAMES[moment.kind] ?? "event",
    text: effects.length === 0 ? text : `${text}: ${effects.join("; ")}`,
    repeats: 0,
  };
}

/** The explanation as lines, with the lanes around the event. */
export function explanationLines(
  explanation: EventExplanation,
  scenario: Scenario,
  result: RunResult,
  layout: Layout,
): Line[] {
  const { event, of, text, before, after, member, causes, ledTo, ledToCount } = explanation;
  const { width } = layout;
  const head: Line[] = [
    [span(`event ${grouped(event)}`, "strong"), span(` of ${grouped(of)} at ${seconds(explanation.atMicros)}`)],
    ...fillText([span("  ")], text, "plain", width),
  ];
  const states: Line[] = [];
  if (before !== null && after !== null && member !== null) {
    const same = lookWords(before) === lookWords(after);
    states.push(...fillText([labelSpan(same ? member : `${member} before`)], lookWords(before), "dim", width));
    if (!same) states.push(...fillText([labelSpan(`${member} after`)], lookWords(after), "plain", width));
  }
  const because: Line[] = [];
  for (const [at, link] of causes.entries()) because.push(...linkLines(at === 0 ? "because" : "", link, width));
  if (causes.length === 0)
    because.push([labelSpan("because"), span("it was set down at the beginning of the run", "dim")]);
  else if (causes.length === CHAIN_MAX) because.push([labelSpan(""), span("and so on, back to the beginning", "dim")]);
  const led: Line[] = [];
  for (const [at, link] of ledTo.entries()) led.push(...linkLines(at === 0 ? "led to" : "", link, width));
  if (ledToCount > ledTo.length)
    led.push([labelSpan(""), span(`and ${counted(ledToCount - ledTo.length, "event")} more`, "dim")]);
  return separated([head, states, because, led, laneLines(storyAround(scenario, result, event), layout)]);
}

function storyAround(scenario: Scenario, result: RunResult, event: number): Story {
  return tellStretch(
    scenario,
    result,
    {
      fromStep: Math.max(1, event - AROUND),
      toStep: Math.min(result.events, event + Math.floor(AROUND / 4)),
      every: true,
      here: event,
    },
    AROUND_ROWS,
  );
}

function linkLines(label: string, link: CauseLink, width: number): Line[] {
  const place = `${seconds(link.atMicros)} [${link.event}] `;
  const times = link.repeats === 0 ? "" : `, as ${counted(link.repeats, "time")} before`;
  return fillText([labelSpan(label), span(place, "dim")], link.text + times, "plain", width);
}

function seconds(micros: number): string {
  const text = String(micros).padStart(7, "0");
  return `${text.slice(0, -6)}.${text.slice(-6)}s`;
}
