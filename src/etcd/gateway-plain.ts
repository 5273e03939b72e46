/**
 * Answers as people write them: the gateway's JSON form with byte strings as plain texts, and the question whether an answer
 * has what somebody expects of it.
 */

import { decodeBase64 } from "./base64.ts";
import type { Json } from "./gateway-encode.ts";

/** Fields that hold byte strings in every message that has them. */
const BYTES: readonly string[] = ["key", "value", "range_end", "keys"];

/** The same answer with byte strings as they are. The name of an election is one too, that of a member is not. */
export function plainAnswer(json: Json, within: string = ""): Json {
  if (Array.isArray(json)) return (json as readonly Json[]).map((item) => plainAnswer(item, within));
  if (typeof json === "string") return BYTES.includes(within) ? (decodeBase64(json) ?? json) : json;
  if (typeof json !== "object" || json === null) return json;
  const plain: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(json)) {
    plain[name] = plainAnswer(value, within === "leader" && name === "name" ? "key" : name);
  }
  return plain;
}

/**
 * Whether `answer` has all that `expected` names: maps field by field, lists item by item, numbers and texts by their
 * writing. What is left out of an answer is its default: 0, false, the empty text, an empty list.
 */
export function answersWith(answer: Json | undefined, expected: Json): boolean {
  if (Array.isArray(expected)) {
    const items = expected as readonly Json[];
    const list = (answer ?? []) as readonly Json[];
    return (
      Array.isArray(list) && list.length === items.length && items.every((item, at) => answersWith(list[at], item))
    );
  }
  if (typeof expected === "object" && expected !== null) {
    const map = answer ?? {};
    if (typeof map !== "object" || Array.isArray(map)) return false;
    return Object.entries(expected).every(([name, value]) =>
      answersWith((map as Readonly<Record<string, Json>>)[name], value),
    );
  }
  if (answer === undefined)
    return expected === null || expected === false || expected === "" || String(expected) === "0";
  return typeof answer !== "object" && String(answer) === String(expected);
}
