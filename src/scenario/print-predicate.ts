/** A predicate as the compact text that `parsePredicate` reads back. */

import type { Selector } from "../fault/selector.ts";
import { printSelector } from "../fault/selector.ts";
import { formatMicros } from "../kernel/time.ts";
import type { Predicate } from "./predicate.ts";

function inBrackets(on: Selector): string {
  return on.kind === "all" ? "" : `(${printSelector(on).replace(/^\[|\]$/g, "")})`;
}

/** The predicate as text: `leader(n3) and term > 5`. */
export function printPredicate(predicate: Predicate): string {
  switch (predicate.kind) {
    case "all":
    case "any": {
      const word = predicate.kind === "all" ? " and " : " or ";
      return predicate.of
        .map((part) =>
          part.kind === "all" || part.kind === "any" ? `(${printPredicate(part)})` : printPredicate(part),
        )
        .join(word);
    }
    case "not": {
      const inner = printPredicate(predicate.of);
      return predicate.of.kind === "all" || predicate.of.kind === "any" ? `not (${inner})` : `not ${inner}`;
    }
    case "leaders": {
      const terms = predicate.sameTerm === null ? "" : predicate.sameTerm ? "(same-term)" : "(different-terms)";
      return `leaders${terms} ${predicate.compare} ${predicate.count}`;
    }
    case "role":
      return predicate.role === "down"
        ? `down${inBrackets(predicate.on)}`
        : `role${inBrackets(predicate.on)} = ${predicate.role}`;
    case "leader":
    case "up":
    case "commits":
    case "converged":
      return `${predicate.kind}${inBrackets(predicate.on)}`;
    case "term":
    case "commit":
    case "applied":
    case "last-index":
      return `${predicate.kind}${inBrackets(predicate.on)} ${predicate.compare} ${predicate.value}`;
    case "counter":
      if (predicate.compare === ">=" && predicate.value === 1) return predicate.counter;
      return `${predicate.counter} ${predicate.compare} ${predicate.value}`;
    case "time":
      return `time ${predicate.compare} ${formatMicros(predicate.micros)}`;
    case "event":
      return `event ${predicate.compare} ${predicate.value}`;
    case "violated":
      return `violated(${predicate.property})`;
  }
}
