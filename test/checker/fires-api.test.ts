/** The promises of watches, leases and locks, each on a world that breaks it and on the same world unbroken. */

import { expect, test } from "vitest";
import type { Store } from "../../src/etcd/store.ts";
import { WatchEvent, WatchResponse } from "../../src/etcd/watch-api.ts";
import { PROPERTIES } from "../../src/kernel/property.ts";
import type { Backend } from "../../src/member/etcd-member.ts";
import { Role } from "../../src/raft/state.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { leaderIn, memberIn, processIn } from "../world/story.ts";
import { type Broken, describeWorlds } from "./broken-world.ts";

const SECOND = 1_000_000;

/** Copies that are kept by watching, at n3 unless said otherwise; n1 leads and the others write. */
const copies = (faults: string, more: string = "", where: string = "[n3]"): string => `
duration: 20s
cluster: { members: 3, snapshot: { every: "10 entries", catchUp: "2 entries" }${more} }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: kv, clients: 3, rate: 40/s, ops: { put: 3, delete: 2, txn: 1 }, keys: 5, timeout: 2s, until: 18s, endpoints: [n1, n2] }
  - { name: copies, kind: informer, clients: 1, keys: 5, endpoints: ${where}, failover: false, from: 2s }
faults:
  - { at: 1s, transferLeader: n1 }
${faults}`;

/** Watches that come and go and ask how far they are, where history is compacted all the time. */
const restless = `
duration: 20s
cluster: { members: 3, compaction: { mode: revision, revisions: 5 } }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: kv, clients: 3, rate: 40/s, ops: { put: 3, delete: 4, txn: 1, compact: 1 }, keys: 5, timeout: 2s, until: 18s }
  - { name: watchers, kind: watch, clients: 6, keys: 5, closed: 300ms }`;

/** Nodes that show that they live. */
const nodes = (faults: string, ttl: string = "5s"): string => `
duration: 40s
cluster: { members: 3 }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: nodes, kind: lease, clients: 3, ttl: ${ttl}, hold: 35s }
  - { name: kv, clients: 2, rate: 20/s, keys: { prefix: other }, until: 38s }
${faults === "" ? "" : `faults:\n${faults}`}`;

/** Three that take turns. */
const turns = (faults: string): string => `
duration: 20s
cluster: { members: 1 }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: turns, kind: lock, clients: 3, ttl: 3s, hold: 8s, fencing: true }
faults:
${faults}`;

/** Changes what a client gets on its watches, from some moment on, until a change was made. */
function twistDelivery(run: ScenarioRun, twist: (response: WatchResponse) => WatchResponse | null): void {
  const { context } = run.run;
  const stream = context.stream.bind(context);
  let done = false;
  context.stream = (request, response) => {
    const { body } = response;
    const twisted = done || !(body instanceof WatchResponse) ? null : twist(body);
    if (twisted === null) stream(request, response);
    else {
      done = true;
      stream(request, Object.assign(Object.create(Object.getPrototypeOf(response)), response, { body: twisted }));
    }
  };
}

function withEvents(response: WatchResponse, events: readonly WatchEvent[]): WatchResponse {
  return Object.assign(Object.create(WatchResponse.prototype), response, { events });
}

