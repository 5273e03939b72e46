/** The schema of scenario files as JSON Schema, for editors: generated from the one in zod, so that they cannot differ. */

import { z } from "zod";
import { scenarioSchema } from "./schema.ts";

/** The schema, draft 2020-12 or, for the YAML language server, draft 7. Plain JSON. */
export function scenarioJsonSchema(draft: "draft-2020-12" | "draft-7" = "draft-7"): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, {
    target: draft,
    io: "input",
    unrepresentable: "any",
    reused: "ref",
  }) as Record<string, unknown>;
  return {
    $schema: schema.$schema,
    $id: "lockstep/schema/scenario.v1.json",
    title: "Lockstep scenario",
    description: "A cluster, what its clients do, what goes wrong, and what must be so all the same.",
    ...withoutBounds(schema),
  };
}

/** The text of `scenario.v1.json`. */
export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** Without the bounds of safe integers that zod adds to every whole number: they only clutter. */
function withoutBounds(schema: Record<string, unknown>): Record<string, unknown> {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== "object" || value === null) return value;
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key];
      if (inner === undefined || (typeof inner === "number" && Math.abs(inner) === Number.MAX_SAFE_INTEGER)) continue;
      copy[key] = clean(inner);
    }
    return copy;
  };
  return clean(schema) as Record<string, unknown>;
}
