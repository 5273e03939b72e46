/** Requests of etcd's API that a scenario makes one by one, each with what it must be answered. */

import { describe, expect, test } from "vitest";
import { plainNames } from "../../src/etcd/gateway.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { tell } from "../world/story.ts";

/** A cluster without load whose client asks this, one request every half second from 2 s on. */
function asked(requests: readonly string[], more: string = "members: 3"): string {
  const faults = requests.map((one, at) => `  - { at: ${2000 + 500 * at}ms, client: { ${one} } }`);
  return `
duration: 30s
cluster: { ${more} }
network: { latency: 1ms, clientLatency: 1ms }
faults:
${faults.join("\n")}`;
}

function failures(requests: readonly string[], more?: string): string[] {
  const { result } = tell(asked(requests, more));
  return [
    ...(result.violation === null || result.violation.property.startsWith("expectation")
      ? []
      : [result.violation.text]),
    ...result.expectations.filter(({ held }) => !held).map((one) => `expected ${one.expected}; ${one.seen}`),
  ];
}

describe("a single request", () => {
  test("of keys: ranges with options, transactions, compaction", () => {
    expect(
      failures([
        "op: kv/put, with: { key: a, value: 1 }, expect: ok",
        "op: kv/put, with: { key: b, value: 2, prev_kv: true }, expect: { answer: { header: { revision: 3 } } }",
        "op: kv/put, with: { key: a, value: 3, prev_kv: true }, expect: { answer: { prev_kv: { value: 1, version: 1 } } }",
        "op: kv/range, with: { key: a, range_end: z, limit: 1, sort_order: DESCEND }, expect: { answer: { count: 2, more: true, kvs: [{ key: b }] } }",
        "op: kv/range, with: { key: a, revision: 2 }, expect: { value: 1 }",
        "op: kv/range, with: { key: a, min_mod_revision: 100 }, expect: { answer: { kvs: [], count: 1 } }",
        "op: kv/range, with: { key: a, range_end: z, count_only: true }, expect: { answer: { count: 2, kvs: [] } }",
        "op: kv/txn, with: { compare: [{ target: VALUE, key: a, value: 3 }], success: [{ request_put: { key: c, value: 4 } }, { request_range: { key: a } }] }, expect: { answer: { succeeded: true, responses: [{ response_put: { header: { revision: 5 } } }, { response_range: { kvs: [{ value: 3 }] } }] } }",
        "op: kv/txn, with: { success: [{ request_range: { key: c } }] }, expect: { answer: { responses: [{ response_range: { kvs: [{ value: 4 }] } }] } }",
        "op: kv/deleterange, with: { key: a, range_end: z, prev_kv: true }, expect: { answer: { deleted: 3 } }",
        "op: kv/compaction, with: { revision: 5 }, expect: ok",
        "op: kv/range, with: { key: a, revision: 3 }, expect: { error: required revision has been compacted } ",
      ]),
    ).toEqual([]);
  });

  test("of leases and locks", () => {
    expect(
      failures([
        "op: lease/grant, with: { ID: 7, TTL: 60 }, expect: { answer: { ID: 7, TTL: 60 } }",
        "op: lease/keepalive, with: { ID: 7 }, expect: { answer: { TTL: 60 } }",
        "op: lock/lock, with: { name: l, lease: 7 }, expect: { answer: { key: l/7 } }",
        "op: lease/timetolive, with: { ID: 7, keys: true }, expect: { answer: { grantedTTL: 60, keys: [l/7] } }",
        "op: lease/leases, expect: { answer: { leases: [{ ID: 7 }] } }",
        "op: lock/unlock, with: { key: l/7 }, expect: ok",
        "op: election/campaign, with: { name: e, lease: 7, value: me }, expect: { answer: { leader: { name: e, lease: 7 } } }",
        "op: election/leader, with: { name: e }, expect: { answer: { kv: { value: me } } }",
        "op: lease/revoke, with: { ID: 7 }, expect: ok",
        "op: lease/timetolive, with: { ID: 7 }, expect: { answer: { TTL: -1 } }",
        "op: lease/revoke, with: { ID: 7 }, expect: { error: requested lease not found }",
        "op: election/leader, with: { name: e }, expect: { error: no leader }",
      ]),
    ).toEqual([]);
  });

  test("of the cluster, by the names of its members", () => {
    expect(
      failures([
        "op: cluster/member/list, with: { linearizable: true }, expect: { answer: { members: [{}, {}, {}] } }",
        "op: maintenance/status, via: n2, expect: { answer: { version: 3.6.16, header: { revision: 1 } } }",
        "op: maintenance/hashkv, via: n3, expect: { answer: { hash: 1084519789 } }",
        "op: maintenance/alarm, with: { action: ACTIVATE, memberID: n2, alarm: NOSPACE }, expect: ok",
        "op: put, key: a, value: x, expect: { error: database space exceeded }",
        "op: maintenance/alarm, expect: { answer: { alarms: [{ alarm: NOSPACE }] } }",
        "op: maintenance/alarm, with: { action: DEACTIVATE, memberID: n2, alarm: NOSPACE }, expect: ok",
        "op: put, key: a, value: x, expect: ok",
        "op: maintenance/transfer-leadership, with: { targetID: n3 }, via: leader, expect: ok",
        "op: maintenance/transfer-leadership, with: { targetID: n1 }, via: n2, expect: { error: not leader }",
        "op: cluster/member/remove, with: { ID: n9 }, expect: { error: member not found }",
        "op: maintenance/downgrade, with: { version: 3.5.0 }, expect: ok",
        "op: maintenance/downgrade, with: { action: ENABLE, version: 3.4.0 }, expect: { error: invalid downgrade target version }",
      ]),
    ).toEqual([]);
  });

  test("of users: whoever logs in under a name goes on as that user", () => {
    expect(
      failures([
        "op: auth/user/add, with: { name: root, password: secret }, expect: ok",
        "op: auth/role/add, with: { name: root }, expect: ok",
        "op: auth/user/grant, with: { user: root, role: root }, expect: ok",
        "op: auth/enable, expect: ok",
        "op: kv/put, with: { key: a, value: 1 }, expect: { error: user name is empty }",
        "op: auth/authenticate, with: { name: root, password: wrong }, as: admin, expect: { error: authentication failed }",
        "op: auth/authenticate, with: { name: root, password: secret }, as: admin, expect: ok",
        "op: kv/put, with: { key: a, value: 1 }, as: admin, expect: ok",
        "op: auth/user/list, as: admin, expect: { answer: { users: [root] } }",
        "op: auth/disable, as: admin, expect: ok",
        "op: get, key: a, expect: { value: 1 }",
      ]),
    ).toEqual([]);
  });

  test("that watches ends with the first event, from the past or to come, or with nothing", () => {
    expect(
      failures([
        "op: watch, with: { key: a }, timeout: 5s, expect: { answer: { events: [{ kv: { key: a, value: 1 } }] } }",
        "op: watch, with: { key: b }, timeout: 5s, expect: timeout",
        "op: put, key: a, value: 1, expect: ok",
        "op: delete, key: a, expect: ok",
        "op: watch, with: { key: a, start_revision: 3 }, expect: { answer: { events: [{ type: DELETE, kv: { key: a } }] } }",
        "op: kv/compaction, with: { revision: 3 }, expect: ok",
        "op: watch, with: { key: a, start_revision: 1 }, expect: { answer: { canceled: true, compact_revision: 3 } }",
      ]),
    ).toEqual([]);
  });

  test("to a probe: what a member answers to plain GETs", () => {
    expect(
      failures([
        'op: http, with: { path: /health }, expect: { answer: { status: 200, body: \'{"health":"true","reason":""}\' } }',
        "op: http, with: { path: /livez }, expect: { answer: { status: 200 } }",
        "op: http, with: { path: /readyz }, expect: { answer: { status: 200 } }",
        "op: http, with: { path: /nothing }, expect: { answer: { status: 404 } }",
      ]),
    ).toEqual([]);
  });

  test("for a watch that wants a leader ends three election timeouts after there is none", () => {
    const watch = (at: string, hasleader: boolean, expected: string): string =>
      `  - { at: ${at}, client: { op: watch, with: { key: a, hasleader: ${hasleader} }, via: n1, timeout: 9s, expect: ${expected} } }`;
    const { result } = tell(`
duration: 20s
cluster: { members: 3 }
faults:
${watch("5s", true, "{ error: no leader }")}
${watch("5s", false, "timeout")}
  - { at: 6s, pause: [n2, n3], for: 10s }`);
    expect(result.expectations.filter(({ held }) => !held)).toEqual([]);
  });

  test("for a voter that never starts costs a vote and nothing else", () => {
    const { result } = tell(`
duration: 24s
cluster: { members: 3 }
workload: { clients: 1, rate: 10/s, until: 20s }
faults:
  - { at: 8s, client: { op: cluster/member/add, with: { peerURLs: ["http://n4:2380"] }, expect: ok } }
  - { at: 12s, crash: leader, for: 3s } # two of four votes are left
  - { at: 14s, client: { op: put, key: a, value: 1, timeout: 500ms, expect: timeout } }
  - { at: 19s, client: { op: put, key: a, value: 1, expect: ok } }`);
    expect(result.verdict).toBe("held");
  });

  test("that asks for a member to be added waits for a leader as long as it takes", () => {
    const { result } = tell(`
duration: 34s
cluster: { members: 3 }
faults:
  - { at: 6s, pause: [n2, n3], for: 16s }
  - at: 9s
    client:
      { op: cluster/member/add, with: { peerURLs: ["http://n4:2380"], isLearner: true }, via: n1, timeout: 20s, expect: ok }`);
    expect(result.expectations.filter(({ held }) => !held)).toEqual([]);
  });

  test("whose answer is another one is told with it", () => {
    expect(failures(["op: lease/grant, with: { ID: 7, TTL: 60 }, expect: { answer: { TTL: 61 } }"])).toEqual([
      'expected lease/grant of "fault-1" to end with {"TTL":61}; it was answered {"header":{"revision":"1"},"ID":"7","TTL":"60"}',
    ]);
  });
});

