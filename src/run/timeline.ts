// Time travel through one run: any step of it, forwards and backwards, what each step changed, and other futures from any step.
//
// Distance is covered by keyframes and fast re-running, the close look by recorded mode: around the cursor every step has its
// world and its patches. So a long run costs little more than it does without a timeline, and memory is bounded by the number
// of keyframes and of close steps. docs/TIMELINE.md is the guide.

import type { ChoiceSource } from "../kernel/choose.ts";
import { digestText } from "../kernel/digest.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { CHARGED, EVENT_NAMES } from "../world/event.ts";
import type { World } from "../world/world.ts";
import { type EventAhead, eventsAhead, type MessageInFlight, messagesInFlight } from "./ahead.ts";
import { resumeRun, type ScenarioRun, startRun } from "./execute.ts";
import { asRunOf, changesNothing, type ForkChanges, forkedScenario } from "./fork.ts";
import { Recorder } from "./recorder.ts";
import type { RunResult } from "./result.ts";
import type { SavedRun } from "./saved-run.ts";
import type { Patch } from "./settle.ts";
import { type Change, diffWorlds } from "./world-diff.ts";

/** What a timeline keeps. */
export interface TimelineOptions {
  /** Steps from one keyframe to the next, at first: doubled whenever there would be too many. */
  readonly keyframeEvery?: number;
  /** Keyframes kept, the first one beside them. */
  readonly keyframesMax?: number;
  /** Steps around the cursor whose worlds and patches are kept. */
  readonly closeSteps?: number;
  /** Worlds that are handed out are frozen, so that nobody writes to the past by mistake. On by default. */
  readonly freeze?: boolean;
  /** False: no property is checked. */
  readonly checks?: boolean;
  /** Where choices come from; by default the generators of the seed. */
  readonly choices?: ChoiceSource;
}

/** One event that was taken. */
export interface TakenEvent {
  readonly atMicros: number;
  /** One of `EventKind`, and its name; `a`, `b` and the payload are as it says. */
  readonly kind: number;
  readonly name: string;
  readonly a: number;
  readonly b: number;
  /** The step that scheduled it; 0: the start of the run. */
  readonly cause: number;
  readonly payload: unknown;
}

/** A run right after one step. */
export interface Moment {
  /** Number of the step; 0: before the first event. */
  readonly step: number;
  readonly atMicros: number;
  /** Of the run so far: 16 hexadecimal digits. */
  readonly digest: string;
  /** Immutable. Unequal parts of two worlds are other objects, equal parts of neighbours mostly the same. */
  readonly world: World;
  /** What happened; null for step 0. */
  readonly event: TakenEvent | null;
  /** What the step changed, and how to undo it: as immer's `applyPatches` takes them, each list in its order. */
  readonly patches: readonly Patch[];
  readonly inverse: readonly Patch[];
}

/** Steps before the one asked for that are recorded with it, so that a few steps back cost nothing. */
const LEAD = 32;

/** As far as this a seek forwards goes on recording; beyond it a new stretch is cheaper. */
const STRIDE = 128;

const KEYFRAME_EVERY = 512;
const KEYFRAMES_MAX = 256;
const CLOSE_STEPS = 512;

/** A stretch of steps under the close look. */
interface Stretch {
  readonly run: ScenarioRun;
  readonly recorder: Recorder;
  /** One a step without gaps; `moments[0]` may lack its event and patches, then `whole` is its step + 1. */
  readonly moments: Moment[];
  /** The first step whose moment is complete. */
  whole: number;
}

/** The timeline of a run. Made by `recordRun` or `openTimeline`. */
export class Timeline {
  /** With its random faults made fixed. */
  readonly scenario: Scenario;
  readonly seed: string;
  /** What it was forked from, and after which step; null for a run from its start. */
  readonly origin: { readonly timeline: Timeline; readonly step: number } | null;
  private readonly options: TimelineOptions;
  /** The run at the end of what is recorded, in fast mode. */
  private readonly live: ScenarioRun;
  private over: boolean = false;
  private ended: RunResult | null = null;
  private every: number;
  /** Ascending; the first one stands where the timeline begins. */
  private keyframes: SavedRun[];
  /** A run in fast mode somewhere within what is recorded; null: none yet. */
  private near: ScenarioRun | null = null;
  private stretch: Stretch | null = null;
  private cursor: number;

