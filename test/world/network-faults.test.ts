/** Every fault of the network, and what it does to the messages in a trace. */

import { describe, expect, test } from "vitest";
import { begin, delivered, EventKind, end, faultOf, LossReason, lost, type Told, tell, traceOf } from "./story.ts";

const SECOND = 1_000_000;

/** Members talk at 1 ms, disks are instant, a client writes ten times a second. */
function story(faults: string, members: number | string = 3, more: string = ""): string {
  return `
duration: 12s
cluster: { members: ${members}, disk: instant }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 1, rate: 10/s, ops: { put: 1 }, timeout: 1s }
${more}
faults:
${faults}`;
}

/** Pairs `a>b` between which something was delivered in a window, ascending. */
function pairs(told: Told, since: number, until: number): string[] {
  const seen = new Set(delivered(told.trace, { since, until }).map((one) => `${one.b}>${one.a}`));
  return [...seen].sort();
}

/** Links whose messages were lost to a cut in a window. */
function cutPairs(told: Told, since: number, until: number): string[] {
  return [...new Set(lost(told.trace, { since, until }, LossReason.Cut).map((one) => `${one.b}>${one.a}`))].sort();
}

describe("a partition", () => {
  test("into groups lets messages pass within a group only, until it ends", () => {
    const told = tell(story("  - { at: 4s, for: 4s, id: cut, partition: { groups: [[n1, n2], rest] } }", 5));
    expect(faultOf(told.result, "cut").status).toBe("done");
    const across = (pair: string): boolean => /^[12]>[345]$|^[345]>[12]$/.test(pair);
    expect(pairs(told, 0, 4 * SECOND).some(across)).toBe(true);
    expect(pairs(told, 4 * SECOND, 8 * SECOND).filter(across)).toEqual([]);
    expect(pairs(told, 4 * SECOND, 8 * SECOND).length).toBeGreaterThan(0);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).every(across)).toBe(true);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).length).toBeGreaterThan(0);
    expect(pairs(told, 8 * SECOND, 12 * SECOND).some(across)).toBe(true);
    expect(lost(told.trace, { since: 8 * SECOND }, LossReason.Cut)).toEqual([]);
  });

  test("of the leader alone leaves it unheard and unhearing", () => {
    const told = tell(story("  - { at: 4s, for: 4s, id: cut, partition: { isolate: leader } }"));
    const [alone] = faultOf(told.result, "cut").targets as [number];
    expect(pairs(told, 4 * SECOND, 8 * SECOND).filter((pair) => pair.includes(`${alone}`))).toEqual([]);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).some((pair) => pair.startsWith(`${alone}>`))).toBe(true);
    expect(told.result.leaders.length).toBeGreaterThan(1);
  });

  test("by a bridge leaves two halves that meet in one member only", () => {
    const told = tell(story("  - { at: 4s, for: 4s, partition: { bridge: n5 } }", 5));
    const within = pairs(told, 4 * SECOND, 8 * SECOND);
    expect(within.filter((pair) => /^[12]>[34]$|^[34]>[12]$/.test(pair))).toEqual([]);
    expect(within.some((pair) => /5/.test(pair))).toBe(true);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).every((pair) => !pair.includes("5"))).toBe(true);
  });

  test("into a ring leaves each member with its neighbours, and a quorum within reach", () => {
    const told = tell(story("  - { at: 4s, for: 4s, partition: { ring: true } }", 5));
    const within = pairs(told, 4 * SECOND, 8 * SECOND);
    const far = ["1>3", "3>1", "1>4", "4>1", "2>4", "4>2", "2>5", "5>2", "3>5", "5>3"];
    expect(within.filter((pair) => far.includes(pair))).toEqual([]);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).every((pair) => far.includes(pair))).toBe(true);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).length).toBeGreaterThan(0);
    expect(told.result.operations.ok).toBeGreaterThan(70);
  });

  test("of single links cuts these and no others", () => {
    const told = tell(story("  - { at: 4s, for: 4s, partition: { links: [{ from: leader, to: followers }] } }"));
    const [leader] = told.result.leaders;
    const cut = cutPairs(told, 4 * SECOND, 8 * SECOND);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.every((pair) => pair.includes(`${leader!.member}`))).toBe(true);
    const others = pairs(told, 4 * SECOND, 8 * SECOND);
    expect(others.length).toBeGreaterThan(0);
    expect(others.every((pair) => !pair.includes(`${leader!.member}`))).toBe(true);
  });

  test("one way out loses what the isolated member sends, and lets it hear", () => {
    const told = tell(story("  - { at: 4s, for: 4s, id: cut, partition: { isolate: leader, oneWay: out } }"));
    const [mute] = faultOf(told.result, "cut").targets as [number];
    expect(delivered(told.trace, { from: mute, since: 4 * SECOND, until: 8 * SECOND })).toEqual([]);
    expect(delivered(told.trace, { to: mute, since: 5_500_000, until: 8 * SECOND }).length).toBeGreaterThan(5);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).every((pair) => pair.startsWith(`${mute}>`))).toBe(true);
  });

  test("one way in loses what the isolated member should hear, and lets it speak", () => {
    const told = tell(story("  - { at: 4s, for: 4s, id: cut, partition: { isolate: leader, oneWay: in } }"));
    const [deaf] = faultOf(told.result, "cut").targets as [number];
    expect(delivered(told.trace, { to: deaf, since: 4 * SECOND, until: 8 * SECOND })).toEqual([]);
    expect(delivered(told.trace, { from: deaf, since: 4 * SECOND, until: 8 * SECOND }).length).toBeGreaterThan(5);
    expect(cutPairs(told, 4 * SECOND, 8 * SECOND).every((pair) => pair.endsWith(`>${deaf}`))).toBe(true);
  });

  test("one way between groups loses what the first group sends", () => {
    const told = tell(story("  - { at: 4s, for: 4s, partition: { groups: [[n1, n2], [n3]], oneWay: true } }"));
    const cut = cutPairs(told, 4 * SECOND, 8 * SECOND);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.every((pair) => /^[12]>3$/.test(pair))).toBe(true);
  });

  test("loses what is in flight when it falls, and not what is on its way within a group", () => {
    const told = tell(
      story("  - { at: 4s, for: 4s, id: cut, partition: { isolate: leader } }", 3, "").replace(
        "latency: 1ms",
        "latency: 40ms",
      ),
    );
    const early = lost(told.trace, { since: 4 * SECOND, until: 4_040_001 }, LossReason.Cut);
    // Lost at delivery: the step that loses it is the step that would have delivered it.
    expect(early.some((one) => told.trace.some((step) => step.kind === 2 && step.step === one.step))).toBe(true);
  });

  test("whose groups overlap only when it fires leaves a member in the first, and says so", () => {
    const told = tell(
      "duration: 9s\nfaults:\n  - { at: 10ms, campaign: n1 }\n  - { at: 4s, id: cut, partition: { groups: [leader, [n1, n2], n3] } }",
    );
    const { status, targets, note } = faultOf(told.result, "cut");
    expect({ status, targets }).toEqual({ status: "active", targets: [1] });
    expect(note).toBe("n1 stays in group 0, though group 1 names it too");
    expect(told.run.run.world.cuts[0]?.groups).toEqual([[1], [2], [3]]);
  });

  test("whose second group is empty when it fires cuts nobody, and says so", () => {
    const told = tell(
      "duration: 9s\nfaults:\n  - { at: 10ms, campaign: n1 }\n  - { at: 4s, id: cut, partition: { groups: [[n1, n2, n3], leader] } }",
    );
    expect(faultOf(told.result, "cut")).toMatchObject({
      status: "ineffective",
      note: "n1 stays in group 0, though group 1 names it too; group 1 found nobody",
    });
  });

  test("of everybody in one group cuts nothing and is recorded as ineffective", () => {
    const told = tell(story("  - { at: 4s, id: cut, partition: { groups: [role:voter, role:candidate] } }"));
    expect(faultOf(told.result, "cut").status).toBe("ineffective");
    expect(told.result.coverage["fault-ineffective"]).toBe(1);
    expect(told.result.coverage["fault-effective"]).toBeUndefined();
    expect(lost(told.trace)).toEqual([]);
  });
});

