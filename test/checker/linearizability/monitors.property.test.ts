// Laws of the polynomial judgements: what they refute has no order, what they prove has one, and where values are distinct
// they leave little to the search.

import { describe, expect, it } from "vitest";
import { type Operation, partsOf } from "../../../src/checker/linearizability/history.ts";
import { judgeByVersions } from "../../../src/checker/linearizability/list-versions.ts";
import { modelOf } from "../../../src/checker/linearizability/models.ts";
import { judgeQueue } from "../../../src/checker/linearizability/queue-aspects.ts";
import { judgeByRevisions } from "../../../src/checker/linearizability/revisions.ts";
import { judgeStack } from "../../../src/checker/linearizability/stack-nesting.ts";
import { Call, type Value } from "../../../src/checker/linearizability/value.ts";
import { judgeByZones } from "../../../src/checker/linearizability/zones.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainable } from "./brute-force.ts";
import { orderHolds } from "./order.ts";

const RUNS = Number(process.env.LOCKSTEP_RUNS ?? 500);

describe("zones", () => {
  for (const name of ["register", "cas-register", "kv-cas"]) {
    for (const unique of [false, true]) {
      it(`are never wrong about a ${name}${unique ? " with distinct values" : ""}`, () => {
        const model = modelNamed(name);
        let decided = 0;
        let all = 0;
        fc.assert(
          fc.property(histories(name, 7, true, unique), (history) => {
            for (const part of partsOf(model, history.operations)) {
              const operations = part.indexes.map((i) => history.operations[i]!);
              const { refutation, order } = judgeByZones(model, operations, part.name);
              const legal = explainable(model, operations, part.name);
              all++;
              if (refutation !== undefined || order !== undefined) decided++;
              if (refutation !== undefined) expect(legal, refutation.text).toBe(false);
              if (order !== undefined) {
                expect(legal).toBe(true);
                expect(orderHolds(model, operations, part.name, order, true)).toBe("");
              } else if (unique && name === "register") {
                expect(refutation === undefined).toBe(legal);
                expect(legal).toBe(false);
              }
            }
          }),
          { numRuns: RUNS },
        );
        // That it decides at all; how large its share is varies with the histories drawn (about one half for a kv-cas).
        if (unique) expect(decided / all).toBeGreaterThan(name === "register" ? 0.99 : 0.25);
      });
    }
  }
});

describe("revisions", () => {
  for (const lossy of [false, true]) {
    it(`decide a history of etcd${lossy ? " with lost operations" : ""} as brute force does`, () => {
      const model = modelNamed("etcd");
      let decided = 0;
      let illegal = 0;
      let all = 0;
      fc.assert(
        fc.property(histories("etcd", 7, lossy), (history) => {
          const verdict = judgeByRevisions(model, history.operations);
          all++;
          if (verdict === undefined) return;
          decided++;
          const legal = explainable(model, history.operations);
          expect(verdict.refutation === undefined, verdict.refutation?.text).toBe(legal);
          if (legal) expect(orderHolds(model, history.operations, "", verdict.order ?? [], true)).toBe("");
          else illegal++;
        }),
        { numRuns: 2 * RUNS },
      );
      expect(decided / all).toBeGreaterThan(lossy ? 0.9 : 0.9999);
      expect(illegal).toBeGreaterThan(RUNS / 10);
    });
  }
});

/** Begins with two values inside, or with none. */
const BEGINNINGS: readonly (readonly [string, readonly Value[]])[] = [
  ["", []],
  [" that begins with two values", [1, 2]],
];

describe("the aspects of a queue", () => {
  for (const [begun, initial] of BEGINNINGS) {
    for (const lossy of [false, true]) {
      it(`decide a queue${begun} with distinct values${lossy ? " and lost operations" : ""} as brute force does`, () => {
        const model = modelOf("queue", initial)!;
        let losses = 0;
        let illegal = 0;
        fc.assert(
          fc.property(histories("queue", 8, lossy, true, model), (history) => {
            const verdict = judgeQueue(model, history.operations);
            const legal = explainable(model, history.operations);
            expect(verdict?.refutation === undefined, verdict?.refutation?.text).toBe(legal);
            expect(verdict).not.toBe(undefined);
            if (!legal) illegal++;
            if (history.operations.some(({ input, output }) => input.f === "dequeue" && output === undefined)) losses++;
          }),
          { numRuns: 2 * RUNS },
        );
        expect(illegal).toBeGreaterThan(RUNS / 20);
        if (lossy) expect(losses).toBeGreaterThan(RUNS / 5);
      });
    }
  }
});

describe("the nesting of a stack", () => {
  for (const [begun, initial] of BEGINNINGS) {
    for (const lossy of [false, true]) {
      it(`decides a stack${begun} with distinct values${lossy ? " and lost operations" : ""} as brute force does`, () => {
        const model = modelOf("stack", initial)!;
        let applied = 0;
        let proved = 0;
        let losses = 0;
        fc.assert(
          fc.property(histories("stack", 8, lossy, true, model), (history) => {
            const verdict = judgeStack(model, history.operations);
            if (history.operations.some(({ input, output }) => input.f === "pop" && output === undefined)) losses++;
            if (verdict === undefined) return;
            applied++;
            const legal = explainable(model, history.operations);
            expect(verdict.refutation === undefined, verdict.refutation?.text).toBe(legal);
            if (!legal) return;
            proved++;
            expect(orderHolds(model, history.operations, "", verdict.order ?? [], true)).toBe("");
          }),
          { numRuns: 2 * RUNS },
        );
        expect(proved).toBeGreaterThan(RUNS / 10);
        expect(applied / (2 * RUNS)).toBeGreaterThan(lossy ? 0.98 : 0.9999);
        if (lossy) expect(losses).toBeGreaterThan(RUNS / 5);
      });
    }
  }
});

describe("the versions of lists", () => {
  for (const lossy of [false, true]) {
    it(`decide transactions that append distinct values${lossy ? ", some of them lost," : ""} as brute force does`, () => {
      const model = modelNamed("list-append");
      let proved = 0;
      let illegal = 0;
      fc.assert(
        fc.property(histories("list-append", 7, lossy, true), (history) => {
          const verdict = judgeByVersions(model, history.operations);
          const legal = explainable(model, history.operations);
          expect(verdict).not.toBe(undefined);
          expect(verdict!.refutation === undefined, verdict!.refutation?.text).toBe(legal);
          if (!legal) {
            illegal++;
            return;
          }
          proved++;
          expect(orderHolds(model, history.operations, "", verdict!.order ?? [], true)).toBe("");
        }),
        { numRuns: 2 * RUNS },
      );
      expect(illegal).toBeGreaterThan(RUNS / 10);
      expect(proved).toBeGreaterThan(RUNS / 10);
    });
  }

  it("say nothing where a value is appended twice", () => {
    const append = (process: number, invokedAt: number): Operation => {
      const txn: Value = [["append", "x", 1]];
      return { process, input: new Call("txn", "", txn), output: txn, invokedAt, endedAt: invokedAt + 1, line: 0 };
    };
    expect(judgeByVersions(modelNamed("list-append"), [append(0, 0), append(1, 2)])).toBe(undefined);
  });
});
