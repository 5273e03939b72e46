/** A slice of `lockstep bench recovery`: a crash at one event of a run after another, with what is not synced lost, kept and torn. */

import { expect, test } from "vitest";
import { FATES, recoverFrom } from "../../src/bench/work-recovery.ts";

/** Events that lie in all parts of the run, so many of them. */
const EVENTS = Array.from({ length: 18 }, (_, at) => 1 + at * 167);

test("whatever event a crash follows, every member comes back with all that was acknowledged", {
  timeout: 300_000,
}, () => {
  const wrong: string[] = [];
  let crashes = 0;
  for (const event of EVENTS) {
    for (const fate of FATES) {
      const one = recoverFrom(event, fate, "1");
      if (one.crashed) crashes++;
      if (one.wrong !== "") wrong.push(`event ${event}, ${fate}, ${one.who}: ${one.wrong}`);
    }
  }
  expect(wrong).toEqual([]);
  // Nobody leads before the first election: the leader cannot fall then.
  expect(crashes).toBeGreaterThan(EVENTS.length);
});

test("a cluster that acknowledges before its disks do is found out", { timeout: 300_000 }, () => {
  const found = EVENTS.slice(6).map((event) => recoverFrom(event, "lose", "1", ["ack-before-fsync"]).wrong);
  expect(found.filter((wrong) => wrong !== "").length).toBeGreaterThan(0);
});
