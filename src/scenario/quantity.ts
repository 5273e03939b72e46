/**
 * Quantities as people write them: `6.5s`, `30%`, `500ppm`, `64KiB`, `100 entries`, `50/s`, `>= 80%`.
 *
 * All arithmetic is on digits and integers, so `6.5s` is exactly 6,500,000 µs and a fraction finer than the unit
 * allows is an error rather than a rounding. Each reader gives the integer or a `QuantityProblem`, a sentence and a hint.
 */

import { MICROS_MAX } from "../kernel/limits.ts";
import type { Compare } from "./predicate.ts";

export interface QuantityProblem {
  readonly message: string;
  /** What was probably meant, as it could be typed; null where there is no telling. */
  readonly hint: string | null;
}

export type Quantity = number | QuantityProblem;

/** Units of time in microseconds. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

/** What people write for a unit, and the unit. */
const TIME_WORDS: Readonly<Record<string, string>> = {
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  S: "s",
  msec: "ms",
  millis: "ms",
  milliseconds: "ms",
  MS: "ms",
  micros: "us",
  usec: "us",
  microseconds: "us",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  hr: "h",
  hour: "h",
  hours: "h",
};

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

const NUMBER = /^([+-]?)([0-9]{1,15})(?:\.([0-9]{1,9}))?\s*([A-Za-zµ%/]*)$/;

/** Whether a reader gave a problem. */
export function isQuantityProblem(quantity: Quantity): quantity is QuantityProblem {
  return typeof quantity !== "number";
}

/** `digits.fraction` times `factor`, as an exact integer; null where the fraction is finer than one, or beyond 2^53. */
function scale(digits: string, fraction: string, factor: number): number | null {
  const scaled = BigInt(digits + fraction) * BigInt(factor);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return null;
  const value = Number(scaled / divisor);
  return Number.isSafeInteger(value) ? value : null;
}

function readDuration(text: string, signed: boolean): Quantity {
  const trimmed = text.trim();
  const match = NUMBER.exec(trimmed);
  if (match === null) return { message: `"${text}" is no duration`, hint: "a number with a unit, such as 250ms or 3s" };
  const [, sign = "", digits = "", fraction = "", unit = ""] = match;
  if (sign !== "" && !signed)
    return sign === "-"
      ? { message: `"${text}" is negative`, hint: null }
      : { message: `"${text}" has a sign`, hint: trimmed.slice(1) };
  if (unit === "") {
    if (Number(digits) === 0 && Number(fraction || "0") === 0) return 0;
    return { message: `"${text}" has no unit`, hint: Number(digits) >= 50 ? `${trimmed}ms` : `${trimmed}s` };
  }
  const factor = TIME_UNITS[unit];
  if (factor === undefined) {
    const meant = TIME_WORDS[unit];
    return {
      message: `"${text}" has an unknown unit of time "${unit}"`,
      hint:
        meant === undefined ? "us, ms, s, m, h" : `${sign}${digits}${fraction === "" ? "" : `.${fraction}`}${meant}`,
    };
  }
  const micros = scale(digits, fraction, factor);
  if (micros === null || micros > MICROS_MAX) {
    if (Number(digits) * factor > MICROS_MAX)
      return { message: `"${text}" is more than the longest run of 10000h`, hint: null };
    return { message: `"${text}" is finer than a microsecond`, hint: null };
  }
  return sign === "-" ? -micros : micros;
}

/** Microseconds of a duration that is 0 or more. */
export function parseDuration(text: string): Quantity {
  return readDuration(text, false);
}

/** Microseconds of a duration with an optional sign: `+200ms`, `-3s`. */
export function parseSignedDuration(text: string): Quantity {
  return readDuration(text, true);
}

/** Parts per million of `30%`, `0.5%`, `500ppm`; signed for rates of clocks, else 0 to 1,000,000. */
export function parsePpm(text: string, signed: boolean = false): Quantity {
  const trimmed = text.trim();
  const match = /^([+-]?)([0-9]{1,9})(?:\.([0-9]{1,6}))?\s*(%|ppm|ppb)?$/.exec(trimmed);
  if (match === null) return { message: `"${text}" is no share`, hint: "a number with % or ppm, such as 30%" };
  const [, sign = "", digits = "", fraction = "", unit = ""] = match;
  if (sign !== "" && !signed) return { message: `"${text}" has a sign`, hint: trimmed.slice(1) };
  if (unit === "") {
    const meant = scale(digits, fraction, 1_000_000);
    if (digits === "0" && meant !== null && meant > 0)
      return { message: `"${text}" has no unit`, hint: printPpm(meant) };
    return { message: `"${text}" has no unit`, hint: `${trimmed}%` };
  }
  if (unit === "ppb") return { message: `"${text}" is finer than a millionth`, hint: null };
  const ppm = scale(digits, fraction, unit === "%" ? 10_000 : 1);
  if (ppm === null) return { message: `"${text}" is finer than a millionth`, hint: null };
  if (ppm > 1_000_000) return { message: `"${text}" is more than the whole`, hint: "100%" };
  return sign === "-" ? -ppm : ppm;
}

