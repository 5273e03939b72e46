/**
 * Seeds and ranges of seeds as people give them.
 *
 * A seed is a number below 2^64, in decimal or 0x-hexadecimal, or a word of `[a-z0-9-]` that is hashed; it is kept and
 * printed as one canonical decimal string, because a JavaScript number would lose digits.
 */

import { hashString } from "../kernel/hash.ts";

export interface SeedProblem {
  readonly message: string;
  readonly hint: string | null;
}

/** There are no seeds from here on. */
export const SEEDS_END: bigint = 2n ** 64n;

/** Seeds that one range may name; a sweep of more is several. */
export const SEED_RANGE_MAX = 1_000_000_000;

/** First and last seed, both included, canonical, with how many that is. */
export interface SeedRange {
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

/** The canonical decimal form of a seed, or why the text is none. */
export function parseSeed(text: string): string | SeedProblem {
  const trimmed = text.trim();
  if (trimmed === "") return { message: "a seed is empty", hint: "a number such as 42, or a word" };
  if (/^[0-9]+$/.test(trimmed) || /^0x[0-9a-fA-F]+$/.test(trimmed)) {
    if (trimmed.length > 80 || BigInt(trimmed) >= SEEDS_END)
      return { message: `"${shorten(trimmed)}" is no seed: a number must be below 2^64`, hint: "18446744073709551615" };
    return BigInt(trimmed).toString();
  }
  if (/^[a-z0-9-]+$/.test(trimmed) && !trimmed.startsWith("-")) {
    if (trimmed.length > 200) return { message: "a seed of more than 200 letters", hint: null };
    const high = BigInt(hashString(trimmed, 1) >>> 0);
    const low = BigInt(hashString(trimmed, 2) >>> 0);
    return ((high << 32n) | low).toString();
  }
  const fraction = /^([0-9]{1,20})[.,][0-9]+$/.exec(trimmed);
  if (fraction !== null)
    return { message: `"${shorten(trimmed)}" is no seed: a number is a whole one`, hint: fraction[1] as string };
  const meant = trimmed
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return {
    message: `"${shorten(trimmed)}" is no seed: a number below 2^64, or a word of a-z, 0-9 and -`,
    hint: meant === "" ? null : meant,
  };
}

/** The range that `1..20` or a single seed names, or why it names none. */
export function parseSeedRange(text: string): SeedRange | SeedProblem {
  const trimmed = text.trim();
  if (trimmed === "") return { message: "a range of seeds is empty", hint: "1..20" };
  const match = /^(.*?)\.\.+(.*)$/.exec(trimmed);
  if (match === null) {
    const dashed = /^([0-9]+)\s*(?:-|:|,|to)\s*([0-9]+)$/.exec(trimmed);
    if (dashed !== null) return { message: `"${trimmed}" is no range of seeds`, hint: `${dashed[1]}..${dashed[2]}` };
    const seed = parseSeed(trimmed);
    return typeof seed === "string" ? { first: seed, last: seed, count: 1 } : seed;
  }
  const from = match[1]!.trim();
  const to = match[2]!.trim();
  if (from === "" || to === "")
    return { message: `"${trimmed}" has only one end`, hint: from === "" ? `1..${to || "20"}` : `${from}..20` };
  for (const end of [from, to])
    if (!/^([0-9]+|0x[0-9a-fA-F]+)$/.test(end))
      return { message: `"${shorten(end)}" is no number: both ends of a range are numbers`, hint: "1..20" };
  const first = parseSeed(from);
  const last = parseSeed(to);
  if (typeof first !== "string") return first;
  if (typeof last !== "string") return last;
  const span = BigInt(last) - BigInt(first);
  if (span < 0n) return { message: `"${trimmed}" runs backwards`, hint: `${last}..${first}` };
  if (span >= BigInt(SEED_RANGE_MAX))
    return {
      message: `"${shorten(trimmed)}" names ${grouped(span + 1n)} seeds: ${grouped(BigInt(SEED_RANGE_MAX))} are the most`,
      hint: `${first}..${BigInt(first) + BigInt(SEED_RANGE_MAX - 1)}`,
    };
  return { first, last, count: Number(span) + 1 };
}

/** The seeds of the range from `offset` on (counted from 0), at most `count` of them. */
export function seedsOf(range: SeedRange, offset: number = 0, count: number = range.count): string[] {
  const seeds: string[] = [];
  const end = Math.min(range.count, offset + count);
  for (let at = offset; at < end; at += 1) seeds.push((BigInt(range.first) + BigInt(at)).toString());
  return seeds;
}

/** The range as it is printed: `1..20`, or the one seed. */
export function printSeedRange(range: SeedRange): string {
  return range.first === range.last ? range.first : `${range.first}..${range.last}`;
}

function grouped(count: bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}
