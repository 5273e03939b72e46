/** Programs that people run on etcd, on a cluster that fails: leases, locks, watches, users, optimistic transactions. */

import { describe, expect, test } from "vitest";
import { memberOf } from "../../src/client/client.ts";
import type { Store } from "../../src/etcd/store.ts";
import { CounterAt } from "../../src/kernel/counter.ts";
import type { ProgramEvent } from "../../src/run/collector.ts";
import { advanceTo, answers, begin, end, faultOf, leaderIn, memberIn, processIn, type Told, tell } from "./story.ts";

const SECOND = 1_000_000;

const WRITES =
  '  - { name: load, clients: 2, closed: 20ms, keys: { count: 4, prefix: "p/" }, ops: { put: 3, delete: 1 }, until: 25s }';

function story(program: string, faults: string = "", more: string = "", cluster: string = "members: 3"): string {
  return `
duration: 30s
cluster: { ${cluster} }
workload:
  - { name: prog, clients: 3, keys: { count: 4, prefix: "p/" }, from: 1s, until: 25s, ${program} }
${more}
faults:
  - { at: 29900ms, id: end, compact: { keep: 1 } }
${faults}`;
}

function programs(told: Told): readonly ProgramEvent[] {
  return told.run.collector.programs ?? [];
}

function facts(told: Told, kind: string): ProgramEvent[] {
  return programs(told).filter((one) => one.fact?.kind === kind);
}

/** Every watch's events as `revision:key`, in the order of arrival, and how many there were. */
function eventsOf(told: Told): Map<string, [number, string][]> {
  const watches = new Map<string, [number, string][]>();
  for (const { client, watch, response } of programs(told)) {
    if (response === null) continue;
    const name = `c${client}/${watch}`;
    const list = watches.get(name) ?? [];
    watches.set(name, list);
    for (const { kv } of response.events) list.push([kv.modRevision, kv.key]);
  }
  return watches;
}

const TROUBLE = `  - { at: 6s, crash: leader, for: 2s }
  - { at: 12s, partition: { isolate: leader }, for: 4s }
  - { at: 18s, id: lossy, drop: { from: clients, to: all, p: 5% }, for: 2s }`;

describe("watches", () => {
  test("go on where they were through crashes, cuts and lost messages: in order, nothing twice, nothing left out", () => {
    const told = tell(
      story("kind: informer", TROUBLE, WRITES, "members: 3, snapshot: { every: 50 entries, catchUp: 5 entries }"),
    );
    expect(told.result.verdict).toBe("held");
    expect(told.result.coverage["watch-event"]).toBeGreaterThan(500);
    // Every informer watches everything, from a revision on: each must have seen the same events from there.
    const all = new Map<number, string>();
    for (const events of eventsOf(told).values()) for (const [revision, key] of events) all.set(revision, key);
    const revisions = [...all.keys()].sort((a, b) => a - b);
    for (const events of eventsOf(told).values()) {
      if (events.length === 0) continue;
      const seen = events.map(([revision]) => revision);
      const from = revisions.indexOf(seen[0] as number);
      expect(seen).toEqual(revisions.slice(from, from + seen.length));
    }
    const reopened = programs(told).filter((one) => one.what === "opened" && one.attempt > 1);
    expect(reopened.length).toBeGreaterThan(0);
  });

  test("of a slow reader fall behind at the member, and catch up", () => {
    const run = begin(
      story("kind: informer", "  - { at: 5s, id: slow, client: { clients: c1, slowWatch: 300ms }, for: 15s }", WRITES),
    );
    advanceTo(run, 19 * SECOND);
    const behind = run.run.world.ids.some((id) =>
      memberIn(run, id).hub.watchers.some(({ state }) => state !== "synced"),
    );
    expect(behind).toBe(true);
    const told = end(run);
    expect(faultOf(told.result, "slow").status).toBe("done");
    const ends = new Map<number, number>();
    for (const { client, fact } of facts(told, "cached")) ends.set(client, fact?.token ?? 0);
    expect(new Set(ends.values()).size).toBe(1);
  });

  test("are moved with their client to another member", () => {
    const told = tell(
      story("kind: informer", "  - { at: 8s, id: move, client: { clients: c1, reconnect: n3 } }", WRITES),
    );
    expect(faultOf(told.result, "move").status).toBe("done");
    const moved = programs(told).filter(
      (one) => one.client === 1 && one.what === "opened" && one.atMicros === 8 * SECOND,
    );
    expect(moved.map((one) => one.attempt)).toEqual([2]);
  });

  test("that want a leader end when there has been none for three election timeouts", () => {
    const told = tell(
      story("kind: informer, endpoints: [n1]", "  - { at: 6s, partition: { isolate: n1 }, for: 15s }", WRITES),
    );
    const ended = programs(told).find((one) => one.what === "ended" && one.atMicros > 6 * SECOND);
    expect(ended?.atMicros).toBeGreaterThan(9 * SECOND);
    expect(ended?.atMicros).toBeLessThan(12 * SECOND);
  });
});

