/** A member that comes back: what it has, what it fetches, how little it keeps. */

import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/member/etcd-member.ts";
import {
  advanceTo,
  begin,
  delivered,
  end,
  faultOf,
  LossReason,
  leaderIn,
  lost,
  memberIn,
  processIn,
  tell,
} from "../world/story.ts";

const SECOND = 1_000_000;

function story(faults: string, more: string = "", duration: string = "16s"): string {
  return `
duration: ${duration}
cluster: { members: 3${more} }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 4, closed: 2ms, ops: { put: 3, get: 1, cas: 1, delete: 1 }, keys: 4, timeout: 500ms, until: 8s }
faults:
${faults}
expect:
  - dataLoss: none
  - linearizable: true
  - always: recovery-complete`;
}

const DISK = ", disk: { write: 50us, fsync: 3ms }, snapshot: { every: 25 entries, keep: 2, catchUp: 5 entries }";

describe("what was acknowledged survives a crash at any moment", () => {
  for (const unsynced of ["lose", "keep", "tear"]) {
    test(`of the leader, when unsynced bytes are ${{ lose: "lost", keep: "kept", tear: "torn" }[unsynced]}`, () => {
      // From the middle of a busy second on, one event after another.
      for (let event = 3_000; event < 3_060; event += 2) {
        const told = tell(
          story(
            `  - { at: { event: ${event} }, id: down, for: 1s, crash: { on: leader, unsynced: ${unsynced} } }`,
            DISK,
            "10s",
          ),
        );
        expect(faultOf(told.result, "down").status).toBe("done");
        expect({ event, verdict: told.result.verdict, text: told.result.violation?.text }).toEqual({
          event,
          verdict: "held",
          text: undefined,
        });
      }
    });
  }

  test("of everybody at once", () => {
    for (let event = 3_001; event < 3_041; event += 2) {
      const told = tell(
        story(`  - { at: { event: ${event} }, id: down, for: 1s, crash: { on: all, unsynced: tear } }`, DISK, "10s"),
      );
      expect(faultOf(told.result, "down").targets).toEqual([1, 2, 3]);
      expect({ event, verdict: told.result.verdict, text: told.result.violation?.text }).toEqual({
        event,
        verdict: "held",
        text: undefined,
      });
      expect(told.result.operations.ok).toBeGreaterThan(100);
    }
  });

  test("of a follower that is receiving a snapshot", () => {
    let installed = 0;
    for (let at = 7_000_000; at < 7_016_000; at += 1_000) {
      const told = tell(
        story(
          `  - { at: 3s, for: 4s, crash: n2 }\n  - { at: ${at + 500}us, id: again, for: 500ms, crash: { on: n2, unsynced: tear } }`,
          DISK,
          "12s",
        ),
      );
      expect({ at, verdict: told.result.verdict, text: told.result.violation?.text }).toEqual({
        at,
        verdict: "held",
        text: undefined,
      });
      installed += told.result.coverage["snapshot-installed"] ?? 0;
    }
    expect(installed).toBeGreaterThan(10);
  });
});

describe("a snapshot", () => {
  const away = "  - { at: 3s, for: 3s, id: away, crash: n2 }";

  test("is sent to a member that the log no longer reaches, and it catches up", () => {
    const told = tell(story(away, DISK));
    expect(delivered(told.trace, { to: 2, type: "MsgSnap", since: 6 * SECOND }).length).toBeGreaterThan(0);
    expect(told.result.coverage["snapshot-installed"]).toBeGreaterThan(0);
    const applied = [1, 2, 3].map((id) => (processIn(told.run, id).disk.backend as Backend).appliedIndex);
    expect(new Set(applied).size).toBe(1);
    expect(told.result.verdict).toBe("held");
  });

  test("that is lost is sent again after a time", () => {
    const told = tell(story(`${away}\n  - { at: 6s, for: 1s, drop: { types: MsgSnap } }`, DISK, "20s"));
    expect(lost(told.trace, { type: "MsgSnap", to: 2 }, LossReason.Drop).length).toBeGreaterThan(0);
    expect(delivered(told.trace, { type: "MsgSnap", to: 2, since: 7 * SECOND }).length).toBeGreaterThan(0);
    const applied = [1, 2, 3].map((id) => (processIn(told.run, id).disk.backend as Backend).appliedIndex);
    expect(new Set(applied).size).toBe(1);
  });

  test("is not needed where the log still reaches", () => {
    const told = tell(story(away, ", snapshot: { every: 25 entries, keep: 2, catchUp: 100000 entries }"));
    expect(told.result.coverage["snapshot-sent"]).toBeUndefined();
    expect(told.result.verdict).toBe("held");
  });
});

