/** What clients are told when things go wrong, in etcd's words and times: ETCD.md, "What clients see". */

import { describe, expect, test } from "vitest";
import { INSTANT_DISK } from "../../src/disk/disk.ts";
import { RangeRequest } from "../../src/etcd/api.ts";
import type { ClientResponse } from "../../src/kernel/request.ts";
import { ClientRequest } from "../../src/kernel/request.ts";
import { AdminRequest, type MembershipChange } from "../../src/member/admin.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { createProcess } from "../../src/world/world.ts";
import { advanceTo, begin, delivered, end, faultOf, leaderIn, memberIn, type Told, tell } from "../world/story.ts";

const SECOND = 1_000_000;

/** A cluster without load; single requests are made by faults. */
function story(faults: string, members: number | string = 3, more: string = ""): string {
  return `
duration: 30s
cluster: { members: ${members}${more} }
network: { latency: 1ms, clientLatency: 1ms }
faults:
${faults}`;
}

/** How single requests ended: outcome or error, and after how many seconds, to the tenth. */
function outcomes(told: Told): string[] {
  const history = told.run.collector.history ?? [];
  const began = new Map(history.filter((one) => one.type === "invoke").map((one) => [one.client, one.atMicros]));
  return history
    .filter((one) => one.type !== "invoke")
    .sort((a, b) => a.client - b.client)
    .map((one) => {
      const error = one.response?.error ?? null;
      const said = one.response === null ? "no answer" : error === null ? one.type : `${error.code} ${error.message}`;
      return `${one.kind}: ${said} after ${((one.atMicros - (began.get(one.client) ?? 0)) / SECOND).toFixed(1)}`;
    });
}

const TIMEOUT = "timeout: 20s";

describe("no leader is known", () => {
  // Two of three are down: the third looks for votes for ever.
  const alone = `  - { at: 3s, crash: [n2, n3] }`;

  test("a write is never proposed: context deadline exceeded after 7.0 s", () => {
    const told = tell(story(`${alone}\n  - { at: 8s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }`));
    expect(outcomes(told)).toEqual(["put: 4 context deadline exceeded after 7.0"]);
  });

  test("a linearizable read: request timed out after 7.0 s", () => {
    const told = tell(story(`${alone}\n  - { at: 8s, client: { op: get, key: a, via: n1, ${TIMEOUT} } }`));
    expect(outcomes(told)).toEqual(["get: 14 etcdserver: request timed out after 7.0"]);
  });

  test("a serializable read is answered at once", () => {
    const told = tell(story(`${alone}\n  - { at: 8s, client: { op: getSerializable, key: a, via: n1, ${TIMEOUT} } }`));
    expect(outcomes(told)).toEqual(["getSerializable: ok after 0.0"]);
  });

  test("a write that waits goes on as soon as there is a leader", () => {
    const told = tell(
      story(
        `${alone}\n  - { at: 8s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }\n  - { at: 10s, restart: n2 }`,
      ),
    );
    const [outcome] = outcomes(told);
    expect(outcome).toMatch(/^put: ok after [2-5]\.\d$/);
  });
});