describe("leases", () => {
  test("run out when nobody renews them, and not before; their keys go with them", () => {
    const told = tell(story("kind: lease, ttl: 2s, hold: 3s"));
    expect(told.result.verdict).toBe("held");
    expect(told.result.coverage["lease-expired"]).toBeGreaterThan(2);
    // After its lease has lapsed a client looks for its key, and it is gone.
    const looks = (told.run.collector.history ?? []).filter((one) => one.kind === "get" && one.type === "ok");
    expect(looks.length).toBeGreaterThan(2);
    for (const { response } of looks) expect(response?.body).toMatchObject({ kvs: [] });
    expect(facts(told, "lost")).toEqual([]);
  });

  test("live on over a change of leaders, and are renewed through any member", () => {
    const told = tell(
      story(
        "kind: lease, ttl: 4s, hold: 20s",
        "  - { at: 8s, crash: leader, for: 3s }\n  - { at: 15s, transferLeader: followers }",
      ),
    );
    expect(facts(told, "acquired").length).toBeGreaterThanOrEqual(3);
    expect(facts(told, "lost")).toEqual([]);
    expect(answers(told, 9 * SECOND).filter((line) => line === "keepAlive ok").length).toBeGreaterThan(20);
  });

  test("run by the leader's own clock: by one that gains they are over too early", () => {
    /** How long the first key lived whose client did not renew its lease, in seconds of true time. */
    const lifeOf = (faults: string): number => {
      const run = begin(story("kind: lease, clients: 1, ttl: 10s, hold: 1ms", faults).replace("clients: 3, ", ""), "2");
      advanceTo(run, 2 * SECOND);
      const expired = (): number => run.run.world.counters[CounterAt["lease-expired"]] as number;
      while (expired() === 0 && run.run.world.atMicros < 25 * SECOND) run.advance(1);
      const acquired = (run.collector.programs ?? []).filter(({ fact }) => fact?.kind === "acquired");
      return (run.run.world.atMicros - (acquired.at(-1)?.atMicros ?? 0)) / SECOND;
    };
    const drift = "  - { at: 100ms, clock: { on: all, drift: 400000ppm } }";
    const [sound, fast] = [lifeOf(""), lifeOf(drift)];
    expect(sound).toBeGreaterThan(9);
    expect(fast).toBeLessThan(sound - 2);
  });

  test("are lost by a jump of the wall clock only where a bug is planted", () => {
    const jump = "  - { at: 9s, clock: { on: leader, jump: +1h } }";
    const sound = tell(story("kind: lease, ttl: 5s, hold: 20s", jump));
    expect(facts(sound, "lost")).toEqual([]);
    const broken = tell(`${story("kind: lease, ttl: 5s, hold: 20s", jump)}\nmutate: [lease-on-wall-clock]`);
    expect(broken.result.violation?.property).toBe("lease-min-lifetime");
    expect(broken.result.violation?.atMicros).toBeGreaterThan(9_000_000);
  });
});