  /** For `openTimeline` and forks. `live` has not been advanced since it was made. */
  constructor(live: ScenarioRun, options: TimelineOptions, origin: { timeline: Timeline; step: number } | null) {
    this.live = live;
    this.scenario = live.scenario;
    this.seed = live.seed;
    this.options = options;
    this.origin = origin;
    this.every = whole("keyframeEvery", options.keyframeEvery ?? KEYFRAME_EVERY);
    whole("keyframesMax", options.keyframesMax ?? KEYFRAMES_MAX);
    whole("closeSteps", options.closeSteps ?? CLOSE_STEPS);
    this.keyframes = [live.save()];
    this.cursor = stepsOf(live);
  }

  /** Steps recorded so far: the highest that `seek` takes. */
  get length(): number {
    return stepsOf(this.live);
  }

  /** The first step of its own; those before it are its origin's. */
  get first(): number {
    return stepOf(this.keyframes[0] as SavedRun);
  }

  /** Whether the run came to its end. */
  get isOver(): boolean {
    return this.over;
  }

  /** Keyframes held, for whoever wants to know what memory goes to. */
  get keyframeCount(): number {
    return this.keyframes.length;
  }

  /** Records up to `maxEvents` more events, or to the end; returns whether the run is over. */
  record(maxEvents: number = Number.POSITIVE_INFINITY): boolean {
    let left = maxEvents;
    while (left > 0 && !this.over) {
      const steps = this.length;
      const slice = Math.min(left, this.every - (steps % this.every));
      this.over = this.live.advance(slice);
      left -= slice;
      if (this.length % this.every === 0 && this.length > steps) this.keepFrame();
    }
    return this.over;
  }

  private keepFrame(): void {
    this.keyframes.push(this.live.save());
    if (this.keyframes.length <= (this.options.keyframesMax ?? KEYFRAMES_MAX) + 1) return;
    this.every *= 2;
    this.keyframes = this.keyframes.filter((frame, at) => at === 0 || stepOf(frame) % this.every === 0);
  }

  /** What the run came to; undecided and `interrupted` while it is not recorded to its end. */
  result(): RunResult {
    if (this.ended === null && this.over) this.ended = this.live.result();
    return this.ended ?? this.live.result(true);
  }

  /** Goes to the moment right after `step` (0: before the first event). Throws a RangeError for a step that is not recorded. */
  seek(step: number): Moment {
    if (!Number.isInteger(step) || step < 0) throw new RangeError(`${step} is no step: they count from 0`);
    if (step > this.length) throw new RangeError(`step ${step} is beyond the end: ${this.length} are recorded`);
    // Where a fork begins is where its origin was: the step that led there is the origin's.
    const isPast = this.origin !== null && step <= this.first;
    const moment = isPast ? this.origin.timeline.seek(step) : this.momentAt(step);
    this.cursor = step;
    return moment;
  }

  /** The moment the cursor stands at. */
  get now(): Moment {
    return this.seek(this.cursor);
  }

  /** One step on; null at the end of what is recorded. */
  forward(): Moment | null {
    return this.cursor >= this.length ? null : this.seek(this.cursor + 1);
  }

  /** One step back; null at the start. */
  back(): Moment | null {
    return this.cursor <= 0 ? null : this.seek(this.cursor - 1);
  }

  private momentAt(step: number): Moment {
    let { stretch } = this;
    const end = stretch === null ? -1 : (stretch.moments[stretch.moments.length - 1] as Moment).step;
    if (stretch === null || step < stretch.whole || step > end + STRIDE) {
      stretch = this.openStretch(Math.max(this.first, step - LEAD - 1));
      this.stretch = stretch;
    }
    while ((stretch.moments[stretch.moments.length - 1] as Moment).step < step) this.extend(stretch);
    const first = (stretch.moments[0] as Moment).step;
    return stretch.moments[step - first] as Moment;
  }

  private openStretch(from: number): Stretch {
    const recorder = new Recorder({ freeze: this.options.freeze !== false });
    const run = resumeRun(this.at(from).save(), { recorder });
    recorder.begin(run.run);
    const moments = [momentOf(run, null, recorder)];
    // Nothing happened before the first event; elsewhere the step that led here is not under this look.
    return { run, recorder, moments, whole: from === 0 ? 0 : from + 1 };
  }

  private extend(stretch: Stretch): void {
    const { run, recorder, moments } = stretch;
    run.advance(1);
    moments.push(momentOf(run, takenBy(run), recorder));
    const most = Math.max(this.options.closeSteps ?? CLOSE_STEPS, LEAD + 2);
    if (moments.length > most) {
      moments.splice(0, moments.length - most);
      stretch.whole = (moments[0] as Moment).step;
    }
  }

