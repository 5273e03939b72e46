import { describe, expect, test } from "vitest";
import { ATTEMPTS_MAX, cloneClient, OPEN_MAX, submitOne } from "../../src/client/client.ts";
import { PlainAnswer, type PlainOperation } from "../../src/kernel/request.ts";
import { answer, FakeHost, type Reply, refusal, type Sent, workload } from "./host.ts";

const MS = 1000;
const SECOND = 1_000_000;

const never = (): Reply | null => null;
const answersAfter = (micros: number) => (): Reply => answer(micros);

const invokedAt = (host: FakeHost): number[] => host.seen.map((seen) => seen.invokedAtMicros);
const targets = (host: FakeHost): number[] => host.sent.map((sent) => sent.to);

describe("a closed loop", () => {
  test("asks again the moment it is answered", () => {
    const host = new FakeHost(workload(), answersAfter(5 * MS)).run(21 * MS);
    expect(invokedAt(host)).toEqual([0, 5 * MS, 10 * MS, 15 * MS, 20 * MS]);
    expect(host.outcomes).toEqual(["ok", "ok", "ok", "ok", null]);
  });

  test("thinks between an answer and the next request", () => {
    const host = new FakeHost(workload({ thinkMicros: 20 * MS }), answersAfter(5 * MS)).run(60 * MS);
    expect(invokedAt(host)).toEqual([0, 25 * MS, 50 * MS]);
  });

  // 1. a request with a deadline of 1 s is answered after 5 ms; 2. the client thinks for 3 s; 3. the timer of the deadline
  // fires at 1 s, with nothing open: it must not begin the next operation.
  test("thinks for longer than its requests may take", () => {
    const host = new FakeHost(workload({ thinkMicros: 3 * SECOND }), answersAfter(5 * MS)).run(7 * SECOND);
    expect(invokedAt(host)).toEqual([0, 3_005_000, 6_010_000]);
  });

  test("begins at its time and ends at its time", () => {
    const plan = workload({ fromMicros: 50 * MS, untilMicros: 65 * MS });
    expect(invokedAt(new FakeHost(plan, answersAfter(5 * MS)).run(SECOND))).toEqual([50 * MS, 55 * MS, 60 * MS]);
  });

  test("of three clients begins with all three at once, at different members", () => {
    const host = new FakeHost(workload({ clients: 3, firstClient: 4 }), never).run(0);
    expect(host.sent.map((s) => [s.client, s.to])).toEqual([
      [4, 1],
      [5, 2],
      [6, 3],
    ]);
  });

  test("has one operation open at a time, whatever the answers", () => {
    const replies = [answer(3 * MS), refusal(MS, true), null, refusal(2 * MS, false)];
    let at = 0;
    const host = new FakeHost(workload({ timeoutMicros: 20 * MS }), () => replies[at++ % 4] as Reply | null);
    host.run(SECOND);
    let free = -1;
    for (const { invokedAtMicros, completedAtMicros, outcome } of host.seen) {
      expect(invokedAtMicros).toBeGreaterThanOrEqual(free);
      if (outcome !== null) free = completedAtMicros;
    }
    expect(host.seen.length).toBeGreaterThan(40);
    expect(new Set(host.outcomes)).toEqual(new Set(["ok", "failed", "unknown", null]));
  });

  test("waits a little after a refusal, so that errors do not make it spin", () => {
    const host = new FakeHost(workload(), () => refusal(MS, true)).run(40 * MS);
    expect(invokedAt(host)).toEqual([0, 11 * MS, 22 * MS, 33 * MS]);
  });
});