describe("locks", () => {
  /** Holders that overlap, as an observer of true time sees it. */
  function overlaps(told: Told): number {
    let holders = 0;
    let most = 0;
    for (const { fact } of programs(told)) {
      if (fact?.kind === "acquired") most = Math.max(most, ++holders);
      else if (fact?.kind === "released" || fact?.kind === "lost") holders--;
    }
    return most;
  }

  test("are held by one client at a time, in turns, while nobody is paused", () => {
    const told = tell(story("kind: lock, ttl: 5s, hold: 500ms", TROUBLE));
    expect(facts(told, "acquired").length).toBeGreaterThan(5);
    expect(new Set(facts(told, "acquired").map((one) => one.client)).size).toBe(3);
    expect(overlaps(told)).toBe(1);
    const tokens = facts(told, "acquired").map((one) => one.fact?.token ?? 0);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  });

  test("are held twice when a holder is paused beyond its lease: it writes before it learns", () => {
    const told = tell(
      story(
        "kind: lock, ttl: 2s, hold: 4s",
        [3, 9, 15, 20].map((at, i) => `  - { at: ${at}s, client: { pause: c${(i % 2) + 1} }, for: 4s }`).join("\n"),
      ),
    );
    const wrote = facts(told, "wrote").map(({ client, fact }) => [client, fact?.token ?? 0] as const);
    let highest = 0;
    let late = 0;
    for (const [, token] of wrote) {
      if (token < highest) late++;
      highest = Math.max(highest, token);
    }
    expect(late).toBeGreaterThan(0);
  });
});

test("an election has one winner at a time, and the next one when it resigns", () => {
  const told = tell(story("kind: election, ttl: 5s, hold: 500ms", TROUBLE));
  expect(facts(told, "elected").length).toBeGreaterThan(5);
  expect(
    facts(told, "elected").length - facts(told, "resigned").length - facts(told, "lost").length,
  ).toBeLessThanOrEqual(1);
});

describe("optimistic transactions", () => {
  /** The last value of each counter, and the increments that were acknowledged. */
  function counters(told: Told): [number, number] {
    const id = leaderIn(told.run);
    const { store } = processIn(told.run, id).disk.backend as { store: { revision: number } };
    expect(store.revision).toBeGreaterThan(1);
    const highest = new Map<string, number>();
    for (const { fact } of facts(told, "incremented")) {
      if (fact !== null) highest.set(fact.name, Math.max(highest.get(fact.name) ?? 0, fact.token));
    }
    return [[...highest.values()].reduce((a, b) => a + b, 0), facts(told, "incremented").length];
  }

  test("lose no increment where they are guarded by what was read", () => {
    const [value, acknowledged] = counters(tell(story("kind: stm")));
    expect(acknowledged).toBeGreaterThan(100);
    expect(value).toBe(acknowledged);
  });

  test("lose increments where they are not", () => {
    const [value, acknowledged] = counters(tell(story("kind: stm, fencing: false")));
    expect(value).toBeLessThan(acknowledged);
  });
});

test("users log in, do what they may, are refused what they may not, and log in again when their token is gone", () => {
  const told = tell(story("kind: auth, closed: 50ms", "  - { at: 8s, crash: leader, for: 2s }"));
  const lines = answers(told);
  expect(lines.filter((line) => line === "put ok").length).toBeGreaterThan(20);
  expect(lines).toContain("put fail etcdserver: permission denied");
  expect(lines.filter((line) => line === "authenticate ok").length).toBeGreaterThan(3);
  expect(told.result.verdict).toBe("held");
});

