/** Random scenarios for hunting false alarms: every kind of fault, every option, on a correct cluster. */

import { RandomChoices, type Stream } from "../../src/kernel/choose.ts";
import { parseScenarioValue } from "../../src/scenario/parse.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";

interface Draw {
  /** lo..hi, both included. */
  between(lo: number, hi: number): number;
  /** True one time in n. */
  one(n: number): boolean;
  of<T>(list: readonly T[]): T;
}

function drawing(stream: Stream): Draw {
  return {
    between: (lo, hi) => lo + stream.below(hi - lo + 1),
    one: (n) => stream.below(n) === 0,
    of: (list) => list[stream.below(list.length)]!,
  };
}

const ms = (millis: number): string => `${millis}ms`;

const TYPES = [
  "MsgApp",
  "MsgAppResp",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgPreVote",
  "MsgSnap",
  "MsgProp",
  "MsgReadIndexResp",
  "MsgTimeoutNow",
];

/** The scenario of a number. `calmMicros` at its end are without faults. */
export function randomStory(number: number): Scenario {
  const d = drawing(new RandomChoices(`story/${number}`).open("fault", 0));
  const count = d.between(1, 7);
  const learners = count < 7 && d.one(4) ? 1 : 0;
  const members = Array.from({ length: count + learners }, (_, at) => ({
    id: `n${at + 1}`,
    role: at < count ? "voter" : "learner",
    zone: at === 0 ? "a" : d.of(["a", "b", "c"]),
    host: `h${(at >> 1) + 1}`,
  }));
  const names = members.map((member) => member.id);
  const seconds = 20;
  const checkQuorum = !d.one(3);
  const lease = checkQuorum && d.one(4);
  const disk = d.of<unknown>([
    "instant",
    { write: ms(0), fsync: ms(1) },
    { write: { dist: "uniform", min: "20us", max: "100us" }, fsync: { dist: "uniform", min: "500us", max: ms(5) } },
    { write: "50us", fsync: { dist: "exponential", mean: ms(8) } },
  ]);
  const latency = d.of<unknown>([
    ms(1),
    { dist: "uniform", min: "500us", max: ms(2) },
    { dist: "uniform", min: ms(1), max: ms(30) },
    { dist: "exponential", mean: ms(10) },
    { dist: "pareto", min: ms(1), mean: ms(5) },
  ]);
  const faults: Record<string, unknown>[] = [];
  const kinds = (count < 3 ? KINDS_FOR_ALL : KINDS).filter(() => d.one(2));
  const turns = kinds.length === 0 ? 0 : d.between(1, 14);
  let added = names.length;
  for (let turn = 0; turn < turns; turn++) {
    const kind = d.of(kinds);
    // Lasting faults mostly end by themselves; the rest stays to the end.
    const at = ms(d.between(300, 13_000));
    const lasting = d.one(8) ? {} : { for: ms(d.between(10, 4_000)) };
    for (const fault of kind(d, names, lasting, () => `n${++added}`)) faults.push({ at, ...fault });
  }
  const value = {
    apiVersion: "lockstep/v1",
    name: `random-${number}`,
    duration: `${seconds}s`,
    cluster: {
      members,
      raft: {
        preVote: !d.one(3),
        checkQuorum,
        readOnly: lease ? "lease" : "safe",
        // Short timeouts leave room for verdicts on liveness before the end.
        ...(d.one(2) ? { heartbeat: ms(20), election: ms(200) } : {}),
        ...(d.one(4) ? { maxInflight: d.between(1, 8) } : {}),
        ...(d.one(4) ? { maxSizePerMsg: "100B" } : {}),
      },
      snapshot: d.one(3)
        ? { every: "10000 entries" }
        : { every: `${d.between(20, 50)} entries`, keep: d.between(1, 3), catchUp: `${d.between(0, 20)} entries` },
      ...(d.one(4) ? { compaction: { mode: "revision", revisions: d.between(20, 100) } } : {}),
      disk,
    },
    network: {
      latency,
      ...(d.one(3) ? { loss: `${d.between(1, 15)}%` } : {}),
      ...(d.one(4) ? { duplicate: `${d.between(1, 10)}%` } : {}),
    },
    workload: [
      {
        name: "kv",
        clients: d.between(1, 6),
        ...(d.one(2) ? { rate: `${d.between(10, 60)}/s` } : { closed: ms(d.between(5, 50)) }),
        ops: {
          put: 4,
          get: 3,
          getSerializable: 1,
          range: 1,
          cas: 2,
          delete: 1,
          txn: 1,
          ...(d.one(3) ? { compact: 1 } : {}),
        },
        keys: { count: d.between(1, 6), dist: d.of(["uniform", "zipf"]) },
        timeout: ms(d.of([300, 1_000, 2_000, 8_000])),
        retry: d.of(["none", "safe"]),
        failover: d.one(2),
        until: `${seconds - d.between(0, 3)}s`,
      },
      ...programs(d, names),
    ],
    faults,
    expect: [{ always: "no-split-brain" }],
  };
  const { scenario, problems } = parseScenarioValue(value);
  if (scenario === null) throw new Error(problems.map((one) => `${one.path.join(".")}: ${one.message}`).join("\n"));
  return scenario;
}

