import { expect } from "vitest";
import type { Action } from "../../src/fault/action.ts";
import { digestText } from "../../src/kernel/digest.ts";
import { hashPlain } from "../../src/kernel/plain.ts";
import { actionOn } from "../../src/run/ahead.ts";
import { executeScenario, startRun } from "../../src/run/execute.ts";
import { openTimeline, type Timeline, type TimelineOptions } from "../../src/run/timeline.ts";
import { changeText, diffWorlds } from "../../src/run/world-diff.ts";
import { formatScenario } from "../../src/scenario/format.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import type { Fault, Scenario } from "../../src/scenario/scenario.ts";
import { hashWorld } from "../../src/world/hash-world.ts";
import { fc, test } from "../properties.ts";
import { storyOf } from "./stories.ts";

/** Few keyframes and a short close look, so that all of it is met within a short run. */
const SMALL: TimelineOptions = { keyframeEvery: 64, keyframesMax: 5, closeSteps: 50 };

/** How much of a story is recorded. */
const DURATION_MICROS = 4_000_000;

const place = fc.record({
  story: fc.nat(5_000),
  seed: fc.nat(1_000).map(String),
  /** Places in the run, in thousandths of what is recorded. */
  parts: fc.array(fc.nat(1_000), { minLength: 3, maxLength: 5 }),
});

interface Place {
  story: number;
  seed: string;
  parts: number[];
}

/** The beginning of a story, with the faults that begin and end in it. */
function shortStory(number: number): Scenario {
  const story = storyOf(number);
  const isWithin = ({ trigger, forMicros }: Fault): boolean =>
    trigger.kind !== "time" || trigger.atMicros + (forMicros ?? 0) < DURATION_MICROS;
  return {
    ...story,
    durationMicros: DURATION_MICROS,
    workload: story.workload.map((workload) => ({ ...workload, untilMicros: DURATION_MICROS })),
    faults: story.faults.filter(isWithin),
  };
}

function timelineOf({ story, seed }: Place, options: TimelineOptions = SMALL): Timeline {
  const timeline = openTimeline(shortStory(story), seed, options);
  while (!timeline.record(333)) {
    // In slices, as a host would.
  }
  return timeline;
}

function stepsOf(timeline: Timeline, { parts }: Place): number[] {
  return parts.map((part) => Math.floor((part * timeline.length) / 1000));
}

function expectSameAsFresh(scenario: Scenario, seed: string, timeline: Timeline, step: number): void {
  const fresh = startRun(scenario, seed);
  if (step > 0) fresh.advance(step);
  const moment = timeline.seek(step);
  expect(moment.step).toBe(step);
  expect(moment.digest).toBe(digestText(fresh.run.context.digest));
  expect(hashWorld(moment.world)).toBe(hashWorld(fresh.run.world));
  expect(hashWorld(timeline.at(step).run.world)).toBe(hashWorld(fresh.run.world));
  const queues = [timeline.at(step), fresh].map(({ run }) => hashPlain(run.context.queue.save(), new Set(["made"])));
  expect(queues[0]).toBe(queues[1]);
}

test.prop([place], { numRuns: 5 })(
  "any step that is sought is what a fresh run comes to after as many events, in whatever order they are sought",
  (at) => {
    const timeline = timelineOf(at);
    expect(timeline.result()).toEqual(executeScenario(shortStory(at.story), at.seed));
    for (const step of stepsOf(timeline, at)) expectSameAsFresh(shortStory(at.story), at.seed, timeline, step);
  },
  180_000,
);

test.prop([place], { numRuns: 4 })(
  "going forwards and back step by step passes through the same moments as seeking them, and worlds that were handed out stay",
  (at) => {
    const timeline = timelineOf(at);
    const other = timelineOf(at, { ...SMALL, keyframeEvery: 500 });
    for (const from of stepsOf(timeline, at).slice(0, 3)) {
      const kept = [timeline.seek(from)];
      for (let i = 0; i < 60; i++) {
        const next = timeline.forward();
        if (next === null) break;
        expect(next.step).toBe((kept[kept.length - 1]?.step ?? 0) + 1);
        kept.push(next);
      }
      for (let i = kept.length - 2; i >= 0; i--) {
        const before = timeline.back();
        expect(before?.step).toBe(kept[i]?.step);
        expect(before?.digest).toBe(kept[i]?.digest);
      }
      for (const moment of kept) {
        const sought = other.seek(moment.step);
        expect(sought.digest).toBe(moment.digest);
        expect(hashWorld(sought.world)).toBe(hashWorld(moment.world));
        expect(sought.event?.name).toBe(moment.event?.name);
        if (moment.step > 0) expect(moment.event).not.toBeNull();
      }
    }
  },
  180_000,
);

