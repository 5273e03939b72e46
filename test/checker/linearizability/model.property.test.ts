// Laws that hold every built-in model to what it claims of its operations; the searches rely on these claims.

import { describe, expect, it } from "vitest";
import { BLIND, deterministic, OBSERVES, OVERWRITES } from "../../../src/checker/linearizability/model.ts";
import { MODEL_NAMES } from "../../../src/checker/linearizability/models.ts";
import type { Value } from "../../../src/checker/linearizability/value.ts";
import { Call, callKey, valueKey } from "../../../src/checker/linearizability/value.ts";
import { fc } from "../../properties.ts";
import { histories, modelNamed } from "./arbitrary.ts";
import { explainableByParts } from "./brute-force.ts";

describe("a model", () => {
  for (const name of MODEL_NAMES) {
    it(`of a ${name} keeps what it claims of its operations`, () => {
      const model = modelNamed(name);
      let seen = 0;
      fc.assert(
        fc.property(histories(name, 6, true), (history) => {
          let state = model.init("x");
          for (const { input, output } of history.operations) {
            const key = model.stateKey(state);
            const effect = model.effect(input, output);
            const after = model.step(state, input, output);
            if (effect & OBSERVES && after !== undefined) expect(model.stateKey(after)).toBe(key);
            if (effect & BLIND && output !== undefined) expect(after).not.toBe(undefined);
            if (effect & OVERWRITES) {
              expect(effect & BLIND).toBe(BLIND);
              expect(model.stateKey(model.step(model.init("x"), input, undefined)!)).toBe(model.stateKey(after!));
            }
            const required = effect & BLIND ? undefined : model.requires?.(input, output);
            if (required !== undefined && output !== undefined && after !== undefined) {
              expect(model.stateKey(required)).toBe(key);
            }
            if (
              required !== undefined &&
              output === undefined &&
              after !== undefined &&
              model.stateKey(after) !== key
            ) {
              expect(model.stateKey(required)).toBe(key);
            }
            const answers = model.answers(state, input);
            if (output !== undefined) {
              // The searches look for a recorded answer among those that the object gives.
              const stands = answers.some(
                (answer) =>
                  model.outputKey(answer) === model.outputKey(output) || model.fits?.(answer, output) === true,
              );
              expect(stands).toBe(after !== undefined);
            }
            for (const answer of answers) {
              const own = model.step(state, input, answer);
              expect(own).not.toBe(undefined);
              state = own!;
              seen++;
            }
          }
        }),
        { numRuns: 300 },
      );
      expect(seen).toBeGreaterThan(300);
    });
  }
});

describe("a model that may answer in several ways", () => {
  /** A register that may lose a write without telling. */
  const forgetful = deterministic<Value, Call, Value>({
    name: "forgetful",
    init: () => [0],
    outcomes: (state, call) =>
      call.f === "read"
        ? [[state, state]]
        : [
            [true, call.value],
            [true, state],
          ],
    stateKey: valueKey,
    inputKey: callKey,
    outputKey: valueKey,
    describe: (call) => call.f,
    describeState: String,
  });

  const did = (f: string, value: Value, output: Value, at: number) => ({
    process: 0,
    input: new Call(f, "", value),
    output,
    invokedAt: at,
    endedAt: at + 1,
    line: 0,
  });

  it("is judged by the set of states it may be in", () => {
    const write = did("write", 1, true, 0);
    expect(explainableByParts(forgetful, [write, did("read", null, 0, 2)])).toBe(true);
    expect(explainableByParts(forgetful, [write, did("read", null, 1, 2)])).toBe(true);
    expect(explainableByParts(forgetful, [write, did("read", null, 1, 2), did("read", null, 0, 4)])).toBe(false);
  });

  it("has one state for equal sets, in whatever order they came about", () => {
    const one = forgetful.step(forgetful.init(""), new Call("write", "", 1), true)!;
    const two = forgetful.step(one, new Call("write", "", 2), true)!;
    const other = forgetful.step(
      forgetful.step(forgetful.init(""), new Call("write", "", 2), true)!,
      new Call("write", "", 1),
      true,
    )!;
    expect(forgetful.stateKey(two)).toBe(forgetful.stateKey(other));
    expect(forgetful.describeState(one)).toBe("{0 | 1}");
  });
});