describe("healing", () => {
  const two = `  - { at: 3s, id: left, partition: { isolate: n1 } }
  - { at: 3s, id: right, partition: { isolate: n2 } }`;

  test("by name ends that fault only", () => {
    const told = tell(story(`${two}\n  - { at: 6s, heal: { id: left } }`, 5));
    expect(pairs(told, 6 * SECOND, 12 * SECOND).some((pair) => pair.includes("1"))).toBe(true);
    expect(pairs(told, 6 * SECOND, 12 * SECOND).filter((pair) => pair.includes("2"))).toEqual([]);
    // Both had cut the links between n1 and n2: one cut is left.
    expect(faultOf(told.result, "left").status).toBe("done");
    expect(faultOf(told.result, "right").status).toBe("active");
  });

  test("of everything ends every fault of the network, and no other", () => {
    const told = tell(
      story(
        `${two}
  - { at: 3s, id: loss, drop: { p: 50% } }
  - { at: 3s, id: down, crash: n5 }
  - { at: 6s, heal: {} }`,
        5,
      ),
    );
    for (const id of ["left", "right", "loss"]) expect(faultOf(told.result, id).status).toBe("done");
    expect(faultOf(told.result, "down").status).toBe("active");
    expect(lost(told.trace, { since: 6_010_000, to: [1, 2, 3, 4] })).toEqual([]);
    expect(pairs(told, 6 * SECOND, 12 * SECOND)).toContain(`${told.result.leaders.at(-1)!.member}>1`);
  });

  test("of a crash starts the member again", () => {
    const told = tell(story("  - { at: 3s, id: down, crash: n3 }\n  - { at: 6s, heal: { id: down } }"));
    expect(told.result.coverage.restart).toBe(1);
  });

  test("of what is over is ineffective", () => {
    const told = tell(
      story(
        "  - { at: 3s, for: 1s, id: cut, partition: { isolate: n1 } }\n  - { at: 6s, id: heal, heal: { id: cut } }",
      ),
    );
    expect(faultOf(told.result, "heal").status).toBe("ineffective");
  });
});

