/**
 * The leaves of the schema: durations, shares, selectors, names. Each is a text to the editor (with a pattern, for
 * completion) and carries the check that gives a person the sentence and the hint.
 */

import { z } from "zod";
import type { Selector } from "../fault/selector.ts";
import { isSelectorProblem, needsDraw, parseSelector, SELECTOR_WORDS } from "../fault/selector.ts";
import type { DistributionFile, DurationText, PredicateFile, SelectorText } from "./document.ts";
import { nearest } from "./nearest.ts";
import { parsePredicate } from "./parse-predicate.ts";
import type { QuantityProblem } from "./quantity.ts";
import {
  isQuantityProblem,
  parseBandwidth,
  parseCount,
  parseDuration,
  parsePpm,
  parseRate,
  parseSignedDuration,
  parseSize,
} from "./quantity.ts";
import { parseSeed, parseSeedRange } from "./seed.ts";

/** A context to which a check adds what is wrong. */
export interface Refine {
  addIssue(issue: {
    code: "custom";
    message: string;
    path?: PropertyKey[];
    params?: { code: string; hint: string | null; onKey: boolean };
  }): void;
}

/** Adds a problem with its code and hint. */
export function complain(
  ctx: Refine,
  code: string,
  problem: QuantityProblem,
  path: PropertyKey[] = [],
  onKey: boolean = false,
): void {
  const params = { code, hint: problem.hint, onKey: onKey || code === "LS2004" };
  ctx.addIssue({ code: "custom", message: problem.message, path, params });
}

type Reader = (text: string) => unknown;

function isProblem(value: unknown): value is QuantityProblem {
  return typeof value === "object" && value !== null && "message" in value && "hint" in value;
}

/** A text that a reader must understand; a number without a unit is told so by the same reader. */
function measured(
  code: string,
  read: Reader,
  pattern: string,
  description: string,
  example: string,
): z.ZodType<string | 0> {
  return (
    z
      .union([z.string(), z.number()])
      .superRefine((value, ctx) => {
        const understood = read(String(value));
        if (isProblem(understood)) complain(ctx, code, understood);
      })
      // To an editor a number is wrong unless it is 0, where 0 makes sense at all; here it is told what unit is missing.
      .meta({
        anyOf: [{ type: "string", pattern }, ...(isProblem(read("0")) ? [] : [{ const: 0 }])],
        description,
        examples: [example],
      }) as unknown as z.ZodType<string | 0>
  );
}

const DURATION_PATTERN = "^\\s*(0|[0-9]+(\\.[0-9]+)?\\s*(us|µs|ms|s|m|h))\\s*$";

export const duration: z.ZodType<DurationText> = measured(
  "LS2007",
  parseDuration,
  DURATION_PATTERN,
  "A duration or a moment: a number with us, ms, s, m or h.",
  "250ms",
);

/** A duration of more than nothing. */
export const positiveDuration: z.ZodType<DurationText> = measured(
  "LS2007",
  (text) => {
    const micros = parseDuration(text);
    return micros === 0 ? { message: `"${text}" is no time at all`, hint: null } : micros;
  },
  DURATION_PATTERN,
  "A duration of more than nothing.",
  "3s",
);

export const signedDuration: z.ZodType<DurationText> = measured(
  "LS2007",
  parseSignedDuration,
  "^\\s*[+-]?(0|[0-9]+(\\.[0-9]+)?\\s*(us|µs|ms|s|m|h))\\s*$",
  "A duration with an optional sign.",
  "+200ms",
);

export const share: z.ZodType<string | 0> = measured(
  "LS2007",
  (text) => (text === "0" ? 0 : parsePpm(text)),
  "^\\s*(0|[0-9]+(\\.[0-9]+)?\\s*(%|ppm))\\s*$",
  "A share: a number with % or ppm.",
  "30%",
);

/** A probability of more than nothing. */
export const chance: z.ZodType<string | 0> = measured(
  "LS2007",
  (text) => {
    const ppm = parsePpm(text);
    return ppm === 0 ? { message: `"${text}" never happens`, hint: null } : ppm;
  },
  "^\\s*[0-9]+(\\.[0-9]+)?\\s*(%|ppm)\\s*$",
  "How often: a number with % or ppm, more than nothing.",
  "30%",
);

export const signedShare: z.ZodType<string | 0> = measured(
  "LS2007",
  (text) => (text === "0" ? 0 : parsePpm(text, true)),
  "^\\s*[+-]?(0|[0-9]+(\\.[0-9]+)?\\s*(%|ppm))\\s*$",
  "A rate: a number with ppm or %.",
  "500ppm",
);

