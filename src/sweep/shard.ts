// Sharing a sweep out among machines that know nothing of each other: each takes the runs whose hash falls to it, so that more
// seeds move no run from one shard to another.

import { hashString } from "../kernel/hash.ts";

/** Shard `index` of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The whole. */
export const WHOLE: Shard = Object.freeze({ index: 1, count: 1 });

/** More shards than this are a mistake. */
const SHARDS_MAX = 10_000;

/** The shard that a text such as `2/8` names, or why it names none. */
export function parseShard(text: string): Shard | { readonly problem: string; readonly hint: string | null } {
  const match = /^\s*(\d{1,9})\s*\/\s*(\d{1,9})\s*$/.exec(text);
  if (match === null) return { problem: `"${text}" is no shard`, hint: "2/8 is the second of eight" };
  const index = Number(match[1]);
  const count = Number(match[2]);
  if (count < 1 || count > SHARDS_MAX)
    return { problem: `there are 1 to ${SHARDS_MAX} shards, not ${count}`, hint: null };
  if (index < 1)
    return { problem: `shards are counted from 1: there is no shard ${index}/${count}`, hint: `1/${count}` };
  if (index > count) {
    return {
      problem: `there is no shard ${index} of ${count}`,
      hint: count > 1 ? `did you mean ${count}/${index}?` : null,
    };
  }
  return { index, count };
}

/** Whether the run of a scenario (with its variant, if any) and a seed falls to the shard. */
export function isInShard(shard: Shard, scenario: string, seed: string): boolean {
  return shard.count === 1 || (hashString(`${scenario}/${seed}`, 3) >>> 0) % shard.count === shard.index - 1;
}
