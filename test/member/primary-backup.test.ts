/** Another protocol on the same interface: a naive pair that splits its brain, and the checker that sees it from outside. */

import { describe, expect, test } from "vitest";
import { delivered, lives, tell } from "../world/story.ts";

const SECOND = 1_000_000;

function pair(faults: string, expectation: string = ""): string {
  return `
duration: 12s
protocol: primary-backup
cluster: { members: 2 }
workload: { clients: 4, closed: 20ms, ops: { put: 1, get: 1 }, keys: 2, timeout: 1s, failover: false, model: kv }
faults:
${faults}
${expectation}`;
}

describe("a primary and its backup", () => {
  test("serve as one while they hear each other", () => {
    const told = tell(pair("  - { at: 11s, heal: {} }"));
    expect(told.result.verdict).toBe("held");
    expect(told.result.leaders).toMatchObject([{ member: 1, term: 1, untilMicros: null }]);
    expect(told.result.operations.ok).toBeGreaterThan(100);
  });

  test("the backup takes over from a primary that is gone", () => {
    const told = tell(pair("  - { at: 3s, crash: n1 }"));
    expect(told.result.leaders.map((one) => one.member)).toEqual([1, 2]);
    expect(told.result.leaders[1]!.fromMicros).toBeLessThan(5 * SECOND);
  });

  test("both serve when they are cut from each other, and no order explains what clients see", () => {
    const told = tell(
      pair("  - { at: 3s, for: 6s, partition: { groups: [n1, n2] } }", "expect:\n  - violates: linearizability"),
    );
    expect(told.result.verdict).toBe("held");
    expect(told.result.violation).toMatchObject({ property: "linearizability" });
    expect(told.result.violation!.atMicros).toBeGreaterThan(3 * SECOND);
    expect(told.result.violation!.evidence.length).toBeGreaterThan(0);
    expect(told.result.coverage["two-leaders"]).toBe(1);
  });

  test("meet the same faults as members of etcd do", () => {
    const told = tell(
      pair(`  - { at: 2s, for: 1s, delay: { add: 50ms } }
  - { at: 4s, for: 500ms, pause: n2 }
  - { at: 6s, for: 500ms, crash: n2 }`),
    );
    expect(lives(told.trace)).toEqual(["-n2@6000000", "+n2@6500000"]);
    expect(delivered(told.trace, { from: 2 })).toEqual([]);
    expect(delivered(told.trace, { from: 1, to: 2 }).length).toBeGreaterThan(50);
  });
});