export const size: z.ZodType<string | 0> = measured(
  "LS2007",
  parseSize,
  "^\\s*(0|[0-9]+(\\.[0-9]+)?\\s*(B|kB|KB|MB|GB|KiB|MiB|GiB))\\s*$",
  "A size: a number with B, KiB, MiB or GiB.",
  "64KiB",
);

/** A longer value is none that a cluster could take: etcd refuses requests of a few MiB. */
const VALUE_BYTES_MAX = 64 * 1024 * 1024;

export const valueSize: z.ZodType<string | 0> = measured(
  "LS2007",
  (text) => {
    const bytes = parseSize(text);
    return isProblem(bytes) || bytes <= VALUE_BYTES_MAX
      ? bytes
      : { message: `"${text}" is too long for a value`, hint: "64MiB" };
  },
  "^\\s*(0|[0-9]+(\\.[0-9]+)?\\s*(B|kB|KB|MB|GB|KiB|MiB|GiB))\\s*$",
  "A size: a number with B, KiB, MiB or GiB.",
  "64KiB",
);

export const entries: z.ZodType<string | 0> = measured(
  "LS2007",
  (text) => (text === "0" ? 0 : parseCount(text, "entries")),
  "^\\s*(0|[0-9]+\\s*(entries|entry))\\s*$",
  "A number of log entries.",
  "100 entries",
);

export const rate: z.ZodType<string> = measured(
  "LS2007",
  parseRate,
  "^[0-9]+\\s*/\\s*(us|ms|s|m|h)$",
  "Requests in a time.",
  "50/s",
) as z.ZodType<string>;

export const bandwidth: z.ZodType<string> = measured(
  "LS2007",
  parseBandwidth,
  "^[0-9].*/\\s*s$",
  "Bytes a second.",
  "1MiB/s",
) as z.ZodType<string>;

export const seed: z.ZodType<string | number> = z
  .union([z.string(), z.number(), z.bigint()])
  .superRefine((value, ctx) => {
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      complain(ctx, "LS2016", { message: `${value} is no seed: it is no whole number`, hint: null });
      return;
    }
    const read = parseSeed(String(value));
    if (typeof read !== "string") complain(ctx, "LS2016", read);
  })
  .meta({
    type: ["string", "integer"],
    anyOf: undefined,
    description: "A number below 2^64, decimal or 0x, or a word of a-z, 0-9 and -.",
  }) as unknown as z.ZodType<string | number>;

export const seedRange: z.ZodType<string | number> = z
  .union([z.string(), z.number()])
  .superRefine((value, ctx) => {
    const read = parseSeedRange(String(value));
    if ("message" in read) complain(ctx, "LS2016", read);
  })
  .meta({
    type: ["string", "integer"],
    anyOf: undefined,
    description: "First and last seed, as 1..1000.",
  }) as unknown as z.ZodType<string | number>;

/** A word out of a list, with the nearest one as hint; `code` says what kind of name it is. */
export function oneOf<const T extends readonly string[]>(known: T, what: string, code: string): z.ZodType<T[number]> {
  return z
    .string()
    .superRefine((value, ctx) => {
      if (known.includes(value)) return;
      complain(ctx, code, {
        message: `there is no ${what} "${value}"`,
        hint: nearest(value, known) ?? (known.length <= 8 ? known.join(", ") : null),
      });
    })
    .meta({ enum: [...known] }) as unknown as z.ZodType<T[number]>;
}

/** A whole number of at least `min` and at most `max`. */
export function whole(min: number, max: number = 1_000_000_000): z.ZodType<number> {
  return z.int().min(min).max(max);
}

/** The name of a scenario, fault, backup, variant or workload. */
export function label(what: string): z.ZodType<string> {
  return z
    .string()
    .superRefine((value, ctx) => {
      if (/^[A-Za-z][A-Za-z0-9_-]{0,79}$/.test(value)) return;
      const meant = value
        .trim()
        .replace(/[^A-Za-z0-9_-]+/g, "-")
        .replace(/^[^A-Za-z]+|-+$/g, "");
      complain(ctx, "LS2005", {
        message: `"${value}" is no name of a ${what}: a letter, then letters, digits, - and _`,
        hint: meant === "" ? null : meant,
      });
    })
    .meta({ pattern: "^[A-Za-z][A-Za-z0-9_-]{0,79}$" });
}

