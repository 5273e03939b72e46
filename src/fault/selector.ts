/**
 * Selectors: whom a fault is aimed at, as data.
 *
 * A scenario names members by what they are at the moment the fault fires (`leader`, `any(2)`, `zone:a`), and the
 * world resolves the selector then, through `resolve-selector.ts`. What is unknown here: how members, zones and
 * partitions are kept. The vocabulary follows Jepsen's node specs and Chaos Mesh's modes.
 */

import { CLIENTS_MAX, MEMBER_ID_MAX } from "../kernel/limits.ts";

/** What a member is to the configuration. */
export type MemberRole = "voter" | "learner";

/** The names `role:` accepts: the configuration's two, and Raft's. */
export type SelectableRole = MemberRole | "leader" | "follower" | "candidate" | "pre-candidate";

export const SELECTABLE_ROLES: readonly SelectableRole[] = Object.freeze([
  "voter",
  "learner",
  "leader",
  "follower",
  "candidate",
  "pre-candidate",
] as const);

/** A choice of members (or, for `clients`, of clients). */
export type Selector =
  /** Named members, in ascending order, without repeats: `n1`, `[n1, n3]`. May be empty: then it selects nobody. */
  | { readonly kind: "members"; readonly ids: readonly number[] }
  /** The leader of the highest term; nobody where there is none. */
  | { readonly kind: "leader" }
  /** The leader and `others` more, drawn from the rest: `leader+1`. Nobody where there is no leader. */
  | { readonly kind: "leader-plus"; readonly others: number }
  /** Every member that is up and not the leader (learners included). */
  | { readonly kind: "followers" }
  /** `count` members, drawn; all of them where there are fewer. `any` alone is `any(1)`. */
  | { readonly kind: "any"; readonly count: number }
  /** floor(n/2)+1 voters, drawn. */
  | { readonly kind: "majority" }
  /** floor((n-1)/2) voters, drawn. */
  | { readonly kind: "minority" }
  /** floor(n/3) voters, at least one where n > 1, drawn. */
  | { readonly kind: "minority-third" }
  /** Those whom no other group of the same list selects. Only as the last group of a partition. */
  | { readonly kind: "rest" }
  /** Every member of the cluster, up or down. */
  | { readonly kind: "all" }
  /** Members labelled with the zone, the host. */
  | { readonly kind: "zone"; readonly name: string }
  | { readonly kind: "host"; readonly name: string }
  /** Members that have the role now. */
  | { readonly kind: "role"; readonly role: SelectableRole }
  /** A group of the partition with that id, as it was resolved when it fired: `cut.0`; `cut.rest` is its last. */
  | { readonly kind: "group"; readonly cut: string; readonly group: number | "rest" }
  /** All that any of the parts selects: `[leader, n3]`. */
  | { readonly kind: "union"; readonly of: readonly Selector[] }
  /** Clients, in ascending order; an empty list is all of them: `clients`, `c2`. Only where links are named. */
  | { readonly kind: "clients"; readonly ids: readonly number[] };

export const LEADER: Selector = Object.freeze({ kind: "leader" });
export const ALL: Selector = Object.freeze({ kind: "all" });
export const REST: Selector = Object.freeze({ kind: "rest" });

/** The selector of exactly these members. */
export function members(...ids: readonly number[]): Selector {
  return { kind: "members", ids: [...new Set(ids)].sort((a, b) => a - b) };
}

/** Why a text is no selector: a sentence, and what was probably meant. */
export interface SelectorProblem {
  readonly message: string;
  readonly hint: string | null;
}

const WORDS: readonly Selector[] = [
  { kind: "leader" },
  { kind: "followers" },
  { kind: "majority" },
  { kind: "minority" },
  { kind: "minority-third" },
  { kind: "rest" },
  { kind: "all" },
];

/** The selector words without arguments, for completion and suggestions. */
export const SELECTOR_WORDS: readonly string[] = Object.freeze([...WORDS.map((word) => word.kind), "any", "clients"]);

function isProblem(value: Selector | SelectorProblem): value is SelectorProblem {
  return "message" in value;
}

