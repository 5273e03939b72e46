import { expect } from "vitest";
import type { Action } from "../../src/fault/action.ts";
import { lasts } from "../../src/fault/action.ts";
import type { Selector } from "../../src/fault/selector.ts";
import { members } from "../../src/fault/selector.ts";
import type { Distribution } from "../../src/kernel/distribution.ts";
import { compileAction } from "../../src/scenario/compile-action.ts";
import { fileOfAction } from "../../src/scenario/file-of-action.ts";
import { formatScenario, formatText } from "../../src/scenario/format.ts";
import { parseScenario, parseScenarioValue } from "../../src/scenario/parse.ts";
import { parsePredicate } from "../../src/scenario/parse-predicate.ts";
import type { Predicate } from "../../src/scenario/predicate.ts";
import { COUNTERS } from "../../src/scenario/predicate.ts";
import { printPredicate } from "../../src/scenario/print-predicate.ts";
import { fc, test } from "../properties.ts";

const micros = fc.oneof(
  fc.integer({ min: 1, max: 900_000 }),
  fc.integer({ min: 1, max: 900 }).map((ms) => ms * 1_000),
);
const ppm = fc.integer({ min: 1, max: 1_000_000 });
const fixed: fc.Arbitrary<Selector> = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }).map((ids) => members(...ids)),
  fc.constantFrom<Selector>({ kind: "leader" }, { kind: "followers" }, { kind: "all" }, { kind: "zone", name: "a" }),
);
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fixed,
  fc.constantFrom<Selector>({ kind: "leader-plus", others: 1 }, { kind: "any", count: 2 }, { kind: "minority" }),
);
const endpoint: fc.Arbitrary<Selector> = fc.oneof(selector, fc.constant<Selector>({ kind: "clients", ids: [] }));
const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  micros.map((m): Distribution => ({ kind: "constant", micros: m })),
  fc
    .tuple(micros, micros)
    .map(([a, b]): Distribution => ({ kind: "uniform", minMicros: Math.min(a, b), maxMicros: Math.max(a, b) })),
  fc.tuple(micros, micros).map(([a, b]): Distribution => ({ kind: "normal", meanMicros: a, deviationMicros: b })),
  fc
    .tuple(micros, micros, micros, fc.constantFrom("exponential" as const, "pareto" as const))
    .map(([a, b, c, kind]): Distribution => ({ kind, minMicros: a, meanMicros: a + b, maxMicros: a + b + c })),
);
const match = {
  from: endpoint,
  to: endpoint,
  types: fc.subarray(["MsgApp", "MsgAppResp", "MsgVote", "request"]),
  pPpm: ppm,
};
const named = <K extends Action["kind"]>(kind: K): fc.Arbitrary<K> => fc.constant(kind);
const text = fc.constantFrom("a", "x 1", "true", "3s", "[", "#", "-", "null", "é: b", "");

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: named("partition"),
    shape: fc.oneof(
      fixed.map((on) => ({ kind: "isolate" as const, on })),
      fc
        .array(fc.record({ from: selector, to: selector }), { minLength: 1, maxLength: 3 })
        .map((links) => ({ kind: "links" as const, links })),
      fc.constantFrom(
        { kind: "groups" as const, groups: [members(1, 2), { kind: "rest" } as const] },
        { kind: "groups" as const, groups: [{ kind: "leader-plus", others: 1 } as const, { kind: "rest" } as const] },
      ),
    ),
    oneWay: fc.constantFrom("no" as const, "in" as const, "out" as const),
  }),
  fc.constantFrom<Action>(
    { kind: "partition", shape: { kind: "ring" }, oneWay: "no" },
    { kind: "partition", shape: { kind: "bridge", on: members(3) }, oneWay: "no" },
    { kind: "heal", id: null },
    { kind: "disk", on: members(1), effect: { kind: "stall" }, pPpm: 1_000_000 },
    { kind: "disk", on: members(1), effect: { kind: "full" }, pPpm: 1_000_000 },
    { kind: "disk", on: members(1), effect: { kind: "wipe" }, pPpm: 1_000_000 },
    { kind: "clientReconnect", clients: { kind: "clients", ids: [1] }, to: members(2) },
    { kind: "clientPause", clients: { kind: "clients", ids: [1, 2] } },
  ),
  fc.record({ kind: named("drop"), ...match }),
  fc.record({ kind: named("corrupt"), ...match }),
  fc.record({ kind: named("hold"), ...match }),
  fc.record({ kind: named("duplicate"), ...match, copies: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: named("reorder"), ...match, windowMicros: micros }),
  fc.record({
    kind: named("delay"),
    ...match,
    addMicros: micros,
    jitterMicros: fc.oneof(fc.constant(0), micros),
    correlationPpm: fc.oneof(fc.constant(0), ppm),
    dist: fc.constantFrom(
      "constant" as const,
      "uniform" as const,
      "normal" as const,
      "exponential" as const,
      "pareto" as const,
    ),
  }),
  fc.record({
    kind: named("bandwidth"),
    from: endpoint,
    to: endpoint,
    bytesPerSecond: fc.integer({ min: 1, max: 1e9 }),
    bufferBytes: fc.integer({ min: 0, max: 1e6 }),
  }),
  fc.record({ kind: named("release"), from: endpoint, to: endpoint, types: match.types }),
  fc.record({
    kind: named("crash"),
    on: selector,
    unsynced: fc.constantFrom("lose" as const, "keep" as const, "tear" as const),
  }),
  fc.record({
    kind: fc.constantFrom(
      "restart" as const,
      "pause" as const,
      "resume" as const,
      "destroy" as const,
      "campaign" as const,
      "defrag" as const,
    ),
    on: selector,
  }),
  fc.record({ kind: named("slow"), on: selector, cpuMicros: micros, applyMicros: fc.oneof(fc.constant(0), micros) }),
  fc.record({
    kind: named("disk"),
    on: selector,
    effect: fc.oneof(
      micros.map((addMicros) => ({ kind: "slowFsync" as const, addMicros })),
      fc
        .constantFrom("write" as const, "fsync" as const, "read" as const)
        .map((operation) => ({ kind: "error" as const, operation })),
      fc.record({ kind: fc.constant("latency" as const), write: distribution, fsync: distribution }),
    ),
    pPpm: ppm,
  }),
  fc.record({
    kind: named("disk"),
    on: selector,
    effect: fc.record({
      kind: fc.constant("corrupt" as const),
      file: fc.constantFrom("log" as const, "snapshot" as const, "any" as const),
      bits: fc.integer({ min: 1, max: 9 }),
    }),
    pPpm: fc.constant(1_000_000),
  }),
  fc.record({
    kind: named("clock"),
    on: selector,
    skewMicros: fc.option(fc.integer({ min: -5_000_000, max: 5_000_000 })),
    driftPpm: fc.integer({ min: -100_000, max: 100_000 }),
    jumpMicros: fc.option(fc.integer({ min: -5_000_000, max: 5_000_000 })),
  }),
  fc.record({
    kind: named("member"),
    change: fc.constantFrom(
      "add" as const,
      "remove" as const,
      "promote" as const,
      "demote" as const,
      "update" as const,
    ),
    on: fc.integer({ min: 1, max: 5 }).map((id) => members(id)),
    role: fc.constantFrom("voter" as const, "learner" as const),
    zone: fc.option(fc.constant("a")),
    host: fc.option(fc.constant("h1")),
    joint: fc.boolean(),
  }),
  fc.record({ kind: named("transferLeader"), to: selector }),
  fc.record({
    kind: named("backup"),
    from: selector,
    as: fc.constant("nightly"),
    of: fc.constantFrom("state" as const, "disk" as const),
  }),
  fc.record({
    kind: named("compact"),
    revision: fc.option(fc.integer({ min: 1, max: 1e9 })),
    keepRevisions: fc.integer({ min: 0, max: 100 }),
    physical: fc.boolean(),
  }),
  fc.record({ kind: named("upgrade"), on: selector, version: fc.constantFrom("3.6.0", "3.5") }),
  fc.record({
    kind: named("certificate"),
    on: selector,
    use: fc.constantFrom("client" as const, "peer" as const, "server" as const),
    change: fc.constantFrom("expire" as const, "rotate" as const),
  }),
  fc.record({
    kind: named("clientOp"),
    client: fc.constant(0),
    session: fc.constantFrom(null, "admin"),
    via: selector,
    op: fc.constantFrom("lease/revoke", "lease/grant"),
    body: fc.constantFrom("{}", '{"ID":"7"}'),
    key: fc.constant(""),
    value: fc.constant(null),
    expected: fc.constant(null),
    timeoutMicros: fc.option(micros),
    expect: fc.constantFrom(null, { kind: "answer" as const, answer: '{"ID":7}' }),
  }),
  fc.record({
    kind: named("clientOp"),
    client: fc.integer({ min: 0, max: 2 }),
    session: fc.constant(null),
    body: fc.constant(null),
    via: selector,
    op: fc.constantFrom("put" as const, "cas" as const),
    key: fc.constantFrom("a", "1", "k: v"),
    value: text,
    expected: fc.constant(null),
    timeoutMicros: fc.option(micros),
    expect: fc.constantFrom(
      null,
      { kind: "timeout" as const },
      { kind: "error" as const, error: null },
      { kind: "error" as const, error: "ErrCompacted" },
      { kind: "ok" as const, value: null, absent: false },
      { kind: "ok" as const, value: null, absent: true },
      { kind: "ok" as const, value: "5", absent: false },
    ),
  }),
  fc.record({
    kind: named("clientSlowWatch"),
    clients: fc.constant<Selector>({ kind: "clients", ids: [] }),
    perResponseMicros: micros,
  }),
  fc.record({
    kind: named("message"),
    does: fc.constantFrom("drop" as const, "delay" as const, "duplicate" as const, "deliver" as const),
    from: endpoint,
    to: endpoint,
    types: match.types,
    nth: fc.integer({ min: 1, max: 5 }),
    addMicros: micros,
  }),
);

