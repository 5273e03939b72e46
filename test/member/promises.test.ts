/** What a member must still know when it comes back: how far changes of membership took effect, and what it promised a leader. */

import { expect, test } from "vitest";
import { itemAt } from "../../src/kernel/chunked.ts";
import { StateRecord } from "../../src/member/wal.ts";
import { EntryType } from "../../src/raft/entry.ts";
import { advanceTo, begin, memberIn, processIn } from "../world/story.ts";

const SECOND = 1_000_000;

test("with a change of membership goes how far is committed", () => {
  const run = begin(`
duration: 10s
cluster: { members: 3 }
faults: [{ at: 4s, member: { add: n4, role: learner } }]`);
  advanceTo(run, 8 * SECOND);
  const { log } = processIn(run, 1).disk;
  const records = Array.from({ length: log.length }, (_, at) => itemAt(log, log.first + at));
  const change = records.findIndex(
    (record) => record !== undefined && "type" in record && record.type !== EntryType.EntryNormal,
  );
  expect(change).toBeGreaterThanOrEqual(0);
  expect(records[change + 1]).toBeInstanceOf(StateRecord);
});

test("a head start takes nothing from what a restarted voter promised to a leader with read leases", () => {
  const run = begin(`
duration: 12s
cluster: { members: 5, raft: { readOnly: lease } }
faults: [{ at: 5s, crash: followers, for: 50ms }]`);
  advanceTo(run, 5 * SECOND + 40_000);
  let started = 0;
  while (!run.advance(1) && started < 4 && run.run.world.atMicros < 7 * SECOND) {
    started = 0;
    for (const id of [1, 2, 3, 4, 5]) {
      if (processIn(run, id).status !== "up") continue;
      const { headStartTicks, raft } = memberIn(run, id);
      if (processIn(run, id).boot < 2 || headStartTicks === 0) continue;
      started++;
      const since = raft.ticks - headStartTicks;
      expect(raft.leaseGraceTicks + since).toBeGreaterThanOrEqual(raft.config.electionTicks);
    }
  }
  expect(started).toBe(4);
});