describe("an open loop", () => {
  const open = { thinkMicros: null, operations: 4, perMicros: 10 * MS };

  test("asks at its rate, whether answers come or not", () => {
    const host = new FakeHost(workload(open), never).run(11 * MS);
    expect(invokedAt(host)).toEqual([0, 2500, 5000, 7500, 10_000]);
  });

  test("spreads its rate over its clients, who take turns", () => {
    const host = new FakeHost(workload({ ...open, clients: 3 }), answersAfter(MS)).run(11 * MS);
    expect(host.seen.map((seen) => [seen.invokedAtMicros, seen.client])).toEqual([
      [0, 1],
      [2500, 2],
      [5000, 3],
      [7500, 1],
      [10_000, 2],
    ]);
  });

  test("keeps its rate over a long time, to the micro: nothing is rounded away", () => {
    const plan = workload({ ...open, operations: 3, perMicros: 10 * MS, untilMicros: 10 * SECOND });
    const host = new FakeHost(plan, answersAfter(MS)).run(20 * SECOND);
    expect(host.seen.length).toBe(3000);
    expect(invokedAt(host).slice(0, 4)).toEqual([0, 3333, 6666, 10_000]);
    expect(invokedAt(host)[2999]).toBe(9_996_666);
  });

  test("begins at its time and has no arrival at its end", () => {
    const plan = workload({ ...open, fromMicros: 20 * MS, untilMicros: 30 * MS });
    expect(invokedAt(new FakeHost(plan, answersAfter(MS)).run(SECOND))).toEqual([20_000, 22_500, 25_000, 27_500]);
  });

  test("has many operations open, up to a bound; arrivals beyond it come to nothing", () => {
    const plan = workload({ ...open, operations: 1, perMicros: MS, timeoutMicros: SECOND });
    const host = new FakeHost(plan, never).run(400 * MS);
    expect(host.client.open.length).toBe(OPEN_MAX);
    expect([host.client.operations, host.client.arrivals]).toEqual([OPEN_MAX, 401]);
  });
});

describe("an operation without an answer in time", () => {
  test("is unknown where it may have changed something, and failed where it only read", () => {
    const plan = workload({
      kinds: ["put", "get", "delete", "getSerializable", "cas", "range"],
      kindSums: [1, 2, 3, 4, 5, 6],
      timeoutMicros: 10 * MS,
    });
    const host = new FakeHost(plan, never).run(SECOND);
    const outcomes = new Map<string, Set<unknown>>();
    for (const { kind, outcome } of host.seen.slice(0, -1)) {
      outcomes.set(kind, (outcomes.get(kind) ?? new Set()).add(outcome));
    }
    expect(Object.fromEntries([...outcomes].map(([kind, set]) => [kind, [...set]]).sort())).toEqual({
      cas: ["unknown"],
      delete: ["unknown"],
      get: ["failed"],
      getSerializable: ["failed"],
      put: ["unknown"],
      range: ["failed"],
    });
  });

  test("ends at its deadline, and the next one begins", () => {
    const host = new FakeHost(workload({ timeoutMicros: 30 * MS }), never).run(70 * MS);
    expect(host.seen.map((seen) => seen.completedAtMicros)).toEqual([30 * MS, 60 * MS, -1]);
    expect(invokedAt(host)).toEqual([0, 30 * MS, 60 * MS]);
  });

  test("stays as it ended, though its answer comes later", () => {
    const host = new FakeHost(workload({ timeoutMicros: 10 * MS }), ({ operation }) =>
      answer(operation === 1 ? 15 * MS : 9 * MS),
    );
    host.run(12 * MS);
    expect(host.outcomes).toEqual(["unknown", null]);
    host.run(18 * MS);
    expect(host.outcomes).toEqual(["unknown", null]);
    host.run(19 * MS);
    expect(host.outcomes).toEqual(["unknown", "ok", null]);
  });

  test("ends after its workload has ended, too", () => {
    const host = new FakeHost(workload({ untilMicros: 5 * MS, timeoutMicros: 30 * MS }), never).run(SECOND);
    expect(host.seen.map((seen) => [seen.outcome, seen.completedAtMicros])).toEqual([["unknown", 30 * MS]]);
  });
});

describe("a refusal", () => {
  const outcomeOf = (kind: "put" | "get", definite: boolean): unknown =>
    new FakeHost(workload({ kinds: [kind] }), () => refusal(MS, definite)).run(MS).outcomes[0];

  test("that is definite is a failure; one that is not leaves a write unknown and fails a read", () => {
    expect([outcomeOf("put", true), outcomeOf("put", false)]).toEqual(["failed", "unknown"]);
    expect([outcomeOf("get", true), outcomeOf("get", false)]).toEqual(["failed", "failed"]);
  });
});

