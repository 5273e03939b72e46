// Other futures from one point of a run: faults are added from there on, or taken out of what is still to come. A fork is again
// the run of a scenario, so that what somebody tried by hand can be saved, replayed and shrunk like any other: a run of the
// fork's scenario from its start comes to the same point and goes on alike, event for event.

import type { QueuedEvent, QueueImage } from "../kernel/queue.ts";
import { TIMETABLE_RANK } from "../kernel/rank.ts";
import { createMemory } from "../scenario/evaluate-predicate.ts";
import type { Fault, Scenario } from "../scenario/scenario.ts";
import { EventKind } from "../world/event.ts";
import { createTimetableState } from "../world/world.ts";
import { compileRun, unsupported } from "./compile-run.ts";
import type { SavedRun, Waiting } from "./saved-run.ts";

/** What is to be different from a step on. */
export interface ForkChanges {
  /** Done right after the step, in this order; their triggers count for nothing. */
  readonly now?: readonly Fault[];
  /** Added to what is to come: their triggers are times after the step's, or events after the step. */
  readonly later?: readonly Fault[];
  /** Ids of faults that have not fired and never shall. */
  readonly without?: readonly string[];
}

/** An event that no run reaches: the trigger of a fault that was taken out. It keeps its place, so that all others keep theirs. */
const NEVER_EVENT = 1_000_000_000;

/** True when nothing is to be different. */
export function changesNothing({ now, later, without }: ForkChanges): boolean {
  return (now?.length ?? 0) + (later?.length ?? 0) + (without?.length ?? 0) === 0;
}

/**
 * The scenario of a fork of `saved` (the run as it is after `step`). Throws a RangeError that says what cannot be: an id that
 * is taken or unknown, a fault that has fired, a time that is over, something that cannot be simulated.
 */
export function forkedScenario(saved: SavedRun, step: number, changes: ForkChanges): Scenario {
  const { scenario } = saved;
  const { world } = saved.image;
  const taken = new Set(scenario.faults.map((fault) => fault.id));
  const without = new Set(changes.without ?? []);
  for (const id of without) {
    const at = scenario.faults.findIndex((fault) => fault.id === id);
    if (at < 0) throw new RangeError(`there is no fault "${id}" to be taken out`);
    if (world.timetable[at]?.status !== "waiting") throw new RangeError(`fault "${id}" has fired before event ${step}`);
  }
  const kept = scenario.faults.map((fault): Fault => (without.has(fault.id) ? { ...fault, trigger: NEVER } : fault));
  const trigger: Fault["trigger"] = step === 0 ? { kind: "time", atMicros: 0 } : { kind: "event", event: step };
  const now = (changes.now ?? []).map((fault): Fault => ({ ...fault, trigger }));
  const later = changes.later ?? [];
  for (const { id, trigger: when } of later) {
    if (when.kind === "when") throw new RangeError(`fault "${id}": a fork takes faults at a time or an event only`);
    if (when.kind === "time" && when.atMicros <= world.atMicros)
      throw new RangeError(`fault "${id}": its time is over at event ${step}`);
    if (when.kind === "event" && when.event <= step)
      throw new RangeError(`fault "${id}": event ${when.event} is over at event ${step}`);
  }
  const added = [...now, ...later];
  for (const { id } of added) {
    if (taken.has(id)) throw new RangeError(`there is a fault "${id}" already`);
    taken.add(id);
  }
  const forked: Scenario = { ...scenario, faults: [...kept, ...added] };
  const missing = unsupported(forked);
  if (missing.length > 0) throw new RangeError(missing.join("; "));
  return forked;
}

const NEVER: Fault["trigger"] = { kind: "event", event: NEVER_EVENT };

/**
 * `saved` as a run of `scenario` would be at the same point; `scenario` has the same faults, some of which may have another
 * trigger, and more behind them. Null where the two would differ in more than what is to come: a fault brings a client of its
 * own, which must have been there from the start.
 */
export function asRunOf(saved: SavedRun, scenario: Scenario): SavedRun | null {
  const compiled = compileRun(scenario);
  const before = saved.compiled;
  if (compiled.plan.workloads.length !== before.plan.workloads.length) return null;
  const { image } = saved;
  const timetable = image.world.timetable.slice();
  const waiting: Waiting[] = saved.waiting.filter(({ position }) => isSame(before.faults, compiled.faults, position));
  for (let position = before.faults.length; position < compiled.faults.length; position++) {
    timetable.push(createTimetableState());
    const { trigger } = compiled.faults[position] as Fault;
    if (trigger.kind !== "event") continue;
    waiting.push({ position, event: trigger.event, predicate: null, memory: createMemory() });
  }
  const queue = withTimes(image.context.queue, timed(before.faults), timed(compiled.faults), compiled.faults);
  const world = { ...image.world, timetable };
  return { ...saved, scenario, compiled, image: { ...image, world, context: { ...image.context, queue } }, waiting };
}

function isSame(before: readonly Fault[], after: readonly Fault[], position: number): boolean {
  return before[position]?.trigger === after[position]?.trigger;
}

/** Positions of the faults at a time, in the order in which a run puts them into its queue first of all. */
function timed(faults: readonly Fault[]): number[] {
  const positions: number[] = [];
  for (const [position, fault] of faults.entries()) if (fault.trigger.kind === "time") positions.push(position);
  return positions;
}

/** The queue with the beginnings of all faults at a time, numbered as if they had been there from the start. */
function withTimes(
  queue: QueueImage,
  before: readonly number[],
  after: readonly number[],
  faults: readonly Fault[],
): QueueImage {
  const shift = after.length - before.length;
  const events: QueuedEvent[] = [];
  for (const event of queue.events) {
    if (event.rank !== TIMETABLE_RANK) events.push(event);
    else if (event.kind !== EventKind.FaultBegins) events.push({ ...event, sequence: event.sequence + shift });
    else if (after.includes(event.a)) events.push({ ...event, sequence: after.indexOf(event.a) });
  }
  for (const [sequence, position] of after.entries()) {
    const { trigger } = faults[position] as Fault;
    if (before.includes(position) || trigger.kind !== "time") continue;
    const { atMicros } = trigger;
    const kind = EventKind.FaultBegins;
    events.push({ atMicros, rank: TIMETABLE_RANK, sequence, kind, a: position, b: 0, cause: 0, payload: null });
  }
  events.sort((x, y) => x.atMicros - y.atMicros || x.rank - y.rank || x.sequence - y.sequence);
  return { events, sequences: shifted(queue.sequences, shift) };
}

function shifted(sequences: readonly number[], shift: number): number[] {
  const result: number[] = [];
  let found = false;
  for (let at = 0; at < sequences.length; at += 2) {
    const rank = sequences[at] as number;
    found ||= rank === TIMETABLE_RANK;
    result.push(rank, (sequences[at + 1] as number) + (rank === TIMETABLE_RANK ? shift : 0));
  }
  if (!found && shift > 0) result.push(TIMETABLE_RANK, shift);
  return result;
}
