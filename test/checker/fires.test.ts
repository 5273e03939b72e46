/**
 * Every property is shown to fire on a world that is broken on purpose, and to hold on the same world unbroken. A planted bug
 * breaks it where there is one; else somebody tampers with the plain data between two events.
 */

import { expect, test } from "vitest";
import { PutResponse, TxnResponse } from "../../src/etcd/kv-api.ts";
import { PROPERTIES } from "../../src/kernel/property.ts";
import { ClientResponse, RequestError } from "../../src/kernel/request.ts";
import type { Backend } from "../../src/member/etcd-member.ts";
import { createEntry } from "../../src/raft/entry.ts";
import { entryAt, truncateAfter } from "../../src/raft/log.ts";
import { ProgressState } from "../../src/raft/progress.ts";
import { Role } from "../../src/raft/state.ts";
import { Membership, progressOf } from "../../src/raft/tracker.ts";
import type { ScenarioRun } from "../../src/run/execute.ts";
import { leaderIn, memberIn, processIn } from "../world/story.ts";
import { type Broken, calm, describeWorlds } from "./broken-world.ts";

const SECOND = 1_000_000;

/** A member that follows, by turns. */
function follower(run: ScenarioRun): number {
  return run.run.world.ids.find((id) => id !== leaderIn(run) && processIn(run, id).status === "up") as number;
}

function backendOf(run: ScenarioRun, id: number): Backend {
  return processIn(run, id).disk.backend as Backend;
}

/** Changes what a member answers to a request of one kind, once. */
function twistOne(run: ScenarioRun, twist: (response: ClientResponse) => ClientResponse | null): void {
  const { context } = run.run;
  const reply = context.reply.bind(context);
  let done = false;
  context.reply = (request, response) => {
    const twisted = done ? null : twist(response);
    if (twisted !== null) done = true;
    reply(request, twisted ?? response);
  };
}

/** n1 leads, hears a candidate that knows nothing of it, and forgets its vote with the power. */
const forgottenVote = `
duration: 3s
cluster: { members: 3, raft: { preVote: false, checkQuorum: false }, disk: { write: 0, fsync: 20ms } }
network: { latency: 1ms }
faults:
  - { at: 1ms, partition: { links: [{ from: n1, to: n3 }] } }
  - { at: 100ms, campaign: n1 }
  - { at: 106ms, for: 2ms, crash: n2 }
  - { at: 110ms, campaign: n3 }`;

/** n1 leads, is cut off with a client, and gathers a tail that nobody else has. */
const lonelyTail = (later: string, endpoints: string = "[n1]"): string => `
duration: 8s
cluster: { members: 3, raft: { preVote: false, checkQuorum: false, heartbeat: 20ms, election: 200ms }, disk: instant }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 60/s, ops: { put: 1 }, timeout: 300ms, from: 1s, until: 5s, endpoints: ${endpoints}, failover: false }
faults:
  - { at: 10ms, campaign: n1 }
  - { at: 3s, for: 1s, id: cut, partition: { isolate: n1 } }
${later}`;

