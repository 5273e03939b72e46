// Random small histories for every model: an object that behaves, run under random interleavings, with some operations
// lost and some answers falsified. About half of them come out illegal.

import type { History, Operation } from "../../../src/checker/linearizability/history.ts";
import type { CallModel } from "../../../src/checker/linearizability/model/register.ts";
import { modelOf } from "../../../src/checker/linearizability/models.ts";
import type { Value } from "../../../src/checker/linearizability/value.ts";
import { Call } from "../../../src/checker/linearizability/value.ts";
import { fc } from "../../properties.ts";

const small: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 });

function calls(model: string): fc.Arbitrary<Call> {
  const call = (f: string, key: string, value: Value): Call => new Call(f, key, value);
  const keys = fc.constantFrom("x", "y");
  switch (model) {
    case "register":
      return fc.oneof(
        fc.constant(call("read", "", null)),
        small.map((v) => call("write", "", v)),
      );
    case "cas-register":
      return fc.oneof(
        fc.constant(call("read", "", null)),
        small.map((v) => call("write", "", v)),
        fc.tuple(small, small).map(([a, b]) => call("cas", "", [a, b])),
      );
    case "kv-cas":
      return fc.oneof(
        keys.map((k) => call("get", k, null)),
        fc.tuple(keys, small).map(([k, v]) => call("put", k, `v${v}`)),
        keys.map((k) => call("delete", k, null)),
        fc.tuple(keys, fc.constantFrom(null, "v0", "v1"), small).map(([k, a, b]) => call("cas", k, [a, `v${b}`])),
      );
    case "kv":
      return fc.oneof(
        fc.constant(call("get", "x", null)),
        fc.constantFrom("a", "b", "ab").map((v) => call("put", "x", v)),
        fc.constantFrom("a", "b").map((v) => call("append", "x", v)),
      );
    case "set":
      return fc
        .tuple(fc.constantFrom("add", "remove", "contains"), fc.constantFrom(1, 2))
        .map(([f, v]) => call(f, "", v));
    case "queue":
      return fc.oneof(
        fc.constant(call("dequeue", "", null)),
        small.map((v) => call("enqueue", "", v)),
      );
    case "stack":
      return fc.oneof(
        fc.constant(call("pop", "", null)),
        small.map((v) => call("push", "", v)),
      );
    case "mutex":
      return fc.constantFrom(call("acquire", "", null), call("release", "", null));
    case "multi-register":
      return fc
        .array(
          fc.oneof(
            fc.constantFrom("k0", "k1").map((k): Value => ["read", k, null]),
            fc.tuple(fc.constantFrom("k0", "k1"), small).map(([k, v]): Value => ["write", k, v]),
          ),
          { minLength: 1, maxLength: 2 },
        )
        .map((txn) => call("txn", "", txn));
    case "etcd":
      return fc.oneof(
        keys.map((k) => call("get", k, null)),
        fc.tuple(keys, small).map(([k, v]) => call("put", k, `v${v}`)),
        keys.map((k) => call("delete", k, null)),
        fc.tuple(keys, fc.constantFrom(null, "v0", "v1"), small).map(([k, a, b]) => call("cas", k, [a, `v${b}`])),
        fc.constantFrom("y", "z").map((to) => call("range", "", ["x", to])),
        fc.tuple(keys, small).map(([k, v]) =>
          call("txn", "", [
            ["put", "x", "both"],
            ["put", k, `v${v}`],
          ]),
        ),
      );
    default:
      return fc
        .array(
          fc.oneof(
            fc.constantFrom(0, 1).map((k): Value => ["r", k, null]),
            fc.tuple(fc.constantFrom(0, 1), small).map(([k, v]): Value => ["append", k, v]),
          ),
          { minLength: 1, maxLength: 2 },
        )
        .map((txn) => call("txn", "", txn));
  }
}

/** The model `name` as the tests begin it. */
export function modelNamed(name: string): CallModel {
  const initial =
    name === "multi-register"
      ? new Map<string, Value>([
          ["k0", 0],
          ["k1", 0],
        ])
      : name === "cas-register"
        ? 0
        : null;
  return modelOf(name, initial)!;
}

interface Plan {
  readonly call: Call;
  readonly process: number;
  /** Where among the later draws it takes effect and ends. */
  readonly effect: number;
  readonly end: number;
  readonly fate: number;
  readonly lie: number;
}

/**
 * Histories of up to `size` operations of `name`. Draws are played in order: each invokes the next plan; an operation takes
 * effect and ends a few draws later. `unique`: every written number is distinct, from 10 on. `model` behaves.
 */