/** Bytes of `64KiB`, `2GB`, `512 B`. */
export function parseSize(text: string): Quantity {
  const match = NUMBER.exec(text.trim());
  if (match === null || match[1] !== "") return { message: `"${text}" is no size`, hint: "such as 64KiB or 2GiB" };
  const [, , digits = "", fraction = "", unit = ""] = match;
  if (unit === "") return digits === "0" ? 0 : { message: `"${text}" has no unit`, hint: `${digits}B` };
  const factor = SIZE_UNITS[unit];
  if (factor === undefined)
    return { message: `"${text}" has an unknown unit of size "${unit}"`, hint: "B, KiB, MiB, GiB, kB, MB, GB" };
  const bytes = scale(digits, fraction, factor);
  return bytes ?? { message: `"${text}" is no whole number of bytes`, hint: null };
}

/** The number in `100 entries` or `5 revisions`. */
export function parseCount(text: string, unit: "entries" | "revisions"): Quantity {
  const match = /^([0-9]{1,12})\s*([a-z]*)$/.exec(text.trim());
  if (match === null) return { message: `"${text}" is no number of ${unit}`, hint: `100 ${unit}` };
  const [, digits = "", given = ""] = match;
  const one = unit === "entries" ? "entry" : "revision";
  if (given !== unit && given !== one)
    return {
      message: given === "" ? `"${text}" has no unit` : `"${text}" counts "${given}", not ${unit}`,
      hint: `${digits} ${unit}`,
    };
  return Number(digits);
}

/** Requests in a time, in lowest terms of whole seconds, minutes or milliseconds: `50/s` is 50 in 1,000,000 µs. */
export function parseRate(text: string): { readonly operations: number; readonly perMicros: number } | QuantityProblem {
  const match = /^([0-9]{1,7})\s*\/\s*([A-Za-z]+)$/.exec(text.trim());
  if (match === null)
    return {
      message: `"${text}" is no rate`,
      hint: /^[0-9]+$/.test(text.trim()) ? `${text.trim()}/s` : "such as 50/s",
    };
  const [, digits = "", unit = ""] = match;
  const perMicros = TIME_UNITS[unit];
  if (perMicros === undefined)
    return { message: `"${text}" has an unknown unit of time "${unit}"`, hint: `${digits}/${TIME_WORDS[unit] ?? "s"}` };
  if (Number(digits) === 0) return { message: `"${text}" makes no requests`, hint: null };
  return { operations: Number(digits), perMicros };
}

/** Bytes a second of `1MiB/s`. */
export function parseBandwidth(text: string): Quantity {
  const match = /^(.*)\/\s*s$/.exec(text.trim());
  if (match === null) return { message: `"${text}" is no bandwidth`, hint: "such as 1MiB/s" };
  const bytes = parseSize(match[1]!);
  if (typeof bytes === "number" && bytes === 0) return { message: `"${text}" lets nothing through`, hint: "drop" };
  return bytes;
}

/** A comparison in front of what is compared: `>= 80%` gives `>=` and `80%`; without a sign it is `=`. */
export function splitCompare(text: string): { readonly compare: Compare; readonly rest: string } {
  const match = /^\s*(<=|>=|!=|==|=|<|>|≤|≥|≠)?\s*(.*?)\s*$/s.exec(text);
  const sign = match?.[1] ?? "=";
  const rest = match?.[2] ?? "";
  switch (sign) {
    case "≤":
      return { compare: "<=", rest };
    case "≥":
      return { compare: ">=", rest };
    case "≠":
      return { compare: "!=", rest };
    case "==":
      return { compare: "=", rest };
    default:
      return { compare: sign as Compare, rest };
  }
}

/** Whether `value` stands so to `bound`. */
export function holds(value: number, compare: Compare, bound: number): boolean {
  switch (compare) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case "=":
      return value === bound;
    case "!=":
      return value !== bound;
    case ">=":
      return value >= bound;
    case ">":
      return value > bound;
  }
}

/** The share with the fewest signs that reads back as it: `30%`, `0.5%`, `500ppm`. */
export function printPpm(ppm: number): string {
  if (ppm !== 0 && Math.abs(ppm) < 10_000 && ppm % 1_000 !== 0) return `${ppm}ppm`;
  const sign = ppm < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(ppm) / 10_000);
  const rest = Math.abs(ppm) % 10_000;
  return rest === 0 ? `${sign}${whole}%` : `${sign}${whole}.${String(rest).padStart(4, "0").replace(/0+$/, "")}%`;
}

/** The size with the largest binary unit that divides it. */
export function printSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const factor = SIZE_UNITS[unit]!;
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

/** Requests in a time, as `parseRate` reads them: `50/s`. */
export function printRate(operations: number, perMicros: number): string {
  const unit = Object.keys(TIME_UNITS).find((name) => TIME_UNITS[name] === perMicros) ?? "s";
  return `${operations}/${unit}`;
}