describe("loss", () => {
  test("takes the share of messages it names, of the types it names", () => {
    const told = tell(story("  - { at: 2s, for: 10s, drop: { types: MsgHeartbeat, p: 30% } }", 5));
    const gone = lost(told.trace, {}, LossReason.Drop);
    expect(new Set(gone.map((one) => one.type)).size).toBe(1);
    const arrived = delivered(told.trace, { type: "MsgHeartbeat", since: 2 * SECOND, until: 12 * SECOND });
    const share = gone.length / (gone.length + arrived.length);
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  test("on one link leaves the others", () => {
    const told = tell(story("  - { at: 2s, for: 2s, id: loss, drop: { from: n1, to: leader } }"));
    const to = told.result.leaders[0]!.member;
    expect(to).not.toBe(1);
    const gone = lost(told.trace);
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.every((one) => one.b === 1 && one.a === to)).toBe(true);
    expect(delivered(told.trace, { from: 1, to, since: 2_001_000, until: 4 * SECOND })).toEqual([]);
  });

  test("of the network as a whole is a share of all messages", () => {
    const told = tell(story("  - { at: 11s, compact: {} }").replace("latency: 1ms,", "loss: 10%, latency: 1ms,"));
    const gone = lost(told.trace, {}, LossReason.Loss).length;
    const share = gone / (gone + delivered(told.trace).length);
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.14);
  });
});

/** How long each message of a link was under way: sent in the step that caused it. */
function travelTimes(told: Told, match: Parameters<typeof delivered>[1]): number[] {
  const at = new Map(told.trace.filter((one) => one.kind < 64).map((one) => [one.step, one.atMicros]));
  return delivered(told.trace, match).map((one) => one.atMicros - (at.get(one.cause) ?? 0));
}