const BROKEN: readonly Broken[] = [
  {
    property: "watch-unique",
    how: "whoever was up to date is served from its beginning after a snapshot",
    story: copies("  - { at: 5s, for: 800ms, partition: { isolate: n3 } }"),
    mutate: "watch-replays-after-snapshot",
    says: /got k\d of revision \d+ again, after revision \d+/,
  },
  {
    property: "watch-ordered",
    how: "a snapshot pulls a watch of the future back to the member's own revision",
    story: copies(
      `  - { at: 5s, for: 900ms, partition: { groups: [[n1, n2], [n3]] } }
  - { at: 5s, for: 2s, delay: { add: 700ms, types: MsgSnap } }
  - { at: 6200ms, client: { reconnect: n3, clients: c4 } }`,
      "",
      "[n1, n3]",
    ),
    mutate: "future-watch-gets-past",
    says: /asked for what is from revision \d+ on and got k\d of revision \d+/,
  },
  {
    property: "watch-ordered",
    how: "two events change places",
    story: copies("  - { at: 5s, for: 800ms, partition: { isolate: n3 } }"),
    at: 3 * SECOND,
    tamper: (run) =>
      twistDelivery(run, (response) =>
        response.events.length < 2 ? null : withEvents(response, [...response.events].reverse()),
      ),
  },
  {
    property: "watch-reliable",
    how: "a slow watch is moved to the head when a compaction passes it",
    story: `
duration: 20s
cluster: { members: 1 }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: kv, clients: 3, rate: 200/s, ops: { put: 3, delete: 1 }, keys: 5, timeout: 2s, until: 18s }
  - { name: copies, kind: informer, clients: 1, keys: 5 }
faults:
  - { at: 3s, for: 10s, client: { slowWatch: 200ms, clients: c4 } }
  - { at: 8s, compact: { keep: 0 } }`,
    mutate: "watch-lost-on-compaction",
    says: /had revision \d+ and then got revision \d+: k\d of revision \d+ was left out/,
  },
  {
    property: "watch-reliable",
    how: "an event says what never was",
    story: copies(""),
    at: 3 * SECOND,
    tamper: (run) =>
      twistDelivery(run, (response) => {
        const [first, ...rest] = response.events;
        if (first === undefined || first.kv.version === 0) return null;
        const kv = Object.assign(Object.create(Object.getPrototypeOf(first.kv)), first.kv, { value: "never" });
        return withEvents(response, [new WatchEvent(kv, first.prevKv), ...rest]);
      }),
    says: /as it never was/,
  },
  {
    property: "watch-atomic",
    how: "the second half of a transaction comes by itself",
    story: copies(""),
    at: 3 * SECOND,
    tamper: (run) =>
      twistDelivery(run, (response) => {
        const last = response.events.at(-1);
        if (last === undefined || response.events.at(-2)?.kv.modRevision !== last.kv.modRevision) return null;
        return withEvents(response, response.events.slice(0, -1));
      }),
    says: /got a part of revision \d+/,
  },
  {
    property: "watch-resumable",
    how: "a compaction takes the deletion at its own revision along",
    story: restless,
    mutate: "delete-event-compacted",
    says: /asked for revision \d+ and then got revision \d+: k\d of revision \d+ was left out/,
  },
  {
    property: "watch-resumable",
    how: "a watch is ended for a compaction that has not reached it",
    story: restless,
    at: 5 * SECOND,
    tamper: (run) =>
      twistDelivery(run, (response) =>
        response.events.length === 0
          ? null
          : Object.assign(Object.create(WatchResponse.prototype), response, {
              events: [],
              canceled: true,
              compactRevision: 2,
            }),
      ),
    says: /was ended for the compaction at 2/,
  },
  {
    property: "watch-resumable",
    how: "a restored cluster counts its revisions again",
    story: `
duration: 16s
cluster: { members: 3 }
network: { latency: 1ms, clientLatency: 1ms }
workload:
  - { name: kv, clients: 3, rate: 40/s, ops: { put: 3 }, timeout: 1s, from: 2s, until: 15s }
  - { name: copies, kind: informer, clients: 2 }
faults:
  - { at: 5s, id: nightly, backup: { from: leader, as: nightly } }
  - { at: 9s, restore: { snapshot: nightly, members: [n1, n2, n3], newClusterId: true, bumpRevision: 1000000, markCompacted: true } }`,
    instead: ["bumpRevision: 1000000, markCompacted: true", "bumpRevision: 0"],
    says: /goes on from revision \d+ of the cluster before the restore as if nothing had happened/,
  },
  {
    property: "watch-bookmarkable",
    how: "notices overtake events",
    story: restless,
    mutate: "progress-overtakes-events",
    says: /was told that it is at revision \d+, and was not given|before$/,
  },
  {
    property: "lease-min-lifetime",
    how: "leases run out by a clock that somebody sets",
    story: nodes("  - { at: 15s, clock: { on: all, jump: 60s } }", "10s"),
    mutate: "lease-on-wall-clock",
    says: /lease \d+ of 10 s was revoked by n\d .* after it was last renewed/,
  },
  {
    property: "lease-min-lifetime",
    how: "a leader that was frozen revokes what others have renewed",
    story: nodes("  - { at: 10s, for: 8s, disk: { on: leader, stall: true } }"),
    mutate: "stale-leader-revokes-leases",
    says: /lease \d+ of 5 s was revoked by (n\d|a proposal from before it was renewed)/,
  },
  {
    property: "lease-revoke-atomic",
    how: "a key is not known to hang on its lease",
    story: nodes("").replace("hold: 35s", "hold: 5s"),
    at: 4 * SECOND,
    tamper: (run) => {
      for (const id of run.run.world.ids) {
        const { store } = run.run.world.processes[id]!.disk.backend as { store: { leases: Map<string, object> } };
        for (const lease of store.leases.values())
          Object.assign(lease, { keys: emptyOf((lease as { keys: object }).keys) });
      }
    },
    says: /revoked lease \d+, and k\d still hangs on it/,
  },
  {
    property: "lease-eventual-expiry",
    how: "a new leader gives leases all of their time again",
    story: `
duration: 900s
cluster: { members: 3 }
network: { latency: 1ms, clientLatency: 1ms }
workload: { kind: lease, clients: 1, ttl: 600s, hold: 1s }
faults:
  - { at: 400s, transferLeader: n2 }
  - { at: 401s, transferLeader: n1 }`,
    mutate: "lease-ttl-reset-on-leader-change",
    says: /lease \d+ of 600 s is still there/,
  },
  {
    property: "lease-eventual-expiry",
    how: "the leader forgets when a lease is over",
    story: nodes("").replace("hold: 35s", "hold: 1s"),
    at: 5 * SECOND,
    tamper: (run) => {
      memberIn(run, leaderIn(run)).leases.expiryMicros.clear();
    },
    says: /lease \d+ of 5 s is still there/,
  },
  {
    property: "lease-exclusion",
    how: "a leader trusts its lease for as long as it leads",
    story: `
duration: 12s
cluster: { members: 3, raft: { readOnly: lease } }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 60/s, ops: { put: 2, get: 2 }, until: 11s }
faults:
  - { at: 4s, for: 4s, partition: { isolate: leader } }`,
    at: 4_500_000,
    tamper: (run) => {
      // The one that is cut off takes its lease, and its office, for endless.
      for (const id of run.run.world.ids) {
        const { raft } = memberIn(run, id);
        if (raft.role !== Role.Leader) continue;
        raft.electionElapsed = -1_000_000;
        raft.leaseStart = raft.ticks + 1_000_000;
      }
    },
    says: /commits in term \d+ while n\d, leader of term \d+, answers reads under its lease/,
  },
  {
    property: "lock-ownership",
    how: "a lock is granted without a look whether its key is still there",
    story: turns(`  - { at: 1s, clock: { on: all, drift: 100% } }
  - { at: 7600ms, for: 900ms, delay: { from: c2, types: request, add: 1500ms } }`),
    mutate: "lock-lease-unchecked",
    says: /c2 was granted the lock k\/[0-9a-f]+ at revision \d+, and the key was gone by then/,
  },
  {
    property: "linearizability",
    how: "members forget who may write what",
    story: `
duration: 20s
cluster: { members: 3 }
network: { latency: 1ms, clientLatency: 1ms }
workload: { kind: auth, clients: 3, closed: 50ms }`,
    at: 8 * SECOND,
    tamper: (run) => {
      for (const { auth } of storesOf(run)) Object.assign(auth, { enabled: false });
    },
    says: /n\d wrote \S+ for .*, who may not at that place in the log/,
  },
  {
    property: "linearizability",
    how: "members forget that they are full",
    story: `
duration: 12s
cluster: { members: 3, quota: 48KB }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 2, rate: 20/s, ops: { put: 1 }, valueSize: 1KB, from: 2s, until: 11s }`,
    at: 8 * SECOND,
    tamper: (run) => {
      for (const store of storesOf(run)) store.alarms = [];
      for (const id of run.run.world.ids) Object.assign(memberIn(run, id).server, { quotaBytes: -1 });
    },
    says: /while the alarm says that there is no space/,
  },
  {
    property: "mutual-exclusion",
    how: "the one that holds the lock falls asleep",
    story: turns("  - { at: 2s, for: 6s, client: { pause: c2 } }"),
    instead: ["pause: c2", "pause: c1"],
    says: /c\d holds k while c1 has held it since/,
  },
  {
    property: "fencing-monotonic",
    how: "the resource does not ask for the number of the lock",
    story: turns("  - { at: 2s, for: 6s, client: { pause: c1 } }"),
    instead: ["fencing: true", "fencing: false"],
    says: /took a write of c1 with token \d+ after one with token \d+/,
  },
];

function storesOf(run: ScenarioRun): Store[] {
  return run.run.world.ids.map((id) => (processIn(run, id).disk.backend as Backend).store);
}

function emptyOf(keys: object): unknown {
  return Array.isArray(keys) ? [] : new (keys.constructor as new () => object)();
}

describeWorlds(BROKEN);

test("every property of watches, leases and clients is among them", () => {
  const shown = new Set(BROKEN.map((broken) => broken.property));
  const groups = ["watch", "lease", "client"];
  const missing = PROPERTIES.filter((one) => groups.includes(one.group) && !shown.has(one.id)).map((one) => one.id);
  expect(missing).toEqual([]);
});
