/** A run says when more was away than its cluster is meant to survive. */

import { describe, expect, test } from "vitest";
import { resumeRun, startRun } from "../../src/run/execute.ts";
import { restoreScenario } from "../../src/run/restore-scenario.ts";
import type { BeyondReport } from "../../src/run/result.ts";
import { scenarioOf, tell } from "../world/story.ts";

const SECOND = 1_000_000;

function beyond(faults: string, members: number = 5, more: string = ""): readonly BeyondReport[] {
  return tell(`duration: 12s\ncluster: { members: ${members} }\n${more}\nfaults:\n${faults}`).result.beyond;
}

describe("the fault budget", () => {
  test("two of five may be away, however they are", () => {
    expect(beyond("  - { at: 3s, crash: n1, for: 4s }\n  - { at: 4s, pause: n2, for: 2s }")).toEqual([]);
    expect(beyond("  - { at: 3s, partition: { isolate: [n1, n2] }, for: 4s }")).toEqual([]);
  });

  test("a third one is beyond it, for as long as it lasts", () => {
    const faults = "  - { at: 3s, crash: [n1, n2], for: 4s }\n  - { at: 4s, partition: { isolate: n3 }, for: 2s }";
    expect(beyond(faults)).toEqual([
      { what: "members", members: [1, 2, 3], tolerated: 2, fromMicros: 4 * SECOND, untilMicros: 6 * SECOND },
    ]);
  });

  test("the file may ask for less", () => {
    expect(beyond("  - { at: 3s, crash: [n1, n2] }", 5, "budget: { membersDown: 1 }")).toEqual([
      { what: "members", members: [1, 2], tolerated: 1, fromMicros: 3 * SECOND, untilMicros: null },
    ]);
  });

  test("halves that meet nobody are all cut off", () => {
    expect(beyond("  - { at: 3s, partition: { groups: [[n1, n2], [n3, n4]] } }", 4)).toMatchObject([
      { members: [1, 2, 3, 4], tolerated: 1 },
    ]);
  });

  test("volumes of a majority that are gone are beyond any budget, and stay it", () => {
    expect(beyond("  - { at: 3s, destroy: [n1, n2] }", 3, "budget: { membersDown: 3 }")).toEqual([
      { what: "volumes", members: [1, 2], tolerated: 1, fromMicros: 3 * SECOND, untilMicros: null },
    ]);
  });

  test("a member that was removed is not missed", () => {
    expect(beyond("  - { at: 7s, member: { remove: n1 } }\n  - { at: 9s, crash: n2 }", 4)).toEqual([]);
  });

  test("a run that is saved within a stretch goes on with it, and the saved one stands still", () => {
    const scenario = scenarioOf("duration: 12s\nfaults:\n  - { at: 3s, crash: [n1, n2], for: 4s }");
    const run = startRun(scenario, "1");
    while (run.run.world.atMicros < 5 * SECOND) run.advance(1);
    const saved = run.save();
    const again = resumeRun(saved);
    for (const one of [run, again]) {
      while (!one.advance(1 << 16)) {
        // Goes on until it is over.
      }
    }
    expect(again.result().beyond).toEqual(run.result().beyond);
    expect(run.result().beyond).toMatchObject([{ untilMicros: 7 * SECOND }]);
    expect(saved.collector.budget?.beyond).toMatchObject([{ untilMicros: null }]);
  });

  test("it comes back from an artifact", () => {
    const scenario = scenarioOf("budget: { membersDown: 0 }");
    expect(restoreScenario(JSON.parse(JSON.stringify(scenario)))).toMatchObject({
      scenario: { budget: { membersDown: 0 } },
    });
  });
});
