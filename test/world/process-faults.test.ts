/** Every fault of a process and its host, and what it does in a trace. */

import { describe, expect, test } from "vitest";
import {
  advanceTo,
  answers,
  begin,
  delivered,
  EventKind,
  end,
  faultOf,
  LossReason,
  leaderIn,
  lives,
  lost,
  memberIn,
  processIn,
  steps,
  tell,
} from "./story.ts";

const SECOND = 1_000_000;

function story(faults: string, members: number | string = 3, disk: string = "instant"): string {
  return `
duration: 14s
cluster: { members: ${members}, disk: ${disk} }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 30/s, ops: { put: 1 }, timeout: 1s }
faults:
${faults}`;
}

describe("a crash", () => {
  test("of a host that the topology names takes all its members", () => {
    const hosts = "topology: { kind: stacked, hosts: { h1: [n1, n3], h2: [n2] } }";
    const told = tell(`${hosts}${story("  - { at: 4s, for: 4s, crash: { host: h1 } }")}`);
    expect(lives(told.trace).sort()).toEqual(["+n1@8000000", "+n3@8000000", "-n1@4000000", "-n3@4000000"]);
  });

  test("ends a process: it handles nothing, and what is sent to it is lost", () => {
    const told = tell(story("  - { at: 4s, for: 4s, id: down, crash: n2 }"));
    expect(lives(told.trace)).toEqual(["-n2@4000000", "+n2@8000000"]);
    expect(delivered(told.trace, { to: 2, since: 4 * SECOND, until: 8 * SECOND })).toEqual([]);
    expect(delivered(told.trace, { from: 2, since: 4_001_001, until: 8 * SECOND })).toEqual([]);
    expect(lost(told.trace, { to: 2, since: 4 * SECOND, until: 8 * SECOND }, LossReason.Down).length).toBeGreaterThan(
      20,
    );
    expect(delivered(told.trace, { to: 2, since: 8 * SECOND }).length).toBeGreaterThan(20);
    expect(told.result.coverage).toMatchObject({ crash: 1, restart: 1 });
  });

  test("of the leader makes another member lead a higher term", () => {
    const told = tell(story("  - { at: 4s, id: down, crash: leader }"));
    const [first, second] = told.result.leaders;
    expect(faultOf(told.result, "down").targets).toEqual([first!.member]);
    expect(first!.untilMicros).toBe(4 * SECOND);
    expect(second!.member).not.toBe(first!.member);
    expect(second!.term).toBeGreaterThan(first!.term);
  });

  test("without an end lasts; a restart ends it", () => {
    const told = tell(story("  - { at: 4s, id: down, crash: n2 }\n  - { at: 6s, id: up, restart: n2 }"));
    expect(lives(told.trace)).toEqual(["-n2@4000000", "+n2@6000000"]);
    expect(faultOf(told.result, "up").status).toBe("done");
  });

  test("of a process that is down, and the restart of one that is up, are ineffective", () => {
    const told = tell(
      story(
        "  - { at: 3s, id: up, restart: n2 }\n  - { at: 4s, for: 8s, id: first, crash: n2 }\n  - { at: 5s, for: 1s, id: second, crash: n2 }",
      ),
    );
    expect(faultOf(told.result, "up").status).toBe("ineffective");
    expect(faultOf(told.result, "second").status).toBe("ineffective");
    // Only its own end brings a member back.
    expect(lives(told.trace)).toEqual(["-n2@4000000", "+n2@12000000"]);
  });

  test("that finds one of two already down brings back only the one it ended", () => {
    const told = tell(story("  - { at: 4s, for: 8s, crash: n2 }\n  - { at: 5s, for: 1s, crash: [n2, n3] }"));
    expect(lives(told.trace)).toEqual(["-n2@4000000", "-n3@5000000", "+n3@6000000", "+n2@12000000"]);
  });

  test("by zone and by host takes down all that stand there", () => {
    const members =
      "[{ id: n1, zone: a, host: h1 }, { id: n2, zone: a, host: h2 }, { id: n3, zone: b, host: h2 }, { id: n4, zone: c, host: h4 }, { id: n5, zone: c, host: h5 }]";
    const told = tell(
      story(
        "  - { at: 4s, for: 1s, id: zone, crash: { zone: a } }\n  - { at: 8s, for: 1s, id: host, crash: { host: h2 } }",
        members,
      ),
    );
    expect(faultOf(told.result, "zone").targets).toEqual([1, 2]);
    expect(faultOf(told.result, "host").targets).toEqual([2, 3]);
    expect(lives(told.trace)).toEqual([
      "-n1@4000000",
      "-n2@4000000",
      "+n1@5000000",
      "+n2@5000000",
      "-n2@8000000",
      "-n3@8000000",
      "+n2@9000000",
      "+n3@9000000",
    ]);
  });
});