const BROKEN: readonly Broken[] = [
  {
    property: "election-safety",
    how: "a vote is sent before it is on disk, and lost with the power",
    story: forgottenVote,
    events: 50,
    mutate: "vote-not-persisted",
    says: /two leaders in term 2/,
  },
  {
    property: "vote-once",
    how: "a vote is sent before it is on disk, and lost with the power",
    story: forgottenVote,
    events: 50,
    mutate: "vote-not-persisted",
    says: /n2 voted twice in term 2: for n1, then for n3/,
  },
  {
    property: "term-monotonic",
    how: "a term is spoken in before it is on disk, and lost with the power",
    story: forgottenVote,
    events: 50,
    mutate: "vote-not-persisted",
    says: /n2 came back in term 1/,
  },
  {
    property: "term-monotonic",
    how: "a running member goes back a term",
    story: calm(3, "  - { at: 1s, transferLeader: n1 }\n  - { at: 2s, for: 3s, partition: { isolate: n3 } }"),
    at: 3 * SECOND,
    tamper: (run) => {
      memberIn(run, 3).raft.term--;
    },
    says: /went back from term/,
  },
  {
    property: "leader-append-only",
    how: "a leader drops the end of its own log",
    story: calm(3, "  - { at: 2s, for: 4s, partition: { isolate: leader } }", ", disk: instant").replace(
      "election: 200ms",
      "election: 200ms, checkQuorum: false",
    ),
    at: 3 * SECOND,
    tamper: (run) => {
      const old = run.run.world.ids.find((id) => {
        const { raft } = memberIn(run, id);
        return raft.role === Role.Leader && raft.log.last > raft.log.committed + 1;
      }) as number;
      const { log } = memberIn(run, old).raft;
      truncateAfter(log, log.last - 1);
    },
    says: /changed its own log/,
  },
  {
    property: "log-matching",
    how: "a conflicting entry is replaced in place and what follows it stays",
    story: lonelyTail(""),
    mutate: "conflicting-tail-kept",
    says: /n1 wrote entry \d+ of term \d+ behind another entry/,
  },
  {
    property: "log-matching",
    how: "a follower's newest entry is another one than its leader sent",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      const { log } = memberIn(run, follower(run)).raft;
      const { index, term, previousChain } = entryAt(log, log.last);
      truncateAfter(log, index - 1);
      log.chunks.at(-1)!.push(createEntry(index, term, 0, null, previousChain ^ 1));
      log.last = index;
    },
    says: /log-matching|another entry|behind another/,
  },
  {
    property: "leader-completeness",
    how: "the longer log wins elections, however old its end",
    story: lonelyTail(
      "  - { at: 3999ms, crash: leader }\n  - { at: 4010ms, campaign: n1 }\n  - { at: 4050ms, campaign: n1 }\n  - { at: 4090ms, campaign: n1 }",
    ),
    mutate: "vote-compares-length-only",
    says: /n1 leads term \d+ without entry|n1 leads term \d+ .*another entry there/,
    evidence: /^the one committed: entry \d+ of term \d+, on disk at n\d/,
  },
  {
    property: "state-machine-safety",
    how: "a follower commits its own tail because a heartbeat says so",
    story: lonelyTail("", "all"),
    mutate: "commit-beyond-verified-prefix",
    says: /n1 applied another entry/,
  },
  {
    property: "state-machine-safety",
    how: "a value changes under a member's hand",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      backendOf(run, follower(run)).store.digestLow ^= 1;
    },
    says: /another state after entry/,
  },
  {
    property: "acked-prefix-kept",
    how: "followers cut their logs at every append",
    story: calm(
      3,
      "  - { at: 1s, for: 8s, duplicate: { p: 50% } }\n  - { at: 1s, for: 8s, reorder: { p: 50%, window: 20ms } }",
    ),
    mutate: "truncate-on-any-append",
    says: /dropped entry/,
  },
  {
    property: "commit-support",
    how: "members acknowledge before their disks do",
    story: calm(3, "", ", disk: { write: 0, fsync: 5ms }"),
    mutate: "ack-before-fsync",
    says: /with only 0 of 3 voters holding it on disk|with only 1 of 3 voters holding it on disk/,
  },
  {
    property: "durability",
    how: "members acknowledge before their disks do",
    story: calm(3, "", ", disk: { write: 0, fsync: { dist: uniform, min: 1ms, max: 30ms } }"),
    mutate: "ack-before-fsync",
    says: /acknowledged entry \d+ to a client with only/,
  },
  {
    property: "commit-within-log",
    how: "a member says it applied more than it committed",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      const { log } = memberIn(run, follower(run)).raft;
      log.applied = log.committed + 1;
    },
  },
  {
    property: "applied-monotonic",
    how: "an entry is applied a second time",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      const id = follower(run);
      const member = memberIn(run, id);
      const backend = backendOf(run, id);
      member.applyQueue.push(entryAt(member.raft.log, backend.appliedIndex));
      backend.appliedIndex--;
    },
    says: /applied entry (\d+) after entry \1/,
  },
  {
    property: "config-agreement",
    how: "one member goes by another membership when a change comes",
    story: calm(3, "  - { at: 7s, member: { add: n4 } }"),
    at: 6 * SECOND,
    tamper: (run) => {
      const id = follower(run);
      const { tracker } = memberIn(run, id).raft;
      tracker.membership = new Membership([id, leaderIn(run)].sort(), [], [], [], false);
    },
    says: /another member has \{n1 n2 n3 n4\}/,
  },
  {
    property: "config-safety",
    how: "a change is taken while another is on its way",
    story: calm(3, "  - { at: 7s, member: { add: n4 } }\n  - { at: 7s, member: { add: n5 } }").replace(
      "latency: 1ms",
      "latency: 15ms",
    ),
    mutate: "overlapping-config-changes",
    says: /put a change of membership at \d+ while the one at \d+ is not committed/,
  },
  {
    property: "recovery-complete",
    how: "a snapshot's name is lost with the power, when the log before it is cut",
    story: `
duration: 8s
cluster: { members: 3, snapshot: { every: 10 entries, keep: 1, catchUp: 2 entries } }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 3, rate: 100/s, ops: { put: 1 }, timeout: 1s, from: 1s, until: 7s }
faults:
  - { at: 10ms, campaign: n1 }
  - { at: 2s, slow: { on: n2, apply: 20ms }, for: 3s }
  - { at: 4s, crash: n2, for: 300ms }`,
    mutate: "rename-without-dir-sync",
    says: /n2 came back with (a log that ends at|a gap)/,
  },
  {
    property: "bounded-resources",
    how: "a log grows by a million entries that are not committed",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      // Only its end is there: to make it whole would take minutes.
      const { log } = memberIn(run, follower(run)).raft;
      const known = run.checker!.ghost.members[follower(run)]!;
      const last = log.origin + 128 * 10_000;
      const first = createEntry(last - 1, 9, 0, null, 7);
      log.chunks[(last - log.origin) >> 7] = [createEntry(last, 9, 0, null, first.chain)];
      log.chunks[(last - 1 - log.origin) >> 7] = [...Array(127).fill(first), first];
      log.last = last;
      known.lastIndex = last - 1;
      known.lastChain = first.chain;
      run.checker!.stepped(run.run.world, follower(run));
    },
    says: /holds \d{7} entries that are not committed/,
  },
  {
    property: "linearizability",
    how: "a deposed leader answers reads by itself",
    story: lonelyTail("", "all").replace("ops: { put: 1 }", "ops: { put: 1, get: 3 }"),
    mutate: "read-from-stale-leader",
    says: /answered at revision \d+, but revision \d+ had been answered before it began/,
  },
  {
    property: "linearizability",
    how: "a read gives another value than was written",
    story: calm(3).replace("ops: { put: 2, get: 1 }", "ops: { put: 1 }"),
    at: 3 * SECOND,
    tamper: (run) =>
      twistOne(run, (response) =>
        response.body instanceof PutResponse
          ? Object.assign(Object.create(ClientResponse.prototype), response, { revision: response.revision + 1 })
          : null,
      ),
    says: /was answered with revision \d+; it took effect at revision \d+/,
  },
  {
    property: "client-monotonic",
    how: "a confirmed read is served before its index is applied",
    story: `
duration: 6s
cluster: { members: 3 }
network: { latency: 1ms, clientLatency: 1ms }
workload: { clients: 1, closed: 5s, ops: { put: 1 }, timeout: 1s, from: 5900ms }
faults:
  - { at: 2s, slow: { on: followers, apply: 300ms }, for: 3s }
  - { at: 3s, client: { as: c1, op: put, key: a, value: x, via: leader } }
  - { at: 3050ms, client: { as: c1, op: get, key: a, via: role:follower } }`,
    mutate: "read-before-apply",
    says: /c1 was answered at revision 1 after it had seen revision 2/,
  },
  {
    property: "revision-monotonic",
    how: "the revision of a member falls",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      backendOf(run, follower(run)).store.revision -= 5;
    },
    says: /went back from revision/,
  },
  {
    property: "revision-agreement",
    how: "a member counts one revision too many",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      backendOf(run, follower(run)).store.revision++;
    },
    says: /is at revision \d+ after entry \d+; the first to apply it was at/,
  },
  {
    property: "exactly-once",
    how: "clients repeat what they have no answer to, without a guard",
    story: calm(3, "  - { at: 3s, for: 3s, delay: { add: 150ms, types: MsgAppResp } }").replace(
      "timeout: 1s",
      "timeout: 100ms, retry: safe",
    ),
    instead: ["retry: safe", "retry: blind"],
    says: /operation \d+ of c\d took effect twice/,
  },
  {
    property: "no-aborted-read",
    how: "a timeout is reported as a failure, and the write happens after all",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) =>
      twistOne(run, (response) =>
        response.body instanceof PutResponse
          ? Object.assign(Object.create(ClientResponse.prototype), response, {
              body: null,
              revision: 0,
              error: new RequestError(14, "etcdserver: request timed out", true),
            })
          : null,
      ),
    says: /failed with "etcdserver: request timed out" but took effect/,
  },
  {
    property: "no-aborted-read",
    how: "a write takes effect after its client was told that it failed",
    story: calm(3, "  - { at: 3s, for: 600ms, slow: { on: all, apply: 200ms } }"),
    at: 3_300_000,
    tamper: (run) => {
      // A follower answers a request that is still on its way through the log.
      const [id, waiter] = run.run.world.ids
        .map(
          (one) =>
            [
              one,
              memberIn(run, one).waiters.find((waiting) => waiting !== null && waiting.request.client > 0),
            ] as const,
        )
        .find(([, waiting]) => waiting !== undefined)!;
      const { context } = run.run;
      context.enter(id);
      context.reply(
        waiter!.request,
        new ClientResponse(waiter!.request, null, new RequestError(9, "etcdserver: not now", true), 0),
      );
    },
    says: /took effect at entry \d+ after c\d was told that it failed/,
  },
  {
    property: "txn-atomicity",
    how: "a transaction says that it took the other branch",
    story: calm(3).replace("ops: { put: 2, get: 1 }", "ops: { put: 1, cas: 3 }"),
    at: 3 * SECOND,
    tamper: (run) =>
      twistOne(run, (response) => {
        const { body } = response;
        if (!(body instanceof TxnResponse)) return null;
        return Object.assign(Object.create(ClientResponse.prototype), response, {
          body: new TxnResponse(body.revision, !body.succeeded, body.responses),
        });
      }),
    says: /branch; its compares said otherwise/,
  },
  {
    property: "leader-availability",
    how: "a leader that hears nobody never gives up",
    story: calm(3, "  - { at: 3s, partition: { isolate: leader, oneWay: in } }"),
    mutate: "half-open-leader",
    says: /no leader that can commit/,
  },
  {
    property: "leader-stability",
    how: "voters listen to anyone at any time, removed members as well",
    story: calm(
      4,
      "  - { at: 1s, transferLeader: n1 }\n  - { at: 3s, for: 2s, partition: { isolate: n4 } }\n  - { at: 3100ms, member: { remove: n4 } }",
    ),
    mutate: "removed-server-disrupts",
    says: /changes of leader/,
  },
  {
    property: "availability",
    how: "handing over to a dead member is never given up",
    story: calm(
      3,
      "  - { at: 1s, transferLeader: n1 }\n  - { at: 3s, crash: n2 }\n  - { at: 3020ms, transferLeader: n2 }",
    ),
    mutate: "transfer-blocks-proposals",
    says: /no write was acknowledged/,
  },
  {
    property: "replica-convergence",
    how: "a leader waits for a snapshot that it never sent",
    story: calm(3),
    at: 3 * SECOND,
    tamper: (run) => {
      const progress = progressOf(memberIn(run, leaderIn(run)).raft.tracker, follower(run))!;
      progress.state = ProgressState.Snapshot;
      progress.pendingSnapshot = 1_000_000;
    },
    says: /did not reach entry/,
  },
  {
    property: "config-change-completes",
    how: "a joint configuration forgets that it is to be left",
    story: calm(3, "  - { at: 7s, member: { add: [n4, n5], joint: true } }")
      .replace("latency: 1ms", "latency: 5ms")
      .replace("12s", "16s"),
    at: 7 * SECOND,
    tamper: (run) => {
      for (const id of run.run.world.ids) {
        const { tracker } = memberIn(run, id).raft;
        let membership = tracker.membership;
        Object.defineProperty(tracker, "membership", {
          get: () => membership,
          set: ({ voters, votersOutgoing, learners, learnersNext }: Membership) => {
            membership = new Membership(voters, votersOutgoing, learners, learnersNext, false);
          },
        });
      }
    },
    says: /leads a joint configuration that did not end/,
  },
  {
    property: "config-change-completes",
    how: "a leader that hears nobody goes on leading, and was asked for a change of membership",
    story: calm(
      3,
      "  - { at: 1s, transferLeader: n1 }\n  - { at: 8s, partition: { isolate: n1, oneWay: in } }\n  - { at: 8020ms, member: { add: n4 } }",
    ).replace("12s", "24s"),
    mutate: "half-open-leader",
    says: /n1 leads with a change of membership \(entry \d+\) that did not commit/,
  },
];

describeWorlds(BROKEN);

test("every property of Raft, of its support, of keys and values and of liveness is among them", () => {
  const shown = new Set(BROKEN.map((broken) => broken.property));
  const groups = ["raft", "support", "kv", "liveness"];
  const missing = PROPERTIES.filter((one) => groups.includes(one.group) && !shown.has(one.id)).map((one) => one.id);
  expect(missing).toEqual([]);
});
