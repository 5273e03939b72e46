import { describe, expect, it } from "vitest";
import { RandomChoices } from "../../src/kernel/choose.ts";
import { SECOND } from "../../src/kernel/time.ts";
import { actionOn, type MessageInFlight } from "../../src/run/ahead.ts";
import { executeScenario, startRun } from "../../src/run/execute.ts";
import { openTimeline, recordRun, type Timeline } from "../../src/run/timeline.ts";
import { changeText } from "../../src/run/world-diff.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { parseActions } from "../../src/scenario/parse-actions.ts";
import type { Fault, Scenario } from "../../src/scenario/scenario.ts";
import { roleOf } from "../../src/world/life.ts";
import { processOf } from "../../src/world/world.ts";

const SCENARIO = parseScenario(`
apiVersion: lockstep/v1
name: travelled
title: A run to travel in
about: Three members with clients; the leader crashes, and a second fault waits for that.
duration: 6s
cluster: { members: 3 }
workload:
  - { name: kv, clients: 2, closed: 50ms, ops: { put: 1, get: 1 }, keys: 2 }
faults:
  - { id: down, at: 2s, crash: leader, for: 1s }
  - { id: then, when: "crash >= 1", partition: { groups: [n1, rest] }, for: 500ms }
  - { id: late, at: 5s, pause: n2, for: 200ms }
`).scenario as Scenario;

function now(timeline: Timeline, actions: readonly unknown[]): readonly Fault[] {
  const { faults, problems } = parseActions(actions, timeline.scenario);
  expect(problems).toEqual([]);
  return faults as readonly Fault[];
}

/** The first step after which somebody leads. */
function electionOf(timeline: Timeline): number {
  for (let step = 1; step <= timeline.length; step++) if (timeline.seek(step).world.leaders > 0) return step;
  throw new Error("nobody was elected");
}

describe("a timeline", () => {
  it("ends with the result of the run, and says so only when it is recorded to the end", () => {
    const timeline = openTimeline(SCENARIO, "1");
    expect(timeline.record(100)).toBe(false);
    expect([timeline.length, timeline.isOver]).toEqual([100, false]);
    expect(timeline.result()).toMatchObject({ verdict: "undecided", interrupted: true, events: 100 });
    expect(timeline.record()).toBe(true);
    expect(timeline.result()).toEqual(executeScenario(SCENARIO, "1"));
    expect(timeline.result()).toEqual(timeline.result());
  });

  it("refuses steps that are none, or beyond what is recorded, and options that make no sense", () => {
    const timeline = recordRun(SCENARIO, "1");
    expect(() => timeline.seek(timeline.length + 1)).toThrow(
      new RangeError(`step ${timeline.length + 1} is beyond the end: ${timeline.length} are recorded`),
    );
    expect(() => timeline.seek(-1)).toThrow(RangeError);
    expect(() => timeline.seek(1.5)).toThrow(RangeError);
    expect(() => timeline.inFlight(timeline.length + 1)).toThrow(RangeError);
    expect(() => timeline.fork(-1)).toThrow(RangeError);
    expect(() => openTimeline(SCENARIO, "1", { keyframeEvery: 0 })).toThrow(RangeError);
    expect(() => openTimeline(SCENARIO, "1", { closeSteps: 0.5 })).toThrow(RangeError);
  });

  it("stops at both ends of the run", () => {
    const timeline = recordRun(SCENARIO, "1");
    timeline.seek(0);
    expect([timeline.back(), timeline.now.step, timeline.now.event]).toEqual([null, 0, null]);
    timeline.seek(timeline.length);
    expect([timeline.forward(), timeline.now.step]).toEqual([null, timeline.length]);
  });

  it("keeps no more keyframes than it may, and still finds every step", () => {
    const timeline = recordRun(SCENARIO, "1", { keyframeEvery: 10, keyframesMax: 4 });
    expect(timeline.keyframeCount).toBeLessThanOrEqual(5);
    for (const step of [0, 1, 7, 333, timeline.length]) expect(timeline.seek(step).step).toBe(step);
  });

  it("hands out worlds that nobody can write to", () => {
    const timeline = recordRun(SCENARIO, "1");
    const { world } = timeline.seek(300);
    expect(() => {
      processOf(world, 1).boot = 9;
    }).toThrow(TypeError);
    const loose = recordRun(SCENARIO, "1", { freeze: false }).seek(300).world;
    expect(Object.isFrozen(processOf(loose, 1))).toBe(false);
  });

  it("goes by the choices it was given", () => {
    const other = recordRun(SCENARIO, "1", { choices: new RandomChoices("2") });
    expect(other.result().digest).toBe(executeScenario(SCENARIO, "2").digest);
    const fork = other.fork(200);
    fork.record();
    expect(fork.result().digest).toBe(other.result().digest);
  });

  it("counts an action that waited for an event among the changes of that event", () => {
    const timeline = recordRun(SCENARIO, "1");
    let step = 0;
    while (timeline.seek(step).world.timetable[1]?.status === "waiting") step++;
    const { event, patches, world } = timeline.now;
    expect(event?.name).toBe("fault-begins");
    expect(world.cuts.map(({ id }) => id)).toContain("then");
    expect(patches.some(({ path }) => path[0] === "cuts" || path[0] === "network")).toBe(true);
  });
});

