/** What a cluster does for its own upkeep: it finds members whose data differ, compacts by age, and is led down to an older version. */

import { describe, expect, test } from "vitest";
import { AlarmType } from "../../src/etcd/cluster-state.ts";
import { findRecord } from "../../src/etcd/key-index.ts";
import { makeKeyValue } from "../../src/etcd/key-value.ts";
import type { Store } from "../../src/etcd/store.ts";
import { ClientRequest, type ClientResponse } from "../../src/kernel/request.ts";
import { idOf } from "../../src/member/identity.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { advanceTo, answers, begin, end, faultOf, leaderIn, processIn } from "../world/story.ts";

const SECOND = 1_000_000;

function storeOf(run: ScenarioRun, id: number): Store {
  return (processIn(run, id).disk.backend as { store: Store }).store;
}

describe("the check for corruption", () => {
  const story = `
duration: 30s
cluster: { members: 3, corruptCheck: 5s }
workload: { clients: 2, closed: 20ms, keys: { count: 3, prefix: k }, ops: { put: 1, get: 1 }, until: 8s }
faults:
  - { at: 20s, client: { op: put, key: k0, value: after, timeout: 9s } }
  - { at: 20s, client: { op: get, key: k0, timeout: 9s } }`;

  /** Changes a value below the state machine, as a disk or a bug would, and leaves all that is reckoned from it alone. */
  function rot(store: Store, key: string): void {
    const record = findRecord(store, key);
    if (record === undefined) throw new Error(`there is no ${key}`);
    const { createRevision, modRevision, version, lease, sub } = record.current;
    record.current = makeKeyValue(key, createRevision, modRevision, version, "rot", lease, sub);
  }

  test("raises CORRUPT for the member whose data differ, and then nobody takes writes; reads are still served", () => {
    const run = begin(story);
    advanceTo(run, 9 * SECOND);
    const rotten = leaderIn(run) === 2 ? 3 : 2;
    rot(storeOf(run, rotten), "k0");
    const told = end(run);
    for (const id of run.run.world.ids) {
      const { alarms } = storeOf(run, id);
      expect(alarms).toHaveLength(1);
      expect(alarms[0]).toMatchObject({ memberId: idOf(storeOf(run, id), rotten), alarm: AlarmType.CORRUPT });
    }
    expect(answers(told, 20 * SECOND).sort()).toEqual(["get ok", "put fail etcdserver: corrupt cluster"]);
  });

  test("raises nothing among members that hold the same, however often it looks and whatever it compacts", () => {
    const run = begin(story.replace("members: 3,", "members: 3, compaction: { mode: revision, revisions: 40 },"));
    const told = end(run);
    expect(told.result.verdict).toBe("held");
    for (const id of run.run.world.ids) expect(storeOf(run, id).alarms).toEqual([]);
    expect(answers(told, 20 * SECOND).sort()).toEqual(["get ok", "put ok"]);
  });
});

describe("compaction by age", () => {
  const PERIOD = 10;

  test("keeps what is younger than its period, on every member, and goes on under another leader", () => {
    const run = begin(`
duration: 60s
cluster: { members: 3, compaction: { mode: periodic, period: ${PERIOD}s } }
workload: { clients: 1, closed: 100ms, keys: { count: 3, prefix: k }, ops: { put: 1 } }
faults:
  - { at: 30s, crash: leader, for: 3s }`);
    /** The revision at each second. */
    const reached: number[] = [];
    const compacted: number[] = [];
    for (let second = 0; second < 60; second++) {
      advanceTo(run, second * SECOND);
      const { revision, compactRevision } = storeOf(run, leaderIn(run) || 1);
      reached.push(revision);
      compacted.push(compactRevision);
      // What was written within the period is still there.
      const young = reached[second - PERIOD];
      expect(compactRevision).toBeLessThanOrEqual(Math.max(0, young ?? 0));
    }
    // Nothing goes in the first period; later what is older than two periods is gone, before the crash and after.
    expect(compacted[PERIOD - 1]).toBeLessThanOrEqual(0);
    expect(compacted[28]).toBeGreaterThanOrEqual(reached[28 - 2 * PERIOD] as number);
    expect(compacted[59]).toBeGreaterThanOrEqual(reached[59 - 2 * PERIOD] as number);
    const told = end(run);
    expect(told.result.verdict).toBe("held");
    const last = run.run.world.ids.map((id) => storeOf(run, id).compactRevision);
    expect(new Set(last).size).toBe(1);
  });
});