/** Some of what people run on etcd, beside the requests. */
function programs(d: Draw, names: readonly string[]): object[] {
  return ["watch", "informer", "lease", "lock", "election", "stm"]
    .filter(() => d.one(3))
    .map((kind) => ({
      name: kind,
      kind,
      clients: d.between(1, 3),
      ...(kind === "watch" || kind === "informer" ? {} : { keys: { prefix: `${kind}-`, count: 3 } }),
      ...(d.one(2) ? { closed: ms(d.between(100, 3_000)) } : {}),
      ...(kind === "lease" || kind === "lock" || kind === "election"
        ? { ttl: `${d.between(1, 4)}s`, hold: ms(d.between(100, 4_000)) }
        : {}),
      ...(d.one(3) ? { endpoints: [d.of(names)] } : {}),
      timeout: ms(d.of([300, 1_000, 2_000, 8_000])),
      failover: d.one(2),
    }));
}

type Faults = Record<string, unknown>[];
type Kind = (d: Draw, names: readonly string[], lasting: object, add: () => string) => Faults;

function someone(d: Draw, names: readonly string[]): unknown {
  const few = [d.of(names), "leader", "followers", "any(1)", "all", "zone:a"];
  return d.of<unknown>(names.length < 4 ? few : [...few, "minority", "majority", "leader+1"]);
}

/** Two ends of links: not one and the same member. */
function singleRequest(d: Draw): object {
  const op = d.of(["put", "get", "getSerializable", "delete"]);
  return op === "put" ? { op, value: "s" } : { op };
}

function pair(d: Draw, names: readonly string[]): [unknown, unknown] {
  const from = d.of(names);
  const others = names.filter((name) => name !== from);
  return [from, d.of<unknown>([...(others.length === 0 ? [] : [d.of(others)]), "leader", "followers", "all"])];
}

function match(d: Draw, names: readonly string[]): object {
  return {
    ...(d.one(2) ? {} : { from: someone(d, names) }),
    ...(d.one(2) ? {} : { to: someone(d, names) }),
    ...(d.one(2) ? {} : { types: [d.of(TYPES), d.of(TYPES)] }),
    p: `${d.between(1, 100)}%`,
  };
}

