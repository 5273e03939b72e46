// What actions do to links and to the messages on them: partitions, effects on whole links, single messages under way.

import type { Action, MessageMatch, PartitionAction } from "../fault/action.ts";
import { resolveClients, resolveGroups, resolveSelector, type SelectorView } from "../fault/resolve-selector.ts";
import { needsDraw, type Selector } from "../fault/selector.ts";
import { unreachable } from "../kernel/assert.ts";
import type { Distribution } from "../kernel/distribution.ts";
import { linkRank } from "../kernel/rank.ts";
import type { ClientRequest, ClientResponse } from "../kernel/request.ts";
import {
  addEffect,
  clientLink,
  clientLinkKey,
  clientLinkOf,
  cutLinks,
  type LinkEffect,
  type LinkName,
  linkOf,
  linksBetweenGroups,
  linksOfBridge,
  linksOfRing,
} from "../network/network.ts";
import { type Aim, resolve, selectorView } from "./aim.ts";
import { deliverHeldBetween } from "./client-links.ts";
import { LossReason, type RunContext } from "./context.ts";
import { EventKind } from "./event.ts";
import type { PlannedAction, World } from "./world.ts";

export function partition(aim: Aim, planned: PlannedAction, action: PartitionAction): boolean {
  const { world, context, position, state } = aim;
  const view = selectorView(world);
  const stream = context.choices.open("selector", position);
  const choose = (n: number): number => stream.below(n);
  const all = view.members.map((member) => member.id);
  let links: LinkName[] = [];
  let groups: number[][] = [];
  const shape = action.shape;
  switch (shape.kind) {
    case "groups":
      groups = resolveGroups(shape.groups, view, choose);
      state.note = overlapText(shape.groups, view, groups);
      if (groups.filter((group) => group.length > 0).length < 2) {
        state.note = state.note === "" ? "all members were in one group" : state.note;
        return false;
      }
      links = linksBetweenGroups(groups);
      break;
    case "isolate": {
      const alone = resolveSelector(shape.on, view, choose);
      if (alone.length === 0) return false;
      const rest = all.filter((id) => !alone.includes(id));
      groups = [...alone.map((id) => [id]), rest];
      links = linksBetweenGroups(groups);
      break;
    }
    case "bridge": {
      const bridges = resolveSelector(shape.on, view, choose);
      const rest = all.filter((id) => !bridges.includes(id));
      if (bridges.length === 0 || rest.length < 2) return false;
      const half = Math.floor(rest.length / 2);
      const left = rest.slice(0, half);
      const right = rest.slice(half);
      groups = [left, right, bridges];
      links = linksOfBridge(0, left, right);
      break;
    }
    case "ring":
      links = linksOfRing(all);
      groups = [all];
      break;
    case "links":
      for (const { from, to } of shape.links) {
        for (const a of resolveSelector(from, view, choose)) {
          for (const b of resolveSelector(to, view, choose)) {
            if (a === b) continue;
            links.push({ from: a, to: b });
            if (action.oneWay === "no") links.push({ from: b, to: a });
          }
        }
      }
      if (action.oneWay === "in") links = links.map(({ from, to }) => ({ from: to, to: from }));
      break;
    default:
      unreachable(shape);
  }
  if (action.oneWay !== "no" && (shape.kind === "groups" || shape.kind === "isolate")) {
    const first = shape.kind === "isolate" ? groups.slice(0, -1).flat() : (groups[0] as number[]);
    links = links.filter(({ from, to }) => first.includes(action.oneWay === "out" ? from : to));
  }
  if (links.length === 0) return false;
  state.links = links;
  state.targets = groups.length > 0 ? (groups[0] as number[]) : [];
  world.cuts.push({ id: planned.id, groups });
  cutLinks(world.network, links);
  return true;
}

/** Words such as `leader` may mean at run time who stands in an earlier group: there they stay, and it is said. */
function overlapText(
  selectors: readonly Selector[],
  view: SelectorView,
  groups: readonly (readonly number[])[],
): string {
  const said: string[] = [];
  for (const [at, selector] of selectors.entries()) {
    if (selector.kind === "rest" || needsDraw(selector)) continue;
    for (const id of resolveSelector(selector, view, () => 0)) {
      const group = groups.findIndex((members) => members.includes(id));
      if (group >= 0 && group < at) said.push(`n${id} stays in group ${group}, though group ${at} names it too`);
    }
    if ((groups[at] as number[]).length === 0) said.push(`group ${at} found nobody`);
  }
  return said.join("; ");
}

function linksOf(aim: Aim, from: Selector, to: Selector): LinkName[] {
  const links: LinkName[] = [];
  const sources = resolve(aim, from);
  const sinks = resolve(aim, to);
  for (const a of sources) for (const b of sinks) if (a !== b) links.push({ from: a, to: b });
  aim.state.targets = sources;
  return links;
}

export function effect(
  aim: Aim,
  match: Pick<MessageMatch, "from" | "to" | "types" | "pPpm">,
  part: Partial<LinkEffect> & { readonly kind: LinkEffect["kind"] },
): boolean {
  const { network } = aim.world;
  const keys = clientLinksOf(aim, match);
  const links = wantsMembers(match) ? linksOf(aim, match.from, match.to) : [];
  if (links.length === 0 && keys.length === 0) return false;
  const added: LinkEffect = {
    fault: aim.position,
    kind: part.kind,
    ppm: match.pPpm,
    types: match.types,
    addMicros: part.addMicros ?? 0,
    jitter: part.jitter ?? null,
    correlationPpm: part.correlationPpm ?? 0,
    copies: part.copies ?? 0,
    bytesPerSecond: part.bytesPerSecond ?? 0,
    bufferBytes: part.bufferBytes ?? 0,
  };
  addEffect(network, links, added);
  for (const key of keys) clientLink(network, key).effects.push(added);
  aim.state.links = links;
  return true;
}