describe("what a crash leaves on the disk", () => {
  const slow = "{ write: 100us, fsync: 300ms }";

  /** The log of a member before its crash and after its restart, and how much of it had been synced. */
  function fates(
    unsynced: string,
    seed: string,
  ): { written: number; durable: number; after: number; damaged: boolean } {
    const run = begin(story(`  - { at: 6s, id: down, crash: { on: leader, unsynced: ${unsynced} } }`, 3, slow), seed);
    advanceTo(run, 5_999_999);
    const id = leaderIn(run);
    const { disk } = processIn(run, id);
    const before = { written: disk.log.first + disk.log.length, durable: disk.durableEnd };
    advanceTo(run, 6_000_000);
    const after = disk.log.first + disk.log.length;
    const last = disk.log.chunks.at(-1)?.at(-1);
    return { ...before, after, damaged: last !== undefined && "damage" in last };
  }

  test("a power failure leaves exactly what was synced", () => {
    const { written, durable, after, damaged } = fates("lose", "1");
    expect(written).toBeGreaterThan(durable);
    expect(after).toBe(durable);
    expect(damaged).toBe(false);
  });

  test("a killed process leaves all it wrote", () => {
    const { written, durable, after, damaged } = fates("keep", "1");
    expect(written).toBeGreaterThan(durable);
    expect(after).toBe(written);
    expect(damaged).toBe(false);
  });

  test("a torn write leaves a prefix, and perhaps one damaged record at its end", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const { written, durable, after, damaged } = fates("tear", `${seed}`);
      expect(after).toBeGreaterThanOrEqual(durable);
      expect(after).toBeLessThanOrEqual(written);
      seen.add(after === durable ? "lost" : damaged ? "torn" : after === written ? "kept" : "cut");
    }
    expect(seen.has("lost")).toBe(true);
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe("a pause", () => {
  test("holds up timers, messages and requests; all come when it ends, in order", () => {
    const told = tell(story("  - { at: 4s, for: 700ms, id: stop, pause: leader }", 3));
    const [leader] = faultOf(told.result, "stop").targets as [number];
    // Nothing that it does: no step of its own sends.
    const within = told.trace.filter(
      (one) =>
        one.kind === EventKind.Message && one.b === leader && one.atMicros > 4_001_000 && one.atMicros < 4_700_000,
    );
    expect(within).toEqual([]);
    const resumed = told.trace.filter((one) => one.atMicros === 4_700_000 && one.a === leader && one.kind < 64);
    expect(resumed.length).toBeGreaterThan(5);
    // Its clock ran on: it comes to itself before its election timeout, and leads on.
    expect(told.result.leaders.length).toBe(1);
    expect(told.result.operations.failed).toBe(0);
  });

  test("of a leader for longer than the others wait makes two leaders for a moment, and no stale answer", () => {
    const told = tell(
      `${story("  - { at: 4s, for: 4s, id: stop, pause: leader }", 3)}\nexpect:\n  - linearizable: true\n  - sometimes: two-leaders\n  - always: no-split-brain`,
    );
    expect(told.result.verdict).toBe("held");
    expect(told.result.leaders.length).toBeGreaterThan(1);
    expect(told.result.coverage["two-leaders"]).toBeGreaterThan(0);
  });

  test("ends when told to resume, and not again when its time is over", () => {
    const told = tell(story("  - { at: 4s, for: 6s, id: stop, pause: n2 }\n  - { at: 5s, id: go, resume: n2 }"));
    expect(faultOf(told.result, "go").status).toBe("done");
    const own = (since: number, until: number): number => delivered(told.trace, { from: 2, since, until }).length;
    expect(own(4_001_001, 5 * SECOND)).toBe(0);
    expect(own(5 * SECOND, 6 * SECOND)).toBeGreaterThan(5);
    expect(processIn(told.run, 2).pauses).toBe(0);
  });

  test("that overlaps another lasts until both have ended", () => {
    const told = tell(story("  - { at: 4s, for: 2s, pause: n2 }\n  - { at: 5s, for: 3s, pause: n2 }"));
    expect(delivered(told.trace, { from: 2, since: 4_001_001, until: 8 * SECOND })).toEqual([]);
    expect(delivered(told.trace, { from: 2, since: 8 * SECOND }).length).toBeGreaterThan(5);
  });

  test("of a process that is down, and resuming one that runs, are ineffective and leave nothing behind", () => {
    const told = tell(
      story(
        "  - { at: 3s, id: go, resume: n3 }\n  - { at: 4s, for: 2s, crash: n2 }\n  - { at: 5s, for: 500ms, id: stop, pause: n2 }",
      ),
    );
    expect(faultOf(told.result, "go").status).toBe("ineffective");
    expect(faultOf(told.result, "stop").status).toBe("ineffective");
    expect(processIn(told.run, 2).pauses).toBe(0);
    expect(delivered(told.trace, { from: 2, since: 7 * SECOND }).length).toBeGreaterThan(10);
  });
});

describe("a slow process", () => {
  test("takes its time over each message", () => {
    const told = tell(story("  - { at: 4s, for: 6s, slow: { on: leader, cpu: 20ms } }"));
    const leader = told.result.leaders[0]!.member;
    /** From the arrival of a message to the step in which it is handled, which has the arrival as its cause. */
    const delays = (since: number, until: number): number[] => {
      const own = steps(told.trace, EventKind.Message, leader);
      const arrivals = new Map(own.map((one) => [one.step, one]));
      return own
        .filter((one) => one.atMicros >= since && one.atMicros < until && arrivals.get(one.cause)?.b === one.b)
        .map((one) => one.atMicros - arrivals.get(one.cause)!.atMicros);
    };
    expect(delays(3 * SECOND, 4 * SECOND)).toEqual([]);
    const waits = delays(4 * SECOND, 9 * SECOND);
    expect(waits.length).toBeGreaterThan(20);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(20_000);
    // It handles one at a time: what comes together waits for what came before.
    expect(Math.max(...waits)).toBeGreaterThan(39_000);
  });

  test("does what it had not got to as soon as it is slow no longer, and nothing new before that", () => {
    // Four seconds of work come in each second.
    const told = tell(
      story("  - { at: 4s, for: 2s, slow: { on: followers, cpu: 50ms } }").replace("rate: 30/s", "rate: 60/s"),
    );
    const follower = told.result.leaders[0]!.member === 1 ? 2 : 1;
    const own = steps(told.trace, EventKind.Message, follower).filter(
      (one) => one.atMicros >= 4 * SECOND && one.atMicros < 7 * SECOND,
    );
    const arrivals = new Map(own.map((one) => [one.step, one]));
    const handled = own.filter((one) => arrivals.get(one.cause)?.b === one.b || one.atMicros === 6 * SECOND);
    expect(handled.filter((one) => one.atMicros === 6 * SECOND).length).toBeGreaterThan(10);
    expect(handled.filter((one) => one.atMicros > 6 * SECOND && arrivals.has(one.cause))).toEqual([]);
  });

  test("applies late what it has committed", () => {
    const run = begin(story("  - { at: 4s, for: 6s, slow: { on: n2, apply: 200ms } }"));
    let widest = 0;
    for (let at = 4_500_000; at <= 9_500_000; at += 100_000) {
      advanceTo(run, at);
      const lag = memberIn(run, 2).applyQueue.length;
      widest = Math.max(widest, lag);
    }
    expect(widest).toBeGreaterThan(10);
    const told = end(run);
    expect(told.result.verdict).toBe("held");
    expect(memberIn(run, 2).applyQueue.length).toBe(0);
  });

  test("is as before when overlapping faults have all ended, in any order", () => {
    const told = tell(
      story(`  - { at: 3s, for: 4s, slow: { on: n1, cpu: 5ms } }
  - { at: 4s, for: 1s, slow: { on: n1, cpu: 7ms } }
  - { at: 4500ms, for: 4s, slow: { on: n1, cpu: 9ms } }`),
    );
    expect(processIn(told.run, 1).cpuMicros).toBe(0);
  });

  test("has the effect of the last of overlapping faults that is still in force", () => {
    const run = begin(
      story(`  - { at: 3s, for: 4s, slow: { on: n1, cpu: 5ms } }
  - { at: 4s, for: 6s, slow: { on: n1, cpu: 7ms } }
  - { at: 5s, for: 1s, slow: { on: n1, cpu: 9ms } }`),
    );
    const seen: number[] = [];
    for (const at of [2, 3, 4, 5, 6, 7, 10]) {
      advanceTo(run, at * SECOND);
      seen.push(processIn(run, 1).cpuMicros);
    }
    expect(seen).toEqual([0, 5_000, 7_000, 9_000, 7_000, 7_000, 0]);
  });

  test("that is down is nobody's to slow", () => {
    const told = tell(
      story("  - { at: 3s, for: 2s, crash: n2 }\n  - { at: 4s, for: 500ms, id: slow, slow: { on: n2, cpu: 5s } }"),
    );
    expect(faultOf(told.result, "slow").status).toBe("ineffective");
    expect(processIn(told.run, 2).cpuMicros).toBe(0);
  });
});

describe("a destroyed member", () => {
  test("is gone with its disk, and no restart brings it back", () => {
    const told = tell(
      story(
        "  - { at: 4s, id: gone, destroy: n2 }\n  - { at: 6s, id: up, restart: n2 }\n  - { at: 7s, id: again, destroy: n2 }",
      ),
    );
    expect(lives(told.trace)).toEqual(["-n2@4000000"]);
    const process = processIn(told.run, 2);
    expect(process.status).toBe("destroyed");
    expect(process.disk.log.length + process.disk.files.length).toBe(0);
    expect(process.disk.backend).toBeNull();
    expect(faultOf(told.result, "up").status).toBe("ineffective");
    expect(faultOf(told.result, "again").status).toBe("ineffective");
    expect(told.result.verdict).toBe("held");
  });

  test("of two out of three stops all writes", () => {
    const told = tell(story("  - { at: 4s, destroy: [n2, n3] }"));
    expect(answers(told, 4_100_000).some((line) => line === "put ok")).toBe(false);
  });
});