describe("retries", () => {
  const tries = (host: FakeHost, operation: number): Sent[] => host.sent.filter((sent) => sent.operation === operation);

  test("none: one try is all there is", () => {
    for (const reply of [null, refusal(MS, true), refusal(MS, false)]) {
      const host = new FakeHost(workload({ retry: "none", timeoutMicros: 20 * MS }), () => reply).run(25 * MS);
      expect(tries(host, 1).length).toBe(1);
    }
  });

  test("safe: a write is tried again after a definite refusal, not after a timeout or an unclear one", () => {
    const count = (reply: Reply | null): [number, unknown] => {
      const plan = workload({ retry: "safe", timeoutMicros: 20 * MS });
      const host = new FakeHost(plan, () => reply).run(200 * MS);
      return [tries(host, 1).length, host.outcomes[0]];
    };
    expect(count(refusal(MS, true))).toEqual([ATTEMPTS_MAX, "failed"]);
    expect(count(refusal(MS, false))).toEqual([1, "unknown"]);
    expect(count(null)).toEqual([1, "unknown"]);
  });

  test("safe: a read is tried again whatever happened to it", () => {
    const plan = workload({ kinds: ["get"], retry: "safe", timeoutMicros: 20 * MS });
    for (const reply of [null, refusal(MS, true), refusal(MS, false)]) {
      const host = new FakeHost(plan, () => reply).run(200 * MS);
      expect(tries(host, 1).length).toBe(ATTEMPTS_MAX);
      expect(host.outcomes[0]).toBe("failed");
    }
  });

  test("blind: a write is tried again after a timeout, and is unknown for good once one try timed out", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 20 * MS });
    const host = new FakeHost(plan, ({ attempt }) => (attempt === 1 ? null : refusal(MS, true))).run(100 * MS);
    expect(tries(host, 1).map((sent) => sent.atMicros)).toEqual([0, 20 * MS, 21 * MS, 22 * MS]);
    expect(host.outcomes[0]).toBe("unknown");
  });

  test("blind: a write that was only ever refused for certain has failed", () => {
    const host = new FakeHost(workload({ retry: "blind" }), () => refusal(MS, true)).run(100 * MS);
    expect(host.outcomes[0]).toBe("failed");
  });

  test("blind: a try that is answered ends it well", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 20 * MS });
    const host = new FakeHost(plan, ({ attempt }) => (attempt < 3 ? null : answer(MS))).run(41 * MS);
    expect([host.outcomes[0], host.seen[0]?.completedAtMicros]).toEqual(["ok", 41 * MS]);
  });

  test("are the same operation with the same body, numbered", () => {
    const host = new FakeHost(workload({ retry: "blind", timeoutMicros: 20 * MS }), never).run(70 * MS);
    expect(tries(host, 1).map((sent) => sent.attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(tries(host, 1).map((sent) => sent.body)).size).toBe(1);
  });

  // The call of the first try was given up at its deadline; nobody listens to it any more.
  test("do not hear what an earlier try is answered", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 20 * MS });
    const host = new FakeHost(plan, ({ attempt }) => (attempt === 1 ? answer(25 * MS) : answer(10 * MS))).run(26 * MS);
    expect(host.outcomes).toEqual([null]);
    host.run(30 * MS);
    expect([host.outcomes[0], host.seen[0]?.completedAtMicros]).toEqual(["ok", 30 * MS]);
  });

  test("are not set off by a late refusal of an earlier try", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 20 * MS });
    const host = new FakeHost(plan, ({ attempt }) => (attempt === 1 ? refusal(25 * MS, true) : null)).run(30 * MS);
    expect(tries(host, 1).length).toBe(2);
  });
});

describe("failover", () => {
  test("leaves a silent member for the next, and comes round", () => {
    const host = new FakeHost(workload({ timeoutMicros: 10 * MS }), never).run(35 * MS);
    expect(targets(host)).toEqual([1, 2, 3, 1]);
  });

  test("leaves a refusing member, and stays with one that answers", () => {
    const host = new FakeHost(workload(), ({ to }) => (to === 2 ? answer(MS) : refusal(MS, true))).run(20 * MS);
    expect(targets(host).slice(0, 5)).toEqual([1, 2, 2, 2, 2]);
  });

  test("leaves a silent member once, however many operations it left unanswered", () => {
    const plan = workload({ thinkMicros: null, operations: 1, perMicros: 2 * MS, timeoutMicros: 10 * MS });
    const host = new FakeHost(plan, ({ to }) => (to === 1 ? null : answer(MS))).run(40 * MS);
    const unanswered = host.outcomes.filter((outcome) => outcome === "unknown").length;
    expect(unanswered).toBeGreaterThan(3);
    expect(targets(host).slice(-5)).toEqual([2, 2, 2, 2, 2]);
    expect(new Set(targets(host))).toEqual(new Set([1, 2]));
  });

  test("takes the next try to the next member", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 10 * MS });
    expect(targets(new FakeHost(plan, never).run(35 * MS))).toEqual([1, 2, 3, 1]);
  });

  test("switched off, a client stays with its member for ever", () => {
    const plan = workload({ failover: false, timeoutMicros: 10 * MS, clients: 2 });
    const host = new FakeHost(plan, never).run(35 * MS);
    for (const { client, to } of host.sent) expect(to).toBe(client);
    expect(host.sent.length).toBe(8);
  });

  test("asks only the members it was told of", () => {
    const host = new FakeHost(workload({ endpoints: [2, 5], timeoutMicros: 10 * MS }), never).run(25 * MS);
    expect(targets(host)).toEqual([2, 5, 2]);
  });
});

