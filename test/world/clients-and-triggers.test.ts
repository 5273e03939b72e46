/** What clients are told to do, and how actions are set off by what happens instead of by the clock. */

import { describe, expect, test } from "vitest";
import { advanceTo, answers, begin, EventKind, end, faultOf, leaderIn, steps, tell } from "./story.ts";

const SECOND = 1_000_000;

function story(
  faults: string,
  members: number | string = 3,
  workload: string = "{ clients: 3, rate: 30/s, ops: { put: 1 }, timeout: 1s }",
): string {
  return `
duration: 14s
cluster: { members: ${members} }
network: { latency: 1ms, clientLatency: 1ms }
workload: ${workload}
faults:
${faults}`;
}

describe("a single request", () => {
  test("is made where and when it is asked for, and its outcome is held to what was expected", () => {
    const told = tell(
      story(`  - { at: 4s, id: write, client: { op: put, key: a, value: x, via: n1, expect: ok } }
  - { at: 5s, id: read, client: { op: get, key: a, via: n2, expect: { value: x } } }
  - { at: 6s, id: old, client: { op: getSerializable, key: a, via: n3, expect: { value: x } } }
  - { at: 7s, client: { op: cas, key: a, expected: x, value: y, via: n1, expect: ok } }
  - { at: 8s, client: { op: get, key: a, via: n1, expect: { value: y } } }
  - { at: 9s, client: { op: delete, key: a, via: n1, expect: ok } }
  - { at: 10s, client: { op: get, key: a, via: n1, expect: absent } }`),
    );
    expect(told.result.verdict).toBe("held");
    expect(told.result.expectations.length).toBe(7);
    // The single request is made by a client of its own, after the three of the workload.
    const made = steps(told.trace, EventKind.Request).filter((one) => one.b === 4);
    expect([made[0]?.atMicros, made[0]?.a]).toEqual([4_001_000, 1]);
    expect(faultOf(told.result, "read").targets).toEqual([2]);
  });

  test("that ends otherwise fails the run and says how it ended", () => {
    const wrong = tell(story("  - { at: 4s, id: read, client: { op: get, key: a, via: n1, expect: { value: x } } }"));
    expect(wrong.result.verdict).toBe("violated");
    expect(wrong.result.violation).toMatchObject({ property: "expectation/1" });
    const missing = tell(story("  - { at: 4s, client: { op: put, key: a, value: x, via: n1, expect: timeout } }"));
    expect(missing.result.violation!.text).toContain("timeout");
  });

  test("times out at a member that is cut off, after its own timeout", () => {
    const told = tell(
      story(`  - { at: 3s, id: cut, partition: { isolate: n1 } }
  - { at: 6s, client: { op: put, key: a, value: x, via: n1, timeout: 3s, expect: timeout } }`),
    );
    expect(told.result.verdict).toBe("held");
  });

  test("is refused with etcd's error, and an expectation names a part of it", () => {
    const told = tell(
      story(
        "  - { at: 4s, client: { op: put, key: a, value: x, via: n4, expect: { error: not supported for learner } } }",
        "[n1, n2, n3, { id: n4, role: learner }]",
      ),
    );
    expect(told.result.verdict).toBe("held");
  });

  test("can be made by a client of the workload, in between its own", () => {
    const told = tell(
      story("  - { at: 4s, id: extra, client: { op: get, key: zz, as: c2, via: n1, expect: absent } }"),
    );
    expect(told.result.verdict).toBe("held");
    expect(answers(told, 4 * SECOND, 4_000_001)).toContain("get ok");
  });

  test("goes to a member that has joined since", () => {
    const told = tell(
      story(
        "  - { at: 7s, member: { add: n4 } }\n  - { at: 9s, id: there, client: { op: put, key: a, value: x, via: n4, expect: ok } }",
      ),
    );
    expect(told.result.verdict).toBe("held");
    expect(steps(told.trace, EventKind.Request, 4).map((one) => one.atMicros)).toEqual([9_001_000]);
  });

  test("of nobody, at a member that is not there, is ineffective and fails its expectation", () => {
    const told = tell(
      story(
        "  - { at: 4s, crash: all }\n  - { at: 5s, id: lost, client: { op: get, key: a, via: leader, expect: ok } }",
      ),
    );
    expect(faultOf(told.result, "lost").status).toBe("ineffective");
    expect(told.result.verdict).toBe("violated");
  });
});