describe("a leader is known and cannot commit", () => {
  test("a write through it is given up after 7.0 s, with the leader's failure if that was noticed", () => {
    // Without CheckQuorum the leader stays in office.
    const raft = ", raft: { checkQuorum: false, preVote: false }";
    const told = tell(
      story(
        `  - { at: 2s, transferLeader: n1 }
  - { at: 4s, partition: { isolate: n1 } }
  - { at: 5s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }
  - { at: 5s, client: { op: get, key: a, via: n1, ${TIMEOUT} } }`,
        3,
        raft,
      ),
    );
    expect(outcomes(told)).toEqual([
      "put: 14 etcdserver: request timed out after 7.0",
      "get: 14 etcdserver: request timed out after 7.0",
    ]);
  });

  test("with CheckQuorum the leader steps down, and nobody knows of another: the write timed out", () => {
    const told = tell(
      story(`  - { at: 2s, transferLeader: n1 }
  - { at: 4s, partition: { isolate: n1 } }
  - { at: 4s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }`),
    );
    expect(outcomes(told)).toEqual(["put: 14 etcdserver: request timed out after 7.0"]);
  });

  test("a write that a follower forwarded to a leader just dead is lost, and reported after 7.0 s", () => {
    const told = tell(
      story(`  - { at: 2s, transferLeader: n1 }
  - { at: 4s, crash: n1 }
  - { at: 4100ms, client: { op: put, key: a, value: x, via: n2, ${TIMEOUT} } }`),
    );
    // Timeouts are looked after once a tick.
    expect(outcomes(told)[0]).toMatch(
      /^put: 14 etcdserver: request timed out, possibly due to previous leader failure after 7\.[01]$/,
    );
  });

  test("a read that a follower asked a leader just dead for succeeds after the election, or hears of the change", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      const told = tell(
        story(`  - { at: 2s, transferLeader: n1 }
  - { at: 4s, crash: n1 }
  - { at: 4100ms, client: { op: get, key: a, via: n2, ${TIMEOUT} } }
  - { at: 4100ms, client: { op: get, key: a, via: n3, ${TIMEOUT} } }`),
        `${seed}`,
      );
      for (const outcome of outcomes(told)) {
        expect(outcome).toMatch(/^get: (ok|14 etcdserver: leader changed) after [0-3]\.\d$/);
        seen.add(outcome.includes("changed") ? "changed" : "ok");
      }
    }
    expect(seen.size).toBeGreaterThan(0);
  });
});

describe("a learner", () => {
  const members = "[n1, n2, n3, { id: n4, role: learner }]";

  test("serves serializable reads, and refuses everything else", () => {
    const told = tell(
      story(
        `  - { at: 3s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }
  - { at: 4s, client: { op: put, key: a, value: y, via: n4, ${TIMEOUT} } }
  - { at: 4s, client: { op: get, key: a, via: n4, ${TIMEOUT} } }
  - { at: 4s, client: { op: delete, key: a, via: n4, ${TIMEOUT} } }
  - { at: 4s, client: { op: getSerializable, key: a, via: n4, ${TIMEOUT}, expect: { value: x } } }`,
        members,
      ),
    );
    const refused = "9 etcdserver: rpc not supported for learner after 0.0";
    expect(outcomes(told)).toEqual([
      "put: ok after 0.0",
      `put: ${refused}`,
      `get: ${refused}`,
      `delete: ${refused}`,
      "getSerializable: ok after 0.0",
    ]);
    expect(told.result.verdict).toBe("held");
  });
});

test("a member that was removed answers nobody", () => {
  const told = tell(`
duration: 15s
cluster: { members: 3 }
workload: { clients: 1, closed: 100ms, ops: { getSerializable: 1 }, timeout: 2s, endpoints: [n3], failover: false }
faults:
  - { at: 7s, member: { remove: n3 } }`);
  const ended = (told.run.collector.history ?? []).filter((one) => one.type !== "invoke");
  expect(ended.filter((one) => one.atMicros < 8 * SECOND).every((one) => one.type === "ok")).toBe(true);
  // Nobody listens there: the client is refused at once.
  const late = ended.filter((one) => one.atMicros > 8_100_000);
  expect(late.every((one) => one.response?.error?.message.includes("connection refused"))).toBe(true);
  expect(late.length).toBeGreaterThan(20);
});

/** Asks a member something on behalf of the operator and returns what it answers. */
function ask(run: ScenarioRun, member: number, admin: AdminRequest): string {
  const { context } = run.run;
  const reply = context.reply;
  let heard: ClientResponse | null = null;
  context.reply = (_request, response) => {
    heard = response;
  };
  const now = run.run.world.atMicros;
  context.sendRequest(member, new ClientRequest(0, 1_000_000 + now, 1, admin));
  for (let i = 0; i < 50_000 && heard === null; i++) if (run.advance(1)) break;
  context.reply = reply;
  const { error } = (heard as ClientResponse | null) ?? { error: { code: -1, message: "no answer" } };
  return error === null ? "ok" : `${error.code} ${error.message}`;
}

const change = (what: MembershipChange["change"], member: number): AdminRequest =>
  new AdminRequest("membership", [{ change: what, member }], 0, 0);

