// Laws of judging online: whatever the budget makes of it, the frontier all along or looks at the whole, the verdict is that
// of brute force and the line is that of the first impossible event.

import { describe, expect, it } from "vitest";
import { judge } from "../../../src/checker/linearizability/check.ts";
import { jsonLines } from "../../../src/checker/linearizability/export/jepsen.ts";
import type { HistoryEvent } from "../../../src/checker/linearizability/format/event.ts";
import { readJsonLine } from "../../../src/checker/linearizability/format/lines.ts";
import type { History } from "../../../src/checker/linearizability/history.ts";
import { prefixOf } from "../../../src/checker/linearizability/history.ts";
import type { CallModel } from "../../../src/checker/linearizability/model/register.ts";
import { MODEL_NAMES } from "../../../src/checker/linearizability/models.ts";
import { createOnline, finish, ONLINE_BUDGET, observe } from "../../../src/checker/linearizability/online.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainableByParts } from "./brute-force.ts";

/** So many that the shares asked for below lie four deviations from their means. */
const RUNS = 3 * Number(process.env.LOCKSTEP_RUNS ?? 200);

/** Nothing can be held: each part is judged late from its first completion on. */
const NO_BUDGET = { frontier: 0, perEvent: 0, lost: 0 };

/** Whether the operation is told to have failed in the place of having been lost. */
function fails(process: number, output: unknown): boolean {
  return output === undefined && process % 2 === 0;
}

/** The events of `history` as a file of JSON lines has them; an event at position p stands in line p + 2. */
function eventsOf(name: string, history: History): readonly HistoryEvent[] {
  const lines = jsonLines(history, name, null, "observed").trimEnd().split("\n");
  const byProcess = new Map(history.operations.map(({ process, output }) => [process, output]));
  return lines.slice(1).map((line, i): HistoryEvent => {
    const event = readJsonLine(line, i + 2)!;
    return event.type === "info" && fails(event.process, byProcess.get(event.process))
      ? { ...event, type: "fail" }
      : event;
  });
}

function firstBadLine(model: CallModel, history: History): number {
  for (let at = 0; at <= history.events; at++) {
    const told = history.operations.filter(({ process, output, endedAt }) => !fails(process, output) || endedAt >= at);
    if (!explainableByParts(model, prefixOf({ ...history, operations: told }, at).operations)) return at + 1;
  }
  return -1;
}

describe("judging online", () => {
  for (const name of MODEL_NAMES) {
    const model = modelNamed(name);
    // A failed cas is an observation, and so not a failure like others.
    const dialect = { model: name, failCas: "discarded" as const, nilSaysNothing: false };

    for (const [how, budget] of [
      ["with a frontier all along", ONLINE_BUDGET],
      ["by looks at the whole", NO_BUDGET],
    ] as const) {
      it(`names the first impossible event of a ${name}, ${how}`, () => {
        let late = 0;
        let illegal = 0;
        fc.assert(
          fc.property(histories(name, 6), (history) => {
            const online = createOnline(dialect, model, budget);
            for (const event of eventsOf(name, history)) {
              const refused = event.type === "fail" && event.f === "cas" && !isLost(history, event.process);
              observe(online, refused ? { ...event, type: "ok", value: false } : event);
            }
            finish(online);
            late += online.late;
            const expected = firstBadLine(model, history);
            expect(online.verdict).toBe(expected < 0 ? "ok" : "illegal");
            expect(online.violation?.line ?? -1).toBe(expected);
            if (expected < 0) return;
            illegal++;
            expect(online.violation!.noticedAtLine).toBeGreaterThanOrEqual(expected);
            if (budget === ONLINE_BUDGET) expect(online.violation!.noticedAtLine).toBe(expected);
          }),
          { numRuns: RUNS },
        );
        expect(illegal).toBeGreaterThan(RUNS / 40);
        if (budget === ONLINE_BUDGET) expect(late).toBe(0);
        else expect(late).toBeGreaterThan(RUNS / 3);
      });
    }
  }
});

/** What a whole may cost: one in some thousand costs seconds a prefix under the budget that commands have. */
const SMALL_BUDGET = { configurations: 20_000, perOperation: 32, remembered: 20_000 };

/**
 * The first line at which the prefix has no order any more, by halving and the judgement of whole histories; null where one is too
 * dear to judge.
 */
function firstBadLineByHalves(model: CallModel, history: History): number | null {
  const bad = (at: number): boolean | null => {
    const { verdict } = judge(model, prefixOf(history, at), SMALL_BUDGET);
    return verdict === "undecided" ? null : verdict === "illegal";
  };
  const whole = bad(history.events);
  if (whole !== true) return whole === null ? null : -1;
  let low = 0;
  let high = history.events;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const half = bad(middle);
    if (half === null) return null;
    if (half) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

// A `kv` with lost appends is the dear one: all the texts that they may have made are states.
describe("histories too long for brute force, with answers falsified", () => {
  for (const name of MODEL_NAMES) {
    for (const unique of [false, true]) {
      it(`are caught at the very event: ${name}${unique ? " with distinct values" : ""}`, () => {
        const model = modelNamed(name);
        const dialect = { model: name, failCas: "observed" as const, nilSaysNothing: false };
        let illegal = 0;
        let undecided = 0;
        fc.assert(
          fc.property(histories(name, name === "kv" ? 14 : 30, true, unique), (history) => {
            const online = createOnline(dialect, model);
            jsonLines(history, name, null, "observed")
              .trimEnd()
              .split("\n")
              .slice(1)
              .forEach((line, i) => {
                observe(online, readJsonLine(line, i + 2)!);
              });
            finish(online);
            const expected = firstBadLineByHalves(model, history);
            if (expected === null) {
              undecided++;
              return;
            }
            expect(online.violation?.line ?? -1).toBe(expected);
            if (expected >= 0) illegal++;
          }),
          { numRuns: RUNS },
        );
        expect(illegal).toBeGreaterThan(RUNS / 10);
        expect(undecided).toBeLessThan(RUNS / 100);
      });
    }
  }
});

function isLost(history: History, process: number): boolean {
  return history.operations.find((operation) => operation.process === process)!.output === undefined;
}
