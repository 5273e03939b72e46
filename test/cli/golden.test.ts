import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { doctorScenario } from "../../src/cli/doctor-command.ts";
import { GOLDEN_DIGESTS } from "../../src/cli/golden.ts";
import { executeScenario } from "../../src/run/execute.ts";
import { parseScenario } from "../../src/scenario/parse.ts";
import { expandVariants } from "../../src/scenario/scenario.ts";
import { ROOT } from "./lockstep-process.ts";

// LOCKSTEP_UPDATE=1 writes the file anew. A change that needs it alters runs: it raises the engine version (kernel/engine.ts).

function digestsOf(name: string, text: string): [string, string][] {
  const { scenario } = parseScenario(text);
  if (scenario === null) throw new Error(`${name} is no scenario`);
  if (scenario.study !== null) return [];
  return expandVariants(scenario).map((variant) => [
    variant.variant === null ? name : `${name}#${variant.variant}`,
    executeScenario(variant, variant.seed ?? "1").digest,
  ]);
}

function allDigests(): [string, string][] {
  const files = (readdirSync(join(ROOT, "scenarios"), { recursive: true }) as string[])
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".yaml"))
    .sort();
  return [
    ...digestsOf("doctor", doctorScenario()),
    ...files.flatMap((path) => digestsOf(path, readFileSync(join(ROOT, "scenarios", path), "utf8"))),
  ];
}

it("every scenario with its own seed gives the digest that this engine version is known for", () => {
  const digests = allDigests();
  if (process.env.LOCKSTEP_UPDATE === "1") {
    const lines = digests.map(
      ([name, digest]) => `  ${/^[a-z]+$/.test(name) ? name : JSON.stringify(name)}: "${digest}",\n`,
    );
    const path = join(ROOT, "src/cli/golden.ts");
    const head = readFileSync(path, "utf8").split("Record<string, string>> = {")[0];
    writeFileSync(path, `${head}Record<string, string>> = {\n${lines.join("")}};\n`);
    return;
  }
  expect(Object.fromEntries(digests)).toEqual(GOLDEN_DIGESTS);
});