  /**
   * The run right after `step` in fast mode, to be looked at and not to be advanced: its checkers, its ghosts, its queue. Good
   * until the next call of any method here.
   */
  at(step: number): ScenarioRun {
    if (step < this.first && this.origin !== null) return this.origin.timeline.at(step);
    let frame = this.keyframes[0] as SavedRun;
    for (const other of this.keyframes) if (stepOf(other) <= step) frame = other;
    const { near } = this;
    const isNearer = near !== null && stepsOf(near) <= step && stepsOf(near) >= stepOf(frame);
    const run = isNearer ? near : resumeRun(frame);
    this.near = run;
    const left = step - stepsOf(run);
    if (left > 0) run.advance(left);
    return run;
  }

  /** Everything that is to happen after `step`, soonest first. */
  ahead(step: number = this.cursor): EventAhead[] {
    return eventsAhead(this.at(this.within(step)).run);
  }

  /** The messages between members that are under way after `step`. */
  inFlight(step: number = this.cursor): MessageInFlight[] {
    return messagesInFlight(this.at(this.within(step)).run);
  }

  /** What differs between the worlds after two steps, in words. */
  diff(before: number, after: number): Change[] {
    const { cursor } = this;
    const from = this.seek(before).world;
    const to = this.seek(after).world;
    this.cursor = cursor;
    return diffWorlds(from, to, this.scenario);
  }

  /**
   * Another future: a timeline of its own that goes on after `step`, with what `changes` say. It has the choices to come of this
   * run, so that the same fork gives the same run, and one without changes gives this one again. Its scenario, run from its start
   * with the same seed, is the same run. Throws a RangeError where the changes cannot be.
   */
  fork(step: number, changes: ForkChanges = {}): Timeline {
    const here = this.at(this.within(step)).save();
    const origin = { timeline: this, step };
    if (changesNothing(changes)) return new Timeline(resumeRun(here), this.options, origin);
    const scenario = forkedScenario(here, step, changes);
    // What is done now is part of the step itself: it is taken once more, with the actions behind it.
    const before = step === 0 ? null : asRunOf(this.at(step - 1).save(), scenario);
    const run = before === null ? this.fromStart(scenario, Math.max(0, step - 1)) : resumeRun(before);
    const fork = new Timeline(run, this.options, origin);
    if (step > 0) fork.record(1);
    fork.cursor = fork.length;
    return fork;
  }

  private fromStart(scenario: Scenario, step: number): ScenarioRun {
    const { checks, choices } = this.options;
    const run = startRun(scenario, this.seed, {
      ...(checks === undefined ? {} : { checks }),
      ...(choices === undefined ? {} : { choices: choices.fork() }),
    });
    if (step > 0) run.advance(step);
    return run;
  }

  private within(step: number): number {
    if (!Number.isInteger(step) || step < 0 || step > this.length) {
      throw new RangeError(`step ${step} is not recorded: there are 0 to ${this.length}`);
    }
    return step;
  }
}

function stepsOf(run: ScenarioRun): number {
  return run.run.world.steps;
}

function stepOf(saved: SavedRun): number {
  return saved.image.world.steps;
}

function whole(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} takes a whole number from 1, not ${value}`);
  return value;
}

function momentOf({ run }: ScenarioRun, event: TakenEvent | null, recorder: Recorder): Moment {
  const { world, context } = run;
  const { patches, inverse } = recorder.changes;
  return {
    step: world.steps,
    atMicros: world.atMicros,
    digest: digestText(context.digest),
    world,
    event,
    patches,
    inverse,
  };
}

function takenBy({ run }: ScenarioRun): TakenEvent {
  const { atMicros, kind, a, b, cause, payload } = run.context.queue;
  const plain = kind & (CHARGED - 1);
  return { atMicros, kind: plain, name: EVENT_NAMES[plain] ?? "", a, b, cause, payload };
}

/** A timeline of a run that has not begun; the host records it in slices. `seed` is canonical. */
export function openTimeline(scenario: Scenario, seed: string, options: TimelineOptions = {}): Timeline {
  const { checks, choices } = options;
  // The run takes a fork of the choices, so that a fork of it can start anew with the same ones.
  const run = startRun(scenario, seed, {
    ...(checks === undefined ? {} : { checks }),
    ...(choices === undefined ? {} : { choices: choices.fork() }),
  });
  return new Timeline(run, options, null);
}

/** The timeline of a run, recorded to its end. */
export function recordRun(scenario: Scenario, seed: string, options: TimelineOptions = {}): Timeline {
  const timeline = openTimeline(scenario, seed, options);
  timeline.record();
  return timeline;
}
