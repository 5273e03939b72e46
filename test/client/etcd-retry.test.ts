/** Clients that go by the rules of etcd's own: endpoints in turns, and what is asked again. */

import { expect, test } from "vitest";
import { answers, EventKind, steps, tell } from "../world/story.ts";

function story(ops: string, faults: string): string {
  return `
duration: 20s
cluster: { members: 3 }
workload: { clients: 1, closed: 50ms, keys: { count: 1, prefix: k }, ops: { ${ops}: 1 }, retry: etcd, timeout: 5s, from: 4s, until: 12s }
faults:
${faults}`;
}

/** Brings the lead to n1, so that one of the others can go without an election. */
const LEAD = "  - { at: 2s, transferLeader: n1 }";

test("endpoints are taken in turns", () => {
  const told = tell(story("get", LEAD));
  const asked = steps(told.trace, EventKind.Request).map(({ a }) => a);
  expect(asked.length).toBeGreaterThan(30);
  for (let at = 3; at < asked.length; at++) expect(asked[at]).toBe(asked[at - 3]);
  expect(new Set(asked.slice(0, 3))).toEqual(new Set([1, 2, 3]));
});

test("reads and writes that found nobody go to the next endpoint: no client notices that a follower is down", () => {
  for (const ops of ["get", "put"]) {
    const told = tell(story(ops, `${LEAD}\n  - { at: 6s, crash: n2, for: 3s }`));
    expect(new Set(answers(told, 7_000_000))).toEqual(new Set([`${ops} ok`]));
  }
});

test("a write that was sent is not sent again when its connection breaks, a read is", () => {
  const broken = `${LEAD}\n  - { at: 6s, pause: n2, for: 2s }\n  - { at: 7s, crash: n2 }`;
  expect(answers(tell(story("put", broken))).filter((line) => !line.endsWith("ok"))).toEqual([
    "put info error reading from server: EOF",
  ]);
  expect(answers(tell(story("get", broken))).filter((line) => !line.endsWith("ok"))).toEqual([]);
});
