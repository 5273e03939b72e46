// Models of one's own: the examples of the documentation, run as they stand there, and one that has a built-in one's name.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createContext, Script } from "node:vm";
import { rolldown } from "rolldown";
import { describe, expect, it } from "vitest";
import { judge } from "../../../src/checker/linearizability/check.ts";
import type { Operation } from "../../../src/checker/linearizability/history.ts";
import { type Model, OBSERVES } from "../../../src/checker/linearizability/model.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CHECKER = `${ROOT}/src/checker/linearizability/index.ts`;

/** The examples of the documentation that name `word`. */
function examples(word: string): readonly string[] {
  const text = readFileSync(`${ROOT}/docs/LINEARIZABILITY.md`, "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!).filter((code) => code.includes(word));
}

/** What `code` exports, run where there is nothing but the language. */
async function exported(code: string): Promise<Record<string, unknown>> {
  const bundle = await rolldown({
    input: "example.ts",
    logLevel: "silent",
    platform: "neutral",
    plugins: [
      {
        name: "example",
        resolveId: (id) => (id === "example.ts" ? id : id === "lockstep/checker" ? CHECKER : null),
        load: (id) => (id === "example.ts" ? code : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "iife", name: "example" });
  await bundle.close();
  const context = createContext(Object.create(null));
  new Script(output[0].code).runInContext(context, { timeout: 10_000 });
  return JSON.parse(new Script("JSON.stringify(example)").runInContext(context) as string) as Record<string, unknown>;
}

describe("a model of one's own", () => {
  it("judges as its example says", async () => {
    const [account] = examples("account");
    expect(await exported(account!)).toEqual({ verdict: "illegal" });
    const granted = account!.replace("input: 5", "input: 8");
    expect(await exported(granted)).toEqual({ verdict: "ok" });
  });

  it("may answer in several ways, as its example says", async () => {
    const [lagging] = examples("lagging");
    expect(await exported(lagging!)).toEqual({ verdicts: ["ok", "ok", "illegal"] });
  });

  it("is not taken for a built-in one of the same name", () => {
    // A register that reads the sum of all that was written.
    const sum: Model<number, number | "read", number> = {
      name: "register",
      init: () => 0,
      step(state, input, output) {
        if (input === "read") return output === undefined || output === state ? state : undefined;
        return state + input;
      },
      answers: (state, input) => [input === "read" ? state : 0],
      stateKey: (state) => state,
      inputKey: (input) => input,
      outputKey: (output) => output,
      effect: (input) => (input === "read" ? OBSERVES : 0),
      describe: (input, output) => `${input} → ${output ?? "?"}`,
      describeState: String,
    };
    const operations = Array.from({ length: 30 }, (_, i): Operation<number | "read", number> => {
      const [input, output] = i % 2 === 0 ? ([1, 0] as const) : (["read", (i + 1) / 2] as const);
      return { process: 0, input, output, invokedAt: 2 * i, endedAt: 2 * i + 1, line: 0 };
    });
    expect(judge(sum, { operations, events: 60 }).verdict).toBe("ok");
    const wrong = operations.map((operation, i) => (i === 29 ? { ...operation, output: 14 } : operation));
    expect(judge(sum, { operations: wrong, events: 60 }).verdict).toBe("illegal");
  });
});