describe("a single request that cannot be is told where", () => {
  function problems(request: string): string[] {
    return parseScenario(`name: x\n${asked([request])}`).problems.map(
      ({ code, line, column, message, hint }) =>
        `${code} ${line}:${column} ${message}${hint === null ? "" : ` (${hint})`}`,
    );
  }

  test.each([
    ["op: lease/grand", 'LS2006 7:33 there is no operation "lease/grand" (lease/grant)'],
    ["op: lease/grant, with: { TLT: 5 }", 'LS2004 7:54 there is no field "TLT" here (TTL)'],
    ["op: lease/grant, with: { TTL: soon }", 'LS2005 7:59 "TTL" needs an integer of 64 bits'],
    ["op: kv/range, with: { key: a, sort_order: UP }", 'LS2005 7:71 "sort_order" needs one of NONE, ASCEND, DESCEND'],
    [
      "op: kv/txn, with: { success: [{ request_putt: {} }] }",
      'LS2004 7:61 there is no field "request_putt" here (request_put)',
    ],
    ["op: kv/put, key: a", 'LS2020 7:41 what "kv/put" asks for stands under "with" (with: { key: … })'],
    [
      "op: put, with: { key: a }",
      'LS2020 7:38 "with" goes with requests of etcd\'s API, and "put" takes a key (key: a)',
    ],
  ])("%s", (request, problem) => {
    expect(problems(request)).toEqual([problem]);
  });

  test("and every request of the gateway has a name", () => {
    expect(plainNames()).toContain("kv/txn");
    expect(plainNames().length).toBeGreaterThan(40);
  });
});