const compare = fc.constantFrom("<" as const, "<=" as const, "=" as const, "!=" as const, ">=" as const, ">" as const);
const number = fc.integer({ min: 0, max: 1_000 });
const { predicate } = fc.letrec<{ predicate: Predicate; simple: Predicate }>((tie) => ({
  simple: fc.oneof(
    fc.record({
      kind: fc.constant("leaders" as const),
      compare,
      count: number,
      sameTerm: fc.constantFrom(true, false, null),
    }),
    fc.record({
      kind: fc.constantFrom("leader" as const, "up" as const, "commits" as const, "converged" as const),
      on: fixed,
    }),
    fc.record({
      kind: fc.constant("role" as const),
      on: fixed,
      role: fc.constantFrom(
        "leader" as const,
        "follower" as const,
        "candidate" as const,
        "pre-candidate" as const,
        "down" as const,
      ),
    }),
    fc.record({
      kind: fc.constantFrom("term" as const, "commit" as const, "applied" as const, "last-index" as const),
      on: fixed,
      compare,
      value: number,
    }),
    fc.record({ kind: fc.constant("counter" as const), counter: fc.constantFrom(...COUNTERS), compare, value: number }),
    fc.record({ kind: fc.constant("time" as const), compare, micros }),
    fc.record({ kind: fc.constant("event" as const), compare, value: number }),
    fc.constant<Predicate>({ kind: "violated", property: "vote-once" }),
  ),
  predicate: fc.oneof(
    { depthSize: "small" },
    tie("simple"),
    fc.record({
      kind: fc.constantFrom("all" as const, "any" as const),
      of: fc.array(tie("predicate"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("not" as const), of: tie("predicate") }),
  ),
}));

test.prop([action])("an action that is written is compiled back to itself", (one) => {
  expect(compileAction(fileOfAction(one))).toEqual(one);
});

test.prop([predicate])("a predicate that is printed is parsed back to itself", (one) => {
  expect(parsePredicate(printPredicate(one))).toEqual({ predicate: one, problems: [] });
});

const scenario = fc.record({
  actions: fc.array(
    fc.record({ action, atMicros: fc.integer({ min: 0, max: 5_000_000 }), lasting: fc.option(micros) }),
    { maxLength: 5 },
  ),
  predicates: fc.array(predicate, { maxLength: 3 }),
  latency: distribution,
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

test.prop([scenario])(
  "a scenario that is formatted is parsed back to itself",
  ({ actions, predicates, latency, seed }) => {
    const file = {
      name: "generated",
      seed: seed.toString(),
      cluster: { members: [{ id: "n1", zone: "a", host: "h1" }, "n2", "n3", "n4", "n5"] },
      network: { latency: latency.kind === "constant" ? `${latency.micros}us` : undefined },
      workload: { clients: 3, rate: "50/s" },
      faults: actions
        .filter((one) => one.action.kind !== "disk" || one.action.effect.kind !== "rollback")
        .map(({ action: one, atMicros, lasting }) => ({
          ...fileOfAction(one),
          at: `${atMicros}us`,
          for: lasting !== null && lasts(one) ? `${lasting}us` : undefined,
        })),
      expect: predicates.map((one) => ({ holds: printPredicate(one) })),
    };
    const first = parseScenarioValue(JSON.parse(JSON.stringify(file)));
    // What is judged to make no sense together (a time after the end) is not what this law is about.
    for (const problem of first.problems)
      expect(["LS2010", "LS2011", "LS2012", "LS2020"], problem.message).toContain(problem.code);
    fc.pre(first.scenario !== null);
    const written = formatScenario(first.scenario!);
    const second = parseScenario(written);
    expect(second.problems).toEqual([]);
    expect(second.scenario).toEqual(first.scenario);
    expect(parseScenario(formatText(written)!).scenario).toEqual(first.scenario);
  },
);
