// Drawing what a run is made of, before it begins: a few words over one stream of choices.

import type { Stream } from "../kernel/choose.ts";

/** True `weight` times in `of`. */
export function happens(stream: Stream, weight: number, of: number): boolean {
  return stream.below(of) < weight;
}

/** A whole number from `from` to `to`, both included. */
export function between(stream: Stream, from: number, to: number): number {
  return from + stream.below(to - from + 1);
}

/** One of the list, all alike. Precondition: it is not empty. */
export function oneOf<T>(stream: Stream, list: readonly T[]): T {
  return list[stream.below(list.length)] as T;
}

/** One of the list by weights of 0 and more; the last one where all are 0. */
export function weighted<T>(stream: Stream, list: readonly (readonly [number, T])[]): T {
  let sum = 0;
  for (const [weight] of list) sum += weight;
  let drawn = stream.below(sum);
  for (const [weight, value] of list) {
    if (drawn < weight) return value;
    drawn -= weight;
  }
  return (list[list.length - 1] as readonly [number, T])[1];
}

/** `count` of the list in their order; all of them where there are fewer. */
export function someOf<T>(stream: Stream, list: readonly T[], count: number): T[] {
  const left = list.map((_, at) => at);
  while (left.length > Math.max(0, count)) left.splice(stream.below(left.length), 1);
  return left.map((at) => list[at] as T);
}

/** `from` doubled 0 to `times` times: short ones as often as long ones. `times` is at most 20. */
export function doubled(stream: Stream, from: number, times: number): number {
  return from * (1 << stream.below(times + 1));
}

/** All of the list, in a drawn order. */
export function shuffled<T>(stream: Stream, list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(stream.below(left.length), 1)[0] as T);
}
