/** Every fault of a disk, and what it does in a trace. */

import { describe, expect, test } from "vitest";
import {
  advanceTo,
  answers,
  begin,
  delivered,
  EventKind,
  end,
  faultOf,
  leaderIn,
  lives,
  processIn,
  steps,
  type Told,
  tell,
} from "./story.ts";

const SECOND = 1_000_000;

function story(faults: string, disk: string = "{ write: 100us, fsync: 1ms }", more: string = ""): string {
  return `
duration: 14s
cluster: { members: 3, disk: ${disk}${more} }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 30/s, ops: { put: 1 }, timeout: 1s }
faults:
${faults}`;
}

/** How long the syncs of a member took that ended in a window: from the step that began it to its end. */
function syncs(told: Told, member: number, since: number, until: number): number[] {
  const at = new Map(told.trace.filter((one) => one.kind < 64).map((one) => [one.step, one.atMicros]));
  return steps(told.trace, EventKind.DiskDone, member)
    .filter((one) => one.atMicros >= since && one.atMicros < until)
    .map((one) => one.atMicros - (at.get(one.cause) ?? 0));
}

test("a sync takes the time of the disk, and of writing when there is something to write", () => {
  const told = tell(story("  - { at: 13s, compact: {} }"));
  expect(new Set(syncs(told, 1, 3 * SECOND, 13 * SECOND))).toEqual(new Set([1_100]));
});

test("a slow fsync adds its time to the share of syncs it names, and ends", () => {
  const told = tell(story("  - { at: 4s, for: 4s, disk: { on: n1, slowFsync: 30ms, p: 50% } }"));
  const within = syncs(told, 1, 4_040_000, 8 * SECOND);
  expect(new Set(within)).toEqual(new Set([1_100, 31_100]));
  const slow = within.filter((one) => one > 30_000).length / within.length;
  expect(slow).toBeGreaterThan(0.3);
  expect(slow).toBeLessThan(0.7);
  expect(new Set(syncs(told, 1, 8_100_000, 14 * SECOND))).toEqual(new Set([1_100]));
  expect(new Set(syncs(told, 2, 4 * SECOND, 8 * SECOND))).toEqual(new Set([1_100]));
});

test("another latency replaces both of the disk's own, and the old ones come back", () => {
  const told = tell(story("  - { at: 4s, for: 4s, disk: { on: n1, latency: { write: 5ms, fsync: 20ms } } }"));
  expect(new Set(syncs(told, 1, 4_030_000, 8 * SECOND))).toEqual(new Set([25_000]));
  expect(new Set(syncs(told, 1, 8_100_000, 14 * SECOND))).toEqual(new Set([1_100]));
});

test("overlapping faults of one disk leave it as it was, in whatever order they end", () => {
  const told = tell(
    story(`  - { at: 3s, for: 4s, disk: { on: n1, slowFsync: 5ms } }
  - { at: 4s, for: 6s, disk: { on: n1, slowFsync: 7ms, p: 20% } }
  - { at: 5s, for: 4s, disk: { on: n1, latency: { write: 1ms, fsync: 2ms } } }
  - { at: 6s, for: 1s, disk: { on: n1, latency: { write: 3ms, fsync: 4ms } } }`),
  );
  const { faults, write, fsync } = processIn(told.run, 1).disk;
  expect(faults).toMatchObject({ slowMicros: 0, slowPpm: 0 });
  expect([write, fsync]).toEqual([
    { kind: "constant", micros: 100 },
    { kind: "constant", micros: 1_000 },
  ]);
});

describe("a stall", () => {
  test("lets no sync end until it is over; then the one that waited ends", () => {
    const told = tell(story("  - { at: 4s, for: 2s, disk: { on: n1, stall: true } }"));
    expect(syncs(told, 1, 4_002_000, 6 * SECOND)).toEqual([]);
    expect(syncs(told, 1, 6 * SECOND, 6_100_000).length).toBeGreaterThan(0);
    expect(told.result.verdict).toBe("held");
  });

  test("of the leader's disk silences it, as etcd's one loop does: the others elect another and go on", () => {
    const told = tell(story("  - { at: 4s, for: 8s, id: stall, disk: { on: leader, stall: true } }"));
    const [stalled] = faultOf(told.result, "stall").targets as [number];
    expect(
      delivered(told.trace, { from: stalled, type: "MsgHeartbeat", since: 4_200_000, until: 12 * SECOND }),
    ).toEqual([]);
    expect(told.result.leaders[1]!.fromMicros).toBeLessThan(6_200_000);
    expect(answers(told, 7 * SECOND, 11 * SECOND).filter((one) => one === "put ok").length).toBeGreaterThan(40);
  });
});