describe("keys and values", () => {
  const bodies = (host: FakeHost): PlainOperation[] => host.sent.map((sent) => sent.body as PlainOperation);

  test("unique values are unique over all clients, and as long as they were asked to be", () => {
    const plan = workload({ clients: 12, valueBytes: 9 });
    const values = bodies(new FakeHost(plan, answersAfter(MS)).run(30 * MS)).map((body) => body.value as string);
    expect(values.length).toBeGreaterThan(300);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value.length).toBe(9);
    expect(values.slice(0, 2)).toEqual(["1.1______", "2.1______"]);
  });

  test("values that need not be unique repeat", () => {
    const plan = workload({ uniqueValues: false });
    const values = new Set(bodies(new FakeHost(plan, answersAfter(MS)).run(30 * MS)).map((body) => body.value));
    expect([...values].sort()).toEqual(["0", "1", "2", "3"]);
  });

  test("kinds come up by their weights", () => {
    const plan = workload({ kinds: ["put", "get"], kindSums: [1, 4] });
    const host = new FakeHost(plan, answersAfter(MS)).run(4 * SECOND);
    const puts = host.seen.filter((seen) => seen.kind === "put").length;
    expect(Math.abs(puts / host.seen.length - 0.25)).toBeLessThan(0.03);
  });

  test("keys come up alike without weights, and by the law of Zipf with its running sums", () => {
    const share = (keySums: readonly number[] | null): number[] => {
      const keys = ["a", "b", "c", "d"];
      const asked = bodies(new FakeHost(workload({ keys, keySums }), answersAfter(MS)).run(8 * SECOND)).map(
        (body) => body.key,
      );
      return keys.map((key) => asked.filter((k) => k === key).length / asked.length);
    };
    const near = (got: number[], expected: number[]): void =>
      got.forEach((g, at) => {
        expect(Math.abs(g - (expected[at] as number))).toBeLessThan(0.025);
      });
    near(share(null), [0.25, 0.25, 0.25, 0.25]);
    // Weights 1, 1/2, 1/3, 1/4 of a sum of 25/12.
    near(share([1_000_000, 1_500_000, 1_833_333, 2_083_333]), [0.48, 0.24, 0.16, 0.12]);
  });

  test("a cas compares with what its client last saw of the key", () => {
    const plan = workload({ kinds: ["cas"], learns: true });
    const bodiesAnswered: unknown[] = [
      new PlainAnswer(false, "theirs"),
      new PlainAnswer(true, null),
      new PlainAnswer(true, null),
    ];
    const host = new FakeHost(plan, ({ operation }) => answer(MS, bodiesAnswered[operation - 1])).run(2500);
    expect(bodies(host).map((body) => body.expected)).toEqual([null, "theirs", "1.2"]);
  });

  test("a client knows the highest revision it was answered, not the last", () => {
    const host = new FakeHost(workload(), ({ operation }) => answer(MS, null, operation === 1 ? 9 : 4)).run(5 * MS);
    expect(host.client.revision).toBe(9);
  });
});