describe("a downgrade", () => {
  const ENABLE = 1;
  const CANCEL = 2;
  const VALIDATE = 0;

  /** Asks a member as a client that nobody simulates; the answer's words. */
  function ask(run: ScenarioRun, action: number, version: string): string {
    const { context, world } = run.run;
    const heard: ClientResponse[] = [];
    context.reply = (_request, response) => {
      heard.push(response);
    };
    const call = { call: "downgrade", action, version };
    context.sendRequest(1, new ClientRequest(7, world.steps + 1, 1, call, null));
    advanceTo(run, world.atMicros + SECOND);
    const [response] = heard;
    if (response === undefined) return "no answer";
    return response.error === null
      ? `ok ${(response.body as { version: string }).version}`
      : `${response.error.code} ${response.error.message}`;
  }

  function begun(faults: string): ScenarioRun {
    const run = begin(`
duration: 90s
cluster: { members: 3 }
faults:
${faults}`);
    advanceTo(run, 10 * SECOND);
    return run;
  }

  const DOWN = "  - { at: 30s, id: down, upgrade: { on: all, version: 3.5.21 } }";

  function versions(run: ScenarioRun): string[] {
    return run.run.world.ids.map((id) =>
      `${storeOf(run, id).clusterVersion} ${storeOf(run, id).downgradeTarget}`.trim(),
    );
  }

  test("that was not begun keeps older programs from starting", () => {
    const told = end(begun(DOWN));
    expect(faultOf(told.result, "down").note).toContain("cluster cannot be downgraded");
  });

  test("is validated against the version before, and one at a time", () => {
    const run = begun(DOWN);
    expect(ask(run, VALIDATE, "3.5.0")).toBe("ok 3.6");
    expect(ask(run, VALIDATE, "3.4.0")).toBe("3 etcdserver: invalid downgrade target version");
    expect(ask(run, VALIDATE, "three")).toBe("3 etcdserver: wrong downgrade target version format");
    expect(versions(run)).toEqual(["3.6.0", "3.6.0", "3.6.0"]);
  });

  test("that is enabled leads the whole cluster down, member after member, and is over when all are there", () => {
    const run = begun(DOWN);
    expect(ask(run, ENABLE, "3.5.0")).toBe("ok 3.6");
    advanceTo(run, 25 * SECOND);
    expect(versions(run)).toEqual(["3.5.0 3.5.0", "3.5.0 3.5.0", "3.5.0 3.5.0"]);
    const told = end(run);
    expect(told.result.verdict).toBe("held");
    for (const id of run.run.world.ids) {
      expect(processIn(run, id)).toMatchObject({ status: "up", version: "3.5.21" });
    }
    expect(versions(run)).toEqual(["3.5.0", "3.5.0", "3.5.0"]);
  });

  test("that is cancelled in time leaves the cluster with the version of its members", () => {
    const run = begun(DOWN);
    ask(run, ENABLE, "3.5.0");
    advanceTo(run, 20 * SECOND);
    expect(versions(run)[0]).toBe("3.5.0 3.5.0");
    expect(ask(run, CANCEL, "")).toBe("ok 3.5");
    advanceTo(run, 29 * SECOND);
    expect(versions(run)).toEqual(["3.6.0", "3.6.0", "3.6.0"]);
    expect(faultOf(end(run).result, "down").note).toContain("cluster cannot be downgraded");
  });
});