describe("membership is changed with etcd's checks", () => {
  const settled = (members: number | string = 3, faults: string = "  - { at: 29s, compact: {} }"): ScenarioRun => {
    const run = begin(story(faults, members));
    advanceTo(run, 8 * SECOND);
    return run;
  };

  test("what exists is not added, what does not is not removed, promoted or demoted", () => {
    const run = settled();
    const leader = leaderIn(run);
    expect(ask(run, leader, change("add-voter", 2))).toBe("9 etcdserver: Peer URLs already exists");
    expect(ask(run, leader, change("remove", 9))).toBe("5 etcdserver: member not found");
    expect(ask(run, leader, change("promote", 9))).toBe("5 etcdserver: member not found");
    expect(ask(run, leader, change("promote", 2))).toBe("9 etcdserver: can only promote a learner member");
  });

  test("one learner at a time, promoted only by the leader and when it has nearly all of the log", () => {
    const run = settled();
    const leader = leaderIn(run);
    const other = run.run.world.ids.find((id) => id !== leader) as number;
    // Its process is never started: it has nothing of the log.
    for (const id of [7, 8]) {
      while (run.run.world.processes.length <= id) run.run.world.processes.push(null);
      run.run.world.processes[id] = createProcess(id, "learner", INSTANT_DISK);
    }
    expect(ask(run, leader, change("add-learner", 7))).toBe("ok");
    expect(ask(run, leader, change("add-learner", 8))).toBe("9 etcdserver: too many learner members in cluster");
    expect(ask(run, leader, change("promote", 7))).toBe(
      "9 etcdserver: can only promote a learner member which is in sync with leader",
    );
    expect(ask(run, other, change("promote", 7))).toBe("9 etcdserver: not leader");
    expect(ask(run, leader, change("remove", 7))).toBe("ok");
  });

  test("a cluster with a silent voter neither grows nor loses a voter that lives; the silent one may go", () => {
    const run = settled(3, "  - { at: 2s, transferLeader: n1 }\n  - { at: 2500ms, crash: n3 }");
    const leader = leaderIn(run);
    expect(leader).toBe(1);
    const unhealthy = "14 etcdserver: unhealthy cluster";
    expect(ask(run, leader, change("add-voter", 4))).toBe(unhealthy);
    expect(ask(run, leader, change("add-learner", 4))).toBe(unhealthy);
    expect(ask(run, leader, change("remove", 2))).toBe(unhealthy);
    expect(ask(run, leader, change("remove", 3))).toBe("ok");
    expect(ask(run, leader, change("add-voter", 4))).toBe("ok");
  });

  test("the last voter is neither removed nor demoted", () => {
    const run = settled(1);
    const refused = "9 etcdserver: re-configuration failed due to not enough started members";
    expect(ask(run, 1, change("remove", 1))).toMatch(/not enough started members|unhealthy cluster/);
    expect(ask(run, 1, change("demote", 1))).toBe(refused);
  });

  test("without a leader nobody takes a change", () => {
    const run = settled(3, "  - { at: 3s, crash: [n2, n3] }");
    expect(ask(run, 1, change("remove", 2))).toMatch(/14 etcdserver: (no leader|unhealthy cluster)/);
  });

  test("leadership goes from the leader to voters only", () => {
    const run = settled("[n1, n2, n3, { id: n4, role: learner }]");
    const leader = leaderIn(run);
    const other = [1, 2, 3].find((id) => id !== leader) as number;
    const to = (target: number): AdminRequest => new AdminRequest("transfer", [], target, 0);
    expect(ask(run, other, to(leader))).toBe("9 etcdserver: not leader");
    expect(ask(run, leader, to(4))).toBe("9 etcdserver: bad leader transferee");
    expect(ask(run, leader, to(9))).toBe("9 etcdserver: bad leader transferee");
    expect(ask(run, 4, to(leader))).toBe("9 etcdserver: rpc not supported for learner");
    expect(ask(run, leader, to(other))).toBe("ok");
    advanceTo(run, run.run.world.atMicros + SECOND);
    expect(leaderIn(run)).toBe(other);
  });
});