describe("what a member keeps", () => {
  test("is bounded: entries in memory, records in the log file, snapshot files", () => {
    const run = begin(
      `${story("  - { at: 1s, compact: {} }", ", disk: { write: 50us, fsync: 1ms }, snapshot: { every: 50 entries, keep: 2, catchUp: 20 entries }", "30s").replace("until: 8s", "until: 30s")}`,
    );
    let most = { entries: 0, records: 0, files: 0 };
    for (let at = 3 * SECOND; at <= 30 * SECOND; at += SECOND) {
      advanceTo(run, at);
      for (const id of [1, 2, 3]) {
        const { log } = memberIn(run, id).raft;
        const { disk } = processIn(run, id);
        most = {
          entries: Math.max(most.entries, log.last - log.snapshotIndex),
          records: Math.max(most.records, disk.log.length),
          files: Math.max(most.files, disk.files.length),
        };
      }
    }
    const total = memberIn(run, leaderIn(run)).raft.log.last;
    expect(total).toBeGreaterThan(3_000);
    expect(most.entries).toBeLessThan(100);
    expect(most.records).toBeLessThan(400);
    expect(most.files).toBeLessThanOrEqual(4);
    expect(end(run).result.verdict).toBe("held");
  });

  // Elections without a leader leave no new entries behind those that wait to be applied, bit by bit, while snapshots are taken.
  test("is every entry that no snapshot covers yet, however far applying lags behind the log", () => {
    const { result } = tell(
      `
duration: 15s
cluster:
  members: 9
  raft: { checkQuorum: false, heartbeat: 10ms, election: 100ms, maxSizePerMsg: 100B }
  snapshot: { every: 12 entries, keep: 1, catchUp: 2 entries }
  disk: { write: 0ms, fsync: 10ms }
network: { latency: { dist: exponential, mean: 80ms }, loss: 1% }
workload:
  - name: kv
    clients: 7
    rate: 80/s
    ops: { put: 4, get: 3, getSerializable: 2, range: 1, cas: 2, delete: 1, txn: 1 }
    keys: { count: 2, dist: uniform }
    timeout: 8s
    retry: none
    failover: false
faults:
  - { at: 11248ms, member: { remove: leader } }
  - { at: 6669ms, for: 3189ms, delay: { add: 758ms, jitter: 222ms, p: 41% } }
  - { at: 14750ms, for: 249ms, crash: { on: followers, unsynced: tear } }
  - { at: 3292ms, duplicate: { p: 26%, copies: 3 } }`,
      "1479",
    );
    expect([result.verdict, result.violation?.text ?? ""]).toEqual(["held", ""]);
    expect(result.coverage["snapshot-taken"]).toBeGreaterThan(100);
  });

  test("without snapshots is everything", () => {
    const run = begin(story("  - { at: 1s, compact: {} }"));
    advanceTo(run, 7 * SECOND);
    const { log } = memberIn(run, leaderIn(run)).raft;
    expect(log.snapshotIndex).toBe(1);
    expect(log.last).toBeGreaterThan(500);
  });
});

describe("a member whose disk is empty", () => {
  test("stays down under its old identity, and the others go on", () => {
    const told = tell(story("  - { at: 4s, disk: { on: n2, wipe: true } }\n  - { at: 5s, id: up, restart: n2 }"));
    expect(faultOf(told.result, "up").status).toBe("ineffective");
    expect(processIn(told.run, 2)).toMatchObject({ status: "down", reason: "member n2 has already been bootstrapped" });
    expect(told.result.verdict).toBe("held");
  });

  test("is replaced by taking it out and another in", () => {
    const told = tell(
      story(
        `  - { at: 3s, destroy: n2 }
  - { at: 9s, id: out, member: { remove: n2 } }
  - { at: 10s, id: in, member: { add: n4 } }`,
        "",
        "20s",
      ).replace("until: 8s", "until: 18s"),
    );
    expect(faultOf(told.result, "out").status).toBe("done");
    expect(faultOf(told.result, "in").status).toBe("done");
    expect((processIn(told.run, 4).disk.backend as Backend).confState.voters).toEqual([1, 3, 4]);
    expect(told.result.verdict).toBe("held");
  });
});
