/** Small views of runs, for tests of what looks at them. */

import type { RunningRole } from "../../src/fault/resolve-selector.ts";
import type { Counter, RunView } from "../../src/scenario/predicate.ts";
import { COUNTERS } from "../../src/scenario/predicate.ts";

/** One member in a few letters: `L3 c10` leads term 3 with commit 10; `F3`, `C4`, `P4`, `-` for down. */
export function viewOf(
  nowMicros: number,
  members: readonly string[],
  counters: Partial<Record<Counter, number>> = {},
  cuts: RunView["cuts"] = [],
): RunView {
  const roles: Readonly<Record<string, RunningRole>> = {
    L: "leader",
    F: "follower",
    C: "candidate",
    P: "pre-candidate",
  };
  return {
    nowMicros,
    event: nowMicros,
    cuts,
    violated: [],
    counters: COUNTERS.map((counter) => counters[counter] ?? 0),
    members: members.map((text, offset) => {
      const [state = "-", ...rest] = text.split(" ");
      const number = (letter: string): number => Number(rest.find((part) => part.startsWith(letter))?.slice(1) ?? 0);
      return {
        id: offset + 1,
        up: state !== "-",
        role: roles[state[0]!] ?? "down",
        configured: "voter",
        term: Number(state.slice(1) || 0),
        zone: null,
        host: null,
        commit: number("c"),
        applied: number("a"),
        lastIndex: number("i"),
      };
    }),
  };
}