export function histories(
  name: string,
  size: number = 6,
  lossy: boolean = true,
  unique: boolean = false,
  model: CallModel = modelNamed(name),
): fc.Arbitrary<History> {
  const plan: fc.Arbitrary<Plan> = fc.record({
    call: calls(name),
    process: fc.constant(0),
    effect: fc.integer({ min: 0, max: 3 }),
    end: fc.integer({ min: 0, max: 3 }),
    fate: fc.integer({ min: 0, max: 9 }),
    lie: fc.integer({ min: 0, max: 14 }),
  });
  return fc
    .array(plan, { maxLength: size, size: "max" })
    .map((plans) => play(model, unique ? plans.map(withOwnValue) : plans, lossy));
}

type Micro = readonly Value[];

/** The plan with a value that no other one writes; of transactions only what they append. */
function withOwnValue(plan: Plan, i: number): Plan {
  const { f, key, value } = plan.call;
  const own = key === "" ? i + 10 : `v${i + 10}`;
  if (f === "cas") {
    const expected = (value as readonly Value[])[0]!;
    const before = i === 0 || expected === null ? expected : key === "" ? i + 9 : `v${i + 9}`;
    return { ...plan, call: new Call(f, key, [before, own]) };
  }
  if (f === "txn") {
    const own = (value as readonly Micro[]).map(
      (micro, at): Value => (micro[0] === "append" ? ["append", micro[1]!, 10 + 4 * i + at] : micro),
    );
    return { ...plan, call: new Call(f, key, own) };
  }
  const writes = f === "write" || f === "put" || f === "enqueue" || f === "push";
  return writes ? { ...plan, call: new Call(f, key, own) } : plan;
}

function falsified(model: CallModel, call: Call, answer: Value, lie: number): Value {
  if (model.name === "etcd") {
    const [revision, second = null, third = null] = answer as readonly Value[];
    if (lie < 2) return [Math.max(1, (revision as number) + 2 * lie - 1), ...(answer as readonly Value[]).slice(1)];
    if (lie > 2 || second === null || typeof second === "object") return answer;
    if (typeof second === "boolean") return [revision!, !second];
    return call.f === "delete" ? [revision!, 1 - (second as number)] : [revision!, "v0", third!];
  }
  if (typeof answer === "boolean" && (model.name === "set" || call.f === "cas")) return lie === 0 ? !answer : answer;
  if (call.f === "txn") {
    return (answer as readonly (readonly Value[])[]).map((micro) => {
      if (micro[0] !== "read" && micro[0] !== "r") return micro;
      // A read of nil says nothing of a register, and of a list that it is empty.
      if (lie > 11 && (micro[0] === "read" || (micro[2] as readonly Value[]).length === 0))
        return [micro[0], micro[1]!, null];
      if (lie > 1) return micro;
      if (micro[0] === "read") return [micro[0], micro[1]!, lie];
      const list = micro[2] as readonly Value[];
      return [micro[0], micro[1]!, lie === 0 ? list.slice(0, -1) : list.length > 1 ? [...list].reverse() : [0]];
    });
  }
  if (lie > 2 || answer === true) return answer;
  if (typeof answer === "number" && answer >= 10) return answer + lie - 1;
  return model.name === "kv" ? ["", "a", "b"][lie]! : model.name === "kv-cas" ? [null, "v0", "v1"][lie]! : lie;
}

function play(model: CallModel, plans: readonly Plan[], lossy: boolean): History {
  const states = new Map<string, Value>();
  const agenda: { at: number; order: number; run: () => void }[] = [];
  const operations: (Operation & { output: Value | undefined })[] = [];
  let position = 0;
  plans.forEach((plan, i) => {
    const begun = i * 2;
    let answer: Value | undefined;
    let index = -1;
    let blocked = false;
    const effectAt = begun + plan.effect;
    const endAt = effectAt + plan.end;
    agenda.push({
      at: begun,
      order: i * 3,
      run: () => {
        index = operations.length;
        operations.push({
          process: i,
          input: plan.call,
          output: undefined,
          invokedAt: position++,
          endedAt: -1,
          line: 0,
        });
      },
    });
    agenda.push({
      at: effectAt,
      order: i * 3 + 1,
      run: () => {
        const part = model.partition?.(plan.call) ?? "";
        const state = states.get(part) ?? model.init(part);
        const [said] = model.answers(state, plan.call);
        if (said === undefined) blocked = true;
        else if (!(lossy && plan.fate === 0)) states.set(part, model.step(state, plan.call, said)!);
        answer = said;
      },
    });
    agenda.push({
      at: endAt,
      order: i * 3 + 2,
      run: () => {
        const operation = operations[index]! as { output: Value | undefined; endedAt: number };
        const lost = (blocked && plan.lie > 4) || (lossy && plan.fate <= 2);
        if (!lost) operation.output = falsified(model, plan.call, answer ?? true, plan.lie);
        operation.endedAt = position++;
      },
    });
  });
  agenda.sort((a, b) => a.at - b.at || a.order - b.order);
  for (const entry of agenda) entry.run();
  return { operations, events: position };
}