describe("delay", () => {
  test("adds its time to every message, and ends", () => {
    const told = tell(story("  - { at: 4s, for: 4s, delay: { add: 30ms } }"));
    expect(new Set(travelTimes(told, { since: 3 * SECOND, until: 4 * SECOND }))).toEqual(new Set([1_000]));
    expect(new Set(travelTimes(told, { since: 4_100_000, until: 8 * SECOND }))).toEqual(new Set([31_000]));
    expect(new Set(travelTimes(told, { since: 8_100_000, until: 12 * SECOND }))).toEqual(new Set([1_000]));
  });

  test("with jitter spreads around it, to both sides", () => {
    for (const dist of ["uniform", "normal"]) {
      const told = tell(
        story(`  - { at: 2s, for: 10s, delay: { add: 30ms, jitter: 10ms, dist: ${dist}, types: [MsgHeartbeat] } }`, 5),
      );
      // One heartbeat every 100 ms: none waits for the one before it.
      const times = travelTimes(told, { type: "MsgHeartbeat", since: 2_100_000 });
      const mean = times.reduce((sum, one) => sum + one, 0) / times.length;
      expect(mean).toBeGreaterThan(29_500);
      expect(mean).toBeLessThan(32_500);
      expect(Math.min(...times)).toBeLessThan(26_000);
      expect(Math.max(...times)).toBeGreaterThan(36_000);
    }
  });

  test("with correlation resembles the one before", () => {
    const step = (correlation: string): number => {
      const told = tell(
        story(
          `  - { at: 2s, for: 10s, delay: { add: 30ms, jitter: 20ms, correlation: ${correlation}, dist: uniform, types: [MsgHeartbeat] } }`,
          3,
        ),
      );
      let sum = 0;
      let count = 0;
      for (const to of [1, 2, 3]) {
        const times = travelTimes(told, { to, type: "MsgHeartbeat", since: 2_200_000 });
        for (let i = 1; i < times.length; i++) {
          sum += Math.abs(times[i]! - times[i - 1]!);
          count++;
        }
      }
      return sum / count;
    };
    expect(step("90%")).toBeLessThan(step("0%") / 3);
  });
});