describe("a full disk", () => {
  test("ends the process that writes to it, and keeps it down", () => {
    const told = tell(
      story("  - { at: 4s, id: full, for: 2s, disk: { on: n1, full: true } }\n  - { at: 7s, restart: n1 }"),
    );
    const [down, up] = lives(told.trace);
    expect(down).toMatch(/^-n1@4\d{6}$/);
    expect(up).toBe("+n1@7000000");
    expect(told.result.verdict).toBe("held");
  });

  test("says why", () => {
    const run = begin(story("  - { at: 4s, disk: { on: n1, full: true } }"));
    advanceTo(run, 6 * SECOND);
    expect(processIn(run, 1).status).toBe("down");
    expect(processIn(run, 1).reason).toContain("no space left on device");
  });
});

describe("an input/output error", () => {
  test("in a sync ends the process, and what was not synced is gone", () => {
    const told = tell(story("  - { at: 4s, for: 1s, disk: { on: n1, error: fsync } }\n  - { at: 6s, restart: n1 }"));
    expect(lives(told.trace)[0]).toMatch(/^-n1@4\d{6}$/);
    expect(lives(told.trace)[1]).toBe("+n1@6000000");
    expect(told.result.verdict).toBe("held");
  });

  test("in a write ends the process, with the probability named", () => {
    const always = tell(story("  - { at: 4s, for: 1s, disk: { on: n1, error: write } }"));
    expect(lives(always.trace)[0]).toMatch(/^-n1@40\d{5}$/);
    const seldom = tell(story("  - { at: 4s, for: 9s, disk: { on: n1, error: write, p: 1% } }"));
    const at = Number(lives(seldom.trace)[0]?.split("@")[1] ?? 0);
    expect(at).toBeGreaterThan(4_100_000);
  });

  test("in a write ends the process on an instant disk too", () => {
    const told = tell(story("  - { at: 4s, for: 1s, disk: { on: n1, error: write } }", "instant"));
    expect(lives(told.trace)[0]).toMatch(/^-n1@40\d{5}$/);
  });

  test("in a read keeps a member from starting while it lasts", () => {
    const told = tell(
      story(`  - { at: 4s, for: 4s, disk: { on: n1, error: read } }
  - { at: 5s, crash: n1 }
  - { at: 6s, id: early, restart: n1 }
  - { at: 9s, id: late, restart: n1 }`),
    );
    expect(faultOf(told.result, "early").status).toBe("ineffective");
    expect(faultOf(told.result, "late").status).toBe("done");
    expect(lives(told.trace)).toEqual(["-n1@5000000", "+n1@9000000"]);
  });

  test("in a read says why", () => {
    const run = begin(story("  - { at: 4s, disk: { on: n1, error: read } }\n  - { at: 5s, for: 1s, crash: n1 }"));
    advanceTo(run, 7 * SECOND);
    expect(processIn(run, 1).reason).toBe("cannot read the write-ahead log: input/output error");
  });
});

describe("bit rot", () => {
  test("in the log is found by the checksum at the next start: the member stays down", () => {
    const run = begin(
      story("  - { at: 4s, id: rot, disk: { on: n1, corrupt: log } }\n  - { at: 5s, for: 1s, crash: n1 }"),
    );
    advanceTo(run, 4_500_000);
    // Nobody reads while it runs.
    expect(processIn(run, 1).status).toBe("up");
    advanceTo(run, 7 * SECOND);
    expect(processIn(run, 1).status).toBe("down");
    expect(processIn(run, 1).reason).toMatch(/crc mismatch/);
    expect(end(run).result.verdict).toBe("held");
  });

  test("in the newest snapshot file sends recovery back to the one before", () => {
    const run = begin(
      story(
        "  - { at: 8s, id: rot, disk: { on: n1, corrupt: snapshot } }\n  - { at: 9s, for: 1s, crash: n1 }",
        undefined,
        ", snapshot: { every: 30 entries, keep: 3, catchUp: 5 entries }",
      ),
    );
    advanceTo(run, 11 * SECOND);
    expect(processIn(run, 1).status).toBe("up");
    const told = end(run);
    expect(told.result.verdict).toBe("held");
    expect(faultOf(told.result, "rot").status).toBe("done");
  });

  test("of nothing is ineffective", () => {
    const told = tell(story("  - { at: 4s, destroy: n1 }\n  - { at: 5s, id: rot, disk: { on: n1, corrupt: any } }"));
    expect(faultOf(told.result, "rot").status).toBe("ineffective");
  });
});