describe("linearizable reads", () => {
  test("that come together are confirmed together", () => {
    const told = tell(`
duration: 6s
cluster: { members: 3 }
network: { latency: 10ms, clientLatency: 1ms }
workload: { clients: 60, rate: 2000/s, ops: { get: 1 }, timeout: 2s, from: 3s, until: 5s }`);
    const rounds = delivered(told.trace, { type: "MsgReadIndex", since: 3 * SECOND }).length;
    expect(told.result.reads.ok).toBeGreaterThan(3_000);
    expect(rounds).toBeGreaterThan(50);
    expect(rounds).toBeLessThan(told.result.reads.ok / 5);
  });

  test("whose confirmation is lost are asked for again every half second", () => {
    const told = tell(
      story(`  - { at: 2s, transferLeader: n1 }
  - { at: 4s, for: 1300ms, drop: { types: MsgReadIndexResp } }
  - { at: 4010ms, client: { op: get, key: a, via: n2, ${TIMEOUT} } }`),
    );
    expect(outcomes(told)[0]).toMatch(/^get: ok after 1\.[56]$/);
    expect(delivered(told.trace, { type: "MsgReadIndex", since: 4 * SECOND }).length).toBe(4);
  });

  test("wait until what they were confirmed at is applied", () => {
    const told = tell(
      story(`  - { at: 2s, transferLeader: n1 }
  - { at: 3s, for: 5s, slow: { on: n2, apply: 700ms } }
  - { at: 4s, client: { op: put, key: a, value: x, via: n1, expect: ok } }
  - { at: 4100ms, client: { op: get, key: a, via: n2, ${TIMEOUT}, expect: { value: x } } }`),
    );
    expect(told.result.verdict).toBe("held");
    expect(outcomes(told)[1]).toMatch(/^get: ok after 0\.[67]$/);
  });

  test("a serializable read does not wait, and is of the past", () => {
    const told = tell(
      story(`  - { at: 2s, transferLeader: n1 }
  - { at: 3s, for: 5s, slow: { on: n2, apply: 700ms } }
  - { at: 4s, client: { op: put, key: a, value: x, via: n1, expect: ok } }
  - { at: 4100ms, client: { op: getSerializable, key: a, via: n2, ${TIMEOUT}, expect: absent } }`),
    );
    expect(told.result.verdict).toBe("held");
    expect(told.result.coverage["stale-read"]).toBe(1);
  });

  test("of a leader that is cut off are never answered from its own state", () => {
    const told = tell(
      story(
        `  - { at: 2s, transferLeader: n1 }
  - { at: 4s, for: 12s, partition: { isolate: n1 } }
  - { at: 7s, client: { op: put, key: a, value: x, via: n2, ${TIMEOUT}, expect: ok } }
  - { at: 8s, client: { op: get, key: a, via: n1, ${TIMEOUT} } }`,
        3,
        ", raft: { checkQuorum: false, preVote: false }",
      ),
    );
    expect(outcomes(told)[1]).toMatch(/^get: 14 etcdserver: (request timed out|leader changed)/);
  });
});

test("the cluster's request timeout is five seconds and two election timeouts", () => {
  const told = tell(
    story(
      `  - { at: 3s, crash: [n2, n3] }\n  - { at: 14s, client: { op: put, key: a, value: x, via: n1, ${TIMEOUT} } }`,
      3,
      ", raft: { heartbeat: 500ms, election: 5s }",
    ),
  );
  expect(outcomes(told)[0]).toMatch(/context deadline exceeded after 15\.\d$/);
});

test("a read of a removed key's past is refused by the store, and final", () => {
  const run = begin(
    story("  - { at: 3s, client: { op: put, key: a, value: x, via: n1 } }\n  - { at: 4s, id: cut, compact: {} }"),
  );
  advanceTo(run, 5 * SECOND);
  expect(faultOf(run.result(), "cut").status).toBe("done");
  const { context } = run.run;
  const reply = context.reply;
  let said = "";
  context.reply = (_request, response) => {
    said = response.error?.message ?? "ok";
  };
  context.sendRequest(1, new ClientRequest(1, 99, 1, new RangeRequest("a", "", { revision: 1, serializable: true })));
  advanceTo(run, 6 * SECOND);
  context.reply = reply;
  expect(said).toBe("etcdserver: mvcc: required revision has been compacted");
  expect(memberIn(run, 1).raft.term).toBeGreaterThan(0);
  end(run);
});