describe("a paused client", () => {
  test("asks nothing, hears nothing, and goes on where it was", () => {
    const told = tell(
      story(
        "  - { at: 4s, for: 4s, id: stop, client: { pause: c1 } }",
        3,
        "{ clients: 2, closed: 10ms, ops: { put: 1 }, timeout: 1s }",
      ),
    );
    const asked = (client: number, since: number, until: number): number =>
      steps(told.trace, EventKind.Request).filter(
        (one) => one.b === client && one.atMicros >= since && one.atMicros < until,
      ).length;
    expect(asked(1, 3 * SECOND, 4 * SECOND)).toBeGreaterThan(20);
    expect(asked(1, 4_002_000, 8 * SECOND)).toBe(0);
    expect(asked(2, 4_002_000, 8 * SECOND)).toBeGreaterThan(100);
    expect(asked(1, 8 * SECOND, 9 * SECOND)).toBeGreaterThan(20);
    expect(faultOf(told.result, "stop").status).toBe("done");
  });

  test("whose number is no member's touches no member", () => {
    const told = tell(
      story("  - { at: 4s, for: 1s, client: { pause: c7 } }", 3, "{ clients: 7, rate: 30/s, ops: { put: 1 } }"),
    );
    expect(told.result.verdict).toBe("held");
  });

  test("all clients at once", () => {
    const told = tell(story("  - { at: 4s, for: 2s, id: stop, client: { pause: clients } }"));
    expect(faultOf(told.result, "stop").targets).toEqual([1, 2, 3]);
    expect(
      steps(told.trace, EventKind.Request).filter((one) => one.atMicros > 4_002_000 && one.atMicros < 6 * SECOND),
    ).toEqual([]);
  });
});

describe("a client that reconnects", () => {
  test("talks to the other member from then on", () => {
    const told = tell(
      story(
        "  - { at: 4s, id: move, client: { reconnect: n3, clients: c1 } }\n  - { at: 6s, id: same, client: { reconnect: n3, clients: c1 } }",
      ),
    );
    const to = (since: number, until: number): number[] => [
      ...new Set(
        steps(told.trace, EventKind.Request)
          .filter((one) => one.b === 1 && one.atMicros >= since && one.atMicros < until)
          .map((one) => one.a),
      ),
    ];
    expect(to(2 * SECOND, 4 * SECOND)).not.toContain(3);
    expect(to(4_010_000, 14 * SECOND)).toEqual([3]);
    expect(faultOf(told.result, "move").status).toBe("done");
    expect(faultOf(told.result, "same").status).toBe("ineffective");
  });
});

describe("actions set off by what happens", () => {
  test("when a predicate comes true, at that very step, once", () => {
    const told = tell(story("  - { when: leader-change >= 1, id: hit, for: 2s, crash: leader }"));
    const [first] = told.result.leaders;
    const report = faultOf(told.result, "hit");
    expect(report.status).toBe("done");
    expect(report.firedAtMicros).toBe(first!.fromMicros);
    expect(report.targets).toEqual([first!.member]);
    expect(told.result.coverage.crash).toBe(1);
  });

  test("when a counter is reached", () => {
    const run = begin(story("  - { when: write-ok >= 50, id: hit, crash: leader }"));
    let before = 0;
    while (run.run.world.timetable[0]!.status === "waiting") {
      before = run.collector.writesOk;
      run.advance(1);
    }
    expect(before).toBe(49);
    expect(run.collector.writesOk).toBe(50);
    expect(leaderIn(run)).toBe(0);
  });

  test("never, when the predicate never comes true; the report says that it waits", () => {
    const told = tell(story("  - { when: write-ok >= 5000000, id: hit, crash: leader }"));
    expect(faultOf(told.result, "hit").status).toBe("waiting");
    expect(told.result.coverage.crash).toBeUndefined();
  });

  test("at the event of a number", () => {
    const run = begin(story("  - { at: { event: 1234 }, id: hit, crash: n2 }"));
    while (!run.advance(1) && run.run.world.steps < 1_233) {
      // Up to the event before.
    }
    expect(run.run.world.timetable[0]!.status).toBe("waiting");
    run.advance(1);
    expect(run.run.world.timetable[0]!.status).toBe("active");
    expect(run.run.world.steps).toBe(1_234);
    const told = end(run);
    expect(told.result.coverage.crash).toBe(1);
  });

  test("end after their time like others", () => {
    const run = begin(story("  - { when: write-ok >= 20, id: hit, for: 1500ms, pause: n2 }"));
    while (run.run.world.timetable[0]!.status === "waiting") run.advance(1);
    const { firedAtMicros } = run.run.world.timetable[0]!;
    advanceTo(run, firedAtMicros + 1_499_999);
    expect(run.run.world.timetable[0]!.status).toBe("active");
    advanceTo(run, firedAtMicros + 1_500_000);
    expect(run.run.world.timetable[0]!.status).toBe("done");
  });
});
