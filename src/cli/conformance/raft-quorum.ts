/**
 * The commands of `quorum/` scripts: commit index and vote counting alone.
 */

import { describeId } from "../../raft/describe.ts";
import {
  INFINITE_INDEX,
  jointVote,
  majority,
  majorityIndex,
  majorityVote,
  type VoteResult,
  voteResultName,
} from "../../raft/quorum.ts";
import { type Directive, parseInteger, ScriptError } from "./datadriven.ts";

/** What is known of each voter: an index, or 2 for yes and 1 for no. An unknown voter is not in the map. */
type Known = ReadonlyMap<number, number>;

/** Returns what a command of a `quorum/` script prints. */
export function runQuorumCommand(directive: Directive): string {
  const incoming: number[] = [];
  const outgoing: number[] = [];
  const values: number[] = [];
  let joint = false;
  for (const { key, values: texts } of directive.args) {
    for (const text of texts) {
      if (key === "cfg") incoming.push(parseInteger(text));
      else if (key === "cfgj") {
        joint = true;
        if (text !== "zero") outgoing.push(parseInteger(text));
      } else if (key === "idx") values.push(text === "_" ? 0 : requirePositive(text));
      else if (key === "votes") values.push(parseVote(text));
      else throw new ScriptError(`unknown arg ${key}`);
    }
  }
  const order = [...new Set([...incoming, ...outgoing])];
  const ids = order.slice().sort((a, b) => a - b);
  if (values.length !== order.length) {
    const voters = ids.map((id) => `${id}:{}`).join(" ");
    return `error: mismatched input (explicit or _) for voters map[${voters}]: [${values.join(" ")}]`;
  }
  const known = new Map<number, number>();
  order.forEach((id, k) => {
    if (values[k] !== 0) known.set(id, values[k]!);
  });
  const halves = [[...new Set(incoming)], [...new Set(outgoing)]];
  if (directive.command === "committed") return committed(halves[0]!, halves[1]!, joint, ids, known);
  if (directive.command === "vote") return vote(halves[0]!, halves[1]!, joint, known);
  throw new ScriptError(`unknown command: ${directive.command}`);
}

function requirePositive(text: string): number {
  const value = parseInteger(text);
  if (value <= 0) throw new ScriptError("cannot use 0 as idx");
  return value;
}

function parseVote(text: string): number {
  if (text === "_") return 0;
  if (text === "y") return 2;
  if (text === "n") return 1;
  throw new ScriptError(`unknown vote: ${text}`);
}

function indexOf(ids: readonly number[], known: Known): number {
  return majorityIndex(
    ids.map((id) => known.get(id) ?? 0),
    ids.length,
  );
}

function indexText(index: number): string {
  return index === INFINITE_INDEX ? "∞" : `${index}`;
}

function committed(
  incoming: readonly number[],
  outgoing: readonly number[],
  joint: boolean,
  ids: readonly number[],
  known: Known,
): string {
  const index = Math.min(indexOf(incoming, known), joint ? indexOf(outgoing, known) : INFINITE_INDEX);
  let text = picture(ids, known);
  if (joint) {
    const exchanged = Math.min(indexOf(outgoing, known), indexOf(incoming, known));
    if (exchanged !== index) text += `${indexText(exchanged)} <-- via symmetry\n`;
  } else text += crossCheck(incoming, known, index);
  return `${text}${indexText(index)}\n`;
}

/** Says where another way to the committed index gives another result, which is nowhere in a correct implementation. */
function crossCheck(ids: readonly number[], known: Known, index: number): string {
  let text = "";
  const counted = indexByCounting(ids, known);
  if (counted !== index) text += `${indexText(counted)} <-- via alternative computation\n`;
  const withEmpty = Math.min(indexOf(ids, known), indexOf([], known));
  if (withEmpty !== index) text += `${indexText(withEmpty)} <-- via zero-joint quorum\n`;
  const withItself = Math.min(indexOf(ids, known), indexOf(ids, known));
  if (withItself !== index) text += `${indexText(withItself)} <-- via self-joint quorum\n`;
  for (const id of ids) {
    const own = known.get(id) ?? 0;
    if (own === 0 || index <= own) continue;
    for (const lower of [own - 1, 0]) {
      const lowered = indexOf(ids, new Map(known).set(id, lower));
      if (lowered !== index) text += `${indexText(lowered)} <-- overlaying ${id}->${lower === 0 ? 0 : own}`;
    }
  }
  return text;
}

function indexByCounting(ids: readonly number[], known: Known): number {
  if (ids.length === 0) return INFINITE_INDEX;
  let best = 0;
  for (const candidate of known.values()) {
    const supporters = ids.filter((id) => (known.get(id) ?? 0) >= candidate).length;
    if (supporters >= majority(ids.length)) best = Math.max(best, candidate);
  }
  return best;
}

function picture(ids: readonly number[], known: Known): string {
  if (ids.length === 0) return "<empty majority quorum>";
  const n = ids.length;
  const indexed = ids.map((id) => ({ id, index: known.get(id) ?? 0, bar: 0 }));
  const ranked = indexed.slice().sort((a, b) => a.index - b.index || a.id - b.id);
  for (let k = 1; k < ranked.length; k++) {
    ranked[k]!.bar = ranked[k]!.index > ranked[k - 1]!.index ? k : ranked[k - 1]!.bar;
  }
  let text = `${" ".repeat(n)}    idx\n`;
  for (const { id, index, bar } of indexed) {
    const drawn = known.has(id) ? `${"x".repeat(bar)}>${" ".repeat(n - bar)}` : `?${" ".repeat(n)}`;
    text += `${drawn} ${`${index}`.padStart(5)}    (id=${describeId(id)})\n`;
  }
  return text;
}

function halfVote(ids: readonly number[], known: Known): VoteResult {
  const granted = ids.filter((id) => known.get(id) === 2).length;
  const rejected = ids.filter((id) => known.get(id) === 1).length;
  return majorityVote(ids.length, granted, rejected);
}

function vote(incoming: readonly number[], outgoing: readonly number[], joint: boolean, known: Known): string {
  const first = halfVote(incoming, known);
  if (!joint) return `${voteResultName(first)}\n`;
  const second = halfVote(outgoing, known);
  const result = jointVote(first, second);
  const exchanged = jointVote(second, first);
  const check = exchanged === result ? "" : `${voteResultName(exchanged)} <-- via symmetry\n`;
  return `${check}${voteResultName(result)}\n`;
}