const KINDS_FOR_ALL: readonly Kind[] = [
  (d, names, lasting) => [{ ...lasting, crash: { on: someone(d, names), unsynced: d.of(["lose", "keep", "tear"]) } }],
  (d, names) => [{ restart: someone(d, names) }],
  (d, names, lasting) => [{ ...lasting, pause: someone(d, names) }],
  (d, names) => [{ resume: someone(d, names) }],
  () => [{ heal: {} }],
  (d, names, lasting) => [{ ...lasting, drop: match(d, names) }],
  (d, names, lasting) => [
    {
      ...lasting,
      delay: {
        ...match(d, names),
        add: ms(d.between(1, 500)),
        jitter: ms(d.between(0, 200)),
        dist: d.of(["uniform", "normal", "exponential", "pareto"]),
        correlation: `${d.between(0, 90)}%`,
      },
    },
  ],
  (d, names, lasting) => [{ ...lasting, duplicate: { ...match(d, names), copies: d.between(1, 3) } }],
  (d, names, lasting) => [{ ...lasting, reorder: { ...match(d, names), window: ms(d.between(1, 300)) } }],
  (d, names, lasting) => [{ ...lasting, corrupt: match(d, names) }],
  (d, names, lasting) => {
    const [from, to] = pair(d, names);
    return [
      {
        ...lasting,
        bandwidth: { from, to, rate: `${d.between(1, 100)}KB/s`, buffer: `${d.between(1, 20)}KB` },
      },
    ];
  },
  (d, names, lasting) => [{ ...lasting, hold: match(d, names) }],
  (d, names) => [{ release: d.one(2) ? {} : { from: someone(d, names) } }],
  (d, names, lasting) => [
    {
      ...lasting,
      slow: { on: someone(d, names), ...(d.one(2) ? { cpu: ms(d.between(1, 30)) } : { apply: ms(d.between(1, 100)) }) },
    },
  ],
  (d, names, lasting) => [
    { ...lasting, disk: { on: someone(d, names), slowFsync: ms(d.between(5, 800)), p: `${d.between(5, 100)}%` } },
  ],
  (d, names, lasting) => [{ ...lasting, disk: { on: someone(d, names), stall: true } }],
  (d, names, lasting) => [{ ...lasting, disk: { on: someone(d, names), full: true } }],
  (d, names, lasting) => [
    {
      ...lasting,
      disk: { on: someone(d, names), error: d.of(["write", "fsync", "read"]), p: `${d.between(1, 100)}%` },
    },
  ],
  (d, names, lasting) => [
    {
      ...lasting,
      disk: { on: someone(d, names), latency: { write: ms(d.between(0, 5)), fsync: ms(d.between(0, 50)) } },
    },
  ],
  // One disk at most may rot or vanish: more is beyond what any cluster bears.
  (d, names) => [{ disk: { on: names[names.length - 1], corrupt: d.of(["log", "snapshot", "any"]) } }],
  (d, names) => [d.one(2) ? { destroy: names[0] } : { disk: { on: names[0], wipe: true } }],
  (d, names, lasting) => [
    {
      ...lasting,
      clock: { on: someone(d, names), drift: `${d.between(-900, 900)}ppm`, skew: ms(d.between(0, 5_000)) },
    },
  ],
  (d, names) => [{ clock: { on: someone(d, names), jump: ms(d.between(0, 60_000)) } }],
  (d, _names, _lasting, add) => [{ member: { add: add(), role: d.of(["voter", "learner"]) } }],
  (d, _names, _lasting, add) => [{ member: { add: [add(), add()], joint: d.one(2) } }],
  (d, names) => [{ member: { [d.of(["remove", "demote"])]: d.of<unknown>(["leader", d.of(names), "any(1)"]) } }],
  (d, names, _lasting, add) => [
    { member: { add: add(), role: "learner" } },
    { member: { promote: "role:learner" } },
    { transferLeader: d.of(names) },
  ],
  (d, names) => [{ transferLeader: someone(d, names) }],
  (d, names) => [{ campaign: someone(d, names) }],
  (d) => [{ compact: { keep: d.between(0, 50) } }],
  (d) => [{ message: { [d.of(["drop", "duplicate", "deliver"])]: { types: d.of(TYPES), nth: d.between(1, 3) } } }],
  (_d, _names, lasting) => [{ ...lasting, client: { pause: "clients" } }],
  (d, _names, lasting) => [{ ...lasting, client: { slowWatch: ms(d.between(10, 500)) } }],
  (d, names) => [{ client: { reconnect: someone(d, names) } }],
  (d, names) => [{ client: { ...singleRequest(d), key: "key-0", via: d.of(names) } }],
];

/** And those that need somebody to be parted from. */
const KINDS: readonly Kind[] = [
  ...KINDS_FOR_ALL,
  (d, names, lasting) => [
    { ...lasting, partition: { isolate: someone(d, names), oneWay: d.of([false, false, "in", "out"]) } },
  ],
  (d, _names, lasting) => [
    {
      ...lasting,
      partition: d.of<unknown>([
        { bridge: "any(1)" },
        { ring: true },
        { groups: ["leader+1", "rest"] },
        { groups: ["minority", "rest"] },
      ]),
    },
  ],
  (d, names, lasting) => {
    const [from, to] = pair(d, names);
    return [{ ...lasting, partition: { links: [{ from, to }], oneWay: d.one(2) } }];
  },
];