describe("images of a disk", () => {
  test("a rolled-back disk holds what it held when the image was taken", () => {
    const run = begin(
      story(`  - { at: 4s, backup: { from: n1, of: disk, as: night } }
  - { at: 8s, id: back, disk: { on: n1, rollback: night } }`),
    );
    advanceTo(run, 4 * SECOND);
    const then = processIn(run, 1).disk.durableEnd;
    advanceTo(run, 7_999_999);
    expect(processIn(run, 1).disk.durableEnd).toBeGreaterThan(then);
    advanceTo(run, 8 * SECOND);
    const { disk, status } = processIn(run, 1);
    expect(status).toBe("down");
    expect(disk.durableEnd).toBe(then);
    expect(disk.log.first + disk.log.length).toBe(then);
  });

  test("an image is no part of the disk it was taken from: it can be used again", () => {
    const run = begin(
      story(`  - { at: 4s, backup: { from: n1, of: disk, as: night } }
  - { at: 6s, disk: { on: n1, rollback: night } }
  - { at: 8s, disk: { on: n1, wipe: true } }
  - { at: 9s, disk: { on: n1, rollback: night } }`),
    );
    const ends: number[] = [];
    for (const at of [4, 6, 8, 9]) {
      advanceTo(run, at * SECOND);
      ends.push(processIn(run, 1).disk.durableEnd);
    }
    expect(ends[0]).toBeGreaterThan(10);
    expect(ends).toEqual([ends[0], ends[0], 0, ends[0]]);
  });

  test("a member that comes back with an older disk forgets what it acknowledged, and is found out", () => {
    const told = tell(
      story(`  - { at: 4s, backup: { from: n1, of: disk, as: night } }
  - { at: 8s, disk: { on: n1, rollback: night } }
  - { at: 9s, restart: n1 }`),
    );
    // Its leader tells it to commit what it no longer has: etcd would panic.
    expect(told.result.verdict).toBe("violated");
    expect(told.result.violation!.property).toBe("commit-within-log");
    expect(told.result.violation!.text).toContain("Was the raft log corrupted, truncated, or lost?");
  });

  test("rolling back to an image that was never taken is ineffective", () => {
    const told = tell(
      story(
        "  - { at: 3s, destroy: n3 }\n  - { at: 4s, backup: { from: n3, of: disk, as: night } }\n  - { at: 6s, id: back, disk: { on: n1, rollback: night } }",
      ),
    );
    expect(faultOf(told.result, "back").status).toBe("ineffective");
    expect(processIn(told.run, 1).status).toBe("up");
  });
});

describe("a wiped disk", () => {
  test("is empty, and a member with its old identity refuses to start from it", () => {
    const run = begin(
      story("  - { at: 4s, id: wipe, disk: { on: n1, wipe: true } }\n  - { at: 5s, id: up, restart: n1 }"),
    );
    advanceTo(run, 4 * SECOND);
    const { disk, status } = processIn(run, 1);
    expect(status).toBe("down");
    expect(disk.log.length + disk.files.length).toBe(0);
    const told = end(run);
    expect(faultOf(told.result, "up").status).toBe("ineffective");
    expect(processIn(told.run, 1).reason).toContain("has already been bootstrapped");
    expect(told.result.verdict).toBe("held");
  });
});

test("a disk of its own for a member: the slowest of three does not slow writes down", () => {
  const run = begin(story("  - { at: 2s, for: 11s, disk: { on: n1, slowFsync: 200ms } }"));
  advanceTo(run, 3 * SECOND);
  if (leaderIn(run) === 1) return;
  const told = end(run);
  const within = answers(told, 3 * SECOND, 12 * SECOND);
  expect(within.filter((one) => one === "put ok").length).toBeGreaterThan(within.length * 0.9);
});