/** The selector that a text such as `leader+1`, `any(2)`, `zone:a` or `cut.rest` stands for, or why it is none. */
export function parseSelector(text: string): Selector | SelectorProblem {
  const trimmed = text.trim();
  for (const word of WORDS) if (word.kind === trimmed) return word;
  const named = /^([nc])([0-9]+)$/.exec(trimmed);
  if (named !== null) {
    const id = Number(named[2]);
    const highest = named[1] === "n" ? MEMBER_ID_MAX : CLIENTS_MAX;
    if (id < 1 || String(id) !== named[2])
      return { message: `"${trimmed}" is no name: they go from ${named[1]}1 on, without leading zeros`, hint: null };
    if (id > highest) return { message: `"${trimmed}" is no name: the highest is ${named[1]}${highest}`, hint: null };
    return named[1] === "n" ? { kind: "members", ids: [id] } : { kind: "clients", ids: [id] };
  }
  if (trimmed === "clients") return { kind: "clients", ids: [] };
  if (trimmed === "any") return { kind: "any", count: 1 };
  const any = /^any\(\s*([0-9]{1,4})\s*\)$/.exec(trimmed);
  if (any !== null) {
    const count = Number(any[1]);
    if (count < 1) return { message: "any(0) selects nobody", hint: "any(1)" };
    return { kind: "any", count };
  }
  const plus = /^leader\s*\+\s*([0-9]{1,4})$/.exec(trimmed);
  if (plus !== null) {
    const others = Number(plus[1]);
    return others === 0 ? { kind: "leader" } : { kind: "leader-plus", others };
  }
  const label = /^(zone|host|role)\s*:\s*(\S+)$/.exec(trimmed);
  if (label !== null) {
    const name = label[2]!;
    if (label[1] === "zone") return { kind: "zone", name };
    if (label[1] === "host") return { kind: "host", name };
    const role = SELECTABLE_ROLES.find((known) => known === name);
    if (role === undefined)
      return {
        message: `there is no role "${name}"`,
        hint: SELECTABLE_ROLES.map((known) => `role:${known}`).join(", "),
      };
    return { kind: "role", role };
  }
  const group = /^([A-Za-z][A-Za-z0-9_-]*)\.(rest|[0-9]{1,2})$/.exec(trimmed);
  if (group !== null) return { kind: "group", cut: group[1]!, group: group[2] === "rest" ? "rest" : Number(group[2]) };
  if (trimmed.includes(",")) {
    const parts = trimmed.replace(/^\[|\]$/g, "").split(",");
    const parsed: Selector[] = [];
    for (const part of parts) {
      const selector = parseSelector(part);
      if (isProblem(selector)) return selector;
      parsed.push(selector);
    }
    return unionOf(parsed);
  }
  return { message: trimmed === "" ? "a selector is empty" : `"${trimmed}" selects nobody`, hint: null };
}

/** Whether `parseSelector` gave a problem rather than a selector. */
export function isSelectorProblem(value: Selector | SelectorProblem): value is SelectorProblem {
  return isProblem(value);
}

/** All that any of the parts selects; named members are folded into one list, one part alone stays itself. */
export function unionOf(parts: readonly Selector[]): Selector {
  const ids: number[] = [];
  const clients: number[] = [];
  const others: Selector[] = [];
  for (const part of parts) {
    if (part.kind === "members") ids.push(...part.ids);
    else if (part.kind === "clients" && part.ids.length > 0) clients.push(...part.ids);
    else if (part.kind === "union") others.push(...part.of);
    else others.push(part);
  }
  const folded: Selector[] = [];
  if (ids.length > 0) folded.push(members(...ids));
  if (clients.length > 0) folded.push({ kind: "clients", ids: [...new Set(clients)].sort((a, b) => a - b) });
  folded.push(...others);
  if (folded.length === 1) return folded[0]!;
  if (folded.length === 0) return { kind: "members", ids: [] };
  return { kind: "union", of: folded };
}

/** The selector in the words of the scenario file: what `parseSelector` reads back. */
export function printSelector(selector: Selector): string {
  switch (selector.kind) {
    case "members":
      return selector.ids.length === 1 ? `n${selector.ids[0]}` : `[${selector.ids.map((id) => `n${id}`).join(", ")}]`;
    case "clients":
      if (selector.ids.length === 0) return "clients";
      return selector.ids.length === 1 ? `c${selector.ids[0]}` : `[${selector.ids.map((id) => `c${id}`).join(", ")}]`;
    case "leader-plus":
      return `leader+${selector.others}`;
    case "any":
      return selector.count === 1 ? "any" : `any(${selector.count})`;
    case "zone":
    case "host":
      return `${selector.kind}:${selector.name}`;
    case "role":
      return `role:${selector.role}`;
    case "group":
      return `${selector.cut}.${selector.group}`;
    case "union":
      return `[${selector.of.map((part) => printSelector(part).replace(/^\[|\]$/g, "")).join(", ")}]`;
    default:
      return selector.kind;
  }
}

/** Whether resolving the selector needs a draw, so that two looks at the same world may differ. */
export function needsDraw(selector: Selector): boolean {
  switch (selector.kind) {
    case "leader-plus":
    case "any":
    case "majority":
    case "minority":
    case "minority-third":
      return true;
    case "union":
      return selector.of.some(needsDraw);
    default:
      return false;
  }
}