describe("what an operator does besides", () => {
  test("defragmenting blocks a member for a while, and shrinks its file", () => {
    const run = begin(
      story(
        "kind: stm, closed: 5ms",
        "  - { at: 20s, compact: { keep: 1 } }\n  - { at: 22s, id: frag, defrag: { on: n1 } }",
      ),
    );
    advanceTo(run, 21 * SECOND);
    const before = (processIn(run, 1).disk.backend as { fileBytes: number }).fileBytes;
    const told = end(run);
    expect(faultOf(told.result, "frag").status).toBe("done");
    expect((processIn(told.run, 1).disk.backend as { fileBytes: number }).fileBytes).toBeLessThan(before);
  });

  test("a quota that is full raises the alarm, and every member refuses writes from then on", () => {
    const told = tell(story("kind: watch", "", WRITES, "members: 3, quota: 100KiB"));
    const refused = answers(told).filter((line) => line.includes("database space exceeded"));
    expect(refused.length).toBeGreaterThan(10);
    for (const id of told.run.run.world.ids) {
      const { store } = processIn(told.run, id).disk.backend as { store: { alarms: readonly unknown[] } };
      expect(store.alarms.length).toBeGreaterThan(0);
    }
  });

  test("an upgrade goes from member to member, and the cluster speaks the new version when all have it", () => {
    const told = tell(story("kind: stm", "  - { at: 4s, id: up, upgrade: { on: all, version: 3.7.0 } }"));
    expect(faultOf(told.result, "up").targets).toEqual([1, 2, 3]);
    for (const id of told.run.run.world.ids) {
      expect(processIn(told.run, id).version).toBe("3.7.0");
      const { store } = processIn(told.run, id).disk.backend as { store: { clusterVersion: string } };
      expect(store.clusterVersion).toBe("3.7.0");
    }
    const back = tell(story("kind: stm", "  - { at: 4s, id: up, upgrade: { on: n1, version: 3.5.9 } }"));
    expect(faultOf(back.result, "up").note).toContain("cluster cannot be downgraded");
  });

  test("an expired certificate keeps clients, or the other members, out until there is a new one", () => {
    const client = tell(
      story(
        "kind: stm, endpoints: [n1], failover: false",
        "  - { at: 6s, id: out, certificate: { on: n1, use: server, change: expire } }\n  - { at: 10s, id: new, certificate: { on: n1, use: server, change: rotate } }",
        WRITES,
      ),
    );
    expect(faultOf(client.result, "new").status).toBe("done");
    expect(answers(client, 6 * SECOND, 10 * SECOND).some((line) => line.includes("certificate has expired"))).toBe(
      true,
    );
    const peer = tell(
      story("kind: stm", "  - { at: 6s, certificate: { on: leader, use: peer, change: expire }, for: 5s }"),
    );
    expect(peer.result.coverage["leader-change"]).toBeGreaterThan(1);
  });

  test("a majority that is lost for good is replaced from a backup: what came after it is gone, and said to be", () => {
    const lost = `  - { at: 5s, id: save, backup: { from: leader, as: nightly } }
  - { at: 8s, destroy: [n2, n3] }
  - { at: 12s, id: anew, restore: { snapshot: nightly, members: [n1, n4, n5], bumpRevision: 1000 } }`;
    const told = tell(
      `${story("kind: informer", lost, WRITES)}\nexpect:\n  - dataLoss: { allow: [5s, 8100ms] }\n  - linearizable: {}`,
    );
    expect(told.result.verdict).toBe("held");
    expect(faultOf(told.result, "anew").targets).toEqual([1, 4, 5]);
    // Informers are told that their revision is compacted, and list anew.
    const relisted = programs(told).filter((one) => one.response !== null && one.response.compactRevision > 1000);
    expect(relisted.length).toBeGreaterThan(0);
    const strict = tell(`${story("kind: informer", lost, WRITES)}\nexpect:\n  - dataLoss: none`);
    expect(strict.result.verdict).toBe("violated");
    // A backup that could not be taken is found out when it is needed.
    const none = tell(
      story(
        "kind: stm",
        "  - { at: 4s, crash: n3 }\n  - { at: 5s, id: save, backup: { from: n3, as: nightly } }\n  - { at: 8s, id: anew, restore: { snapshot: nightly, members: [n1] } }",
      ),
    );
    expect(faultOf(none.result, "save").status).toBe("ineffective");
    expect(faultOf(none.result, "anew")).toMatchObject({ status: "ineffective", note: 'there is no backup "nightly"' });
  });

  test("clients follow a restored cluster to its members, unless their workload names its endpoints", () => {
    const endpointsAfter = (endpoints: string): number[] => {
      const story = begin(`
duration: 20s
cluster: { members: 3 }
workload: { clients: 3, closed: 20ms, ops: { put: 1 }${endpoints} }
faults:
  - { at: 5s, backup: { from: leader, as: nightly } }
  - { at: 8s, restore: { snapshot: nightly, members: [n3, n4, n5], bumpRevision: 1000 } }`);
      advanceTo(story, 12 * SECOND);
      return story.run.world.clients.flatMap((client) => (client === null ? [] : [memberOf(client)]));
    };
    const followed = endpointsAfter("");
    expect(followed.every((member) => member >= 3)).toBe(true);
    expect(new Set(followed).size).toBeGreaterThan(1);
    expect(endpointsAfter(", endpoints: [n1, n2]").every((member) => member <= 2)).toBe(true);
  });

  test("answers to clients that are dropped leave writes unknown", () => {
    const told = tell(
      story(
        "kind: stm",
        "  - { at: 5s, id: lossy, drop: { from: all, to: clients, types: [response], p: 50% }, for: 10s }",
        WRITES,
      ),
    );
    expect(faultOf(told.result, "lossy").status).toBe("done");
    expect(told.result.operations.unknown).toBeGreaterThan(10);
    expect(told.result.verdict).toBe("held");
  });
});