/** Whether messages between members are meant: any but those that only clients and members exchange. */
function wantsMembers({ from, to, types }: Pick<MessageMatch, "from" | "to" | "types">): boolean {
  if (from.kind === "clients" || to.kind === "clients") return false;
  return types.length === 0 || types.some((type) => type !== "request" && type !== "response");
}

/**
 * The connections between clients and members that are meant: those of the clients that one side names, or, where `request` or
 * `response` is asked for between members, those of all clients with them.
 */
function clientLinksOf(aim: Aim, { from, to, types }: Pick<MessageMatch, "from" | "to" | "types">): number[] {
  const count = aim.world.clients.length - 1;
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  const all = Array.from({ length: count }, (_, at) => at + 1);
  const keys: number[] = [];
  const join = (clients: readonly number[], members: readonly number[], toClient: boolean): void => {
    for (const client of clients) for (const member of members) keys.push(clientLinkKey(client, member, toClient));
  };
  if (from.kind === "clients" && wants("request")) join(resolveClients(from, count), resolve(aim, to), false);
  else if (to.kind === "clients" && wants("response")) join(resolveClients(to, count), resolve(aim, from), true);
  else if (from.kind !== "clients" && to.kind !== "clients") {
    if (types.includes("request")) join(all, resolve(aim, to), false);
    if (types.includes("response")) join(all, resolve(aim, from), true);
  }
  return keys;
}

/** Spread around the added delay: `jitterMicros` to both sides for uniform and normal, above it for the others. */
export function jitterOf(jitterMicros: number, dist: Distribution["kind"]): Distribution | null {
  if (jitterMicros === 0) return null;
  switch (dist) {
    case "constant":
    case "uniform":
      return { kind: "uniform", minMicros: -jitterMicros, maxMicros: jitterMicros };
    case "normal":
      // Drawn around a mean, so that no half of it falls below zero; who draws takes the mean off again.
      return { kind: "normal", meanMicros: 4 * jitterMicros, deviationMicros: jitterMicros };
    case "exponential":
    case "pareto":
      return { kind: dist, minMicros: 0, meanMicros: jitterMicros, maxMicros: jitterMicros * 20 };
  }
}

export function release(aim: Aim, from: Selector, to: Selector, types: readonly string[]): boolean {
  const { world, context } = aim;
  let released = false;
  for (const key of clientLinksOf(aim, { from, to, types })) {
    const link = world.network.clientLinks.get(key);
    if (link === undefined || link.held.length === 0) continue;
    for (const { message } of link.held) deliverHeldToClient(context, key, message);
    link.held = [];
    released = true;
  }
  if (!wantsMembers({ from, to, types })) return released;
  for (const { from: a, to: b } of linksOf(aim, from, to)) {
    const link = world.network.links[a]?.[b];
    if (link === undefined) continue;
    const stay = [];
    for (const held of link.held) {
      if (types.length > 0 && !types.includes(context.protocol.messageType(held.message))) stay.push(held);
      else {
        deliverHeld(world, context, a, b, held.message);
        released = true;
      }
    }
    if (stay.length !== link.held.length) link.held = stay;
  }
  return released;
}

export function deliverHeldToClient(context: RunContext, key: number, message: unknown): void {
  const { client, member, toClient } = clientLinkOf(key);
  deliverHeldBetween(context, client, member, toClient, message as ClientRequest | ClientResponse);
}

/** A message that was held goes on at once, but not ahead of what the link has under way. */
export function deliverHeld(world: World, context: RunContext, from: number, to: number, message: unknown): void {
  const link = linkOf(world.network, from, to);
  const at = context.plan.ordered ? Math.max(world.atMicros, link.lastAtMicros) : world.atMicros;
  link.lastAtMicros = Math.max(link.lastAtMicros, at);
  context.queue.push(at, linkRank(from, to), EventKind.Message, to, from, message);
}

export function inFlight(aim: Aim, action: Extract<Action, { kind: "message" }>): boolean {
  const { world, context } = aim;
  const from = resolve(aim, action.from);
  const to = resolve(aim, action.to);
  const matching = context.queue.slotsOf(EventKind.Message).filter((slot) => {
    const event = context.queue.at(slot);
    return (
      from.includes(event.b) &&
      to.includes(event.a) &&
      (action.types.length === 0 || action.types.includes(context.protocol.messageType(event.payload)))
    );
  });
  matching.sort((x, y) => context.queue.at(x).cause - context.queue.at(y).cause);
  const slot = matching[action.nth - 1];
  if (slot === undefined) return false;
  const event = context.queue.at(slot);
  if (action.does === "duplicate" && !context.protocol.mayDuplicate(event.payload)) return false;
  aim.state.targets = [event.a];
  if (action.does !== "duplicate") context.queue.cancel(slot);
  if (action.does === "drop") context.lost(event.b, event.a, event.payload, LossReason.Drop);
  else {
    const at =
      action.does === "deliver" || action.does === "duplicate" ? world.atMicros : event.atMicros + action.addMicros;
    context.queue.push(at, linkRank(event.b, event.a), EventKind.Message, event.a, event.b, event.payload);
  }
  return true;
}