describe("the differences between two worlds", () => {
  it("name the member that is elected, its role and its term", () => {
    const timeline = recordRun(SCENARIO, "1");
    const step = electionOf(timeline);
    const { world } = timeline.seek(step);
    const leader = world.ids.find((id) => roleOf(processOf(world, id)) === 2);
    const lines = timeline.diff(step - 1, step).map(changeText);
    expect(lines).toContain(`n${leader}: raft.role candidate → leader`);
    expect(lines).toContain("run: leaders 0 → 1");
    expect(lines).toContain("counters: leader-change 0 → 1");
    expect(timeline.diff(0, step).map(changeText)).toContainEqual(expect.stringMatching(/: raft\.term 1 → \d/));
    expect(timeline.now.step).toBe(step);
  });

  it("name faults as the scenario does", () => {
    const timeline = recordRun(SCENARIO, "1");
    const lines = timeline.diff(0, timeline.length).map(changeText);
    expect(lines).toContain("fault down: status waiting → done");
    expect(lines.some((line) => line.startsWith("fault late: firedAtMicros "))).toBe(true);
  });

  it("are none between a world and itself", () => {
    const timeline = recordRun(SCENARIO, "1");
    expect(timeline.diff(100, 100)).toEqual([]);
  });
});

describe("a fork", () => {
  const timeline = recordRun(SCENARIO, "1");

  it("goes on with a crash that the run did not have", () => {
    const step = electionOf(timeline);
    const fork = timeline.fork(step, { now: now(timeline, [{ crash: "leader" }]) });
    expect(fork.origin).toEqual({ timeline, step });
    expect(fork.now.step).toBe(step);
    expect(fork.now.world.leaders).toBe(0);
    expect(timeline.seek(step).world.leaders).toBe(1);
    fork.record();
    expect(fork.result()).toEqual(executeScenario(fork.scenario, "1"));
    expect(fork.seek(step - 1).digest).toBe(timeline.seek(step - 1).digest);
  });

  it("loses the one message that somebody drops, and no other", () => {
    const step = electionOf(timeline);
    const flying = timeline.inFlight(step);
    expect(flying.length).toBeGreaterThan(1);
    const victim = flying[0] as MessageInFlight;
    const drop: Fault = {
      id: "drop",
      trigger: { kind: "event", event: 1 },
      forMicros: null,
      action: actionOn(victim, "drop"),
    };
    const fork = timeline.fork(step, { now: [drop] });
    expect(fork.inFlight().map((message) => message.message)).toEqual(
      flying.slice(1).map((message) => message.message),
    );
  });

  it("can take a fault out of what is to come, and put another in its place", () => {
    const pause = now(timeline, [{ pause: "n3", for: "300ms" }])[0] as Fault;
    const later: Fault = { ...pause, trigger: { kind: "time", atMicros: 4 * SECOND + 1 } };
    const fork = timeline.fork(400, { without: ["late"], later: [later] });
    fork.record();
    const result = fork.result();
    expect(result.faults.map(({ status }) => status)).toEqual(["done", "done", "waiting", "done"]);
    expect(result).toEqual(executeScenario(fork.scenario, "1"));
  });

  it("can let a client ask once, through a client of its own", () => {
    const fork = timeline.fork(300, { now: now(timeline, [{ client: { op: "get", key: "key-0", via: "n1" } }]) });
    fork.record();
    expect(fork.result()).toEqual(executeScenario(fork.scenario, "1"));
  });

  it("can be forked again, also where its origin was", () => {
    const first = timeline.fork(300, { now: now(timeline, [{ pause: "n1", for: "100ms" }]) });
    first.record();
    const second = first.fork(500, { now: now(first, [{ crash: "n2", for: "1s" }]) });
    second.record();
    expect(second.scenario.faults).toHaveLength(5);
    expect(second.result()).toEqual(executeScenario(second.scenario, "1"));
    expect(second.seek(10).digest).toBe(timeline.seek(10).digest);
    const past = first.fork(100);
    past.record();
    expect(past.result().digest).toBe(timeline.result().digest);
  });

  it("at the very start is a run with one more fault", () => {
    const fork = timeline.fork(0, { now: now(timeline, [{ pause: "n1", for: "1s" }]) });
    fork.record();
    expect(fork.result()).toEqual(executeScenario(fork.scenario, "1"));
    const fresh = startRun(fork.scenario, "1");
    fresh.advance(1);
    expect(fork.seek(1).event?.kind).toBe(fresh.run.context.queue.kind);
  });

  it("refuses what cannot be, with the reason", () => {
    const [pause] = now(timeline, [{ id: "more", pause: "n1", for: "100ms" }]) as [Fault];
    const at = (trigger: Fault["trigger"]): Fault => ({ ...pause, trigger });
    const refusal = (changes: Parameters<Timeline["fork"]>[1]): string => {
      try {
        timeline.fork(timeline.length, changes);
      } catch (error) {
        if (error instanceof RangeError) return error.message;
      }
      return "";
    };
    expect(refusal({ without: ["nobody"] })).toBe('there is no fault "nobody" to be taken out');
    expect(refusal({ without: ["down"] })).toMatch(/^fault "down" has fired before event/);
    expect(refusal({ now: [{ ...pause, id: "down" }] })).toBe('there is a fault "down" already');
    expect(refusal({ later: [at({ kind: "time", atMicros: SECOND })] })).toMatch(/its time is over at event/);
    expect(refusal({ later: [at({ kind: "event", event: 5 })] })).toMatch(/event 5 is over at event/);
    const when = { kind: "when", predicate: { kind: "event", compare: ">", value: 9 } } as const;
    expect(refusal({ later: [at(when)] })).toMatch(/a fork takes faults at a time or an event only/);
  });
});
