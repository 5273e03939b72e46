/** Every fault of a clock: what a process reads, and what that does to its timers. */

import { describe, expect, test } from "vitest";
import type { Action } from "../../src/fault/action.ts";
import { members } from "../../src/fault/selector.ts";
import { RandomChoices } from "../../src/kernel/choose.ts";
import { constant, INSTANT } from "../../src/kernel/distribution.ts";
import type { ProcessContext, Protocol } from "../../src/member/protocol.ts";
import { Run } from "../../src/run/run.ts";
import type { PlannedAction } from "../../src/world/world.ts";
import { EventKind, steps, tell } from "./story.ts";

const SECOND = 1_000_000;

/** What a process that looks at its clocks once a second of its own sees. */
interface Sight {
  readonly true: number;
  readonly local: number;
  readonly wall: number;
}

/** A protocol that does nothing but look at its clocks. */
function watcher(seen: Sight[], now: () => number): Protocol<object, never> {
  const look = (context: ProcessContext): void => {
    seen.push({ true: now(), local: context.localMicros(), wall: context.wallMicros() });
    context.setTimer(SECOND, 1);
  };
  return {
    name: "watcher",
    init: () => undefined,
    backupOf: () => null,
    restore: () => false,
    start: (context) => {
      look(context);
      return {};
    },
    receive: () => undefined,
    timer: (_state, _timer, context) => look(context),
    diskDone: () => undefined,
    request: () => undefined,
    messageType: () => "",
    mayDuplicate: () => true,
    messageHash: () => 0,
    traceMessage: () => undefined,
    messageBytes: () => 0,
    describe: () => undefined,
    office: () => 0,
    fingerprint: () => 0,
    clone: (state) => state,
    cloneBackend: (backend) => backend,
  };
}

function watch(actions: readonly { at: number; for?: number; clock: Partial<Action & { kind: "clock" }> }[]): Sight[] {
  const seen: Sight[] = [];
  const timetable: PlannedAction[] = actions.map((one, at) => ({
    id: `a${at}`,
    atMicros: one.at,
    forMicros: one.for ?? null,
    action: { kind: "clock", on: members(1), skewMicros: null, driftPpm: null, jumpMicros: null, ...one.clock },
  }));
  const disk = { write: INSTANT, fsync: INSTANT };
  const run: Run = new Run({
    plan: {
      members: [{ id: 1, role: "voter", zone: null, host: null, disk }],
      disk,
      latency: constant(1_000),
      clientLatency: constant(1_000),
      links: [],
      lossPpm: 0,
      duplicatePpm: 0,
      ordered: true,
      connections: true,
      workloads: [],
      timetable,
    },
    protocol: watcher(seen, () => run.world.atMicros) as unknown as Protocol<unknown, unknown>,
    choices: new RandomChoices("1"),
    durationMicros: 20 * SECOND,
    stepLimit: 1_000,
  });
  run.begin();
  while (!run.advance(100)) {
    // To the end.
  }
  return seen;
}

describe("a clock", () => {
  test("that nobody touches shows true time", () => {
    const seen = watch([]);
    expect(seen.length).toBe(21);
    expect(seen.every((one) => one.local === one.true && one.wall === one.true)).toBe(true);
  });

  test("that is skewed shows it on the wall and not to timers, until the fault ends", () => {
    const seen = watch([{ at: 4_500_000, for: 5 * SECOND, clock: { skewMicros: -300_000 } }]);
    for (const one of seen) {
      expect(one.local).toBe(one.true);
      expect(one.wall - one.true).toBe(one.true > 4_500_000 && one.true < 9_500_000 ? -300_000 : 0);
    }
  });

  test("that jumps stays where it jumped to", () => {
    const seen = watch([
      { at: 4_500_000, clock: { jumpMicros: 60 * SECOND } },
      { at: 6_500_000, clock: { jumpMicros: -SECOND } },
    ]);
    expect(seen.map((one) => (one.wall - one.true) / SECOND)).toEqual([
      ...Array(5).fill(0),
      60,
      60,
      ...Array(14).fill(59),
    ]);
    expect(seen.every((one) => one.local === one.true)).toBe(true);
  });

  test("that runs fast makes timers come early, by exactly its rate", () => {
    const seen = watch([{ at: 0, clock: { driftPpm: 100_000 } }]);
    // A timer that was set before keeps its time; from then on ten of its own seconds pass in 9.09.
    expect(seen.length).toBe(22);
    for (const [at, one] of seen.entries()) {
      const due = at === 0 ? 0 : SECOND + Math.floor(((at - 1) * SECOND) / 1.1);
      expect(Math.abs(one.true - due)).toBeLessThan(30);
      expect(Math.abs(one.local - Math.floor(one.true * 1.1))).toBeLessThan(2);
    }
  });

  test("that runs slow makes them late, and a drift that ends leaves what was gained", () => {
    const seen = watch([{ at: 1, for: 10 * SECOND, clock: { driftPpm: -500_000 } }]);
    const last = seen.at(-1) as Sight;
    expect(last.true - last.local).toBeGreaterThan(4_900_000);
    expect(last.true - last.local).toBeLessThan(5_100_000);
    expect(seen.length).toBeLessThan(18);
  });

  test("never runs backwards, whatever rates follow each other", () => {
    const seen = watch([
      { at: 1_234_567, for: 4 * SECOND, clock: { driftPpm: 123_456 } },
      { at: 3_234_567, for: 4 * SECOND, clock: { driftPpm: -654_321 } },
      { at: 9_999_999, clock: { driftPpm: 999 } },
    ]);
    for (let at = 1; at < seen.length; at++) {
      expect(seen[at]!.local).toBeGreaterThan(seen[at - 1]!.local);
      // Timers are asked for in local time.
      expect(seen[at]!.local - seen[at - 1]!.local).toBeGreaterThan(0);
    }
  });
});

test("a member of etcd with a fast clock ticks more often than the others", () => {
  const told = tell(`
duration: 12s
cluster: { members: 3 }
faults:
  - { at: 2s, for: 8s, clock: { on: n2, drift: 20% } }`);
  const ticks = (member: number, since: number, until: number): number =>
    steps(told.trace, EventKind.Timer, member).filter((one) => one.atMicros >= since && one.atMicros < until).length;
  expect(ticks(2, 2 * SECOND, 10 * SECOND)).toBeGreaterThan(ticks(1, 2 * SECOND, 10 * SECOND) * 1.15);
  expect(Math.abs(ticks(2, 10 * SECOND, 12 * SECOND) - ticks(1, 10 * SECOND, 12 * SECOND))).toBeLessThanOrEqual(1);
});