function checkSelector(text: string, ctx: Refine, path: PropertyKey[], undrawn: boolean): Selector | null {
  const read = parseSelector(text);
  if (isSelectorProblem(read)) {
    const head = /^[a-z-]+/i.exec(text.trim())?.[0] ?? "";
    const word = nearest(head, SELECTOR_WORDS);
    const hint = read.hint ?? (word === null ? null : `${word}${word === head ? "" : text.trim().slice(head.length)}`);
    complain(ctx, "LS2008", { message: read.message, hint: hint === text.trim() ? null : hint }, path);
    return null;
  }
  if (undrawn && needsDraw(read))
    complain(ctx, "LS2015", { message: `"${text}" is drawn, so no predicate can ask about it`, hint: null }, path);
  return read;
}

function selectorSchema(undrawn: boolean): z.ZodType<SelectorText> {
  return z.union([z.string(), z.array(z.string()).min(1)]).superRefine((value, ctx) => {
    if (typeof value === "string") checkSelector(value, ctx, [], undrawn);
    else value.forEach((part, at) => void checkSelector(part, ctx, [at], undrawn));
  });
}

export const selector: z.ZodType<SelectorText> = selectorSchema(false).meta({
  description:
    "Members: n1, [n1, n2], leader, leader+1, followers, any(2), majority, minority, minority-third, rest, all, zone:a, host:h1, role:learner, cut.0, cut.rest.",
});

/** A selector that means the same at each look: those of predicates. */
export const fixedSelector: z.ZodType<SelectorText> = selectorSchema(true).meta({
  description: "Members, without a draw: n1, leader, followers, all, zone:a, role:learner, cut.0.",
});

const distributionObject = z.strictObject({
  dist: oneOf(["constant", "uniform", "normal", "exponential", "pareto"], "distribution", "LS2006"),
  min: duration.optional(),
  max: duration.optional(),
  mean: duration.optional(),
  deviation: duration.optional(),
});

function article(name: string): string {
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

const TAKES: Readonly<Record<string, readonly string[]>> = {
  constant: ["mean"],
  uniform: ["min", "max"],
  normal: ["mean", "deviation"],
  exponential: ["min", "mean", "max"],
  pareto: ["min", "mean", "max"],
};

/** A duration, always the same, or a distribution of them. */
export const distribution: z.ZodType<DistributionFile> = z
  .union([z.string(), z.number(), distributionObject])
  .superRefine((value, ctx) => {
    if (typeof value !== "object") {
      const read = parseDuration(String(value));
      if (isQuantityProblem(read)) complain(ctx, "LS2007", read);
      return;
    }
    const needs: Readonly<Record<string, readonly ("min" | "max" | "mean" | "deviation")[]>> = {
      constant: ["mean"],
      uniform: ["min", "max"],
      normal: ["mean", "deviation"],
      exponential: ["mean"],
      pareto: ["mean"],
    };
    for (const key of needs[value.dist] ?? [])
      if (value[key] === undefined)
        complain(ctx, "LS2005", { message: `${article(value.dist)} distribution needs "${key}"`, hint: null });
    const min = value.min === undefined ? 0 : parseDuration(String(value.min));
    const max = value.max === undefined ? null : parseDuration(String(value.max));
    const mean = value.mean === undefined ? null : parseDuration(String(value.mean));
    if (typeof min === "number" && typeof max === "number" && min > max)
      complain(ctx, "LS2020", { message: `min ${value.min} is more than max ${value.max}`, hint: null }, ["min"]);
    if (typeof mean === "number" && typeof max === "number" && mean > max)
      complain(ctx, "LS2020", { message: `mean ${value.mean} is more than max ${value.max}`, hint: null }, ["mean"]);
    if (typeof min === "number" && typeof mean === "number" && min > mean)
      complain(ctx, "LS2020", { message: `min ${value.min} is more than mean ${value.mean}`, hint: null }, ["min"]);
    for (const key of ["min", "max", "mean", "deviation"] as const)
      if (value[key] !== undefined && !(TAKES[value.dist] ?? []).includes(key))
        complain(ctx, "LS2020", { message: `${article(value.dist)} distribution takes no "${key}"`, hint: null }, [
          key,
        ]);
  }) as unknown as z.ZodType<DistributionFile>;

/** A predicate as text or object. Its inside is checked by the one parser of predicates. */
export const predicate: z.ZodType<PredicateFile> = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .superRefine((value, ctx) => {
    const read = parsePredicate(value as PredicateFile);
    if (read.predicate === null)
      for (const problem of read.problems) complain(ctx, problem.code, problem, [...problem.path]);
  })
  .meta({
    description:
      "What is true or false of a run: a text such as `leader(n3) and term > 5`, or an object whose keys must all hold.",
  }) as unknown as z.ZodType<PredicateFile>;