test("programs and their cluster do the same again from the same seed", () => {
  for (const kind of ["watch", "lease", "lock", "auth", "stm", "informer"]) {
    const text = story(`kind: ${kind}, ttl: 2s, hold: 1s`, TROUBLE, WRITES);
    const digests = [1, 2].map(() => tell(text, "7").result.digest);
    expect({ kind, same: digests[0] === digests[1] }).toEqual({ kind, same: true });
  }
});

test("leases, users, alarms and members are the same on all: after a power failure of everybody, and on who got a snapshot", () => {
  const told = tell(`
duration: 30s
cluster: { members: 3, quota: 200KiB, snapshot: { every: 40 entries, catchUp: 5 entries } }
workload:
  - { name: nodes, kind: lease, clients: 2, ttl: 30s, hold: 60s, keys: { prefix: "n/" }, until: 10s }
  - { name: users, kind: auth, clients: 2, closed: 50ms, keys: { prefix: "p/" }, from: 3s, until: 20s }
faults:
  - { at: 8s, id: more, member: { add: n4, role: learner } }
  - { at: 14s, crash: all, for: 1s }`);
  expect(faultOf(told.result, "more").status).toBe("done");
  expect(told.result.coverage["snapshot-installed"]).toBeGreaterThan(0);
  const states = told.run.run.world.ids.map((id) => {
    const { store } = processIn(told.run, id).disk.backend as { store: Store };
    return {
      digest: [store.digestLow, store.digestHigh],
      leases: [...store.leases.keys()].sort(),
      users: store.auth.users.map(({ name }) => name),
      enabled: store.auth.enabled,
      members: store.members.map(({ name, isLearner }) => `${name}${isLearner ? " learner" : ""}`).sort(),
    };
  });
  expect(states[0]?.leases.length).toBe(2);
  expect(states[0]?.users.length).toBe(2);
  expect(states[0]?.enabled).toBe(true);
  expect(states[0]?.members).toEqual(["n1", "n2", "n3", "n4 learner"]);
  for (const state of states) expect(state).toEqual(states[0]);
});
