// Whom an action is aimed at: selectors are resolved at the moment it fires, and those on whom it had an effect are kept.

import { resolveClients, resolveSelector, type SelectorView } from "../fault/resolve-selector.ts";
import type { Selector } from "../fault/selector.ts";
import type { Distribution } from "../kernel/distribution.ts";
import type { RunContext } from "./context.ts";
import { roleOf, termOf } from "./life.ts";
import { type Process, processOf, type TimetableState, type Undo, type World } from "./world.ts";

const ROLES = ["follower", "candidate", "leader", "pre-candidate"] as const;

/** The world as selectors see it. */
export function selectorView(world: World): SelectorView {
  const members = [];
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.removed) continue;
    const up = process.status === "up";
    members.push({
      id,
      up,
      role: up ? (ROLES[roleOf(process)] ?? "follower") : ("down" as const),
      configured: process.role,
      term: termOf(process),
      zone: process.zone,
      host: process.host,
    });
  }
  return { members, cuts: world.cuts };
}

/** The leader of the highest term, 0 if none. */
export function leaderOf(world: World): number {
  let leader = 0;
  let term = -1;
  for (const id of world.ids) {
    const process = processOf(world, id);
    if (process.status === "up" && roleOf(process) === 2 && termOf(process) > term) {
      leader = id;
      term = termOf(process);
    }
  }
  return leader;
}

export interface Aim {
  world: World;
  context: RunContext;
  position: number;
  state: TimetableState;
}

export function resolve(aim: Aim, selector: Selector): number[] {
  const stream = aim.context.choices.open("selector", aim.position);
  return resolveSelector(selector, selectorView(aim.world), (n) => stream.below(n));
}

/** Like `resolve`, but what is drawn is drawn from the members that are up, if any is: a client goes where it finds somebody. */
export function resolveReachable(aim: Aim, selector: Selector): number[] {
  const stream = aim.context.choices.open("selector", aim.position);
  const view = selectorView(aim.world);
  const up = view.members.filter((member) => member.up).map((member) => member.id);
  return resolveSelector(selector, view, (n) => stream.below(n), up.length === 0 ? null : up);
}

/** Acts on each member that the selector means. Those on whom it had an effect are its targets: only they are undone. */
export function each(aim: Aim, selector: Selector, act: (process: Process) => boolean): boolean {
  const ids = resolve(aim, selector);
  const hit = ids.filter((id) => act(processOf(aim.world, id)));
  aim.state.targets = hit.length > 0 ? hit : ids;
  return hit.length > 0;
}

export function clients(aim: Aim, selector: Selector, act: (client: number) => boolean): boolean {
  const ids = resolveClients(selector, aim.world.clients.length - 1);
  aim.state.targets = ids;
  let effective = false;
  for (const id of ids) if (act(id)) effective = true;
  return effective;
}

export function undo(
  member: number,
  what: Undo["what"],
  value: number,
  distribution: Distribution | null = null,
): Undo {
  return { member, what, value, distribution };
}