describe("a paused client", () => {
  test("asks nothing, and goes on when it is resumed", () => {
    const host = new FakeHost(workload(), answersAfter(5 * MS)).run(2 * MS);
    host.pause();
    host.run(50 * MS);
    expect([host.sent.length, host.outcomes]).toEqual([1, [null]]);
    host.resume();
    expect([host.sent.length, host.seen[0]?.completedAtMicros]).toEqual([2, 50 * MS]);
  });

  test("notices no deadline, and tries nothing again, until it is resumed", () => {
    const plan = workload({ retry: "blind", timeoutMicros: 10 * MS });
    const host = new FakeHost(plan, never).run(5 * MS);
    host.pause();
    host.run(95 * MS);
    expect(host.sent.length).toBe(1);
    host.resume();
    expect(host.sent.map((sent) => sent.atMicros)).toEqual([0, 95 * MS]);
    host.run(110 * MS);
    expect(host.sent.map((sent) => sent.atMicros)).toEqual([0, 95 * MS, 105 * MS]);
  });

  test("takes an answer that came meanwhile, though its deadline has passed", () => {
    const host = new FakeHost(workload({ timeoutMicros: 10 * MS }), answersAfter(5 * MS)).run(2 * MS);
    host.pause();
    host.run(50 * MS);
    host.resume();
    expect(host.outcomes[0]).toBe("ok");
  });

  test("twice is resumed twice", () => {
    const host = new FakeHost(workload(), answersAfter(5 * MS)).run(2 * MS);
    host.pause();
    host.pause();
    host.run(20 * MS);
    host.resume();
    expect(host.sent.length).toBe(1);
    host.resume();
    expect(host.sent.length).toBe(2);
  });

  test("that is resumed while it thinks thinks on", () => {
    const host = new FakeHost(workload({ thinkMicros: 100 * MS }), answersAfter(5 * MS)).run(10 * MS);
    host.pause();
    host.run(20 * MS);
    host.resume();
    host.run(106 * MS);
    expect(invokedAt(host)).toEqual([0, 105 * MS]);
  });

  test("that is resumed before its workload begins waits for it", () => {
    const host = new FakeHost(workload({ fromMicros: 50 * MS }), answersAfter(5 * MS)).run(10 * MS);
    host.pause();
    host.run(20 * MS);
    host.resume();
    host.run(52 * MS);
    expect(invokedAt(host)).toEqual([50 * MS]);
  });

  test("of an open loop lets the arrivals of its pause go", () => {
    const plan = workload({ thinkMicros: null, operations: 1, perMicros: 10 * MS });
    const host = new FakeHost(plan, answersAfter(MS)).run(15 * MS);
    host.pause();
    host.run(45 * MS);
    host.resume();
    host.run(65 * MS);
    expect(invokedAt(host)).toEqual([0, 10 * MS, 50 * MS, 60 * MS]);
  });

  test("that was paused from the beginning begins when it is resumed", () => {
    const host = new FakeHost(workload(), answersAfter(5 * MS));
    host.pause();
    host.run(30 * MS);
    expect(host.sent).toEqual([]);
    host.resume();
    expect(invokedAt(host)).toEqual([30 * MS]);
  });
});

describe("an operation out of turn", () => {
  const put = { op: "put", key: "k", value: "mine", expected: null, timeoutMicros: null } as const;

  test("goes to the member it was meant for, in the client's own numbering", () => {
    const host = new FakeHost(workload({ untilMicros: 0 }), answersAfter(MS)).run(0);
    expect(submitOne(host.client, host.plan, host, put, 3)).toBe(1);
    host.run(5 * MS);
    expect(host.sent.map((s) => [s.to, (s.body as PlainOperation).value])).toEqual([[3, "mine"]]);
    expect(host.outcomes).toEqual(["ok"]);
  });

  test("has its own timeout where it was given one", () => {
    const host = new FakeHost(workload({ untilMicros: 0 }), never).run(0);
    submitOne(host.client, host.plan, host, { ...put, timeoutMicros: 7 * MS }, 1);
    host.run(SECOND);
    expect(host.seen.map((seen) => [seen.outcome, seen.completedAtMicros])).toEqual([["unknown", 7 * MS]]);
  });

  // 1. the loop has its operation open; 2. another one is put in and answered first; 3. were the loop to go on now, it would
  // have two operations open, and after each answer again.
  test("does not set off a second operation of a closed loop", () => {
    const host = new FakeHost(workload(), ({ body }) =>
      answer((body as PlainOperation).value === "mine" ? MS : 10 * MS),
    );
    host.run(5 * MS);
    submitOne(host.client, host.plan, host, put, 1);
    host.run(100 * MS);
    expect(host.client.open.length).toBe(1);
    expect(invokedAt(host)).toEqual([0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((ms) => ms * MS));
  });
});

test("a copy of a client shares nothing that changes", () => {
  const host = new FakeHost(workload({ learns: true, kinds: ["cas"] }), ({ operation }) =>
    operation === 1 ? answer(MS, new PlainAnswer(false, "x")) : null,
  ).run(2 * MS);
  const before = JSON.stringify(host.client);
  const copy = cloneClient(host.client);
  expect(JSON.stringify(copy)).toBe(before);
  const open = copy.open[0];
  expect(open).toBeDefined();
  if (open !== undefined) open.attempt = 9;
  copy.open.pop();
  copy.seen[0] = "y";
  copy.pauses = 3;
  copy.inbox.push({} as never);
  expect(JSON.stringify(host.client)).toBe(before);
});