test("duplication delivers a message twice, and forwarded proposals once", () => {
  const told = tell(story("  - { at: 4s, for: 4s, duplicate: { p: 100%, copies: 2 } }"));
  const each = (since: number, until: number, type: string): Set<number> => {
    const counts = new Map<string, number>();
    for (const one of delivered(told.trace, { since, until, type })) {
      const name = `${one.b}>${one.a} ${one.cause}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return new Set(counts.values());
  };
  expect(each(3 * SECOND, 4 * SECOND, "MsgHeartbeat")).toEqual(new Set([1]));
  expect(each(4_050_000, 7_900_000, "MsgHeartbeat")).toEqual(new Set([3]));
  expect(told.result.verdict).toBe("held");
});

test("proposals that a follower forwards are never doubled", () => {
  const told = tell(
    story("  - { at: 4s, for: 4s, duplicate: {} }").replace("clients: 1, rate: 10/s", "clients: 3, rate: 30/s"),
  );
  const props = delivered(told.trace, { type: "MsgProp", since: 4 * SECOND, until: 8 * SECOND });
  expect(props.length).toBeGreaterThan(10);
  expect(new Set(props.map((one) => one.cause)).size).toBe(props.length);
});

describe("order on a link", () => {
  /** Pairs of messages of one link that arrived in another order than they were sent. */
  function overtakings(told: Told, since: number): number {
    let count = 0;
    const newest = new Map<string, number>();
    for (const one of delivered(told.trace, { since })) {
      const link = `${one.b}>${one.a}`;
      const before = newest.get(link) ?? 0;
      if (one.cause < before) count++;
      else newest.set(link, one.cause);
    }
    return count;
  }
  const busy = "workload: { clients: 6, closed: true, ops: { put: 1 } }";
  const lively = (faults: string): string =>
    story(faults)
      .replace("latency: 1ms,", "latency: { dist: uniform, min: 1ms, max: 20ms },")
      .replace(/workload:.*/, busy);

  test("is kept, however much latencies differ", () => {
    expect(overtakings(tell(lively("  - { at: 2s, compact: {} }")), 0)).toBe(0);
  });

  test("is broken by a reordering", () => {
    expect(
      overtakings(tell(lively("  - { at: 2s, for: 6s, reorder: { p: 30%, window: 50ms } }")), 2 * SECOND),
    ).toBeGreaterThan(10);
  });

  test("is broken by nothing else: not by delay with jitter, held messages or bandwidth", () => {
    const told = tell(
      lively(`  - { at: 2s, for: 6s, delay: { add: 5ms, jitter: 5ms } }
  - { at: 3s, for: 300ms, hold: { from: all, to: all } }
  - { at: 4s, id: kept, hold: { from: leader, to: followers } }
  - { at: 4200ms, release: { from: all, to: all } }
  - { at: 5s, for: 2s, bandwidth: { from: all, to: all, rate: 100KiB/s } }`),
    );
    expect(overtakings(told, 2 * SECOND)).toBe(0);
    expect(told.result.operations.ok).toBeGreaterThan(100);
  });
});

test("a damaged message arrives and is thrown away", () => {
  const told = tell(story("  - { at: 4s, for: 4s, corrupt: { p: 40%, types: [MsgHeartbeat] } }", 5));
  const damaged = told.trace.filter((one) => one.kind === 3);
  expect(damaged.length).toBeGreaterThan(20);
  expect(lost(told.trace, {}, LossReason.Damaged).length).toBe(damaged.length);
  expect(damaged.every((one) => one.atMicros >= 4 * SECOND && one.atMicros < 8_010_000)).toBe(true);
  // Thrown away by the receiver: nothing follows from it.
  const steps = new Set(damaged.map((one) => one.step));
  expect(told.trace.filter((one) => one.kind < 64 && steps.has(one.cause))).toEqual([]);
});

describe("bandwidth", () => {
  test("makes messages take time by their size", () => {
    const told = tell(story("  - { at: 4s, for: 4s, bandwidth: { from: all, to: all, rate: 10KB/s } }"));
    const before = travelTimes(told, { since: 3 * SECOND, until: 4 * SECOND, type: ["MsgApp", "MsgHeartbeat"] });
    const within = travelTimes(told, { since: 4_200_000, until: 8 * SECOND, type: ["MsgApp"] });
    const beats = travelTimes(told, { since: 4_200_000, until: 8 * SECOND, type: ["MsgHeartbeat"] });
    expect(Math.max(...before)).toBe(1_000);
    expect(Math.min(...beats)).toBe(1_000 + 6_400);
    expect(Math.max(...within)).toBeGreaterThan(Math.min(...beats));
  });

  test("drops what its buffer cannot hold", () => {
    const told = tell(
      story("  - { at: 4s, for: 4s, bandwidth: { from: leader, to: followers, rate: 1KB/s, buffer: 400B } }").replace(
        "rate: 10/s",
        "rate: 100/s",
      ),
    );
    expect(lost(told.trace, { since: 4 * SECOND, until: 8 * SECOND }, LossReason.Buffer).length).toBeGreaterThan(10);
    expect(lost(told.trace, { since: 8 * SECOND }, LossReason.Buffer)).toEqual([]);
  });
});

describe("held messages", () => {
  test("stay in flight until they are released, and keep their order", () => {
    const run = begin(
      story(`  - { at: 4s, id: kept, hold: { from: leader, to: followers, types: MsgApp } }
  - { at: 4500ms, id: go, release: { from: leader, to: followers } }
  - { at: 4500ms, heal: { id: kept } }`),
    );
    const told = end(run);
    const window = { type: "MsgApp", since: 4_001_001, until: 4_500_000 };
    expect(delivered(told.trace, window)).toEqual([]);
    const at = delivered(told.trace, { type: "MsgApp", since: 4_500_000, until: 4_500_001 });
    expect(at.length).toBeGreaterThan(3);
    for (const to of [1, 2, 3]) {
      const causes = at.filter((one) => one.a === to).map((one) => one.cause);
      expect(causes).toEqual([...causes].sort((a, b) => a - b));
    }
    expect(faultOf(told.result, "go").status).toBe("done");
  });

  test("are released by the end of the fault", () => {
    const told = tell(story("  - { at: 4s, for: 500ms, hold: { from: leader, to: followers, types: MsgHeartbeat } }"));
    expect(delivered(told.trace, { type: "MsgHeartbeat", since: 4_001_001, until: 4_500_000 })).toEqual([]);
    expect(delivered(told.trace, { type: "MsgHeartbeat", since: 4_500_000, until: 4_500_001 }).length).toBeGreaterThan(
      4,
    );
  });

  test("of types that were not named stay held", () => {
    const told = tell(
      story(`  - { at: 4s, id: kept, hold: { from: leader, to: followers } }
  - { at: 4500ms, release: { types: MsgHeartbeat } }`),
    );
    const out = delivered(told.trace, { since: 4_002_000, until: 5 * SECOND, from: told.result.leaders[0]!.member });
    expect(out.length).toBeGreaterThan(0);
    expect(
      delivered(told.trace, {
        since: 4_002_000,
        until: 5 * SECOND,
        type: "MsgApp",
        from: told.result.leaders[0]!.member,
      }),
    ).toEqual([]);
  });

  test("releasing nothing is ineffective", () => {
    const told = tell(story("  - { at: 4s, id: go, release: {} }"));
    expect(faultOf(told.result, "go").status).toBe("ineffective");
  });
});

describe("one message in flight", () => {
  /** The trace up to a message action, and what happened to the heartbeat that was under way. */
  function act(does: string): { readonly told: Told; readonly seen: number[]; readonly cause: number } {
    const text = story(`  - { at: 4s, id: act, message: { ${does} } }`).replace("latency: 1ms", "latency: 90ms");
    const told = tell(text);
    const plain = tell(text.replace(/ {2}- .*/, "  - { at: 11s, compact: {} }"));
    const first = delivered(plain.trace, { type: "MsgHeartbeat", since: 4 * SECOND }).filter((one) => {
      const sent = plain.trace.find((step) => step.step === one.cause && step.kind < 64);
      return sent !== undefined && sent.atMicros < 4 * SECOND;
    })[0]!;
    // What the action put back on its way has the action as its cause.
    const acted = told.trace.find((one) => one.kind === EventKind.FaultBegins)!.step;
    const seen = delivered(told.trace, { type: "MsgHeartbeat" })
      .filter((one) => (one.cause === first.cause || one.cause === acted) && one.a === first.a)
      .map((one) => one.atMicros - first.atMicros);
    return { told, seen, cause: first.atMicros };
  }

  test("is dropped", () => {
    const { told, seen } = act("drop: { types: MsgHeartbeat }");
    expect(seen).toEqual([]);
    expect(lost(told.trace, {}, LossReason.Drop).length).toBe(1);
  });

  test("is delayed by what is named", () => {
    expect(act("delay: { types: MsgHeartbeat, add: 25ms }").seen).toEqual([25_000]);
  });

  test("is delivered at once", () => {
    const { seen, cause } = act("deliver: { types: MsgHeartbeat }");
    expect(seen).toEqual([4 * SECOND - cause]);
  });

  test("is doubled", () => {
    const { seen, cause } = act("duplicate: { types: MsgHeartbeat }");
    expect(seen).toEqual([4 * SECOND - cause, 0]);
  });

  test("that is not there makes the action ineffective", () => {
    const { told } = act("drop: { types: MsgSnap }");
    expect(faultOf(told.result, "act").status).toBe("ineffective");
    expect(lost(told.trace)).toEqual([]);
  });

  test("is chosen by its place in the order of sending", () => {
    const text = story("  - { at: 4s, id: act, message: { drop: { types: MsgHeartbeat, nth: 2 } } }", 5).replace(
      "latency: 1ms",
      "latency: 90ms",
    );
    const flying = (told: Told): string[] => {
      const sentAt = new Map(told.trace.filter((one) => one.kind < 64).map((one) => [one.step, one.atMicros]));
      return delivered(told.trace, { type: "MsgHeartbeat", since: 4 * SECOND })
        .filter((one) => (sentAt.get(one.cause) as number) < 4 * SECOND)
        .sort((x, y) => x.cause - y.cause)
        .map((one) => `${one.cause} ${one.b}>${one.a}`);
    };
    const all = flying(tell(text.replace(/ {2}- .*/, "  - { at: 11s, compact: {} }")));
    expect(all.length).toBe(4);
    expect(flying(tell(text))).toEqual([all[0], all[2], all[3]]);
  });
});

test("the trace of a run is its own: reading it changes nothing", () => {
  const run = begin(story("  - { at: 4s, for: 1s, partition: { isolate: leader } }"));
  run.advance(2_000);
  const before = traceOf(run);
  expect(traceOf(run)).toEqual(before);
});
