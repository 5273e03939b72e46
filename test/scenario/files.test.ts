import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { SELECTOR_WORDS } from "../../src/fault/selector.ts";
import { unsupported } from "../../src/run/execute.ts";
import { formatScenario, formatText } from "../../src/scenario/format.ts";
import { scenarioJsonSchema, scenarioJsonSchemaText } from "../../src/scenario/json-schema.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { formatProblem } from "../../src/scenario/problem.ts";
import { expandVariants } from "../../src/scenario/scenario.ts";
import { ACTION_KEYS } from "../../src/scenario/schema-action.ts";
import { MEASURES, STATISTICS } from "../../src/scenario/study.ts";
import { TEMPLATES, templateText } from "../../src/scenario/template.ts";

const root = resolve(import.meta.dirname, "../..");
const files = readdirSync(resolve(root, "scenarios"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\.ya?ml$/.test(file))
  .sort();

function read(source: string, name: string): NonNullable<ReturnType<typeof parseScenario>["scenario"]> {
  const { scenario, problems } = parseScenario(source);
  if (scenario === null) throw new Error(problems.map((problem) => formatProblem(problem, name, source)).join("\n"));
  return scenario;
}

describe("the scenario files", () => {
  it("there are some", () => expect(files.length).toBeGreaterThanOrEqual(10));

  it.each(files)("%s parses, says what it is about, and expects something", (file) => {
    const source = readFileSync(resolve(root, "scenarios", file), "utf8");
    const scenario = read(source, file);
    expect(scenario.title).not.toBe(scenario.name);
    expect(scenario.about).not.toBe("");
    // What a hunt begins with is judged by every property, and by nothing else.
    if (!file.startsWith("bugs/")) expect(scenario.expect.length).toBeGreaterThan(0);
    expect(scenario.seed).not.toBeNull();
  });

  it.each(files)("%s is laid out as `scenario fmt` would, and formatting changes nothing it says", (file) => {
    const source = readFileSync(resolve(root, "scenarios", file), "utf8");
    expect(formatText(source)).toBe(source);
    expect(read(formatScenario(read(source, file)), file)).toEqual(read(source, file));
  });

  it("names are unique", () => {
    const names = files.map((file) => read(readFileSync(resolve(root, "scenarios", file), "utf8"), file).name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("templates", () => {
  it.each(TEMPLATES.map((template) => template.id))("%s parses as it is, under the name it is given", (id) => {
    const source = templateText(id, "mine")!;
    expect(read(source, id).name).toBe("mine");
    expect(formatText(source)).toBe(source);
  });

  it("there is no template of another name", () => expect(templateText("nothing", "x")).toBeNull());
});

describe("the schema for editors", () => {
  it("the file is what the schema in zod gives; regenerate it where this fails", () => {
    expect(readFileSync(resolve(root, "src/scenario/scenario.v1.json"), "utf8")).toBe(scenarioJsonSchemaText());
  });

  it("it knows every action, and refuses unknown keys", () => {
    type Node = {
      $ref?: string;
      allOf?: Node[];
      properties?: Record<string, Node>;
      items?: Node;
      additionalProperties?: unknown;
    };
    const schema = scenarioJsonSchema() as Node & { definitions: Record<string, Node> };
    const follow = (node: Node): Node => {
      const inner =
        node.$ref === undefined ? node.allOf?.[0] : schema.definitions[node.$ref.replace("#/definitions/", "")];
      return inner === undefined ? node : follow(inner);
    };
    expect(schema.additionalProperties).toBe(false);
    const fault = follow(follow(schema.properties!.faults!).items!);
    expect(Object.keys(fault.properties!)).toEqual(expect.arrayContaining([...ACTION_KEYS]));
    expect(fault.additionalProperties).toBe(false);
  });
});

describe("the examples of the contract", () => {
  const shared = process.env.LOCKSTEP_SHARED ?? resolve(root, "../shared");
  const page = resolve(shared, "SCENARIOS.md");
  const present = existsSync(page);
  if (!present) console.log("the examples of SCENARIOS.md were not tried: there is no shared folder");
  it.runIf(present)("both parse, and come back from being written", () => {
    const examples = [...readFileSync(page, "utf8").matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
    expect(examples).toHaveLength(2);
    for (const example of examples) {
      const scenario = read(example, "SCENARIOS.md");
      expect(read(formatScenario(scenario), "written")).toEqual(scenario);
    }
  });
});

describe("docs/SCENARIOS.md", () => {
  const text = readFileSync(resolve(root, "docs/SCENARIOS.md"), "utf8");
  const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);

  it.each(examples.map((example, at) => [at + 1, example] as const))(
    "example %i is right, and is run",
    (_at, example) => {
      // Examples are parts, unless they have a name; those that expect something need not come true.
      const named = /^name:/m.test(example) ? example : `name: example\n${example}`;
      const scenario = read(named, "docs/SCENARIOS.md");
      expect(expandVariants(scenario).flatMap((variant) => unsupported(variant))).toEqual([]);
      expect(read(formatScenario(scenario), "written")).toEqual(scenario);
    },
  );

  it("names every measure, statistic and selector word", () => {
    expect(examples.length).toBeGreaterThan(15);
    const words = [...MEASURES.map(({ id }) => id), ...STATISTICS, ...SELECTOR_WORDS];
    expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(text))).toEqual([]);
  });
});

describe("variants and studies", () => {
  const source = `name: sizes
cluster: { members: 3 }
faults:
  - { at: 2s, crash: leader }
over: { seeds: 1..100 }
expect:
  - always: no-split-brain
  - median: { of: failover, is: "< 2s" }
  - p99: { of: commit-latency, variant: five, is: ">= 1.5x three" }
variants:
  three: { title: Three }
  five: { cluster: { members: 5 }, faults: [{ at: 2s, crash: leader, for: 1s }] }
`;

  it("each variant is the file with its override, and the seeds are the same", () => {
    const scenario = read(source, "sizes");
    const [three, five] = expandVariants(scenario);
    expect([three!.variant, three!.cluster.members.length]).toEqual(["three", 3]);
    expect([five!.variant, five!.cluster.members.length, five!.faults[0]!.forMicros]).toEqual(["five", 5, 1_000_000]);
    expect(three!.seed).toBe(five!.seed);
    expect(scenario.study).toMatchObject({ firstSeed: "1", lastSeed: "100" });
    expect(scenario.study!.expectations).toHaveLength(2);
    expect(scenario.study!.expectations[1]!.operand).toEqual({
      kind: "variant",
      variant: "three",
      factorPpm: 1_500_000,
    });
  });

  it("a file without variants is its own only one", () => {
    const scenario = read("name: x\n", "x");
    expect(expandVariants(scenario)).toEqual([scenario]);
  });

  it("they come back from being written", () => {
    const scenario = read(source, "sizes");
    expect(read(formatScenario(scenario), "written")).toEqual(scenario);
  });

  it("null takes something away", () => {
    const scenario = read(
      "name: x\nworkload: { clients: 1 }\nvariants:\n  idle: { workload: null }\n  busy: { workload: { clients: 9 } }\n",
      "x",
    );
    expect(scenario.variants.map((variant) => variant.workload.length)).toEqual([0, 1]);
  });
});
