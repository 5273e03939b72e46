import { expect, test } from "vitest";
import { ATTEMPTS_MAX, type WorkloadPlan } from "../../src/client/client.ts";
import { fc } from "../properties.ts";
import { answer, FakeHost, type Reply, refusal, workload } from "./host.ts";

const MS = 1000;
/** Some time passes with each answer: a closed loop without pauses would else never come to its end. */
const delay = fc.integer({ min: MS, max: 60 * MS });
const reply: fc.Arbitrary<Reply | null> = fc.oneof(
  delay.map((micros) => answer(micros)),
  fc.tuple(delay, fc.boolean()).map(([micros, definite]) => refusal(micros, definite)),
  fc.constant(null),
);
const plan: fc.Arbitrary<WorkloadPlan> = fc
  .record({
    clients: fc.integer({ min: 1, max: 4 }),
    loop: fc.oneof(
      fc.constantFrom(0, 3 * MS, 90 * MS).map((thinkMicros) => ({ thinkMicros })),
      fc.record({
        thinkMicros: fc.constant(null),
        operations: fc.integer({ min: 1, max: 9 }),
        perMicros: fc.constant(30 * MS),
      }),
    ),
    retry: fc.constantFrom("none" as const, "safe" as const, "blind" as const),
    failover: fc.boolean(),
    fromMicros: fc.constantFrom(0, 20 * MS),
    kinds: fc.constantFrom(["put"] as const, ["get"] as const),
  })
  .map(({ loop, ...rest }) => workload({ ...rest, ...loop, timeoutMicros: 40 * MS, untilMicros: 500 * MS }));

/** Runs a workload to its end against a server that answers from a list, with pauses at given times. */
function runs(plan: WorkloadPlan, replies: readonly (Reply | null)[], pauses: readonly [number, number][]): FakeHost {
  let at = 0;
  const host = new FakeHost(plan, () => replies[at++ % replies.length] ?? null);
  for (const [from, length] of pauses) {
    if (from < host.clientMicros) continue;
    host.run(from);
    host.pause();
    host.run(from + length);
    const quiet = host.sent.filter((s) => s.atMicros > from && s.client === host.client.id);
    expect(quiet).toEqual([]);
    host.resume();
  }
  return host.run(2_000_000);
}

const pauses = fc
  .array(fc.tuple(fc.nat(500 * MS), fc.nat(100 * MS)), { maxLength: 3 })
  .map((list) => list.sort((x, y) => x[0] - y[0]));
const replies = fc.array(reply, { minLength: 1, maxLength: 12 });

test("every operation ends once, as its tries allow, and within its workload's time", () => {
  fc.assert(
    fc.property(plan, replies, pauses, (plan, replies, pauses) => {
      const host = runs(plan, replies, pauses);
      const paused = pauses.length > 0;
      for (const seen of host.seen) {
        const tries = host.sent.filter((s) => s.client === seen.client && s.operation === seen.operation);
        expect(seen.outcome).not.toBeNull();
        expect(seen.invokedAtMicros).toBeGreaterThanOrEqual(plan.fromMicros);
        expect(seen.invokedAtMicros).toBeLessThan(plan.untilMicros);
        expect(tries.length).toBeGreaterThanOrEqual(1);
        expect(tries.length).toBeLessThanOrEqual(plan.retry === "none" ? 1 : ATTEMPTS_MAX);
        expect(tries.map((t) => t.attempt)).toEqual(tries.map((_, at) => at + 1));
        if (!paused)
          expect(seen.completedAtMicros - seen.invokedAtMicros).toBeLessThanOrEqual(tries.length * plan.timeoutMicros);
        if (seen.kind === "get") expect(seen.outcome).not.toBe("unknown");
        for (const { to } of tries) expect(plan.endpoints).toContain(to);
      }
      expect(host.clients.every((client) => client.open.length === 0)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a client of a closed loop never has two operations open", () => {
  fc.assert(
    fc.property(plan, replies, pauses, (plan, replies, pauses) => {
      fc.pre(plan.thinkMicros !== null);
      const host = runs(plan, replies, pauses);
      for (const client of host.clients) {
        const own = host.seen.filter((seen) => seen.client === client.id);
        for (let at = 1; at < own.length; at++) {
          expect(own[at]?.invokedAtMicros).toBeGreaterThanOrEqual(own[at - 1]?.completedAtMicros as number);
        }
      }
    }),
  );
});

test("an open loop's arrivals do not depend on what is answered", () => {
  fc.assert(
    fc.property(plan, replies, replies, (plan, replies, others) => {
      fc.pre(plan.thinkMicros === null);
      const arrivals = (from: readonly (Reply | null)[]): number[] =>
        runs(plan, from, []).seen.map((s) => s.invokedAtMicros);
      const count = Math.ceil(((plan.untilMicros - plan.fromMicros) * plan.operations) / plan.perMicros);
      const expected = Array.from(
        { length: count },
        (_, k) => plan.fromMicros + Math.floor((k * plan.perMicros) / plan.operations),
      );
      expect(arrivals(replies)).toEqual(expected);
      expect(arrivals(others)).toEqual(expected);
    }),
  );
});

test("a write that is never tried again blindly takes effect at most once", () => {
  fc.assert(
    fc.property(plan, replies, (plan, replies) => {
      fc.pre(plan.retry !== "blind" && plan.kinds[0] === "put");
      // Every try takes effect unless it is refused for certain: the most that a server can do.
      let at = 0;
      const effects = new Map<string, number>();
      const host = new FakeHost(plan, ({ client, operation }) => {
        const reply = replies[at++ % replies.length] ?? null;
        const name = `${client}.${operation}`;
        if (!(reply?.error?.definite ?? false)) effects.set(name, (effects.get(name) ?? 0) + 1);
        return reply;
      }).run(2_000_000);
      for (const seen of host.seen) {
        const times = effects.get(`${seen.client}.${seen.operation}`) ?? 0;
        expect(times).toBeLessThanOrEqual(1);
        if (seen.outcome === "failed") expect(times).toBe(0);
        if (seen.outcome === "ok") expect(times).toBe(1);
      }
    }),
    { numRuns: 200 },
  );
});
