// Laws of the depth-first search: it says what brute force says, and shows an order that anyone can verify.

import { describe, expect, it } from "vitest";
import { searchDepthFirst } from "../../../src/checker/linearizability/depth-first.ts";
import type { Operation } from "../../../src/checker/linearizability/history.ts";
import { partsOf } from "../../../src/checker/linearizability/history.ts";
import type { CallModel } from "../../../src/checker/linearizability/model/register.ts";
import { MODEL_NAMES } from "../../../src/checker/linearizability/models.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainable } from "./brute-force.ts";
import { orderHolds } from "./order.ts";

const RUNS = Number(process.env.LOCKSTEP_RUNS ?? 500);

function judged(model: CallModel, operations: readonly Operation[], part: string): void {
  const result = searchDepthFirst(model, operations, part, 1_000_000);
  expect(result.verdict).toBe(explainable(model, operations, part) ? "ok" : "illegal");
  expect(orderHolds(model, operations, part, result.order, result.verdict === "ok")).toBe("");
}

describe("the depth-first search", () => {
  for (const name of ["queue", "stack", "kv"]) {
    it(`judges a ${name} with distinct values alike when it foresees the answers`, () => {
      const model = modelNamed(name);
      fc.assert(
        fc.property(histories(name, 8, true, true), (history) => {
          judged(
            model.foresee!(history.operations, model.init(name === "kv" ? "x" : "")),
            history.operations,
            name === "kv" ? "x" : "",
          );
        }),
        { numRuns: RUNS },
      );
    });
  }

  for (const name of MODEL_NAMES) {
    const model = modelNamed(name);

    it(`judges a ${name} as brute force does, with an order that holds`, () => {
      fc.assert(
        fc.property(histories(name, 7), (history) => {
          for (const part of partsOf(model, history.operations)) {
            const operations = part.indexes.map((i) => history.operations[i]!);
            judged(model, operations, part.name);
            if (model.foresee === undefined) continue;
            const knowing = model.foresee(operations, model.init(part.name));
            judged(knowing, operations, part.name);
          }
        }),
        { numRuns: RUNS },
      );
    });
  }
});
