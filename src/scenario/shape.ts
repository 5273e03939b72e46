/**
 * What zod has to say about a file, in our words: each issue as a problem with code, sentence and hint, and for unions
 * only what the branch that was meant complains about.
 */

import type { z } from "zod";
import type { ScenarioFile } from "./document.ts";
import { nearest } from "./nearest.ts";
import type { Path } from "./problem.ts";
import { printPath } from "./problem.ts";
import { belongsUnder, keysAt, scenarioSchema } from "./schema.ts";

/** A problem that does not know its line yet. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly path: Path;
  /** Whether the key is wrong rather than its value. */
  readonly onKey: boolean;
  readonly hint: string | null;
}

/** The file where its shape is right, else null; and everything that is wrong with the shape. */
export function checkShape(value: unknown): {
  readonly file: ScenarioFile | null;
  readonly findings: readonly Finding[];
} {
  const result = scenarioSchema.safeParse(value);
  if (result.success) return { file: result.data, findings: [] };
  const findings: Finding[] = [];
  for (const issue of result.error.issues) for (const finding of readIssue(issue, [], value)) findings.push(finding);
  // A key that is misspelt is also one that is missing: once is enough.
  const misspelt = findings
    .filter((finding) => finding.code === "LS2004")
    .map((finding) => printPath(finding.path.slice(0, -1)));
  return {
    file: null,
    findings: findings.filter((finding) => finding.code !== "LS2014" || !misspelt.includes(printPath(finding.path))),
  };
}

function at(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "number":
    case "bigint":
      return "a number";
    case "boolean":
      return "true or false";
    default:
      return "a map";
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
  tuple: "a list",
};

/** A key that stands at the top of a file and belongs under another one. */
function placeOf(key: string): string | null {
  const parent = belongsUnder(key);
  return parent === null ? null : `${parent}: { ${key}: … }`;
}

function readIssue(issue: z.core.$ZodIssue, above: Path, root: unknown): Finding[] {
  const path: Path = [...above, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  const value = at(root, path);
  const finding = (code: string, message: string, hint: string | null, onKey: boolean = false): Finding[] => [
    { code, message, path, hint, onKey },
  ];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        code: "LS2004",
        message: `unknown key "${key}" in ${printPath(path)}`,
        path: [...path, key],
        hint: (path.length === 0 ? placeOf(key) : null) ?? nearest(key, keysAt(path) ?? []),
        onKey: true,
      }));
    case "custom": {
      const params = (issue as { params?: { code?: string; hint?: string | null; onKey?: boolean } }).params;
      return finding(params?.code ?? "LS2005", issue.message, params?.hint ?? null, params?.onKey ?? false);
    }
    case "invalid_type": {
      if (value === undefined && path.length > 0) {
        const key = path[path.length - 1]!;
        return [
          {
            code: "LS2005",
            message: `"${key}" is missing in ${printPath(path.slice(0, -1))}`,
            path: path.slice(0, -1),
            hint: null,
            onKey: false,
          },
        ];
      }
      const wanted = EXPECTED[issue.expected] ?? issue.expected;
      const hint = wanted === "a list" && typeof value === "string" ? `[${value}]` : null;
      return finding("LS2005", `${printPath(path)} is ${kindOf(value)}, and ${wanted} is needed`, hint);
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      const hint = typeof value === "string" ? nearest(value, values) : null;
      const one = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(", ")}`;
      return finding(
        "LS2006",
        `${printPath(path)} is ${show(value)}, and must be ${one}`,
        hint ?? (values.length === 1 ? values[0]! : null),
      );
    }
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
      if (typeof value === "number")
        return finding("LS2010", `${printPath(path)} is ${value}, and must be ${bound}`, `${limit}`);
      return finding("LS2005", `${printPath(path)} has the wrong length: ${bound}`, null);
    }
    case "invalid_union":
      return readUnion(issue, path, root, value);
    default:
      return finding("LS2005", `${printPath(path)} does not fit: ${show(value)}`, null);
  }
}

/** Of the branches of a union the one that was meant: of the same kind as the value, with the least to complain about. */
function readUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, root: unknown, value: unknown): Finding[] {
  let best: Finding[] | null = null;
  const wanted: string[] = [];
  for (const branch of issue.errors) {
    const first = branch[0];
    const mismatch =
      first !== undefined &&
      first.path.length === 0 &&
      (first.code === "invalid_type" || first.code === "invalid_value");
    if (mismatch) {
      const name =
        first.code === "invalid_type"
          ? (EXPECTED[first.expected] ?? first.expected)
          : first.values.map(String).join(" or ");
      if (!wanted.includes(name)) wanted.push(name);
      continue;
    }
    const findings = branch.flatMap((inner) => readIssue(inner, path, root));
    if (best === null || findings.length < best.length) best = findings;
  }
  if (best !== null) return best;
  const choices =
    wanted.length < 2 ? wanted.join("") : `${wanted.slice(0, -1).join(", ")} or ${wanted[wanted.length - 1]}`;
  if (value === undefined)
    return [
      {
        code: "LS2005",
        message: `"${path[path.length - 1] ?? ""}" is missing in ${printPath(path.slice(0, -1))}`,
        path: path.slice(0, -1),
        hint: null,
        onKey: false,
      },
    ];
  return [
    {
      code: "LS2005",
      message: `${printPath(path)} is ${typeof value === "object" ? kindOf(value) : show(value)}, and ${choices} is needed`,
      path,
      hint: null,
      onKey: false,
    },
  ];
}

function show(value: unknown): string {
  if (typeof value === "string") return value.length > 60 ? `"${value.slice(0, 57)}..."` : `"${value}"`;
  if (typeof value === "object") return kindOf(value);
  return String(value);
}
