import { describe, expect, it } from "vitest";
import { artifactOf, artifactText, readArtifact } from "../../src/run/artifact.ts";
import { executeScenario, expandScenario, startRun } from "../../src/run/execute.ts";
import { restoreScenario } from "../../src/run/restore-scenario.ts";
import { readToken, TOKEN_PREFIX, tokenOf } from "../../src/run/token.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { expandVariants, type Scenario } from "../../src/scenario/scenario.ts";
import { fc, test } from "../properties.ts";

const FILE = `
name: token
about: What is left out of the token.
duration: 4s
cluster: { members: 3 }
workload: { name: kv, clients: 2, rate: 20/s, ops: { put: 2, get: 1 }, until: 3s }
random: { from: 1s, until: 3s, every: { dist: exponential, mean: 300ms }, pick: { crash: 2, delay: 1, pause: 1 } }
variants:
  one: { cluster: { members: 5 } }
`;

function story(): Scenario {
  const { scenario, problems } = parseScenario(FILE);
  if (scenario === null) throw new Error(problems.map((problem) => problem.message).join("; "));
  return expandVariants(scenario)[0] as Scenario;
}

/** Every place in a value where something stands that is no map or list. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, key]));
}

function changed(value: unknown, path: readonly string[], to: unknown): unknown {
  if (path.length === 0) return to;
  const [key, ...rest] = path as [string, ...string[]];
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = changed(copy[key], rest, to);
  return copy;
}

describe("a token", () => {
  it("makes the same run again, with random faults fixed and the variant's name", () => {
    const scenario = expandScenario(story(), "7");
    const result = executeScenario(scenario, "7");
    const token = tokenOf(scenario, result);
    expect(token).toMatch(/^ls1_[A-Za-z0-9_-]+$/);
    const read = readToken(token);
    if ("problem" in read) throw new Error(read.problem);
    expect(read).toMatchObject({ seed: "7", digest: result.digest, events: result.events, stoppedAfter: null });
    expect(read.scenario.variant).toBe("one");
    expect(executeScenario(read.scenario, read.seed).digest).toBe(result.digest);
  });

  it("that is cut off anywhere is refused in words", () => {
    const scenario = expandScenario(story(), "7");
    const token = tokenOf(scenario, executeScenario(scenario, "7"));
    for (let length = TOKEN_PREFIX.length; length < token.length; length += 7) {
      const read = readToken(token.slice(0, length));
      expect("problem" in read, `cut at ${length}`).toBe(true);
    }
  });

  test.prop([fc.base64String()])("of any other text is refused in words", (text) => {
    expect(readToken(TOKEN_PREFIX + text)).toHaveProperty("problem");
  });
});

describe("the scenario of an artifact", () => {
  const scenario = expandScenario(story(), "7");
  const recorded = JSON.parse(artifactText(artifactOf(scenario, executeScenario(scenario, "7"), null)));
  const places = leaves(recorded.scenario);

  it("comes back as it was", () => {
    expect(restoreScenario(recorded.scenario)).toEqual({ scenario });
  });

  test.prop([fc.constantFrom(...places), fc.constantFrom<unknown>(null, -1, 0.5, 1e300, 7777, "x", "", true, {}, [])])(
    "that was changed by hand is refused, or is a scenario that can be set off",
    (path, value) => {
      const restored = restoreScenario(changed(recorded.scenario, path, value));
      if ("problem" in restored) expect(restored.problem).not.toBe("");
      else startRun(restored.scenario, "1").advance(100);
    },
  );

  it("is asked for by the reader of artifacts", () => {
    expect(readArtifact(JSON.stringify({ ...recorded, scenario: null }))).toHaveProperty("problem");
  });
});
