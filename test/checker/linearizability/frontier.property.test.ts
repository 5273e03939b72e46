// Laws of the online checker: it says what brute force says, at every single event, for every model.

import { describe, expect, it } from "vitest";
import {
  cloneFrontier,
  complete,
  createFrontier,
  FRONTIER_BUDGET,
  failed,
  hashFrontier,
  invoke,
  unknown,
} from "../../../src/checker/linearizability/frontier.ts";
import type { History } from "../../../src/checker/linearizability/history.ts";
import { endsInOrder, partsOf, prefixOf } from "../../../src/checker/linearizability/history.ts";
import type { CallModel } from "../../../src/checker/linearizability/model/register.ts";
import { MODEL_NAMES } from "../../../src/checker/linearizability/models.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainableByParts } from "./brute-force.ts";

/** Histories per law; `LOCKSTEP_RUNS` raises it for a long night. */
const RUNS = Number(process.env.LOCKSTEP_RUNS ?? 500);

/** Position of the event at which the frontier finds no order any more; -1 where it never does. */
function firstBadEvent(model: CallModel, history: History, foreknown: boolean, clones: boolean): number {
  let first = -1;
  for (const part of partsOf(model, history.operations)) {
    const operations = part.indexes.map((i) => history.operations[i]!);
    let f = createFrontier(model, FRONTIER_BUDGET, part.name);
    for (const end of endsInOrder(operations)) {
      const operation = operations[end >> 1]!;
      if (clones) {
        const twin = cloneFrontier(f);
        expect(hashFrontier(twin, model)).toBe(hashFrontier(f, model));
        f = twin;
      }
      if ((end & 1) === 0) {
        invoke(
          f,
          model,
          end >> 1,
          operation.input,
          foreknown ? operation.output : undefined,
          foreknown && operation.output !== undefined ? operation.endedAt : -1,
        );
      } else if (operation.output === undefined) {
        unknown(f, model, end >> 1);
      } else if (complete(f, model, end >> 1, operation.output) === "illegal") {
        if (first < 0 || operation.endedAt < first) first = operation.endedAt;
        break;
      }
      expect(f.verdict).toBe("ok");
    }
  }
  return first;
}

function firstBadByBruteForce(model: CallModel, history: History): number {
  for (let at = 0; at <= history.events; at++) {
    if (!explainableByParts(model, prefixOf(history, at).operations)) return at - 1;
  }
  return -1;
}

/** The same where every unknown operation of an even process is told to have failed at its end. */
function firstBadWithFailures(model: CallModel, history: History): number {
  let first = -1;
  for (const part of partsOf(model, history.operations)) {
    const operations = part.indexes.map((i) => history.operations[i]!);
    const f = createFrontier(model, FRONTIER_BUDGET, part.name);
    for (const end of endsInOrder(operations)) {
      const { input, output, process, endedAt } = operations[end >> 1]!;
      if ((end & 1) === 0) invoke(f, model, end >> 1, input);
      else if (output !== undefined) complete(f, model, end >> 1, output);
      else if (process % 2 === 0) failed(f, model, end >> 1);
      else unknown(f, model, end >> 1);
      if (f.verdict === "ok") continue;
      if (first < 0 || endedAt < first) first = endedAt;
      break;
    }
  }
  return first;
}

function firstBadWithFailuresByBruteForce(model: CallModel, history: History): number {
  for (let at = 0; at <= history.events; at++) {
    const told = history.operations.filter(
      ({ output, process, endedAt }) => output !== undefined || process % 2 === 1 || endedAt >= at,
    );
    if (!explainableByParts(model, prefixOf({ ...history, operations: told }, at).operations)) return at - 1;
  }
  return -1;
}

describe("the frontier", () => {
  for (const name of MODEL_NAMES) {
    const model = modelNamed(name);

    it(`finds the same first impossible event of a ${name} as brute force`, () => {
      fc.assert(
        fc.property(histories(name), (history) => {
          expect(firstBadEvent(model, history, false, false)).toBe(firstBadByBruteForce(model, history));
        }),
        { numRuns: RUNS },
      );
    });

    it(`judges a ${name} alike when the answers are known beforehand`, () => {
      fc.assert(
        fc.property(histories(name), (history) => {
          const first = firstBadEvent(model, history, true, false);
          expect(first >= 0).toBe(!explainableByParts(model, history.operations));
        }),
        { numRuns: RUNS },
      );
    });

    it(`forgets a ${name}'s operation that failed after all, at that very event`, () => {
      fc.assert(
        fc.property(histories(name), (history) => {
          expect(firstBadWithFailures(model, history)).toBe(firstBadWithFailuresByBruteForce(model, history));
        }),
        { numRuns: RUNS },
      );
    });

    it(`goes on from a clone of a ${name} as from the original`, () => {
      fc.assert(
        fc.property(histories(name, 8), (history) => {
          expect(firstBadEvent(model, history, false, true)).toBe(firstBadEvent(model, history, false, false));
        }),
        { numRuns: 100 },
      );
    });
  }
});