test.prop([place], { numRuns: 5 })(
  "a fork without changes is the same run again, and its origin stays as it was",
  (at) => {
    const timeline = timelineOf(at);
    const result = timeline.result();
    for (const step of stepsOf(timeline, at).slice(0, 3)) {
      const fork = timeline.fork(step);
      expect(fork.length).toBe(step);
      fork.record();
      expect(fork.result()).toEqual(result);
      const middle = Math.floor((step + fork.length) / 2);
      expect(fork.seek(middle).digest).toBe(timeline.seek(middle).digest);
      expect(fork.seek(Math.floor(step / 2)).digest).toBe(timeline.seek(Math.floor(step / 2)).digest);
    }
    expect(timeline.result()).toEqual(result);
  },
  180_000,
);

function fault(id: string, action: Action, trigger: Fault["trigger"], forMicros: number | null = null): Fault {
  return { id, trigger, forMicros, action };
}

const SOON: Fault["trigger"] = { kind: "event", event: 1 };
test.prop([place], { numRuns: 6 })(
  "a fork with other faults and an act on a message is the run of its scenario from the start, event for event",
  (at) => {
    const timeline = timelineOf(at);
    const before = timeline.result();
    for (const part of stepsOf(timeline, at).slice(0, 2)) {
      // What is added must end before the run does, or the file would be refused.
      let step = part;
      while (timeline.seek(step).atMicros > DURATION_MICROS - 1_000_000) step >>= 1;
      const { world } = timeline.seek(step);
      const ids = world.ids.slice();
      const crash: Action = { kind: "crash", on: { kind: "members", ids: [ids[0]!] }, unsynced: "lose" };
      const pause: Action = { kind: "pause", on: { kind: "members", ids: [ids[ids.length - 1]!] } };
      const flying = timeline.inFlight(step).filter((message) => message.nth > 0);
      const acts = flying.slice(0, 1).map((message) => fault("dropped", actionOn(message, "drop"), SOON));
      const waiting = timeline.scenario.faults.filter((_, position) => world.timetable[position]?.status === "waiting");
      const changes = {
        now: [...acts, fault("now", pause, SOON, 300_000)],
        later: [
          fault("later", crash, { kind: "time", atMicros: world.atMicros + 70_001 }, 500_000),
          fault("last", pause, { kind: "event", event: step + 40 }, 90_000),
        ],
        without: waiting.slice(0, 1).map(({ id }) => id),
      };
      const fork = timeline.fork(step, changes);
      expect(fork.length).toBe(step);
      fork.record();
      const fresh = executeScenario(fork.scenario, at.seed);
      expect(fork.result()).toEqual(fresh);
      expectSameAsFresh(fork.scenario, at.seed, fork, Math.floor((step + fork.length) / 2));
      const again = timeline.fork(step, changes);
      again.record();
      expect(again.result()).toEqual(fresh);
      // What was tried by hand can be saved as a file and is then the same run.
      const text = formatScenario({ ...fork.scenario, seed: at.seed });
      const read = parseScenario(text);
      expect(read.problems).toEqual([]);
      expect(executeScenario(read.scenario as Scenario, at.seed).digest).toBe(fresh.digest);
    }
    expect(timeline.result()).toEqual(before);
  },
  180_000,
);

test.prop([place], { numRuns: 4 })(
  "every message in flight arrives when it was said to, unless somebody acts on it, and every event ahead comes in its order",
  (at) => {
    const timeline = timelineOf(at);
    const acted = timeline.scenario.faults.some(({ action }) => action.kind === "message");
    const step = stepsOf(timeline, at)[0] as number;
    const ahead = timeline.ahead(step);
    const flying = timeline.inFlight(step).filter((message) => message.arrivesAtMicros !== null);
    const arrived: string[] = [];
    timeline.seek(step);
    const until = Math.max(0, ...flying.map((message) => message.arrivesAtMicros as number));
    for (let next = timeline.forward(); next !== null && next.atMicros <= until; next = timeline.forward()) {
      const event = next.event;
      if (event?.name.startsWith("message-")) arrived.push(`${event.b}>${event.a}@${event.atMicros} by ${event.cause}`);
    }
    if (acted || timeline.now.atMicros < until) return;
    for (const { from, to, arrivesAtMicros, sentInStep } of flying) {
      expect(arrived).toContain(`${from}>${to}@${arrivesAtMicros} by ${sentInStep}`);
    }
    for (let i = 1; i < ahead.length; i++) {
      expect(ahead[i]?.atMicros).toBeGreaterThanOrEqual(ahead[i - 1]?.atMicros as number);
    }
  },
  180_000,
);

test.prop([place], { numRuns: 4 })(
  "two worlds that are equal have no differences, and others have some, in lines without objects spelled as such",
  (at) => {
    const timeline = timelineOf(at);
    const [a, b] = stepsOf(timeline, at) as [number, number];
    const [one, other] = [timeline.seek(a).world, timeline.seek(b).world];
    expect(diffWorlds(one, timeline.at(a).run.world)).toEqual([]);
    const changes = timeline.diff(a, b);
    expect(changes.length > 0).toBe(hashWorld(one) !== hashWorld(other));
    for (const change of changes) {
      expect(changeText(change)).not.toMatch(/\[object|undefined|NaN/);
      expect(change.before).not.toBe(change.after);
    }
  },
  180_000,
);
