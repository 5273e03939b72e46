/** The name that was probably meant. */

import { distance } from "fastest-levenshtein";

/** The known name nearest to `given`, where it is near enough to be a slip of the fingers; else null. Ties: the first. */
export function nearest(given: string, known: readonly string[]): string | null {
  const low = given.toLowerCase();
  const plain = (text: string): string => text.toLowerCase().replace(/[-_ ]/g, "");
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    if (plain(name) === plain(given)) return name;
    const away = distance(low, name.toLowerCase());
    if (away < bestDistance && away < Math.max(name.length, given.length)) {
      best = name;
      bestDistance = away;
    }
  }
  if (best === null && low.length >= 4) best = known.find((name) => name.toLowerCase().startsWith(low)) ?? null;
  return best;
}

/** What can be said of a word that is none of a few: which there are, after the one that was meant where it begins alike. */
export function oneOf(given: string, known: readonly string[]): string {
  const near = nearest(given, known);
  const meant = near !== null && near.charAt(0) === given.charAt(0).toLowerCase() ? `did you mean ${near}? ` : "";
  return `${meant}there are ${known.join(", ")}`;
}
