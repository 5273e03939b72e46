/**
 * From a selector to member ids, at the moment the fault fires.
 *
 * The world shows itself through `SelectorView`; nothing else of it is known here. Draws go through `choose`, so
 * that a run is replayed, enumerated or steered like any other decision.
 */

import type { MemberRole, Selector } from "./selector.ts";

/** Raft's role of a member that is up; `down` for one that is not. */
export type RunningRole = "leader" | "follower" | "candidate" | "pre-candidate" | "down";

/** What a selector may ask about one member. */
export interface SelectableMember {
  /** The number in its name: 1 for `n1`. */
  readonly id: number;
  readonly up: boolean;
  /** Raft's role as the member itself sees it; `down` while it is not up. */
  readonly role: RunningRole;
  /** What the configuration makes of it. */
  readonly configured: MemberRole;
  readonly term: number;
  /** Labels; null where the scenario gives none. */
  readonly zone: string | null;
  readonly host: string | null;
}

/** The groups of a named partition, as they were resolved when it fired. */
export interface ResolvedCut {
  readonly id: string;
  /** Member ids, ascending, one list a group. */
  readonly groups: readonly (readonly number[])[];
}

/** The world as selectors see it. */
export interface SelectorView {
  /** Every member of the cluster, up or down, in ascending order of id. */
  readonly members: readonly SelectableMember[];
  /** Partitions that have fired so far and have an id, healed ones included. */
  readonly cuts: readonly ResolvedCut[];
}

/** A draw of 0..n-1 for the purpose at hand; asked only where n > 1. */
export type Choose = (n: number) => number;

/**
 * The ids that the selector means now: existing members, ascending, without repeats. Empty where nobody fits, which
 * makes the fault ineffective. `rest` and `clients` are empty here: `resolveGroups` and `resolveClients` know them.
 * What is drawn is drawn from `free` where that is given; what is not drawn is not narrowed by it.
 */
export function resolveSelector(
  selector: Selector,
  view: SelectorView,
  choose: Choose,
  free: readonly number[] | null = null,
): number[] {
  const draw = (ids: readonly number[], count: number): number[] =>
    drawOf(free === null ? ids : ids.filter((id) => free.includes(id)), count, choose);
  switch (selector.kind) {
    case "members":
      return view.members.filter((member) => selector.ids.includes(member.id)).map((member) => member.id);
    case "leader": {
      const leader = leaderOf(view);
      return leader === null ? [] : [leader];
    }
    case "leader-plus": {
      const leader = leaderOf(view);
      if (leader === null) return [];
      const others = view.members.filter((member) => member.id !== leader).map((member) => member.id);
      return ascending([leader, ...draw(others, selector.others)]);
    }
    case "followers": {
      const leader = leaderOf(view);
      return view.members.filter((member) => member.up && member.id !== leader).map((member) => member.id);
    }
    case "any":
      return draw(idsOf(view), selector.count);
    case "majority": {
      const voters = votersOf(view);
      return draw(voters, voters.length === 0 ? 0 : Math.floor(voters.length / 2) + 1);
    }
    case "minority": {
      const voters = votersOf(view);
      return draw(voters, Math.floor((voters.length - 1) / 2));
    }
    case "minority-third": {
      const voters = votersOf(view);
      const third = Math.floor(voters.length / 3);
      return draw(voters, third === 0 && voters.length > 1 ? 1 : third);
    }
    case "all":
      return idsOf(view);
    case "zone":
      return view.members.filter((member) => member.zone === selector.name).map((member) => member.id);
    case "host":
      return view.members.filter((member) => member.host === selector.name).map((member) => member.id);
    case "role":
      return view.members
        .filter((member) => member.configured === selector.role || (member.up && member.role === selector.role))
        .map((member) => member.id);
    case "group": {
      const cut = lastCut(view, selector.cut);
      const group = cut?.groups[selector.group === "rest" ? cut.groups.length - 1 : selector.group] ?? [];
      return idsOf(view).filter((id) => group.includes(id));
    }
    case "union": {
      const ids: number[] = [];
      for (const part of selector.of) ids.push(...resolveSelector(part, view, choose, free));
      return ascending(ids);
    }
    case "rest":
    case "clients":
      return [];
  }
}

/**
 * The groups of a partition: one list a selector, disjoint, and together every member. A member that two groups
 * would select stays in the first; drawn groups draw from those that are still free; `rest` takes whoever is left,
 * and where no group says `rest` the members that nobody named are a last group of their own.
 */
export function resolveGroups(groups: readonly Selector[], view: SelectorView, choose: Choose): number[][] {
  let free = idsOf(view);
  const resolved: number[][] = [];
  let restAt = -1;
  for (const selector of groups) {
    if (selector.kind === "rest") {
      restAt = resolved.length;
      resolved.push([]);
      continue;
    }
    const left = free;
    const chosen = resolveSelector(selector, view, choose, left).filter((id) => left.includes(id));
    free = free.filter((id) => !chosen.includes(id));
    resolved.push(chosen);
  }
  if (restAt >= 0) resolved[restAt] = free;
  else if (free.length > 0) resolved.push(free);
  return resolved;
}

/** The client numbers that the selector means, out of 1..count, ascending; empty for selectors of members. */
export function resolveClients(selector: Selector, count: number): number[] {
  if (selector.kind === "union") return ascending(selector.of.flatMap((part) => resolveClients(part, count)));
  if (selector.kind !== "clients") return [];
  const all = Array.from({ length: count }, (_, offset) => offset + 1);
  return selector.ids.length === 0 ? all : all.filter((id) => selector.ids.includes(id));
}

/** The leader of the highest term among those that are up; null where there is none. */
export function leaderOf(view: SelectorView): number | null {
  let leader: SelectableMember | null = null;
  for (const member of view.members) {
    if (!member.up || member.role !== "leader") continue;
    if (leader === null || member.term > leader.term) leader = member;
  }
  return leader === null ? null : leader.id;
}

function lastCut(view: SelectorView, id: string): ResolvedCut | null {
  for (let at = view.cuts.length - 1; at >= 0; at -= 1) if (view.cuts[at]!.id === id) return view.cuts[at]!;
  return null;
}

function idsOf(view: SelectorView): number[] {
  return view.members.map((member) => member.id);
}

function votersOf(view: SelectorView): number[] {
  return view.members.filter((member) => member.configured === "voter").map((member) => member.id);
}

function ascending(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** `count` of the ids, ascending; each subset is as likely as any other. All of them, undrawn, where there are no more. */
function drawOf(ids: readonly number[], count: number, choose: Choose): number[] {
  if (count >= ids.length) return [...ids];
  const left = [...ids];
  const drawn: number[] = [];
  for (let taken = 0; taken < count; taken += 1) {
    const at = left.length > 1 ? choose(left.length) : 0;
    drawn.push(left[at]!);
    left.splice(at, 1);
  }
  return drawn.sort((a, b) => a - b);
}
